"""Compares what a candidate claims with the profile and with earlier answers."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from rapidfuzz import fuzz

from insights.analyzers.base import Finding
from insights.analyzers.cards import card, compared_card
from insights.analyzers.claims import Claim, experience_years
from insights.analyzers.text import number
from insights.analyzers.turns import Turn
from insights.analyzers.usage import statements
from insights.kinds import Kind

_AGREE_YEARS = 1.0
_CONFLICT_RATIO = 1.5
_SAME_NAME = 80.0
_EMPLOYER = r"([A-Z][\w&-]+(?: [A-Z][\w&-]+){0,2})"
_WORKS_AT = re.compile(
    rf"\bI(?:'m|’m| am)? (?:currently |still |now )*(?:work|working) (?:at|for) {_EMPLOYER}"
)
_PROFILE_EMPLOYER = re.compile(
    r"(?:[Cc]urrent(?:ly)?(?: employer| company| role| position)?|[Ww]orks|[Ee]mployed|[Ee]mployer)"
    rf"(?:[:,]| (?:at|with|for|is))+ *{_EMPLOYER}"
)


def compare(
    turn: Turn, earlier: Sequence[Turn], profile: str, today: date
) -> Iterator[tuple[Claim | None, Finding]]:
    """Yield fact checks of a turn; with the claim they settle, so that it is judged once."""
    said = experience_years(turn.text, today)
    written = experience_years(profile, today, terse=True)
    for skill, (years, claim) in said.items():
        if skill in written and len(claim.skills) == 1:
            other, other_claim = written[skill]
            finding = _compared(
                turn, claim, years, other, _cut(profile, other_claim), "the profile"
            )
            if finding:
                yield claim, finding
                continue
        for before in reversed(earlier):
            told = experience_years(before.text, today).get(skill)
            if told:
                quote = before.sentence(told[1].start, told[1].end)
                finding = _compared(turn, claim, years, told[0], quote, "an earlier answer")
                if finding and finding.verdict == "conflicts":
                    yield claim, finding
                break
    for finding in _uses(turn, earlier):
        yield None, finding
    employer = _employer(turn, profile)
    if employer:
        yield None, employer


def _compared(
    turn: Turn, claim: Claim, years: float, other: float, quote: str, source: str
) -> Finding | None:
    agrees = abs(years - other) <= _AGREE_YEARS
    if not agrees and max(years, other) / max(min(years, other), 0.5) < _CONFLICT_RATIO:
        return None
    plural = "year" if other == 1 else "years"
    return compared_card(
        turn,
        claim,
        other=f"{number(other)} {plural}",
        other_quote=quote,
        source=source,
        agrees=agrees,
    )


def _uses(turn: Turn, earlier: Sequence[Turn]) -> Iterator[Finding]:
    for use in statements(turn.text):
        for before in reversed(earlier):
            opposite = next(
                (o for o in statements(before.text) if o.skill == use.skill and o.has != use.has),
                None,
            )
            if opposite:
                now, then = ("having used", "not") if use.has else ("not having used", "having")
                yield card(
                    Kind.FACT_CHECK,
                    turn,
                    (use.start, use.end),
                    f"Speaks of {now} {use.skill}, earlier of {then}"
                    f"{' having' if then == 'not' else ''} used it. Ask which is right.",
                    reason="Differs from an earlier answer",
                    tag=f"use:{use.skill}",
                    verdict="conflicts",
                    other_quote=opposite.sentence,
                    confidence=0.75,
                )
                break


def _employer(turn: Turn, profile: str) -> Finding | None:
    told = _WORKS_AT.search(turn.text)
    written = _PROFILE_EMPLOYER.search(profile)
    if not told or not written or fuzz.partial_ratio(told[1], written[1]) >= _SAME_NAME:
        return None
    return card(
        Kind.FACT_CHECK,
        turn,
        told.span(),
        f"Says they work at {told[1]}; the profile names {written[1]} as current. Ask about it.",
        reason="Differs from the profile",
        tag="employer",
        verdict="conflicts",
        other_quote=written[0],
        confidence=0.6,
    )


def _cut(profile: str, claim: Claim) -> str:
    """Return the piece of the profile around a claim."""
    start = max(profile.rfind(mark, 0, claim.start) for mark in "\n;,•") + 1
    ends = [at for mark in "\n;•," if (at := profile.find(mark, claim.end)) >= 0]
    return profile[start : min(ends, default=len(profile))].strip()
