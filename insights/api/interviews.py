"""REST: snapshot, transcript, insights and feedback on them, claims, tones, another analysis."""

from typing import Any, cast
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.errors import DomainError
from copilot.lib.sealed import opened
from insights import cards, corrections, coverage, offrecord, queries, reviews, summaries, tasks
from insights.analytics import analytics
from insights.analyzers.guards import unlawful_trait
from insights.serializers import claim_json, insight_json, planned_json, tone_json
from sessions import access
from sessions.guides.checks import MOST_COMPETENCIES, MOST_QUESTIONS, TEXT_CHARS
from sessions.models import Session
from sessions.serializers import session_json
from sessions.services import note_view
from sessions.states import Status
from sessions.stretches import MOST_SECONDS
from transcription.models import Segment
from transcription.queries import page, recognized, transcript
from transcription.serializers import segment_json

MOST_LINES = 1000  # of a page of the transcript
DEMAND_SECONDS = 60  # in which demands for another analysis of an interview are one


def _cursor(request: Request) -> int:
    return _number(request, "after", 0)


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isdecimal() or len(given) > 9:
        detail = _('"%(name)s" is a number, 0 or more.') % {"name": name}
        raise DomainError("bad_cursor", detail, status=400)
    return int(given)


class Snapshot(Endpoint):
    """What the page needs to be up to date: everything after `?after=<cursor>`."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        body = queries.snapshot(session, after=_cursor(request))
        body["session"]["may"] = access.perms_of(request.user, session)
        return Response(body)


class Transcript(Endpoint):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        asked = request.query_params
        if "before" not in asked and "from" not in asked:
            return Response({"results": [segment_json(s) for s in transcript(session)]})
        edge = {
            "since" if name == "from" else name: _number(request, name, 0)
            for name in ("before", "from")
            if name in asked
        }
        most = min(max(_number(request, "most", MOST_LINES), 2), MOST_LINES)
        lines = page(session, **edge, most=most)
        doubtful = asked.get("words") == "doubtful"
        results = [segment_json(line, doubtful=doubtful) for line in lines]
        return Response({"results": results, "more": len(lines) == most})


class Insights(Endpoint):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response({"results": opened(queries.insights_of(session), insight_json)})


class FeedbackInput(serializers.Serializer[Any]):
    feedback = serializers.CharField(max_length=20, allow_blank=True)


class Feedback(Endpoint):
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


class QuestionInput(serializers.Serializer[Any]):
    asked = serializers.BooleanField()


class PlannedQuestion(Endpoint):
    """Tick a question of the guide, or take the tick back."""

    def put(self, request: Request, session_id: UUID, question: int) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.COMMENT)
        given = QuestionInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = coverage.tick(
            session=session, question=question, is_asked=given.validated_data["asked"]
        )
        return Response({"revision": row.revision, "question": planned_json(row)})


class Claims(Endpoint):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response({"results": opened(queries.claims_of(session), claim_json)})


class Tones(Endpoint):
    """The tone of the candidate's wording: points after `?after=<cursor>`, and that of all.

    Nothing where the organization wants none.
    """

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        points = queries.tones_of(session, after=_cursor(request))
        results = opened(points, tone_json)
        return Response({"results": results, "summary": queries.tone_summary(session)})


class Analyse(Endpoint):
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


class QuestionsInput(serializers.Serializer[Any]):
    questions = serializers.ListField(
        child=serializers.CharField(max_length=TEXT_CHARS, allow_blank=True),
        max_length=MOST_COMPETENCIES * MOST_QUESTIONS,
    )


class GuideCheck(Endpoint):
    """Tell which questions ask about what the law protects, before anybody asks them."""

    def post(self, request: Request) -> Response:
        access.home_of_guides(request.user)
        given = QuestionsInput(data=request.data)
        given.is_valid(raise_exception=True)
        return Response({"traits": [unlawful_trait(q) for q in given.validated_data["questions"]]})


SUMMARY_SECONDS = 30  # in which a summary that is missing is asked for once
SUMMARIES_A_MINUTE = 6  # of one interview, that people ask for


def want_summary(session: Session) -> None:
    """Have a summary made that is due: who should have made it may have died."""
    if summaries.due(session.pk) and limits.first(f"summary.{session.pk}", SUMMARY_SECONDS):
        tasks.summarise.delay(str(session.pk))


class SentenceInput(serializers.Serializer[Any]):
    """One change of a summary: a sentence's words or whether it is out, or a new sentence."""

    revision = serializers.IntegerField(min_value=0)  # what the change is based on
    sentence = serializers.UUIDField(required=False)
    section = serializers.CharField(max_length=40, required=False)
    text = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    removed = serializers.BooleanField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        kinds = ({"sentence", "text"}, {"sentence", "removed"}, {"section", "text"})
        if given.keys() - {"revision"} not in kinds:
            raise serializers.ValidationError(
                "Send a sentence with its text or with removed, or a section with a text."
            )
        return given


