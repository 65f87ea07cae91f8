"""What the candidate answered: agreed, refused, withdrew. Nothing is recorded without it.

The newest answer counts. Each is noted while the session's row is held, as are the words that are
stored: what is said after a withdrawal finds no consent.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, idempotency
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from sessions import access, events, notices, services
from sessions.models import CandidateLink, ConsentRecord, Session
from sessions.queries import has_consent
from sessions.signals import consent_withdrawn
from sessions.states import Status

logger = logging.getLogger(__name__)

Answer = ConsentRecord.Answer


@transaction.atomic
def record_consent(
    *,
    session: Session,
    method: str,
    noted_by: User | None = None,
    link: CandidateLink | None = None,
    given_by: str = "",
    notice: notices.Notice | None = None,
) -> ConsentRecord:
    """Note that the candidate agreed, and to which notice: the current one unless told.

    `noted_by` wrote it down; without anybody it is the candidate, by their `link`.
    """
    _check_method(method)
    held = access.hold(session)
    if held.status == Status.ENDED:
        raise DomainError("ended", _("This interview has ended."))
    record = _answer(held, Answer.AGREED, method, noted_by, link, given_by, notice)
    _trace(Event.CONSENT_RECORDED, held, notice=record.notice_version, method=method)
    _announce(held, session)
    return record


@transaction.atomic
def refuse(
    *,
    session: Session,
    method: str,
    by: User | None = None,
    link: CandidateLink | None = None,
    given_by: str = "",
    notice: notices.Notice | None = None,
) -> ConsentRecord:
    """Note that the candidate said no; who had agreed before withdraws by it."""
    _check_method(method)
    held = access.hold(session)
    if has_consent(held):
        _take_back(held, method, by)
    record = _answer(held, Answer.REFUSED, method, by, link, given_by, notice)
    _trace(Event.CONSENT_REFUSED, held, notice=record.notice_version, method=method)
    _announce(held, session)
    return record


@transaction.atomic
def withdraw(
    *, session: Session, method: str, by: User | None = None, link: CandidateLink | None = None
) -> ConsentRecord:
    """Note that the candidate agrees no longer, and end what is being recorded, at once.

    What was written down stays until it expires or somebody chooses to erase it. Raises DomainError
    `no_consent` where there is nothing to withdraw.
    """
    _check_method(method)
    held = access.hold(session)
    if not has_consent(held):
        raise DomainError("no_consent", _("There is no consent that could be withdrawn."))
    record = _take_back(held, method, by)
    _announce(held, session)
    return record


def _check_method(method: str) -> None:
    if method not in ConsentRecord.Method.values:
        raise DomainError("bad_method", _("Say how the candidate answered."), status=400)


def _answer(
    held: Session,
    answer: ConsentRecord.Answer,
    method: str,
    by: User | None,
    link: CandidateLink | None,
    given_by: str,
    notice: notices.Notice | None,
) -> ConsentRecord:
    """Store an answer, later than every other one whatever the clocks of the servers say."""
    shown = notice or notices.notice_for(held)
    newest = held.consents.order_by("-given_at").values_list("given_at", flat=True).first()
    now = timezone.now()
    return ConsentRecord.objects.create(
        session=held,
        answer=answer,
        notice_version=shown.version,
        notice=shown.as_shown(),
        method=method,
        given_by=given_by.strip()[:120] or None,
        noted_by=by,
        link=link,
        given_at=max(now, newest + timedelta(microseconds=1)) if newest else now,
    )


def _take_back(held: Session, method: str, by: User | None) -> ConsentRecord:
    record = held.consents.order_by("-given_at")[:1].get()
    record.withdrawn_at = timezone.now()
    record.withdrawn_method, record.withdrawn_by = method, by
    record.save(update_fields=["withdrawn_at", "withdrawn_method", "withdrawn_by"])
    idempotency.forget_about(held.pk)  # they may hold a summary, which is shown no more
    _trace(Event.CONSENT_WITHDRAWN, held, method=method)
    events.stop_recorders_on_commit(held.pk, at_once=True)
    if held.status == Status.LIVE:
        services.end_session(session=held)
    _stop_work(held)
    return record


def _stop_work(held: Session) -> None:
    """Let whoever writes a recording down, or reads along, stop.

    The withdrawal stands whatever a receiver does: no word is stored all the same.
    """
    try:
        with transaction.atomic():
            consent_withdrawn.send(sender=Session, session_id=held.pk)
    except Exception as error:
        logger.error("work on an interview was not stopped: %s", type(error).__name__)
    held.refresh_from_db(fields=["status", "ended_at", "expires_at", "started_at"])


def _announce(held: Session, session: Session) -> None:
    """Tell everybody who watches, and let the caller's copy of the session know as well."""
    events.announce_on_commit(held)
    session.refresh_from_db(fields=["status", "ended_at", "expires_at", "revision"])


def _trace(event: Event, session: Session, **details: Any) -> None:
    audit.record(event, organization_id=session.organization_id, obj=session, details=details)
