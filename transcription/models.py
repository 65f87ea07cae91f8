"""One stream per role of a session, and the segments that came out of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from copilot.lib.sealed import SealedField
from sessions.models import SealedRow, Session

SAMPLES_PER_MS = 16


class Role(models.TextChoices):
    INTERVIEWER = "interviewer", _("Interviewer")
    CANDIDATE = "candidate", _("Candidate")
    ROOM = "room", _("Room")


class Stream(models.Model):
    """The audio of one role; offsets count 16 kHz samples since its first one."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="streams")
    role = models.CharField(max_length=12, choices=Role.choices)
    origin_ms = models.PositiveIntegerField()  # where sample 0 lies on the interview's clock
    durable = models.PositiveBigIntegerField(default=0)  # stored, or known to hold no speech
    lost = models.PositiveBigIntegerField(default=0)  # samples that no client could send again
    connection = models.UUIDField(null=True)  # the one connection that may write
    engine = models.CharField(max_length=20, blank=True)
    engine_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "role"], name="one_stream_per_role")
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.session_id}"


class Segment(SealedRow):
    """One utterance: redacted, then sealed. The start sample makes a replay harmless."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="segments")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="segments")
    role = models.CharField(max_length=12, choices=Role.choices)
    start_sample = models.PositiveBigIntegerField()
    end_sample = models.PositiveBigIntegerField()
    start_ms = models.PositiveIntegerField()  # on the interview's clock
    end_ms = models.PositiveIntegerField()
    text = SealedField()
    words = SealedField()  # [[text, start_ms, end_ms, confidence], …]
    confidence = models.FloatField()
    engine = models.CharField(max_length=20)
    language = models.CharField(max_length=8)
    kinds = models.JSONField(default=dict)  # what was redacted: counts per kind
    sequence = models.PositiveIntegerField()  # the revision at which it was stored
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["start_ms", "sequence"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "role", "start_sample"], name="one_segment_per_start"
            )
        ]
        indexes = [
            models.Index(fields=["session", "revision"], name="segment_revision"),
            models.Index(fields=["session", "sequence"], name="segment_sequence"),
        ]

    def __str__(self) -> str:
        return f"segment {self.pk}"
