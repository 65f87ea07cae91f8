"""Django's Redis cache with sealed values: a dump of Redis shows none, and nobody plants one there.

A value is sealed for its name with a key derived from SECRET_KEY; SECRET_KEY_FALLBACKS open as
well. Integers stay plain, because Redis itself counts with them. What does not open is a miss. Only
what was sealed by ourselves is unpickled.
"""

import pickle
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from copilot.lib.crypto import CryptoError, derive, seal, unseal

_MISSING = object()


class SealedRedisCacheClient(RedisCacheClient):
    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return super().add(key, _seal(key, value), timeout)

    def get(self, key: Any, default: Any) -> Any:
        value = _open(key, super().get(key, None))
        return default if value is _MISSING else value

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        super().set(key, _seal(key, value), timeout)

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        opened = {key: _open(str(key), value) for key, value in super().get_many(keys).items()}
        return {key: value for key, value in opened.items() if value is not _MISSING}

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        super().set_many({key: _seal(key, value) for key, value in data.items()}, timeout)


class SealedRedisCache(RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {**params.get("OPTIONS", {}), "serializer": _AsItIs}
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = SealedRedisCacheClient


class _AsItIs:
    """What Django takes for a serializer: the client seals, which knows the names of values."""

    def dumps(self, value: Any) -> Any:
        return value

    def loads(self, value: Any) -> Any:
        return value


@lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    return derive(secret.encode(), "cache")


def _seal(name: str, value: Any) -> int | bytes:
    if type(value) is int:
        return value
    plain = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return seal(_key(settings.SECRET_KEY), plain, name.encode())


def _open(name: str, stored: bytes | None) -> Any:
    if stored is None:
        return _MISSING
    if stored.removeprefix(b"-").isdigit():
        return int(stored)
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            plain = unseal(_key(secret), stored, name.encode())
        except CryptoError:
            continue
        return pickle.loads(plain)  # noqa: S301  # nobody else can have sealed it
    return _MISSING
