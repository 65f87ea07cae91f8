"""Tells that patience with a model is over; whoever waits looks, there is no thread for it."""

import math
import time
from collections.abc import Callable


class Alarm:
    """Calls `ring` once, when somebody looks at or after `at` (monotonic seconds)."""

    def __init__(self, at: float, ring: Callable[[], None]) -> None:
        self._at = at
        self._ring: Callable[[], None] | None = ring
        self.rang = False

    @classmethod
    def never(cls) -> "Alarm":
        return cls(math.inf, lambda: None)

    def look(self) -> None:
        """Ring if it is time."""
        if self._ring is not None and time.monotonic() >= self._at:
            ring, self._ring = self._ring, None
            self.rang = True
            ring()

    def left(self) -> float:
        """Return the seconds until it rings; infinite once it has rung or was turned off."""
        return math.inf if self._ring is None else max(0.0, self._at - time.monotonic())

    def off(self) -> None:
        self._ring = None

    def sleep(self, seconds: float) -> None:
        """Sleep, and ring meanwhile if it is time."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            time.sleep(min(rest, self.left()))
            self.look()
