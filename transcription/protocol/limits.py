"""How much may come how fast, and which errors end a connection."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from copilot.lib.errors import DomainError
from transcription.audio import AudioError, check_chunk
from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH
from transcription.inputs import PCM, Input

MAX_MISTAKES = 20  # answered with an error; then the socket closes
MAX_MESSAGES = 50  # control messages in so many seconds: several a second are no person's doing
MESSAGE_SECONDS = 10.0
BURST_SECONDS = 330  # a client may send the five minutes it kept, and a little more
SPEED = 2.0  # and after that twice as fast as real time
LEAST_SECONDS = 0.01  # what a frame counts at least: many tiny ones cost more than they hold
BITRATE = 128_000  # bit/s: what compressed speech takes at most

# Errors that end the stream, and the close code that goes with each; the others leave it open.
CLOSE_CODES = {
    "unsupported_encoding": 4400,
    "bad_sample_rate": 4400,
    "frame_too_large": 4400,
    "odd_frame": 4400,
    "bad_webm": 4400,
    "rate_exceeded": 4400,
    "too_many_mistakes": 4400,
    "no_consent": 4403,
    "not_live": 4403,
    "access_ended": 4403,
    "taken_over": 4409,
    "ended": 4410,
    "too_many_messages": 4429,
    "busy": 1013,
    "engine_unavailable": 1013,
    "internal": 1011,
}


def check_frame(frame: bytes, *, whole_samples: bool = True) -> None:
    """Raise DomainError for a binary frame that cannot be audio of the agreed encoding."""
    with as_domain_error():
        check_chunk(frame, whole_samples=whole_samples)


def seconds_in(frame: bytes, encoding: str, sample_rate: int) -> float:
    """Return how long a frame lasts; for compressed audio, how long at the least."""
    if encoding == PCM:
        return len(frame) / SAMPLE_WIDTH / sample_rate
    return len(frame) * 8 / BITRATE


@contextmanager
def as_domain_error() -> Iterator[None]:
    try:
        yield
    except AudioError as error:
        raise DomainError(error.code, error.sentence, status=400) from None


class RateLimit:
    """Let a client catch up after a broken connection, not flood the recognizer."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._seconds = 0.0

    def take(self, seconds: float) -> None:
        """Count a frame of so many seconds; raise DomainError when more came than can be said."""
        self._seconds += max(seconds, LEAST_SECONDS)
        if self._seconds > BURST_SECONDS + SPEED * (time.monotonic() - self._since):
            raise DomainError("rate_exceeded", "Audio arrives faster than anybody can speak.")


class MessageLimit:
    """Let a client say what it has to say, not keep the server busy with answers."""

    def __init__(self) -> None:
        self._heard_at: deque[float] = deque(maxlen=MAX_MESSAGES)

    def take(self) -> None:
        """Count one control message; raise DomainError above the limit."""
        now = time.monotonic()
        if len(self._heard_at) == MAX_MESSAGES and now - self._heard_at[0] < MESSAGE_SECONDS:
            raise DomainError("too_many_messages", "Too many messages in a few seconds.")
        self._heard_at.append(now)


class CheckedInput:
    """An input whose errors are those of the protocol, and which makes no more than can be said.

    How much sound a few compressed bytes hold is known only once they are decoded.
    """

    def __init__(self, decoder: Input) -> None:
        self._decoder = decoder
        self._limit = RateLimit()

    def accept(self, data: bytes) -> bytes:
        with as_domain_error():
            pcm = self._decoder.accept(data)
        self._limit.take(len(pcm) / SAMPLE_WIDTH / SAMPLE_RATE)
        return pcm

    def flush(self) -> bytes:
        with as_domain_error():
            return self._decoder.flush()

    def samples(self, size: int) -> int:
        return self._decoder.samples(size)
