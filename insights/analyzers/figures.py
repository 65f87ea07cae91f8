"""Finds the numbers somebody claims: changes, percentages, sizes, money, durations."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from insights.analyzers.checkable import Claim
from insights.analyzers.lexicon import words
from insights.analyzers.passages import Sentence

_FEWEST = 3  # "two clients" is no boast worth a check
_FEWEST_UNITS = 2
_PARTING = frozenset({"i", "we", "and", "but", ","})
_SAME_FIGURE = 4  # words between two numbers of one statement
_TIME = (
    r"(?:milliseconds?|seconds?|minutes?|hours?|days?|nights?|weeks?|weekends?|months?|quarters?|"
    r"seasons?|years?)"
)
_UNIT = (
    rf"(?:{_TIME}|percent|points?|gigabytes?|terabytes?|megabytes?|dollars|euros|pounds|people|"
    r"users?|customers?|requests?|tickets?|errors?|incidents?|deployments?|releases?|calls?|"
    r"patients?|times)"
)
_PEOPLE = (
    r"engineers?|developers?|people|nurses?|agents?|reports|employees|reps|designers?|analysts?|"
    r"staff|managers?|testers?|colleagues|members"
)
_N = r"(\d+(?:\.\d+)?)"
_ABOUT = (
    r"(?:about |around |over |under |below |nearly |almost |more than |less than |roughly |only |"
    r"like )*"
)
_MOVED = (
    r"(?:cut|reduced?|improved?|increased?|decreased?|lowered|raised|grew|grown|boosted|dropped|"
    r"fell|fallen|rose|risen|saved?|sped|shortened|brought|exceeded|beat|went up|went down|"
    r"up|down)"
)
_CHANGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\bfrom {_ABOUT}\$? ?{_N} ?(?:{_UNIT})?(?: \w+){{0,3}}? (?:down |up |back )?to {_ABOUT}"
        rf"\$? ?{_N} ?(?:{_UNIT})?",
        rf"\b{_MOVED}\b(?: \w+){{0,8}}? (?:by|of|to) {_ABOUT}\$? ?{_N} ?(?:{_UNIT}|times|fold)?",
        r"\b(?:doubled|tripled|quadrupled|halved)\b(?: (?:our|the|my|their|its) \w+)?",
    )
)
_PERCENT = re.compile(rf"\b{_N} percent\b")
_MONEY = re.compile(rf"\$ {_N}|\b{_N} (?:dollars|euros|pounds)\b")
_TEAM = re.compile(
    rf"\b(?:team|group|department|squad|crew)(?: of| is| was| has| had) {_ABOUT}{_N}\b"
    rf"|\bwe (?:are|were) {_ABOUT}{_N}(?= (?:people|in the team|of us)?\b)"
)
_DURATION = re.compile(
    rf"\b{_N} (?:full |whole |more |busy )?({_TIME})\b(?! (?:old|ago|later|from))"
)
_COUNT = re.compile(rf"(?<!version )\b{_N} ((?:[a-z]\S*)(?: (?:[a-z]\S*)){{0,2}})")
_RATE = re.compile(
    rf"\b{_N} (?:or \d+ )?(?:a|per|each|every) (?:second|minute|hour|day|shift|night|week|month|"
    r"year)\b"
)
_MANY = re.compile(r"\b(?:hundreds|thousands|millions|dozens) of \w+")
_PER = re.compile(
    r"\W?(?:\w+ ){0,2}?(?:a|an|per|each|every) (second|minute|hour|day|shift|night|week|month|"
    r"quarter|year)\b"
)
_LEADS = re.compile(
    r"\b(?:lead|led|leading|manage|managed|managing|supervis\w+|my team|team of|we are|we were)\b"
)
_PRESENT = re.compile(
    r"\b(?:(?:i|we) (?:\w+ )?(?:have|are|look after|lead|manage|handle|own|cover|support|run|close|"
    r"take|make|serve|supervise|see|do)|my team (?:is|has)|"
    r"(?:ward|unit|office|department|company) (?:with|of|has|is))(?: \w+){0,5} ?$"
)
_AT = re.compile(r"\bat (?!the|that|this|my|our|an?\b|least|most|night|once|first|peak|\d)(\w{3,})")
_QUOTA = re.compile(r"\b(?:quota|target|plan)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_IS_PEOPLE = re.compile(rf"(?:{_PEOPLE})")
# What somebody would do is no claim about what they have done.
_IMAGINED = re.compile(
    r"\b(?:i|we|you|one) (?:would|will|could|should|might|may)\b(?! have)|\bif (?:i|we|you)\b"
)


def figures(sentence: Sentence) -> Iterator[Claim]:
    """Yield the numbers of a sentence; those side by side are one statement."""
    found: list[Claim] = []
    for claim in _all(sentence):
        if not any(claim.start < other.end and other.start < claim.end for other in found):
            found.append(claim)
    run: Claim | None = None
    for claim in sorted(found, key=lambda claim: claim.start):
        if run and _belong_together(sentence, run.end, claim.start):
            run = replace(run, end=claim.end)
            continue
        if run:
            yield run
        run = claim
    if run:
        yield run


def _belong_together(sentence: Sentence, end: int, start: int) -> bool:
    between = sentence.between(end, start)
    return len(between) <= _SAME_FIGURE and not set(between) & _PARTING


def _all(sentence: Sentence) -> Iterator[Claim]:
    """Yield every number as a claim, the most telling kind first."""
    norm = sentence.norm
    if _IMAGINED.search(norm):
        return
    for pattern in _CHANGES:
        for match in pattern.finditer(norm):
            yield Claim("change", *sentence.span(match))
    for match in _PERCENT.finditer(norm):
        yield _percent(sentence, match)
    for match in _MONEY.finditer(norm):
        value = float(match[1] or match[2])
        yield Claim("size", *sentence.span(match), value=value, unit="dollars")
    for match in _TEAM.finditer(norm):
        about = _whose(sentence, "team", match.start(1 if match[1] else 2))
        value = float(match[1] or match[2])
        yield Claim("size", *sentence.span(match), value=value, unit="people", about=about)
    for match in _DURATION.finditer(norm):
        if float(match[1]) >= _FEWEST_UNITS:
            yield Claim("measure", *sentence.span(match), value=float(match[1]), unit=match[2])
    for match in _COUNT.finditer(norm):
        claim = _count(sentence, match)
        if claim:
            yield claim
    for pattern in (_RATE, _MANY):
        for match in pattern.finditer(norm):
            yield Claim("size", *sentence.span(match))


def _count(sentence: Sentence, match: re.Match[str]) -> Claim | None:
    """Return the claim of a number of things: "twelve engineers", "400 calls a day"."""
    value = float(match[1])
    named = match[2].split()
    if named[0] in _small() or 1900 <= value < 2100:
        return None
    thing = next((word for word in named if _is_thing(word)), "")
    if not thing or thing in _small():
        return None
    end = match.start(2) + match[2].index(thing) + len(thing)
    per = _PER.match(sentence.norm, end)
    if value < _FEWEST and not per:
        return None
    about = f"{thing} per {per[1]}" if per else thing
    if _IS_PEOPLE.fullmatch(thing) and _LEADS.search(sentence.norm[: match.start()]):
        about = "team"
    about = _whose(sentence, about, match.start())
    start, end = sentence.text.place(match.start(), per.end() if per else end)
    return Claim("size", start, end, value=value, unit=thing, about=about)


def _is_thing(word: str) -> bool:
    return word in _things() or (word.endswith("s") and word.isalpha() and word not in _small())


def _percent(sentence: Sentence, match: re.Match[str]) -> Claim:
    year = _YEAR.search(sentence.norm)
    quota = _QUOTA.search(sentence.norm)
    about = f"{quota.group()} {year.group()}" if quota and year else ""
    start, end = sentence.span(match)
    return Claim("measure", start, end, value=float(match[1]), unit="percent", about=about)


def _whose(sentence: Sentence, about: str, at: int) -> str:
    """Return what a size counts, empty where it may change: past sizes need their employer."""
    if sentence.terse or _PRESENT.search(sentence.norm[:at]):
        return about
    place = _AT.search(sentence.norm)
    return f"{about} at {place[1]}" if place else ""


@cache
def _things() -> frozenset[str]:
    return words("counted")


@cache
def _small() -> frozenset[str]:
    """Words after a number that count nothing worth a check."""
    return words("uncounted")
