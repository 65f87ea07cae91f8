"""Receipts of erasure: what was removed of which interview and when, signed, without content.

The key of the signature is derived from the organization's key, so nothing of it is stored, and it
stays the same when master keys are rotated. Anybody who was given the public key checks a receipt
without this program and without its database.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accounts.models import Organization
from copilot.lib.crypto import derive
from sessions.models import Erasure

FORMAT = "interview-copilot/erasure/1"
COVERS = (
    "The key of the interview and all that the live database, the cache and the folder of uploads "
    "kept of it."
)
DOES_NOT_COVER = (
    "Files that people exported, mails and results that were sent, backups and write-ahead logs of "
    "the database until they are rotated."
)


def signing_key(organization: Organization) -> Ed25519PrivateKey:
    """Return the organization's key for receipts; raise CryptoError where it does not open."""
    return Ed25519PrivateKey.from_private_bytes(derive(organization.key(), "receipts of erasure"))


def public_key(organization: Organization) -> str:
    """Return what receipts of the organization are checked with, in hex."""
    return signing_key(organization).public_key().public_bytes_raw().hex()


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def receipt_json(erasure: Erasure) -> dict[str, Any]:
    """Return the receipt as it is handed out; of an unfinished erasure, without a signature."""
    return {
        "format": FORMAT,
        "id": str(erasure.pk),
        "organization": str(erasure.organization_id),
        "interview": str(erasure.session_id),
        "reason": erasure.reason,
        "unreadable_since": _moment(erasure.started_at),
        "removed_at": _moment(erasure.finished_at),
        "removed": dict(sorted(erasure.counts.items())),
        "covers": COVERS,
        "does_not_cover": DOES_NOT_COVER,
        "public_key": erasure.public_key,
        "signature": erasure.signature,
    }


def signed_bytes(receipt: dict[str, Any]) -> bytes:
    """Return what the signature covers: all but itself, keys sorted, no spaces, UTF-8."""
    said = {name: value for name, value in receipt.items() if name != "signature"}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(erasure: Erasure) -> None:
    """Set public key and signature of a finished erasure, for the caller to save."""
    key = signing_key(erasure.organization)
    erasure.public_key = key.public_key().public_bytes_raw().hex()
    erasure.signature = key.sign(signed_bytes(receipt_json(erasure))).hex()


def verify(receipt: dict[str, Any], *, expected: str = "") -> bool:
    """Tell whether a receipt says what was signed, by its organization where that is known here.

    `expected` is the public key of its organization, where it is at hand. Anybody signs for an
    organization that nobody knows: see `issuer`.
    """
    try:
        key = bytes.fromhex(receipt["public_key"])
        signature = bytes.fromhex(receipt["signature"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_bytes(receipt))
        expected = expected or _key_of(issuer(receipt))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return expected in ("", key.hex())


def issuer(receipt: dict[str, Any]) -> Organization | None:
    """Return the organization that a receipt names, None where it is not known here.

    Raises KeyError or ValueError for what names none at all.
    """
    return Organization.objects.filter(pk=UUID(str(receipt["organization"]))).first()


def _key_of(organization: Organization | None) -> str:
    return public_key(organization) if organization else ""
