"""What audio is taken: limits of a chunk on the socket, and any file as 16 kHz mono channels.

Files are streamed: only the blocks under way are in memory, however long the recording is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000  # Hz
SAMPLE_WIDTH = 2  # bytes, s16le
ENCODING = "pcm_s16le"
MAX_FRAME_BYTES = 64 * 1024
BLOCK_SAMPLES = SAMPLE_RATE // 10  # 100 ms: what a decoded file is given out in
MAX_CHANNELS = 2
# A file may say that it is longer than what is in it by this much before it counts as cut off.
SHORTFALL_S = 1.0
SHORTFALL_RATIO = 0.05
ESTIMATED_DURATION = {"mp3", "aac", "adts"}  # formats whose header may only guess the duration


class AudioError(Exception):
    """Say what is wrong with audio: `code` for programs, `sentence` for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def check_format(encoding: object, sample_rate: object) -> None:
    """Refuse a stream that is not what the socket takes.

    Raises AudioError: unsupported_encoding, bad_sample_rate.
    """
    if encoding != ENCODING:
        raise AudioError("unsupported_encoding", f"Audio has to be sent as {ENCODING}.")
    if isinstance(sample_rate, bool) or sample_rate != SAMPLE_RATE:
        raise AudioError("bad_sample_rate", f"Audio has to be sent at {SAMPLE_RATE} Hz.")


def check_chunk(pcm: bytes) -> None:
    """Refuse a chunk that is too large or cuts a sample. Raises AudioError."""
    if len(pcm) > MAX_FRAME_BYTES:
        raise AudioError(
            "frame_too_large", f"A chunk of audio may have {MAX_FRAME_BYTES // 1024} KiB at most."
        )
    if len(pcm) % SAMPLE_WIDTH:
        raise AudioError("odd_frame", "A chunk of audio has to hold whole 16-bit samples.")


@dataclass(frozen=True, slots=True)
class Recording:
    """Give a file's audio as blocks; iterate once.

    A block is a tuple with one chunk of s16le at 16 kHz per channel, 100 ms each, the last one
    shorter. Iterating raises AudioError (damaged_audio) after the blocks that could be decoded.
    """

    channels: int
    duration_s: float | None  # as the file states it; some do not (webm from a browser)
    blocks: Iterator[tuple[bytes, ...]]

    def __iter__(self) -> Iterator[tuple[bytes, ...]]:
        return self.blocks


def decode_file(path: Path | str, *, mono: bool = False) -> Recording:
    """Open a wav, flac, mp3, m4a, ogg, opus, webm or mp4 file (or what else FFmpeg reads).

    One channel stays one; two channels are given apart, one speaker on each, unless `mono` mixes
    them. More are refused: which of them is whose voice would be a guess.
    Raises AudioError: not_found, empty_audio, unsupported_audio, no_audio_track, damaged_audio,
    too_many_channels.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise AudioError("not_found", f"There is no file {path.name}.")
        if path.stat().st_size == 0:
            raise AudioError("empty_audio", f"The file {path.name} is empty.")
        container = av.open(str(path), mode="r", metadata_errors="ignore")
    except av.error.InvalidDataError as error:
        raise AudioError(
            "unsupported_audio",
            f"{path.name} is damaged or no audio file; wav, flac, mp3, m4a, ogg, webm and mp4 are.",
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError("unsupported_audio", f"{path.name} cannot be opened as audio.") from error
    try:
        channels = _channels(container, path)
    except BaseException:
        container.close()
        raise
    given = 1 if mono else channels
    stated = container.duration / av.time_base if container.duration else None
    blocks = _blocks(container, path.name, given, stated)
    return Recording(channels=given, duration_s=stated, blocks=blocks)


def _channels(container: av.container.InputContainer, path: Path) -> int:
    """Return the channel count of the first audio track. Raises AudioError."""
    if not container.streams.audio:
        raise AudioError("no_audio_track", f"{path.name} has no audio track.")
    context = container.streams.audio[0].codec_context
    if context is None:
        raise AudioError("unsupported_audio", f"The audio of {path.name} has an unknown encoding.")
    channels = int(context.layout.nb_channels)
    if channels > MAX_CHANNELS:
        raise AudioError(
            "too_many_channels",
            f"{path.name} has {channels} channels; mix it down to one, or to two with one speaker "
            "on each.",
        )
    if channels < 1 or not context.sample_rate:
        raise AudioError("damaged_audio", f"{path.name} does not say what audio it holds.")
    return channels


def _blocks(
    container: av.container.InputContainer, name: str, channels: int, stated: float | None
) -> Iterator[tuple[bytes, ...]]:
    layout = "mono" if channels == 1 else "stereo"
    resampler = av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
    waiting = np.zeros((channels, 0), dtype=np.int16)
    done = 0  # samples given out or waiting
    with container, _damage(name, lambda: done / SAMPLE_RATE):
        for samples in _resampled(container, resampler):
            done += samples.shape[1]
            waiting = np.concatenate([waiting, samples], axis=1)
            whole = waiting.shape[1] - waiting.shape[1] % BLOCK_SAMPLES
            for first in range(0, whole, BLOCK_SAMPLES):
                yield _chunks(waiting[:, first : first + BLOCK_SAMPLES])
            waiting = waiting[:, whole:]
        if waiting.shape[1]:
            yield _chunks(waiting)
    seconds = done / SAMPLE_RATE
    if done == 0:
        raise AudioError("empty_audio", f"{name} holds no sound.")
    exact = not ESTIMATED_DURATION & set(container.format.name.split(","))
    if stated is not None and exact:
        missing = stated - seconds
        if missing > max(SHORTFALL_S, SHORTFALL_RATIO * stated):
            raise _damaged(name, seconds)


def _resampled(
    container: av.container.InputContainer, resampler: av.AudioResampler
) -> Iterator[npt.NDArray[np.int16]]:
    """Decode and resample the first audio track to arrays of (channels, samples)."""
    for frame in container.decode(container.streams.audio[0]):
        for piece in resampler.resample(frame):
            yield np.asarray(piece.to_ndarray(), dtype=np.int16)
    for piece in resampler.resample(None):
        yield np.asarray(piece.to_ndarray(), dtype=np.int16)


def _chunks(samples: npt.NDArray[np.int16]) -> tuple[bytes, ...]:
    return tuple(channel.astype("<i2").tobytes() for channel in samples)


@contextmanager
def _damage(name: str, position: Callable[[], float]) -> Iterator[None]:
    """Turn decoder errors into an AudioError that says how far the file could be read."""
    try:
        yield
    except (av.error.FFmpegError, ValueError) as error:
        raise _damaged(name, position()) from error


def _damaged(name: str, seconds: float) -> AudioError:
    return AudioError(
        "damaged_audio", f"{name} is damaged or cut off; it could be read for {seconds:.1f} s."
    )
