"""Webhooks of an organization: added, changed, rotated, tested, switched off."""

import base64
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from accounts.queries import managers
from copilot.lib import outgoing
from copilot.lib.errors import DomainError
from copilot.lib.mail import send_on_commit
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import outbox
from insights.webhooks.kinds import CHOICES, Kind

MOST = 20  # of an organization
SECRET_BYTES = 32
BOTH_SIGN = timedelta(hours=24)  # after a rotation
FAILING = timedelta(days=5)  # then one is switched off
NAMES = frozenset(name for name, _label in CHOICES)

OFF = "switched_off"  # why a message was not sent
ANSWERED_GONE, FAILED_TOO_LONG = "gone", "failing"  # why a webhook was switched off

REFUSED: dict[str, str | Promise] = {
    "bad_address": gettext_lazy("This is no address of a server."),
    "not_https": gettext_lazy("The address begins with https://."),
    "password_in_address": gettext_lazy("The address holds no name or password."),
    "private_address": gettext_lazy("This address is not on the public internet."),
}


def webhooks_of(organizations: Iterable[Organization]) -> QuerySet[Webhook]:
    found = Webhook.objects.filter(organization__in=organizations)
    return found.select_related("organization")


def check_url(url: str) -> str:
    """Return an address that may be asked; raise DomainError with what is wrong with it."""
    url = url.strip()
    try:
        outgoing.Allowed(settings.INTERVIEW_OUTGOING_ALLOW).check(url)
    except outgoing.Refused as refused:
        raise DomainError(refused.code, str(REFUSED[refused.code]), status=400) from None
    return url


def check_events(events: Collection[str]) -> list[str]:
    """Return names in their order, each once; raise DomainError for what is none."""
    if not NAMES.issuperset(events):
        raise DomainError("bad_events", _("There is no such event."), status=400)
    return [name for name, _label in CHOICES if name in events]


# --- What admins do ------------------------------------------------------------------------------


@transaction.atomic
def create(
    *,
    organization: Organization,
    url: str,
    by: User,
    events: Collection[str] = (),
    description: str = "",
    is_active: bool = True,
) -> tuple[Webhook, str]:
    """Add a webhook; return it and its secret, which is shown this once.

    Raises DomainError: what `check_url` and `check_events` say, too_many_webhooks.
    """
    url, wanted = check_url(url), check_events(events)
    Organization.objects.select_for_update().get(pk=organization.pk)  # of several, one counts first
    if Webhook.objects.filter(organization=organization).count() >= MOST:
        detail = _("An organization has at most %(most)d webhooks.") % {"most": MOST}
        raise DomainError("too_many_webhooks", detail)
    webhook = Webhook(
        organization=organization,
        url=url,
        events=wanted,
        description=description,
        is_active=is_active,
        created_by=by,
    )
    webhook.secret = secret = _new_secret()
    webhook.save(force_insert=True)
    _trace(webhook, "added")
    return webhook, secret


@transaction.atomic
def change(*, webhook: Webhook, **wanted: Any) -> Webhook:
    """Change url, events, description or is_active; raise DomainError as `create` does.

    What waits for a webhook that is switched off is never sent by itself.
    """
    if "url" in wanted:
        wanted["url"] = check_url(wanted["url"])
    if "events" in wanted:
        wanted["events"] = check_events(wanted["events"])
    held = hold(webhook.pk)
    changed = [name for name, value in wanted.items() if getattr(held, name) != value]
    for name in changed:
        setattr(held, name, wanted[name])
    if "is_active" in changed:
        held.failing_since = held.disabled_at = None
        if not held.is_active:
            _call_back(held)
    if changed:
        held.save()
        _trace(held, "changed", fields=sorted(changed))
    return held


@transaction.atomic
def rotate(*, webhook: Webhook) -> tuple[Webhook, str]:
    """Give a webhook a new secret; for a day the one before signs too."""
    held = hold(webhook.pk)
    held.old_secret, held.old_until = held.secret, timezone.now() + BOTH_SIGN
    held.secret = secret = _new_secret()
    held.save()
    _trace(held, "rotated")
    return held, secret


