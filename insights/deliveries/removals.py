"""What is over there of an interview, remembered so that it can be taken back when that is erased.

The ids are sealed with the organization's key, because the interview's own is destroyed first. A
removal has the id of its delivery and sleeps, without a time of its next attempt, until `wake`.
A part whose id is empty may be there: its try began, and nobody knows how it went.
"""

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.queries import managers
from copilot.lib.mail import send_on_commit
from insights.ats.base import Adapter, AtsError, Part, Result, Target
from insights.deliveries import connections
from insights.deliveries.backoff import LEASE, MOST_TRIES, pause
from insights.models import AtsDelivery, AtsRemoval, State

BY_HAND = "by_hand"
KEPT = timedelta(days=90)  # rows of removals that are done
MOST = 100

# --- While the interview is there ----------------------------------------------------------------


def intend(delivery: AtsDelivery, part: str, mark: str, file_name: str) -> None:
    """Note that a part is about to be written, in the caller's transaction."""
    removal = _of(delivery)
    remote = removal.remote or {
        "target": {key: delivery.target.get(key, "") for key in ("candidate", "application")},
        "parts": {},
    }
    remote["parts"].setdefault(part, "")
    system = delivery.connection.name if delivery.connection else ""
    _save(removal, {**remote, "system": system, "mark": mark, "file_name": file_name})


def note(delivery: AtsDelivery, part: str, remote_id: str) -> None:
    """Note that a part is over there, in the caller's transaction; wake where nobody else will."""
    removal = AtsRemoval.objects.select_for_update().filter(pk=delivery.pk).first()
    if removal is None or removal.remote is None:
        return
    remote = removal.remote
    remote["parts"][part] = remote_id
    _save(removal, remote)


def came_late(delivery_id: UUID, target: dict[str, str], part: str, remote_id: str) -> None:
    """Take back a part that arrived while its interview was erased."""
    with transaction.atomic():
        removal = AtsRemoval.objects.select_for_update().filter(pk=delivery_id).first()
        if removal is None:
            return
        remote = removal.remote or {"target": target, "parts": {}, "mark": "", "file_name": ""}
        remote["parts"][part] = remote_id
        removal.state, removal.error, removal.tries = State.WAITING, "", 0
        removal.finished_at, removal.next_attempt_at = None, timezone.now()
        _save(removal, remote)


def forget(delivery: AtsDelivery, part: str) -> None:
    """Take back that a part may be there: the other side said that it is not."""
    removal = AtsRemoval.objects.select_for_update().filter(pk=delivery.pk).first()
    if removal is None or removal.remote is None:
        return
    remote = removal.remote
    if not remote["parts"].get(part):
        remote["parts"].pop(part, None)
    if remote["parts"]:
        _save(removal, remote)
    else:
        removal.delete()


def _of(delivery: AtsDelivery) -> AtsRemoval:
    found = AtsRemoval.objects.select_for_update().filter(pk=delivery.pk).first()
    return found or AtsRemoval(
        pk=delivery.pk,
        organization_id=delivery.session.organization_id,
        connection_id=delivery.connection_id,
        session_id=delivery.session_id,
    )


def _save(removal: AtsRemoval, remote: dict[str, Any] | None) -> None:
    removal.remote = remote
    removal.save()


# --- When it is erased ---------------------------------------------------------------------------


def wake(session_id: UUID) -> int:
    """Let everything that was sent of an interview be taken back; return how many orders that is.

    What is being sent at this moment is waited for: until its lease ends it may still arrive.
    """
    now = timezone.now()
    sleeping = AtsRemoval.objects.filter(
        session_id=session_id, state=State.WAITING, next_attempt_at=None
    )
    leases = dict(
        AtsDelivery.objects.filter(pk__in=sleeping.values("pk"), lease_until__gt=now).values_list(
            "pk", "lease_until"
        )
    )
    woken = 0
    for pk in list(sleeping.values_list("pk", flat=True)):
        woken += sleeping.filter(pk=pk).update(next_attempt_at=leases.get(pk) or now)
    return woken


def overdue() -> list[UUID]:
    """Return the removals that are due and nobody is at."""
    return list(_due().order_by("next_attempt_at").values_list("pk", flat=True)[:MOST])


def _due() -> QuerySet[AtsRemoval]:
    now = timezone.now()
    waiting = Q(state=State.WAITING, next_attempt_at__lte=now)
    return AtsRemoval.objects.filter(waiting | Q(state=State.SENDING, lease_until__lt=now))


