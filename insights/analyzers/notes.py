"""What a language model notes about a finished interview, part by part, and makes of its notes.

Nothing counts that no line bears out: a note keeps the lines its quotes were found in, a sentence
those of its notes. What judges a person, or holds figures or tools that the lines do not, is
dropped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz

from insights.analyzers.base import CANDIDATE, INTERVIEWER, ROOM, Line, Window
from insights.analyzers.evidence import locate
from insights.analyzers.guards import (
    addresses_model,
    clean_window,
    comparable,
    guesses_mood,
    recommends,
    unlawful_span,
    unlawful_trait,
)
from insights.analyzers.lexicon import load
from insights.analyzers.prompt import repeats
from insights.analyzers.skills import names
from insights.analyzers.text import norms
from insights.analyzers.turns import Turn, turns

OVERVIEW = "overview"
STRENGTHS, CONCERNS, ASKED, NEXT = "strengths", "concerns", "candidate", "next_steps"
PLACES = (STRENGTHS, CONCERNS, ASKED, NEXT)  # beside the codes of competencies
MOST_NOTES = 8  # of a part
MOST_SENTENCES = 30  # of a whole summary
MOST_LINES = 8  # that a sentence rests on
PART_CHARS = 7500  # of transcript in a call
LONGEST_PART = 15_000
MOST_PARTS = 24
_CONTEXT_LINES = 4
_SAME = 92.0


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about what was said: the code of its section, and the lines it rests on."""

    section: str
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)


class Noted(BaseModel):
    """One note as a model writes it."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    section: Annotated[str, Field(max_length=20)]
    text: Annotated[str, Field(min_length=3, max_length=400)]
    quotes: Annotated[list[str], Field(min_length=1, max_length=6)]


class Notes(BaseModel):
    """A whole answer about one part."""

    items: Annotated[list[Noted], Field(max_length=MOST_NOTES)]


class Written(BaseModel):
    """One sentence as a model puts it together."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    section: Annotated[str, Field(max_length=20)]
    text: Annotated[str, Field(min_length=3, max_length=500)]
    notes: Annotated[list[int], Field(min_length=1, max_length=12)]


class Report(BaseModel):
    """A whole answer about notes."""

    items: Annotated[list[Written], Field(max_length=MOST_SENTENCES)]


# --- parts ---------------------------------------------------------------------------------------


def parts(lines: Sequence[Line], *, most: int = MOST_PARTS) -> list[tuple[Line, ...]]:
    """Return the lines in parts that one call each can read, cut before a question where possible.

    Longer interviews have larger parts; what does not fit `most` of the largest is in none.
    """
    blocks = _blocks(lines)
    size = float(PART_CHARS)
    found = _cut(blocks, size)
    while len(found) > most and size < LONGEST_PART:
        size = min(size * 1.2, LONGEST_PART)
        found = _cut(blocks, size)
    return found[:most]


def _cut(blocks: Iterable[Sequence[Line]], size: float) -> list[tuple[Line, ...]]:
    found: list[list[Line]] = [[]]
    filled = 0
    for block in blocks:
        if found[-1] and filled + sum(map(_size, block)) > size:
            found.append([])
            filled = 0
        for line in block:
            if found[-1] and filled + _size(line) > size:
                found.append([])
                filled = 0
            found[-1].append(line)
            filled += _size(line)
    return [tuple(part) for part in found if part]


def _blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines in questions with their answers."""
    firsts = {turn.lines[0].id for turn in turns(lines) if turn.role == INTERVIEWER}
    starts = [n for n, line in enumerate(lines) if n == 0 or line.id in firsts]
    return [list(lines[a:b]) for a, b in pairwise([*starts, len(lines)])]


def _size(line: Line) -> int:
    return len(line.role) + len(line.text) + 3


def context_of(lines: Sequence[Line], part: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines just before a part, by which it is understood."""
    at = lines.index(part[0])
    return tuple(lines[max(0, at - _CONTEXT_LINES) : at])


def part_window(about: Window, before: Sequence[Line], part: Sequence[Line]) -> Window:
    """Return what a model may read for one part: no sentence that instructs it."""
    bare = replace(about, profile="", guide_question="", asked=(), digest="", claimed=())
    clean, _places = clean_window(replace(bare, lines=tuple(part), context=tuple(before)))
    return clean


# --- what may be written -------------------------------------------------------------------------


