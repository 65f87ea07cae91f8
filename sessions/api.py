"""REST: sessions and the acts on them."""

from typing import Any, cast
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from sessions import access, services
from sessions.access import Perm
from sessions.models import ConsentRecord
from sessions.queries import notes_after
from sessions.serializers import note_json, session_json

# "link" is for the candidate's own page, not for somebody to say on their behalf.
NOTED_HERE = (ConsentRecord.Method.VERBAL, ConsentRecord.Method.WRITTEN)


class SessionList(APIView):
    def get(self, request: Request) -> Response:
        return Response(
            {"results": [session_json(s) for s in access.sessions_visible_to(request.user)]}
        )


class SessionDetail(APIView):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        return Response({**session_json(session), "may": access.perms_of(request.user, session)})


class ConsentInput(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=NOTED_HERE)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class Consent(APIView):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = ConsentInput(data=request.data)
        given.is_valid(raise_exception=True)
        services.record_consent(
            session=session,
            noted_by=cast("User", request.user),
            method=given.validated_data["method"],
            given_by=given.validated_data.get("name", ""),
        )
        return Response(session_json(session), status=201)


class Start(APIView):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.start_session(session=session)))


class End(APIView):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.end_session(session=session)))


class NoteInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=services.NOTE_CHARS)


class Notes(APIView):
    """What people wrote beside the interview: everybody who sees it reads, some may write."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return Response({"results": [note_json(note) for note in notes_after(session)]})

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = NoteInput(data=request.data)
        given.is_valid(raise_exception=True)
        note = services.add_note(
            session=session,
            author=cast("User", request.user),
            text=given.validated_data["text"],
        )
        return Response(note_json(note), status=201)
