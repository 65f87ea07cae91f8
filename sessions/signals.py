"""Four of the project's signals; connected in the apps of what is downstream."""

from dataclasses import dataclass, field

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class Removed:
    """What a receiver of `session_erasing` removed, by kind, and whether it has more."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False


# session_id: UUID; sent inside the transaction of the withdrawal, with the session locked. What
# reads along stops, and what writes a recording down stops and ends the interview.
consent_withdrawn = Signal()

session_ended = Signal()  # session_id: UUID; sent on commit, robustly

# session_id: UUID, limit: int; sent while an interview is erased, when its key is gone and its rows
# are not. A receiver removes at most `limit` rows of what its package keeps and returns `Removed`;
# it is asked again until nobody has more. It runs inside a transaction, in an atomic block of its
# own, so that one that raises stops nobody else; it is asked again with the next run.
session_erasing = Signal()

# organization_id, session_id, receipt_id: UUID; sent in the transaction that writes the receipt of
# an erasure, when nothing of the interview is left.
session_erased = Signal()
