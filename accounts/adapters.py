"""How allauth's sign-in is ours: nobody signs up, secrets are sealed, leaving closes sockets."""

import base64
import logging
import time
from collections import Counter
from threading import Thread
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.keys.holders import SECOND_FACTOR
from accounts.kinds import Event
from accounts.models import Membership, Organization, User
from accounts.queries import SECOND_FACTORS
from accounts.roles import Role
from accounts.services import add_member
from accounts.signals import announce
from accounts.views import too_many_requests

logger = logging.getLogger(__name__)

LOCKED_OUT = {"too_many_login_attempts", "rate_limited"}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail address and password do not belong together."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your password."),
        "incorrect_code": _("This code is not right, or it was used already."),
        "duplicate_email": _("This address is yours, or waits to be confirmed."),
    }
    _attempts: str | None = None  # whose failed sign-ins are counted

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # people come by invitation

    def login(self, request: HttpRequest, user: User) -> None:
        _vouch(user)
        super().login(request, user)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Not by host, as allauth counts: whoever connects chooses the port that the header names.
        return str(credentials.get("email", "")).strip().lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self._attempts = self._get_login_attempts_cache_key(request, **credentials)
        super().pre_authenticate(request, **credentials)

    def validation_error(self, code: str, *args: Any) -> Exception:
        if code in LOCKED_OUT:
            raise ImmediateHttpResponse(too_many_requests(self.request, self._wait()))
        error: Exception = super().validation_error(code, *args)
        return error

    def _wait(self) -> float:
        """Return the seconds until the next attempt to sign in is heard."""
        key = self._attempts
        if key is None:  # a code of the second factor
            stage = getattr(self.request, "_login_stage", None)
            user = stage.login.user if stage else self.request.user
            key = f"mfa-auth-user-{user.pk}"
        names = {"app": "allauth.account", "action": "login_failed"}
        waits = [1.0]
        for rate in ratelimit.get_rates(**names):
            place = ratelimit.get_cache_key(self.request, **names, rate=rate, key=key)
            attempts = cache.get(place, [])
            if len(attempts) >= rate.amount:
                waits.append(attempts[-1] + rate.duration - time.time())
        return max(waits)

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        # Who proved to own the mailbox is no longer locked out.
        self._delete_login_attempts_cached_email(self.request, email=user.email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        taken = User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id)
        if taken.exists():
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        confirmed: bool = super().confirm_email(request, email_address)
        return confirmed

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        if email != user.email:
            return  # an address that was never confirmed, or is theirs no longer
        provider = provider_instead_of_password(user)
        if provider:
            self.send_mail("accounts/email/no_password", email, {"provider": provider})
        else:
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send in a thread of its own.

        A mail server that is slow or down would tell strangers which addresses have an account.
        """
        context = {"request": self.request, "email": email, **context}
        message = self.render_mail(template_prefix, email, context)
        Thread(target=_deliver, args=[message, template_prefix], name="mail").start()


def _deliver(message: EmailMessage, kind: str) -> None:
    try:
        message.send()
    except Exception as error:  # mail servers fail in many ways; nobody is waiting for this one
        logger.error("mail %s could not be sent: %s", kind, type(error).__name__)


def _vouch(user: User) -> None:
    """Let allauth's addresses follow the account's, which others vouched for."""
    with transaction.atomic():
        EmailAddress.objects.filter(email=user.email).exclude(user=user).delete()
        EmailAddress.objects.filter(user=user, verified=True).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(
            user=user, email=user.email, defaults={"verified": True, "primary": True}
        )


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _(
            "Your organization requires a second factor: add another one first."
        ),
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        sealed = settings.INTERVIEW_MASTER_KEYS.wrap(text.encode(), SECOND_FACTOR)
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = base64.b64decode(encrypted_text)
        text: bytes = settings.INTERVIEW_MASTER_KEYS.unwrap(sealed, SECOND_FACTOR)
        return text.decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Refuse to remove the last second factor while an organization requires one."""
        others = Authenticator.objects.filter(
            user_id=authenticator.user_id, type__in=SECOND_FACTORS
        ).exclude(pk=authenticator.pk)
        strict = Membership.objects.filter(
            user_id=authenticator.user_id,
            is_active=True,
            organization__require_second_factor=True,
        )
        return others.exists() or not strict.exists()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %d") % number

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": settings.MFA_TOTP_ISSUER}


def provider_settings(provider_id: str) -> dict[str, Any] | None:
    return next((p for p in settings.INTERVIEW_OIDC if p["id"] == provider_id), None)


