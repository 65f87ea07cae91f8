"""One checkable claim: what was said, about what, and in a few words."""

from dataclasses import dataclass

from insights.analyzers.skills import Mention, Skill
from insights.analyzers.text import join_names, number


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement at character offsets.

    `kind` is one of experience (a length of time), since (a date), change, measure, size,
    employer, credential, use. `years` is a length or counts back from today; `year` and `until`
    are calendar years, 0 where nothing was said. `partial`: only a part of a whole is meant, as
    in "three years at that company".
    """

    kind: str
    start: int
    end: int
    named: tuple[Mention, ...] = ()
    years: float = 0.0
    year: int = 0
    until: int = 0
    value: float = 0.0
    unit: str = ""
    about: str = ""  # field of work, employer, degree, or what a size counts
    partial: bool = False
    has: bool = True  # False for "I have never used it"

    @property
    def skills(self) -> tuple[Skill, ...]:
        return tuple(dict.fromkeys(mention.skill for mention in self.named))

    @property
    def subject(self) -> str:
        return join_names(list(dict.fromkeys(mention.label for mention in self.named)))


def describe(claim: Claim) -> str:
    """Return a claim in a few words: "3 years of AWS", "Kubernetes since 2012"."""
    if claim.kind == "experience":
        return f"{_length(claim.years)} of {claim.subject or 'experience'}"
    if claim.kind == "since":
        when = f"{claim.unit} {claim.year or ''}".rstrip()
        if claim.unit == "ago":
            when = f"{_length(claim.years)} ago"
        return f"{claim.subject} {when}" if claim.named else when
    if claim.kind == "employer":
        return _employment(claim)
    if claim.kind == "credential":
        return f"{claim.about} in {claim.year}" if claim.year else claim.about
    if claim.kind == "use":
        return f"has {'' if claim.has else 'not '}used {claim.subject}"
    return "a measured result" if claim.kind == "change" else "a number"


def _length(years: float) -> str:
    if years >= 1:
        return f"{number(years)} {'year' if years == 1 else 'years'}"
    months = round(years * 12)
    return f"{number(months)} {'month' if months == 1 else 'months'}"


def _employment(claim: Claim) -> str:
    if claim.year and claim.until:
        when = f" {claim.year} to {claim.until}"
    elif claim.year:
        when = f" {claim.unit or 'in'} {claim.year}"
    elif claim.until:
        when = f" until {claim.until}"
    else:
        when = f" for {_length(claim.years)}" if claim.years else ""
    return f"at {claim.about}{when}"
