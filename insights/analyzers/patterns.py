"""Preliminary cards from one line, at once: local patterns only, no model, no waiting."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from insights.analyzers import answers
from insights.analyzers.base import CANDIDATE, INTERVIEWER, Finding, Line
from insights.analyzers.cards import (
    card,
    check_card,
    flag_card,
    injection_card,
    question_card,
    tone_card,
    trait_card,
    vague_card,
)
from insights.analyzers.consistency import checks
from insights.analyzers.evidence import ground
from insights.analyzers.followups import already_asked_in, incident, is_asked, skill_followups
from insights.analyzers.guards import injected_span, unlawful_span
from insights.analyzers.speech import Speech
from insights.analyzers.tone import read
from insights.analyzers.turns import Turn
from insights.kinds import Kind

MOST = 3
_MIN_WORDS = 4


def instant(
    line: Line, *, context: Sequence[Line] = (), sentiment: bool = True, today: date | None = None
) -> list[Finding]:
    """Return at most three preliminary cards of one new line, the most pressing first.

    They carry the same `data["key"]` as the rule analyzer's cards on the same words, so that a
    later run replaces them. Without `today` no claim is held against release dates.
    """
    turn = Turn(line.role, (line,), Speech(line.text))
    injected = injected_span(line.text)
    if injected:
        return _grounded([injection_card(turn, *injected)], line)
    if line.role != CANDIDATE:
        span = unlawful_span(line.text)
        if span:
            return _grounded([trait_card(turn, *span)], line)
    if line.role == INTERVIEWER or turn.words < _MIN_WORDS:
        return []
    return _grounded(_about(turn, context, sentiment=sentiment, today=today), line)[:MOST]


def _about(
    turn: Turn, context: Sequence[Line], *, sentiment: bool, today: date | None
) -> Iterator[Finding]:
    found = (check_card(turn, check) for check in checks(turn, (), today=today))
    yield from islice((finding for finding in found if finding), 1)
    for flag in answers.red_flags(turn.text)[:1]:
        yield flag_card(turn, flag, 0.6)
    if sentiment and turn.role == CANDIDATE:
        finding = tone_card(turn, read(turn.text))
        if finding:
            yield finding
    asked = already_asked_in(context)
    question = next((line.text for line in reversed(context) if line.role == INTERVIEWER), "")
    for followup in skill_followups(turn.text, question, at_most=3):
        if not is_asked(followup.text, asked):
            yield question_card(turn, followup, "")
            break
    yield from _moment(turn)
    hedge = answers.vague(turn.text)
    if hedge:
        yield vague_card(turn, hedge)


def _moment(turn: Turn) -> Iterator[Finding]:
    """Yield a highlight where an incident is being told by somebody who acted."""
    span = incident(turn.text)
    if span and (answers.actions(turn.text) or "situation" in answers.star_parts(turn.text)):
        yield card(
            Kind.HIGHLIGHT,
            turn,
            span,
            "An incident from real work. Listen for what they did themselves and what came of it.",
            reason="Incident",
            tag="incident",
            confidence=0.6,
        )


def _grounded(findings: Iterator[Finding] | list[Finding], line: Line) -> list[Finding]:
    return [grounded for finding in findings if (grounded := ground(finding, (line,)))]
