"""What clients send, as 16 kHz mono s16le: PCM of any rate, or a WebM stream with Opus.

No input knows sockets or sessions, and none holds a thread or a file: what is no longer used is
simply dropped. Each runs on the worker thread of its stream.
"""

from __future__ import annotations

from typing import Protocol

from transcription.audio import AudioError
from transcription.inputs.pcm import ENCODING as PCM
from transcription.inputs.pcm import MAX_RATE, MIN_RATE, PcmInput
from transcription.inputs.webm import ENCODING as WEBM
from transcription.inputs.webm import OPUS_RATE, WebmInput


class Input(Protocol):
    """Turn one client's bytes into the stream's audio; used from one thread."""

    def accept(self, data: bytes) -> bytes:
        """Take the next bytes, cut anywhere; return what is now whole, perhaps nothing.

        Raises AudioError (bad_webm), after which the input is of no more use.
        """

    def flush(self) -> bytes:
        """Return what was held back at the end of the stream."""

    def samples(self, size: int) -> int:
        """Tell about how many samples of the stream so many bytes will make."""


def check_format(encoding: object, sample_rate: object) -> None:
    """Refuse what cannot be read. Raises AudioError: unsupported_encoding, bad_sample_rate."""
    if encoding not in (PCM, WEBM):
        raise AudioError("unsupported_encoding", f"Audio has to be sent as {PCM} or {WEBM}.")
    whole = isinstance(sample_rate, int) and not isinstance(sample_rate, bool)
    if not whole or not MIN_RATE <= sample_rate <= MAX_RATE:  # type: ignore[operator]
        raise AudioError(
            "bad_sample_rate", f"Audio has to have {MIN_RATE} to {MAX_RATE} samples per second."
        )


def open_input(encoding: str, sample_rate: int, *, at: int = 0, origin: int | None = None) -> Input:
    """Return what reads a client's bytes, the first of which belongs at sample `at` of the stream.

    `origin` is the sample at which the time 0 of a WebM stream lies, `at` where it is None.
    """
    if encoding == WEBM:
        return WebmInput(at=at, origin=at if origin is None else origin)
    return PcmInput(sample_rate)


__all__ = [
    "OPUS_RATE",
    "PCM",
    "WEBM",
    "Input",
    "PcmInput",
    "WebmInput",
    "check_format",
    "open_input",
]
