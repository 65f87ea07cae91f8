"""API tokens: shown once, stored as a hash, ending by themselves."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, identity
from accounts.kinds import Event
from accounts.models import ApiToken, Organization, User
from accounts.queries import active_membership
from accounts.roles import Scope
from accounts.signals import announce
from copilot.lib.errors import DomainError

MAX_DAYS = 365
MAX_LIVING = 50  # of one person


@transaction.atomic
def create(
    *, user: User, organization: Organization, name: str, scopes: Iterable[Scope], days: int
) -> tuple[ApiToken, str]:
    """Return the token's row and its secret, which nobody can be shown again."""
    if user.api_token is not None:
        raise DomainError("no_token_by_token", _("A token cannot make tokens."), status=403)
    if active_membership(user, organization.pk) is None:
        raise DomainError("not_a_member", _("You are not a member there."), status=403)
    wanted = sorted({Scope(scope) for scope in scopes})
    if not wanted or not name.strip() or not 1 <= days <= MAX_DAYS:
        raise DomainError("invalid", _("A token needs a name, a scope and an end."), status=400)
    alive = of_programs(user).filter(revoked_at__isnull=True, expires_at__gt=timezone.now())
    if alive.count() >= MAX_LIVING:
        raise DomainError("too_many_tokens", _("Revoke tokens you no longer need first."))
    token, raw = _make(
        user=user,
        organization=organization,
        name=name.strip()[:80],
        scopes=wanted,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(
        Event.TOKEN_CREATED,
        organization_id=organization.pk,
        obj=token,
        details={"user": user.pk, "scopes": [str(scope) for scope in wanted]},
    )
    return token, raw


def create_for_device(
    *,
    user: User,
    organization: Organization,
    bound_to: UUID,
    channel: str,
    name: str,
    hours: int,
) -> tuple[ApiToken, str]:
    """Return a token good for the audio of one channel of one interview, and its secret.

    Whoever calls this has asked the door, and leaves the trace.
    """
    return _make(
        user=user,
        organization=organization,
        name=name[:80],
        scopes=[Scope.AUDIO],
        bound_to=bound_to,
        channel=channel,
        expires_at=timezone.now() + timedelta(hours=hours),
    )


def _make(**fields: Any) -> tuple[ApiToken, str]:
    raw = identity.TOKEN_MARK + secrets.token_urlsafe(32)
    hashed = identity.hash_token(raw)
    return ApiToken.objects.create(prefix=raw[:8], token_hash=hashed, **fields), raw


def of_programs(user: User) -> QuerySet[ApiToken]:
    """Return a person's tokens, those of devices in interviews left out."""
    return ApiToken.objects.filter(user=user, bound_to__isnull=True)


@transaction.atomic
def revoke(*, token: ApiToken) -> None:
    """End a token at once; its open sockets close."""
    ended = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    if not ended:
        return
    audit.record(
        Event.TOKEN_REVOKED,
        organization_id=token.organization_id,
        obj=token,
        details={"user": token.user_id},
    )
    announce([token.user_id])


def find(raw: str) -> ApiToken | None:
    """Return the living token with this secret."""
    user = identity.of_token(raw)
    return user.api_token if isinstance(user, User) else None
