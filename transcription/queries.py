"""Reads: the transcript of a session the caller already passed the door for.

Rows come through the session's own relation, so that all of them share its opened key.
"""

from django.db.models import QuerySet

from sessions.models import Session
from transcription.models import Segment


def transcript(session: Session) -> QuerySet[Segment]:
    """Return the segments in the order they were spoken."""
    return session.segments.all()


def changed_after(session: Session, revision: int) -> QuerySet[Segment]:
    """Return what was stored or changed after `revision`, in the order it was spoken."""
    return session.segments.filter(revision__gt=revision)


def stored_between(session: Session, after: int, through: int) -> list[Segment]:
    """Return the segments whose sequence lies in (after, through], in the order of storing."""
    rows = session.segments.filter(sequence__gt=after, sequence__lte=through)
    return list(rows.order_by("sequence"))


def last_sequence(session: Session) -> int:
    newest = session.segments.order_by("-sequence").values_list("sequence", flat=True).first()
    return newest or 0
