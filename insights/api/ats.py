"""REST: sending a signed result to an ATS, by the explicit act of a person."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.models import User
from accounts.queries import memberships_of
from accounts.rest import Endpoint
from copilot.lib.errors import DomainError
from copilot.lib.openapi import listed, paged
from insights import deliveries, tasks
from insights.ats.base import AtsError, Part
from insights.deliveries import connection_json, connections, delivery_json, wording
from insights.models import AtsDelivery, State
from sessions import access
from sessions.models import Session

ORDERS_A_MINUTE = 20  # of one person
SEARCHES_A_MINUTE = 30
CHARS = 200  # of an id of theirs, of what is searched


class AtsTarget(serializers.Serializer[Any]):
    """Somebody over there, by ids of the other system; `label` is for people."""

    candidate = serializers.CharField(max_length=CHARS, allow_blank=True, default="")
    application = serializers.CharField(max_length=CHARS, allow_blank=True, default="")
    label = serializers.CharField(  # type: ignore[assignment]  # the field's own is a property
        max_length=CHARS, allow_blank=True, default=""
    )


class AtsOrder(serializers.Serializer[Any]):
    connection = serializers.UUIDField()
    target = AtsTarget()
    parts = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(part) for part in Part]),
        min_length=1,
        max_length=len(Part),
    )
    # that was looked at: one that was signed meanwhile is refused
    version = serializers.IntegerField(required=False, min_value=1)


class AtsSearch(serializers.Serializer[Any]):
    """In a body: what is searched is personal, and addresses end up in logs."""

    q = serializers.CharField(max_length=CHARS)


class AtsSystem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    system = serializers.CharField()


class AtsConnectionShape(AtsSystem):
    parts = serializers.ListField(child=serializers.CharField())
    finds = serializers.BooleanField()


class AtsErrorShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    fix = serializers.CharField()


class AtsDeliveryShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=State.values)
    connection = AtsSystem(allow_null=True)
    target = AtsTarget()
    parts = serializers.ListField(child=serializers.CharField())
    done = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
    requested_by = serializers.CharField()
    error = AtsErrorShape(allow_null=True)
    tries = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class SentPart(serializers.Serializer[Any]):
    part = serializers.CharField()
    text = serializers.CharField(help_text="As it is sent; of a file its name.")
    bytes = serializers.IntegerField(allow_null=True, help_text="Of a file.")


class AtsPreview(serializers.Serializer[Any]):
    """Exactly what an order would send."""

    version = serializers.IntegerField()
    parts = SentPart(many=True)


def _sendable(request: Request, session_id: UUID) -> Session:
    """Return the session for who decides who gets to see it: its owner, and admins."""
    return access.get_session(request.user, session_id, access.Perm.SHARE)


def _ordered(request: Request) -> dict[str, Any]:
    given = AtsOrder(data=request.data)
    given.is_valid(raise_exception=True)
    wanted = given.validated_data
    return {
        "by": cast("User", request.user),
        "connection_id": wanted["connection"],
        "target": dict(wanted["target"]),
        "parts": wanted["parts"],
        "version": wanted.get("version"),
    }


def _wake(row: AtsDelivery) -> None:
    transaction.on_commit(lambda: tasks.deliver.delay(str(row.pk)))


def _over_there(ask: Callable[[], Any]) -> Any:
    """Return what the other system says; what it refuses is told with a way to fix it."""
    try:
        return ask()
    except AtsError as error:
        detail, fix = wording.sentences(error.code)
        more = {"reason": error.code, "fix": fix}
        raise DomainError("ats_failed", detail, status=409, **more) from None


class Connections(Endpoint):
    """Where the results of one's organizations may be sent."""

    @extend_schema(operation_id="ats_connections_list", responses={200: listed(AtsConnectionShape)})
    def get(self, request: Request) -> Response:
        found = [
            connection_json(connection)
            for membership in memberships_of(request.user)
            for connection in connections.active(membership.organization)
        ]
        return Response({"results": found})


class Candidates(Endpoint):
    """Search somebody over there, for an interview that one may send."""

    keeps_answers = False  # asks somebody outside, and what is found is not kept

    @extend_schema(
        operation_id="ats_candidates_search", request=AtsSearch, responses={200: listed(AtsTarget)}
    )
    def post(self, request: Request, session_id: UUID, connection_id: UUID) -> Response:
        session = _sendable(request, session_id)
        given = AtsSearch(data=request.data)
        given.is_valid(raise_exception=True)
        connection = connections.get(session.organization, connection_id)
        if not connections.finds(connection):
            detail = _("This system cannot be searched. Enter the id of the candidate.")
            raise DomainError("cannot_search", detail)
        limits.take(f"ats.search.{request.user.pk}", SEARCHES_A_MINUTE)
        found = _over_there(lambda: connections.find(connection, given.validated_data["q"]))
        results = [
            {"candidate": t.candidate, "application": t.application, "label": t.label}
            for t in found
        ]
        return Response({"results": results})


class Deliveries(Endpoint):
    """What was ordered to be sent of an interview, and how it went; POST orders."""

    @extend_schema(operation_id="ats_deliveries_list", responses={200: paged(AtsDeliveryShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        rows = deliveries.deliveries_of(_sendable(request, session_id))
        return self.page(request, rows, delivery_json, ordering=("-created_at", "id"))

    @extend_schema(
        operation_id="ats_deliveries_order",
        request=AtsOrder,
        responses={200: AtsDeliveryShape, 201: AtsDeliveryShape},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        session = _sendable(request, session_id)
        wanted = _ordered(request)
        limits.take(f"ats.{request.user.pk}", ORDERS_A_MINUTE)
        row, fresh = deliveries.order(session=session, **wanted)
        if fresh:
            _wake(row)
        return Response(delivery_json(row), status=201 if fresh else 200)


class Preview(Endpoint):
    """What an order would send; nothing leaves."""

    keeps_answers = False  # nothing is done, and a file is made to be looked at

    @extend_schema(operation_id="ats_preview", request=AtsOrder, responses={200: AtsPreview})
    def post(self, request: Request, session_id: UUID) -> Response:
        session = _sendable(request, session_id)
        wanted = _ordered(request)
        limits.take(f"ats.{request.user.pk}", ORDERS_A_MINUTE)
        shown = _over_there(lambda: deliveries.preview(session=session, **wanted))
        return Response(shown)


class Retry(Endpoint):
    @extend_schema(
        operation_id="ats_deliveries_retry", request=None, responses={200: AtsDeliveryShape}
    )
    def post(self, request: Request, session_id: UUID, delivery_id: UUID) -> Response:
        session = _sendable(request, session_id)
        limits.take(f"ats.{request.user.pk}", ORDERS_A_MINUTE)
        row = deliveries.retry(session=session, delivery_id=delivery_id)
        _wake(row)
        return Response(delivery_json(row))


class Cancel(Endpoint):
    @extend_schema(
        operation_id="ats_deliveries_cancel", request=None, responses={200: AtsDeliveryShape}
    )
    def post(self, request: Request, session_id: UUID, delivery_id: UUID) -> Response:
        session = _sendable(request, session_id)
        row = deliveries.cancel(
            session=session, delivery_id=delivery_id, by=cast("User", request.user)
        )
        return Response(delivery_json(row))
