"""The door: every page, endpoint and socket gets its session here, or a 404.

A person passes when they are an active member of the session's organization and, for the act asked
for, own the session, hold a permission row on it, may see everything in the organization by role,
or (view only) the session is visible to the organization. "Missing" and "not yours" look the same.
"""

from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from accounts.models import Membership, User
from accounts.queries import active_membership, colleagues
from accounts.roles import Act, allows
from copilot.lib.errors import DomainError
from sessions.models import Session, SessionUserObjectPermission


class Perm(StrEnum):
    VIEW = "view_session"
    RECORD = "record_session"
    SHARE = "share_session"
    DELETE = "delete_session"


OWNER_PERMS = (Perm.VIEW, Perm.RECORD, Perm.SHARE, Perm.DELETE)
BY_ROLE = frozenset({Perm.VIEW, Perm.SHARE, Perm.DELETE})  # never recording: that is the owner's


def _label(perm: Perm) -> str:
    return f"interviews.{perm}"


def sessions_with(user: User | AnonymousUser, perm: Perm) -> QuerySet[Session]:
    """Return the sessions on which `user` may do `perm`, newest first."""
    if not user.is_authenticated or not user.is_active:
        return Session.objects.none()
    memberships = list(Membership.objects.filter(user=user, is_active=True))
    if perm is Perm.RECORD:
        memberships = [m for m in memberships if allows(m.role, Act.RECORD)]
    # Without these two flags guardian lets staff with the admin's model permission see every row.
    rows = get_objects_for_user(
        user,
        _label(perm),
        Session,
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    reach = Q(pk__in=rows.values("pk"))
    if perm is Perm.VIEW:
        reach |= Q(visibility=Session.Visibility.ORGANIZATION)
    if perm in BY_ROLE:
        everything = [m.organization_id for m in memberships if allows(m.role, Act.ANY_SESSION)]
        reach |= Q(organization_id__in=everything)
    return (
        Session.objects.filter(reach, organization_id__in=[m.organization_id for m in memberships])
        .filter(wrapped_key__isnull=False)
        .select_related("organization", "owner", "guide")
    )


def sessions_visible_to(user: User | AnonymousUser) -> QuerySet[Session]:
    return sessions_with(user, Perm.VIEW)


def get_session(
    user: User | AnonymousUser, session_id: UUID | str, perm: Perm = Perm.VIEW
) -> Session:
    """Return the session or raise Http404, for what is missing and what is not theirs alike."""
    try:
        return sessions_with(user, perm).get(pk=session_id)
    except (Session.DoesNotExist, ValidationError):
        raise Http404("no such interview") from None


def perms_of(user: User | AnonymousUser, session: Session) -> dict[str, bool]:
    """Return what `user` may do with a session, for pages and API: view, record, share."""
    return {
        name: sessions_with(user, perm).filter(pk=session.pk).exists()
        for name, perm in (("view", Perm.VIEW), ("record", Perm.RECORD), ("share", Perm.SHARE))
    }


def grant_owner(session: Session) -> None:
    for perm in OWNER_PERMS:
        assign_perm(_label(perm), session.owner, session)


@transaction.atomic
def share(*, session: Session, colleague: User) -> None:
    """Let a colleague of the same organization view the session."""
    if active_membership(colleague, session.organization_id) is None:
        raise DomainError("not_a_colleague", "You can share only with people of your organization.")
    assign_perm(_label(Perm.VIEW), colleague, session)


@transaction.atomic
def unshare(*, session: Session, colleague: User) -> None:
    if colleague.pk == session.owner_id:
        raise DomainError("owner_stays", "The owner always keeps access.")
    remove_perm(_label(Perm.VIEW), colleague, session)


def sharing(session: Session) -> list[tuple[User, bool]]:
    """Return the owner's colleagues with whether the session is shared with each."""
    shared = set(
        SessionUserObjectPermission.objects.filter(content_object=session).values_list(
            "user_id", flat=True
        )
    )
    return [
        (user, user.pk in shared) for user in colleagues(session.owner, session.organization_id)
    ]


def lock_session(session_id: UUID) -> Session | None:
    """Hold the session's row until the caller's transaction ends; None when it is gone.

    Everything that counts up the session's revision holds it first, so that rows are locked in
    one order and revisions become visible in theirs.
    """
    return (
        Session.objects.select_for_update(of=("self",))
        .select_related("organization", "guide")
        .filter(pk=session_id, wrapped_key__isnull=False)
        .first()
    )


def session_by_id(session_id: UUID | str) -> Session | None:
    """Return a living session for work that runs for no user (tasks, receivers); None when gone."""
    return (
        Session.objects.select_related("organization", "guide")
        .filter(pk=session_id, wrapped_key__isnull=False)
        .first()
    )
