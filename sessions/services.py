"""Writes: create, consent, start, end, notes, visibility. A status changes here and nowhere else.

Every act leaves its trace in the audit, in the same transaction.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib.errors import DomainError
from sessions import access, devices, events, notices
from sessions.models import ConsentRecord, Guide, Note, Session
from sessions.serializers import note_json, session_json
from sessions.signals import session_ended
from sessions.states import Status, after

logger = logging.getLogger(__name__)

NOTE_CHARS = 2000


@transaction.atomic
def create_session(
    *,
    owner: User,
    organization: Organization,
    title: str,
    job: str = "",
    language: str = "",
    candidate_name: str = "",
    profile: str = "",
    guide: Guide | None = None,
    planned_minutes: int = 45,
    is_sample: bool = False,
) -> Session:
    if not may(owner, Act.CREATE_SESSION, organization.pk):
        raise DomainError("forbidden", "Your role may not create interviews.", status=403)
    language = language or organization.language
    if language not in {organization.language, *organization.languages}:
        raise DomainError("language_off", "Your organization does not use it.", status=400)
    if guide is not None and guide.organization_id != organization.pk:
        raise DomainError("foreign_guide", "This guide belongs to somebody else.", status=400)
    session = Session.objects.create(
        owner=owner,
        organization=organization,
        title=title,
        job=job,
        language=language,
        candidate_name=candidate_name or None,
        profile=profile or None,
        guide=guide,
        planned_minutes=planned_minutes,
        is_sample=is_sample,
    )
    access.grant_owner(session)
    _trace(Event.SESSION_CREATED, session)
    return session


def _trace(event: Event, session: Session, **details: Any) -> None:
    audit.record(event, organization_id=session.organization_id, obj=session, details=details)


def has_consent(session: Session) -> bool:
    return session.consents.filter(withdrawn_at__isnull=True).exists()


def _announce(session: Session) -> None:
    """Tell everybody who watches what the session looks like after this transaction."""
    session.revision = events.next_revision(session.pk)
    events.publish_on_commit(session.pk, "session", {"state": session_json(session)})


def _advance(session: Session, act: str, **fields: Any) -> None:
    """Move the session along its table; exactly one of several callers wins."""
    target = after(session.status, act)
    changed = target is not None and Session.objects.filter(
        pk=session.pk, status=session.status
    ).update(status=target, **fields)
    if not changed:
        raise DomainError(
            "wrong_status", f"An interview that is {session.status} cannot {act}.", status=409
        )
    session.refresh_from_db(fields=["status", *fields])


@transaction.atomic
def record_consent(
    *,
    session: Session,
    noted_by: User,
    method: str,
    given_by: str = "",
    notice: notices.Notice | None = None,
) -> ConsentRecord:
    """Note that the candidate agreed, and to which notice: the current one unless told."""
    if method not in ConsentRecord.Method.values:
        raise DomainError("bad_method", "Say how consent was given.", status=400)
    if session.status == Status.ENDED:
        raise DomainError("ended", "This interview has ended.")
    record = ConsentRecord.objects.create(
        session=session,
        notice_version=(notice or notices.current()).version,
        method=method,
        given_by=given_by.strip()[:120] or None,
        noted_by=noted_by,
    )
    _trace(Event.CONSENT_RECORDED, session, notice=record.notice_version, method=method)
    _announce(session)
    return record


@transaction.atomic
def start_session(*, session: Session, at: datetime | None = None) -> Session:
    if not has_consent(session):
        raise DomainError("no_consent", "Record the candidate's consent before you start.")
    _advance(session, "start", started_at=at or timezone.now())
    _trace(Event.SESSION_STARTED, session)
    _announce(session)
    return session


@transaction.atomic
def process_session(*, session: Session) -> Session:
    """Make the session one that an uploaded recording is written into, and nothing else."""
    if not has_consent(session):
        raise DomainError("no_consent", "Record the candidate's consent before you upload.")
    _advance(session, "process")
    _announce(session)
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
    _announce(session)
    events.stop_recorders_on_commit(session.pk)
    devices.let_go(session)
    session_id: UUID = session.pk
    transaction.on_commit(
        lambda: _log_failures(session_ended.send_robust(sender=Session, session_id=session_id)),
        robust=True,
    )
    return session


def note_view(session: Session) -> None:
    """Note that whoever acts reads the interview; once in a while is enough."""
    audit.record_once(
        Event.SESSION_VIEWED, organization_id=session.organization_id, obj=session, seconds=300
    )


@transaction.atomic
def add_note(*, session: Session, author: User, text: str) -> Note:
    """Keep what somebody wrote beside the interview, and show it to everybody who watches."""
    text = text.strip()
    if not text or len(text) > NOTE_CHARS:
        raise DomainError(
            "bad_note", f"A note has between 1 and {NOTE_CHARS} characters.", status=400
        )
    held = access.lock_session(session.pk)
    if held is None:
        raise DomainError("erased", "This interview was erased.", status=410)
    note = Note.objects.create(
        session=held,
        author=author,
        text=text,
        at_ms=int(held.elapsed().total_seconds() * 1000),
        revision=events.next_revision(held.pk),
    )
    body = {"revision": note.revision, "note": note_json(note)}
    events.publish_on_commit(held.pk, "note", body)
    return note


@transaction.atomic
def set_visibility(*, session: Session, visibility: str) -> None:
    """Change who may see the interview; who no longer may loses it at once."""
    if visibility not in Session.Visibility.values:
        raise DomainError("bad_visibility", "There is no such visibility.", status=400)
    if visibility == session.visibility:
        return
    before, session.visibility = session.visibility, visibility
    session.save(update_fields=["visibility"])
    _trace(
        Event.VISIBILITY_CHANGED,
        session,
        **{"from": str(before), "to": str(visibility)},
    )
    events.recheck_on_commit(session_ids=[session.pk])


@transaction.atomic
def set_legal_hold(*, session: Session, hold: bool) -> None:
    """Keep the interview from being erased, or let its retention run again."""
    living = Session.objects.filter(pk=session.pk, wrapped_key__isnull=False)
    if living.filter(legal_hold=not hold).update(legal_hold=hold):
        session.legal_hold = hold
        _trace(Event.LEGAL_HOLD, session, hold=hold)


@transaction.atomic
def transfer_sessions(*, organization: Organization, owner: User, to: User) -> int:
    """Give everything somebody owns in an organization to a colleague; return how many went."""
    if owner.pk == to.pk or not may(to, Act.RECORD, organization.pk):
        raise DomainError("bad_heir", "Choose a colleague who may hold interviews.", status=400)
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
