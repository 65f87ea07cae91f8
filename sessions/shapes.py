"""What REST answers about interviews, for the schema; `serializers.py` makes it."""

from typing import Any

from rest_framework import serializers as s

from sessions.models import (
    SCALE,
    CandidateRequest,
    ConsentRecord,
    Note,
    Scorecard,
    Session,
)
from sessions.states import Status

METHODS = ["", *ConsentRecord.Method.values]
ANSWERS = [*ConsentRecord.Answer.values, "withdrawn"]


class ConsentState(s.Serializer[Any]):
    """What the candidate answered last."""

    given = s.BooleanField()
    answer = s.ChoiceField(choices=ANSWERS, allow_null=True)
    at = s.DateTimeField(allow_null=True)
    method = s.ChoiceField(choices=METHODS)
    notice = s.CharField(allow_blank=True, help_text="The version of what they were told.")


class CandidateLink(s.Serializer[Any]):
    """The candidate's own page; its address is told once, where the link is made."""

    id = s.UUIDField()
    made_at = s.DateTimeField()
    opened_at = s.DateTimeField(allow_null=True)
    mailed_at = s.DateTimeField(allow_null=True)


class NewCandidateLink(CandidateLink):
    url = s.URLField()
    qr = s.CharField(help_text="The address as a picture: a `data:` URL of an SVG.")


class CandidateAsked(s.Serializer[Any]):
    """What the candidate asked for."""

    id = s.UUIDField()
    kind = s.ChoiceField(choices=CandidateRequest.Kind.values)
    state = s.ChoiceField(choices=CandidateRequest.State.values)
    asked_at = s.DateTimeField()


class Candidate(s.Serializer[Any]):
    link = CandidateLink(allow_null=True)
    requests = CandidateAsked(many=True)


class Kept(s.Serializer[Any]):
    """Until when the interview is kept."""

    expires_at = s.DateTimeField(allow_null=True)
    longest = s.DateTimeField(allow_null=True, help_text="How far that may be moved.")
    hold = s.BooleanField(help_text="A legal hold keeps it, whatever its time.")


class Off(s.Serializer[Any]):
    since_ms = s.IntegerField()


class OffStretch(s.Serializer[Any]):
    """Off the record, in milliseconds on the interview's clock."""

    id = s.UUIDField()
    from_ms = s.IntegerField()
    to_ms = s.IntegerField(allow_null=True)


class Interview(s.Serializer[Any]):
    id = s.UUIDField()
    title = s.CharField()
    job = s.CharField(allow_blank=True)
    language = s.CharField()
    status = s.ChoiceField(choices=[status.value for status in Status])
    owner = s.CharField()
    consent = ConsentState()
    candidate = Candidate()
    started_at = s.DateTimeField(allow_null=True)
    ended_at = s.DateTimeField(allow_null=True)
    expires_at = s.DateTimeField(allow_null=True)
    retention = Kept()
    planned_minutes = s.IntegerField(allow_null=True)
    sentiment = s.BooleanField(help_text="Whether the tone of wording is read at all.")
    sample = s.BooleanField()
    off_record = Off(allow_null=True)
    off_records = OffStretch(many=True)
    revision = s.IntegerField()


class May(s.Serializer[Any]):
    """What you may do with it."""

    view = s.BooleanField()
    comment = s.BooleanField()
    record = s.BooleanField()
    share = s.BooleanField()


class InterviewListed(Interview):
    created_at = s.DateTimeField()
    visibility = s.ChoiceField(choices=Session.Visibility.values)


class Prepared(s.Serializer[Any]):
    """What was prepared, for who holds the interview."""

    candidate_name = s.CharField(allow_blank=True)
    candidate_email = s.CharField(allow_blank=True)
    country = s.CharField(allow_blank=True)
    guide = s.UUIDField(allow_null=True)
    profile = s.CharField(allow_blank=True)


class InterviewForYou(InterviewListed):
    may = May()
    prepared = Prepared(allow_null=True)


class ConsentShape(s.Serializer[Any]):
    """One answer of the candidate."""

    id = s.UUIDField()
    answer = s.ChoiceField(choices=ConsentRecord.Answer.values)
    at = s.DateTimeField()
    method = s.ChoiceField(choices=ConsentRecord.Method.values)
    given_by = s.CharField(
        allow_null=True, allow_blank=True, help_text="For who holds the interview, else null."
    )
    noted_by = s.CharField(allow_null=True, help_text="null: the candidate, on their own page.")
    notice = s.CharField(allow_blank=True, help_text="The version of what they were told.")
    withdrawn_at = s.DateTimeField(allow_null=True)
    withdrawn_method = s.ChoiceField(choices=METHODS)
    withdrawn_by = s.CharField(allow_null=True)


class ShareShape(s.Serializer[Any]):
    """What a colleague was given."""

    user = s.IntegerField()
    name = s.CharField()
    email = s.EmailField()
    level = s.ChoiceField(choices=["view", "comment"])
    until = s.DateTimeField(allow_null=True)


class Notice(s.Serializer[Any]):
    """What the candidate is told before they answer."""

    version = s.CharField()
    language = s.CharField()
    country = s.CharField(allow_blank=True)
    text = s.CharField()
    languages = s.ListField(child=s.CharField())


