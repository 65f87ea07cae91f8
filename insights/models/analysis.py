"""Insights, claims and tones with their evidence; how the analysis stands, took and cost."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from copilot.lib.sealed import SealedField
from insights.kinds import Kind
from sessions.models import SealedRow, Session
from transcription.models import Segment

WITHDRAWN = "withdrawn"  # kind of a claim that its line, corrected, makes no more


class Insight(SealedRow):
    """One card. Icon, colour and tab follow from the kind (`insights.kinds.LOOKS`)."""

    class State(models.TextChoices):
        PRELIMINARY = "preliminary", _("Preliminary")
        COMPLETE = "complete", _("Complete")
        SUPERSEDED = "superseded", _("Superseded")

    class Source(models.TextChoices):
        PATTERN = "pattern", _("Local patterns")
        RULES = "rules", _("Rules")
        BANK = "bank", _("Question bank")
        LLM = "llm", _("Language model")

    class Feedback(models.TextChoices):
        NONE = "", _("None")
        USED = "used", _("Used")
        NOT_NOW = "not_now", _("Not now")
        WRONG = "wrong", _("Wrong")
        PINNED = "pinned", _("Pinned")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="insights")
    kind = models.CharField(max_length=12, choices=[(k, k.value) for k in Kind])
    title = SealedField()
    content = SealedField()
    quote = SealedField()
    other_quote = SealedField(null=True)
    reason = SealedField()
    verdict = models.CharField(max_length=12, blank=True)
    competency = models.CharField(max_length=120, blank=True)
    priority = models.PositiveSmallIntegerField()
    confidence = models.FloatField(default=1.0)
    state = models.CharField(max_length=12, choices=State.choices)
    source = models.CharField(max_length=8, choices=Source.choices)
    segments = models.JSONField(default=list)  # ids of the lines it rests on
    asked_in = models.UUIDField(null=True)  # the interviewer's line that asked this question
    feedback = models.CharField(max_length=8, choices=Feedback.choices, default="", blank=True)
    stale = models.BooleanField(default=False)  # a line it rests on was corrected since
    fingerprint = models.BinaryField(max_length=16)  # keyed: equal content, equal fingerprint
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind", "fingerprint"], name="one_insight_each"
            )
        ]
        indexes = [models.Index(fields=["session", "revision"], name="insight_revision")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class AnalysisState(SealedRow):
    """The debounce row of a session: what was analysed, what is planned, who is at it."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="analysis")
    analysed_through = models.PositiveIntegerField(default=0)  # sequence of the last segment read
    last_sequence = models.PositiveIntegerField(default=0)  # sequence of the last segment stored
    next_due = models.DateTimeField(null=True)  # no run begins before
    pending_at = models.DateTimeField(null=True)  # a task is queued for this time
    lease_until = models.DateTimeField(null=True)  # somebody is at work until then
    lease_token = models.UUIDField(null=True)  # and proves it with this
    digest = SealedField(null=True)

    class Meta:
        indexes = [models.Index(fields=["analysed_through", "last_sequence"], name="analysis_due")]

    def __str__(self) -> str:
        return f"analysis of {self.session_id}"


class Claim(SealedRow):
    """One checkable statement of the candidate and what speaks for or against it."""

    class Verdict(models.TextChoices):
        UNVERIFIABLE = "unverifiable", _("Cannot be verified")
        SUPPORTED = "supported", _("Supported")
        CONFLICTS = "conflicts", _("Conflicts")

    class Against(models.TextChoices):
        NOTHING = "", _("Nothing to compare with")
        PROFILE = "profile", _("Profile")
        ANSWER = "answer", _("Earlier answer")
        TECHNOLOGY = "technology", _("Technology table")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="claims")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=12)  # insights.analyzers.claims.Claim.kind, or "use", …
    statement = SealedField()
    quote = SealedField()
    verdict = models.CharField(max_length=12, choices=Verdict.choices, default=Verdict.UNVERIFIABLE)
    against = models.CharField(max_length=10, choices=Against.choices, default="", blank=True)
    reason = SealedField()
    other_quote = SealedField(null=True)
    other_segment = models.UUIDField(null=True)  # the earlier line, where `against` is an answer
    source = models.CharField(max_length=8, choices=Insight.Source.choices)
    stale = models.BooleanField(default=False)  # a line it rests on was corrected since
    fingerprint = models.BinaryField(max_length=16)  # keyed
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["session", "fingerprint"], name="one_claim_each")
        ]
        indexes = [models.Index(fields=["session", "revision"], name="claim_revision")]

    def __str__(self) -> str:
        return f"claim {self.pk}"


