"""How long somebody is at a delivery, and when it is tried again: from a minute to six hours."""

import random
from datetime import timedelta

LEASE = timedelta(seconds=120)  # for one part; a request takes 15 s at most, a part few of them
FIRST = 60.0  # seconds before the second try; doubled each time
LONGEST = 6 * 3600.0
MOST_TRIES = 12  # about a day in all
LATEST = 24 * 3600.0  # whatever the other side says


def pause(tries: int, retry_after: float | None = None) -> timedelta:
    """Return how long to wait after so many tries, never less than the other side asked for."""
    seconds = min(FIRST * 2 ** (max(tries, 1) - 1), LONGEST) * random.uniform(1, 1.3)  # noqa: S311
    return timedelta(seconds=max(seconds, min(retry_after or 0.0, LATEST)))
