"""Users sign in by e-mail; an organization is the border that nothing crosses.

Invitations and API tokens are stored as hashes: who reads the database cannot use them.
"""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.kinds import Event
from accounts.roles import Role, Scope
from copilot.lib.crypto import new_key
from copilot.lib.sealed import SealedField, WrappedKeyField

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
    sign_in_epoch = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Set by `identity`, never stored. Who came with an API token, or by an organization's identity
    # provider alone, reaches nothing beyond its organization.
    api_token: "ApiToken | None" = None
    border: uuid.UUID | None = None

    objects = UserManager()  # type: ignore[assignment,misc]  # replaces the manager by username

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()  # people sign in whatever the case they type
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Counting the epoch up ends every sign-in of this person, wherever it is stored.
        mark = f"{self.password}|{self.sign_in_epoch}"
        return salted_hmac(
            "accounts.User.sign-in", mark, secret=secret, algorithm="sha256"
        ).hexdigest()

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split()[0]


def default_languages() -> list[str]:
    return ["en"]


class Organization(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True)
    country = models.CharField(_("country"), max_length=2, default="US", help_text="ISO 3166-1")
    language = models.CharField(_("language"), max_length=8, default="en")
    languages = models.JSONField(
        _("languages"), default=default_languages, help_text=_("Languages interviews may be in.")
    )
    retention_hours = models.PositiveIntegerField(
        _("retention in hours"), default=24, validators=[MinValueValidator(1)]
    )
    require_second_factor = models.BooleanField(
        _("require a second factor"),
        default=False,
        help_text=_("Members without one see nothing of the organization until they add it."),
    )
    llm_daily_tokens = models.PositiveIntegerField(
        _("language model tokens a day"),
        null=True,
        blank=True,
        help_text=_("Empty: no limit. When they are used up the built-in rules take over."),
    )
    llm_concurrency = models.PositiveSmallIntegerField(
        _("language model calls at the same time"),
        default=8,
        validators=[MinValueValidator(1)],
        help_text=_("What is above it is analysed by the built-in rules."),
    )
    analysis_enabled = models.BooleanField(_("analysis"), default=True)
    sentiment_enabled = models.BooleanField(
        _("sentiment"), null=True, blank=True, help_text=_("Empty: off in the EU and EEA, else on.")
    )
    retention_max_hours = models.PositiveIntegerField(
        _("longest retention in hours"),
        default=720,
        validators=[MinValueValidator(1)],
        help_text=_("How long after its end an interview may be kept where somebody extends it."),
    )
    draft_days = models.PositiveIntegerField(
        _("days that a draft is kept"),
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("Interviews that were prepared and not held are erased after them."),
    )
    privacy_contact = models.CharField(
        _("contact for privacy"),
        max_length=200,
        blank=True,
        help_text=_("Candidates read it in the notice: an address, a person."),
    )
    keep_names = models.BooleanField(_("leave names in transcripts"), default=False)
    wrapped_key = WrappedKeyField()

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


class InstallationKey(models.Model):
    """A key of the installation as a whole, wrapped by the primary master key.

    `check` tells at start-up whether the master keys are those of this database; `audit:<id>` is
    what the audit derived from the master key `<id>`, so that this one may leave the settings.
    """

    name = models.CharField(primary_key=True, max_length=60)
    wrapped_key = WrappedKeyField()

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.wrapped_key:
            self.hold(new_key())
        super().save(*args, **kwargs)

    def hold(self, key: bytes) -> None:
        self.wrapped_key = settings.INTERVIEW_MASTER_KEYS.wrap(key, self._place())

    def _place(self) -> bytes:
        return f"installation|{self.name}".encode()

    def key(self) -> bytes:
        """Return the key; raise CryptoError if the master key is gone."""
        unwrapped: bytes = settings.INTERVIEW_MASTER_KEYS.unwrap(
            bytes(self.wrapped_key), self._place()
        )
        return unwrapped


ROLES = [
    (Role.ADMIN.value, _("Admin")),
    (Role.INTERVIEWER.value, _("Interviewer")),
    (Role.VIEWER.value, _("Viewer")),
]


class Membership(models.Model):
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=ROLES)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_each")
        ]

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """A link that makes its reader a member, once, until it expires."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=12, choices=ROLES)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("invited"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        ended = self.accepted_at or self.revoked_at
        return ended is None and self.expires_at > timezone.now()


class ApiToken(models.Model):
    """A key for programs: acts for its user, inside one organization, within its scopes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"))  # of accounts.roles.Scope
    # A device that joined an interview: good for one of its channels and nothing else.
    bound_to = models.UUIDField(null=True, editable=False)  # the interview
    channel = models.CharField(max_length=12, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    def allows(self, scope: Scope, channel: str = "") -> bool:
        """Tell whether the token is good for this; a device's for its own channel only."""
        return scope in self.scopes and self.channel in ("", channel)


class IdempotentRequest(models.Model):
    """What a request with an `Idempotency-Key` was answered, so that its repeat does nothing.

    Written in the transaction of the act. `body` goes with the interview it is about.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key_hash = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField()
    body = SealedField(null=True)
    about = models.UUIDField(null=True, db_index=True)  # the interview; no foreign key upstream
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key_hash"], name="one_answer_per_key")
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    def data_key(self) -> bytes:
        return self.organization.key()


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Reads only: the audit is written by `accounts.audit.record` and never changes."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("audit entries are append-only")

    update = delete = bulk_create = bulk_update = _refuse


class AuditEntry(models.Model):
    """What somebody did, when and from where; ids and kinds only, never words or candidates.

    Written by `accounts.audit.record` in the transaction of the act, with a code of its own in
    `digest`. Sealed right after the commit: it gets `sequence`, `previous` and its final digest.
    Nothing changes after that.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, related_name="audit_entries"
    )  # null: of the installation as a whole
    at = models.DateTimeField(_("when"))
    action = models.CharField(
        _("what"), max_length=40, choices=[(event.value, event.label) for event in Event]
    )
    actor_id = models.BigIntegerField(null=True)  # no foreign key: the entry outlives the account
    actor = models.CharField(_("who"), max_length=254, blank=True)
    via = models.CharField(_("by way of"), max_length=12)
    token_id = models.UUIDField(null=True)
    ip = models.GenericIPAddressField(_("from"), null=True)
    object_type = models.CharField(_("object"), max_length=40, blank=True)
    object_id = models.CharField(_("object id"), max_length=40, blank=True)
    details = models.JSONField(_("details"), default=dict)
    sequence = models.PositiveBigIntegerField(null=True)  # place in the organization's chain
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "sequence"],
                name="one_entry_per_place",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-at"], name="audit_by_time"),
            models.Index(
                fields=["organization"], condition=models.Q(sequence=None), name="audit_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("audit entries are append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("audit entries are append-only")

    def settle(self) -> None:
        """Store the place in the chain, once; for the seal only."""
        AuditEntry._base_manager.filter(pk=self.pk, sequence=None).update(
            sequence=self.sequence, previous=self.previous, digest=self.digest
        )


class AuditHead(models.Model):
    """The end of one chain: an organization's, or the installation's."""

    chain = models.CharField(primary_key=True, max_length=36)
    sequence = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.chain}: {self.sequence}"
