"""Reads: the transcript of a session the caller already passed the door for.

Rows come through the session's own relation, so that all of them share its opened key.
"""

from django.db.models import QuerySet

from sessions.models import Session
from transcription.models import Gap, Segment, Upload


def transcript(session: Session) -> QuerySet[Segment]:
    """Return the segments in the order they were spoken; not what was an echo of another."""
    return session.segments.filter(echo=False)


def changed_after(session: Session, revision: int) -> QuerySet[Segment]:
    """Return what was stored or changed after `revision`, in the order it was spoken.

    Echoes as well: who has shown one has to take it away.
    """
    return session.segments.filter(revision__gt=revision)


def gaps_after(session: Session, revision: int = 0) -> QuerySet[Gap]:
    return session.gaps.filter(revision__gt=revision)


def upload_of(session: Session) -> Upload | None:
    """Return the recording that the session was made of, if it was."""
    return Upload.objects.filter(session=session).first()


def stored_between(session: Session, after: int, through: int) -> list[Segment]:
    """Return the segments whose sequence lies in (after, through], in the order of storing."""
    rows = transcript(session).filter(sequence__gt=after, sequence__lte=through)
    return list(rows.order_by("sequence"))


def last_sequence(session: Session) -> int:
    newest = session.segments.order_by("-sequence").values_list("sequence", flat=True).first()
    return newest or 0
