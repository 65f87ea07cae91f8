"""Two signals: somebody's access may have changed, and an act was noted. Others act on them."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

access_changed = Signal()  # sent on commit with user_ids: frozenset[int]

# event: Event, organization_id: UUID | None, object_type: str, object_id: str; sent by the audit in
# the transaction of the act, so that what follows from it is stored with it or not at all.
act_noted = Signal()


def announce(user_ids: Iterable[int]) -> None:
    """Tell, once committed, that what these people may do has to be asked again."""
    ids = frozenset(user_ids)
    transaction.on_commit(
        lambda: access_changed.send_robust(sender=None, user_ids=ids), robust=True
    )
