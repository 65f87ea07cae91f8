"""REST: sessions and the acts on them."""

from typing import Any, cast
from uuid import UUID

import segno
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from sessions import access, devices, services
from sessions.access import Perm
from sessions.models import ConsentRecord
from sessions.queries import notes_after
from sessions.serializers import device_json, note_json, session_json

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


class DeviceInput(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=devices.CHANNELS)


class Devices(APIView):
    """Second devices of an interview: who is in, and a code that lets one more in."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response({"results": [device_json(d) for d in devices.devices_of(session)]})

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = DeviceInput(data=request.data)
        given.is_valid(raise_exception=True)
        row, code = devices.make_code(
            session=session,
            channel=given.validated_data["channel"],
            by=cast("User", request.user),
        )
        url = request.build_absolute_uri(reverse("join"))
        made = {
            "code": code,
            "channel": row.channel,
            "expires_at": row.expires_at.isoformat(),
            "url": url,
            # What follows # stays in the device's browser: no server's log has the code.
            "qr": segno.make(f"{url}#{code}", error="m").svg_data_uri(scale=4, border=2),
        }
        return Response(made, status=201)


class Device(APIView):
    def delete(self, request: Request, session_id: UUID, device_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        devices.remove(session=session, device_id=device_id)
        return Response(status=204)
