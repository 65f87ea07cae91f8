"""What leaves for other systems, and how it went: ATS connections, webhooks and their outboxes."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from copilot.lib.sealed import SealedField, sealed_state
from sessions.models import SealedRow, Session


class OfOrganization(models.Model):
    """A row whose sealed fields open with the key of its organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True

    def __getstate__(self) -> dict[str, Any]:
        return sealed_state(self)

    def data_key(self) -> bytes:
        organization: Organization = self.organization  # type: ignore[attr-defined]  # all have one
        return organization.key()


class State(models.TextChoices):
    """Where an order to send something stands."""

    WAITING = "waiting", _("Waiting")  # for its first try or the next one
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")  # and is not tried again by itself
    CANCELLED = "cancelled", _("Cancelled")


class Order(models.Model):
    """One row of an outbox: claimed by who sends it, tried again until it is done or given up."""

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)  # somebody is sending it until then
    lease_token = models.UUIDField(null=True)  # and proves it with this
    error = models.CharField(max_length=40, blank=True)  # a stable code; sentences are the page's
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class AtsConnection(OfOrganization):
    """Where an organization's results may be sent; the credential is sealed with its key.

    `options` is what a system needs besides (`insights.ats`: a user to act for, a form), `mapping`
    the fields of the generic push.
    """

    class Kind(models.TextChoices):
        GREENHOUSE = "greenhouse", "Greenhouse"
        LEVER = "lever", "Lever"
        ASHBY = "ashby", "Ashby"
        WORKABLE = "workable", "Workable"
        TEAMTAILOR = "teamtailor", "Teamtailor"
        GENERIC = "generic", _("JSON to any address")

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="ats_connections"
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("system"), max_length=12, choices=Kind.choices)
    base_url = models.URLField(_("address"), help_text=_("https only"))
    credential = SealedField(null=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    mapping = models.JSONField(_("mapping"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    checked_at = models.DateTimeField(_("tried"), null=True, editable=False)
    check_error = models.CharField(max_length=40, blank=True, editable=False)  # "": it answered

    class Meta:
        verbose_name = _("ATS connection")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AtsDelivery(SealedRow, Order):
    """A person's order to send a signed summary to an ATS. `parts` of note, attachment, scorecard.

    `target` is {"candidate", "application", "label"}: whom it is about over there. `remote` says
    what is there already, {part: id}: a part that has an id is never sent again.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="ats_deliveries")
    connection = models.ForeignKey(
        AtsConnection, on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    version = models.PositiveIntegerField()  # number of the summary's version that is sent
    parts = models.JSONField(default=list)
    target = SealedField()
    remote = SealedField(null=True)
    fingerprint = models.BinaryField(max_length=16)  # keyed: connection, target, version

    class Meta:
        verbose_name = _("ATS delivery")
        verbose_name_plural = _("ATS deliveries")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "fingerprint"],
                condition=~models.Q(state="cancelled"),
                name="one_ats_delivery_each",
            )
        ]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="ats_delivery_due")]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class AtsRemoval(OfOrganization, Order):
    """That what was sent of an erased interview is to go over there too; outlives the interview.

    `remote` is {"target", "parts": {part: id}}. An error `by_hand` says that the system's API
    removes nothing, so that a person has to.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="ats_removals"
    )
    connection = models.ForeignKey(
        AtsConnection, on_delete=models.SET_NULL, null=True, related_name="removals"
    )
    session_id = models.UUIDField()  # no foreign key: the interview is gone
    remote = SealedField(null=True)  # emptied once it is done

    class Meta:
        verbose_name = _("ATS removal")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="ats_removal_due")]

    def __str__(self) -> str:
        return f"removal {self.pk}"


class Webhook(OfOrganization):
    """An address of an organization that is told what happens: ids, and never words."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.URLField(_("address"), max_length=500, help_text=_("https only"))
    description = models.CharField(_("description"), max_length=120, blank=True)
    secret = SealedField()  # whsec_…
    old_secret = SealedField(null=True)  # signs too, until `old_until`
    old_until = models.DateTimeField(null=True, editable=False)
    events = models.JSONField(_("events"), default=list)  # names; empty: all
    is_active = models.BooleanField(_("active"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    disabled_at = models.DateTimeField(_("switched off"), null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookDelivery(Order):
    """One message to one webhook. Its id is the message's: a receiver knows a repeat by it.

    `attempts` is [{"at", "status", "error", "ms"}], the oldest first.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(_("event"), max_length=40)
    session_id = models.UUIDField(null=True)  # no foreign key: "session.erased" outlives it
    body = models.JSONField()  # as sent
    attempts = models.JSONField(default=list)
    replay_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="webhook_delivery_due"),
            models.Index(fields=["webhook", "-created_at"], name="webhook_delivery_log"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
