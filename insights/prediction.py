"""Follow-up questions fetched while the candidate still talks, ready when the words are final.

    partial ─► heard: sealed in the cache ─► a task ─► prefetch: redacted, one short call,
    sealed in the cache ─► the final line ─► ready: the questions whose quote stands in it

Nothing is shown before the line is final. What was said so far is kept for seconds, sealed with
the session's key, and nowhere else; ids alone travel in tasks.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Sum

from insights import cards, gate, queries, sealed_cache, spending
from insights.analyzers.base import CANDIDATE, Analysis, AnalyzerError, Finding, Line
from insights.analyzers.evidence import locate
from insights.analyzers.followups import is_asked
from insights.kinds import Kind
from insights.models import AnalysisRun, Insight
from sessions import access
from sessions.models import Session, Status
from sessions.notices import model_reads_along
from transcription import queries as words
from transcription.privacy import session_redactor

logger = logging.getLogger(__name__)

HEARD, READY = "prediction:heard", "prediction:ready"  # names in the sealed cache
MOST_QUESTIONS = 3
MOST_CALLS = 60  # for one interview
BUDGET_SHARE = 0.25  # of the organization's tokens a day
HEARD_SECONDS = 30
READY_SECONDS = 60
Purpose = AnalysisRun.Purpose


def heard(session_id: UUID, role: str, text: str) -> bool:
    """Take note of words still being said; tell whether a prediction is to be made of them."""
    if role != CANDIDATE or not _wanted():
        return False
    with transaction.atomic():
        session = access.lock_session(session_id)
        if session is None or not _welcome(session):
            return False
        sealed_cache.keep(session, HEARD, text, HEARD_SECONDS)
    return cache.get(_busy(session_id)) is None


def prefetch(session_id: UUID) -> None:
    """Ask the model for follow-ups to what was last heard, and keep them, sealed, for its final.

    At most one call of a session is under way. Whatever goes wrong, the line's own analysis comes.
    """
    busy = _busy(session_id)
    if not cache.add(busy, True, settings.INTERVIEW_LLM_TOTAL_TIMEOUT + 5):
        return
    try:
        session = access.session_by_id(session_id)
        if session is not None and _wanted() and _welcome(session) and _affordable(session):
            _fetch(session)
    finally:
        cache.delete(busy)


def ready(session: Session, line: Line, asked: Sequence[str] = ()) -> list[Finding]:
    """Return the prefetched questions whose quote stands in a line that is final now."""
    if line.role != CANDIDATE or not _wanted():
        return []
    findings = []
    for item in sealed_cache.kept(session, READY) or ():
        found = locate(item["quote"], [line])
        if found is not None and not is_asked(item["content"], asked):
            ids, quote = found
            known = {name: item[name] for name in ("content", "competency", "reason", "confidence")}
            findings.append(Finding(kind=Kind.QUESTION, quote=quote, line_ids=ids, **known))
    return findings


def forget(session: Session) -> None:
    """Keep nothing of what was being said."""
    for name in (HEARD, READY):
        sealed_cache.forget(session, name)


def _wanted() -> bool:
    return settings.INTERVIEW_LLM_PREDICTION and model_reads_along()


def _welcome(session: Session) -> bool:
    on_record = not session.off_records.filter(to_ms=None).exists()
    return session.status == Status.LIVE and on_record and queries.may_be_analysed(session)


def _affordable(session: Session) -> bool:
    """Tell whether predictions have not yet had their share of calls and tokens."""
    runs = AnalysisRun.objects.filter(purpose=Purpose.PREDICTION)
    calls = runs.filter(session=session).aggregate(calls=Sum("calls"))["calls"] or 0
    limit = session.organization.llm_daily_tokens
    if limit is None or calls >= MOST_CALLS:
        return calls < MOST_CALLS
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    today = runs.filter(session__organization=session.organization, created_at__gte=midnight)
    taken = today.aggregate(tokens=Sum("tokens_in") + Sum("tokens_out"))["tokens"] or 0
    return taken < limit * BUDGET_SHARE


def _fetch(session: Session) -> None:
    stretches = session.off_records.count()  # before what was heard: it may be taken back now
    said = sealed_cache.kept(session, HEARD)
    if not said:
        return
    sealed_cache.forget(session, HEARD)
    at = words.last_sequence(session)
    text = session_redactor(session).final(said).text
    window = replace(
        queries.window(session, after=at, through=at),
        lines=(Line("heard", CANDIDATE, text, 0.0, 0.0),),
    )
    error = ""
    try:
        with gate.enter(session.organization, Purpose.PREDICTION):
            analysis = gate.configured_llm().followups(window, most=MOST_QUESTIONS)
        gate.spent(session.organization, analysis)
    except gate.Closed:
        return
    except AnalyzerError as failure:
        analysis, error = failure.partial or Analysis((), "llm"), failure.code
    if _keep(session, at, analysis, error, stretches):
        _show_late(session, at)


def _item(finding: Finding) -> dict[str, Any]:
    return {
        "content": finding.content,
        "quote": finding.quote,
        "competency": finding.competency,
        "reason": finding.reason or "Follow up",
        "confidence": finding.confidence,
    }


@transaction.atomic
def _keep(session: Session, at: int, analysis: Analysis, error: str, stretches: int) -> bool:
    """Write down what a call took, and keep what it found for the line that is being said.

    False when the interview was erased, ended or went off the record meanwhile.
    """
    held = access.lock_session(session.pk)
    if held is None:
        return False
    AnalysisRun.objects.create(
        session=held,
        after=at,
        through=at,
        purpose=Purpose.PREDICTION,
        **spending.figures(analysis, error),
    )
    if not _welcome(held) or held.off_records.count() > stretches:
        return False
    found = [_item(finding) for finding in analysis.findings]
    sealed_cache.keep(held, READY, found, READY_SECONDS)
    return True


def _show_late(session: Session, after: int) -> None:
    """Show what belongs to a line that became final during the call and is not analysed yet.

    The line was stored before `ready` was asked for it: here or there, nothing is missed.
    """
    analysed = queries.analysed_through(session)
    asked = queries.asked_lately(session)
    for segment in words.stored_between(
        session, max(after, analysed), words.last_sequence(session)
    ):
        for finding in ready(session, queries.line_of(segment), asked):
            cards.store_finding(
                session_id=session.pk,
                finding=finding,
                state=Insight.State.PRELIMINARY,
                source=Insight.Source.LLM,
            )


def _busy(session_id: UUID) -> str:
    return f"insights:prediction:busy:{session_id}"
