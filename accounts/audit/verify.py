"""Walk the chains and name the first place where one does not hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.audit.chain import INSTALLATION, Codes, chain_name, entries_of
from accounts.models import AuditEntry, AuditHead, Organization
from copilot.lib.crypto import CryptoError

CHUNK = 1000
LATE = timedelta(minutes=5)  # the beat seals every minute what was left behind
NEIGHBOURS = 1000  # how far away from its place an entry is recognized


class Kind(StrEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    HEAD = "head"
    KEY = "key"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: the place in it, and the entry's id if there is one."""

    kind: Kind
    place: int | None = None
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    chain: str
    organization: str  # its slug; empty for the installation
    entries: int
    head: int
    late: int  # entries that wait for their seal too long
    broken: Break | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain as a log line told it."""

    chain: str
    sequence: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Read CHAIN:SEQUENCE:DIGEST; raise ValueError for anything else."""
        chain, sequence, digest = text.split(":")
        if not digest:
            raise ValueError("a digest is needed")
        return cls(chain, int(sequence), digest)


def verify(slug: str = "", anchors: list[Anchor] | None = None) -> Iterator[Report]:
    """Check all chains, or one organization's, in bounded memory."""
    organizations = Organization.objects.order_by("slug").values_list("pk", "slug")
    known = {INSTALLATION}
    if slug:
        organizations = organizations.filter(slug=slug)
    else:
        yield _verify_chain(None, "", anchors or [])
    for organization_id, name in organizations:
        known.add(chain_name(organization_id))
        yield _verify_chain(organization_id, name, anchors or [])
    if not slug:
        for head in AuditHead.objects.exclude(chain__in=known):
            yield Report(head.chain, "", 0, head.sequence, 0, Break(Kind.REMOVED, 1))


def _verify_chain(organization_id: UUID | None, slug: str, anchors: list[Anchor]) -> Report:
    chain = chain_name(organization_id)
    entries = entries_of(organization_id).order_by("sequence", "pk")
    top = entries.aggregate(top=Max("sequence"))["top"] or 0
    # Read after the entries: what is sealed meanwhile lies behind it and is left for next time.
    head = AuditHead.objects.filter(chain=chain).first() or AuditHead(chain=chain)
    waiting = entries.filter(sequence=None)
    try:
        codes = Codes(organization_id)
    except CryptoError:
        broken: Break | None = Break(Kind.KEY)
    else:
        broken = (
            _in_sealed(codes, entries, head, top)
            or _in_waiting(codes, waiting)
            or _in_expected(entries, [anchor for anchor in anchors if anchor.chain == chain])
        )
    late = waiting.filter(at__lt=timezone.now() - LATE).count()
    return Report(chain, slug, entries.count(), head.sequence, late, broken)


def _in_sealed(
    codes: Codes, entries: QuerySet[AuditEntry], head: AuditHead, top: int
) -> Break | None:
    place, digest = 0, ""
    for entry in entries.filter(sequence__lte=max(head.sequence, top)).iterator(CHUNK):
        place += 1
        sequence = entry.sequence or 0
        if sequence > place:
            return Break(Kind.REMOVED, place)
        if sequence < place:  # a number twice
            return Break(Kind.INSERTED, sequence, entry.pk)
        if not codes.fits_sealed(entry, place):
            return Break(_kind(codes, entries, head, entry, digest), place, entry.pk)
        if entry.previous != digest:
            return Break(Kind.MOVED, place, entry.pk)
        digest = entry.digest
    if place < head.sequence:
        return Break(Kind.REMOVED, place + 1)
    if place > head.sequence or not codes.fits_head(head, digest):
        return Break(Kind.HEAD, head.sequence)
    return None


def _kind(
    codes: Codes,
    entries: QuerySet[AuditEntry],
    head: AuditHead,
    entry: AuditEntry,
    digest: str,
) -> Kind:
    """Tell what happened to an entry whose digest does not fit at its place, behind `digest`."""
    place = entry.sequence or 0
    around = range(max(1, place - NEIGHBOURS), place + NEIGHBOURS)
    if any(codes.fits_sealed(entry, sequence) for sequence in around):
        return Kind.MOVED
    following = entries.filter(sequence__gt=place).first()
    if place > head.sequence or (following is not None and following.previous == digest):
        return Kind.INSERTED
    last = entries.exclude(sequence=None).last()
    if place == 1 and last is not None and not codes.fits_head(head, last.digest):
        return Kind.KEY  # neither end fits
    return Kind.CHANGED


def _in_waiting(codes: Codes, waiting: QuerySet[AuditEntry]) -> Break | None:
    for entry in waiting.iterator(CHUNK):
        if not codes.fits_new(entry):
            return Break(Kind.INSERTED, None, entry.pk)
    return None


def _in_expected(entries: QuerySet[AuditEntry], anchors: list[Anchor]) -> Break | None:
    for anchor in anchors:
        entry = entries.filter(sequence=anchor.sequence).first()
        if entry is None or not entry.digest.startswith(anchor.digest):
            return Break(Kind.EXPECTED, anchor.sequence, entry.pk if entry else None)
    return None
