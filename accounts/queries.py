"""Reads about memberships: who belongs where, and with what right.

`memberships_of` is what every check rests on. It leaves out memberships that were ended, those
beyond the border of an API token or a provider's sign-in, and those whose organization requires a
second factor that the person lacks.
"""

from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Membership, Organization, User
from accounts.roles import ACTS, Act, allows

STRICT = {"require_second_factor": True}
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def memberships_of(user: "User | AnonymousUser") -> list[Membership]:
    """Return the memberships by which the user may act, the oldest first."""
    if not user.is_authenticated or not user.is_active:
        return []
    found = Membership.objects.filter(user=user, is_active=True).select_related("organization")
    if user.border is not None:
        found = found.filter(organization_id=user.border)
    return [m for m in found.order_by("pk") if not lacks_second_factor(user, m.organization)]


def has_second_factor(user: User) -> bool:
    found: bool = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists()
    return found


def lacks_second_factor(user: User, organization: Organization) -> bool:
    """Tell whether the organization requires a second factor that this person does not have.

    Who can only sign in through the organization's own identity providers has what those require.
    """
    if not organization.require_second_factor:
        return False
    if has_second_factor(user):
        return False
    providers = [
        provider["id"]
        for provider in settings.INTERVIEW_OIDC
        if provider["organization"] == organization.slug
    ]
    connected = set(SocialAccount.objects.filter(user=user).values_list("provider", flat=True))
    return user.has_usable_password() or not connected or not connected <= {*providers}


def organizations_requiring_more(user: "User | AnonymousUser") -> list[Organization]:
    """Return the user's organizations that wait for a second factor."""
    if not user.is_authenticated or not user.is_active:
        return []
    strict = Organization.objects.filter(
        **STRICT, memberships__user=user, memberships__is_active=True
    )
    return [organization for organization in strict if lacks_second_factor(user, organization)]


def active_membership(
    user: "User | AnonymousUser", organization_id: UUID | None = None
) -> Membership | None:
    """Return the user's living membership, of the given organization or the first one."""
    for membership in memberships_of(user):
        if organization_id in (None, membership.organization_id):
            return membership
    return None


def may(user: "User | AnonymousUser", act: Act, organization_id: UUID | None = None) -> bool:
    membership = active_membership(user, organization_id)
    return membership is not None and allows(membership.role, act)


def organizations_managed_by(user: "User | AnonymousUser") -> QuerySet[Organization]:
    """Return where the user may administer.

    For a superuser everywhere, but for organizations that require a second factor they lack.
    """
    if user.is_authenticated and user.is_active and user.is_superuser and user.border is None:
        everywhere = Organization.objects.all()
        return everywhere if has_second_factor(user) else everywhere.exclude(**STRICT)
    managed = [m.organization_id for m in memberships_of(user) if allows(m.role, Act.MANAGE)]
    return Organization.objects.filter(pk__in=managed)


def managers(organization: Organization) -> QuerySet[Membership]:
    """Return the active memberships that may administer the organization."""
    roles = [role for role, acts in ACTS.items() if Act.MANAGE in acts]
    return Membership.objects.filter(
        organization=organization, is_active=True, user__is_active=True, role__in=roles
    )


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
