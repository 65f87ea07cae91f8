"""How programs come in: an API token in the header, within its scopes and everybody's limits."""

import base64
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import audit, identity, limits, origin
from accounts.kinds import Event
from accounts.models import ApiToken, User
from accounts.queries import active_membership
from accounts.roles import Scope

SCHEME = "Bearer"


def bearer(header: str) -> str | None:
    """Return the token of an Authorization header; None where it speaks of something else."""
    scheme, _space, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == SCHEME.lower() else None


def basic(header: str) -> str | None:
    """Return the token of `ws://token:icp_…@host`, which is all that many programs can be given.

    None for any other password: a proxy in front may have one of its own.
    """
    scheme, _space, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    token = password or user
    return token if token.startswith(identity.TOKEN_MARK) else None


def enter_by_token(raw: str) -> User | None:
    """Return who a living token stands for and let everything from here on be done by it.

    None for a token that is no good, which counts as a visit by nobody.
    """
    user = identity.of_token(raw)
    if not isinstance(user, User) or user.api_token is None:
        limits.take_as_nobody()
        return None
    origin.become(user_id=user.pk, user=user.email, token_id=user.api_token.pk)
    _note_use(user.api_token)
    return user


def _note_use(token: ApiToken) -> None:
    """Keep the time once a minute, and a trace once an hour for every address."""
    if limits.first(f"token.{token.pk}", 60):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    if limits.first(f"token.{token.pk}.{origin.current().ip}", 3600):
        audit.record(Event.TOKEN_USED, organization_id=token.organization_id, obj=token)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer icp_…`; a token that is no good is refused even beside a sign-in."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken | None] | None:
        raw = bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if raw is None:
            return None
        user = enter_by_token(raw)
        if user is None:
            raise AuthenticationFailed(_("This token is not valid."), code="bad_token")
        return user, user.api_token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'


class InScope(BasePermission):
    """Reading needs a token's scope `read`, everything else `write`; people have no scopes."""

    message = gettext_lazy("This token may not do that.")
    code = "out_of_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        token = getattr(request.user, "api_token", None)
        wanted = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        return token is None or token.allows(wanted)


class WithinLimits(BasePermission):
    """Count the request for its person and organization; raise TooMany above a limit.

    The view is told what is left. Not a throttle: those are asked only once all permissions are
    given.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if isinstance(user, User):
            view.left = {
                "person": limits.take(
                    f"api.user.{limits.holder(user)}", settings.INTERVIEW_LIMIT_API_USER
                ),
                "organization": limits.take(
                    f"api.organization.{_home(user)}", settings.INTERVIEW_LIMIT_API_ORGANIZATION
                ),
            }
        return True


def _home(user: User) -> str:
    """Return the organization that the person's requests count for: a token's, or their first."""
    if user.api_token is not None:
        return str(user.api_token.organization_id)
    # It may be a minute old: to ask anew with every request costs more than to count.
    return limits.remembered(f"home.{user.pk}", 60, partial(_first_home, user))


def _first_home(user: User) -> str:
    membership = active_membership(user)
    return str(membership.organization_id) if membership else f"none.{user.pk}"
