"""REST: webhooks of an organization, for its admins, and what was sent to them."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.models import Organization, User
from accounts.queries import memberships_of
from accounts.rest import Endpoint
from accounts.roles import Act, allows
from copilot.lib.openapi import paged
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import endpoints
from insights.webhooks.kinds import CHOICES, Kind

MESSAGES_A_MINUTE = 30  # that one person tests and sends again


class WebhookChange(serializers.Serializer[Any]):
    """What of a webhook changes; what is not named stays."""

    url = serializers.CharField(
        max_length=500, required=False, help_text="https, on the public internet."
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=[name for name, _label in CHOICES]),
        max_length=len(CHOICES),
        required=False,
        help_text="What it is told; empty: everything.",
    )
    description = serializers.CharField(max_length=120, allow_blank=True, required=False)
    is_active = serializers.BooleanField(required=False)


class WebhookWrite(WebhookChange):
    """A webhook as it is made."""

    url = serializers.CharField(max_length=500, help_text="https, on the public internet.")


class WebhookShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    failing_since = serializers.DateTimeField(allow_null=True)
    disabled_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was switched off because nothing arrived."
    )
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before the last rotation signs too."
    )
    created_at = serializers.DateTimeField()


class WebhookWithSecret(WebhookShape):
    secret = serializers.CharField(help_text="`whsec_…`; told this once.")


class AttemptShape(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="Null: nothing came back.")
    error = serializers.CharField(allow_blank=True, help_text="A code; empty where it arrived.")
    ms = serializers.IntegerField()


class WebhookData(serializers.Serializer[Any]):
    """Ids only; which ones depends on the event."""

    session = serializers.UUIDField(required=False)
    upload = serializers.UUIDField(required=False)
    request = serializers.UUIDField(required=False)
    delivery = serializers.UUIDField(required=False)
    receipt = serializers.UUIDField(required=False)
    webhook = serializers.UUIDField(required=False)
    url = serializers.CharField(required=False, help_text="Where this API tells the rest.")


class WebhookMessage(serializers.Serializer[Any]):
    """What is sent, as JSON."""

    type = serializers.ChoiceField(choices=Kind.values)
    timestamp = serializers.DateTimeField()
    data = WebhookData()  # type: ignore[assignment]  # a field of that name


class WebhookDeliveryShape(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The `webhook-id` of the message.")
    event = serializers.ChoiceField(choices=Kind.values)
    state = serializers.ChoiceField(choices=State.values)
    body = WebhookMessage()
    tries = serializers.IntegerField()
    attempts = AttemptShape(many=True)
    error = serializers.CharField(allow_blank=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    replay_of = serializers.UUIDField(allow_null=True)


class DeliveryFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=State.values, required=False)
    event = serializers.ChoiceField(choices=Kind.values, required=False)


def webhook_json(webhook: Webhook) -> dict[str, Any]:
    """Return a webhook without its secrets."""
    return {
        "id": str(webhook.pk),
        "url": webhook.url,
        "events": webhook.events,
        "description": webhook.description,
        "is_active": webhook.is_active,
        "failing_since": webhook.failing_since,
        "disabled_at": webhook.disabled_at,
        "old_secret_until": webhook.old_until,
        "created_at": webhook.created_at,
    }


def delivery_json(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "event": row.event,
        "state": row.state,
        "body": row.body,
        "tries": row.tries,
        "attempts": row.attempts,
        "error": row.error,
        "next_attempt_at": row.next_attempt_at,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "replay_of": str(row.replay_of_id) if row.replay_of_id else None,
    }


# --- Who -----------------------------------------------------------------------------------------


def _managed(request: Request) -> list[Organization]:
    """Return the organizations whose webhooks are the person's to see; Http404 without one."""
    found = [m.organization for m in memberships_of(request.user) if allows(m.role, Act.MANAGE)]
    if not found:
        raise Http404("not for you")
    return found


def _webhook(request: Request, webhook_id: UUID) -> Webhook:
    return get_object_or_404(endpoints.webhooks_of(_managed(request)), pk=webhook_id)


def _deliveries(request: Request, webhook_id: UUID) -> QuerySet[WebhookDelivery]:
    return _webhook(request, webhook_id).deliveries.select_related("webhook__organization")


