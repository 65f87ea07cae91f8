"""Writes: preliminary cards at once, analysed cards in debounced runs, feedback."""

import functools
import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from accounts.models import Organization
from copilot.lib.errors import DomainError
from insights import debounce, queries
from insights.analyzers.base import Analysis, Analyzer, AnalyzerError, Finding, Window
from insights.analyzers.patterns import instant
from insights.analyzers.rules import RuleAnalyzer
from insights.kinds import LOOKS, Kind
from insights.models import AnalysisRun, Insight
from insights.serializers import insight_json
from sessions import access, events
from sessions.models import Session
from sessions.notices import model_reads_along
from transcription import queries as words

logger = logging.getLogger(__name__)

BREAKER_SECONDS = 30.0  # after a failure the model is left alone for so long
BREAKER_KEY = "insights:llm-open"
State, Source = Insight.State, Insight.Source
KEPT = (Insight.Feedback.PINNED, Insight.Feedback.USED)


def _fingerprint(session: Session, finding: Finding) -> bytes:
    """Return what makes two findings the same card: the question itself, else kind and line."""
    said = finding.data.get("key") if finding.kind != Kind.QUESTION else None
    said = said or " ".join(finding.content.casefold().split())
    return hmac.digest(session.data_key(), f"{finding.kind}|{said}".encode(), hashlib.sha256)[:16]


@transaction.atomic
def store_finding(*, session_id: UUID, finding: Finding, state: str, source: str) -> Insight | None:
    """Store one card, or turn the equal preliminary one into it; None when nothing changes."""
    session = access.lock_session(session_id)
    if session is None:
        return None
    mark = _fingerprint(session, finding)
    known = session.insights.filter(kind=finding.kind, fingerprint=mark).first()
    if known is not None and (known.state != State.PRELIMINARY or state == State.PRELIMINARY):
        return None  # said already; the same thing is said once
    look = LOOKS[finding.kind]
    insight = known or Insight(session=session, kind=finding.kind, fingerprint=mark)
    insight.title = finding.title or look.title
    insight.content = finding.content
    insight.quote = finding.quote
    insight.other_quote = finding.other_quote or None
    insight.reason = finding.reason
    insight.verdict = finding.verdict
    named = finding.competency in queries.competencies(session)
    insight.competency = finding.competency if named else ""  # stored in clear: the guide's own
    insight.priority = finding.priority or look.priority
    insight.confidence = finding.confidence
    insight.segments = list(finding.line_ids)
    insight.state, insight.source = state, source
    return _save(insight, "insight_changed" if known else "insight")


def _save(insight: Insight, event: str) -> Insight:
    insight.revision = events.next_revision(insight.session_id)
    insight.save()
    body = {"revision": insight.revision, "insight": insight_json(insight)}
    events.publish_on_commit(insight.session_id, event, body)
    return insight


