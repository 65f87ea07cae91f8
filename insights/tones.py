"""Stores the tone of a line's wording where an organization wants that."""

from insights.models import SentimentPoint
from sessions.models import Session
from transcription.models import Segment


def note(session: Session, segment: Segment) -> SentimentPoint | None:
    """Store and show the tone of one of the candidate's lines; None where there is none to tell."""
    return None
