"""What can be said about a line at once: local patterns, the question bank, what was predicted."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from insights import bank, cards, coverage, prediction, queries, tones
from insights.analyzers.base import CANDIDATE, Finding, Line
from insights.analyzers.cards import question_card
from insights.analyzers.followups import Followup, competency_for, is_asked
from insights.analyzers.patterns import instant
from insights.analyzers.skills import mentions
from insights.analyzers.turns import Turn
from insights.kinds import Kind
from insights.models import Insight
from sessions import access
from sessions.models import Session
from sessions.queries import has_consent

logger = logging.getLogger(__name__)

Source = Insight.Source
MIN_WORDS = 4  # of a line that a question may follow up


def note_segment(*, session_id: UUID, segment_id: UUID) -> None:
    """Show what is known about one line without waiting for anybody, as preliminary cards.

    Questions come from the best source that has some: those predicted for these very words, one
    that served well before, else the local patterns'. What fails takes nothing else with it.
    """
    session = access.session_by_id(session_id)
    if session is None or not has_consent(session):
        return
    segment = session.segments.filter(pk=segment_id, hidden=False).first()
    if segment is None:
        return
    _attempt(coverage.note, session, segment)  # needs no analysis: a guide is ticked in any case
    if not session.organization.analysis_enabled:
        return
    line = queries.line_of(segment)
    _attempt(cards.note_asked, session, segment)
    found = _attempt(_patterns, session, line, segment.sequence) or []
    for finding in found:
        if finding.kind != Kind.QUESTION:
            _show(session, finding, Source.PATTERN)
    if line.role == CANDIDATE and len(line.text.split()) >= MIN_WORDS:
        _ask(session, line, [f for f in found if f.kind == Kind.QUESTION])
    _attempt(tones.note, session, segment)


def _patterns(session: Session, line: Line, sequence: int) -> list[Finding]:
    return instant(
        line,
        context=queries.context(session, sequence - 1),
        sentiment=session.organization.sentiment,
        today=datetime.now(UTC).date(),
    )


def _ask(session: Session, line: Line, local: Sequence[Finding]) -> None:
    asked = _attempt(queries.asked_lately, session) or []
    shown = 0
    for finding in _attempt(prediction.ready, session, line, asked) or ():
        shown += _show(session, finding, Source.LLM)
    proved = _attempt(_proved, session, line, asked)
    if proved is not None:
        shown += _show(session, proved, Source.BANK)
    for finding in () if shown else local:
        _show(session, finding, Source.PATTERN)


def _proved(session: Session, line: Line, asked: Sequence[str]) -> Finding | None:
    """Return the bank's best question about a tool the line names, else about what it shows."""
    turn = Turn(line.role, (line,), line.text)
    named = {mention.skill.name: (mention.start, mention.end) for mention in mentions(line.text)}
    competency = competency_for(line.text, "", queries.competencies(session))
    if not named and not competency:
        return None
    rows = bank.suggest(
        session.organization,
        language=session.language,
        skills=named,
        competencies=[competency] if competency else [],
        without=queries.suggested_by_bank(session),
    )
    for row in rows:
        if not is_asked(row.text, asked):
            start, end = named.get(row.skill, turn.gist)
            followup = Followup(row.text, "", start, end, "bank", "Served well before")
            return question_card(turn, followup, row.competency)
    return None


def _show(session: Session, finding: Finding, source: str) -> bool:
    stored = _attempt(
        cards.store_finding,
        session_id=session.pk,
        finding=finding,
        state=Insight.State.PRELIMINARY,
        source=source,
    )
    return stored is not None


def _attempt(part: Callable[..., Any], *args: Any, **known: Any) -> Any:
    """Return what a part gives, None if it fails: no part may cost the line the others."""
    try:
        return part(*args, **known)
    except Exception as error:
        logger.error("%s of a line failed: %s", part.__name__, type(error).__name__)
        return None
