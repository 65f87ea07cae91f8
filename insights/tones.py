"""Stores the tone of a line's wording where an organization wants that."""

from django.db import transaction

from insights.analyzers import tone
from insights.analyzers.base import CANDIDATE
from insights.models import SentimentPoint
from insights.serializers import tone_json
from sessions import access, events
from sessions.models import Session
from transcription.models import Segment

FEWEST_WORDS = 4  # fewer have no tone to speak of


@transaction.atomic
def note(session: Session, segment: Segment) -> SentimentPoint | None:
    """Store and show the tone of one of the candidate's lines; None where there is none to tell."""
    if not session.organization.sentiment or segment.role != CANDIDATE or segment.echo:
        return None
    if len(segment.text.split()) < FEWEST_WORDS:
        return None
    held = access.lock_session(session.pk)
    if held is None or held.tones.filter(segment=segment).exists():
        return None
    read = tone.read(segment.text)
    point = SentimentPoint.objects.create(
        session=held,
        segment=segment,
        reading={
            "overall": read.overall,
            "confidence": read.confidence,
            "indicators": list(read.indicators),
        },
        revision=events.next_revision(held.pk),
    )
    body = {"revision": point.revision, "tone": tone_json(point)}
    events.publish_on_commit(held.pk, "tone", body)
    return point
