"""The chain of an organization: entries get their place in it, and every later change shows.

Three kinds of code, made with a key that is not in the database, hold it together:

- an entry that waits carries one of its own, so that only what `record` wrote is ever sealed;
- the digest of a sealed entry covers all it says, its place and the digest before it;
- the head covers the last digest, so that the end cannot be cut off either.

Who can write the database but has no key can put the whole back to an earlier state at most. Every
seal therefore logs the end of the chain: `verify_audit --expect` compares with such a line.
"""

import hashlib
import hmac
import json
import logging
from datetime import UTC
from functools import cached_property
from ipaddress import ip_address
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import AuditEntry, AuditHead, InstallationKey, Organization
from copilot.lib.crypto import CryptoError, derive

logger = logging.getLogger(__name__)

INSTALLATION = "installation"  # the chain of what concerns no organization
RETIRED = "audit:"  # how the names of kept keys of that chain begin; a master key's id follows
DIGEST_SHOWN = 16  # of 64 digits; enough to recognize one
BATCH = 500


def chain_name(organization_id: UUID | None) -> str:
    return str(organization_id) if organization_id else INSTALLATION


def entries_of(organization_id: UUID | None) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(Q(organization_id=organization_id))


def address(ip: str | None) -> str | None:
    """Return the address in its one canonical form; None for what is none."""
    try:
        return str(ip_address((ip or "").partition("%")[0]))
    except ValueError:
        return None


def facts(entry: AuditEntry) -> dict[str, Any]:
    """Return what the entry says, the same whatever database it comes from."""
    return {
        "organization": str(entry.organization_id) if entry.organization_id else None,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": entry.action,
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "via": entry.via,
        "token_id": str(entry.token_id) if entry.token_id else None,
        "ip": address(entry.ip),
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "details": entry.details,
    }


class Codes:
    """Make and check the codes of one chain; raise CryptoError if its key does not open.

    The key comes from the organization's, which stays the same when it is wrapped anew. The
    installation has none of its own: its primary master key signs, and any is believed that is
    configured or was kept before it left the settings.
    """

    def __init__(self, organization_id: UUID | None) -> None:
        self.chain = chain_name(organization_id)
        if organization_id is None:
            masters = settings.INTERVIEW_MASTER_KEYS
            secret = masters.keys[masters.primary]
        else:
            secret = Organization.objects.only("wrapped_key").get(pk=organization_id).key()
        self._key = chain_key(self.chain, secret)

    @cached_property
    def _older_keys(self) -> list[bytes]:
        """Return what the installation signed with before; asked for where its key does not fit."""
        if self.chain != INSTALLATION:
            return []
        masters = settings.INTERVIEW_MASTER_KEYS
        configured = [key for name, key in masters.keys.items() if name != masters.primary]
        return [*(chain_key(self.chain, secret) for secret in configured), *kept_keys().values()]

    def for_new(self, entry: AuditEntry) -> str:
        return _code(self._key, _new(entry))

    def for_sealed(self, entry: AuditEntry) -> str:
        return _code(self._key, _sealed(entry, entry.sequence))

    def for_head(self, sequence: int, digest: str) -> str:
        return _code(self._key, _head(sequence, digest))

    def fits_new(self, entry: AuditEntry) -> bool:
        return self._fits(entry.digest, _new(entry))

    def fits_sealed(self, entry: AuditEntry, sequence: int) -> bool:
        return self._fits(entry.digest, _sealed(entry, sequence))

    def fits_head(self, head: AuditHead, digest: str) -> bool:
        if not head.sequence:
            return not head.digest
        return self._fits(head.digest, _head(head.sequence, digest))

    def _fits(self, code: str, message: bytes) -> bool:
        def fits(key: bytes) -> bool:
            return hmac.compare_digest(_code(key, message).encode(), code.encode())

        return fits(self._key) or any(map(fits, self._older_keys))


def chain_key(chain: str, secret: bytes) -> bytes:
    return derive(secret, f"audit|{chain}")