class Summary(Endpoint):
    """What an interview came to: drafted when it has ended, edited by who holds it."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        summaries.check(session)
        note_view(session)
        want_summary(session)
        return Response(queries.summary(session))

    def post(self, request: Request, session_id: UUID) -> Response:
        """Draft it again; what a person edited stays."""
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        limits.take(f"summary.{session.pk}", SUMMARIES_A_MINUTE)
        if summaries.begin(session_id=session.pk):
            tasks.summarise.delay(str(session.pk))
        return Response(queries.summary(session), status=202)

    def patch(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        sent = SentenceInput(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        change: dict[str, Any] = {
            "session": session,
            "by": cast("User", request.user),
            "revision": given["revision"],
        }
        added = None
        if "section" in given:
            _summary, added = summaries.add_sentence(
                **change, section=given["section"], text=given["text"]
            )
        elif "text" in given:
            summaries.edit_sentence(**change, sentence_id=given["sentence"], text=given["text"])
        else:
            summaries.remove_sentence(
                **change, sentence_id=given["sentence"], removed=given["removed"]
            )
        return Response({**queries.summary(session), "added": added})


class Analytics(Endpoint):
    """Who spoke how long, and when."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response(analytics(session))


# --- Off the record, and lines put right ---------------------------------------------------------


class OffRecordInput(serializers.Serializer[Any]):
    seconds = serializers.IntegerField(min_value=0, max_value=MOST_SECONDS, default=0)


class OffRecord(Endpoint):
    """Nothing is kept from now on, nor of the last seconds; DELETE goes on again."""

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        given = OffRecordInput(data=request.data)
        given.is_valid(raise_exception=True)
        held, countdown = offrecord.begin(
            session=session, by=cast("User", request.user), seconds=given.validated_data["seconds"]
        )
        if countdown is not None:
            tasks.analyze.apply_async([str(session.pk)], countdown=countdown)
        return Response(session_json(held))

    def delete(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        return Response(session_json(offrecord.end(session=session)))


class LineInput(serializers.Serializer[Any]):
    text = serializers.CharField(required=False, allow_blank=True)  # judged in `corrections`
    role = serializers.CharField(required=False, max_length=20)
    revision = serializers.IntegerField(required=False, min_value=0)  # of the line one looks at


class Line(Endpoint):
    """One line of the transcript, put right by whoever holds the interview."""

    def patch(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        given = LineInput(data=request.data)
        given.is_valid(raise_exception=True)
        line, changed = corrections.correct(
            session=session,
            segment_id=segment_id,
            by=cast("User", request.user),
            **given.validated_data,
        )
        return _corrected(line, changed)


class Correction(Endpoint):
    """What was recognized before a person put a line right; DELETE gives it back.

    A correction may hide what the redaction missed: who only reads the interview does not see it.
    """

    def get(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        known = recognized(session, segment_id)
        if known is None:
            raise Http404
        return Response(known)

    def delete(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        line, changed = corrections.restore(
            session=session, segment_id=segment_id, by=cast("User", request.user)
        )
        return _corrected(line, changed)


def _corrected(line: Segment, changed: bool) -> Response:
    pause = corrections.PAUSE_SECONDS
    if changed and limits.first(f"reread.{line.session_id}", pause):
        tasks.reread.apply_async([str(line.session_id)], countdown=pause)
    return Response(segment_json(line))
