"""Receipts of erasure: what was removed of which interview and when, signed, without content.

How they are signed, and checked by anybody who has the public key, is in `signatures`.
"""

from datetime import UTC, datetime
from typing import Any

from sessions import signatures
from sessions.models import Erasure
from sessions.signatures import issuer, public_key, signature_of, signed_bytes, signing_key

__all__ = [
    "issuer",
    "public_key",
    "receipt_json",
    "sign",
    "signed_bytes",
    "signing_key",
    "verify",
]

FORMAT = "interview-copilot/erasure/1"
COVERS = (
    "The key of the interview and all that the live database, the cache and the folder of uploads "
    "kept of it."
)
DOES_NOT_COVER = (
    "Files that people exported, mails and results that were sent, backups and write-ahead logs of "
    "the database until they are rotated."
)


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


def sign(erasure: Erasure) -> None:
    """Set public key and signature of a finished erasure, for the caller to save."""
    erasure.public_key = public_key(erasure.organization)
    erasure.signature = signature_of(receipt_json(erasure), erasure.organization)


def verify(receipt: dict[str, Any], *, expected: str = "") -> bool:
    """Tell whether a receipt says what was signed; see `signatures.verify`."""
    return signatures.verify(receipt, form=FORMAT, expected=expected)
