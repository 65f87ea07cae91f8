"""Reads: the transcript of a session the caller already passed the door for.

Rows come through the session's own relation, so that all of them share its opened key.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from copilot.lib.sealed import opened
from sessions.models import Session
from transcription.models import Gap, Segment, Upload


def transcript(session: Session) -> QuerySet[Segment]:
    """Return the segments in the order they were spoken; not what was an echo of another."""
    return session.segments.filter(hidden=False)


def page(
    session: Session, *, before: int | None = None, since: int | None = None, most: int
) -> list[Segment]:
    """Return lines up to the one that starts at `before` ms, or from `since` ms on, in order.

    The line at the edge comes again: none that starts with it is left out.
    """
    lines = transcript(session)
    if since is not None:
        return list(lines.filter(start_ms__gte=since).order_by("start_ms", "sequence")[:most])
    if before is not None:
        lines = lines.filter(start_ms__lte=before)
    return list(lines.order_by("-start_ms", "-sequence")[:most])[::-1]


def changed_after(session: Session, revision: int) -> QuerySet[Segment]:
    """Return what was stored or changed after `revision`, in the order it was spoken.

    Echoes as well: who has shown one has to take it away.
    """
    return session.segments.filter(revision__gt=revision)


def recognized(session: Session, segment_id: UUID) -> dict[str, Any] | None:
    """Return the text and role of a line as it was recognized; None where it is not to be shown."""
    segment = transcript(session).filter(pk=segment_id).first()
    if segment is None:
        return None
    known = segment.original or {"text": segment.text, "role": segment.role}
    return {"text": known["text"], "role": known["role"]}


def gaps_after(session: Session, revision: int = 0) -> QuerySet[Gap]:
    return session.gaps.filter(revision__gt=revision)


def upload_of(session: Session) -> Upload | None:
    """Return the recording that the session was made of, if it was."""
    return Upload.objects.filter(session=session).first()


def stored_between(session: Session, after: int, through: int) -> list[Segment]:
    """Return the segments whose sequence lies in (after, through], in the order of storing."""
    rows = transcript(session).filter(sequence__gt=after, sequence__lte=through)
    return list(readable(rows.order_by("sequence")))


def readable(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the lines that open, to programs that read them: a damaged one stops no analysis."""
    for segment in segments:
        if opened([segment], lambda s: s.text):
            yield segment


def as_it_is(session: Session, segment: Segment) -> Segment | None:
    """Return a line that was read a while ago as it reads now; None where it is shown no more."""
    return transcript(session).filter(pk=segment.pk).first()


def corrected_among(session: Session, lines: Collection[str]) -> list[Segment]:
    """Return those of these lines that were put right since they were stored: seldom any."""
    return list(session.segments.filter(pk__in=lines, corrected_at__isnull=False))


def erased(session: Session) -> set[str]:
    """Return the ids of the lines that were taken back: seldom any, and never many."""
    gone = session.segments.filter(erased=True).order_by().values_list("pk", flat=True)
    return {str(pk) for pk in gone}


def last_sequence(session: Session) -> int:
    newest = session.segments.order_by("-sequence").values_list("sequence", flat=True).first()
    return newest or 0
