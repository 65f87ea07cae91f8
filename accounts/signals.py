"""Signals of accounts: access may have changed, an act was noted, an answer is kept or repeated."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

access_changed = Signal()  # sent on commit with user_ids: frozenset[int]

# event: Event, organization_id: UUID | None, object_type: str, object_id: str; sent by the audit in
# the transaction of the act, so that what follows from it is stored with it or not at all.
act_noted = Signal()

# session_id: UUID; sent before the answer to a request about an interview is stored. A receiver
# tells whether the interview is there, and holds it until the transaction ends.
answer_kept = Signal()

# session_id: UUID, user: User; sent before such an answer is told again. A receiver raises Http404
# where the person may see the interview no longer.
answer_repeated = Signal()


def announce(user_ids: Iterable[int]) -> None:
    """Tell, once committed, that what these people may do has to be asked again."""
    ids = frozenset(user_ids)
    transaction.on_commit(
        lambda: access_changed.send_robust(sender=None, user_ids=ids), robust=True
    )
