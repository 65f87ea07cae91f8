"""Builds the transcripts that the analyzers' tests read."""

import json
from datetime import date
from pathlib import Path

from insights.analyzers.base import CANDIDATE, INTERVIEWER, Line, Window

TODAY = date(2026, 11, 22)
INTERVIEW = Path(__file__).parent.parent / "data" / "interview.json"


def said(*texts, start=0.0):
    """Return lines from texts: "I: …" for the interviewer, everything else for the candidate."""
    lines = []
    for n, text in enumerate(texts):
        role = INTERVIEWER if text.startswith("I: ") else CANDIDATE
        text = text.removeprefix("I: ")
        lines.append(Line(f"s{n + int(start)}", role, text, start + n * 5, start + n * 5 + 4))
    return tuple(lines)


def window(*texts, context=(), **known):
    known.setdefault("today", TODAY)
    return Window(said(*texts, start=len(context)), context=said(*context), **known)


def interview():
    """Return the lines of the bundled interview."""
    turns = json.loads(INTERVIEW.read_text(encoding="utf-8"))
    return tuple(
        Line(f"s{n}", turn["speaker"], turn["text"], turn["start"], turn["end"])
        for n, turn in enumerate(turns)
    )


def of_kind(findings, kind):
    return [finding for finding in findings if finding.kind == kind]
