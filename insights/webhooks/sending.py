"""One attempt to send one message: claimed, signed, sent, and written down how it went.

A claim is a lease with a token: of two workers one sends, and one that dies in the middle is taken
over with the same message, which its receiver knows by `webhook-id`.
"""

import json
import logging
import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import standardwebhooks
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from copilot.lib import outgoing
from copilot.lib.crypto import CryptoError
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import endpoints, outbox
from insights.webhooks.kinds import Kind

logger = logging.getLogger(__name__)

# Seconds before the second try, the third, and so on: about three days in all.
PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
MOST_TRIES = len(PAUSES) + 1
JITTER = 0.2  # of a pause, more or less
LONGEST = 86400.0  # whatever the other side asks for
SOON = 10.0  # seconds for which a task waits itself; the sweep sees to the rest
LEASE = timedelta(seconds=60)  # a request ends after `outgoing.SECONDS`
GONE = 410
ASKS_TO_WAIT = (429, 503)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one message."""

    delivery_id: UUID
    token: UUID
    webhook: Webhook = field(repr=False)
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went; `error` is "" where it arrived."""

    status: int | None
    error: str
    milliseconds: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """There was an attempt; `again` says after how many seconds the next one is, if it is soon."""

    again: float | None


def deliver(delivery_id: UUID) -> Tried | None:
    """Try to send a message; None where it is not due, or somebody else is at it."""
    claim = _claim(delivery_id)
    if claim is None:
        return None
    outcome = _send(claim)
    return Tried(_finish(claim, outcome))


# --- The claim -----------------------------------------------------------------------------------


@transaction.atomic
def _claim(delivery_id: UUID) -> Claim | None:
    held = _hold(delivery_id)
    if held is None:
        return None
    webhook, row = held
    now = timezone.now()
    if not outbox.is_due(row, now):
        return None
    if not webhook.is_active:
        _end(row, State.CANCELLED, endpoints.OFF)
        return None
    under_way = outbox.on_their_way(now)
    if under_way.filter(webhook=webhook).count() >= outbox.most_at_once(webhook):
        return None
    if under_way.count() >= outbox.most_in_all():
        return None
    if row.state == State.SENDING:
        row.attempts.append(_attempt(Outcome(None, "worker_lost", 0)))
        if row.tries >= MOST_TRIES:
            _end(row, State.FAILED, "worker_lost")
            return None
    row.state, row.tries = State.SENDING, row.tries + 1
    row.lease_token, row.lease_until = uuid.uuid4(), now + LEASE
    row.save()
    return Claim(row.pk, row.lease_token, webhook, row.body)


def _hold(delivery_id: UUID) -> tuple[Webhook, WebhookDelivery] | None:
    """Lock a webhook and then a message to it; None where they are gone."""
    rows = Webhook.objects.select_related("organization")
    free = rows.select_for_update(of=("self",), no_key=True)
    webhook = free.filter(deliveries__pk=delivery_id).first()
    row = WebhookDelivery.objects.select_for_update().filter(pk=delivery_id).first()
    return (webhook, row) if webhook is not None and row is not None else None


# --- The request ---------------------------------------------------------------------------------


def _send(claim: Claim) -> Outcome:
    """Send one request. What comes back says how it went; its words are not kept."""
    began = time.monotonic()
    status, error, retry_after = None, "", None
    try:
        content = json.dumps(claim.body, separators=(",", ":")).encode()
        answer = outgoing.request(
            outgoing.Allowed(settings.INTERVIEW_OUTGOING_ALLOW),
            "POST",
            claim.webhook.url,
            headers=_headers(claim, content),
            content=content,
        )
    except (outgoing.Refused, outgoing.Unreachable) as failed:
        error = failed.code
    except CryptoError:
        error = "damaged"
        logger.error("webhook %s: its secret does not open", claim.webhook.pk)
    else:
        status = answer.status
        error = "" if 200 <= status < 300 else f"http_{status}"
        if status in ASKS_TO_WAIT:
            retry_after = _seconds(answer.headers.get("retry-after", ""))
    milliseconds = round((time.monotonic() - began) * 1000)
    logger.info("webhook message %s: %s", claim.delivery_id, error or status)
    return Outcome(status, error, milliseconds, retry_after)


def _headers(claim: Claim, content: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks; during a rotation both secrets sign."""
    at = timezone.now().astimezone(UTC)
    message = str(claim.delivery_id)
    signatures = [
        standardwebhooks.Webhook(secret).sign(message, at, content.decode())
        for secret in endpoints.secrets_of(claim.webhook, at)
    ]
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _seconds(retry_after: str) -> float | None:
    """Return how long to wait by this header: seconds, or a date; None for anything else."""
    if retry_after.isdecimal() and len(retry_after) < 10:
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return (until - datetime.now(UTC)).total_seconds()


# --- What came of it -----------------------------------------------------------------------------


@transaction.atomic
def _finish(claim: Claim, outcome: Outcome) -> float | None:
    """Write down how it went; return the seconds until the next attempt if it is soon."""
    held = _hold(claim.delivery_id)
    if held is None or held[1].lease_token != claim.token:
        return None  # somebody took it over: what they write counts
    webhook, row = held
    row.attempts.append(_attempt(outcome))
    if not outcome.error:
        _end(row, State.SENT)
        if webhook.failing_since is not None:
            webhook.failing_since = None
            webhook.save(update_fields=["failing_since"])
        return None
    if row.event == Kind.TEST:  # a person is waiting for how it goes
        _end(row, State.FAILED, outcome.error)
        return None
    if webhook.failing_since is None:
        webhook.failing_since = timezone.now()
        webhook.save(update_fields=["failing_since"])
    if outcome.status == GONE:
        _end(row, State.FAILED, outcome.error)
        endpoints.disable(webhook, endpoints.ANSWERED_GONE)
        return None
    if row.tries >= MOST_TRIES or not webhook.is_active:
        _end(row, State.FAILED, outcome.error)
        if webhook.is_active and endpoints.failed_too_long(webhook):
            endpoints.disable(webhook, endpoints.FAILED_TOO_LONG)
        return None
    wait = _pause(row.tries, outcome.retry_after)
    row.state, row.error = State.WAITING, outcome.error
    row.lease_token = row.lease_until = None
    row.next_attempt_at = timezone.now() + timedelta(seconds=wait)
    row.save()
    return wait if wait <= SOON else None


def _pause(tries: int, retry_after: float | None) -> float:
    """Return the seconds after so many tries, never fewer than the other side asked for."""
    planned = PAUSES[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return max(planned, min(retry_after or 0.0, LONGEST))


def _attempt(outcome: Outcome) -> dict[str, Any]:
    return {
        "at": timezone.now().isoformat(timespec="milliseconds"),
        "status": outcome.status,
        "error": outcome.error,
        "ms": outcome.milliseconds,
    }


def _end(row: WebhookDelivery, state: str, error: str = "") -> None:
    row.state, row.error = state, error
    row.next_attempt_at = row.lease_token = row.lease_until = None
    row.finished_at = timezone.now()
    row.save()
