"""What vosk-server speaks: its clients' messages, and answers of the shape they know.

A client sends an optional config, then PCM; each piece of it is answered once, with what is being
said or, at the end of an utterance, with its result.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from copilot.lib.errors import DomainError
from transcription.admission import Busy
from transcription.engines.base import SAMPLE_RATE
from transcription.inputs import PCM, check_format
from transcription.pipeline import SegmentDraft
from transcription.protocol.audio import json_object
from transcription.protocol.limits import CLOSE_CODES, as_domain_error

MAX_TEXT_CHARS = 16 * 1024
MAX_PHRASES = 200
MAX_PHRASE_CHARS = 200
MAX_ALTERNATIVES = 100
UNKNOWN = "[unk]"  # "anything else" in a list of phrases; here they only help, they never limit
WRONG = 4400  # close code: with this protocol there is no second try on the same connection


@dataclass(frozen=True, slots=True)
class Config:
    """What a client wants; the defaults are those of vosk-server."""

    sample_rate: int = 8000  # Hz
    words: bool = True
    alternatives: int = 0
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Eof:
    """No more audio comes; the last result is wanted."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The result so far is wanted; then another utterance begins."""


def parse(text: str, before: Config) -> Config | Eof | Reset:
    """Read one text frame; a config changes what it names. Raises DomainError."""
    message = json_object(text, MAX_TEXT_CHARS)
    if "config" in text:  # as vosk-server tells them apart
        return _config(message.get("config"), before)
    if message.get("eof"):
        return Eof()
    if message.get("reset"):
        return Reset()
    raise DomainError("bad_message", "Send a config, audio, a reset or the end (eof).")


def _config(given: object, before: Config) -> Config:
    if not isinstance(given, dict):
        raise DomainError("bad_message", '"config" is an object.')
    if "model" in given:
        raise DomainError("model_refused", "The interview's language decides about the model.")
    config = before
    if "sample_rate" in given:
        rate = _number(given["sample_rate"])
        with as_domain_error():
            check_format(PCM, rate)
        config = replace(config, sample_rate=int(rate or 0))
    if "words" in given:
        config = replace(config, words=bool(given["words"]))
    if "max_alternatives" in given:
        count = _number(given["max_alternatives"])
        if count is None or not 0 <= count <= MAX_ALTERNATIVES:
            raise DomainError("bad_message", '"max_alternatives" is a number from 0 to 100.')
        config = replace(config, alternatives=count)
    if given.get("phrase_list"):
        config = replace(config, phrases=_phrases(given["phrase_list"]))
    return config


def _number(value: object) -> int | None:
    """Return a whole number, which clients write as 8000, 8000.0 or "8000"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value) if float(value) == int(value) else None
    except (ValueError, OverflowError):
        return None


def _phrases(given: object) -> tuple[str, ...]:
    phrases = given if isinstance(given, list) else [None]
    if len(phrases) > MAX_PHRASES or not all(_is_phrase(phrase) for phrase in phrases):
        raise DomainError("bad_message", '"phrase_list" is a list of at most 200 short texts.')
    return tuple(str(phrase) for phrase in phrases if phrase != UNKNOWN)


def _is_phrase(given: object) -> bool:
    return isinstance(given, str) and len(given) <= MAX_PHRASE_CHARS and given.isprintable()


def partial(text: str) -> str:
    """Return the answer while an utterance lasts."""
    return json.dumps({"partial": text}, ensure_ascii=False)


def result(drafts: Sequence[SegmentDraft], config: Config, *, since: int) -> str:
    """Return the answer at the end of an utterance, whose times count from sample `since`."""
    answer: dict[str, Any] = {"text": " ".join(draft.text for draft in drafts)}
    words = [
        {
            "conf": round(word.confidence, 6),
            "start": round((word.start - since) / SAMPLE_RATE, 3),
            "end": round((word.end - since) / SAMPLE_RATE, 3),
            "word": word.text,
        }
        for draft in drafts
        for word in draft.words
    ]
    if words and config.words:
        answer = {"result": words, **answer}
    if config.alternatives:  # the recognizers here give their best guess only
        confidence = min((draft.confidence for draft in drafts), default=1.0)
        answer = {"alternatives": [{"confidence": round(confidence, 6), **answer}]}
    return json.dumps(answer, ensure_ascii=False)


def error(problem: DomainError) -> str:
    """Return what a client is told before its connection closes."""
    told: dict[str, Any] = {"code": problem.code, "detail": problem.detail}
    if isinstance(problem, Busy):
        told["retry_after"] = problem.retry_after
    return json.dumps({"error": told}, ensure_ascii=False)


def close_code(problem: DomainError) -> int:
    return CLOSE_CODES.get(problem.code, WRONG)
