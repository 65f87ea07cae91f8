"""Judges claims: against release years, the profile, and what was answered before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from insights.analyzers.checkable import Claim, describe
from insights.analyzers.claims import claims
from insights.analyzers.comparison import Known, agrees
from insights.analyzers.employment import Post, posts
from insights.analyzers.releases import impossible
from insights.analyzers.skills import mentions
from insights.analyzers.turns import Turn
from insights.analyzers.usage import uses

PROFILE, ANSWER, TECHNOLOGY = "profile", "answer", "technology"


@dataclass(frozen=True, slots=True)
class Check:
    """A claim with its verdict, as `Statement` has it; `told` is what the other source says."""

    claim: Claim
    verdict: str = "unverifiable"
    against: str = ""
    reason: str = field(default="", repr=False)
    told: str = field(default="", repr=False)
    other_quote: str = field(default="", repr=False)
    other_line_id: str = ""


def checks(
    turn: Turn,
    earlier: Sequence[Turn],
    *,
    profile: str = "",
    question: str = "",
    today: date | None = None,
) -> list[Check]:
    """Return every claim of a turn with its verdict: unverifiable unless something clearly says."""
    written = posts(profile)
    known = tuple(post.name for post in written)
    said = claims(turn.text, question=question, known=known)
    used = list(uses(turn.text))
    if not said and not used:
        return []  # most lines claim nothing: what was said before need not be read for them
    sources = [*_profile(profile, written), *_answers(earlier, known)]
    checked = [_judged(claim, sources, today) for claim in said]
    taken = {skill.name for claim in said if claim.kind == "experience" for skill in claim.skills}
    for use in used:
        judged = _judged(use, sources, today)
        # What somebody used is told in every sentence: a denial or a contradiction is a claim.
        worth = judged.verdict == "conflicts" or not use.has
        if worth and use.skills[0].name not in taken:
            checked.append(judged)
            taken.add(use.skills[0].name)
    return checked


def _judged(claim: Claim, sources: Sequence[Known], today: date | None) -> Check:
    why = impossible(claim, today)
    if why:
        against = TECHNOLOGY if "released" in why else ""
        return Check(claim, "conflicts", against, why)
    supported = None
    for source in sources:
        same = agrees(claim, source, today)
        if same is None:
            continue
        found = Check(
            claim,
            "supported" if same else "conflicts",
            source.against,
            told=describe(source.claim),
            other_quote=source.quote,
            other_line_id=source.line_id,
        )
        if not same:
            return found
        supported = supported or found
    return supported or Check(claim)


def _profile(profile: str, written: Sequence[Post]) -> Iterator[Known]:
    for claim in claims(profile, terse=True):
        yield Known(claim, PROFILE, _cut(profile, claim))
    for mention in mentions(profile):
        use = Claim("use", mention.start, mention.end, (mention,))
        yield Known(use, PROFILE, _cut(profile, use))
    for post in written:
        claim = Claim(
            "employer",
            0,
            0,
            year=post.year,
            until=post.until,
            about=post.name,
            unit="now" if post.current else "",
        )
        yield Known(claim, PROFILE, post.quote)


def _answers(earlier: Sequence[Turn], known: tuple[str, ...]) -> Iterator[Known]:
    """Yield what was claimed before, the newest first."""
    for turn in reversed(earlier):
        question = turn.question
        for claim in [*claims(turn.text, question=question, known=known), *uses(turn.text)]:
            ids = turn.ids(claim.start, claim.end)
            yield Known(claim, ANSWER, turn.sentence(claim.start, claim.end), ids[0] if ids else "")
            if claim.kind == "experience":
                for mention in claim.named:
                    use = replace(claim, kind="use", named=(mention,))
                    yield Known(use, ANSWER, turn.sentence(claim.start, claim.end), ids[0])


def _cut(profile: str, claim: Claim) -> str:
    """Return the piece of the profile around a claim."""
    start = max(profile.rfind(mark, 0, claim.start) for mark in "\n;,•") + 1
    ends = [at for mark in "\n;•," if (at := profile.find(mark, claim.end)) >= 0]
    return profile[start : min(ends, default=len(profile))].strip()