def may_write(text: str) -> bool:
    """Tell whether a sentence is free of verdicts, scores, guesses at the person, and orders."""
    return not (
        repeats(text)
        or addresses_model(text)
        or recommends(text)
        or guesses_mood(text)
        or unlawful_trait(text)
        or _judging().search(comparable(text))
    )


def announces(text: str) -> bool:
    """Tell whether a line says what comes after the interview."""
    return bool(_next_steps().search(comparable(text)))


def left_out(found: Iterable[Turn]) -> set[str]:
    """Return the lines that nothing may rest on: unlawful questions, and their answers."""
    out: set[str] = set()
    for turn in found:
        if turn.role != CANDIDATE:
            out |= {line.id for line in turn.lines if unlawful_span(line.text)}
        if turn.role in (CANDIDATE, ROOM) and unlawful_span(turn.question):
            out |= {line.id for line in turn.lines}
    return out


def read(items: Iterable[Mapping[str, Any]], window: Window, codes: Iterable[str]) -> list[Note]:
    """Return the notes of an answer whose quotes stand in the lines of the window."""
    known = {*codes, *PLACES}
    roles = {line.id: line.role for line in window.lines}
    texts = {line.id: line.text for line in window.lines}
    forbidden = left_out(turns(window.transcript))
    kept: list[Note] = []
    for item in items:
        try:
            noted = Noted.model_validate(item)
        except ValidationError:
            continue
        if noted.section not in known or not may_write(noted.text):
            continue
        found = [locate(quote, window.lines) for quote in noted.quotes[:3]]
        lines = _ordered({i for place in found if place for i in place[0]}, texts)
        if not lines or forbidden.intersection(lines):
            continue
        spoken = {roles[i] for i in lines}
        if noted.section != NEXT and not spoken & {CANDIDATE, ROOM}:
            continue  # what the interviewer says tells nothing about the candidate
        said = [texts[i] for i in lines]
        if _figures(noted.text) <= _figures(*said) and _tools(noted.text) <= _tools(
            *said, *(line.text for line in window.context)
        ):
            _add(kept, Note(noted.section, _tidy(noted.text), lines))
        if len(kept) == MOST_NOTES:
            break
    return kept


def write(
    items: Iterable[Mapping[str, Any]], notes: Sequence[Note], order: Mapping[str, int]
) -> list[Note]:
    """Return the sentences of an answer that rest on notes of their own section.

    `order` is the place of every line in the interview.
    """
    kept: list[Note] = []
    for item in items:
        try:
            written = Written.model_validate(item)
        except ValidationError:
            continue
        rests = [notes[n - 1] for n in dict.fromkeys(written.notes) if 0 < n <= len(notes)]
        if written.section != OVERVIEW:
            rests = [note for note in rests if note.section == written.section]
        if not rests or not may_write(written.text):
            continue
        told = [note.text for note in rests]
        if _figures(written.text) <= _figures(*told) and _tools(written.text) <= _tools(*told):
            lines = _ordered({i for note in rests for i in note.lines}, order)
            _add(kept, Note(written.section, _tidy(written.text), lines))
    return kept


def _add(kept: list[Note], note: Note) -> None:
    """Keep a note that says something else than those before it in its section."""
    if not any(
        other.section == note.section and fuzz.ratio(other.text, note.text) >= _SAME
        for other in kept
    ):
        kept.append(note)


def _ordered(ids: set[str], order: Mapping[str, Any]) -> tuple[str, ...]:
    places = {line: n for n, line in enumerate(order)}
    return tuple(sorted(ids, key=lambda line: places.get(line, len(places)))[:MOST_LINES])


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _figures(*texts: str) -> set[str]:
    """Return the numbers of texts, those in words as well."""
    return {
        found
        for text in texts
        for norm in norms(text)
        for found in re.findall(r"\d+(?:\.\d+)?", norm)
        if not norm.startswith("[")  # what was redacted is no number
    }


def _tools(*texts: str) -> set[str]:
    return {name for text in texts for name in names(text)}


@cache
def _judging() -> re.Pattern[str]:
    return _any_of(p for of_one in load("summary")["judging"].values() for p in of_one)


@cache
def _next_steps() -> re.Pattern[str]:
    return _any_of(load("summary")["next_steps"])


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any of them in a comparable text, which has no é."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns).replace("é", "e"))
