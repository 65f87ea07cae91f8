"""What REST answers about what interviews came to, for the schema; `serializers.py` makes it."""

from typing import Any

from rest_framework import serializers as s

from insights.analytics import BUCKETS
from insights.kinds import Kind, Priority
from insights.models import Claim, Coverage, Insight, Summary
from sessions.shapes import Interview, May, NoteShape, OffStretch
from transcription.models import Role
from transcription.shapes import GapShape, Recording, Segment, StreamShape

TONES = ["positive", "neutral", "negative", "stressed"]


class Card(s.Serializer[Any]):
    """An insight, as a card on the page."""

    id = s.UUIDField()
    kind = s.ChoiceField(choices=[kind.value for kind in Kind])
    tab = s.CharField()
    icon = s.CharField()
    colour = s.CharField()
    title = s.CharField()
    content = s.CharField(allow_blank=True)
    quote = s.CharField(allow_blank=True)
    other_quote = s.CharField(allow_blank=True)
    reason = s.CharField(allow_blank=True)
    verdict = s.CharField(allow_blank=True)
    competency = s.CharField(allow_blank=True)
    priority = s.ChoiceField(choices=[priority.name.lower() for priority in Priority])
    state = s.ChoiceField(choices=Insight.State.values)
    source = s.ChoiceField(choices=Insight.Source.values)  # type: ignore[assignment]
    segments = s.ListField(child=s.UUIDField(), help_text="The lines it rests on.")
    feedback = s.ChoiceField(choices=Insight.Feedback.values)
    stale = s.BooleanField(help_text="A line it rests on was corrected since.")
    asked_in = s.UUIDField(allow_null=True, help_text="The line that asked this question.")
    revision = s.IntegerField()
    at = s.DateTimeField()


class FeedbackGiven(s.Serializer[Any]):
    feedback = s.ChoiceField(choices=Insight.Feedback.values)


class ClaimShape(s.Serializer[Any]):
    """Something that can be checked, and what it was held against."""

    id = s.UUIDField()
    segment = s.UUIDField()
    kind = s.CharField()
    statement = s.CharField(allow_blank=True)
    quote = s.CharField(allow_blank=True)
    verdict = s.ChoiceField(choices=Claim.Verdict.values)
    against = s.ChoiceField(choices=Claim.Against.values)
    reason = s.CharField(allow_blank=True)
    other_quote = s.CharField(allow_blank=True)
    other_segment = s.UUIDField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]
    stale = s.BooleanField()
    revision = s.IntegerField()
    at = s.DateTimeField()


class TonePoint(s.Serializer[Any]):
    """The tone of one line's wording; `at_ms` is the line's end on the interview's clock."""

    id = s.UUIDField()
    segment = s.UUIDField()
    at_ms = s.IntegerField()
    overall = s.ChoiceField(choices=TONES)
    confidence = s.FloatField(min_value=0, max_value=1)
    indicators = s.ListField(child=s.CharField())
    revision = s.IntegerField()


class ToneSummary(s.Serializer[Any]):
    overall = s.ChoiceField(choices=TONES)
    confidence = s.FloatField(min_value=0, max_value=1)
    trend = s.ChoiceField(choices=["", "improving", "steady", "worsening"])
    indicators = s.DictField(child=s.IntegerField(), help_text="How many lines each.")


class CoverageFields(s.Serializer[Any]):
    """How far a planned question is covered."""

    asked_ms = s.IntegerField(allow_null=True)
    asked_in = s.UUIDField(allow_null=True)
    by = s.ChoiceField(choices=["", *Coverage.By.values])
    star = s.DictField(help_text="The parts of a story, with the lines that show them.")


class CoveredQuestion(CoverageFields):
    id = s.IntegerField()


class TickedQuestion(s.Serializer[Any]):
    revision = s.IntegerField()
    question = CoveredQuestion()


class HeldQuestion(CoverageFields):
    id = s.IntegerField()
    text = s.CharField()
    minutes = s.IntegerField(allow_null=True)


class HeldCompetency(s.Serializer[Any]):
    id = s.IntegerField()
    name = s.CharField()
    description = s.CharField(allow_blank=True)
    anchors = s.ListField(child=s.CharField(allow_blank=True))
    questions = HeldQuestion(many=True)


class HeldGuide(s.Serializer[Any]):
    """The guide an interview is held by."""

    title = s.CharField()
    competencies = HeldCompetency(many=True)


class AnalysisQueued(s.Serializer[Any]):
    state = s.ChoiceField(choices=["queued", "reading", "done"])


class Traits(s.Serializer[Any]):
    traits = s.ListField(
        child=s.CharField(allow_blank=True),
        help_text="For each question the protected trait it asks about, or nothing.",
    )


