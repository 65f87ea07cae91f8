"""Writes: organizations and their members. Whoever loses a right loses it at once."""

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import ApiToken, Invitation, Membership, Organization, User
from accounts.queries import managers
from accounts.roles import Act, Role, allows
from accounts.signals import announce
from copilot.lib.errors import DomainError


@transaction.atomic
def create_organization(
    *, name: str, slug: str, country: str = "US", language: str = "en"
) -> Organization:
    return Organization.objects.create(
        name=name, slug=slug, country=country, language=language, languages=[language]
    )


@transaction.atomic
def add_member(
    *, organization: Organization, user: User, role: Role, joined: bool = False
) -> Membership:
    """Make somebody a member, or a former member one again; `joined` by their own act."""
    membership, _created = Membership.objects.update_or_create(
        organization=organization, user=user, defaults={"role": role, "is_active": True}
    )
    audit.record(
        Event.JOINED,
        organization_id=organization.pk,
        obj=membership,
        details={"user": user.pk, "role": str(role)},
        actor=user if joined else None,
    )
    _settle(user)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> Membership:
    """Give a member another role; an organization always keeps an admin."""
    before = membership.role
    if before == role:
        return membership
    _keep_an_admin(membership, role)
    membership.role = role
    membership.save(update_fields=["role"])
    if not allows(role, Act.MANAGE):
        _withdraw_invitations(membership)
    audit.record(
        Event.ROLE_CHANGED,
        organization_id=membership.organization_id,
        obj=membership,
        details={"user": membership.user_id, "from": str(before), "to": str(role)},
    )
    _settle(membership.user)
    return membership


@transaction.atomic
def deactivate(*, membership: Membership) -> None:
    """End a membership: tokens and links are revoked and sockets close; sign-ins end where it was
    the last.

    What the person owned stays, for a colleague to take over.
    """
    if not membership.is_active:
        return
    _keep_an_admin(membership, None)
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    ApiToken.objects.filter(
        user=membership.user, organization=membership.organization, revoked_at__isnull=True
    ).update(revoked_at=timezone.now())
    _withdraw_invitations(membership)
    audit.record(
        Event.DEACTIVATED,
        organization_id=membership.organization_id,
        obj=membership,
        details={"user": membership.user_id},
    )
    if not membership.user.memberships.filter(is_active=True).exists():
        end_sign_ins(membership.user)
    _settle(membership.user)


@transaction.atomic
def reactivate(*, membership: Membership) -> None:
    if membership.is_active:
        return
    membership.is_active = True
    membership.save(update_fields=["is_active"])
    audit.record(
        Event.REACTIVATED,
        organization_id=membership.organization_id,
        obj=membership,
        details={"user": membership.user_id},
    )
    _settle(membership.user)


@transaction.atomic
def end_sign_ins(user: User) -> None:
    """Sign a person out everywhere."""
    User.objects.filter(pk=user.pk).update(sign_in_epoch=F("sign_in_epoch") + 1)
    for sign_in in UserSession.objects.filter(user=user):
        sign_in.end()
    announce([user.pk])


def _keep_an_admin(membership: Membership, role: Role | None) -> None:
    """Refuse to leave an organization without anybody who may administer it."""
    if not allows(membership.role, Act.MANAGE) or (role and allows(role, Act.MANAGE)):
        return
    # Two admins who demote each other at the same time come here one after the other.
    Organization.objects.select_for_update().get(pk=membership.organization_id)
    if not managers(membership.organization).exclude(pk=membership.pk).exists():
        raise DomainError(
            "last_admin", _("An organization needs an admin: name another one first.")
        )


def _withdraw_invitations(membership: Membership) -> None:
    """End the open links of who may not invite any more: one could lead back to themselves."""
    links = Invitation.objects.filter(
        organization=membership.organization,
        invited_by=membership.user,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
    )
    for invitation in links:
        audit.record(
            Event.INVITATION_REVOKED, organization_id=membership.organization_id, obj=invitation
        )
    links.update(revoked_at=timezone.now())


def _settle(user: User) -> None:
    """Let the account follow its memberships: staff opens the admin, open sockets ask again."""
    managed = any(
        allows(role, Act.MANAGE)
        for role in user.memberships.filter(is_active=True).values_list("role", flat=True)
    )
    user.is_staff = user.is_superuser or managed
    user.save(update_fields=["is_staff"])
    announce([user.pk])
