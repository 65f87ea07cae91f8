"""Writes: create, consent, start and end. A status changes here and nowhere else."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib.errors import DomainError
from sessions import access, events, notices
from sessions.models import ConsentRecord, Guide, Session
from sessions.serializers import session_json
from sessions.signals import session_ended
from sessions.states import Status, after

logger = logging.getLogger(__name__)


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
    session = Session.objects.create(
        owner=owner,
        organization=organization,
        title=title,
        job=job,
        language=language or organization.language,
        candidate_name=candidate_name or None,
        profile=profile or None,
        guide=guide,
        planned_minutes=planned_minutes,
        is_sample=is_sample,
    )
    access.grant_owner(session)
    return session


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
    *, session: Session, noted_by: User, method: str, given_by: str = ""
) -> ConsentRecord:
    if method not in ConsentRecord.Method.values:
        raise DomainError("bad_method", "Say how consent was given.", status=400)
    if session.status == Status.ENDED:
        raise DomainError("ended", "This interview has ended.")
    record = ConsentRecord.objects.create(
        session=session,
        notice_version=notices.current().version,
        method=method,
        given_by=given_by.strip()[:120] or None,
        noted_by=noted_by,
    )
    _announce(session)
    return record


@transaction.atomic
def start_session(*, session: Session, at: datetime | None = None) -> Session:
    if not has_consent(session):
        raise DomainError("no_consent", "Record the candidate's consent before you start.")
    _advance(session, "start", started_at=at or timezone.now())
    _announce(session)
    return session


@transaction.atomic
def end_session(*, session: Session, at: datetime | None = None) -> Session:
    """End the interview: recorders stop, retention starts to count, the last analysis is due."""
    ended = at or timezone.now()
    keep = timedelta(hours=session.organization.retention_hours)
    _advance(session, "end", ended_at=ended, expires_at=ended + keep)
    _announce(session)
    events.stop_recorders_on_commit(session.pk)
    session_id: UUID = session.pk
    transaction.on_commit(
        lambda: _log_failures(session_ended.send_robust(sender=Session, session_id=session_id)),
        robust=True,
    )
    return session


def _log_failures(results: list[tuple[Any, Any]]) -> None:
    for receiver, error in results:
        if isinstance(error, Exception):
            logger.error("%s failed: %s", receiver.__name__, type(error).__name__)
