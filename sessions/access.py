"""The door: every page, endpoint and socket gets its session here, or a 404.

A person passes when they are an active member of the session's organization and, for the act asked
for, own the session, were given the right by a share that has not ended, may see everything in the
organization by role, or (view only) the session is visible to the organization. A private session
lets nobody in by a share. "Missing" and "not yours" look the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from accounts import audit
from accounts.kinds import Event
from accounts.models import Membership, Organization, User
from accounts.queries import active_membership, colleagues, may, memberships_of
from accounts.roles import Act, allows
from copilot.lib.errors import DomainError
from sessions import events
from sessions.models import Erasure, Guide, Session, SessionUserObjectPermission, Status


class Perm(StrEnum):
    VIEW = "view_session"
    COMMENT = "comment_session"
    RECORD = "record_session"
    SHARE = "share_session"
    DELETE = "delete_session"


class Level(StrEnum):
    """What a share gives; a level holds all rights of those before it."""

    VIEW = "view"
    COMMENT = "comment"


LEVELS = {Level.VIEW: (Perm.VIEW,), Level.COMMENT: (Perm.VIEW, Perm.COMMENT)}
BY_ROLE = frozenset({Perm.VIEW, Perm.SHARE, Perm.DELETE})  # never recording: that is the owner's
SHOWN = {
    "view": Perm.VIEW,
    "comment": Perm.COMMENT,
    "record": Perm.RECORD,
    "share": Perm.SHARE,
}  # what pages and API clients are told about


def _label(perm: Perm) -> str:
    return f"interviews.{perm}"


# --- Who may do what -----------------------------------------------------------------------------


def _granted(user: User, perm: Perm) -> QuerySet[SessionUserObjectPermission]:
    """Return the user's rows for one right, shares that have ended left out.

    Asked directly: guardian's own helpers know nothing of the end of a share.
    """
    rows: QuerySet[SessionUserObjectPermission] = SessionUserObjectPermission.objects.filter(
        Q(until__isnull=True) | Q(until__gt=timezone.now()), user=user, permission__codename=perm
    )
    return rows


def _reach(user: User, perm: Perm, memberships: Iterable[Membership]) -> Q:
    """Return the condition under which `user` may do `perm` to a session."""
    if perm is Perm.RECORD:
        memberships = [m for m in memberships if allows(m.role, Act.RECORD)]
    rows = _granted(user, perm).values("content_object")
    reach = Q(pk__in=rows) & (Q(owner=user) | ~Q(visibility=Session.Visibility.PRIVATE))
    if perm is Perm.VIEW:
        reach |= Q(visibility=Session.Visibility.ORGANIZATION)
    if perm in BY_ROLE:
        everything = [m.organization_id for m in memberships if allows(m.role, Act.ANY_SESSION)]
        reach |= Q(organization_id__in=everything)
    return reach & Q(organization_id__in=[m.organization_id for m in memberships])


def sessions_with(user: User | AnonymousUser, perm: Perm) -> QuerySet[Session]:
    """Return the sessions on which `user` may do `perm`, newest first."""
    memberships = memberships_of(user)
    if not memberships or not isinstance(user, User):
        return Session.objects.none()
    found = Session.objects.filter(_reach(user, perm, memberships), wrapped_key__isnull=False)
    if user.api_token is not None and user.api_token.bound_to is not None:
        found = found.filter(pk=user.api_token.bound_to)  # a device that joined this one
    return found.select_related("organization", "owner", "guide")


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
    """Return what `user` may do with a session, for pages and API: one flag per name in SHOWN."""
    memberships = memberships_of(user)
    if not memberships or not isinstance(user, User):
        return dict.fromkeys(SHOWN, False)
    asked = {
        f"may_{name}": ExpressionWrapper(_reach(user, perm, memberships), BooleanField())
        for name, perm in SHOWN.items()
    }
    row = Session.objects.filter(pk=session.pk).annotate(**asked).values(*asked).first() or {}
    return {name: bool(row.get(f"may_{name}")) for name in SHOWN}


def ends_at(user: User, session: Session) -> datetime | None:
    """Return when a share of this session with `user` ends; None where none has an end."""
    ends = SessionUserObjectPermission.objects.filter(
        content_object=session, user=user, until__gt=timezone.now()
    )
    first: datetime | None = ends.order_by("until").values_list("until", flat=True).first()
    return first


def shares_of(user: User) -> dict[UUID, datetime]:
    """Return when each share with `user` that has an end does end, by session."""
    rows = _granted(user, Perm.VIEW).filter(until__isnull=False)
    return dict(rows.values_list("content_object", "until"))


def navigation(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """Tell the frame of every page where it may lead to; asked only by pages that show it."""
    return {
        "may_prepare": lambda: may(request.user, Act.CREATE_SESSION),
        "may_privacy": lambda: bool(organizations_of_privacy(request.user)),
    }


def organizations_of_privacy(user: User | AnonymousUser) -> list[Organization]:
    """Return the organizations for whose candidates `user` answers, by name."""
    found = [m.organization for m in memberships_of(user) if allows(m.role, Act.PRIVACY)]
    return sorted(found, key=lambda organization: organization.name.casefold())


def home_of_privacy(user: User | AnonymousUser, slug: str = "") -> Organization:
    """Return one of those organizations, the first unless named; raise Http404 without it."""
    for organization in organizations_of_privacy(user):
        if slug in ("", organization.slug):
            return organization
    raise Http404("not for you")


# --- Giving and taking ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What a colleague was given; `level` is None where nothing is."""

    user: User
    level: Level | None
    until: datetime | None


