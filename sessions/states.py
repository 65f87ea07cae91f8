"""The life of a session as a table; nothing else decides what may follow what."""

from enum import StrEnum


class Status(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    PROCESSING = "processing"  # an uploaded recording is written down
    ENDED = "ended"


ALLOWED: dict[tuple[Status, str], Status] = {
    (Status.DRAFT, "start"): Status.LIVE,
    (Status.LIVE, "end"): Status.ENDED,
    (Status.DRAFT, "process"): Status.PROCESSING,
    (Status.PROCESSING, "end"): Status.ENDED,
}


def after(status: str, act: str) -> Status | None:
    """Return the status that `act` leads to, or None where it is not allowed."""
    return ALLOWED.get((Status(status), act))
