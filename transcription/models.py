"""One stream per role of a session, and the segments that came out of it."""

import uuid

from django.conf import settings
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
    # The one before it, which may still store its last words where the new one does not send them.
    previous = models.UUIDField(null=True)
    handed_over = models.PositiveBigIntegerField(null=True)  # the sample up to which it may
    # How often recognition broke down in a row since `durable` moved, and at which sample last.
    stumbles = models.PositiveSmallIntegerField(default=0)
    stumbled_at = models.PositiveBigIntegerField(default=0)
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
    # [[text, start_ms, end_ms, confidence, as heard (empty: the same), level in dBFS], …]; the last
    # two may be missing.
    words = SealedField()
    confidence = models.FloatField()
    level = models.FloatField(null=True)  # loudness of the speech in dBFS
    hidden = models.BooleanField(default=False)  # heard better on another channel, or erased
    erased = models.BooleanField(default=False)  # its words are gone; the row keeps replays out
    engine = models.CharField(max_length=20)
    language = models.CharField(max_length=8)
    kinds = models.JSONField(default=dict)  # what was redacted: counts per kind
    # What was recognized, where a person corrected it: {"text", "words", "role", "kinds"}.
    original = SealedField(null=True)
    corrected_at = models.DateTimeField(null=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    sequence = models.PositiveIntegerField()  # the revision at which it was stored
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["start_ms", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "start_sample"], name="one_segment_per_start")
        ]
        indexes = [
            models.Index(fields=["session", "revision"], name="segment_revision"),
            models.Index(fields=["session", "sequence"], name="segment_sequence"),
        ]

    def __str__(self) -> str:
        return f"segment {self.pk}"


class Gap(models.Model):
    """Sound that nobody can send again: where it lay, how long it was, and why it is missing."""

    class Reason(models.TextChoices):
        CONNECTION = "connection", _("The connection was away for longer than sound is kept")
        CAPTURE = "capture", _("The device was asleep or its sound was taken away")
        RECOGNITION = "recognition", _("The recognizer could not hear it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="gaps")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="gaps")
    role = models.CharField(max_length=12, choices=Role.choices)
    start_sample = models.PositiveBigIntegerField()
    end_sample = models.PositiveBigIntegerField()
    start_ms = models.PositiveIntegerField()  # on the interview's clock
    end_ms = models.PositiveIntegerField()
    reason = models.CharField(max_length=12, choices=Reason.choices, default=Reason.CONNECTION)
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["start_ms"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "start_sample"], name="one_gap_per_start")
        ]

    def __str__(self) -> str:
        return f"gap {self.pk}"


class Upload(models.Model):
    """A recording that becomes an interview: first received, then heard, then forgotten."""

    class State(models.TextChoices):
        RECEIVING = "receiving", _("Receiving")
        WAITING = "waiting", _("Waiting")
        PROCESSING = "processing", _("Writing it down")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="upload")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVING)
    size = models.PositiveBigIntegerField()  # bytes, as announced
    received = models.PositiveBigIntegerField(default=0)  # bytes, on disk
    media = models.CharField(max_length=40, blank=True)  # what it was found to be
    roles = models.JSONField(default=list)  # who speaks on which channel
    duration_ms = models.PositiveBigIntegerField(null=True)  # as the file states it
    done_ms = models.PositiveBigIntegerField(default=0)  # of the recording, written down
    error = models.CharField(max_length=40, blank=True)  # code of copilot.lib.errors.DomainError
    attempts = models.PositiveSmallIntegerField(default=0)  # in a row without progress
    lease = models.UUIDField(null=True)  # the one worker that may write
    lease_until = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"upload {self.pk}"
