"""Statements that an organization signs: receipts of erasure, summaries that somebody signed.

The key of the signature is derived from the organization's key, so nothing of it is stored, and it
stays the same when master keys are rotated. Anybody who was given the public key checks a statement
without this program and without its database. What a statement is about stands in its `format`.
"""

import json
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accounts.models import Organization
from copilot.lib.crypto import derive


def signing_key(organization: Organization) -> Ed25519PrivateKey:
    """Return the organization's key for statements; raise CryptoError where it does not open."""
    return Ed25519PrivateKey.from_private_bytes(derive(organization.key(), "receipts of erasure"))


def public_key(organization: Organization) -> str:
    """Return what statements of the organization are checked with, in hex."""
    return signing_key(organization).public_key().public_bytes_raw().hex()


def signed_bytes(statement: dict[str, Any]) -> bytes:
    """Return what the signature covers: all but itself, keys sorted, no spaces, UTF-8."""
    return canonical({name: value for name, value in statement.items() if name != "signature"})


def canonical(value: Any) -> bytes:
    """Return the one way to write a JSON value: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signature_of(statement: dict[str, Any], organization: Organization) -> str:
    """Return the signature of a statement that names its public key, in hex."""
    return signing_key(organization).sign(signed_bytes(statement)).hex()


def verify(statement: dict[str, Any], *, form: str, expected: str = "") -> bool:
    """Tell whether a statement says what was signed, by its organization where that is known here.

    `form` is the format it must have. `expected` is the public key of its organization, where it is
    at hand. Anybody signs for an organization that nobody knows: see `issuer`.
    """
    try:
        key = bytes.fromhex(statement["public_key"])
        signature = bytes.fromhex(statement["signature"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_bytes(statement))
        expected = expected or _key_of(issuer(statement))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return statement.get("format") == form and expected in ("", key.hex())


def read(text: str) -> dict[str, Any]:
    """Return the JSON object of a file that holds a statement; raise ValueError for anything else.

    What says a thing twice is refused: one is read, and the other may be what was signed.
    """
    found = json.loads(text, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def issuer(statement: dict[str, Any]) -> Organization | None:
    """Return the organization that a statement names, None where it is not known here.

    Raises KeyError or ValueError for what names none at all.
    """
    return Organization.objects.filter(pk=UUID(str(statement["organization"]))).first()


def _key_of(organization: Organization | None) -> str:
    return public_key(organization) if organization else ""
