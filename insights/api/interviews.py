"""REST: snapshot, transcript, insights and feedback on them, claims, tones, another analysis."""

from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.errors import DomainError
from copilot.lib.openapi import listed, paged
from copilot.lib.sealed import opened
from insights import cards, corrections, coverage, offrecord, queries, reviews, summaries, tasks
from insights.analytics import analytics
from insights.analyzers.guards import unlawful_trait
from insights.serializers import claim_json, insight_json, planned_json, tone_json
from insights.shapes import (
    AnalysisQueued,
    Card,
    ClaimShape,
    EditedSummary,
    FeedbackGiven,
    SnapshotShape,
    SummaryShape,
    TalkAnalytics,
    TickedQuestion,
    TonePoint,
    ToneSummary,
    Traits,
)
from insights.summaries import templates, versions
from sessions import access
from sessions.guides.checks import MOST_COMPETENCIES, MOST_QUESTIONS, TEXT_CHARS
from sessions.models import Session
from sessions.serializers import session_json
from sessions.services import note_view
from sessions.shapes import Interview
from sessions.states import Status
from sessions.stretches import MOST_SECONDS
from transcription.models import Segment
from transcription.queries import page, recognized, transcript
from transcription.serializers import segment_json
from transcription.shapes import Recognized
from transcription.shapes import Segment as SegmentShape

MOST_LINES = 1000  # of a page of the transcript
DEMAND_SECONDS = 60  # in which demands for another analysis of an interview are one


COUNT = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
AFTER = OpenApiParameter(
    "after", COUNT, description="A cursor: only what changed after that revision."
)


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

    @extend_schema(operation_id="snapshot_get", parameters=[AFTER], responses={200: SnapshotShape})
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        body = queries.snapshot(session, after=_cursor(request))
        body["session"]["may"] = access.perms_of(request.user, session)
        return Response(body)


