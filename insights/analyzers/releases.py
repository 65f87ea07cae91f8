"""Holds claims against the release years of the gazetteer and against the calendar."""

from datetime import date

from insights.analyzers.checkable import Claim

# A person may have used a beta, and a launch in December is not a whole year.
TOLERANCE_YEARS = 1


def impossible(claim: Claim, today: date | None) -> str:
    """Return why a claim cannot be, empty if it can.

    A length of time needs `today`; a year does not.
    """
    if claim.until and claim.until < claim.year:
        return f"{claim.until} lies before {claim.year}."
    if today and max(claim.year, claim.until) > today.year:
        return f"{max(claim.year, claim.until)} lies in the future."
    begun = claim.year or (today.year - claim.years if today and claim.years else 0)
    for mention in claim.named:
        year = mention.released
        if year and begun and begun + TOLERANCE_YEARS < year:
            released = f"{mention.label} was first released in {year}"
            return f"{released}, {today.year - year} years ago." if today else f"{released}."
    return ""