def remove(removal_id: UUID) -> None:
    """Take back over there what was sent; what fails for the moment is tried again later."""
    removal = _claim(removal_id)
    if removal is None or removal.lease_token is None:
        return
    if removal.connection is None:
        _end(removal, BY_HAND)  # it was deleted since
        return
    remote = removal.remote or {"parts": {}}
    error: AtsError | None = None
    left = {}
    for part, remote_id in remote["parts"].items():
        try:
            with connections.told():
                adapter = connections.opened(removal.connection)
                gone = _take_back(adapter, Part(part), remote_id, remote)
        except AtsError as failed:
            # What can be tried again keeps the whole waiting; the rest is still gone through.
            error = failed if error is None or error.permanent else error
            gone = False
        if not gone:
            left[part] = remote_id
    if error is not None and not error.permanent and removal.tries < MOST_TRIES:
        _again(removal, error, {**remote, "parts": left})
    elif left:
        code = error.code if error is not None else BY_HAND
        _end(removal, code, {**remote, "parts": left})
    else:
        _end(removal, "")


def _take_back(adapter: Adapter, part: Part, remote_id: str, remote: dict[str, Any]) -> bool:
    """Return whether a part is gone; False where the system removes nothing of the kind."""
    told = remote["target"]
    target = Target(candidate=told["candidate"], application=told["application"])
    if not remote_id:  # it may be there: nobody knows how the try ended
        sent = Result("", "", remote.get("mark", ""), remote.get("file_name", ""), b"")
        remote_id = adapter.existing(part, target, sent) or ""
    if not remote_id:
        return True
    if part not in adapter.removes:
        return False
    adapter.remove(part, target, remote_id)
    return True


@transaction.atomic
def _claim(removal_id: UUID) -> AtsRemoval | None:
    free = _due().select_for_update(of=("self",)).select_related("organization", "connection")
    removal = free.filter(pk=removal_id).first()
    if removal is None:
        return None
    removal.state = State.SENDING
    removal.tries += 1
    removal.lease_token = uuid.uuid4()
    removal.lease_until = timezone.now() + LEASE
    removal.save(update_fields=["state", "tries", "lease_token", "lease_until"])
    return removal


def _held(removal: AtsRemoval) -> AtsRemoval | None:
    """Lock and return the removal if the lease still holds; call inside a transaction."""
    return (
        AtsRemoval.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(pk=removal.pk, lease_token=removal.lease_token)
        .first()
    )


@transaction.atomic
def _again(removal: AtsRemoval, error: AtsError, remote: dict[str, Any]) -> None:
    held = _held(removal)
    if held is None:
        return
    held.state, held.error = State.WAITING, error.code
    held.lease_token = held.lease_until = None
    held.next_attempt_at = timezone.now() + pause(held.tries, error.retry_after)
    _save(held, remote)


@transaction.atomic
def _end(removal: AtsRemoval, error: str, remote: dict[str, Any] | None = None) -> None:
    held = _held(removal)
    if held is None:
        return
    held.state = State.FAILED if error else State.SENT
    held.error = error
    held.lease_token = held.lease_until = None
    held.finished_at = timezone.now()
    _save(held, (remote or held.remote) if error else None)
    audit.record(
        Event.ATS_NOT_REMOVED if error else Event.ATS_REMOVED,
        organization_id=held.organization_id,
        obj=held,
        details={"session": str(held.session_id), **({"error": error} if error else {})},
    )
    if error:
        _tell_admins(held)


def _tell_admins(removal: AtsRemoval) -> None:
    """Let the admins know that a person has to remove something; the mail says nothing of whom."""
    subject = _("An erased interview is still in your applicant tracking system")
    text = _(
        "An interview was erased. What had been sent of it to your applicant tracking system could "
        "not be removed there by the program, so a person has to.\n\n"
        "What is to be removed, and where, is in the administration under “ATS removals”. Mark it "
        "there as done when it is."
    )
    people = [m.user.email for m in managers(removal.organization).select_related("user")]
    send_on_commit(kind="ats removal", subject=subject, text=text, to=people)


@transaction.atomic
def done_by_hand(removal: AtsRemoval) -> bool:
    """Note that a person removed it over there; False where there is nothing left to do."""
    held = AtsRemoval.objects.select_for_update().filter(pk=removal.pk, state=State.FAILED).first()
    if held is None:
        return False
    held.state, held.error, held.finished_at = State.SENT, BY_HAND, timezone.now()
    _save(held, None)
    audit.record(
        Event.ATS_REMOVED,
        organization_id=held.organization_id,
        obj=held,
        details={"session": str(held.session_id), "by_hand": True},
    )
    return True


@transaction.atomic
def try_again(removal: AtsRemoval) -> bool:
    """Let the program try once more what failed; False where there is nothing left to do."""
    failed = AtsRemoval.objects.filter(pk=removal.pk, state=State.FAILED)
    now = timezone.now()
    return bool(failed.update(state=State.WAITING, tries=0, next_attempt_at=now, finished_at=None))


def visible() -> QuerySet[AtsRemoval]:
    """Return the removals of erased interviews: those of living ones only sleep."""
    return AtsRemoval.objects.exclude(state=State.WAITING, next_attempt_at=None)


def clear() -> int:
    """Delete what was done long ago."""
    old = AtsRemoval.objects.filter(state=State.SENT, finished_at__lt=timezone.now() - KEPT)
    return old.delete()[0]
