"""Values of one session in the cache, sealed with its key: a dump of the cache shows no word, and
with the session's key they are gone too. Where the cache fails, nothing is kept.
"""

import json
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.core.cache import cache

from copilot.lib.crypto import CryptoError, seal, unseal
from sessions.models import Session

logger = logging.getLogger(__name__)


def keep(session: Session, what: str, value: Any, seconds: float) -> None:
    """Keep a JSON-able value under a name, in place of what was kept under it."""
    plain = json.dumps(value, ensure_ascii=False).encode()
    sealed = seal(session.data_key(), plain, _place(session, what))
    _tried(cache.set, _name(session.pk, what), sealed, math.ceil(seconds))


def kept(session: Session, what: str) -> Any:
    """Return what is kept under a name, None where nothing is or the key is another one."""
    sealed = _tried(cache.get, _name(session.pk, what))
    if sealed is None:
        return None
    try:
        return json.loads(unseal(session.data_key(), sealed, _place(session, what)))
    except CryptoError:
        return None


def forget(session: Session, what: str) -> None:
    _tried(cache.delete, _name(session.pk, what))


def forget_all(session_id: UUID, names: Iterable[str]) -> None:
    """Forget what is kept of a session under these names; its key is not needed."""
    _tried(cache.delete_many, [_name(session_id, name) for name in names])


def _tried(ask: Callable[..., Any], *args: Any) -> Any:
    try:
        return ask(*args)
    except Exception as error:  # whatever the backend raises; its words may hold a key
        logger.error("the cache fails: %s", type(error).__name__)
        return None


def _name(session_id: UUID, what: str) -> str:
    return f"insights:{what}:{session_id}"


def _place(session: Session, what: str) -> bytes:
    return f"insights.cache|{session.pk}|{what}".encode()
