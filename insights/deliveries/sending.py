"""Sending what was ordered: each part once, however often a try fails or its worker dies.

A worker claims the row with a lease. Before each part it makes sure, with the interview's row held,
that consent and lease stand, and writes down that the part may be over there from now on
(`removals.intend`). From the second try on it looks there first for what an earlier one left.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.kinds import Event
from insights.ats.base import UNKNOWN, Adapter, AtsError, Part, Result, Target
from insights.deliveries import connections, removals, results
from insights.deliveries.backoff import LEASE, MOST_TRIES, pause
from insights.models import AtsConnection, AtsDelivery, State, Summary, SummaryVersion
from sessions import access
from sessions.queries import has_consent

MOST = 100


@dataclass(frozen=True, slots=True)
class _Claim:
    """The right to send an order, for as long as its lease lasts."""

    delivery_id: UUID
    session_id: UUID
    token: UUID
    tries: int
    target: dict[str, str] = field(repr=False)
    sender: connections.Sender = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Work:
    parts: list[str]  # that are not over there yet
    adapter: Adapter = field(repr=False)
    result: Result = field(repr=False)


def overdue() -> list[UUID]:
    """Return the orders that are due and nobody is at."""
    return list(_due().order_by("next_attempt_at").values_list("pk", flat=True)[:MOST])


def _due() -> QuerySet[AtsDelivery]:
    now = timezone.now()
    waiting = Q(state=State.WAITING, next_attempt_at__lte=now)
    return AtsDelivery.objects.filter(waiting | Q(state=State.SENDING, lease_until__lt=now))


def deliver(delivery_id: UUID) -> None:
    """Send what is missing of one order; what fails for the moment is tried again later."""
    row = _take(delivery_id)
    if row is None or row.lease_token is None or row.connection is None:
        return
    sender = connections.Sender(LEASE)
    claim = _Claim(row.pk, row.session_id, row.lease_token, row.tries, dict(row.target), sender)
    try:
        work = _work(row, sender)
    except AtsError as error:
        _failed(claim, error)
        return
    for part in work.parts:
        if not _begin(claim, part, work.result):
            return
        failed = _write(claim, work, Part(part))
        if failed is not None:
            _failed(claim, failed)
            return
    _complete(claim)


@transaction.atomic
def _take(delivery_id: UUID) -> AtsDelivery | None:
    """Take the lease of an order that is due; None where there is nothing to do, or no more."""
    of = AtsDelivery.objects.filter(pk=delivery_id).values_list("session_id", flat=True).first()
    session = access.lock_session(of) if of else None
    if session is None:
        return None
    free = _due().select_for_update(of=("self",)).select_related("connection", "requested_by")
    row = free.filter(pk=delivery_id).first()
    if row is None:
        return None
    row.session = session
    row.tries += 1
    code = ""
    if row.connection is None or not row.connection.is_active:
        code = "no_connection"
    elif not has_consent(session):
        code = "no_consent"
    elif not _still_wanted(row):
        code = "not_wanted"
    elif row.tries > MOST_TRIES:  # whoever tried died each time
        code = "gave_up"
    if code:
        _give_up(row, code)
        return None
    row.state, row.lease_token, row.lease_until = State.SENDING, uuid.uuid4(), _lease()
    row.save(update_fields=["state", "tries", "lease_token", "lease_until"])
    return row


def _still_wanted(row: AtsDelivery) -> bool:
    """Tell whether what is sent is what is signed now, and who ordered it may still send it."""
    signed = Summary.objects.filter(session=row.session, state=Summary.State.SIGNED)
    stands = signed.filter(version=row.version).exists()
    by = row.requested_by
    return stands and by is not None and access.perms_of(by, row.session)["share"]


def _work(row: AtsDelivery, sender: connections.Sender) -> _Work:
    """Make what is to be sent: the same at every try. Raises AtsError."""
    version = (
        SummaryVersion.objects.filter(session=row.session, number=row.version)
        .select_related("by")
        .first()
    )
    if version is None or row.connection is None:
        raise AtsError("no_version", permanent=True)
    version.session = row.session
    left = [part for part in row.parts if not (row.remote or {}).get(part)]
    with connections.told():
        adapter = connections.opened(row.connection, sender)
    result = results.result_of(
        row.session,
        version,
        row.requested_by,
        left,
        results.mark_of(row.pk),
        with_file=row.connection.kind == AtsConnection.Kind.GENERIC,
    )
    return _Work(left, adapter, result)


def _lease() -> datetime:
    return timezone.now() + LEASE


def _give_up(row: AtsDelivery, code: str) -> None:
    row.state, row.error, row.finished_at = State.FAILED, code, timezone.now()
    row.lease_token = row.lease_until = row.next_attempt_at = None
    row.save()
    _trace(Event.ATS_FAILED, row, error=code)


@transaction.atomic
def _begin(claim: _Claim, part: str, result: Result) -> bool:
    """Note that a part is about to be sent; False where it must not be any more."""
    row = _owned(claim)
    if row is None:
        return False
    if not has_consent(row.session):
        _give_up(row, "no_consent")
        return False
    removals.intend(row, part, result.mark, result.file_name)
    row.lease_until = _lease()
    row.save(update_fields=["lease_until"])
    claim.sender.renew()
    return True


def _write(claim: _Claim, work: _Work, part: Part) -> AtsError | None:
    """Send one part, unless an earlier try did, and note its id; return how it failed."""
    target = Target(
        candidate=claim.target.get("candidate", ""),
        application=claim.target.get("application", ""),
        label=claim.target.get("label", ""),
    )
    looked = False
    try:
        with connections.told():
            found = None
            if claim.tries > 1:
                found = work.adapter.existing(part, target, work.result)
            looked = True
            remote_id = found or work.adapter.write(part, target, work.result)
    except AtsError as error:
        if looked and not error.unsure:
            _nothing_there(claim, part)
        return error
    _keep(claim, part, remote_id or UNKNOWN)
    return None


@transaction.atomic
def _nothing_there(claim: _Claim, part: str) -> None:
    row = _row(claim)
    if row is not None:
        removals.forget(row, part)


def _keep(claim: _Claim, part: str, remote_id: str) -> None:
    """Note what is over there, whoever holds the lease by now, and be the interview erased."""
    with transaction.atomic():
        row = _row(claim)
        if row is not None:
            row.remote = {**(row.remote or {}), part: remote_id}
            row.save(update_fields=["remote"])
            removals.note(row, part, remote_id)
            return
    removals.came_late(claim.delivery_id, claim.target, part, remote_id)


def _row(claim: _Claim) -> AtsDelivery | None:
    """Lock and return the order with its interview; None where that is erased."""
    session = access.lock_session(claim.session_id)
    if session is None:
        return None
    row = AtsDelivery.objects.select_for_update().filter(pk=claim.delivery_id).first()
    if row is not None:
        row.session = session
    return row


def _owned(claim: _Claim) -> AtsDelivery | None:
    """Lock and return the order if the lease still holds."""
    row = _row(claim)
    held = row is not None and row.state == State.SENDING and row.lease_token == claim.token
    return row if held else None


@transaction.atomic
def _failed(claim: _Claim, error: AtsError) -> None:
    row = _owned(claim)
    if row is None:
        return
    if error.permanent or row.tries >= MOST_TRIES:
        _give_up(row, error.code)
        return
    row.state, row.error = State.WAITING, error.code
    row.lease_token = row.lease_until = None
    row.next_attempt_at = timezone.now() + pause(row.tries, error.retry_after)
    row.save()


@transaction.atomic
def _complete(claim: _Claim) -> None:
    row = _owned(claim)
    if row is None:
        return
    row.lease_token = row.lease_until = None
    row.error = ""
    if all((row.remote or {}).get(part) for part in row.parts):
        row.state, row.finished_at, row.next_attempt_at = State.SENT, timezone.now(), None
        _trace(Event.ATS_PUSHED, row)
    else:  # somebody added a part meanwhile
        row.state, row.next_attempt_at = State.WAITING, timezone.now()
    row.save()


def _trace(event: Event, row: AtsDelivery, **more: str) -> None:
    audit.record(
        event,
        organization_id=row.session.organization_id,
        obj=row,
        details={
            "session": str(row.session_id),
            "version": row.version,
            "parts": row.parts,
            **more,
        },
    )
