"""Stores the tone of a line's wording where an organization wants that."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from insights.analyzers import tone
from insights.analyzers.base import CANDIDATE
from insights.models import SentimentPoint
from insights.serializers import tone_json
from sessions import access, events
from sessions.models import Session
from transcription import queries as words
from transcription.models import Segment

FEWEST_WORDS = 4  # fewer have no tone to speak of


def forget(session: Session, lines: Collection[UUID]) -> None:
    """Take back the tone of these lines, which pages show no more or hear of anew."""
    session.tones.filter(segment__in=lines).delete()


@transaction.atomic
def note(session: Session, segment: Segment) -> SentimentPoint | None:
    """Store and show the tone of one of the candidate's lines; None where there is none to tell."""
    held = access.lock_session(session.pk)
    now = words.as_it_is(held, segment) if held is not None else None
    if held is None or now is None or not _has_tone(held, now):
        return None
    if held.tones.filter(segment=now).exists():
        return None
    return _store(SentimentPoint(session=held, segment=now))


def renew(session: Session, segment: Segment) -> None:
    """Read the tone of a line that was corrected; call with the session locked."""
    if not _has_tone(session, segment):
        forget(session, [segment.pk])  # pages see by the line that it has none
        return
    known = session.tones.filter(segment=segment).first()
    _store(known or SentimentPoint(session=session, segment=segment))


def _has_tone(session: Session, segment: Segment) -> bool:
    shown = segment.role == CANDIDATE and not segment.hidden
    return session.organization.sentiment and shown and len(segment.text.split()) >= FEWEST_WORDS


def _store(point: SentimentPoint) -> SentimentPoint:
    read = tone.read(point.segment.text)
    point.reading = {
        "overall": read.overall,
        "confidence": read.confidence,
        "indicators": list(read.indicators),
    }
    point.revision = events.next_revision(point.session_id)
    point.save()
    body = {"revision": point.revision, "tone": tone_json(point)}
    events.publish_on_commit(point.session_id, "tone", body)
    return point