class NoteShape(s.Serializer[Any]):
    """What somebody wrote or marked beside the interview."""

    id = s.UUIDField()
    kind = s.ChoiceField(choices=Note.Kind.values)
    author = s.CharField()
    author_id = s.IntegerField()
    text = s.CharField(allow_blank=True)
    at_ms = s.IntegerField(help_text="On the interview's clock.")
    segment = s.UUIDField(allow_null=True)
    removed = s.BooleanField()
    revision = s.IntegerField()
    created_at = s.DateTimeField()
    edited_at = s.DateTimeField(allow_null=True)


class Rating(s.Serializer[Any]):
    value = s.IntegerField(allow_null=True, min_value=1, max_value=SCALE)
    comment = s.CharField(allow_blank=True)
    segments = s.ListField(child=s.UUIDField())


class OverallShape(s.Serializer[Any]):
    """What somebody recommends, and why; typed by them."""

    recommendation = s.ChoiceField(choices=Scorecard.Recommendation.values)
    text = s.CharField(allow_blank=True)


class ScorecardShape(s.Serializer[Any]):
    ratings = s.DictField(child=Rating(), help_text="By the id of the competency.")
    overall = OverallShape()
    submitted_at = s.DateTimeField(allow_null=True)


class ScorecardOfOther(ScorecardShape):
    author = s.CharField()


class ScorecardsShape(s.Serializer[Any]):
    """One's own ratings, and those of others that one may see."""

    scale = s.IntegerField(help_text="The best value; the worst is 1.")
    mine = ScorecardShape(allow_null=True)
    others = ScorecardOfOther(many=True)
    waiting = s.IntegerField(help_text="How many others began and have not submitted.")


class PanelPerson(s.Serializer[Any]):
    id = s.IntegerField()
    name = s.CharField()
    mine = s.BooleanField(help_text="It is who asks.")
    overall = OverallShape()
    submitted_at = s.DateTimeField()


class PanelRating(Rating):
    person = s.IntegerField()


class PanelCompetency(s.Serializer[Any]):
    id = s.IntegerField()
    name = s.CharField()
    anchors = s.ListField(child=s.CharField(allow_blank=True))
    ratings = PanelRating(many=True)
    difference = s.IntegerField(
        allow_null=True, help_text="Steps between the lowest value and the highest."
    )


class PanelShape(s.Serializer[Any]):
    """What everybody submitted, side by side; nothing ranks or averages it."""

    scale = s.IntegerField()
    visible = s.BooleanField(help_text="False until one's own ratings are submitted.")
    people = PanelPerson(many=True)
    competencies = PanelCompetency(many=True)


class DeviceShape(s.Serializer[Any]):
    """A second device that joined one channel of an interview."""

    id = s.UUIDField()
    channel = s.CharField()
    name = s.CharField(allow_blank=True)
    joined_at = s.DateTimeField()


class DeviceCode(s.Serializer[Any]):
    """Lets one device join within ten minutes; told once."""

    code = s.CharField()
    channel = s.CharField()
    expires_at = s.DateTimeField()
    url = s.URLField()
    qr = s.CharField(help_text="A `data:` URL of an SVG.")


class PlannedQuestionShape(s.Serializer[Any]):
    id = s.IntegerField()
    text = s.CharField()
    minutes = s.IntegerField(allow_null=True)


class Competency(s.Serializer[Any]):
    id = s.IntegerField()
    name = s.CharField()
    description = s.CharField(allow_blank=True)
    anchors = s.ListField(
        child=s.CharField(allow_blank=True),
        min_length=SCALE,
        max_length=SCALE,
        help_text="What an answer of each value sounds like, from the weakest to the strongest.",
    )
    questions = PlannedQuestionShape(many=True)


class GuideHead(s.Serializer[Any]):
    id = s.UUIDField()
    title = s.CharField()
    owner = s.CharField(allow_null=True, help_text="null where it is the organization's.")
    updated_at = s.DateTimeField()


class WholeGuide(GuideHead):
    competencies = Competency(many=True)


class QuestionWritten(s.Serializer[Any]):
    id = s.IntegerField(required=False, allow_null=True)
    text = s.CharField(max_length=400)
    minutes = s.IntegerField(required=False, allow_null=True, min_value=0, max_value=240)


class CompetencyWritten(s.Serializer[Any]):
    id = s.IntegerField(required=False, allow_null=True)
    name = s.CharField(max_length=120)
    description = s.CharField(required=False, allow_blank=True, max_length=400)
    anchors = s.ListField(
        child=s.CharField(allow_blank=True, max_length=400), required=False, max_length=SCALE
    )
    questions = QuestionWritten(many=True, required=False)


class GuideWritten(s.Serializer[Any]):
    """A guide as a whole: what comes with an id stays, what is not named is deleted."""

    title = s.CharField(max_length=160)
    competencies = CompetencyWritten(many=True, required=False)
    of_organization = s.BooleanField(required=False, allow_null=True, default=None)
    updated_at = s.CharField(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="Of the guide you got; 409 `changed_meanwhile` where somebody was faster.",
    )
