"""Reads the tone of a person's wording; words only, never sound, pace or pauses."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from insights.analyzers.lexicon import load
from insights.analyzers.text import normalised, sentences

_NEGATION = re.compile(r"\b(?:not|never|no|hardly|without|nothing|nor|neither)(?: \w+){0,2} ?$")
_MEANT_NEGATION = re.compile(r"i (?:can|could|do) not\b")
_REPORTED = re.compile(r"\b(?:said|says|told (?:me|us|her|him|them)|asked (?:me|us)|quote)\b")
_REPORTED_REACH = 40
_CLASSES = ("stress_now", "stress_past", "negative", "positive", "confident", "defensive")


@dataclass(frozen=True, slots=True)
class Tone:
    """Overall is positive, neutral, negative or stressed; start and end span the telling words."""

    overall: str
    confidence: float
    indicators: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


def read(text: str) -> Tone:
    """Return the tone of what one person said; neutral when the words tell nothing."""
    hits: dict[str, list[tuple[int, int]]] = {name: [] for name in (*_CLASSES, "fillers")}
    for start, end in sentences(text):
        for name, span in _in_sentence(text[start:end]):
            hits[name].append((start + span[0], start + span[1]))
    indicators = [_LABELS[name] for name in _LABELS if hits[name]]
    if hits["stress_now"]:
        return _tone("stressed", 0.75, hits["stress_now"], indicators)
    bad = hits["negative"] + hits["stress_past"] + hits["defensive"]
    good = hits["positive"] + hits["confident"]
    if len(bad) > len(good) and bad:
        return _tone("negative", 0.55, sorted(bad), indicators)
    if len(good) > len(bad):
        return _tone("positive", 0.5, sorted(good), indicators)
    return Tone("neutral", 0.6, tuple(indicators))


_LABELS = {
    "stress_now": "stressed",
    "stress_past": "reports stress",
    "negative": "negative",
    "defensive": "defensive",
    "confident": "confident",
    "positive": "enthusiastic",
    "fillers": "fillers",
}


def _tone(overall: str, base: float, spans: list[tuple[int, int]], indicators: list[str]) -> Tone:
    confidence = min(0.95, base + 0.1 * (len(spans) - 1))
    return Tone(overall, round(confidence, 2), tuple(indicators), *spans[0])


def _in_sentence(sentence: str) -> list[tuple[str, tuple[int, int]]]:
    text = normalised(sentence)
    masked = _pattern("masked").sub(lambda match: "_" * len(match.group()), text.norm)
    return [
        (name, text.span(match))
        for name in (*_CLASSES, "fillers")
        for match in _pattern(name).finditer(masked)
        if name in ("fillers", "defensive") or not _discounted(masked, match)
    ]


def _discounted(text: str, match: re.Match[str]) -> bool:
    """Tell whether a hit is negated, or is what somebody else felt or said."""
    before = text[: match.start()]
    words = match.group().split()
    if _NEGATION.search(before) or (
        set(words) & {"not", "never", "hardly"} and not _MEANT_NEGATION.match(match.group())
    ):
        return True
    if _REPORTED.search(before[-_REPORTED_REACH:]):
        return True
    last = before.split()[-1:] or [""]
    return words[0] != "i" and last[0] in _others()


@cache
def _pattern(name: str) -> re.Pattern[str]:
    lexicon: dict[str, Any] = load("tone")
    return re.compile(r"\b(?:" + "|".join(f"(?:{p})" for p in lexicon[name]) + r")\b")


@cache
def _others() -> frozenset[str]:
    text: str = load("tone")["others"]
    return frozenset(text.split())
