"""What an interview came to, as texts: summary, its versions, and what it is made like."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from copilot.lib.sealed import SealedField
from insights.models.analysis import Insight
from sessions.models import SealedRow, Session


class SummaryTemplate(models.Model):
    """What an organization's summaries hold, in which order and under which titles.

    `sections` is [{"key", "title", "hidden"}]: keys of `insights.summaries`, in the order wanted;
    an empty title is that of the program, in the summary's language.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="summary_templates"
    )
    name = models.CharField(_("name"), max_length=80)
    sections = models.JSONField(_("sections"), default=list, blank=True)
    guidance = models.TextField(
        _("guidance"),
        max_length=600,
        blank=True,
        help_text=_("What a language model is to keep to: length, tone of writing, emphasis."),
    )
    is_default = models.BooleanField(_("default"), default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("summary template")
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="one_summary_template_per_name"
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(is_default=True),
                name="one_default_summary_template",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Summary(SealedRow):
    """What an interview came to: a draft that a person edits and signs. Sentences name their lines.

    `sections` is [{"key", "title", "sentences": [{"id", "text", "segments", "edited"}]}].
    """

    class State(models.TextChoices):
        MAKING = "making", _("Being made")
        DRAFT = "draft", _("Draft")
        EDITED = "edited", _("Edited")
        SIGNED = "signed", _("Signed")
        FAILED = "failed", _("Failed")

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="summary")
    state = models.CharField(max_length=8, choices=State.choices, default=State.MAKING)
    sections = SealedField()
    source = models.CharField(max_length=8, choices=Insight.Source.choices, blank=True)
    language = models.CharField(max_length=8, blank=True)  # empty: the interview's
    template = models.ForeignKey(
        SummaryTemplate, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revision = models.PositiveIntegerField()
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)  # number of the newest version kept
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"summary {self.pk}"


class SummaryVersion(SealedRow):
    """A summary as it stood once; never changed. The signed one is what travels.

    `content` is {"sections", "language", "source"}. `digest` is the SHA-256 of its canonical JSON,
    hexadecimal, and for a signed version `signature` what the organization's key (Ed25519, as of
    receipts) says of digest, session, number, person and time.
    """

    class Why(models.TextChoices):
        MADE = "made", _("Made anew")  # kept before it was
        EDITED = "edited", _("Edited by somebody else")  # kept before they did
        SIGNED = "signed", _("Signed")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="summary_versions")
    number = models.PositiveIntegerField()  # from 1
    why = models.CharField(max_length=8, choices=Why.choices)
    content = SealedField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # who signed, or wrote it last; None: the program
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    public_key = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=128, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.session_id}"
