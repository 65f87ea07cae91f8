"""Let a bounded number of threads work at a time, the urgent ones first."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PrioritySlots:
    """Hand out `count` slots; whoever waits with urgency goes before whoever does not."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._changed = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []
        self._order = itertools.count()

    @contextmanager
    def hold(self, *, urgent: bool) -> Iterator[None]:
        """Wait for a slot and keep it for the block."""
        with self._changed:
            ticket = (not urgent, next(self._order))
            heapq.heappush(self._waiting, ticket)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._free and self._waiting[0] == ticket)
            heapq.heappop(self._waiting)
            self._free -= 1
            self._changed.notify_all()  # another slot may be free for the next in line
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
