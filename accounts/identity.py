"""Who somebody is, by what they came with, and asked again whenever it matters.

A page answers in milliseconds, a socket lives for hours: it keeps its credentials, not its user.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session as SignIn
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ApiToken, Organization, User

TOKEN_MARK = "icp_"  # noqa: S105  # how our tokens begin, for secret scanners and people
MAX_TOKEN_LENGTH = 100
NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A sign-in or an API token; neither: nobody."""

    session_key: str | None = None
    token_id: UUID | None = None


def hash_token(raw: str) -> str:
    """Return what is stored of a token or link: 256 random bits need no slow hash."""
    return hashlib.sha256(raw.encode()).hexdigest()


def of_token(raw: str) -> User | AnonymousUser:
    """Return the person a living API token stands for; their `api_token` is set."""
    if not raw.startswith(TOKEN_MARK) or len(raw) > MAX_TOKEN_LENGTH:
        return AnonymousUser()
    return _bearer(ApiToken.objects.filter(token_hash=hash_token(raw)))


def identify(credentials: Credentials) -> User | AnonymousUser:
    """Return the person fresh from the database; nobody once sign-in, token or account ended."""
    if credentials.token_id is not None:
        return _bearer(ApiToken.objects.filter(pk=credentials.token_id))
    if credentials.session_key is None:
        return AnonymousUser()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(credentials.session_key)
    return of_session(request)


def of_session(request: HttpRequest) -> User | AnonymousUser:
    """Return who is signed in in the request's session, with the border that comes with it."""
    user = get_user(request)  # checks the password's hash and that the account is active
    if not isinstance(user, User):
        return AnonymousUser()
    user.border = _border(request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, []))
    return user


def _border(steps: list[dict[str, Any]]) -> UUID | None:
    """Return the only organization that a sign-in opens; None where the person proved it is them.

    An organization's provider vouches for its people towards that organization, not towards others
    they belong to: a password or passkey of their own does.
    """
    if any(step["method"] == "password" or step.get("passwordless") for step in steps):
        return None
    providers = [step["provider"] for step in steps if step["method"] == "socialaccount"]
    if not providers:
        return None
    slugs = [p["organization"] for p in settings.INTERVIEW_OIDC if p["id"] == providers[-1]]
    known = Organization.objects.filter(slug__in=slugs).values_list("pk", flat=True).first()
    return known or NOWHERE  # a provider that was taken out of the settings opens nothing


def ends_at(credentials: Credentials) -> datetime | None:
    """Return when the sign-in or token runs out by itself; None when it is gone already."""
    if credentials.token_id is not None:
        token = ApiToken.objects.filter(pk=credentials.token_id).first()
        return token.expires_at if token else None
    sign_in = SignIn.objects.filter(session_key=credentials.session_key).first()
    return sign_in.expire_date if sign_in else None


def _bearer(tokens: QuerySet[ApiToken]) -> User | AnonymousUser:
    token = (
        tokens.filter(revoked_at__isnull=True, expires_at__gt=timezone.now(), user__is_active=True)
        .select_related("user", "organization")
        .first()
    )
    if token is None:
        return AnonymousUser()
    user: User = token.user
    user.api_token = token
    user.border = token.organization_id
    return user
