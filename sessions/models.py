"""A session is one interview. Everything said in it is sealed with the session's own key."""

import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from accounts.models import Organization, User
from copilot.lib.crypto import new_key, seal, unseal
from copilot.lib.errors import DomainError
from copilot.lib.sealed import SealedField
from sessions.states import Status


class Guide(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="guides")
    title = models.CharField(_("title"), max_length=160)

    class Meta:
        verbose_name = _("guide")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Competency(models.Model):
    guide = models.ForeignKey(Guide, on_delete=models.CASCADE, related_name="competencies")
    name = models.CharField(_("name"), max_length=120)
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
    profile = SealedField(null=True)
    wrapped_key = models.BinaryField(null=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
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
        return self.title

    def __getstate__(self) -> dict[str, Any]:
        # The opened key stays in this process: pickles go to caches and queues.
        return {k: v for k, v in self.__dict__.items() if k != "_data_key"}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and self.wrapped_key is None:
            self.wrapped_key = seal(self.organization.key(), new_key(), self._place())
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


class SealedRow(models.Model):
    """A row whose sealed fields open with the key of its session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True

    def data_key(self) -> bytes:
        session: Session = self.session  # type: ignore[attr-defined]  # every subclass has one
        return session.data_key()


class SessionUserObjectPermission(UserObjectPermissionBase):
    """One right of one person on one session; `until` is the end of a share, if it has one."""

    content_object = models.ForeignKey(Session, on_delete=models.CASCADE)
    until = models.DateTimeField(null=True, blank=True)


class SessionGroupObjectPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Session, on_delete=models.CASCADE)


class ConsentRecord(SealedRow):
    """That the candidate agreed to be recorded: which notice, who noted it, when, how."""

    class Method(models.TextChoices):
        VERBAL = "verbal", _("Said so in the conversation")
        WRITTEN = "written", _("In writing")
        LINK = "link", _("On the consent page")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="consents")
    notice_version = models.CharField(max_length=40)
    method = models.CharField(max_length=8, choices=Method.choices)
    given_by = SealedField(null=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["given_at"]

    def __str__(self) -> str:
        return f"consent {self.pk}"


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
    """What somebody who may comment wrote beside the interview."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = SealedField()
    at_ms = models.PositiveIntegerField()  # on the interview's clock
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"note {self.pk}"


__all__ = [
    "Competency",
    "ConsentRecord",
    "DeviceCode",
    "Guide",
    "Note",
    "Question",
    "SealedRow",
    "Session",
    "SessionGroupObjectPermission",
    "SessionUserObjectPermission",
    "Status",
    "User",
]
