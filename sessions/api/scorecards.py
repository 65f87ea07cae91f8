"""REST: how people rate a candidate."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from sessions import access, scorecards, services
from sessions.access import Perm
from sessions.shapes import PanelShape, ScorecardsShape


class ScorecardInput(serializers.Serializer[Any]):
    """Ratings by competency, what one recommends overall, or both."""

    # Both are checked where they are kept: the guide says what there is to rate.
    ratings = serializers.DictField(
        required=False, help_text='`{"<competency>": {"value", "comment", "segments"}}`'
    )
    overall = serializers.DictField(
        required=False,
        help_text='`{"recommendation", "text"}`; the former may be empty.',
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given:
            raise serializers.ValidationError("Send ratings, overall, or both.")
        return given


class Scorecards(Endpoint):
    """One's own ratings, and those of others once they are for one to see."""

    @extend_schema(operation_id="scorecards_list", responses={200: ScorecardsShape})
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return Response(scorecards.overview(session, cast("User", request.user)))


class ScorecardPanel(Endpoint):
    """What everybody submitted, competency by competency, once it is for one to see."""

    @extend_schema(operation_id="scorecards_panel", responses={200: PanelShape})
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return Response(scorecards.panel(session, cast("User", request.user)))


class MyScorecard(Endpoint):
    @extend_schema(
        operation_id="scorecards_save", request=ScorecardInput, responses={200: ScorecardsShape}
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Keep the ratings of the competencies that are named; the others stay as they are."""
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = ScorecardInput(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        scorecards.save(session=session, author=author, **given.validated_data)
        return Response(scorecards.overview(session, author))


class SubmitScorecard(Endpoint):
    @extend_schema(operation_id="scorecards_submit", request=None, responses={200: ScorecardsShape})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Make one's ratings final; they stay as they are from then on."""
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        author = cast("User", request.user)
        scorecards.submit(session=session, author=author)
        return Response(scorecards.overview(session, author))