def grant_owner(session: Session) -> None:
    for perm in Perm:
        assign_perm(_label(perm), session.owner, session)


def take_all(session: Session, user: User) -> None:
    """Remove every right of one person on a session."""
    SessionUserObjectPermission.objects.filter(content_object=session, user=user).delete()
    events.recheck_on_commit(user_ids=[user.pk])


@transaction.atomic
def share(
    *,
    session: Session,
    colleague: User,
    level: str = Level.VIEW,
    until: datetime | None = None,
) -> None:
    """Let a colleague of the same organization view or comment, perhaps until some time."""
    if level not in LEVELS:
        raise DomainError("bad_level", _("Share to view or to comment."), status=400)
    if until is not None and until <= timezone.now():
        raise DomainError("bad_until", _("The end of a share lies in the future."), status=400)
    if _is_owner(session, colleague):
        raise DomainError("owner_stays", _("The owner has access already."))
    if active_membership(colleague, session.organization_id) is None:
        raise DomainError("not_a_colleague", _("Share only with people of your organization."))
    for perm in LEVELS[Level.COMMENT]:
        if perm in LEVELS[Level(level)]:
            assign_perm(_label(perm), colleague, session)
        else:
            remove_perm(_label(perm), colleague, session)
    SessionUserObjectPermission.objects.filter(content_object=session, user=colleague).update(
        until=until
    )
    audit.record(
        Event.SESSION_SHARED,
        organization_id=session.organization_id,
        obj=session,
        details={
            "user": colleague.pk,
            "level": str(level),
            "until": until.isoformat() if until else None,
        },
    )
    events.recheck_on_commit(user_ids=[colleague.pk])


@transaction.atomic
def unshare(*, session: Session, colleague: User) -> None:
    if _is_owner(session, colleague):
        raise DomainError("owner_stays", _("The owner always keeps access."))
    take_all(session, colleague)
    audit.record(
        Event.SESSION_UNSHARED,
        organization_id=session.organization_id,
        obj=session,
        details={"user": colleague.pk},
    )


def _is_owner(session: Session, user: User) -> bool:
    """Tell whose it is now, and until the transaction ends: it may be handed over this moment."""
    held = lock_session(session.pk)
    if held is None:
        raise Http404("no such interview")
    return held.owner_id == user.pk


