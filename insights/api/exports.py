"""REST: an interview as a file."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.models import User
from accounts.rest import Endpoint
from insights import exports


class AnyAccept(BaseContentNegotiation):
    """A file comes as what it is, whatever `Accept` says; refusals are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((p for p in parsers if p.media_type == _media_type(request)), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _media_type(request: Request) -> str:
    return str(request.content_type).partition(";")[0].strip().lower()


class ExportInput(serializers.Serializer[Any]):
    """What is not named is left out."""

    format = serializers.CharField(
        max_length=20, help_text=f"One of: {', '.join(exports.KINDS)}. `bundle` is signed."
    )
    parts = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        default=list,
        max_length=10,
        help_text=f"Of: {', '.join(exports.PARTS)}. CSV and subtitles hold the transcript only.",
    )
    formats = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        default=list(exports.IN_BUNDLE),
        max_length=10,
        help_text="Of a bundle: the files in it.",
    )
    draft = serializers.BooleanField(
        default=False,
        help_text="The summary as it stands, also where a version of it is signed.",
    )
    language = serializers.CharField(
        max_length=20,
        required=False,
        default="",
        allow_blank=True,
        help_text="Of the file's own words; what was said stays as it was said.",
    )


class Exports(Endpoint):
    """Take an interview away as a file, which is noted."""

    content_negotiation_class = AnyAccept
    keeps_answers = False  # a file

    @extend_schema(
        operation_id="sessions_export",
        request=ExportInput,
        responses={
            (200, content_type.partition(";")[0]): OpenApiTypes.BINARY
            for content_type in (*(made[1] for made in exports.FORMATS.values()), "application/zip")
        },
        examples=[
            OpenApiExample(
                "A PDF to read",
                {"format": "pdf", "parts": ["summary", "ratings"]},
                request_only=True,
            ),
            OpenApiExample(
                "A signed bundle",
                {
                    "format": "bundle",
                    "parts": ["summary", "transcript"],
                    "formats": ["pdf", "json", "vtt"],
                },
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request, session_id: UUID) -> HttpResponse:
        by = cast("User", request.user)
        session = exports.session_to_take(by, session_id)
        given = ExportInput(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        exports.take_turn(by)
        choice = exports.Choice(
            kind=said["format"],
            parts=set(said["parts"]),
            formats=set(said["formats"]),
            draft=said["draft"],
            language=said["language"],
        )
        made = exports.export(session=session, by=by, choice=choice)
        headers = {
            "Content-Disposition": f'attachment; filename="{made.name}"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(made.body, content_type=made.content_type, headers=headers)
