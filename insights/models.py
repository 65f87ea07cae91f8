"""Insights with their evidence, and where the analysis of each session stands."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from copilot.lib.sealed import SealedField
from insights.kinds import Kind
from sessions.models import SealedRow, Session


class Insight(SealedRow):
    """One card. Icon, colour and tab follow from the kind (`insights.kinds.LOOKS`)."""

    class State(models.TextChoices):
        PRELIMINARY = "preliminary", _("Preliminary")
        COMPLETE = "complete", _("Complete")
        SUPERSEDED = "superseded", _("Superseded")

    class Source(models.TextChoices):
        PATTERN = "pattern", _("Local patterns")
        RULES = "rules", _("Rules")
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
    feedback = models.CharField(max_length=8, choices=Feedback.choices, default="", blank=True)
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


class AnalysisRun(models.Model):
    """One run over the segments (after, through]; figures and error codes, no content."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="runs")
    after = models.PositiveIntegerField()
    through = models.PositiveIntegerField()
    engine = models.CharField(max_length=8)
    error = models.CharField(max_length=20, blank=True)  # why the model was not used
    findings = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    first_ms = models.FloatField(default=0)
    total_ms = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["session", "through"], name="one_run_per_cursor")
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.engine}"


class AtsConnection(models.Model):
    """Where an organization's results may be sent; the credential is sealed with its key."""

    class Kind(models.TextChoices):
        GREENHOUSE = "greenhouse", "Greenhouse"
        LEVER = "lever", "Lever"
        ASHBY = "ashby", "Ashby"
        WORKABLE = "workable", "Workable"
        GENERIC = "generic", _("JSON to any address")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="ats_connections"
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("system"), max_length=12, choices=Kind.choices)
    base_url = models.URLField(_("address"), help_text=_("https only"))
    credential = SealedField(null=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("ATS connection")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def data_key(self) -> bytes:
        return self.organization.key()
