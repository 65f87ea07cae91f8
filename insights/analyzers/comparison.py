"""Tells whether two claims say the same, contradict each other, or cannot be compared."""

from dataclasses import dataclass, field
from datetime import date

from insights.analyzers.checkable import Claim

_SAME_YEARS = 1.0
_YEARS_RATIO = 1.5
_SIZE_RATIO = 1.5
_EXACT_RATIO = 1.1
_SAME_PERCENT = 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """A claim of another source: the profile, or an earlier line."""

    claim: Claim
    against: str
    quote: str = field(repr=False)
    line_id: str = ""


def agrees(claim: Claim, source: Known, today: date | None) -> bool | None:
    """Tell whether a source confirms a claim (True) or contradicts it (False); None for neither."""
    other = source.claim
    if claim.kind in ("experience", "since") and other.kind in ("experience", "since"):
        return _same_time(claim, other, today)
    if claim.kind != other.kind:
        return None
    if claim.kind == "employer":
        return _same_employer(claim, other, today)
    if claim.kind == "size":
        return _same_size(claim, other)
    if claim.kind == "measure":
        return _same_measure(claim, other)
    if claim.kind == "credential":
        return _same_credential(claim, other)
    if claim.kind == "use" and claim.skills == other.skills:
        return claim.has == other.has
    return None


def _same_time(claim: Claim, other: Claim, today: date | None) -> bool | None:
    """Compare how long somebody has used one skill or worked in one field."""
    length, written = _length(claim, today), _length(other, today)
    if not length or not written or not _same_subject(claim, other):
        return None
    if claim.partial or other.partial:
        part, whole = (length, written) if claim.partial else (written, length)
        return False if part > whole + _SAME_YEARS and part / whole >= _YEARS_RATIO else None
    if abs(length - written) <= _SAME_YEARS:
        return True
    return False if max(length, written) / min(length, written) >= _YEARS_RATIO else None


def _same_subject(claim: Claim, other: Claim) -> bool:
    if claim.named or other.named:
        shared = len(claim.skills) == 1 and claim.skills[0] in other.skills
        return shared and not (claim.named[0].version or other.named[0].version)
    return bool(claim.about) and claim.about == other.about


def _length(claim: Claim, today: date | None) -> float:
    """Return the years up to now that a claim speaks of, 0 where it names a moment only."""
    if claim.kind == "experience":
        return claim.years
    if claim.unit == "since" and claim.year and today:
        return max(today.year - claim.year, 0.5)
    return 0.0


def _same_employer(claim: Claim, other: Claim, today: date | None) -> bool | None:
    if not _same_name(claim.about, other.about):
        return False if claim.unit == other.unit == "now" else None
    if claim.years:
        if not other.year or not (other.until or today):
            return None
        spent = (other.until or (today.year if today else 0)) - other.year
        if abs(claim.years - spent) <= _SAME_YEARS + 0.5:
            return True
        return False if max(claim.years, spent) / max(min(claim.years, spent), 1) >= 1.5 else None
    pairs = [(a, b) for a, b in ((claim.year, other.year), (claim.until, other.until)) if a and b]
    if not pairs:
        ended = bool(other.until) and claim.unit == "now"
        return None if ended or claim.year or claim.until else True
    return all(abs(a - b) <= _SAME_YEARS for a, b in pairs)


def _same_name(name: str, other: str) -> bool:
    """Tell whether two names of a firm share their first word: "Acme" is "Acme Limited"."""
    first, second = name.casefold().split(), other.casefold().split()
    return first[:1] == second[:1]


def _same_size(claim: Claim, other: Claim) -> bool | None:
    """Compare how many of one thing; only what has a fixed size can contradict itself."""
    if not claim.about or claim.about != other.about or not claim.value or not other.value:
        return None
    ratio = max(claim.value, other.value) / min(claim.value, other.value)
    if ratio <= _EXACT_RATIO:
        return True
    return False if ratio >= _SIZE_RATIO else None


def _same_measure(claim: Claim, other: Claim) -> bool | None:
    """Compare percentages of one year's quota; others are seldom about the same."""
    if not claim.about or claim.about != other.about or claim.unit != other.unit:
        return None
    return abs(claim.value - other.value) <= _SAME_PERCENT


def _same_credential(claim: Claim, other: Claim) -> bool | None:
    if claim.about != other.about:
        return None
    if claim.year and other.year:
        return abs(claim.year - other.year) <= _SAME_YEARS
    return True
