"""Whether and when a failed request is worth repeating."""

import random

from insights.analyzers.base import AnalyzerError

PASSING = frozenset({"rate_limited", "timeout", "unreachable"})
_FIRST_PAUSE = 0.5  # seconds; doubled each time
_LONGEST_PAUSE = 4.0


def pause(error: AnalyzerError, attempt: int, left: float) -> float | None:
    """Return the seconds to wait after failed attempt 0, 1, …; None where asking is no use.

    `left` is what remains of the whole answer's time. The pause is random, so that sessions that
    failed together do not come back together; a server's Retry-After is never undercut.
    """
    if error.code not in PASSING or error.lasting:
        return None
    jitter = random.random()  # noqa: S311  # no secret
    if error.retry_after is not None:
        seconds = error.retry_after * (1 + jitter / 10)
    else:
        seconds = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * (1 + jitter) / 2
    return seconds if seconds < left else None
