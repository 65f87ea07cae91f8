"""Reads about memberships."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, User
from accounts.roles import Act, allows


def active_membership(
    user: "User | AnonymousUser", organization_id: UUID | None = None
) -> Membership | None:
    """Return the user's living membership, of the given organization or the first one."""
    if not user.is_authenticated or not user.is_active:
        return None
    memberships = Membership.objects.filter(user=user, is_active=True).select_related(
        "organization"
    )
    if organization_id is not None:
        memberships = memberships.filter(organization_id=organization_id)
    return memberships.order_by("pk").first()


def may(user: "User | AnonymousUser", act: Act, organization_id: UUID | None = None) -> bool:
    membership = active_membership(user, organization_id)
    return membership is not None and allows(membership.role, act)


def colleagues(user: User, organization_id: UUID) -> list[User]:
    """Return the other active members of one organization by name."""
    return list(
        User.objects.filter(
            memberships__organization_id=organization_id,
            memberships__is_active=True,
            is_active=True,
        )
        .exclude(pk=user.pk)
        .order_by("name", "email")
    )
