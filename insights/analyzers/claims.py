"""Finds claims that can be checked: years of experience, dates, changes and sizes."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from insights.analyzers.lexicon import words
from insights.analyzers.skills import Mention, Skill, mentions
from insights.analyzers.text import (
    Normalised,
    Token,
    join_names,
    normalised,
    number,
    sentences,
    tokenize,
)

# A person may have used a beta, and a launch in December is not a whole year.
TOLERANCE_YEARS = 1
_NEAR = 7
_UNIT = (
    r"(?:milliseconds?|microseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|percent|"
    r"gigabytes?|terabytes?|megabytes?|dollars|euros|pounds|points?|people|users?|customers?|"
    r"requests?|tickets?|errors?|incidents?|deployments?|releases?|calls?|patients?|times)"
)
_THING = (
    r"(?:users?|customers?|clients?|requests?|transactions?|events?|messages?|records?|rows?|"
    r"engineers?|developers?|people|nurses?|patients?|beds?|agents?|reports|direct reports|"
    r"employees|teams|tickets?|calls?|deals?|accounts?|servers?|services|microservices|nodes?|"
    r"clusters?|stores?|countries|products?|dollars|euros|pounds|queries|orders?|images|devices|"
    r"terabytes|gigabytes|petabytes|downloads|subscribers|projects|hires)"
)
_N = r"(\d+(?:\.\d+)?)"
_ABOUT = r"(?:about |around |over |under |below |nearly |almost |more than |less than )?"
_VERB = (
    r"(?:cut|reduced?|improved?|increased?|decreased?|lowered|raised|grew|grown|boosted|dropped|"
    r"fell|rose|saved?|sped|shortened|brought|exceeded|beat|doubled|tripled|halved)"
)
_EXPERIENCE = re.compile(
    rf"\b{_N} (?:or \d+ |plus |and a half |full |good |solid )?(years?|months?)\b"
    r"(?! (?:old|ago|later|from now|apart|olds|contract|warranty|plan|roadmap|retention|period|"
    r"project|lease|degree))"
)
_AGO = re.compile(rf"\b{_N} (years?) ago\b")
_SINCE = re.compile(
    r"\b(since|in|from|back in|by|during) (?:early |late |mid |about |around )?((?:19|20)\d\d)\b"
)
_FROM_TO = re.compile(
    rf"\bfrom {_ABOUT}\$? ?{_N} ?({_UNIT})?(?: \w+){{0,3}}? (?:down |up )?to {_ABOUT}"
    rf"\$? ?{_N} ?({_UNIT})?"
)
_BY = re.compile(rf"\b{_VERB}\b(?: \w+){{0,8}}? (?:by|of) {_ABOUT}\$? ?{_N} ?({_UNIT}|times|fold)?")
_PERCENT = re.compile(rf"\b{_N} percent\b")
_SIZE = re.compile(rf"(\$ )?\b{_N} (?:\w+ )?({_THING})\b")
_MONEY = re.compile(rf"\$ {_N}")
_TEAM = re.compile(
    rf"\b(?:team|group|staff|department|ward|unit|squad) of (?:about |around |over )?{_N}\b"
)
_MULTIPLE = re.compile(
    r"\b(?:doubled|tripled|quadrupled|halved)\b(?: (?:our|the|my|their|its) \w+)?"
)
_USED = re.compile(
    r"\b(?:use|used|using|ran|run|running|work|worked|working|deploy|deployed|wrote|written|built|"
    r"adopted|introduced|moved|migrated|started|learned|learnt|began|switched|was|were|been|did|"
    r"had|have|launched)\b"
)
_ABOUT_SKILL_AFTER = words("experience_of")


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement at character offsets; `years` counts back from today."""

    kind: str  # experience | since | change | measure | size
    start: int
    end: int
    skills: tuple[Skill, ...] = ()
    years: float = 0.0
    year: int = 0
    value: float = 0.0
    unit: str = ""

    @property
    def subject(self) -> str:
        return join_names([skill.name for skill in self.skills])


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: Normalised
    mentions: Sequence[Mention]

    @property
    def norm(self) -> str:
        return self.text.norm

    @property
    def tokens(self) -> Sequence[Token]:
        return self.text.tokens

    def span(self, match: re.Match[str]) -> tuple[int, int]:
        return self.text.span(match)