class SentimentPoint(SealedRow):
    """The tone of one line's wording. Words only; never part of a rating, a summary or an export.

    `reading` is {"overall", "confidence", "indicators"} (see `insights.analyzers.tone`).
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="tones")
    segment = models.OneToOneField(Segment, on_delete=models.CASCADE, related_name="tone")
    reading = SealedField()
    revision = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["session", "revision"], name="tone_revision")]

    def __str__(self) -> str:
        return f"tone {self.pk}"


class Coverage(models.Model):
    """How far a planned question is answered: when it was asked, and which parts the answer has.

    `star` is {part: [line ids]} with the parts situation, task, action, result. What a person took
    back is not ticked again by what is heard.
    """

    class By(models.TextChoices):
        HEARD = "heard", _("Heard")
        PERSON = "person", _("Person")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="coverage")
    question = models.PositiveBigIntegerField()  # id in the session's plan
    asked = models.BooleanField(default=False)
    asked_ms = models.PositiveIntegerField(null=True)  # on the interview's clock
    asked_in = models.UUIDField(null=True)  # the line that asked it, where one did
    by = models.CharField(max_length=6, choices=By.choices, default=By.HEARD)
    star = models.JSONField(default=dict)
    revision = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "question"], name="one_coverage_each")
        ]
        indexes = [models.Index(fields=["session", "revision"], name="coverage_revision")]

    def __str__(self) -> str:
        return f"coverage {self.pk}"


class BankQuestion(models.Model):
    """A question that proved useful in an organization, or did not. About nobody in particular.

    Text is sealed with the organization's key; skill is a name of the public gazetteer or empty,
    competency one of the organization's guides or empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="bank_questions"
    )
    language = models.CharField(max_length=8, default="en")
    text = SealedField()
    skill = models.CharField(max_length=60, blank=True)
    competency = models.CharField(max_length=120, blank=True)
    used = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    fingerprint = models.BinaryField(max_length=16)  # keyed
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-used", "wrong"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fingerprint"], name="one_bank_question_each"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "language", "skill"], name="bank_skill"),
            models.Index(fields=["organization", "language", "competency"], name="bank_competency"),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"

    def data_key(self) -> bytes:
        return self.organization.key()


class AnalysisRun(models.Model):
    """One run over the segments (after, through]; figures and error codes, no content."""

    class Purpose(models.TextChoices):
        LIVE = "live", _("Live")
        PREDICTION = "prediction", _("Prediction")
        REVIEW = "review", _("Review")  # a finished interview, once more

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="runs")
    after = models.PositiveIntegerField()
    through = models.PositiveIntegerField()
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.LIVE)
    engine = models.CharField(max_length=8)  # llm, rules, cache or off
    model = models.CharField(max_length=100, blank=True)
    calls = models.PositiveSmallIntegerField(default=0)  # requests sent, retries included
    error = models.CharField(max_length=20, blank=True)  # why the model was not used
    findings = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0)  # settings' currency
    first_ms = models.FloatField(default=0)
    total_ms = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "through"],
                condition=models.Q(purpose="live"),
                name="one_run_per_cursor",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.engine}"


class LlmSpending(models.Model):
    """What language models took for an organization on one day (UTC); outlives the interviews."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="llm_spending"
    )
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("language model spending")
        verbose_name_plural = _("language model spending")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "day"], name="one_spending_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.tokens_in + self.tokens_out}"


class LatencyCount(models.Model):
    """How often a stage took so long: one bucket of a stage's histogram of one hour.

    `hour` is the first moment of the hour; of hours long past a row with the hour 1970-01-01 keeps
    the sum, so that the counters of Prometheus never fall.
    """

    stage = models.CharField(max_length=12)  # insights.latency.Stage
    hour = models.DateTimeField()
    bucket = models.PositiveSmallIntegerField()  # index into insights.latency.BOUNDS_MS
    count = models.PositiveBigIntegerField(default=0)
    total_ms = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "hour", "bucket"], name="one_latency_bucket_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.hour} {self.bucket}: {self.count}"
