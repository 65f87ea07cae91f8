"""REST: notes and bookmarks beside an interview."""

from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access, notes, services
from sessions.access import Perm
from sessions.models import Note
from sessions.queries import notes_after
from sessions.serializers import note_json
from sessions.shapes import NoteShape

LONGEST_MS = 7 * 24 * 3600 * 1000  # no interview lasts as long


class NoteInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=notes.NOTE_CHARS, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=Note.Kind.choices, default=Note.Kind.NOTE)
    id = serializers.UUIDField(required=False, source="note_id")
    segment = serializers.UUIDField(required=False)
    at_ms = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_MS)
    seconds_ago = serializers.IntegerField(required=False, min_value=0, max_value=600)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == Note.Kind.NOTE and not attrs["text"]:
            raise serializers.ValidationError({"text": [_("A note has words.")]})
        return attrs


class NoteChange(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=notes.NOTE_CHARS, allow_blank=True)
    writing = serializers.BooleanField(default=False)


class Notes(Endpoint):
    """What people wrote beside the interview: everybody who sees it reads, some may write."""

    @extend_schema(operation_id="notes_list", responses={200: paged(NoteShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return what people wrote or marked beside the interview, oldest first."""
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return self.page(request, notes_after(session), note_json, ("created_at", "pk"))

    @extend_schema(operation_id="notes_add", request=NoteInput, responses={201: NoteShape})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Write a note or set a bookmark: about now, a time, or a line.

        With an `id` of your own (a UUID) it may be sent again: it changes the same note.
        """
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = NoteInput(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        note = notes.add_note(session=session, author=author, **given.validated_data)
        return Response(note_json(note), status=201)


class OneNote(Endpoint):
    """A note of one's own; those of others are as if they were not there."""

    @extend_schema(operation_id="notes_change", request=NoteChange, responses={200: NoteShape})
    def patch(self, request: Request, session_id: UUID, note_id: UUID) -> Response:
        """Change a note of one's own; with `writing` it does not count as edited yet."""
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = NoteChange(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        note = notes.change_note(
            session=session, author=author, note_id=note_id, **given.validated_data
        )
        return Response(note_json(note))

    @extend_schema(operation_id="notes_remove", responses={204: None})
    def delete(self, request: Request, session_id: UUID, note_id: UUID) -> Response:
        """Erase the words of a note of one's own at once."""
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        notes.remove_note(session=session, author=cast("User", request.user), note_id=note_id)
        return Response(status=204)
