"""A session is one interview. Everything said in it is sealed with the session's own key."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from accounts.models import Organization, User
from copilot.lib.crypto import new_key, seal, unseal
from copilot.lib.errors import DomainError
from copilot.lib.sealed import SealedField, WrappedKeyField, sealed_state
from sessions.states import Status

SCALE = 5  # the best value of a rating; the worst is 1


class Guide(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="guides")
    title = models.CharField(_("title"), max_length=160)
    # Whose it is; without an owner it is the organization's, and its admins' to change.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="guides",
        verbose_name=_("owner"),
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("guide")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Competency(models.Model):
    guide = models.ForeignKey(Guide, on_delete=models.CASCADE, related_name="competencies")
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("what to look for"), max_length=400, blank=True)
    # What each value of the rating scale looks like, from 1 to SCALE; empty texts where unsaid.
    anchors = models.JSONField(_("anchors"), default=list, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("competency")
        verbose_name_plural = _("competencies")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    competency = models.ForeignKey(Competency, on_delete=models.CASCADE, related_name="questions")
    text = models.CharField(_("question"), max_length=400)
    minutes = models.PositiveIntegerField(_("planned minutes"), default=5)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("question")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text


class Session(models.Model):
    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Only the owner")  # shares are kept, and sleep
        SHARED = "shared", _("The owner and the people it is shared with")
        ORGANIZATION = "organization", _("Everybody in the organization")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="sessions", editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_sessions"
    )
    title = models.CharField(_("title"), max_length=160)
    job = models.CharField(_("job"), max_length=160, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    status = models.CharField(
        _("status"), max_length=10, choices=[(s, s.value) for s in Status], default=Status.DRAFT
    )
    visibility = models.CharField(
        _("visibility"), max_length=12, choices=Visibility.choices, default=Visibility.SHARED
    )
    guide = models.ForeignKey(Guide, on_delete=models.SET_NULL, null=True, blank=True)
    planned_minutes = models.PositiveIntegerField(_("planned minutes"), default=45)
    is_sample = models.BooleanField(_("offers the sample recording"), default=False)
    candidate_name = SealedField(null=True)
    candidate_email = SealedField(null=True)
    # Where the candidate is, ISO 3166-1, which decides what they are told; empty: as the
    # organization.
    country = models.CharField(_("candidate's country"), max_length=2, blank=True)
    profile = SealedField(null=True)
    plan = SealedField(null=True)  # the guide as it was when the interview began
    wrapped_key = WrappedKeyField(null=True)
    revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)  # of a draft too
    legal_hold = models.BooleanField(_("legal hold"), default=False)

    class Meta:
        verbose_name = _("interview")
        ordering = ["-created_at"]
        permissions: ClassVar = [
            ("comment_session", "Can comment on the interview"),
            ("record_session", "Can record the interview"),
            ("share_session", "Can share the interview"),
        ]

    def __str__(self) -> str:
        return f"interview {self.pk}"  # a title may name the candidate, and this ends up in logs

    def __getstate__(self) -> dict[str, Any]:
        # Keys and words stay in this process: pickles go to caches and queues.
        return sealed_state(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            if self.wrapped_key is None:
                self.wrapped_key = seal(self.organization.key(), new_key(), self._place())
        elif kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            # An old copy must not bring back the key of an interview that was erased meanwhile.
            left_out = {"id", "wrapped_key", *self.get_deferred_fields()}
            fields = [field.attname for field in self._meta.concrete_fields]
            kwargs["update_fields"] = [name for name in fields if name not in left_out]
        super().save(*args, **kwargs)

    def _place(self) -> bytes:
        return f"session|{self.organization_id}|{self.pk}".encode()

    def data_key(self) -> bytes:
        """Return the session's key, 32 bytes; raise DomainError `erased` once it is destroyed."""
        if self.wrapped_key is None:
            raise DomainError("erased", "This interview was erased.", status=410)
        key: bytes | None = self.__dict__.get("_data_key")
        if key is None:
            key = unseal(self.organization.key(), bytes(self.wrapped_key), self._place())
            self.__dict__["_data_key"] = key
        return key

    def elapsed(self) -> timedelta:
        """Return the time since the interview started, zero before."""
        if self.started_at is None:
            return timedelta()
        return (self.ended_at or timezone.now()) - self.started_at

    def draft_expiry(self) -> datetime:
        """Return until when it is kept as a draft, if it was prepared or changed just now."""
        return timezone.now() + timedelta(days=self.organization.draft_days)

    def longest_expiry(self) -> datetime | None:
        """Return how far `expires_at` may be moved; None while the interview runs."""
        if self.status == Status.DRAFT:
            return self.draft_expiry()
        if self.ended_at is None:
            return None
        longest: datetime = self.ended_at + timedelta(hours=self.organization.retention_max_hours)
        return longest


