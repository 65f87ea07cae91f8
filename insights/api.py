"""REST: snapshot, transcript, insights and feedback on them."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from copilot.lib.errors import DomainError
from insights import cards, queries
from insights.serializers import insight_json
from sessions import access
from sessions.services import note_view
from transcription.queries import transcript
from transcription.serializers import segment_json


class Snapshot(APIView):
    """What the page needs to be up to date: everything after `?after=<cursor>`."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        given = request.query_params.get("after", "0")
        if not given.isdecimal() or len(given) > 9:
            raise DomainError("bad_cursor", '"after" is a number, 0 or more.', status=400)
        body = queries.snapshot(session, after=int(given))
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
