"""Debounced runs: what is new is analysed by the model or the rules, stored and shown."""

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from insights import cards, debounce, latency, ledger, queries, spending
from insights.analyzers.base import Analysis, Finding
from insights.asking import Answer, ask
from insights.models import AnalysisRun
from sessions import access, events
from transcription import queries as words

Purpose = AnalysisRun.Purpose


def mark_segment(*, session_id: UUID) -> float | None:
    """Make the session due for analysis; return the countdown of the task to enqueue, if any."""
    session = access.session_by_id(session_id)
    if session is None or not queries.may_be_analysed(session):
        return None
    return debounce.mark(session_id, words.last_sequence(session))


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
    answer = Answer(Analysis((), "off"))
    if queries.may_be_analysed(session):
        # After an outage there may be more than one window holds; the next run goes on from there.
        through = queries.window_end(session, after=claimed.after, through=claimed.through)
        claimed = replace(claimed, through=through)
        window = queries.window(
            session, after=claimed.after, through=through, digest=queries.digest(session)
        )

        lease = claimed

        @transaction.atomic
        def store(finding: Finding, source: str, state: str) -> None:
            """Store a card, unless the lease is gone: perhaps with lines that were read."""
            if access.lock_session(session_id) and debounce.owned(lease):
                cards.store_finding(
                    session_id=session_id, finding=finding, state=state, source=source
                )

        def tell_slow() -> None:
            body = {"state": {"analysis": queries.slow_json()}}
            events.publish_on_commit(session_id, "session", body)

        answer = ask(session, window, store, purpose=Purpose.LIVE, tell_slow=tell_slow)
        with transaction.atomic():
            if access.lock_session(session_id) and debounce.owned(lease):
                ledger.record(session, window, answer.analysis.findings, source=answer.source)
    return _complete(claimed, answer)


@transaction.atomic
def _complete(lease: debounce.Lease, answer: Answer) -> float | None:
    session = access.lock_session(lease.session_id)
    state = debounce.owned(lease)
    if session is None or state is None:
        return None  # erased meanwhile, or somebody else took over after the lease ran out
    state.session = session
    before = session.runs.filter(purpose=Purpose.LIVE).order_by("-created_at").first()
    run, _created = AnalysisRun.objects.get_or_create(
        session=session,
        through=lease.through,
        purpose=Purpose.LIVE,
        defaults={"after": lease.after, **spending.figures(answer.analysis, answer.error)},
    )
    cards.settle_preliminary(session, lease)
    cards.drop_stale(session)
    latency.note_run(session, lease.through)
    told = before is not None and (before.engine, before.error) == (run.engine, run.error)
    if answer.slow or not told:
        body = {"state": {"analysis": queries.analysis_json(session, run)}}
        events.publish_on_commit(session.pk, "session", body)
    return debounce.complete(lease, state, answer.analysis.digest)