class EngineShape(s.Serializer[Any]):
    name = s.CharField(allow_blank=True)
    reason = s.CharField(allow_blank=True)


class AnalysisShape(s.Serializer[Any]):
    """Who analyses at the moment and, where it is not the model, why."""

    engine = s.ChoiceField(choices=["llm", "rules", "off"])
    reason = s.CharField(allow_blank=True)
    detail = s.CharField(allow_blank=True)
    reviewing = s.BooleanField()


class InterviewNow(Interview):
    may = May()
    engine = EngineShape(allow_null=True)
    analysis = AnalysisShape()


class Watching(s.Serializer[Any]):
    id = s.IntegerField()
    name = s.CharField()
    here = s.IntegerField(help_text="How many pages they have open.")


class SummaryMark(s.Serializer[Any]):
    state = s.ChoiceField(choices=Summary.State.values)
    revision = s.IntegerField()


class SnapshotShape(s.Serializer[Any]):
    """Everything that changed after a cursor."""

    cursor = s.IntegerField()
    session = InterviewNow()
    guide = HeldGuide(allow_null=True)
    off_records = OffStretch(many=True)
    segments = Segment(many=True)
    insights = Card(many=True)
    claims = ClaimShape(many=True)
    tones = TonePoint(many=True)
    notes = NoteShape(many=True)
    watching = Watching(many=True)
    gaps = GapShape(many=True)
    upload = Recording(allow_null=True)
    streams = StreamShape(many=True)
    summary = SummaryMark(allow_null=True)


class RoleTalk(s.Serializer[Any]):
    role = s.ChoiceField(choices=Role.values)
    talk_ms = s.IntegerField()
    share = s.FloatField(help_text="Of all talk; 0 to 1.")
    turns = s.IntegerField()
    longest_ms = s.IntegerField()


class TimelinePart(s.Serializer[Any]):
    """One of equal parts: when it starts and the milliseconds of each role that speaks."""

    start_ms = s.IntegerField()
    interviewer = s.IntegerField(required=False)
    candidate = s.IntegerField(required=False)
    room = s.IntegerField(required=False)


class QuestionCount(s.Serializer[Any]):
    planned = s.IntegerField()
    asked = s.IntegerField()


class TalkAnalytics(s.Serializer[Any]):
    """Who spoke how long, from the times of the lines."""

    length_ms = s.IntegerField()
    silence_ms = s.IntegerField()
    off_record_ms = s.IntegerField()
    roles = RoleTalk(many=True)
    timeline = s.ListField(child=TimelinePart(), min_length=BUCKETS, max_length=BUCKETS)
    questions = QuestionCount(allow_null=True, help_text="null without a guide.")


class SentenceShape(s.Serializer[Any]):
    id = s.UUIDField()
    text = s.CharField()
    segments = s.ListField(child=s.UUIDField(), help_text="The lines it rests on.")
    edited = s.BooleanField()
    own = s.BooleanField(help_text="Written by a person from the start.")
    by = s.CharField(allow_blank=True, help_text="Who edited it; empty where the machine wrote it.")
    at = s.DateTimeField(allow_null=True)


class SectionShape(s.Serializer[Any]):
    key = s.CharField()
    title = s.CharField()
    sentences = SentenceShape(many=True)


class Signed(s.Serializer[Any]):
    """Who signed last; `corrected`: lines under it were put right since."""

    version = s.IntegerField()
    by = s.CharField(allow_blank=True)
    at = s.DateTimeField()
    digest = s.CharField(help_text="SHA-256 of the content's canonical JSON, in hex.")
    corrected = s.BooleanField()


class TemplateName(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class SummaryShape(s.Serializer[Any]):
    """What an interview came to. Every sentence of the machine rests on lines."""

    state = s.ChoiceField(choices=Summary.State.values)
    revision = s.IntegerField()
    made_at = s.DateTimeField(allow_null=True)
    language = s.CharField(help_text="The language chosen, the interview's unless told otherwise.")
    rules_language = s.CharField(
        help_text="The language of sentences by rules: another where that is not translated."
    )
    template = TemplateName(allow_null=True)
    source = s.ChoiceField(  # type: ignore[assignment]  # of that name Field has one, too
        choices=["", "llm", "rules"], help_text="Who drafted it: a language model, or rules alone."
    )
    sections = SectionShape(many=True)
    version = s.IntegerField(help_text="Number of the newest version that is kept; 0: none.")
    signed = Signed(allow_null=True)
    lines = s.DictField(child=s.IntegerField(), help_text="When each line begins, in ms.")


class EditedSummary(SummaryShape):
    added = s.UUIDField(allow_null=True, help_text="The new sentence, where one was added.")
