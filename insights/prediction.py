"""Follow-up questions fetched while the candidate still talks, ready when the words are final."""

from uuid import UUID

from insights.analyzers.base import Finding, Line
from sessions.models import Session


def heard(session_id: UUID, role: str, text: str) -> bool:
    """Take note of words still being said; tell whether a prediction is to be made of them."""
    return False


def prefetch(session_id: UUID) -> None:
    """Ask the model for follow-ups to what was last heard, and keep them, sealed, for its final."""


def ready(session: Session, line: Line) -> list[Finding]:
    """Return the prefetched questions whose quote stands in a line that is final now."""
    return []
