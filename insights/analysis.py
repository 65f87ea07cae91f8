"""Debounced runs: what is new is analysed by the model or the rules, stored and shown."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Organization
from insights import cards, debounce, gate, ledger, queries
from insights.analyzers.base import Analysis, Analyzer, AnalyzerError, Finding, Window
from insights.analyzers.rules import RuleAnalyzer
from insights.models import AnalysisRun, Insight
from sessions import access, events
from sessions.notices import model_reads_along
from transcription import queries as words

logger = logging.getLogger(__name__)

State, Source = Insight.State, Insight.Source


def mark_segment(*, session_id: UUID) -> float | None:
    """Make the session due for analysis; return the countdown of the task to enqueue, if any."""
    session = access.session_by_id(session_id)
    if session is None or not session.organization.analysis_enabled:
        return None
    return debounce.mark(session_id, words.last_sequence(session))


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


Store = Callable[[Finding, str], None]


def _answer(window: Window, store: Store, organization: Organization) -> _Answer:
    """Ask the model where there is one, it is well and may still be paid for, else the rules."""
    error = ""
    if model_reads_along():
        error = gate.closed(organization)
        if not error:
            try:
                llm = _configured_llm()
                return _Answer(llm.analyze(window, emit=lambda f: store(f, Source.LLM)), "")
            except AnalyzerError as failure:
                error = failure.code
                gate.failed(error, failure.retry_after)
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
            cards.store_finding(
                session_id=session_id, finding=finding, state=State.COMPLETE, source=source
            )

        answer = _answer(window, store, session.organization)
        ledger.record(session, window, answer.analysis.findings)
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
    cards.settle_preliminary(session, lease)
    cards.drop_stale(session, lease)
    if before is None or (before.engine, before.error) != (run.engine, run.error):
        body = {"state": {"analysis": queries.analysis_json(session, run)}}
        events.publish_on_commit(session.pk, "session", body)
    return debounce.complete(lease, state, analysis.digest)