def note_segment(*, session_id: UUID, segment_id: UUID) -> None:
    """Show what local patterns see in one line, as preliminary cards."""
    session = access.session_by_id(session_id)
    if session is None or not session.organization.analysis_enabled:
        return
    segment = session.segments.filter(pk=segment_id).first()
    if segment is None:
        return
    line = queries.line_of(segment)
    findings = instant(
        line,
        context=queries.context(session, segment.sequence - 1),
        sentiment=session.organization.sentiment,
        today=datetime.now(UTC).date(),
    )
    for finding in findings:
        store_finding(
            session_id=session_id, finding=finding, state=State.PRELIMINARY, source=Source.PATTERN
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    analysis: Analysis
    error: str  # AnalyzerError.code where the model was passed over


@functools.lru_cache(maxsize=1)
def _rules() -> RuleAnalyzer:
    return RuleAnalyzer()


@functools.lru_cache(maxsize=4)
def _llm(base_url: str, api_key: str, model: str, timeout_s: float, total_s: float) -> Analyzer:
    # The openai package takes a second to import: only who is told of a model waits for it.
    from insights.analyzers.llm import LlmAnalyzer, LlmConfig

    return LlmAnalyzer(
        LlmConfig(
            base_url=base_url, model=model, api_key=api_key, timeout_s=timeout_s, total_s=total_s
        )
    )


def _configured_llm() -> Analyzer:
    return _llm(
        settings.INTERVIEW_LLM_BASE_URL,
        settings.INTERVIEW_LLM_API_KEY,
        settings.INTERVIEW_LLM_MODEL,
        settings.INTERVIEW_LLM_READ_TIMEOUT,
        settings.INTERVIEW_LLM_TOTAL_TIMEOUT,
    )


def _over_budget(organization: Organization) -> str:
    limit = organization.llm_daily_tokens
    return "budget" if limit is not None and queries.tokens_today(organization) >= limit else ""


Store = Callable[[Finding, str], None]


def _answer(window: Window, store: Store, organization: Organization) -> _Answer:
    """Ask the model where there is one, it is well and may still be paid for, else the rules."""
    error = ""
    if model_reads_along():
        error = cache.get(BREAKER_KEY, "") or _over_budget(organization)
        if not error:
            try:
                llm = _configured_llm()
                return _Answer(llm.analyze(window, emit=lambda f: store(f, Source.LLM)), "")
            except AnalyzerError as failure:
                error = failure.code
                cache.set(BREAKER_KEY, error, failure.retry_after or BREAKER_SECONDS)
                logger.warning("model not used: %s", error)
    return _Answer(_rules().analyze(window, emit=lambda f: store(f, Source.RULES)), error)


def analyze_session(*, session_id: UUID) -> float | None:
    """Analyse what is new; return the seconds after which to come back, if at all.

    1. Take the lease under the row's lock and let the row go.
    2. Ask the analyzer; store and show each finding as soon as it is known.
    3. Under the lock again: settle preliminary cards, advance the cursor, give the lease back.
    A worker that dies in between leaves the lease to run out; the sweep then starts over, and
    fingerprints keep what was stored already from showing twice.
    """
    claimed = debounce.claim(session_id)
    if isinstance(claimed, debounce.Later):
        return claimed.seconds
    session = access.session_by_id(session_id) if claimed else None
    if claimed is None or session is None:
        return None
    answer = _Answer(Analysis((), "off"), "")
    if session.organization.analysis_enabled:
        window = queries.window(
            session,
            after=claimed.after,
            through=claimed.through,
            digest=session.analysis.digest or "",
        )

        def store(finding: Finding, source: str) -> None:
            store_finding(
                session_id=session_id, finding=finding, state=State.COMPLETE, source=source
            )

        answer = _answer(window, store, session.organization)
    return _complete(claimed, answer)


@transaction.atomic
def _complete(lease: debounce.Lease, answer: _Answer) -> float | None:
    session = access.lock_session(lease.session_id)
    state = debounce.owned(lease)
    if session is None or state is None:
        return None  # erased meanwhile, or somebody else took over after the lease ran out
    state.session = session
    before = session.runs.order_by("-created_at").first()
    analysis = answer.analysis
    run, _created = AnalysisRun.objects.get_or_create(
        session=session,
        through=lease.through,
        defaults={
            "after": lease.after,
            "engine": analysis.engine,
            "error": answer.error,
            "findings": len(analysis.findings),
            "dropped": analysis.dropped,
            "tokens_in": analysis.tokens_in,
            "tokens_out": analysis.tokens_out,
            "first_ms": analysis.first_ms,
            "total_ms": analysis.total_ms,
        },
    )
    _settle_preliminary(session, lease)
    _drop_stale_questions(session, lease)
    if before is None or (before.engine, before.error) != (run.engine, run.error):
        body = {"state": {"analysis": queries.analysis_json(session, run)}}
        events.publish_on_commit(session.pk, "session", body)
    return debounce.complete(lease, state, analysis.digest)


def _settle_preliminary(session: Session, lease: debounce.Lease) -> None:
    """Replace the preliminary cards on analysed lines by better ones, or confirm them."""
    read = session.segments.filter(sequence__gt=lease.after, sequence__lte=lease.through)
    ids = {str(pk) for pk in read.values_list("pk", flat=True)}
    cards = session.insights.exclude(state=State.SUPERSEDED)
    better = {
        (card.kind, line)
        for card in cards.filter(state=State.COMPLETE).only("kind", "segments", "session")
        for line in card.segments
    }
    for card in cards.filter(state=State.PRELIMINARY):
        if not ids.intersection(card.segments):
            continue
        replaced = any((card.kind, line) in better for line in card.segments)
        card.state = State.SUPERSEDED if replaced else State.COMPLETE
        _save(card, "insight_changed")


def _drop_stale_questions(session: Session, lease: debounce.Lease) -> None:
    """Take suggestions about earlier answers off the page once there are newer ones.

    Help for the previous question is worse than none; what somebody pinned or used stays.
    """
    read = session.segments.filter(sequence__gt=lease.after, sequence__lte=lease.through)
    ids = {str(pk) for pk in read.values_list("pk", flat=True)}
    living = session.insights.filter(kind=Kind.QUESTION).exclude(state=State.SUPERSEDED)
    cards = list(living)
    if not any(ids.intersection(card.segments) for card in cards):
        return
    for card in cards:
        if not ids.intersection(card.segments) and card.feedback not in KEPT:
            card.state = State.SUPERSEDED
            _save(card, "insight_changed")


def mark_segment(*, session_id: UUID) -> float | None:
    """Make the session due for analysis; return the countdown of the task to enqueue, if any."""
    session = access.session_by_id(session_id)
    if session is None or not session.organization.analysis_enabled:
        return None
    return debounce.mark(session_id, words.last_sequence(session))


@transaction.atomic
def give_feedback(*, session: Session, insight_id: UUID, feedback: str) -> Insight:
    """Keep what a person made of a card; raise DomainError for an unknown card or word."""
    if feedback not in Insight.Feedback.values:
        raise DomainError("bad_feedback", "Feedback is used, not_now, wrong or pinned.", status=400)
    access.lock_session(session.pk)
    insight = session.insights.filter(pk=insight_id).first()
    if insight is None:
        raise DomainError("not_found", "There is no such card.", status=404)
    insight.feedback = feedback
    return _save(insight, "insight_changed")
