"""Lines that a person put right: what rests on them is marked, and their turn is read again.

A run over the revision of a correction says that it was read: what nobody has read yet is found
again after a crash. It takes no lease: a correction must not keep live analysis waiting, and what
is stored is stored only while the lines are still those that were read.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from insights import cards, coverage, ledger, queries, spending, tones
from insights.analyzers.base import Analysis, Finding
from insights.asking import ask
from insights.models import AnalysisRun
from sessions import access
from sessions.models import Session
from sessions.queries import has_consent
from transcription import corrections
from transcription.models import Segment

Purpose = AnalysisRun.Purpose
PAUSE_SECONDS = 2  # in which several corrections become one reading
TURN_LINES = 6  # of the same person before and after, that are read with a corrected one
FORGOTTEN = timedelta(minutes=2)  # after which a reading that did not happen is begun again
GIVEN_UP = timedelta(days=1)


def correct(*, session: Session, segment_id: UUID, by: User, **change: Any) -> tuple[Segment, bool]:
    """Correct a line (see `transcription.corrections.correct`); tell whether that changed it."""
    return _change(session, segment_id, by, change)


def restore(*, session: Session, segment_id: UUID, by: User) -> tuple[Segment, bool]:
    """Give a line back what was recognized; tell whether that changed it."""
    return _change(session, segment_id, by, None)


@transaction.atomic
def _change(
    session: Session, segment_id: UUID, by: User, change: dict[str, Any] | None
) -> tuple[Segment, bool]:
    held = access.hold(session)
    if change is None:
        segment = corrections.restore(session=held, segment_id=segment_id, by=by)
    else:
        segment = corrections.correct(session=held, segment_id=segment_id, by=by, **change)
    if segment is None:
        return held.segments.get(pk=segment_id), False
    cards.mark_stale(held, segment)
    ledger.mark_stale(held, segment.pk)
    tones.renew(held, segment)
    coverage.forget(held, [segment.pk])
    if has_consent(held):
        coverage.note(held, segment)
        cards.note_asked(held, segment)
    if not queries.may_be_analysed(held):
        cards.keep_standing(held, segment.pk)
        ledger.keep_standing(held, segment.pk)
    return segment, True


# --- Read again ----------------------------------------------------------------------------------


def _unread(segments: QuerySet[Segment]) -> QuerySet[Segment]:
    """Return the lines that were corrected since anybody read them."""
    read = AnalysisRun.objects.filter(
        session=OuterRef("session"), through=OuterRef("revision"), purpose=Purpose.LIVE
    )
    corrected = segments.filter(corrected_at__isnull=False, revision__gt=F("sequence"))
    return corrected.filter(hidden=False).exclude(Exists(read))


def reread(*, session_id: UUID) -> float | None:
    """Read the turn around a corrected line again; return the seconds until the next, if any."""
    session = access.session_by_id(session_id)
    if session is None or not queries.may_be_analysed(session):
        return None
    busy = f"insights:reread:{session_id}"
    if not cache.add(busy, True, settings.INTERVIEW_LLM_TOTAL_TIMEOUT + 5):
        return PAUSE_SECONDS
    try:
        unread = list(_unread(session.segments.all()).order_by("start_ms"))
        if unread:
            _read(session, unread)
    finally:
        cache.delete(busy)
    return 0.0 if _unread(session.segments.all()).exists() else None


def _read(session: Session, unread: Sequence[Segment]) -> None:
    turn = _turn(session, unread[0])
    mine = [line for line in unread if line.pk in {other.pk for other in turn}]
    window = queries.window(
        session,
        after=min(line.sequence for line in turn) - 1,
        through=max(line.sequence for line in turn),
    )

    def still_so() -> bool:
        """Hold the session and tell whether the lines are those that are being read."""
        if access.lock_session(session.pk) is None:
            return False
        now = dict(session.segments.filter(pk__in=window_ids).values_list("pk", "revision"))
        return now == revisions

    window_ids = [line.id for line in window.transcript]
    revisions = dict(session.segments.filter(pk__in=window_ids).values_list("pk", "revision"))

    @transaction.atomic
    def store(finding: Finding, source: str, state: str) -> None:
        if still_so():
            cards.store_finding(session_id=session.pk, finding=finding, state=state, source=source)

    answer = ask(session, window, store, purpose=Purpose.REVIEW)
    read = {line.id for line in window.lines}
    others = {str(line.pk) for line in unread} - {str(line.pk) for line in mine}
    with transaction.atomic():
        if not still_so():
            return
        ledger.record(session, window, answer.analysis.findings, source=answer.source)
        ledger.settle_stale(session, read, unread=others)
        cards.settle_stale(session, read, unread=others, whole=not answer.error)
        for place, line in enumerate(mine):
            analysis = Analysis((), answer.analysis.engine) if place else answer.analysis
            AnalysisRun.objects.get_or_create(
                session=session,
                through=line.revision,
                purpose=Purpose.LIVE,
                defaults={
                    "after": line.revision - 1,
                    **spending.figures(analysis, answer.error),
                },
            )


def _turn(session: Session, line: Segment) -> list[Segment]:
    """Return a line with those that the same person said right before and after it."""
    spoken = session.segments.filter(hidden=False)
    before = spoken.filter(start_ms__lt=line.start_ms).order_by("-start_ms")[:TURN_LINES]
    after = spoken.filter(start_ms__gt=line.start_ms).order_by("start_ms")[:TURN_LINES]
    turn = [line]
    for side in (before, after):
        for other in side:
            if other.role != line.role:
                break
            turn.append(other)
    return turn


def overdue() -> list[UUID]:
    """Return the interviews with corrections that nobody has read for a while."""
    now = timezone.now()
    late = Segment.objects.filter(
        corrected_at__gt=now - GIVEN_UP,
        corrected_at__lt=now - FORGOTTEN,
        session__wrapped_key__isnull=False,
        session__organization__analysis_enabled=True,
    )
    found = _unread(late).order_by().values_list("session_id", flat=True)
    return list(found.distinct()[:100])