def claims(text: str, *, terse: bool = False) -> list[Claim]:
    """Return the checkable claims of a text in order, each place once.

    `terse` reads a profile, where "AWS (5 years), Terraform since 2019" needs no verb.
    """
    tokens = tokenize(text)
    named = mentions(text, tokens)
    found: list[Claim] = []
    parts = _parts(text) if terse else sentences(text)
    for sentence in _sentences(parts, tokens, named):
        for claim in _in_sentence(sentence, terse=terse):
            if not any(claim.start < other.end and other.start < claim.end for other in found):
                found.append(claim)
    return sorted(found, key=lambda claim: claim.start)


def impossible(claim: Claim, today: date | None) -> str:
    """Return why a claim contradicts the release years of the gazetteer, empty if it does not.

    A length of time needs `today`; a year does not.
    """
    begun = claim.year or (today.year - claim.years if today and claim.years else 0)
    for skill in claim.skills:
        if skill.year and begun and begun + TOLERANCE_YEARS < skill.year:
            released = f"{skill.name} was first released in {skill.year}"
            return f"{released}, {today.year - skill.year} years ago." if today else f"{released}."
    return ""


def experience_years(
    text: str, today: date, *, terse: bool = False
) -> dict[str, tuple[float, Claim]]:
    """Return the years of use that a text claims per skill (the first claim of each)."""
    years: dict[str, tuple[float, Claim]] = {}
    for claim in claims(text, terse=terse):
        length = claim.years or (today.year - claim.year if claim.year else 0)
        if claim.kind == "experience" or (claim.kind == "since" and claim.unit == "since"):
            for skill in claim.skills:
                years.setdefault(skill.name, (length, claim))
    return years


def _parts(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^,;\n•|]+", text)]


def _sentences(
    parts: Sequence[tuple[int, int]], tokens: Sequence[Token], named: Sequence[Mention]
) -> Iterator[_Sentence]:
    places = [token.start for token in tokens]
    named_places = [mention.start for mention in named]
    for start, end in parts:
        own = tokens[bisect_left(places, start) : bisect_left(places, end)]
        inside = named[bisect_left(named_places, start) : bisect_left(named_places, end)]
        if own:
            yield _Sentence(normalised("", own), inside)


def _in_sentence(sentence: _Sentence, *, terse: bool) -> Iterator[Claim]:
    norm = sentence.norm
    yield from _since(sentence, terse=terse)
    for match in _EXPERIENCE.finditer(norm):
        claim = _experience(sentence, match, terse=terse)
        if claim:
            yield claim
    for match in _FROM_TO.finditer(norm):
        if match[2] or match[4]:
            yield Claim(
                "change", *sentence.span(match), value=float(match[3]), unit=match[4] or match[2]
            )
    for kind, pattern in (("change", _BY), ("change", _MULTIPLE), ("measure", _PERCENT)):
        for match in pattern.finditer(norm):
            yield Claim(kind, *sentence.span(match))
    for match in _TEAM.finditer(norm):
        yield Claim("size", *sentence.span(match), value=float(match[1]), unit="people")
    for match in _SIZE.finditer(norm):
        # "Two engineers" is no boast worth a check, "two hundred" is.
        if float(match[2]) >= 5:
            yield Claim("size", *sentence.span(match), value=float(match[2]), unit=match[3])
    for match in _MONEY.finditer(norm):
        yield Claim("size", *sentence.span(match), value=float(match[1]), unit="dollars")


