"""How many streams this machine can follow: measured by how long sound waits to be heard."""

from __future__ import annotations

import math
from collections.abc import Collection

from copilot.lib.errors import DomainError

# A final is due 1.2 s after its words: with two seconds of waiting the page is plainly late, and
# three seconds outlast a loading model or one long utterance, which pass by themselves.
BEHIND_SECONDS = 2.0
PATIENCE = 3.0
# A partial is due after 0.4 s. Where sound waits longer partials make room for finals, on every
# stream alike: at two seconds of waiting one comes every four seconds.
CROWDED_SECONDS = 0.5
THINNING = 2.0
SMOOTHING = 0.2  # weight of the latest chunk: half a second of sound
STALE_SECONDS = 2.0  # an older figure says nothing about now
RESERVE = 4  # one place more for each so many, for interviews that are under way
RETRY_SECONDS = 5, 60
FULL_RETRY_SECONDS = 15  # nobody knows when somebody leaves


class Busy(DomainError):
    """The machine is full; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("busy", "All recognizers are in use.", status=503)
        self.retry_after = retry_after


class Lag:
    """How long the sound of one stream waits until it is heard; times are monotonic seconds.

    Time in the queue, not its length: who sends again what a lost connection kept fills a queue
    that is soon empty.
    """

    def __init__(self) -> None:
        self._hearing: float | None = None  # when what is being heard arrived
        self._smooth = 0.0
        self._measured = -math.inf
        self._since: float | None = None  # when it was first this far behind, without a break

    def begin(self, arrived: float) -> None:
        """Note that what arrived at some time is being heard."""
        self._hearing = arrived

    def end(self, now: float) -> None:
        """Note that it was heard."""
        if self._hearing is None:
            return
        waited = now - self._hearing
        self._hearing = None
        if now - self._measured > STALE_SECONDS:
            self._smooth = 0.0
        self._smooth += SMOOTHING * (waited - self._smooth)
        self._measured = now
        if waited <= BEHIND_SECONDS:
            self._since = None
        elif self._since is None:
            self._since = now

    def seconds(self, now: float) -> float:
        """Return how long sound waits now, smoothed."""
        hearing = now - self._hearing if self._hearing is not None else 0.0
        known = self._smooth if now - self._measured <= STALE_SECONDS else 0.0
        return max(known, hearing if hearing > BEHIND_SECONDS else 0.0)

    def late_seconds(self, now: float) -> float:
        """Return for how long it has been behind without a break."""
        if self._hearing is None:
            fresh = self._since is not None and now - self._measured <= STALE_SECONDS
            return now - self._since if fresh and self._since is not None else 0.0
        stuck = now - self._hearing - BEHIND_SECONDS
        return max(0.0, stuck, now - self._since if self._since is not None else 0.0)


def admit(lags: Collection[Lag], *, limit: int, resuming: bool, now: float) -> None:
    """Raise Busy unless one more stream can be followed beside those that run.

    Who resumes has an interview under way and would lose words: of the places above the limit some
    are kept for that, however busy the machine is.
    """
    if resuming:
        if len(lags) >= limit + math.ceil(limit / RESERVE):
            raise Busy(FULL_RETRY_SECONDS)
        return
    late = [lag.seconds(now) for lag in lags if lag.late_seconds(now) > PATIENCE]
    if late:
        raise Busy(_retry(max(late)))
    if len(lags) >= limit:
        raise Busy(FULL_RETRY_SECONDS)


def partial_interval(lags: Collection[Lag], now: float) -> float:
    """Return how many seconds each stream leaves at least between two of its partials."""
    worst = max((lag.seconds(now) for lag in lags), default=0.0)
    return 0.0 if worst <= CROWDED_SECONDS else THINNING * worst


def _retry(behind: float) -> int:
    """Return when to come again: what waits has to be heard beside what goes on coming."""
    least, most = RETRY_SECONDS
    return round(min(most, max(least, 3 * behind)))
