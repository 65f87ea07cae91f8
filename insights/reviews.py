"""Finished interviews read once more: the whole transcript in large windows, when there is room.

One task reads one window and plans the next, so that live analysis never waits long. The runs with
the purpose `review` are the cursor; the lease of `debounce` keeps two from reading at once.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils import timezone

from insights import cards, debounce, ledger, queries, spending
from insights.analyzers.base import Finding, Window
from insights.analyzers.retries import PASSING
from insights.asking import Answer, Store, ask
from insights.models import AnalysisRun, AnalysisState
from sessions import access, events
from sessions.models import Session
from sessions.notices import model_reads_along
from sessions.states import Status
from transcription import queries as words

Purpose = AnalysisRun.Purpose

YIELD_SECONDS = 2.0  # how soon to look again where live analysis waits
MOST_TRIES = 5  # in one review; then the rules read the rest
FIRST_PAUSE = 10.0  # seconds before the second try; doubled each time
AGAIN = timedelta(seconds=60)  # a demand so soon after a review is the same demand
STALE = timedelta(minutes=15)  # longer than all tries of a window: nobody goes on with it
GIVEN_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: read on after this sequence (None: the demand again), in so many seconds."""

    after: int | None
    tries: int  # that have failed in this review
    seconds: float


def demand(*, session: Session) -> str:
    """Tell what a demand for a review comes to; a task is to follow where it is "queued".

    "reading": one is under way; "done": there is nothing to read, or it has just been read.
    """
    if queries.under_review(session):
        return "reading"
    newest = queries.newest_review(session)
    just_read = newest is not None and newest.created_at > timezone.now() - AGAIN
    if just_read or not words.last_sequence(session):
        return "done"
    body = {"state": {"analysis": {**queries.analysis_json(session), "reviewing": True}}}
    events.publish_on_commit(session.pk, "session", body)
    return "queued"


def review_session(*, session_id: UUID, after: int | None = None, tries: int = 0) -> Step | None:
    """Read one window; return the next step, None when the review is over or somebody else's.

    `after` is the cursor an earlier step told, None a demand. Where the model can be asked later,
    its window is tried again; where it stays away, what the rules find counts.
    """
    session = access.session_by_id(session_id)
    if session is None or session.status != Status.ENDED:
        return None
    if not queries.may_be_analysed(session):
        return None
    if debounce.someone_waits():
        return Step(after, tries, YIELD_SECONDS)
    lease = debounce.hold(session_id)
    if isinstance(lease, debounce.Later):
        return Step(after, tries, lease.seconds)
    start = _start(session, after)
    if lease is None:
        return None
    if start is None or start >= lease.through:
        debounce.let_go(lease)
        return None
    end = queries.window_end(session, after=start, through=lease.through)
    window = queries.window(session, after=start, through=end)
    answer = ask(session, window, _store(session), purpose=Purpose.REVIEW)
    if answer.error in {*PASSING, "busy"} and tries < MOST_TRIES:
        debounce.let_go(lease)
        return Step(start, tries + 1, FIRST_PAUSE * 2**tries * random.uniform(1, 1.2))  # noqa: S311
    if not _complete(lease, window, answer, start, end):
        return None
    return Step(end, tries, 0.0) if end < lease.through else None


def _store(session: Session) -> Store:
    @transaction.atomic
    def store(finding: Finding, source: str, state: str) -> None:
        """Store a card, unless the candidate has withdrawn the consent meanwhile."""
        held = access.lock_session(session.pk)
        if held is not None and queries.may_be_analysed(held):
            cards.store_finding(session_id=held.pk, finding=finding, state=state, source=source)

    return store


def _start(session: Session, after: int | None) -> int | None:
    """Return where the next window begins; None for a message whose work is done or under way."""
    newest = queries.newest_review(session)
    if newest is None:
        return 0 if not after else None
    unfinished = newest.through < words.last_sequence(session)
    if not after:
        # Whoever reads goes on by themselves, and what was just read need not be read again.
        return None if unfinished or newest.created_at > timezone.now() - AGAIN else 0
    return after if unfinished and after == newest.through else None


@transaction.atomic
def _complete(lease: debounce.Lease, window: Window, answer: Answer, start: int, end: int) -> bool:
    """Record the run; tell whether the lease still held."""
    session = access.lock_session(lease.session_id)
    if session is None or debounce.owned(lease) is None:
        return False  # erased meanwhile, or somebody else took over after the lease ran out
    ledger.record(session, window, answer.analysis.findings, source=answer.source)
    cards.drop_stale(session)
    run = AnalysisRun.objects.create(
        session=session,
        after=start,
        through=end,
        purpose=Purpose.REVIEW,
        **spending.figures(answer.analysis, answer.error),
    )
    debounce.let_go(lease)
    body = {"state": {"analysis": queries.analysis_json(session, run)}}
    events.publish_on_commit(session.pk, "session", body)
    return True


def wanted(session_id: UUID) -> bool:
    """Tell whether a finished interview is owed a review: the model failed while it was live.

    What the model read while it was live is not paid for twice.
    """
    if not model_reads_along():
        return False
    session = access.session_by_id(session_id)
    if session is None or session.status != Status.ENDED or not debounce.settled(session_id):
        return False
    return bool(_owed(AnalysisState.objects.filter(session_id=session_id)))


def _owed(states: QuerySet[AnalysisState]) -> QuerySet[AnalysisState]:
    """Return the states of the sessions whose live runs the model failed, and no review made good.

    A spent budget is no failure: a review would find it spent as well.
    """
    runs = AnalysisRun.objects.filter(session=OuterRef("session"))
    failed = runs.filter(purpose=Purpose.LIVE).exclude(error__in=("", "budget"))
    reviewed = runs.filter(purpose=Purpose.REVIEW)
    return states.filter(Exists(failed)).exclude(Exists(reviewed))


def finished(
    *, organization: str = "", since: date | None = None, everything: bool = False
) -> list[UUID]:
    """Return the ended interviews, the newest first; without `everything` those owed a review."""
    ended = AnalysisState.objects.filter(
        session__status=Status.ENDED,
        session__wrapped_key__isnull=False,
        session__organization__analysis_enabled=True,
    )
    if organization:
        ended = ended.filter(session__organization__slug=organization)
    if since is not None:
        ended = ended.filter(session__ended_at__date__gte=since)
    if not everything:
        ended = _owed(ended)
    return list(ended.order_by("-session__ended_at").values_list("session_id", flat=True))


def overdue() -> list[tuple[UUID, int]]:
    """Return the reviews that nobody goes on with, with their cursors."""
    now = timezone.now()
    reviews = AnalysisRun.objects.filter(purpose=Purpose.REVIEW, created_at__gt=now - GIVEN_UP)
    newest = reviews.values("session").annotate(newest=Max("pk")).values("newest")
    stuck = AnalysisRun.objects.filter(
        pk__in=newest,
        created_at__lt=now - STALE,
        through__lt=F("session__analysis__last_sequence"),
    )
    return list(stuck.values_list("session_id", "through")[:100])