def _since(sentence: _Sentence, *, terse: bool) -> Iterator[Claim]:
    """Yield dated uses of a skill: "since 2019", "in 2012", "ten years ago"."""
    if not sentence.mentions or not (terse or _USED.search(sentence.norm)):
        return
    for match in _SINCE.finditer(sentence.norm):
        skills = _beside(sentence, match)
        if skills:
            start, end = _cover(sentence, match, skills)
            unit = "since" if match[1] in ("since", "from") else "in"
            yield Claim("since", start, end, _plain(skills), year=int(match[2]), unit=unit)
    for match in _AGO.finditer(sentence.norm):
        skills = _beside(sentence, match)
        if skills:
            start, end = _cover(sentence, match, skills)
            yield Claim("since", start, end, _plain(skills), years=float(match[1]), unit="ago")


def _experience(sentence: _Sentence, match: re.Match[str], *, terse: bool) -> Claim | None:
    value = float(match[1])
    years = value / 12 if match[2].startswith("month") else value
    if not 0 < years < 70:
        return None
    following = sentence.norm[match.end() :].split()
    before = sentence.norm[: match.start()].split()
    skills = _beside(sentence, match) if terse else ()
    if before and before[-1] in ("for", "over", "about", "almost", "nearly", "around", "with"):
        skills = _beside(sentence, match, after=False)
    if not skills and set(following[:3]) & _ABOUT_SKILL_AFTER:
        skills = _beside(sentence, match, before=False)
    told = "experience" in following[:3] or re.search(
        r"\b(?:have been|has been|been|worked|working|i was|as an?)\b", sentence.norm
    )
    if not skills and not told:
        return None
    start, end = _cover(sentence, match, skills)
    return Claim("experience", start, end, _plain(skills), years=years, unit="years")


def _beside(
    sentence: _Sentence, match: re.Match[str], *, before: bool = True, after: bool = True
) -> tuple[Mention, ...]:
    """Return the list of skills ("Go and Rust") nearest to a match, nearest side first."""
    start, end = sentence.span(match)
    left = [m for m in sentence.mentions if m.end <= start] if before else []
    right = [m for m in sentence.mentions if m.start >= end] if after else []
    gap_left = _tokens_between(sentence, left[-1].end, start) if left else _NEAR + 1
    gap_right = _tokens_between(sentence, end, right[0].start) if right else _NEAR + 1
    if min(gap_left, gap_right) > _NEAR:
        return ()
    run = left[::-1] if gap_left <= gap_right else right
    chain = [run[0]]
    for mention in run[1:]:
        a, b = sorted((chain[-1], mention), key=lambda m: m.start)
        between = [t.norm for t in sentence.tokens if a.end <= t.start < b.start]
        if any(word not in ("and", "or", "plus") for word in between):
            break
        chain.append(mention)
    return tuple(sorted(chain, key=lambda m: m.start))


def _tokens_between(sentence: _Sentence, start: int, end: int) -> int:
    return sum(start <= token.start < end for token in sentence.tokens)


def _cover(sentence: _Sentence, match: re.Match[str], skills: Sequence[Mention]) -> tuple[int, int]:
    start, end = sentence.span(match)
    return min([start, *(m.start for m in skills)]), max([end, *(m.end for m in skills)])


def _plain(skills: Sequence[Mention]) -> tuple[Skill, ...]:
    return tuple(dict.fromkeys(mention.skill for mention in skills))


def describe(claim: Claim) -> str:
    """Return a claim in a few words: "3 years of AWS", "Kubernetes since 2012"."""
    if claim.kind == "experience":
        length = (
            f"{number(claim.years)} {'year' if claim.years == 1 else 'years'}"
            if claim.years >= 1
            else f"{number(round(claim.years * 12))} months"
        )
        return f"{length} of {claim.subject}" if claim.skills else f"{length} of experience"
    if claim.kind == "since":
        when = (
            f"{number(claim.years)} years ago"
            if claim.unit == "ago"
            else f"{claim.unit} {claim.year}"
        )
        return f"{claim.subject} {when}"
    return "a measured result" if claim.kind == "change" else "a number"
