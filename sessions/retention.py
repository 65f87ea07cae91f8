"""Erase interviews whose time is over: the key first, then the rows."""

import logging
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts import audit
from accounts.kinds import Event
from sessions import events
from sessions.models import Session

logger = logging.getLogger(__name__)

BATCH = 50


def expired(limit: int = BATCH) -> list[UUID]:
    """Return the sessions to erase, the longest overdue first; legal holds stay."""
    due = Session.objects.filter(expires_at__lte=timezone.now(), legal_hold=False)
    return list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])


def erase(session_id: UUID) -> bool:
    """Make a session unreadable, then remove it; False when somebody was quicker.

    1. Destroy its key and commit: from here on every copy of its content is noise.
    2. Delete the rows; segments, insights, consent and permissions go with the session.
    A process that dies in between leaves an unreadable session that the next run removes.
    """
    due = Session.objects.filter(pk=session_id, expires_at__lte=timezone.now(), legal_hold=False)
    if not due.update(wrapped_key=None):
        return False
    due = Session.objects.filter(pk=session_id, wrapped_key__isnull=True)
    with transaction.atomic():
        for gone in due:
            audit.record(Event.SESSION_ERASED, organization_id=gone.organization_id, obj=gone)
        events.recheck_on_commit(session_ids=[session_id])
        due.delete()
    return True


def discard(session: Session) -> bool:
    """Erase an interview at once in which nothing was said; False where a legal hold keeps it."""
    Session.objects.filter(pk=session.pk).update(expires_at=timezone.now())
    return erase(session.pk)


def erase_expired() -> int:
    """Erase one batch; return how many went."""
    count = 0
    for session_id in expired():
        try:
            count += erase(session_id)
        except DatabaseError as error:  # the others must not wait for this one
            logger.error("session %s not erased: %s", session_id, type(error).__name__)
    if count:
        logger.info("%d expired interview(s) erased", count)
    return count
