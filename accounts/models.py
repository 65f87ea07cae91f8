"""Users sign in by e-mail; an organization is the border that nothing crosses."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from copilot.lib.crypto import new_key

# Where emotion recognition at work is forbidden outright, sentiment starts switched off:
# the EU member states and the EEA (AI Act, Art. 5(1)(f)).
EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE "
    "IS LI NO".split()
)


class UserManager(BaseUserManager["User"]):
    def _create(self, email: str, password: str | None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self._create(email, password, **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self._create(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractUser):
    username = None  # type: ignore[assignment]  # e-mail is the login name
    first_name = None  # type: ignore[assignment]  # one name field fits more of the world
    last_name = None  # type: ignore[assignment]  # see above
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]  # replaces the manager by username

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split()[0]


class Organization(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True)
    country = models.CharField(_("country"), max_length=2, default="US", help_text="ISO 3166-1")
    language = models.CharField(_("language"), max_length=8, default="en")
    retention_hours = models.PositiveIntegerField(_("retention in hours"), default=24)
    analysis_enabled = models.BooleanField(_("analysis"), default=True)
    sentiment_enabled = models.BooleanField(
        _("sentiment"), null=True, blank=True, help_text=_("Empty: off in the EU and EEA, else on.")
    )
    keep_names = models.BooleanField(_("leave names in transcripts"), default=False)
    wrapped_key = models.BinaryField(editable=False)

    class Meta:
        verbose_name = _("organization")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.wrapped_key:
            self.wrapped_key = settings.INTERVIEW_MASTER_KEYS.wrap(new_key(), self._place())
        super().save(*args, **kwargs)

    def _place(self) -> bytes:
        return f"organization|{self.pk}".encode()

    def key(self) -> bytes:
        """Return the organization's key, 32 bytes; raise CryptoError if the master key is gone."""
        unwrapped: bytes = settings.INTERVIEW_MASTER_KEYS.unwrap(
            bytes(self.wrapped_key), self._place()
        )
        return unwrapped

    @property
    def sentiment(self) -> bool:
        if self.sentiment_enabled is None:
            return self.country.upper() not in EEA
        return self.sentiment_enabled


class Membership(models.Model):
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(
        _("role"),
        max_length=12,
        choices=[
            (Role.ADMIN, _("Admin")),
            (Role.INTERVIEWER, _("Interviewer")),
            (Role.VIEWER, _("Viewer")),
        ],
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_each")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}: {self.role}"
