"""Reads the tone of a person's wording; words only, never sound, pace or pauses."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from insights.analyzers import answers
from insights.analyzers.claims import claims
from insights.analyzers.lexicon import load
from insights.analyzers.passages import passages
from insights.analyzers.speech import Speech
from insights.analyzers.text import Normalised

_NEGATION = re.compile(
    r"\b(?:not|never|no|hardly|without|nothing|nobody|nor|neither)(?: \w+){0,2} ?$"
)
_MEANT_NEGATION = re.compile(r"i (?:can|could|do|have|did|would)(?: \w+)? not\b|i not slept")
_REPORTED = re.compile(
    r"\b(?:said|says|thought|thinks|believed?|claimed|complained|wrote|felt that|worried that|"
    r"told (?:me|us|her|him|them)|asked (?:me|us)|called me|quote)\b"
)
_REPORTED_REACH = 40  # characters
_SUBJECT_REACH = 5  # words
_CLASSES = ("stress_now", "stress_past", "negative", "positive", "confident", "defensive")
_OWN = frozenset({"i", "me", "my", "we"})
_FEWEST_HEDGES = 2
_TREND_READINGS = 6
_TREND_STEP = 0.35  # of the scale from stressed (-2) to positive (1)
_SCALE = {"positive": 1.0, "neutral": 0.0, "negative": -1.0, "stressed": -2.0}
_STRESSED_SHARE = 0.2
_TONED_SHARE = 0.15

# The names of the indicators, in the order in which they are listed.
_LABELS = {
    "stress_now": "stressed",
    "stress_past": "reports stress",
    "negative": "negative",
    "defensive": "defensive",
    "confident": "confident",
    "positive": "enthusiastic",
    "fillers": "fillers",
}


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
    text = text if isinstance(text, Speech) else Speech(text)
    hits: dict[str, list[tuple[int, int]]] = {name: [] for name in (*_CLASSES, "fillers")}
    for sentence in passages(text):
        for name, span in _in_sentence(sentence.text):
            hits[name].append(span)
    indicators = [_LABELS[name] for name in _LABELS if hits[name]]
    hedges = len(answers.hedges(text)) + 2 * len(answers.unsure(text))
    if hedges >= _FEWEST_HEDGES:
        indicators.append("hedges")
    elif answers.actions(text) and claims(text):
        indicators.append("clear")
    if hits["stress_now"]:
        return _tone("stressed", 0.75, hits["stress_now"], indicators)
    bad = hits["negative"] + hits["stress_past"] + hits["defensive"]
    good = hits["positive"] + hits["confident"]
    if len(bad) > len(good) and bad:
        return _tone("negative", 0.55, sorted(bad), indicators)
    if len(good) > len(bad):
        return _tone("positive", 0.5, sorted(good), indicators)
    return Tone("neutral", 0.6, tuple(indicators))


def summary(readings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the tone of a whole interview from the readings of its lines, oldest first.

    A reading holds what `Tone` does. The result: overall, confidence (0 to 1), trend (improving,
    steady, worsening; empty for fewer than six readings), indicators (how many lines each).
    """
    counts = Counter(name for reading in readings for name in reading["indicators"])
    tones = Counter(reading["overall"] for reading in readings)
    overall = _overall(tones, len(readings))
    agreeing = [r["confidence"] for r in readings if r["overall"] == overall]
    share = len(agreeing) / len(readings) if readings else 0.0
    mean = sum(agreeing) / len(agreeing) if agreeing else 0.0
    # A tone that few lines carry is told with less confidence, a neutral one needs no majority.
    weight = 1.0 if overall == "neutral" else 0.5 + share / 2
    return {
        "overall": overall,
        "confidence": round(mean * weight, 2),
        "trend": _trend([_SCALE[r["overall"]] for r in readings]),
        "indicators": dict(counts),
    }


def _overall(tones: Counter[str], total: int) -> str:
    if total and tones["stressed"] / total >= _STRESSED_SHARE:
        return "stressed"
    bad, good = tones["negative"] + tones["stressed"], tones["positive"]
    if not total or max(bad, good) / total < _TONED_SHARE or bad == good:
        return "neutral"
    return "negative" if bad > good else "positive"


def _trend(levels: Sequence[float]) -> str:
    """Compare the last half with the first; a few readings show no trend."""
    if len(levels) < _TREND_READINGS:
        return ""
    half = len(levels) // 2
    step = sum(levels[-half:]) / half - sum(levels[:half]) / half
    if abs(step) < _TREND_STEP:
        return "steady"
    return "improving" if step > 0 else "worsening"


def _tone(overall: str, base: float, spans: list[tuple[int, int]], indicators: list[str]) -> Tone:
    confidence = min(0.95, base + 0.1 * (len(spans) - 1))
    return Tone(overall, round(confidence, 2), tuple(indicators), *spans[0])


def _in_sentence(text: Normalised) -> list[tuple[str, tuple[int, int]]]:
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
    return not _OWN & set(words) and _subject(before) == "others"


def _subject(before: str) -> str:
    """Return whose feeling the next words tell: the nearest person named before them."""
    for word in reversed(before.split()[-_SUBJECT_REACH:]):
        if word in _OWN:
            return "own"
        if word in _others():
            return "others"
    return ""


@cache
def _pattern(name: str) -> re.Pattern[str]:
    lexicon: dict[str, Any] = load("tone")
    patterns = [p for p in lexicon[name] if not p.startswith("^")]
    first = [p for p in lexicon[name] if p.startswith("^")]
    joined = r"\b(?:" + "|".join(f"(?:{p})" for p in patterns) + r")\b"
    return re.compile("|".join([*first, joined]))


@cache
def _others() -> frozenset[str]:
    text: str = load("tone")["others"]
    return frozenset(text.split())
