"""Reads the labelled interviews, questions and pairs; how labels are made: docs/evaluation.md."""

import json
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from insights.analyzers.base import CANDIDATE, INTERVIEWER, Line

HERE = Path(__file__).parent
SPLITS = ("dev", "heldout")
ACKNOWLEDGEMENTS = frozenset({"mm hm", "mm-hm", "okay", "right", "i see", "uh huh", "sure"})


@dataclass(frozen=True)
class Labelled:
    """One line and what a careful person says about it."""

    line: Line
    skills: frozenset[str] = frozenset()  # named as the candidate's own
    denied: frozenset[str] = frozenset()  # named, and not the candidate's
    borderline: frozenset[str] = frozenset()  # nobody is wrong here
    claims: tuple[dict[str, str], ...] = ()  # kind, quote; verdict and against where there is one
    tone: str = "neutral"
    indicators: frozenset[str] = frozenset()  # the clear ones
    red_flag: bool = False
    own_question: bool = False
    unlawful: bool = False
    addresses_model: bool = False


@dataclass(frozen=True)
class Answer:
    """What the candidate said until the interviewer spoke again; `star` None where none is due."""

    lines: frozenset[str]
    text: str
    vague: bool = False
    answered: bool = True
    ours: bool = False
    star: frozenset[str] | None = None


@dataclass(frozen=True)
class Interview:
    """A made-up interview with its labels; `injected` is what addresses the model elsewhere."""

    name: str
    split: str
    job: str
    language: str
    today: date
    profile: str
    competencies: tuple[str, ...]
    labelled: tuple[Labelled, ...]
    answers: tuple[Answer, ...]
    injected: dict[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(row.line for row in self.labelled)

    @cached_property
    def by_id(self) -> dict[str, Labelled]:
        return {row.line.id: row for row in self.labelled}

    @property
    def injects(self) -> bool:
        return bool(self.injected) or any(row.addresses_model for row in self.labelled)


@cache
def interviews(split: str) -> tuple[Interview, ...]:
    return tuple(
        _read(path, split) for path in sorted((HERE / "interviews" / split).glob("*.json"))
    )


@cache
def questions() -> dict[str, list[dict[str, Any]]]:
    """Return the lists `unlawful`, `lawful` and `asked` of questions.json."""
    return _json(HERE / "questions.json")


@cache
def duplicates() -> list[dict[str, Any]]:
    return _json(HERE / "duplicates.json")["pairs"]


def _read(path: Path, split: str) -> Interview:
    told = _json(path)
    rows = [_labelled(f"{n:02}", row) for n, row in enumerate(told["lines"])]
    return Interview(
        name=path.stem,
        split=split,
        job=told["job"],
        language=told["language"],
        today=date.fromisoformat(told["today"]),
        profile=told["profile"],
        competencies=tuple(told["competencies"]),
        labelled=tuple(rows),
        answers=tuple(_answers(rows, told["lines"])),
        injected=told.get("injected", {}),
    )


def _labelled(line_id: str, row: dict[str, Any]) -> Labelled:
    sets = {
        name: frozenset(row.get(name, ()))
        for name in ("skills", "denied", "borderline", "indicators")
    }
    flags = {
        name: row.get(name, False)
        for name in ("red_flag", "own_question", "unlawful", "addresses_model")
    }
    return Labelled(
        Line(line_id, row["role"], row["text"], row["start"], row["end"]),
        claims=tuple(row.get("claims", ())),
        tone=row.get("tone", "neutral"),
        **sets,
        **flags,
    )


def _answers(rows: list[Labelled], told: list[dict[str, Any]]) -> list[Answer]:
    """Put the candidate's lines together; the labels of an answer stand on one of its lines."""
    groups: list[list[int]] = [[]]
    for n, row in enumerate(rows):
        if row.line.role == CANDIDATE and not row.addresses_model:
            groups[-1].append(n)
        elif row.line.role == INTERVIEWER and not _acknowledges(row.line.text) and groups[-1]:
            groups.append([])
    return [_answer(group, rows, told) for group in groups if group]


def _answer(group: list[int], rows: list[Labelled], told: list[dict[str, Any]]) -> Answer:
    labels: dict[str, Any] = {}
    for n in group:
        labels |= told[n].get("answer", {})
    star = labels.pop("star", None)
    return Answer(
        frozenset(rows[n].line.id for n in group),
        " ".join(rows[n].line.text for n in group),
        star=None if star is None else frozenset(star),
        **labels,
    )


def _acknowledges(text: str) -> bool:
    return text.casefold().strip(" .") in ACKNOWLEDGEMENTS


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
