"""Which value has which placeholder, without keeping any value."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter


class Ledger:
    """Number the values of one session; keeps salted hashes only, in memory only. Thread-safe."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._numbers: dict[tuple[str, bytes], int] = {}
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _key(self, kind: str, value: str) -> tuple[str, bytes]:
        return kind, hashlib.blake2b(value.encode(), key=self._salt, digest_size=16).digest()

    def reserve(self, kind: str, count: int) -> None:
        """Keep numbers 1 … count of `kind` for values that have their own identity."""
        with self._lock:
            self._used[kind] = max(self._used[kind], count)

    def number(self, kind: str, value: str, *, keep: bool = True) -> int:
        """Return the number of a value; with keep=False a new value gets one on loan only."""
        with self._lock:
            keys = self._keys(kind, value)
            number = next((self._numbers[k] for k in keys if k in self._numbers), None)
            if kind == "NAME" and number is None:
                number = self._met(value, keep=keep)
            if number is None:
                number = self._used[kind] + 1
                if keep:
                    self._used[kind] = number
            if keep:
                for key in keys if kind != "NAME" else self._name_keys(value):
                    self._numbers.setdefault(key, number)
            return number

    def alias(self, kind: str, value: str, number: int) -> None:
        """Give a value the number of another one, of which it is a longer form."""
        with self._lock:
            self._numbers.setdefault(self._key(kind, value), number)

    def knows_name(self, word: str) -> bool:
        """Tell whether a word was part of a name found before."""
        return self._key("NAME", "part:" + word) in self._numbers

    def _met(self, value: str, *, keep: bool) -> int | None:
        """Return the number of somebody known by first name only, of whom this is the full name."""
        first, *others = value.split()
        alone = self._key("NAME", "alone:" + first)
        if not others:
            return None
        return self._numbers.pop(alone, None) if keep else self._numbers.get(alone)

    def _keys(self, kind: str, value: str) -> list[tuple[str, bytes]]:
        """Return the keys under which a value may already be known, the surest first."""
        keys = [self._key(kind, value)]
        if kind == "NAME":
            parts = value.split()
            # A first name alone is the person heard before; two people may share a first name.
            keys.append(self._key(kind, "part:" + parts[-1]))
        return keys

    def _name_keys(self, value: str) -> list[tuple[str, bytes]]:
        alone = [] if " " in value else [self._key("NAME", "alone:" + value)]
        return [
            self._key("NAME", value),
            *alone,
            *(self._key("NAME", "part:" + part) for part in value.split() if len(part) > 2),
        ]