def _told(request: Request) -> None:
    limits.take(f"webhooks.{request.user.pk}", MESSAGES_A_MINUTE)


# --- Endpoints -----------------------------------------------------------------------------------


class Webhooks(Endpoint):
    """Addresses that are told what happens in the organization."""

    keeps_answers = False  # the secret is told once

    @extend_schema(operation_id="webhooks_list", responses={200: paged(WebhookShape), 404: None})
    def get(self, request: Request) -> Response:
        rows = endpoints.webhooks_of(_managed(request))
        return self.page(request, rows, webhook_json, ordering=("created_at", "id"))

    @extend_schema(
        operation_id="webhooks_create",
        request=WebhookWrite,
        responses={201: WebhookWithSecret, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Add a webhook; the answer tells its secret, and nothing else ever does."""
        organization = _managed(request)[0]
        given = WebhookWrite(data=request.data)
        given.is_valid(raise_exception=True)
        webhook, secret = endpoints.create(
            organization=organization, by=cast("User", request.user), **given.validated_data
        )
        return Response({**webhook_json(webhook), "secret": secret}, status=201)


class OneWebhook(Endpoint):
    """One webhook, its secrets left out."""

    def hold(self, **place: Any) -> None:
        endpoints.hold(place["webhook_id"])

    @extend_schema(operation_id="webhooks_get", responses={200: WebhookShape})
    def get(self, request: Request, webhook_id: UUID) -> Response:
        return Response(webhook_json(_webhook(request, webhook_id)))

    @extend_schema(operation_id="webhooks_change", request=WebhookChange, responses=WebhookShape)
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change a webhook; `is_active` switches on again what was switched off after failures."""
        webhook = _webhook(request, webhook_id)
        given = WebhookChange(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(webhook_json(endpoints.change(webhook=webhook, **given.validated_data)))

    @extend_schema(operation_id="webhooks_remove", responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Remove a webhook and its log."""
        endpoints.remove(webhook=_webhook(request, webhook_id))
        return Response(status=204)


class RotateWebhook(Endpoint):
    keeps_answers = False  # the secret is told once

    @extend_schema(operation_id="webhooks_rotate", request=None, responses={200: WebhookWithSecret})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Give it a new secret; for 24 hours messages are signed by the one before too."""
        webhook, secret = endpoints.rotate(webhook=_webhook(request, webhook_id))
        return Response({**webhook_json(webhook), "secret": secret})


class TestWebhook(Endpoint):
    __test__ = False  # no test of pytest's

    @extend_schema(
        operation_id="webhooks_test", request=None, responses={202: WebhookDeliveryShape}
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a `webhook.test`, once; its row in the log says how it went."""
        webhook = _webhook(request, webhook_id)
        _told(request)
        return Response(delivery_json(endpoints.test(webhook=webhook)), status=202)


class WebhookDeliveries(Endpoint):
    """What was sent to a webhook in the last 30 days, the newest first."""

    @extend_schema(
        operation_id="webhooks_deliveries_list",
        parameters=[DeliveryFilter],
        responses={200: paged(WebhookDeliveryShape)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        rows = _deliveries(request, webhook_id)
        given = DeliveryFilter(data=request.query_params)
        given.is_valid(raise_exception=True)
        rows = rows.filter(**given.validated_data)
        return self.page(request, rows, delivery_json, ordering=("-created_at", "-id"))


class OneWebhookDelivery(Endpoint):
    """One message and its attempts."""

    @extend_schema(operation_id="webhooks_deliveries_get", responses={200: WebhookDeliveryShape})
    def get(self, request: Request, webhook_id: UUID, message_id: UUID) -> Response:
        row = get_object_or_404(_deliveries(request, webhook_id), pk=message_id)
        return Response(delivery_json(row))


class ReplayWebhookDelivery(Endpoint):
    @extend_schema(
        operation_id="webhooks_deliveries_replay",
        request=None,
        responses={202: WebhookDeliveryShape},
    )
    def post(self, request: Request, webhook_id: UUID, message_id: UUID) -> Response:
        """Send a message once more, as another one with its own id."""
        row = get_object_or_404(_deliveries(request, webhook_id), pk=message_id)
        _told(request)
        return Response(delivery_json(endpoints.replay(delivery=row)), status=202)
