"""Rows of the outbox: written in the transaction of what they tell, cleared when they are old."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.kinds import Event
from insights.models import State, Webhook, WebhookDelivery
from insights.signals import webhooks_waiting
from insights.webhooks.kinds import NAMES, OF_ACT, Kind, place_of
from transcription.models import Upload

AT_ONCE = 2  # messages on their way to one webhook; to one that fails, one
KEPT = timedelta(days=30)  # of what is done
BATCH = 1000

SESSION = "interviews.session"
WRITTEN_DOWN = (Upload.State.DONE, Upload.State.FAILED)


# --- What is told --------------------------------------------------------------------------------


def note_act(event: Event, organization_id: UUID | None, object_type: str, object_id: str) -> None:
    """Tell who listens of an act, in its transaction; one query where nobody does."""
    kind = OF_ACT.get(event)
    if kind is None or organization_id is None:
        return
    listening = _listening(organization_id)
    if not listening:
        return
    ids = {NAMES[object_type]: object_id} if object_type in NAMES else {}
    session_id = _session_of(object_type, object_id)
    if session_id is None:
        return
    _write(kind, listening, session_id, ids)
    if kind == Kind.SESSION_ENDED:
        recording = Upload.objects.filter(session_id=session_id, state__in=WRITTEN_DOWN).first()
        if recording is not None:
            _write(Kind.UPLOAD_FINISHED, listening, session_id, {"upload": str(recording.pk)})


def note_erased(organization_id: UUID, session_id: UUID, receipt_id: UUID) -> None:
    """Tell that an interview is gone, in the transaction of its receipt."""
    put(Kind.SESSION_ERASED, organization_id, session_id, receipt=str(receipt_id))


@transaction.atomic
def put(kind: Kind, organization_id: UUID, session_id: UUID, **ids: str) -> None:
    """Write a row for each webhook of the organization that wants to know; sent on commit."""
    listening = _listening(organization_id)
    if listening:
        _write(kind, listening, session_id, ids)


def put_to(webhook: Webhook, kind: Kind, body: dict[str, Any], **fields: Any) -> WebhookDelivery:
    """Write a row for one webhook, whatever it listens to."""
    row = WebhookDelivery(
        webhook=webhook, event=kind, body=body, next_attempt_at=timezone.now(), **fields
    )
    row.save(force_insert=True)
    _wake([row])
    return row


def body_of(kind: Kind, ids: dict[str, str]) -> dict[str, Any]:
    """Return a message: what happened, when, to which ids, and where the API tells the rest."""
    place = place_of(kind, ids)
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "type": str(kind),
        "timestamp": at,
        "data": {**ids, **({"url": place} if place else {})},
    }


def _listening(organization_id: UUID) -> list[Webhook]:
    rows = Webhook.objects.filter(organization_id=organization_id, is_active=True)
    return list(rows.only("pk", "events"))


def _session_of(object_type: str, object_id: str) -> UUID | None:
    """Return the interview that an object is about; None where it is gone already."""
    if object_type == SESSION:
        return UUID(object_id)
    rows = apps.get_model(object_type)._default_manager.filter(pk=object_id)
    session_id: UUID | None = rows.values_list("session_id", flat=True).first()
    return session_id


def _write(kind: Kind, listening: Iterable[Webhook], session_id: UUID, ids: dict[str, str]) -> None:
    body = body_of(kind, {"session": str(session_id), **ids})
    rows = [
        WebhookDelivery(
            webhook=webhook,
            event=kind,
            session_id=session_id,
            body=body,
            next_attempt_at=timezone.now(),
        )
        for webhook in listening
        if not webhook.events or kind in webhook.events
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows)
        _wake(rows)


def _wake(rows: list[WebhookDelivery]) -> None:
    ids = [row.pk for row in rows]
    transaction.on_commit(
        lambda: webhooks_waiting.send_robust(sender=WebhookDelivery, delivery_ids=ids), robust=True
    )


# --- What is due ---------------------------------------------------------------------------------


def most_at_once(webhook: Webhook) -> int:
    """Return how many messages may be on their way to it: one that fails holds up little."""
    return AT_ONCE if webhook.failing_since is None else 1


def most_in_all() -> int:
    """Return how many threads of a worker may wait for webhooks; the others analyse."""
    return max(2, settings.INTERVIEW_ANALYSIS_WORKERS // 2)


def on_their_way(now: datetime) -> Any:
    """Return the rows that somebody is sending right now."""
    return WebhookDelivery.objects.filter(state=State.SENDING, lease_until__gt=now)


def is_due(row: WebhookDelivery, now: datetime) -> bool:
    if row.state == State.SENDING:  # whoever sent it died
        return row.lease_until is None or row.lease_until <= now
    return row.state == State.WAITING and (
        row.next_attempt_at is None or row.next_attempt_at <= now
    )


def overdue() -> list[UUID]:
    """Return what is to be sent now: of each webhook as many as it has room for, the oldest."""
    now = timezone.now()
    due = Q(state=State.WAITING, next_attempt_at__lte=now) | Q(
        state=State.SENDING, lease_until__lte=now
    )
    busy = on_their_way(now).order_by().values("webhook").annotate(number=Count("pk"))
    taken = dict(busy.values_list("webhook", "number"))
    place = Window(RowNumber(), partition_by="webhook", order_by=("next_attempt_at", "pk"))
    rows = WebhookDelivery.objects.filter(due, webhook__is_active=True).order_by("next_attempt_at")
    heads = rows.annotate(place=place).filter(place__lte=AT_ONCE)
    return [
        pk
        for pk, webhook_id, failing_since, number in heads.values_list(
            "pk", "webhook", "webhook__failing_since", "place"
        )
        if number + taken.get(webhook_id, 0) <= (AT_ONCE if failing_since is None else 1)
    ]


def next_due() -> UUID | None:
    """Return what to send next. Chance chooses the webhook: none comes first all the time."""
    waiting = overdue()
    return random.choice(waiting) if waiting else None  # noqa: S311


def clear() -> int:
    """Forget what was done with long ago, and secrets that sign no more; return how many rows."""
    now = timezone.now()
    Webhook.objects.filter(old_until__lte=now).update(old_secret=None, old_until=None)
    count = 0
    while True:
        old = WebhookDelivery.objects.filter(finished_at__lt=now - KEPT).order_by("pk")
        ids = list(old.values_list("pk", flat=True)[:BATCH])
        count += WebhookDelivery.objects.filter(pk__in=ids).delete()[0]
        if len(ids) < BATCH:
            return count