def provider_instead_of_password(user: User) -> str | None:
    """Return the name of the provider by which alone somebody without a password signs in.

    Their organization decides there who may enter; a password would go around that.
    """
    if user.has_usable_password():
        return None
    for account in SocialAccount.objects.filter(user=user):
        provider = provider_settings(account.provider)
        if provider and _belongs_only_to(user, provider["organization"]):
            return str(provider.get("name", provider["id"]))
    return None


def _belongs_only_to(user: User, slug: str) -> bool:
    slugs = user.memberships.filter(is_active=True).values_list("organization__slug", flat=True)
    return set(slugs) == {slug}


def _is_member(user: User, slug: str) -> bool:
    return user.memberships.filter(is_active=True, organization__slug=slug).exists()


class ProviderAdapter(DefaultSocialAccountAdapter):
    """A provider belongs to one organization and opens accounts of its members only."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False  # who may come in has an account once `pre_social_login` is done

    def list_providers(self, request: HttpRequest) -> list[Any]:
        """Return all for who wants to sign in, those of their organizations for members."""
        providers: list[Any] = super().list_providers(request)
        if not request.user.is_authenticated:
            return providers
        slugs = set(
            request.user.memberships.filter(is_active=True).values_list(
                "organization__slug", flat=True
            )
        )
        own = {p["id"] for p in settings.INTERVIEW_OIDC if p["organization"] in slugs}
        return [provider for provider in providers if provider.sub_id in own]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find or make the account this sign-in is for, or refuse it without saying why."""
        connecting = sociallogin.state.get("process") == AuthProcess.CONNECT
        with transaction.atomic():
            user = _person(sociallogin, may_be_new=not connecting)
            refused = user is None or (connecting and user != request.user)
            # allauth connects by itself, after asking for the password.
            if not refused and not connecting and not sociallogin.is_existing:
                sociallogin.connect(request, user)
        if refused:
            _note_refusal(sociallogin.account.provider)
            name = sociallogin.provider.app.name
            page = render(request, "accounts/provider_refused.html", {"provider": name}, status=403)
            raise ImmediateHttpResponse(page)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, **details: Any
    ) -> None:
        reason = type(details.get("exception")).__name__
        logger.warning("sign-in by provider %s failed: %s, %s", provider.sub_id, error, reason)


def _person(sociallogin: Any, *, may_be_new: bool) -> User | None:
    """Return who may enter by this sign-in at a provider.

    A verified e-mail address, and: connected already, or a member of the provider's organization
    and of no other (another one's data is not for this provider to open), or new and of a domain
    that the provider is trusted with.
    """
    provider = provider_settings(sociallogin.account.provider)
    claims = _claims(sociallogin.account.extra_data)
    email = str(claims.get("email", "")).strip().lower()
    if provider is None or claims.get("email_verified") not in (True, "true"):
        return None
    try:
        validate_email(email)
    except ValidationError:
        return None
    if sociallogin.is_existing:
        user: User | None = sociallogin.user
    else:
        user = User.objects.filter(email=email).first()
        if user is None:
            return _newcomer(provider, email, claims) if may_be_new else None
        if not _belongs_only_to(user, provider["organization"]):
            return None
    if user is None or user.is_superuser or not user.is_active:
        return None
    return user if _is_member(user, provider["organization"]) else None


def _note_refusal(provider_id: str) -> None:
    provider = provider_settings(provider_id) or {}
    organization = Organization.objects.filter(slug=provider.get("organization", "")).first()
    audit.record(
        Event.SIGN_IN_FAILED,
        organization_id=organization.pk if organization else None,
        details={"step": "provider", "provider": provider_id},
    )


def _claims(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the provider says about the person; nothing where it contradicts itself."""
    info, token = data.get("userinfo"), data.get("id_token")
    if info and token and info.get("sub") != token.get("sub"):
        return {}
    return info or token or {}


def _newcomer(provider: dict[str, Any], email: str, claims: dict[str, Any]) -> User | None:
    organization = Organization.objects.filter(slug=provider["organization"]).first()
    domains = {domain.lower() for domain in provider.get("domains", [])}
    if organization is None or email.rpartition("@")[2] not in domains:
        return None
    user = User(email=email, name=str(claims.get("name") or "").strip()[:120])
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # made by another request this very moment
        return None
    role = Role(provider.get("role", Role.INTERVIEWER))
    add_member(organization=organization, user=user, role=role, joined=True)
    return user


class SignedInAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Any) -> None:
        super().end_sessions(sessions)
        for user, count in Counter(session.user for session in sessions).items():
            audit.record_for_user(Event.SIGNED_OUT, user, details={"devices": count})
            announce([user.pk])