class SealedRow(models.Model):
    """A row whose sealed fields open with the key of its session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True

    def __getstate__(self) -> dict[str, Any]:
        return sealed_state(self)

    def data_key(self) -> bytes:
        session: Session = self.session  # type: ignore[attr-defined]  # every subclass has one
        return session.data_key()


class SessionUserObjectPermission(UserObjectPermissionBase):
    """One right of one person on one session; `until` is the end of a share, if it has one."""

    content_object = models.ForeignKey(Session, on_delete=models.CASCADE)
    until = models.DateTimeField(null=True, blank=True)


class SessionGroupObjectPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Session, on_delete=models.CASCADE)


class ConsentNotice(models.Model):
    """What an organization tells candidates before recording, in one language.

    A text never changes: another one is another number, and the newest that is not retired counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="notices")
    country = models.CharField(_("country"), max_length=2, blank=True)  # empty: any
    language = models.CharField(_("language"), max_length=8)
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=6000)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice for candidates")
        verbose_name_plural = _("notices for candidates")
        ordering = ["country", "language", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "country", "language", "number"],
                name="one_notice_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.country or '*'}-{self.language}-{self.number}"


class CandidateLink(models.Model):
    """The way of the candidate to their own page of one interview.

    The link is the id of this row, signed: who reads the database cannot make one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="candidate_links")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    mailed_at = models.DateTimeField(null=True)  # sent to the candidate's address by us
    opened_at = models.DateTimeField(null=True)  # first
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)  # None: as long as the interview exists
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"link {self.pk}"


class ConsentRecord(SealedRow):
    """What the candidate answered: to which notice, who noted it, when, how. The newest counts."""

    class Answer(models.TextChoices):
        AGREED = "agreed", _("Agreed")
        REFUSED = "refused", _("Refused")

    class Method(models.TextChoices):
        VERBAL = "verbal", _("Said so in the conversation")
        WRITTEN = "written", _("In writing")
        LINK = "link", _("On the consent page")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="consents")
    answer = models.CharField(max_length=8, choices=Answer.choices, default=Answer.AGREED)
    notice_version = models.CharField(max_length=60)
    notice = SealedField(null=True)  # as it was shown: {"language", "country", "text"}
    method = models.CharField(max_length=8, choices=Method.choices)
    given_by = SealedField(null=True)
    # Who wrote it down; None where the candidate answered on their own page, by `link`.
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    link = models.ForeignKey(CandidateLink, on_delete=models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_method = models.CharField(max_length=8, choices=Method.choices, blank=True)
    withdrawn_by = models.ForeignKey(  # None where the candidate did it
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["given_at"]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class CandidateRequest(SealedRow):
    """What the candidate asked for on their page, and what came of it."""

    class Kind(models.TextChoices):
        PAUSE = "pause", _("a pause")
        ERASURE = "erasure", _("erasure")
        COPY = "copy", _("a copy")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="requests")
    link = models.ForeignKey(CandidateLink, on_delete=models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = SealedField(null=True)  # why it was refused, for the candidate to read
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=models.Q(state="open"),
                name="one_open_request_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"


class Erasure(models.Model):
    """That an interview was erased: begun with its key, and once finished a signed receipt.

    No content and no foreign key to what is gone. While `finished_at` is None the rest is still
    being removed; nothing of it can be read any more.
    """

    class Reason(models.TextChoices):
        EXPIRED = "expired", _("its time was over")
        DRAFT = "draft", _("it was not held")
        CANDIDATE = "candidate", _("the candidate asked for it")
        SUBJECT = "subject", _("everything about one candidate was erased")
        PERSON = "person", _("somebody who may decided it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="erasures"
    )
    session_id = models.UUIDField(unique=True)
    reason = models.CharField(_("why"), max_length=10, choices=Reason.choices)
    asked_by = models.BigIntegerField(null=True)  # a user's id; no foreign key: this outlives them
    started_at = models.DateTimeField(_("unreadable since"))  # the key was destroyed
    finished_at = models.DateTimeField(_("removed"), null=True)
    counts = models.JSONField(_("what was removed"), default=dict)  # {"segments": 120, …}
    public_key = models.CharField(max_length=64, blank=True)  # Ed25519, hex
    signature = models.CharField(max_length=128, blank=True)  # Ed25519, hex

    class Meta:
        verbose_name = _("receipt of erasure")
        verbose_name_plural = _("receipts of erasure")
        ordering = ["-started_at"]
        indexes = [
            models.Index(
                fields=["started_at"],
                condition=models.Q(finished_at=None),
                name="erasure_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class DeviceCode(models.Model):
    """A short code by which a second device joins one channel of an interview, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="device_codes")
    channel = models.CharField(max_length=12)
    code_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"code {self.pk}"


