"""Invitations: a link that proves its reader's e-mail address and makes them a member, once."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, identity
from accounts.kinds import Event
from accounts.models import Invitation, Membership, Organization, User
from accounts.queries import may
from accounts.roles import Act, Role
from accounts.services import add_member
from copilot.lib.errors import DomainError


@transaction.atomic
def invite(
    *, organization: Organization, email: str, role: str, invited_by: User
) -> tuple[Invitation, str]:
    """Return the invitation and the secret part of its link; older ones to the address end."""
    if not (invited_by.is_superuser or may(invited_by, Act.MANAGE, organization.pk)):
        raise DomainError("forbidden", _("Only admins invite."), status=403)
    email = email.strip().lower()
    validate_email(email)
    require_stranger(organization.pk, email)
    for older in _open().filter(organization=organization, email=email):
        revoke(invitation=older)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        organization=organization,
        email=email,
        role=Role(role),
        token_hash=identity.hash_token(token),
        invited_by=invited_by,
        expires_at=timezone.now() + timedelta(hours=settings.INTERVIEW_INVITATION_HOURS),
    )
    audit.record(
        Event.INVITED, organization_id=organization.pk, obj=invitation, details={"role": role}
    )
    return invitation, token


def require_stranger(organization_id: UUID, email: str) -> None:
    """Raise DomainError where the address is a member's, or a former one's."""
    here = Membership.objects.filter(
        organization_id=organization_id, user__email=email.strip().lower()
    ).first()
    if here is not None:
        raise DomainError(
            "already_member",
            _("This person is a member already.")
            if here.is_active
            else _("This person was a member: reactivate them instead."),
        )


def send(invitation: Invitation, link: str) -> None:
    """Mail the link; raises what the mail server raises."""
    context = {
        "invitation": invitation,
        "organization": invitation.organization,
        "link": link,
        "hours": settings.INTERVIEW_INVITATION_HOURS,
    }
    send_mail(
        _("Invitation to %s") % invitation.organization.name,
        render_to_string("accounts/email/invitation.txt", context),
        None,
        [invitation.email],
    )


@transaction.atomic
def revoke(*, invitation: Invitation) -> None:
    if _open().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
        audit.record(
            Event.INVITATION_REVOKED, organization_id=invitation.organization_id, obj=invitation
        )


def find(token: str) -> Invitation | None:
    """Return the open invitation of a link."""
    invitations = _open().select_related("organization", "invited_by")
    return invitations.filter(token_hash=identity.hash_token(token)).first()


@transaction.atomic
def accept(*, invitation: Invitation, user: User) -> Membership:
    """Make the person the invitation was sent to a member; exactly one of several calls wins."""
    if user.email != invitation.email:
        raise DomainError(
            "wrong_person", _("This invitation is for another e-mail address."), status=403
        )
    if not _open().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
        raise DomainError("invitation_over", _("This invitation is not valid any more."))
    # Who joined by another way and was deactivated since does not come back by an old link.
    if Membership.objects.filter(organization=invitation.organization, user=user).exists():
        raise DomainError("already_member", _("You were a member already."))
    return add_member(
        organization=invitation.organization, user=user, role=Role(invitation.role), joined=True
    )


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str) -> User:
    """Make the account of somebody who has none, and accept for them.

    Raises ValidationError for a weak password, DomainError where an account exists already.
    """
    user = User(email=invitation.email, name=name.strip()[:120])
    validate_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise DomainError(
            "account_exists", _("There is an account with this e-mail address: sign in with it.")
        ) from None
    accept(invitation=invitation, user=user)
    return user


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now()
    )
