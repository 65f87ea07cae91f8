"""How much of something one person, organization or address may have; counted in the cache.

Where the cache fails nobody is held up: a limit protects the service, it does not guard a secret.
"""

import functools
import logging
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts import origin
from copilot.lib.errors import DomainError

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

RETRY_SECONDS = 30  # when to look again for a place that somebody has to leave first


class TooMany(DomainError):
    """A limit is reached; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        detail = _("Too many at once; try again in %(seconds)s s.") % {"seconds": retry_after}
        super().__init__("too_many_requests", detail, status=429)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a limit until its period ends, in so many seconds."""

    limit: int
    count: int
    period: int
    seconds: int


def take(key: str, limit: int, period: int = 60) -> Left:
    """Count one more in this period of seconds; raise TooMany above the limit."""
    window, passed = divmod(int(time.time()), period)
    count = tried(_count, f"limit:{key}:{window}", period) or 0
    if count > limit:
        raise TooMany(period - passed)
    return Left(limit, limit - count, period, period - passed)


def _count(name: str, period: int) -> int:
    try:
        return cache.incr(name)
    except ValueError:  # the first one; of several at once the cache lets one add
        return 1 if cache.add(name, 1, period) else cache.incr(name)


def take_as_nobody() -> None:
    """Count what came without a valid sign-in or token, for the address it came from."""
    take(f"api.nobody.{place()}", settings.INTERVIEW_LIMIT_API_ANONYMOUS)


def holder(user: "User") -> str:
    """Return for whom something counts: a device that joined takes nothing from who let it in."""
    token = user.api_token
    return f"device.{token.pk}" if token is not None and token.bound_to else str(user.pk)


def place() -> str:
    """Return where whoever acts is, as far as one home or office can be told from another."""
    ip = ip_address(origin.current().ip or "0.0.0.0")  # noqa: S104  # stands for "unknown"
    ip = getattr(ip, "ipv4_mapped", None) or ip  # how sockets for both versions name version 4
    # A home has 2⁶⁴ addresses of version 6: all of them count as one.
    return str(ip if ip.version == 4 else ip_network((ip, 64), strict=False))


def first(key: str, period: int) -> bool:
    """Tell whether this is the first time in so many seconds; yes where the cache fails."""
    return tried(cache.add, f"first:{key}", 1, period) is not False


def remembered(key: str, period: int, find: Callable[[], str]) -> str:
    """Return what was found in the last so many seconds, else find it."""
    known: str | None = tried(cache.get, f"known:{key}")
    if known is None:
        known = find()
        tried(cache.set, f"known:{key}", known, period)
    return known


class Slots:
    """Places that one connection holds among a limited number of them, whatever the process.

    They are given back by `release`, or `ttl` seconds after the last `renew`: a process that dies
    keeps none.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._holder = secrets.token_hex(8)
        self._held: list[str] = []

    def take(self, name: str, limit: int) -> None:
        """Hold one more place; raise TooMany when all are taken."""
        slot = tried(self._free, f"slot:{name}", limit)
        if slot == "":
            raise TooMany(RETRY_SECONDS)
        if slot:
            self._held.append(slot)

    def _free(self, name: str, limit: int) -> str:
        places = [f"{name}:{number}" for number in range(limit)]
        free = list(set(places) - set(cache.get_many(places)))
        random.shuffle(free)  # so that those who come together try different ones
        return next((place for place in free if cache.add(place, self._holder, self._ttl)), "")

    def renew(self) -> None:
        for slot in self._held:
            tried(self._renew, slot)

    def _renew(self, slot: str) -> None:
        if cache.get(slot) == self._holder:
            cache.touch(slot, self._ttl)
        else:
            cache.add(slot, self._holder, self._ttl)  # it ran out: the process slept too long

    def release(self) -> None:
        while self._held:
            tried(self._release, self._held.pop())

    def _release(self, slot: str) -> None:
        if cache.get(slot) == self._holder:
            cache.delete(slot)


def tried(ask: Callable[..., Result], *args: Any) -> Result | None:
    """Return what the cache says; None where it fails."""
    try:
        return ask(*args)
    except Exception as error:
        _log_once(type(error).__name__)
        return None


@functools.cache
def _log_once(what: str) -> None:
    logger.warning("limits do not hold: the cache fails with %s", what)
