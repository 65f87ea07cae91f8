"""REST: snapshot, transcript, insights and feedback on them, claims, tones, another analysis."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import limits
from copilot.lib.errors import DomainError
from insights import cards, queries, reviews, tasks
from insights.serializers import claim_json, insight_json, tone_json
from sessions import access
from sessions.services import note_view
from sessions.states import Status
from transcription.queries import transcript
from transcription.serializers import segment_json

DEMAND_SECONDS = 60  # in which demands for another analysis of an interview are one


def _cursor(request: Request) -> int:
    given = request.query_params.get("after", "0")
    if not given.isdecimal() or len(given) > 9:
        raise DomainError("bad_cursor", '"after" is a number, 0 or more.', status=400)
    return int(given)


class Snapshot(APIView):
    """What the page needs to be up to date: everything after `?after=<cursor>`."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        body = queries.snapshot(session, after=_cursor(request))
        body["session"]["may"] = access.perms_of(request.user, session)
        return Response(body)


class Transcript(APIView):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response({"results": [segment_json(s) for s in transcript(session)]})


class Insights(APIView):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response({"results": [insight_json(i) for i in queries.insights_of(session)]})


class FeedbackInput(serializers.Serializer[Any]):
    feedback = serializers.CharField(max_length=20, allow_blank=True)


class Feedback(APIView):
    def post(self, request: Request, session_id: UUID, insight_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.COMMENT)
        given = FeedbackInput(data=request.data)
        given.is_valid(raise_exception=True)
        insight = cards.give_feedback(
            session=session,
            insight_id=insight_id,
            feedback=given.validated_data["feedback"],
        )
        return Response(insight_json(insight))


class Claims(APIView):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response({"results": [claim_json(c) for c in queries.claims_of(session)]})


class Tones(APIView):
    """The tone of the candidate's wording: points after `?after=<cursor>`, and that of all.

    Nothing where the organization wants none.
    """

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        points = queries.tones_of(session, after=_cursor(request))
        results = [tone_json(point) for point in points]
        return Response({"results": results, "summary": queries.tone_summary(session)})


class Analyse(APIView):
    """Read an interview that is over once more, from its first line to its last."""

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        if session.status != Status.ENDED:
            raise DomainError("not_ended", "A running interview is analysed as it goes.")
        if not session.organization.analysis_enabled:
            raise DomainError("analysis_off", "Your organization has switched analysis off.")
        if not queries.may_be_analysed(session):
            raise DomainError("no_consent", "The candidate has withdrawn the consent.")
        state = reviews.demand(session=session)
        if state == "queued" and limits.first(f"review.{session.pk}", DEMAND_SECONDS):
            tasks.review.delay(str(session.pk))
        return Response({"state": state}, status=202)
