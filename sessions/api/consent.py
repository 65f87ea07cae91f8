"""REST: what candidates are told, what they answered and what they ask for."""

from dataclasses import asdict
from functools import partial
from typing import Any, cast
from uuid import UUID

import segno
from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access, candidates, consents, notices, services
from sessions.access import Perm
from sessions.models import ConsentRecord, Session
from sessions.serializers import consent_record_json, link_json, request_json, session_json
from sessions.shapes import CandidateAsked, ConsentShape, Interview, NewCandidateLink, Notice

# "link" is for the candidate's own page, not for somebody to say on their behalf.
NOTED_HERE = (ConsentRecord.Method.VERBAL, ConsentRecord.Method.WRITTEN)


class ConsentInput(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=NOTED_HERE)
    given_by = serializers.CharField(max_length=120, default="", allow_blank=True)
    name = serializers.CharField(max_length=120, default="", allow_blank=True)  # the same, of old


class Consent(Endpoint):
    """What the candidate answered, noted by who holds the interview."""

    @extend_schema(operation_id="consent_give", request=ConsentInput, responses={201: Interview})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Note that the candidate agreed to what the notice says."""
        session, given = self._given(request, session_id)
        consents.record_consent(
            session=session,
            noted_by=cast("User", request.user),
            method=given["method"],
            given_by=given["given_by"] or given["name"],
        )
        return Response(session_json(session), status=201)

    def _given(self, request: Request, session_id: UUID) -> tuple[Session, dict[str, Any]]:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = ConsentInput(data=request.data)
        given.is_valid(raise_exception=True)
        return session, given.validated_data


class ConsentRefused(Consent):
    @extend_schema(operation_id="consent_refuse", request=ConsentInput, responses={201: Interview})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Note that the candidate said no, and took back what they had agreed to."""
        session, given = self._given(request, session_id)
        by = cast("User", request.user)
        consents.refuse(session=session, method=given["method"], by=by, given_by=given["given_by"])
        return Response(session_json(session), status=201)


class ConsentWithdrawn(Consent):
    @extend_schema(
        operation_id="consent_withdraw", request=ConsentInput, responses={200: Interview}
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Note that the candidate agrees no longer: what runs stops and the interview ends."""
        session, given = self._given(request, session_id)
        by = cast("User", request.user)
        consents.withdraw(session=session, method=given["method"], by=by)
        return Response(session_json(session))


class Consents(Endpoint):
    """All that the candidate answered."""

    @extend_schema(operation_id="consents_list", responses={200: paged(ConsentShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return what the candidate answered, the latest first, and what they took back."""
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        holds = access.perms_of(request.user, session)["record"]
        rows = session.consents.select_related("noted_by", "withdrawn_by")
        show = partial(consent_record_json, names=holds)
        return self.page(request, rows, show, ("-given_at", "-pk"))


class ConsentNotice(Endpoint):
    @extend_schema(
        operation_id="consent_notice",
        parameters=[OpenApiParameter("language", str)],
        responses={200: Notice},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        """Answer what the candidate is told, in the interview's language or a wanted one."""
        session = access.get_session(request.user, session_id)
        notice = notices.notice_for(
            session,
            recording=notices.of_recording(session),
            language=request.query_params.get("language", ""),
        )
        return Response({**asdict(notice), "languages": notices.languages_for(session)})


class LinkInput(serializers.Serializer[Any]):
    mail = serializers.BooleanField(default=False)
    email = serializers.EmailField(max_length=254, default="", allow_blank=True)


class CandidateLink(Endpoint):
    """The way to the candidate's own page: whoever has it speaks for the candidate."""

    @extend_schema(
        operation_id="candidate_link_make",
        request=LinkInput,
        responses={201: NewCandidateLink, 503: None},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Make the link to the candidate's own page; earlier ones are void."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = LinkInput(data=request.data)
        given.is_valid(raise_exception=True)
        with transaction.atomic():  # no link without the mail that it was made for
            link, path = candidates.make_link(session=session, by=cast("User", request.user))
            url = request.build_absolute_uri(path)
            if given.validated_data["mail"]:
                address = given.validated_data["email"]
                candidates.mail_link(link=link, url=url, address=address)
        picture = segno.make(url, error="l").svg_data_uri(scale=4, border=2)
        return Response({**link_json(link), "url": url, "qr": picture}, status=201)

    @extend_schema(operation_id="candidate_link_revoke", responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Let the link lead nowhere any more."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        candidates.revoke_links(session=session)
        return Response(status=204)


class AnswerInput(serializers.Serializer[Any]):
    grant = serializers.BooleanField()
    why = serializers.CharField(max_length=candidates.MOST_WHY, default="", allow_blank=True)


class CandidateRequest(Endpoint):
    @extend_schema(
        operation_id="candidate_request_answer",
        request=AnswerInput,
        responses={200: CandidateAsked},
    )
    def post(self, request: Request, session_id: UUID, request_id: UUID) -> Response:
        """Answer the candidate; to who does not decide about it there is no such request."""
        session = access.get_session(request.user, session_id)
        asked = session.requests.filter(pk=request_id).first()
        by = cast("User", request.user)
        if asked is None or not candidates.may_answer(by, asked):
            raise Http404("no such request")
        given = AnswerInput(data=request.data)
        given.is_valid(raise_exception=True)
        done = candidates.answer(request=asked, by=by, **given.validated_data)
        return Response(request_json(done))
