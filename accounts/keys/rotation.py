"""Wrap anew with the primary master key whatever another one wrapped, while the product runs.

Rows are changed in batches, each with its audit entry in one transaction. Nothing else remembers
how far it came: a row says itself what it is wrapped with, so a run that was killed is simply
started again. What a process with older settings, or an older copy of a row, writes behind the run
is found by the next pass or the next run.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.audit.chain import keep_older_keys
from accounts.keys.holders import Holder, Wrapped, holders
from accounts.kinds import Event
from copilot.lib.crypto import CryptoError, MasterKeys, wrapped_by

PASSES = 5  # at most: somebody with older settings could go on writing for ever


@dataclass(frozen=True, slots=True)
class Batch:
    kind: str
    count: int  # rows that were wrapped anew


@dataclass(slots=True)
class Use:
    """What each master key wraps, by kind, and which rows open with none."""

    rows: dict[str, Counter[str]] = field(default_factory=dict)
    damaged: dict[str, list[str]] = field(default_factory=dict)

    def of(self, key_id: str) -> Counter[str]:
        return self.rows.get(key_id, Counter())


def use() -> Use:
    """Read everything that is wrapped, one row at a time."""
    found = Use()
    for holder in holders():
        for row in holder.rows().order_by("pk").iterator():
            values = holder.read(row)
            for key_id in {_master_of(value) for value in values} - {None}:
                found.rows.setdefault(str(key_id), Counter())[holder.kind] += 1
            if any(_opened(value) is None for value in values):
                found.damaged.setdefault(holder.kind, []).append(str(row.pk))
    return found


def rotate(*, batch: int) -> Iterator[Batch]:
    """Wrap anew; yield after each batch that is committed. What does not open stays as it is."""
    keep_older_keys()
    for _number in range(PASSES):
        changed = 0
        for holder in holders():
            for done in _pass(holder, batch):
                changed += done.count
                yield done
        if not changed:
            return


def _pass(holder: Holder, size: int) -> Iterator[Batch]:
    after: Any = None
    while True:
        with transaction.atomic():
            rows = holder.rows() if after is None else holder.rows().filter(pk__gt=after)
            # Their keys stay as they are: whoever refers to one need not wait.
            batch = list(rows.order_by("pk").select_for_update(no_key=True)[:size])
            count = sum(_wrap_anew(holder, row) for row in batch)
            if count:
                primary = settings.INTERVIEW_MASTER_KEYS.primary
                details = {"kind": holder.kind, "count": count, "key": primary}
                audit.record(Event.KEYS_ROTATED, organization_id=None, details=details)
        if count:
            yield Batch(holder.kind, count)
        if len(batch) < size:
            return
        after = batch[-1].pk


def _wrap_anew(holder: Holder, row: Any) -> bool:
    values = holder.read(row)
    anew = [_wrapped_anew(value) for value in values]
    if not any(anew):
        return False
    holder.write(row, [new or old.value for new, old in zip(anew, values, strict=True)])
    return True


def _wrapped_anew(wrapped: Wrapped) -> bytes | None:
    """Return the new value; None where nothing is to be done, or can be."""
    masters: MasterKeys = settings.INTERVIEW_MASTER_KEYS
    if _master_of(wrapped) == masters.primary:
        return None
    key = _opened(wrapped)
    return None if key is None else masters.wrap(key, wrapped.place)


def _master_of(wrapped: Wrapped) -> str | None:
    try:
        return wrapped_by(wrapped.value)
    except CryptoError:
        return None


def _opened(wrapped: Wrapped) -> bytes | None:
    masters: MasterKeys = settings.INTERVIEW_MASTER_KEYS
    try:
        return masters.unwrap(wrapped.value, wrapped.place)
    except CryptoError:
        return None