def kept_keys() -> dict[str, bytes]:
    """Return the keys of the installation's chain that are kept, by their names."""
    kept = {}
    for row in InstallationKey.objects.filter(name__startswith=RETIRED):
        try:
            kept[row.name] = row.key()
        except CryptoError:
            logger.error("the installation's key %s does not open", row.name)
    return kept


@transaction.atomic
def keep_older_keys() -> None:
    """Keep what the installation's chain derived from master keys that may leave the settings.

    One id may have stood for several keys in the course of time: each of them is kept.
    """
    masters = settings.INTERVIEW_MASTER_KEYS
    taken = {row.name for row in InstallationKey.objects.select_for_update()}
    kept = set(kept_keys().values())
    for key_id, secret in masters.keys.items():
        key = chain_key(INSTALLATION, secret)
        if key_id == masters.primary or key in kept:
            continue
        names = (f"{RETIRED}{key_id}" + (f":{n}" if n > 1 else "") for n in count(1))
        row = InstallationKey(name=next(name for name in names if name not in taken))
        row.hold(key)
        row.save(force_insert=True)


def _code(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _canonical(kind: str, *values: Any) -> bytes:
    return json.dumps([kind, *values], sort_keys=True, separators=(",", ":")).encode()


def _new(entry: AuditEntry) -> bytes:
    return _canonical("new", facts(entry))


def _sealed(entry: AuditEntry, sequence: int | None) -> bytes:
    return _canonical("sealed", entry.pk, sequence, entry.previous, facts(entry))


def _head(sequence: int, digest: str) -> bytes:
    return _canonical("head", sequence, digest)


def seal(organization_id: UUID | None) -> None:
    """Give all waiting entries of a chain their places; what commits later is sealed later.

    Acts never hold the head's lock: they write an entry and leave, so nobody waits for anybody.
    """
    after = 0
    while (done := _seal_batch(organization_id, after)) is not None:
        after = done


def seal_all() -> None:
    """Seal what a crash between commit and seal left behind."""
    waiting = AuditEntry.objects.filter(sequence=None).order_by()
    for organization_id in list(waiting.values_list("organization_id", flat=True).distinct()):
        seal(organization_id)


def _seal_batch(organization_id: UUID | None, after: int) -> int | None:
    """Seal what waits behind the id `after`; return the last id if there may be more."""
    entries = entries_of(organization_id)
    waiting = entries.filter(sequence=None, pk__gt=after).order_by("pk")
    if not waiting.exists():
        return None
    codes = Codes(organization_id)
    with transaction.atomic():
        head, _created = AuditHead.objects.select_for_update().get_or_create(chain=codes.chain)
        sequence, digest = _end(codes, entries, head)
        batch = list(waiting[:BATCH])
        ours = [entry for entry in batch if codes.fits_new(entry)]
        for entry in ours:
            sequence += 1
            entry.sequence, entry.previous = sequence, digest
            entry.digest = digest = codes.for_sealed(entry)
            entry.settle()
        if ours:
            head.sequence, head.digest = sequence, codes.for_head(sequence, digest)
            head.save()
    if ours:
        logger.info("audit %s %d %s", codes.chain, sequence, digest[:DIGEST_SHOWN])
    if len(ours) < len(batch):
        forged = len(batch) - len(ours)
        logger.error("audit %s: %d entries were not written by us", codes.chain, forged)
    return batch[-1].pk if len(batch) == BATCH else None


def _end(codes: Codes, entries: QuerySet[AuditEntry], head: AuditHead) -> tuple[int, str]:
    """Return where the chain goes on: behind the last entry.

    Where entries and head do not fit, somebody changed the end of the chain. A number is left out
    then: the new end would look whole otherwise.
    """
    last = entries.exclude(sequence=None).order_by("-sequence").first()
    sequence, digest = (last.sequence or 0, last.digest) if last else (0, "")
    if head.sequence == sequence and codes.fits_head(head, digest):
        return sequence, digest
    logger.error("audit %s: the end of the chain was changed", codes.chain)
    return max(head.sequence, sequence) + 1, digest
