"""Who acts, from where and by way of what: known at the edge, needed far inside by the audit.

Edges set it once per request, socket or task; everything that runs on their behalf, in whatever
thread, finds it here. Outside of any edge it is the system that acts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Origin:
    """`via` is web, api, socket, admin, command or system."""

    via: str = "system"
    user_id: int | None = None
    user: str = ""  # the e-mail address
    ip: str | None = None
    token_id: UUID | None = None


_current: ContextVar[Origin] = ContextVar("origin")


def current() -> Origin:
    return _current.get(Origin())


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Let everything inside be done by `origin`."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def become(*, user_id: int, user: str, token_id: UUID | None = None) -> None:
    """Say who it is that acts, once that is known, for the rest of this request."""
    _current.set(replace(current(), user_id=user_id, user=user, token_id=token_id))
