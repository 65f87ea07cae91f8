"""Leaves a language model's server alone while it is not well; processes share what they saw.

Closed: everybody asks. Open: nobody does, for a pause that doubles with every failed attempt to
close. After the pause one call at a time goes through as a probe; its success closes. A failure
that says how long it lasts (Retry-After) or that will last (the key, the quota) opens at once, one
that may pass at the second in a row. Answers that make no sense may be the window's fault and open
at the fifth; a refusal or an overlong answer says nothing about the server.
"""

import math
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache

from insights.analyzers.base import AnalyzerError

FIRST_PAUSE = 15.0  # seconds
LONGEST_PAUSE = 300.0
MEMORY_SECONDS = 1800  # without any call for so long the server counts as well again
_IN_A_ROW = {"rate_limited": 2, "timeout": 2, "unreachable": 2, "unauthorized": 1, "malformed": 5}


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of one server and model; `name` is part of its keys in the cache."""

    name: str

    @classmethod
    def configured(cls) -> "Breaker":
        server = f"{settings.INTERVIEW_LLM_BASE_URL}|{settings.INTERVIEW_LLM_MODEL}"
        return cls(sha256(server.encode()).hexdigest()[:16])

    def open_for(self) -> str:
        """Return the error code for which the model may not be asked now, empty if it may.

        Whoever gets "" must tell how the call ended: it may be the probe.
        """
        if code := cache.get(self._key("open")):
            return str(code)
        tripped_by = cache.get(self._key("code"), "")
        if not tripped_by or cache.add(self._key("probe"), 1, self._probe_seconds()):
            return ""
        return str(tripped_by)

    def standing(self) -> tuple[str, str]:
        """Return "closed", "open" or "half open" and the error code that opened it; a look only."""
        code = str(cache.get(self._key("code"), ""))
        if not code:
            return "closed", ""
        return ("open" if cache.get(self._key("open")) else "half open"), code

    def succeeded(self) -> None:
        """Close: the server answered."""
        names = ("open", "code", "probe", "trips", *_IN_A_ROW)
        cache.delete_many([self._key(name) for name in names])

    def failed(self, error: AnalyzerError) -> None:
        """Count a failure and open where it is one too many; some answers fail, yet are answers."""
        limit = _IN_A_ROW.get(error.code)
        if limit is None:
            self.succeeded()
            return
        if cache.get(self._key("open")):
            return  # it began before the breaker opened, and says nothing new
        was_probe = bool(cache.get(self._key("code")))
        cache.delete(self._key("probe"))
        at_once = was_probe or error.lasting or error.retry_after is not None
        if at_once or self._count(error.code) >= limit:
            self._open(error)

    def _open(self, error: AnalyzerError) -> None:
        trips = self._count("trips")
        pause = min(FIRST_PAUSE * 2 ** (trips - 1), LONGEST_PAUSE)
        if error.retry_after is not None:
            pause = min(error.retry_after, LONGEST_PAUSE)
        cache.set(self._key("code"), error.code, MEMORY_SECONDS)
        cache.set(self._key("open"), error.code, max(1, math.ceil(pause)))

    def _count(self, name: str) -> int:
        key = self._key(name)
        cache.add(key, 0, MEMORY_SECONDS)
        try:
            return cache.incr(key)
        except ValueError:  # it ran out in between
            return 1

    @staticmethod
    def _probe_seconds() -> int:
        """Return how long a probe may take; one whose worker died must not block for ever."""
        return math.ceil(settings.INTERVIEW_LLM_TOTAL_TIMEOUT) + 5

    def _key(self, name: str) -> str:
        return f"insights:breaker:{self.name}:{name}"
