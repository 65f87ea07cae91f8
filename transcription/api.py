"""REST: a recording comes in parts, is looked at, and is written down by a task."""

from typing import IO, Any, cast
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.queries import active_membership
from accounts.rest import Endpoint
from copilot.lib.errors import DomainError
from sessions.access import home_of_guides
from sessions.models import ConsentRecord
from transcription import soundcheck, tasks, uploads
from transcription.models import Role
from transcription.serializers import upload_json
from transcription.shapes import Recording, SoundChecked

# "link" is for the candidate's own page, not for somebody to say on their behalf.
NOTED_HERE = (ConsentRecord.Method.VERBAL, ConsentRecord.Method.WRITTEN)


BYTES = {"type": "string", "format": "binary"}


class RecordingConsentInput(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=NOTED_HERE)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class UploadInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    size = serializers.IntegerField(min_value=1, max_value=2**53)
    job = serializers.CharField(max_length=160, required=False, allow_blank=True)
    language = serializers.CharField(max_length=8, required=False, allow_blank=True)
    candidate_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    candidate_email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    country = serializers.RegexField(r"^[A-Za-z]{2}$", required=False, allow_blank=True)
    profile = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.values), max_length=2, required=False
    )
    consent = RecordingConsentInput(required=False)


class Uploads(Endpoint):
    @extend_schema(
        operation_id="uploads_create",
        request=UploadInput,
        responses={201: Recording, 413: None, 503: None, 507: None},
    )
    def post(self, request: Request) -> Response:
        """Announce a recording: everything that speaks against it is said before a byte is sent."""
        given = UploadInput(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        membership = active_membership(request.user)
        if membership is None:
            raise DomainError("forbidden", "You belong to no organization.", status=403)
        consent = wanted.pop("consent", None)
        if consent is None:
            detail = "Say how the candidate agreed to this recording."
            raise DomainError("no_consent", detail, status=400)
        upload = uploads.create_upload(
            owner=cast("User", request.user),
            organization=membership.organization,
            consent=consent["method"],
            given_by=consent.get("name", ""),
            **wanted,
        )
        self.about = upload.session_id
        return Response(upload_json(upload), status=201)


class Upload(Endpoint):
    @extend_schema(operation_id="uploads_get", responses={200: Recording})
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Tell how far a recording is."""
        return Response(upload_json(uploads.get_upload(request.user, upload_id)))

    @extend_schema(operation_id="uploads_cancel", responses={204: None})
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Cancel a recording; what was written down of it goes, too."""
        uploads.cancel(upload=uploads.get_upload(request.user, upload_id))
        return Response(status=204)


class Raw(BaseParser):
    """The body as it is: a part of a recording."""

    media_type = "application/octet-stream"

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(uploads.PART_BYTES + 1)


class Content(Endpoint):
    keeps_answers = False  # a part says by its offset which one it is
    parser_classes = [Raw]

    @extend_schema(
        operation_id="uploads_content",
        parameters=[OpenApiParameter("offset", {"type": "integer", "minimum": 0}, required=True)],
        request={"application/octet-stream": BYTES},
        responses={200: Recording},
    )
    def put(self, request: Request, upload_id: UUID) -> Response:
        """Send the next part of the file, at most 8 MiB; `offset` is what was `received`."""
        upload = uploads.get_upload(request.user, upload_id)
        offset = request.query_params.get("offset", "")
        if not offset.isdecimal() or len(offset) > 15:
            raise DomainError("bad_offset", '"offset" is a number of bytes.', status=400)
        content = request.data if isinstance(request.data, bytes) else b""
        taken = uploads.take(upload=upload, offset=int(offset), content=content)
        return Response(upload_json(taken))


class Sound(BaseParser):
    """A few seconds of sound as it is."""

    media_type = "application/octet-stream"

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(soundcheck.MOST_BYTES + 1)


class SoundCheck(Endpoint):
    """Tell what is understood of a test sentence; nothing of it is kept."""

    keeps_answers = False
    parser_classes = [Sound]

    @extend_schema(
        operation_id="sound_check",
        parameters=[OpenApiParameter("language", str, required=True)],
        request={"application/octet-stream": BYTES},
        responses={200: SoundChecked, 404: None, 503: None},
    )
    def post(self, request: Request) -> Response:
        user = cast("User", request.user)
        organization = home_of_guides(user)  # who may not hold interviews is told that first
        sound = request.data if isinstance(request.data, bytes) else b""
        answer = soundcheck.check(
            user=user,
            organization=organization,
            language=request.query_params.get("language", ""),
            sound=sound,
        )
        return Response(answer)


class Finish(Endpoint):
    @extend_schema(operation_id="uploads_finish", request=None, responses={200: Recording})
    def post(self, request: Request, upload_id: UUID) -> Response:
        """Say that all of the file is there; from here on it is written down."""
        upload = uploads.finish(upload=uploads.get_upload(request.user, upload_id))
        self.about = upload.session_id
        transaction.on_commit(lambda: tasks.hear.delay(str(upload.pk)))
        return Response(upload_json(upload))