def sharing(session: Session) -> list[Share]:
    """Return the owner's colleagues with what each was given."""
    rows = SessionUserObjectPermission.objects.filter(
        Q(until__isnull=True) | Q(until__gt=timezone.now()), content_object=session
    ).values_list("user_id", "permission__codename", "until")
    given: dict[int, tuple[Level, datetime | None]] = {}
    for user_id, codename, until in rows:
        if codename == Perm.COMMENT:
            given[user_id] = (Level.COMMENT, until)
        elif codename == Perm.VIEW:
            given.setdefault(user_id, (Level.VIEW, until))
    return [
        Share(user, *given.get(user.pk, (None, None)))
        for user in colleagues(session.owner, session.organization_id)
    ]


def names_shared_with(session: Session) -> list[str]:
    """Return the names of those a session was ever shared with: they are spoken of in it."""
    rows = SessionUserObjectPermission.objects.filter(
        content_object=session, permission__codename=Perm.VIEW
    ).exclude(user_id=session.owner_id)
    return [name for name in rows.order_by("pk").values_list("user__name", flat=True) if name]


# --- Guides --------------------------------------------------------------------------------------


def guides_visible_to(user: User | AnonymousUser) -> QuerySet[Guide]:
    """Return the guides of the organizations where `user` may prepare interviews."""
    if isinstance(user, User) and user.api_token is not None and user.api_token.bound_to:
        return Guide.objects.none()  # a device that joined an interview
    where = [m.organization_id for m in memberships_of(user) if allows(m.role, Act.CREATE_SESSION)]
    return Guide.objects.filter(organization__in=where).select_related("organization", "owner")


def guides_changeable_by(user: User | AnonymousUser) -> QuerySet[Guide]:
    """Return the guides that are the user's own, or their organization's to manage."""
    managed = [m.organization_id for m in memberships_of(user) if allows(m.role, Act.MANAGE)]
    return guides_visible_to(user).filter(Q(owner_id=user.pk) | Q(organization__in=managed))


def get_guide(user: User | AnonymousUser, guide_id: UUID, *, edit: bool = False) -> Guide:
    """Return the guide or raise Http404, for what is missing and what is not theirs alike."""
    found = guides_changeable_by(user) if edit else guides_visible_to(user)
    guide = found.filter(pk=guide_id).first()
    if guide is None:
        raise Http404("no such guide")
    return guide


def home_of_guides(user: User | AnonymousUser) -> Organization:
    """Return the organization that a new guide of `user` belongs to; raise Http404 without one."""
    for membership in memberships_of(user):
        if allows(membership.role, Act.CREATE_SESSION):
            return membership.organization
    raise Http404("not for you")


def lock_guide(guide_id: UUID) -> Guide | None:
    """Hold the guide's row until the caller's transaction ends; None when it is gone."""
    return Guide.objects.select_for_update().filter(pk=guide_id).first()


# --- For work that runs for no user --------------------------------------------------------------


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


def hold(session: Session) -> Session:
    """Hold the session like `lock_session`; raise DomainError `erased` when it is gone."""
    held = lock_session(session.pk)
    if held is None:
        raise DomainError("erased", _("This interview was erased."), status=410)
    return held


def count_live() -> int:
    """Return how many interviews run, of all organizations: a number for the operator."""
    return Session.objects.filter(status=Status.LIVE).count()


def sessions_of(organization: Organization | None) -> QuerySet[Session]:
    """Return what is kept of an organization, or of all, for work that runs for no user."""
    found = Session.objects.filter(wrapped_key__isnull=False)
    return found if organization is None else found.filter(organization=organization)


def erasure_of(user: User | AnonymousUser, session_id: UUID) -> Erasure | None:
    """Return that an interview of the user's organizations was erased; None where it was not."""
    where = [m.organization_id for m in memberships_of(user)]
    found = Erasure.objects.filter(session_id=session_id, organization__in=where)
    return found.select_related("organization").first()


def session_by_id(session_id: UUID | str) -> Session | None:
    """Return a living session for work that runs for no user (tasks, receivers); None when gone."""
    return (
        Session.objects.select_related("organization", "guide")
        .filter(pk=session_id, wrapped_key__isnull=False)
        .first()
    )
