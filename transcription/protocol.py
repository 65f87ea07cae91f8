"""What a recorder may say on `copilot.audio.v1`, and how a wrong word is answered."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from copilot.lib.errors import DomainError
from transcription.audio import AudioError, check_chunk, check_format
from transcription.engines.base import SAMPLE_RATE

SUBPROTOCOL = "copilot.audio.v1"
MAX_TEXT_CHARS = 4096
MAX_OFFSET = SAMPLE_RATE * 3600 * 24  # a day of audio
MAX_MISTAKES = 20  # answered with an error; then the socket closes
BURST_SECONDS = 330  # a client may send the five minutes it kept, and a little more
SPEED = 2.0  # and after that twice as fast as real time

# Errors that end the stream, and the close code that goes with each; the others leave it open.
CLOSE_CODES = {
    "unsupported_encoding": 4400,
    "bad_sample_rate": 4400,
    "frame_too_large": 4400,
    "odd_frame": 4400,
    "rate_exceeded": 4400,
    "too_many_mistakes": 4400,
    "no_consent": 4403,
    "not_live": 4403,
    "access_ended": 4403,
    "taken_over": 4409,
    "ended": 4410,
    "busy": 1013,
    "engine_unavailable": 1013,
    "internal": 1011,
}


@dataclass(frozen=True, slots=True)
class Start:
    """Audio follows; `offset` in samples, None for a fresh capture."""

    offset: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """No more audio comes; the last words are wanted."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


def parse(text: str) -> Start | Stop | Ping:
    """Read one text frame; raise DomainError with the code and sentence for the client."""
    if len(text) > MAX_TEXT_CHARS:
        raise DomainError("frame_too_large", "A control message is at most 4096 characters long.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise DomainError("bad_json", "Control messages are JSON; this one is not.") from None
    if not isinstance(message, dict):
        raise DomainError("bad_message", 'A control message is an object with a "type".')
    match message.get("type"):
        case "start":
            return _start(message)
        case "stop":
            return Stop()
        case "ping":
            return Ping()
    raise DomainError("bad_message", 'The "type" of a control message is start, stop or ping.')


def _start(message: dict[str, Any]) -> Start:
    with _as_domain_error():
        check_format(message.get("encoding"), message.get("sample_rate"))
    offset = message.get("offset")
    if offset is None:
        return Start(None)
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= MAX_OFFSET:
        raise DomainError("bad_message", '"offset" is a number of samples, 0 or more.')
    return Start(offset)


def check_frame(frame: bytes) -> None:
    """Raise DomainError for a binary frame that cannot be PCM of the agreed format."""
    with _as_domain_error():
        check_chunk(frame)


@contextmanager
def _as_domain_error() -> Iterator[None]:
    try:
        yield
    except AudioError as error:
        raise DomainError(error.code, error.sentence, status=400) from None


class RateLimit:
    """Let a client catch up after a broken connection, not flood the recognizer."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._samples = 0

    def take(self, samples: int) -> None:
        """Count `samples`; raise DomainError when more came than a recorder can have."""
        self._samples += samples
        allowed = BURST_SECONDS + SPEED * (time.monotonic() - self._since)
        if self._samples > allowed * SAMPLE_RATE:
            raise DomainError("rate_exceeded", "Audio arrives faster than anybody can speak.")
