"""REST: interviews from their preparation to their end."""

from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.queries import may
from accounts.rest import Endpoint
from accounts.roles import Act
from sessions import access, retention, services
from sessions.access import Perm
from sessions.api import preparing
from sessions.api.preparing import PreparedChange
from sessions.models import Erasure
from sessions.serializers import detail_json, session_json
from sessions.shapes import Interview, InterviewForYou


class SessionDetail(Endpoint):
    @extend_schema(operation_id="sessions_get", responses={200: InterviewForYou})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return an interview, with what you may do with it."""
        session = access.get_session(request.user, session_id)
        return Response(detail_json(session, access.perms_of(request.user, session)))

    def hold(self, **place: Any) -> None:
        access.lock_session(place["session_id"])

    @extend_schema(
        operation_id="sessions_change", request=PreparedChange, responses={200: InterviewForYou}
    )
    @transaction.atomic
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Change what was prepared; once the interview runs title and job, at its end the title."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = PreparedChange(data=request.data)
        given.is_valid(raise_exception=True)
        user = cast("User", request.user)
        session = preparing.change(given.validated_data, user=user, session=session)
        return Response(detail_json(session, access.perms_of(user, session)))

    @extend_schema(operation_id="sessions_erase", responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Erase the interview now, whatever its time; 409 `kept` under a legal hold."""
        session = access.get_session(request.user, session_id, Perm.DELETE)
        retention.erase_now(
            session=session, reason=Erasure.Reason.PERSON, by=cast("User", request.user)
        )
        return Response(status=204)


class Start(Endpoint):
    @extend_schema(operation_id="sessions_start", request=None, responses={200: Interview})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Start the interview; the candidate has to have agreed."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.start_session(session=session)))


class End(Endpoint):
    @extend_schema(operation_id="sessions_end", request=None, responses={200: Interview})
    def post(self, request: Request, session_id: UUID) -> Response:
        """End the interview."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.end_session(session=session)))


class RetentionInput(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()


class Retention(Endpoint):
    @extend_schema(
        operation_id="sessions_retention", request=RetentionInput, responses={200: Interview}
    )
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Move the moment at which the interview is erased."""
        session = access.get_session(request.user, session_id, Perm.DELETE)
        given = RetentionInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = retention.extend(
            session=session,
            until=given.validated_data["expires_at"],
            by=cast("User", request.user),
        )
        return Response(session_json(session))


class HoldInput(serializers.Serializer[Any]):
    hold = serializers.BooleanField()


class Hold(Endpoint):
    """A legal hold: for those who answer for the organization's candidates."""

    @extend_schema(operation_id="sessions_hold", request=HoldInput, responses={200: Interview})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Put the interview under a legal hold, or take it off."""
        session = access.get_session(request.user, session_id)
        if not may(request.user, Act.PRIVACY, session.organization_id):
            raise Http404("not for you")
        given = HoldInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = retention.hold(session=session, hold=given.validated_data["hold"])
        return Response(session_json(session))
