"""The control messages of `copilot.audio.v1`."""

import json
from dataclasses import dataclass
from typing import Any

from copilot.lib.errors import DomainError
from transcription.engines.base import SAMPLE_RATE
from transcription.inputs import OPUS_RATE, WEBM, check_format
from transcription.protocol.limits import as_domain_error

SUBPROTOCOL = "copilot.audio.v1"
MAX_TEXT_CHARS = 4096
MAX_OFFSET = SAMPLE_RATE * 3600 * 24  # a day of audio
SPEAKERS = ("interviewer", "candidate")  # who can be said to speak in a room
GAPS = ("connection", "capture")  # why a client cannot send something


@dataclass(frozen=True, slots=True)
class Start:
    """Audio follows; `offset` in samples of the stream, None for a fresh capture."""

    offset: int | None
    encoding: str
    sample_rate: int  # Hz
    origin: int | None  # sample at which the time 0 of a WebM stream lies
    speaker: str | None  # who speaks first in a room
    kept: int = 0  # how many samples ago the first one of a fresh capture was captured
    gap: str = "connection"  # why what lies before `offset` is missing


@dataclass(frozen=True, slots=True)
class Speaker:
    """From sample `at` on this person speaks."""

    role: str
    at: int


@dataclass(frozen=True, slots=True)
class Stop:
    """No more audio comes; the last words are wanted."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


Message = Start | Speaker | Stop | Ping


def parse(text: str) -> Message:
    """Read one text frame; raise DomainError with the code and sentence for the client."""
    message = json_object(text, MAX_TEXT_CHARS)
    match message.get("type"):
        case "start":
            return _start(message)
        case "speaker":
            return Speaker(_speaker(message, "role"), _sample(message, "at"))
        case "stop":
            return Stop()
        case "ping":
            return Ping()
    raise DomainError("bad_message", 'The "type" of a message is start, speaker, stop or ping.')


def json_object(text: str, longest: int) -> dict[str, Any]:
    """Return the JSON object of a text frame; raise DomainError where it is none."""
    if len(text) > longest:
        raise DomainError(
            "frame_too_large", f"A control message is at most {longest} characters long."
        )
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise DomainError("bad_json", "Control messages are JSON; this one is not.") from None
    if not isinstance(message, dict):
        raise DomainError("bad_message", "A control message is a JSON object.")
    return message


def _start(message: dict[str, Any]) -> Start:
    encoding = message.get("encoding")
    sample_rate: Any = message.get("sample_rate", OPUS_RATE if encoding == WEBM else None)
    with as_domain_error():
        check_format(encoding, sample_rate)
    return Start(
        offset=_optional(_sample, message, "offset"),
        encoding=str(encoding),
        sample_rate=sample_rate,
        origin=_optional(_sample, message, "origin"),
        speaker=_optional(_speaker, message, "speaker"),
        kept=_optional(_sample, message, "kept") or 0,
        gap=_optional(_gap, message, "gap") or "connection",
    )


def _optional(read: Any, message: dict[str, Any], name: str) -> Any:
    return None if message.get(name) is None else read(message, name)


def _sample(message: dict[str, Any], name: str) -> int:
    sample = message.get(name)
    if not isinstance(sample, int) or isinstance(sample, bool) or not 0 <= sample <= MAX_OFFSET:
        raise DomainError("bad_message", f'"{name}" is a number of samples, 0 or more.')
    return sample


def _gap(message: dict[str, Any], name: str) -> str:
    reason = message.get(name)
    if reason not in GAPS:
        raise DomainError("bad_message", f'"{name}" is {" or ".join(GAPS)}.')
    return str(reason)


def _speaker(message: dict[str, Any], name: str) -> str:
    role = message.get(name)
    if role not in SPEAKERS:
        raise DomainError("bad_message", f'"{name}" is {" or ".join(SPEAKERS)}.')
    return str(role)
