"""One signal: somebody's access may have changed. Packages further right act on it."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

access_changed = Signal()  # sent on commit with user_ids: frozenset[int]


def announce(user_ids: Iterable[int]) -> None:
    """Tell, once committed, that what these people may do has to be asked again."""
    ids = frozenset(user_ids)
    transaction.on_commit(
        lambda: access_changed.send_robust(sender=None, user_ids=ids), robust=True
    )
