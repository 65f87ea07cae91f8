"""At most one analysis per session at a time and per interval, and always a trailing one.

A row per session holds the cursor and a lease. A queue message only wakes a worker: what is done
is decided here under the row's lock, so a lost, late or doubled message changes nothing. `overdue`
finds what a dead worker or a lost message left behind.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from insights.models import AnalysisState

STALE = timedelta(seconds=5)  # a planned task this late is taken for lost


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to analyse the segments with a sequence in (after, through]."""

    session_id: UUID
    token: UUID
    after: int
    through: int


@dataclass(frozen=True, slots=True)
class Later:
    """Come back in so many seconds."""

    seconds: float


@transaction.atomic
def mark(session_id: UUID, sequence: int) -> float | None:
    """Note a new segment; return the countdown of the task to enqueue, None if one is planned."""
    state, _created = AnalysisState.objects.select_for_update().get_or_create(session_id=session_id)
    state.last_sequence = max(state.last_sequence, sequence)
    countdown = _plan(state)
    state.save(update_fields=["last_sequence", "pending_at"])
    return countdown


def _plan(state: AnalysisState) -> float | None:
    now = timezone.now()
    if state.pending_at is not None and state.pending_at > now - STALE:
        return None
    state.pending_at = max(now, state.next_due or now)
    return (state.pending_at - now).total_seconds()


@transaction.atomic
def claim(session_id: UUID) -> Lease | Later | None:
    """Take the lease, or say when to come back, or None when there is nothing to do."""
    state = AnalysisState.objects.select_for_update().filter(session_id=session_id).first()
    if state is None:
        return None
    now = timezone.now()
    if state.lease_until is not None and state.lease_until > now:
        return None  # whoever holds it plans the next run when it ends
    if state.last_sequence <= state.analysed_through:
        state.pending_at = None
        state.save(update_fields=["pending_at"])
        return None
    if state.next_due is not None and state.next_due > now:
        state.pending_at = state.next_due
        state.save(update_fields=["pending_at"])
        return Later((state.next_due - now).total_seconds())
    state.lease_token = uuid.uuid4()
    state.lease_until = now + timedelta(seconds=settings.INTERVIEW_ANALYSIS_LEASE)
    state.next_due = now + timedelta(seconds=settings.INTERVIEW_ANALYSIS_INTERVAL)
    state.pending_at = None
    state.save(update_fields=["lease_token", "lease_until", "next_due", "pending_at"])
    return Lease(session_id, state.lease_token, state.analysed_through, state.last_sequence)


def owned(lease: Lease) -> AnalysisState | None:
    """Lock and return the state if the lease still holds; call inside a transaction."""
    return (
        AnalysisState.objects.select_for_update()
        .filter(session_id=lease.session_id, lease_token=lease.token)
        .first()
    )


def complete(lease: Lease, state: AnalysisState, digest: str) -> float | None:
    """Advance the cursor and give the lease back; return the countdown of a further run, if due."""
    state.analysed_through = lease.through
    state.lease_token = state.lease_until = None
    state.digest = digest or state.digest
    countdown = None
    if state.last_sequence > lease.through:
        state.pending_at = None
        countdown = _plan(state)
    state.save()
    return countdown


@transaction.atomic
def start_over(session_id: UUID) -> float | None:
    """Forget the digest, and take the lease from whoever is at work: what they read is gone.

    Return the countdown of the task to enqueue where there is something to read.
    """
    state = AnalysisState.objects.select_for_update().filter(session_id=session_id).first()
    if state is None:
        return None
    state.digest = None
    state.lease_token = state.lease_until = None
    state.pending_at = None
    countdown = _plan(state) if state.last_sequence > state.analysed_through else None
    state.save()
    return countdown


@transaction.atomic
def hold(session_id: UUID) -> Lease | Later | None:
    """Take the lease for another reading of lines that were all analysed; None without any.

    The cursor stays; give the lease back with `let_go`.
    """
    state = AnalysisState.objects.select_for_update().filter(session_id=session_id).first()
    if state is None or not state.last_sequence:
        return None
    now = timezone.now()
    held = state.lease_until is not None and state.lease_until > now
    if held or state.last_sequence > state.analysed_through:
        return Later(settings.INTERVIEW_ANALYSIS_INTERVAL)
    state.lease_token = uuid.uuid4()
    state.lease_until = now + timedelta(seconds=settings.INTERVIEW_ANALYSIS_LEASE)
    state.save(update_fields=["lease_token", "lease_until"])
    return Lease(session_id, state.lease_token, 0, state.last_sequence)


def let_go(lease: Lease) -> None:
    """Give back a lease that `hold` gave, if it is still held."""
    AnalysisState.objects.filter(session_id=lease.session_id, lease_token=lease.token).update(
        lease_token=None, lease_until=None
    )


def someone_waits() -> bool:
    """Tell whether an analysis is due that nobody is at yet."""
    now = timezone.now()
    return (
        AnalysisState.objects.filter(last_sequence__gt=F("analysed_through"))
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        .filter(pending_at__lt=now)
        .exists()
    )


def overdue() -> list[UUID]:
    """Return the sessions with unread segments, nobody at them and no living task planned."""
    now = timezone.now()
    return list(
        AnalysisState.objects.filter(last_sequence__gt=F("analysed_through"))
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        .filter(Q(pending_at__isnull=True) | Q(pending_at__lt=now - STALE))
        .filter(Q(next_due__isnull=True) | Q(next_due__lte=now))
        .values_list("session_id", flat=True)[:100]
    )


def settled(session_id: UUID) -> bool:
    """Tell whether everything stored has been read and nobody is at it."""
    state = AnalysisState.objects.filter(session_id=session_id).first()
    return state is None or (
        state.last_sequence <= state.analysed_through and state.lease_token is None
    )
