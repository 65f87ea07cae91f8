"""What Django and allauth tell about accounts goes into the audit, and to whoever asks again."""

from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as second_factor
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as provider
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from accounts.signals import announce


def on_signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    audit.record_for_user(Event.SIGNED_IN, user, details=_how(request, user), actor=user)


def _how(request: HttpRequest, user: User) -> dict[str, str | None]:
    """Return by what somebody signed in, and the second factor if one was asked for."""
    how: dict[str, str | None] = {"method": "other", "second_factor": None}
    for step in get_authentication_records(request, user):
        if step["method"] == "mfa" and not step.get("passwordless"):
            how["second_factor"] = step["type"]
        elif step["method"] == "mfa":
            how = {"method": "passkey", "second_factor": None}
        else:
            how = {"method": step.get("provider", step["method"]), "second_factor": None}
    return how


def on_sign_in_failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Note a wrong password; an address that is nobody's may be a password typed in haste."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    user = User.objects.filter(email=typed.strip().lower()).first()
    if user is None:
        audit.record(Event.SIGN_IN_FAILED, organization_id=None, details={"step": "unknown"})
    else:
        audit.record_for_user(Event.SIGN_IN_FAILED, user, details={"step": "password"})


def on_second_factor_failed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    audit.record_for_user(Event.SIGN_IN_FAILED, user, details={"step": authenticator.type})


def on_signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is None:
        return
    audit.record_for_user(Event.SIGNED_OUT, user, actor=user)
    request.session.delete()  # Django does so after this signal: too late for who asks again
    announce([user.pk])


def on_password_changed(user: User, **kwargs: Any) -> None:
    audit.record_for_user(Event.PASSWORD_CHANGED, user, details={"reset": False}, actor=user)
    announce([user.pk])


def on_password_reset(user: User, **kwargs: Any) -> None:
    audit.record_for_user(Event.PASSWORD_CHANGED, user, details={"reset": True}, actor=user)
    announce([user.pk])


def on_second_factor_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    details = {"type": authenticator.type, "renewed": False}
    audit.record_for_user(Event.SECOND_FACTOR_ADDED, user, details=details, actor=user)
    announce([user.pk])


def on_second_factor_renewed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    details = {"type": authenticator.type, "renewed": True}
    audit.record_for_user(Event.SECOND_FACTOR_ADDED, user, details=details, actor=user)


def on_second_factor_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    details = {"type": authenticator.type}
    audit.record_for_user(Event.SECOND_FACTOR_REMOVED, user, details=details, actor=user)
    announce([user.pk])


def on_provider_connected(sociallogin: Any, **kwargs: Any) -> None:
    details = {"provider": sociallogin.account.provider}
    user = sociallogin.user
    audit.record_for_user(Event.PROVIDER_CONNECTED, user, details=details, actor=user)


def on_provider_disconnected(socialaccount: Any, **kwargs: Any) -> None:
    details, user = {"provider": socialaccount.provider}, socialaccount.user
    audit.record_for_user(Event.PROVIDER_DISCONNECTED, user, details=details, actor=user)
    announce([user.pk])


def on_email_changed(user: User, **kwargs: Any) -> None:
    audit.record_for_user(Event.EMAIL_CHANGED, user, actor=user)


def connect() -> None:
    for signal, receiver in (
        (user_logged_in, on_signed_in),
        (user_login_failed, on_sign_in_failed),
        (second_factor.authentication_failed, on_second_factor_failed),
        (user_logged_out, on_signed_out),
        (account.password_changed, on_password_changed),
        (account.password_set, on_password_changed),
        (account.password_reset, on_password_reset),
        (second_factor.authenticator_added, on_second_factor_added),
        (second_factor.authenticator_reset, on_second_factor_renewed),
        (second_factor.authenticator_removed, on_second_factor_removed),
        (provider.social_account_added, on_provider_connected),
        (provider.social_account_removed, on_provider_disconnected),
        (account.email_changed, on_email_changed),
    ):
        signal.connect(receiver, dispatch_uid=f"accounts.{receiver.__name__}")
