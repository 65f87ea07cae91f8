"""REST: signing a summary, taking it up again, and its versions."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import listed
from insights import queries, summaries
from insights.api.interviews import want_summary
from insights.models import SummaryVersion
from insights.shapes import SummaryShape
from insights.summaries import versions
from sessions import access
from sessions.models import Session
from sessions.services import note_view

Why = SummaryVersion.Why


class RevisionInput(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0, help_text="Of the summary you have read.")


class VersionShape(serializers.Serializer[Any]):
    """A summary as it stood once, without its words."""

    number = serializers.IntegerField()
    why = serializers.ChoiceField(choices=Why.values)
    by = serializers.CharField(
        allow_blank=True, help_text="Who signed, or wrote it last; empty: the program."
    )
    at = serializers.DateTimeField()
    digest = serializers.CharField(help_text="SHA-256 of the content's canonical JSON, in hex.")
    signed = serializers.BooleanField()


class StatementShape(serializers.Serializer[Any]):
    """What the organization's key says of a signed version."""

    format = serializers.CharField()
    organization = serializers.UUIDField()
    interview = serializers.UUIDField()
    version = serializers.IntegerField()
    digest = serializers.CharField()
    signed_by = serializers.IntegerField()
    signed_at = serializers.CharField()
    public_key = serializers.CharField()
    signature = serializers.CharField()


class VersionSentence(serializers.Serializer[Any]):
    id = serializers.CharField()
    text = serializers.CharField()
    segments = serializers.ListField(child=serializers.UUIDField())
    basis = serializers.CharField(allow_blank=True)
    edited = serializers.BooleanField()
    own = serializers.BooleanField()
    at = serializers.CharField()
    by = serializers.CharField(allow_blank=True)
    author = serializers.IntegerField(allow_null=True)


class VersionSection(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    sentences = VersionSentence(many=True)


class VersionContent(serializers.Serializer[Any]):
    sections = VersionSection(many=True)
    language = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]


class OneVersionShape(VersionShape):
    content = VersionContent()
    lines = serializers.DictField(
        child=serializers.IntegerField(), help_text="When each line begins, in milliseconds."
    )
    withheld = serializers.IntegerField(
        help_text="Sentences left out, as they quote what a line said before it was put right."
    )
    statement = StatementShape(allow_null=True)


SummaryAnswer = {200: SummaryShape}


class SignSummary(Endpoint):
    """Sign the summary as you have read it; for who may record."""

    @extend_schema(
        operation_id="summary_sign", request=RevisionInput, responses={200: SummaryShape}
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _answer(request, session_id, summaries.sign)


class ReopenSummary(Endpoint):
    """Take a signed summary up again: it is a draft once more, and the signed version stays."""

    @extend_schema(operation_id="summary_reopen", request=None, responses={200: SummaryShape})
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        summaries.reopen(session=session)
        want_summary(session)  # lines may have been corrected while it was signed
        return Response(queries.summary(session))


class SummaryVersions(Endpoint):
    """The versions of a summary, the newest first; who may not record is told of signed ones."""

    @extend_schema(
        operation_id="summary_versions_list", responses={200: listed(VersionShape), 409: None}
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        summaries.check(session)
        note_view(session)
        found = queries.summary_versions(session, all_of_them=_may_record(request, session))
        rows = found.defer("content").order_by("-number")
        return Response({"results": [version_json(row) for row in rows]})


class OneSummaryVersion(Endpoint):
    """One version with its words; to who holds the interview a signed one as it was signed.

    To others it is without what a line said before it was put right: that may be what the redaction
    missed. The statement comes with the whole of a signed version only.
    """

    @extend_schema(operation_id="summary_versions_get", responses={200: OneVersionShape, 409: None})
    def get(self, request: Request, session_id: UUID, number: int) -> Response:
        session = access.get_session(request.user, session_id)
        summaries.check(session)
        note_view(session)
        holds = _may_record(request, session)
        found = queries.summary_versions(session, all_of_them=holds)
        version = found.filter(number=number).first()
        if version is None:
            raise Http404
        version.session = session  # whose key is at hand
        content, withheld = version.content, 0
        if version.why != Why.SIGNED or not holds:
            content, withheld = versions.readable(content, versions.corrections(session))
        return Response(
            {
                **version_json(version),
                "content": content,
                "lines": queries.places(session, versions.lines_of(content)),
                "withheld": withheld,
                "statement": _statement(version) if not withheld else None,
            }
        )


class RestoreSummary(Endpoint):
    """Bring the sentences of a version back; what they take the place of is kept as one."""

    @extend_schema(
        operation_id="summary_versions_restore",
        request=RevisionInput,
        responses={200: SummaryShape},
    )
    def post(self, request: Request, session_id: UUID, number: int) -> Response:
        return _answer(request, session_id, summaries.restore, number=number)


def version_json(version: SummaryVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "why": version.why,
        "by": version.by.display_name if version.by else "",
        "at": version.at.isoformat(),
        "digest": version.digest,
        "signed": version.why == Why.SIGNED,
    }


def _statement(version: SummaryVersion) -> dict[str, Any] | None:
    return versions.statement(version) if version.signature else None


def _may_record(request: Request, session: Session) -> bool:
    return access.perms_of(request.user, session)["record"]


def _answer(
    request: Request, session_id: UUID, act: Callable[..., object], **more: int
) -> Response:
    """Do something to the summary of an interview that one may record, and return the summary."""
    session = access.get_session(request.user, session_id, access.Perm.RECORD)
    given = RevisionInput(data=request.data)
    given.is_valid(raise_exception=True)
    act(session=session, by=cast("User", request.user), **given.validated_data, **more)
    return Response(queries.summary(session))