class Transcript(Endpoint):
    @extend_schema(
        operation_id="transcript_list",
        parameters=[
            OpenApiParameter("before", COUNT, description="Lines up to the one that starts then."),
            OpenApiParameter("from", COUNT, description="Lines from the one that starts then on."),
            OpenApiParameter("most", COUNT, description=f"How many, at most {MOST_LINES}."),
            OpenApiParameter(
                "words",
                str,
                enum=["doubtful"],
                description="Of the words only those that may be wrong, each with its place.",
            ),
        ],
        responses={
            200: listed(
                SegmentShape,
                more=serializers.BooleanField(required=False),
                next=serializers.URLField(required=False, allow_null=True),
                previous=serializers.URLField(required=False, allow_null=True),
            ),
        },
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return the lines; `before` and `from` are milliseconds on the interview's clock.

        With either of them a page comes, and `more` tells whether it is full; the line at the edge
        comes again. Without both they come by cursor, from the first line on.
        """
        session = access.get_session(request.user, session_id)
        note_view(session)
        asked = request.query_params
        if "before" not in asked and "from" not in asked:
            lines_of = transcript(session)
            return self.page(request, lines_of, segment_json, ("start_ms", "pk"), size=MOST_LINES)
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
    @extend_schema(operation_id="insights_list", responses={200: paged(Card)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return the cards, the most urgent first, then the newest."""
        session = access.get_session(request.user, session_id)
        note_view(session)
        order = ("-priority", "-created_at", "pk")
        return self.page(request, queries.insights_of(session), insight_json, order)


class FeedbackInput(serializers.Serializer[Any]):
    feedback = serializers.CharField(max_length=20, allow_blank=True)


class Feedback(Endpoint):
    @extend_schema(operation_id="insights_feedback", request=FeedbackGiven, responses={200: Card})
    def post(self, request: Request, session_id: UUID, insight_id: UUID) -> Response:
        """Say of a card that it was used, is wrong, or is for later; empty takes it back."""
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

    @extend_schema(
        operation_id="guide_questions_tick",
        request=QuestionInput,
        responses={200: TickedQuestion},
    )
    def put(self, request: Request, session_id: UUID, question: int) -> Response:
        session = access.get_session(request.user, session_id, access.Perm.COMMENT)
        given = QuestionInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = coverage.tick(
            session=session, question=question, is_asked=given.validated_data["asked"]
        )
        return Response({"revision": row.revision, "question": planned_json(row)})


class Claims(Endpoint):
    @extend_schema(operation_id="claims_list", responses={200: paged(ClaimShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return what can be checked, in the order of the interview."""
        session = access.get_session(request.user, session_id)
        note_view(session)
        claims = queries.claims_of(session).annotate(start_ms=F("segment__start_ms"))
        return self.page(request, claims, claim_json, ("start_ms", "created_at", "pk"))


class Tones(Endpoint):
    """The tone of the candidate's wording: points after `?after=<cursor>`, and that of all.

    Nothing where the organization wants none.
    """

    @extend_schema(
        operation_id="tones_list",
        parameters=[AFTER],
        responses={200: listed(TonePoint, summary=ToneSummary(allow_null=True))},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        points = queries.tones_of(session, after=_cursor(request))
        results = opened(points, tone_json)
        return Response({"results": results, "summary": queries.tone_summary(session)})


class Analyse(Endpoint):
    """Read an interview that is over once more, from its first line to its last."""

    @extend_schema(operation_id="sessions_analyse", request=None, responses={202: AnalysisQueued})
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
            transaction.on_commit(lambda: tasks.review.delay(str(session.pk)))
        return Response({"state": state}, status=202)


class QuestionsInput(serializers.Serializer[Any]):
    questions = serializers.ListField(
        child=serializers.CharField(max_length=TEXT_CHARS, allow_blank=True),
        max_length=MOST_COMPETENCIES * MOST_QUESTIONS,
    )


class GuideCheck(Endpoint):
    """Tell which questions ask about what the law protects, before anybody asks them."""

    @extend_schema(
        operation_id="guides_check", request=QuestionsInput, responses={200: Traits, 404: None}
    )
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
        transaction.on_commit(lambda: tasks.summarise.delay(str(session.pk)))


class SummaryInput(serializers.Serializer[Any]):
    """What to make a summary like; what is not named stays as it was."""

    language = serializers.CharField(
        max_length=8,
        required=False,
        allow_blank=True,
        help_text="A code like `de`; empty: the interview's.",
    )
    template = serializers.UUIDField(
        required=False, allow_null=True, help_text="null: the program's own order."
    )


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

    @extend_schema(operation_id="summary_get", responses={200: SummaryShape, 409: None})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return what a finished interview came to, each sentence with its lines.

        Who may not record does not read sentences that say what a line said before it was put
        right; what is signed has them until it is taken up again.
        """
        session = access.get_session(request.user, session_id)
        summaries.check(session)
        note_view(session)
        want_summary(session)
        shown = queries.summary(session)
        if not access.perms_of(request.user, session)["record"]:
            shown, _withheld = versions.readable(shown, versions.corrections(session))
        return Response(shown)

    @extend_schema(operation_id="summary_make", request=SummaryInput, responses={202: SummaryShape})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Draft it again, in another language or by another template; what a person edited stays.

        400 `bad_language`, `bad_template`.
        """
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        given = SummaryInput(data=request.data)
        given.is_valid(raise_exception=True)
        change = dict(given.validated_data)
        if "template" in change:
            change["template"] = templates.of(session, change["template"])
        limits.take(f"summary.{session.pk}", SUMMARIES_A_MINUTE)
        if summaries.begin(session_id=session.pk, **change):
            transaction.on_commit(lambda: tasks.summarise.delay(str(session.pk)))
        return Response(queries.summary(session), status=202)

    @extend_schema(
        operation_id="summary_edit", request=SentenceInput, responses={200: EditedSummary}
    )
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Change a sentence's words, take it out or back in, or add one.

        409 `summary_changed`: `revision` is not the summary's any more.
        """
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

    @extend_schema(operation_id="analytics_get", responses={200: TalkAnalytics})
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        note_view(session)
        return Response(analytics(session))


# --- Off the record, and lines put right ---------------------------------------------------------


class OffRecordInput(serializers.Serializer[Any]):
    seconds = serializers.IntegerField(min_value=0, max_value=MOST_SECONDS, default=0)


class OffRecord(Endpoint):
    """Nothing is kept from now on, nor of the last seconds; DELETE goes on again."""

    @extend_schema(
        operation_id="off_record_begin", request=OffRecordInput, responses={200: Interview}
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Go off the record: nothing from now on is kept, and nothing of the last seconds."""
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        given = OffRecordInput(data=request.data)
        given.is_valid(raise_exception=True)
        held, countdown = offrecord.begin(
            session=session, by=cast("User", request.user), seconds=given.validated_data["seconds"]
        )
        if countdown is not None:
            transaction.on_commit(
                lambda: tasks.analyze.apply_async([str(session.pk)], countdown=countdown)
            )
        return Response(session_json(held))

    @extend_schema(operation_id="off_record_end", responses={200: Interview})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Go on the record again."""
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        return Response(session_json(offrecord.end(session=session)))


class LineInput(serializers.Serializer[Any]):
    text = serializers.CharField(required=False, allow_blank=True)  # judged in `corrections`
    role = serializers.CharField(required=False, max_length=20)
    revision = serializers.IntegerField(required=False, min_value=0)  # of the line one looks at


class Line(Endpoint):
    """One line of the transcript, put right by whoever holds the interview."""

    @extend_schema(
        operation_id="segments_correct", request=LineInput, responses={200: SegmentShape}
    )
    def patch(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        """Correct a line's text, its role, or both; the text is redacted like speech."""
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

    @extend_schema(operation_id="segments_recognized", responses={200: Recognized})
    def get(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        """Return a line as it was recognized; for who holds the interview."""
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        known = recognized(session, segment_id)
        if known is None:
            raise Http404
        return Response(known)

    @extend_schema(operation_id="segments_restore", responses={200: SegmentShape})
    def delete(self, request: Request, session_id: UUID, segment_id: UUID) -> Response:
        """Take a correction back: the line is as it was recognized."""
        session = access.get_session(request.user, session_id, access.Perm.RECORD)
        line, changed = corrections.restore(
            session=session, segment_id=segment_id, by=cast("User", request.user)
        )
        return _corrected(line, changed)


def _corrected(line: Segment, changed: bool) -> Response:
    pause = corrections.PAUSE_SECONDS
    if changed and limits.first(f"reread.{line.session_id}", pause):
        transaction.on_commit(
            lambda: tasks.reread.apply_async([str(line.session_id)], countdown=pause)
        )
    return Response(segment_json(line))
