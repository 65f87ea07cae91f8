"""Envelope encryption: master keys wrap organization keys, which wrap one data key per session.

Everything is AES-256-GCM. A sealed value is `0x01 | nonce (12 bytes) | ciphertext and tag`; the
associated data name the place where it belongs, so a value moved elsewhere does not open.
Losing a data key makes everything sealed with it unreadable, which is how an interview is erased.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_ID_BYTES = 32
VERSION = b"\x01"


class CryptoError(Exception):
    """A sealed value or key could not be opened; the text never holds either."""

    silent_variable_failure = True  # of a template: the page shows nothing in its place


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def derive(key: bytes, purpose: str) -> bytes:
    """Return a key of its own for one purpose: what seals is used for nothing else (HKDF)."""
    return HKDF(SHA256(), KEY_BYTES, None, purpose.encode()).derive(key)


def seal(key: bytes, plaintext: bytes, place: bytes) -> bytes:
    """Encrypt `plaintext` for exactly one `place` (the associated data)."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, place)


def looks_sealed(value: bytes) -> bool:
    """Tell whether `value` has the form of a sealed one; only `unseal` knows whether it opens."""
    return value[:1] == VERSION and len(value) >= len(VERSION) + NONCE_BYTES + TAG_BYTES


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Decrypt what `seal` made for the same key and place; raise CryptoError otherwise."""
    if not looks_sealed(sealed):
        raise CryptoError("not a sealed value of a known version")
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, place)
    except InvalidTag:
        raise CryptoError("wrong key, wrong place or damaged value") from None


@dataclass(frozen=True, repr=False)
class MasterKeys:
    """Master keys by id; `primary` wraps, all of them unwrap, so that keys can be rotated."""

    keys: Mapping[str, bytes]
    primary: str

    @classmethod
    def parse(cls, entries: list[str]) -> "MasterKeys":
        """Read `id:base64` entries, the first being the primary; raise ValueError with a reason."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(entries, 1):
            # Entries are named by their place: one without an id would be printed whole.
            key_id, colon, encoded = entry.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise ValueError(f"entry {number} is not base64") from None
            if not colon or not key_id or len(key) != KEY_BYTES:
                raise ValueError(f"entry {number} must be id:base64 of {KEY_BYTES} bytes")
            if key_id in keys or len(key_id.encode()) > MAX_ID_BYTES:
                raise ValueError(f"entry {number} needs an id of its own, at most 32 bytes long")
            keys[key_id] = key
        if not keys:
            raise ValueError("no master key is given")
        return cls(keys, next(iter(keys)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("master keys stay in their process: they are not pickled")

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """Return `length of id | id | sealed key` so that unwrap knows which master key to take."""
        key_id = self.primary.encode()
        return bytes([len(key_id)]) + key_id + seal(self.keys[self.primary], key, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        key_id, sealed = _parts(wrapped)
        if key_id not in self.keys:
            raise CryptoError(f"master key '{key_id}' is not configured")
        return unseal(self.keys[key_id], sealed, place)


def wrapped_by(wrapped: bytes) -> str:
    """Return the id of the master key that wrapped this; raise CryptoError for what none did."""
    key_id, sealed = _parts(wrapped)
    if not looks_sealed(sealed):
        raise CryptoError("not a wrapped key")
    return key_id


def _parts(wrapped: bytes) -> tuple[str, bytes]:
    length = wrapped[0] if wrapped else 0
    if length > MAX_ID_BYTES:  # the text of an error would quote what is no id
        raise CryptoError("not a wrapped key")
    return wrapped[1 : 1 + length].decode(errors="replace"), wrapped[1 + length :]
