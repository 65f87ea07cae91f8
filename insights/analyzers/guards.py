"""Tells what no card may hold: unlawful questions, hire verdicts, words that address a model."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache

from insights.analyzers.base import Line, Window
from insights.analyzers.lexicon import load
from insights.analyzers.speech import Speech
from insights.analyzers.text import sentences

_PUNCTUATION = re.compile(r"[^\w\s'%/.]|(?<!\d)\.|\.(?!\d)")
_SPACES = re.compile(r"\s+")
_CLAUSES = re.compile(r"[.?!;]+(?:\s|$)")
_PARTS = 3  # lines that an order is split over, at most
_REACH = 160  # characters of each that are looked at
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def unlawful_trait(text: str) -> str:
    """Return the protected trait that a question asks about, empty for a lawful question."""
    for clause in _CLAUSES.split(text):
        plain = comparable(clause)
        for trait, pattern in _traits():
            if pattern.search(plain):
                return trait
    return ""


def unlawful_span(text: str) -> tuple[int, int, str] | None:
    """Return (start, end, trait) of the first clause that asks about a protected trait."""
    start = 0
    for match in [*_CLAUSES.finditer(text), None]:
        end = match.end() if match else len(text)
        trait = unlawful_trait(text[start:end])
        if trait:
            return start, end, trait
        start = end
    return None


def addresses_model(text: str) -> bool:
    """Tell whether a text tries to instruct a language model."""
    return any(mark in _folded(text) for mark in _marks()) or bool(
        _joined("injection").search(comparable(text))
    )


def injected_span(text: str) -> tuple[int, int] | None:
    """Return the first sentence that tries to instruct a model, or the whole text that does."""
    if not addresses_model(text):
        return None
    spans = (span for span in sentences(text) if addresses_model(text[slice(*span)]))
    return next(spans, (0, len(text)))


def without_injection(text: str) -> str:
    """Return a text without the sentences that try to instruct a model."""
    if not addresses_model(text):
        return text
    kept = " ".join(text[a:b] for a, b in sentences(text) if not addresses_model(text[a:b]))
    return "" if addresses_model(kept) else kept


def _without_injected_lines(text: str) -> str:
    """Return a written text without injections, also those that a line break parts."""
    lines = [without_injection(line) for line in text.split("\n")]
    for n in range(1, len(lines)):
        if addresses_model(f"{lines[n - 1]} {lines[n]}"):
            lines[n - 1] = lines[n] = ""
    kept = "\n".join(lines)
    return "" if addresses_model(kept) else kept


def split_orders(lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """Return lines in a row that instruct a model together, where no one of them does alone.

    In a row as they stand, or as one speaker says them while another puts something in.
    """
    told = [line for line in lines if line.text.strip()]
    rows = [told, *([line for line in told if line.role == role] for role in _roles(told))]
    found: list[tuple[Line, ...]] = []
    for row in rows:
        if not addresses_model(" ".join(line.text for line in row)):
            continue  # nearly always, and a fraction of the work
        for n in range(1, len(row)):
            # The nearest first: what two lines say is not the third one's.
            for size in range(2, min(_PARTS, n + 1) + 1):
                parts = tuple(row[n + 1 - size : n + 1])
                known = any(set(others) <= set(parts) for others in found)
                if known or (addresses_model(_seam(parts)) and not any(map(_alone, parts))):
                    if not known:
                        found.append(parts)
                    break
    return found


def _roles(lines: Iterable[Line]) -> list[str]:
    roles = {line.role for line in lines}
    return sorted(roles) if len(roles) > 1 else []


def _seam(parts: Sequence[Line]) -> str:
    """Return what is said around the ends where lines meet."""
    first, *between, last = (part.text for part in parts)
    return " ".join([first[-_REACH:], *(text[:_REACH] for text in between), last[:_REACH]])


def _alone(line: Line) -> bool:
    return addresses_model(line.text)


def clean_window(window: Window) -> tuple[Window, list[str]]:
    """Return a window without sentences that try to instruct a model, and where they stood.

    The places are "line" for each such line, and "profile", "guide", "asked", "digest" once each.
    A line keeps its place, so that turns and times stay as they are. One that instructs a model
    only together with its neighbours has nothing left: which of its words do it, nobody can say.
    """
    places: list[str] = []
    split = {part.id for parts in split_orders(window.transcript) for part in parts}

    def clean(text: str, place: str, without: Callable[[str], str] = without_injection) -> str:
        kept = without(text)
        if kept != text:
            places.append(place)
        return kept

    def spoken(line: Line) -> Line:
        if line.id in split:
            places.append("line")
            return replace(line, text="")
        text = clean(line.text, "line")
        return line if text == line.text else replace(line, text=text)

    def cleaned(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(spoken(line) for line in lines)

    window = replace(
        window,
        lines=cleaned(window.lines),
        context=cleaned(window.context),
        claimed=cleaned(window.claimed),
        profile=Speech(clean(window.profile, "profile", _without_injected_lines)),
        job=clean(window.job, "guide"),
        competencies=tuple(name for name in window.competencies if name == clean(name, "guide")),
        guide_question=clean(window.guide_question, "guide"),
        asked=tuple(filter(None, [clean(text, "asked") for text in window.asked])),
        digest=clean(window.digest, "digest"),
    )
    return window, [p for p in places if p == "line"] + sorted({*places} - {"line"})


def recommends(text: str) -> bool:
    """Tell whether a text holds a hire verdict, a score or a judgement of the person."""
    return bool(_joined("verdicts").search(comparable(text)))


def guesses_mood(text: str) -> bool:
    """Tell whether a text says how somebody seems to feel: a matter of cards on the tone alone."""
    return bool(_joined("moods").search(comparable(text)))


def comparable(text: str) -> str:
    """Return a text the way the patterns of the lexicons are matched."""
    folded = _folded(text).replace("’", "'").replace("é", "e")
    return _SPACES.sub(" ", _PUNCTUATION.sub(" ", folded)).strip()


def _folded(text: str) -> str:
    """Return a text as it looks: in lower case, without characters that nobody sees."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()


@cache
def _traits() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (trait, re.compile("|".join(f"(?:{p})" for p in patterns)))
        for trait, patterns in load("guards")["traits"].items()
    )


@cache
def _joined(name: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in load("guards")[name]))


@cache
def _marks() -> tuple[str, ...]:
    return tuple(mark.casefold() for mark in load("guards")["injection_marks"])