class Note(SealedRow):
    """What somebody who may comment wrote or marked beside the interview."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        BOOKMARK = "bookmark", _("Bookmark")  # a moment, perhaps with some words

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NOTE)
    text = SealedField(null=True)
    at_ms = models.PositiveIntegerField()  # on the interview's clock
    segment = models.UUIDField(null=True)  # the line it is about, where it is about one
    removed = models.BooleanField(default=False)  # without text; pages that show it take it away
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"note {self.pk}"


class OffRecord(models.Model):
    """A stretch of the interview of which nothing is stored or shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="off_records")
    from_ms = models.PositiveIntegerField()  # on the interview's clock
    to_ms = models.PositiveIntegerField(null=True)  # None while it lasts
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["from_ms"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=models.Q(to_ms=None), name="off_record_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"off the record {self.pk}"


class Scorecard(SealedRow):
    """How one person rates the candidate, by competency; others see it once it is submitted.

    `ratings` is {competency id: {"value": 1 to SCALE or None, "comment", "segments": [line ids]}}.
    `overall` is {"recommendation", "text"}: what this person recommends, by `Recommendation`, and
    why. People type it; no program ever does.
    """

    class Recommendation(models.TextChoices):
        NONE = "", _("No recommendation")
        STRONG_NO = "strong_no", _("Definitely not")
        NO = "no", _("No")
        YES = "yes", _("Yes")
        STRONG_YES = "strong_yes", _("Definitely")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="scorecards")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ratings = SealedField()
    overall = SealedField(null=True)
    submitted_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "author"], name="one_scorecard_each")
        ]

    def __str__(self) -> str:
        return f"scorecard {self.pk}"


class Watcher(models.Model):
    """One open page of an interview; those not seen for a while are gone without saying so."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="watchers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["session", "seen_at"], name="watcher_seen")]

    def __str__(self) -> str:
        return f"watcher {self.pk}"


__all__ = [
    "CandidateLink",
    "CandidateRequest",
    "Competency",
    "ConsentNotice",
    "ConsentRecord",
    "DeviceCode",
    "Erasure",
    "Guide",
    "Note",
    "OffRecord",
    "Question",
    "Scorecard",
    "SealedRow",
    "Session",
    "SessionGroupObjectPermission",
    "SessionUserObjectPermission",
    "Status",
    "User",
    "Watcher",
]