@transaction.atomic
def remove(*, webhook: Webhook) -> None:
    _trace(webhook, "removed")
    webhook.delete()


@transaction.atomic
def test(*, webhook: Webhook) -> WebhookDelivery:
    """Send a message of no meaning, once; raise DomainError `webhook_off`."""
    held = _working(webhook)
    _trace(held, "tested")
    body = outbox.body_of(Kind.TEST, {"webhook": str(held.pk)})
    return outbox.put_to(held, Kind.TEST, body)


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send a message once more, as another one with its own id.

    Raises DomainError: webhook_off; not_finished, where it is still tried by itself.
    """
    held = _working(delivery.webhook)
    if delivery.state in (State.WAITING, State.SENDING):
        raise DomainError("not_finished", _("This message is still on its way."))
    again = outbox.put_to(
        held,
        Kind(delivery.event),
        delivery.body,
        session_id=delivery.session_id,
        replay_of=delivery,
    )
    audit.record(
        Event.WEBHOOK_REPLAYED,
        organization_id=held.organization_id,
        obj=held,
        details={"delivery": str(delivery.pk), "event": delivery.event},
    )
    return again


def _working(webhook: Webhook) -> Webhook:
    held = hold(webhook.pk)
    if not held.is_active:
        raise DomainError("webhook_off", _("This webhook is switched off."))
    return held


def hold(webhook_id: UUID) -> Webhook:
    """Lock a webhook until the caller's transaction ends; raise Http404 where it is gone."""
    # Rows that point to it take a lock on Postgres, which this one leaves room for.
    rows = Webhook.objects.select_related("organization")
    return get_object_or_404(rows.select_for_update(of=("self",), no_key=True), pk=webhook_id)


# --- Secrets -------------------------------------------------------------------------------------


def secrets_of(webhook: Webhook, at: datetime) -> list[str]:
    """Return what signs at a time, the newest first; raise CryptoError where it does not open."""
    if webhook.old_until is not None and webhook.old_until > at:
        return [webhook.secret, webhook.old_secret]
    return [webhook.secret]


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


# --- Switched off --------------------------------------------------------------------------------


def failed_too_long(webhook: Webhook) -> bool:
    """Tell whether nothing arrived for days; call when a message was given up."""
    since = webhook.failing_since
    return since is not None and since <= timezone.now() - FAILING


def disable(webhook: Webhook, reason: str) -> None:
    """Switch a webhook off and tell the organization's admins; call inside a transaction."""
    webhook.is_active, webhook.disabled_at = False, timezone.now()
    webhook.save(update_fields=["is_active", "disabled_at"])
    _call_back(webhook)
    audit.record(
        Event.WEBHOOK_DISABLED,
        organization_id=webhook.organization_id,
        obj=webhook,
        details={"reason": reason},
    )
    organization = webhook.organization
    with translation.override(organization.language):
        context = {
            "host": host_of(webhook),
            "description": webhook.description,
            "gone": reason == ANSWERED_GONE,
            "days": FAILING.days,
        }
        send_on_commit(
            kind="webhook switched off",
            subject=_("A webhook was switched off: %s") % context["host"],
            text=render_to_string("insights/email/webhook_disabled.txt", context),
            to=sorted(managers(organization).values_list("user__email", flat=True)),
        )


def host_of(webhook: Webhook) -> str:
    """Return what may be told of an address: the rest of it may hold a key."""
    return urlsplit(webhook.url).hostname or ""


def _call_back(webhook: Webhook) -> None:
    """Cancel what waits. What is on its way right now ends by itself."""
    webhook.deliveries.filter(state=State.WAITING).update(
        state=State.CANCELLED, error=OFF, next_attempt_at=None, finished_at=timezone.now()
    )


def _trace(webhook: Webhook, change: str, **more: Any) -> None:
    audit.record(
        Event.WEBHOOK_CHANGED,
        organization_id=webhook.organization_id,
        obj=webhook,
        details={"change": change, **more},
    )
