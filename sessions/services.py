"""Writes: create, change, start, end, visibility. Statuses change only here.

Every act leaves its trace in the audit, in the same transaction.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib.errors import DomainError
from sessions import access, devices, events, retention, stretches
from sessions.models import Erasure, Guide, Session
from sessions.queries import has_consent
from sessions.serializers import plan_json
from sessions.signals import session_ended
from sessions.states import Status, after

logger = logging.getLogger(__name__)

FORGOTTEN = 100  # interviews that one run ends


@transaction.atomic
def create_session(
    *,
    owner: User,
    organization: Organization,
    title: str,
    job: str = "",
    language: str = "",
    candidate_name: str = "",
    candidate_email: str = "",
    country: str = "",
    profile: str = "",
    guide: Guide | None = None,
    planned_minutes: int = 45,
    visibility: str = Session.Visibility.SHARED,
    shared_with: Mapping[User, str] | None = None,
    is_sample: bool = False,
) -> Session:
    """Prepare an interview, and share it with colleagues at the level each is given."""
    if not may(owner, Act.CREATE_SESSION, organization.pk):
        raise DomainError("forbidden", _("Your role may not create interviews."), status=403)
    language = language or organization.language
    _check_plan(organization, language, guide)
    session = Session(
        owner=owner,
        organization=organization,
        title=title,
        job=job,
        language=language,
        candidate_name=candidate_name or None,
        candidate_email=candidate_email.strip() or None,
        country=country.upper(),
        profile=profile or None,
        guide=guide,
        planned_minutes=planned_minutes,
        visibility=visibility,
        is_sample=is_sample,
    )
    session.expires_at = session.draft_expiry()
    session.save(force_insert=True)
    access.grant_owner(session)
    _trace(Event.SESSION_CREATED, session)
    for colleague, level in (shared_with or {}).items():
        access.share(session=session, colleague=colleague, level=level)
    return session


def _check_plan(organization: Organization, language: str, guide: Guide | None) -> None:
    if language not in {organization.language, *organization.languages}:
        raise DomainError("language_off", _("Your organization does not use it."), status=400)
    if guide is not None and guide.organization_id != organization.pk:
        raise DomainError("foreign_guide", _("This guide belongs to somebody else."), status=400)


# What may be changed by whoever holds the interview; what was said rests on the rest.
CHANGEABLE = {
    Status.DRAFT: {
        "title",
        "job",
        "candidate_name",
        "candidate_email",
        "country",
        "profile",
        "language",
        "guide",
        "planned_minutes",
    },
    Status.LIVE: {"title", "job"},
    Status.PROCESSING: {"title", "job"},
    Status.ENDED: {"title"},
}


@transaction.atomic
def change_session(*, session: Session, **wanted: Any) -> Session:
    """Change what was prepared; what equals the present is no change."""
    held = access.hold(session)
    changed = sorted(name for name, value in wanted.items() if getattr(held, name) != value)
    if not changed:
        return held
    if not CHANGEABLE[Status(held.status)].issuperset(changed):
        detail = _("The interview has begun meanwhile: only its title can be changed now.")
        if held.status != Status.ENDED:
            detail = _("The interview has begun meanwhile: only title and job can be changed now.")
        raise DomainError("too_late", detail)
    for name in changed:
        setattr(held, name, wanted[name])
    if {"language", "guide"}.intersection(changed):
        _check_plan(held.organization, held.language, held.guide)
    held.save(update_fields=changed)
    if held.status == Status.DRAFT:
        held.expires_at = held.draft_expiry()
        held.save(update_fields=["expires_at"])
    _trace(Event.SESSION_CHANGED, held, fields=changed)
    events.announce_on_commit(held)
    return held


def delete_draft(*, session: Session) -> None:
    """Erase an interview that was not held, at once; one that was started just now stays."""
    erasure = retention.begin(session.pk, Erasure.Reason.DRAFT, status=Status.DRAFT)
    if erasure is not None:
        retention.finish_soon(erasure)
    elif Session.objects.filter(pk=session.pk, status=Status.DRAFT, legal_hold=True).exists():
        raise retention.kept()
    else:
        detail = _("Only an interview that was not held yet can be deleted here.")
        raise DomainError("kept", detail)


def _trace(event: Event, session: Session, **details: Any) -> None:
    audit.record(event, organization_id=session.organization_id, obj=session, details=details)


def _advance(session: Session, act: str, **fields: Any) -> None:
    """Move the session along its table; exactly one of several callers wins."""
    target = after(session.status, act)
    changed = target is not None and Session.objects.filter(
        pk=session.pk, status=session.status, wrapped_key__isnull=False
    ).update(status=target, **fields)
    if not changed:
        detail = _("An interview that is %(status)s cannot %(act)s.")
        detail %= {"status": session.status, "act": act}
        raise DomainError("wrong_status", detail, status=409)
    session.refresh_from_db(fields=["status", *fields])


@transaction.atomic
def start_session(*, session: Session, at: datetime | None = None) -> Session:
    access.hold(session)  # as an answer of the candidate does: of the two one is first
    if not has_consent(session):
        raise DomainError("no_consent", _("Record the candidate's consent before you start."))
    _freeze_plan(session)
    _advance(session, "start", started_at=at or timezone.now(), expires_at=None)
    _trace(Event.SESSION_STARTED, session)
    events.announce_on_commit(session)
    return session


def _freeze_plan(session: Session) -> None:
    """Keep the guide as it is now: who edits it later changes no interview that was held by it."""
    if session.guide is not None and session.status == Status.DRAFT:
        session.plan = plan_json(session.guide)
        session.save(update_fields=["plan"])


@transaction.atomic
def process_session(*, session: Session) -> Session:
    """Make the session one that an uploaded recording is written into, and nothing else."""
    access.hold(session)
    if not has_consent(session):
        raise DomainError("no_consent", _("Record the candidate's consent before you upload."))
    _freeze_plan(session)
    _advance(session, "process", expires_at=None)
    events.announce_on_commit(session)
    return session


@transaction.atomic
def end_session(
    *, session: Session, at: datetime | None = None, lasted: timedelta | None = None
) -> Session:
    """End the interview: recorders stop, retention starts to count, the last analysis is due.

    `lasted` is the length of the recording that was written down, where there was one.
    """
    if session.status == Status.PROCESSING and lasted is None:
        detail = "A recording is being written down; cancel that instead."
        raise DomainError("processing", detail)
    ended = at or timezone.now()
    keep = timedelta(hours=session.organization.retention_hours)
    times = {"ended_at": ended, "expires_at": ended + keep}
    if lasted is not None:
        times["started_at"] = ended - lasted
    _advance(session, "end", **times)
    _trace(Event.SESSION_ENDED, session)
    stretches.close(session)
    events.announce_on_commit(session)
    events.stop_recorders_on_commit(session.pk)
    devices.let_go(session)
    session_id: UUID = session.pk
    transaction.on_commit(
        lambda: _log_failures(session_ended.send_robust(sender=Session, session_id=session_id)),
        robust=True,
    )
    return session


def end_forgotten() -> int:
    """End what nobody ended, so that its time of retention counts; return how many went."""
    since = timezone.now() - timedelta(hours=settings.INTERVIEW_MAX_HOURS)
    forgotten = Session.objects.filter(
        status=Status.LIVE, started_at__lt=since, wrapped_key__isnull=False
    )
    count = 0
    for session in forgotten.select_related("organization").order_by("started_at")[:FORGOTTEN]:
        try:
            end_session(session=session)
            count += 1
        except (DomainError, DatabaseError) as error:  # somebody was quicker, or next time
            logger.warning("session %s was not ended: %s", session.pk, type(error).__name__)
    return count


def note_view(session: Session) -> None:
    """Note that whoever acts reads the interview; once in a while is enough."""
    audit.record_once(
        Event.SESSION_VIEWED, organization_id=session.organization_id, obj=session, seconds=300
    )


@transaction.atomic
def set_visibility(*, session: Session, visibility: str) -> None:
    """Change who may see the interview; who no longer may loses it at once."""
    if visibility not in Session.Visibility.values:
        raise DomainError("bad_visibility", _("There is no such visibility."), status=400)
    held = access.hold(session)
    if visibility == held.visibility:
        return
    before, held.visibility = held.visibility, visibility
    held.save(update_fields=["visibility"])
    session.visibility = visibility
    _trace(
        Event.VISIBILITY_CHANGED,
        held,
        **{"from": str(before), "to": str(visibility)},
    )
    events.recheck_on_commit(session_ids=[session.pk])


@transaction.atomic
def transfer_sessions(*, organization: Organization, owner: User, to: User) -> int:
    """Give everything somebody owns in an organization to a colleague; return how many went."""
    if owner.pk == to.pk or not may(to, Act.RECORD, organization.pk):
        raise DomainError("bad_heir", _("Choose a colleague who may hold interviews."), status=400)
    count = 0
    owned = Session.objects.select_for_update(of=("self",)).select_related("organization")
    for session in owned.filter(organization=organization, owner=owner).order_by("pk"):
        access.take_all(session, owner)
        access.take_all(session, to)
        session.owner = to
        session.save(update_fields=["owner"])
        access.grant_owner(session)
        _trace(Event.SESSION_TRANSFERRED, session, **{"from": owner.pk, "to": to.pk})
        count += 1
    return count


def _log_failures(results: list[tuple[Any, Any]]) -> None:
    for receiver, error in results:
        if isinstance(error, Exception):
            logger.error("%s failed: %s", receiver.__name__, type(error).__name__)
