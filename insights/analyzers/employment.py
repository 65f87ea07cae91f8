"""Finds where somebody says they work or worked, and when; reads the same off a profile."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from insights.analyzers.checkable import Claim
from insights.analyzers.passages import Sentence, passages
from insights.analyzers.skills import mentions
from insights.analyzers.speech import once
from insights.analyzers.text import norms

_NAME = r"([A-Z][\w&'’-]+(?: (?:of |the |and |& )?[A-Z][\w&'’-]+){0,3}|\[[A-Z_]+-\d+\])"
_AT = re.compile(rf"\b(?:[Aa]t|[Ff]or|[Jj]oined|[Ll]eft|[Ww]ith)\s+(?:the )?{_NAME}")
_PROFILE_AT = re.compile(
    r"(?:\b(?:[Aa]t|[Ww]ith|[Ff]or)|(?:[Ee]mployer|[Cc]ompany|[Ww]orks|"
    rf"[Ee]mployed)\b[^A-Z\n]*?)[:,]*\s+{_NAME}"
)
_PROFILE_DATED = re.compile(
    rf"(?:^|[,;(]\s*){_NAME}(?: [a-z]+){{0,2}},? \(?(?:since |from )?(?:19|20)\d\d"
)
_PARTS = re.compile(r"(?:[^\n;•|.]|(?<!\s)\.(?!\s|$))+")
_YEAR = r"((?:19|20)\d\d)"
_RANGE = re.compile(
    rf"\b{_YEAR}\s*(?:-|–|—|to|until|till)\s*(?:{_YEAR}|(present|now|today|current))"
)
_OPEN = re.compile(rf"\b[Ss]ince {_YEAR}")
_NOW = re.compile(r"\b(?:current(?:ly)?|present|now|today)\b", re.IGNORECASE)
_WORKS = re.compile(
    r"\b(?:i (?:am |have |had |was |still |currently |now |only |first |then |also )*"
    r"(?:work|worked|working|been|joined|left|started|spent|employed|stayed|a|an|at|with|moved)|"
    r"my (?:time|years|job|role) |since |at )\b"
)
_IS_AT = re.compile(
    r"\bi (?:am |do |still |currently |now |also )*(?:work|working|am|answer|run|lead|manage|sell|"
    r"build|teach|support|write|own|head|look after|care for)\b"
)
_JOINED = re.compile(r"\b(?:when|before|after|since) i (?:joined|left|started)\b")
_SAID_RANGE = re.compile(rf"\b(?:from |between )?{_YEAR} (?:to|until|till|and|through) {_YEAR}\b")
_SAID_SINCE = re.compile(rf"\bsince (?:early |late |mid )?{_YEAR}\b")
_SAID_JOINED = re.compile(
    rf"\b(?:joined|started)\b(?: \S+){{0,6}}? (?:in|back in) (?:early |late |mid )?{_YEAR}\b"
)
_SAID_LEFT = re.compile(
    rf"\b(?:left|until|till)\b(?: \S+){{0,6}}? (?:in |back in )?(?:early |late |mid )?{_YEAR}\b"
)
_SAID_FOR = re.compile(
    r"\b(?:for|spent|been there|over) (?:about |almost |nearly |over )?(\d+(?:\.\d+)?) (years?|"
    r"months?)\b"
)


@dataclass(frozen=True, slots=True)
class Post:
    """A place of work in a profile; years are 0 where the profile says none."""

    name: str = field(repr=False)
    year: int
    until: int
    current: bool
    quote: str = field(repr=False)


@once
def posts(profile: str) -> list[Post]:
    """Return the places of work that a profile names."""
    found: list[Post] = []
    for part in _PARTS.finditer(profile):
        text = part.group().strip()
        names = [m for p in (_PROFILE_AT, _PROFILE_DATED) for m in p.finditer(text)]
        places = {match[1]: match for match in names if not mentions(match[1])}
        found.extend(_post(text, match) for match in places.values())
    return found


def _post(text: str, match: re.Match[str]) -> Post:
    ranges = sorted(_RANGE.finditer(text), key=lambda r: abs(r.start() - match.end()))
    if ranges:
        until = int(ranges[0][2] or 0)
        return Post(match[1], int(ranges[0][1]), until, not until, text)
    since = _OPEN.search(text, match.end()) or _OPEN.search(text)
    current = bool(since) or bool(_NOW.search(text))
    return Post(match[1], int(since[1]) if since else 0, 0, current, text)


@once
def employers(text: str, known: tuple[str, ...] = ()) -> list[Claim]:
    """Return what is said about places of work: dated, or as the present one.

    `known` are names that a profile holds; they are also recognised in lower-case speech.
    """
    found: list[Claim] = []
    last = ""
    for sentence in passages(text):
        named = _named(text, sentence, known)
        last = named or last
        there = last and not named and re.search(r"\bthere\b", sentence.norm)
        if (named or there) and _WORKS.search(sentence.norm):
            found.extend(_claims(sentence, last, named=bool(named)))
    return found


def _named(text: str, sentence: Sentence, known: Sequence[str]) -> str:
    skills = {(m.start, m.end) for m in sentence.mentions}
    for match in _AT.finditer(text, sentence.start, sentence.end):
        if not any(start <= match.start(1) < end for start, end in skills):
            return match[1]
    for name in known:
        first = norms(name)[:1]
        if first and len(first[0]) > 4 and re.search(rf"\b{re.escape(first[0])}\b", sentence.norm):
            return name
    return ""


def _claims(sentence: Sentence, name: str, *, named: bool) -> Iterator[Claim]:
    norm = sentence.norm
    said_range = _SAID_RANGE.search(norm)
    if said_range:
        begun, ended = int(said_range[1]), int(said_range[2])
        yield _at(
            sentence, said_range, Claim("employer", 0, 0, about=name, year=begun, until=ended)
        )
        return
    dated = False
    for pattern, unit in ((_SAID_SINCE, "since"), (_SAID_JOINED, "in")):
        since = pattern.search(norm)
        if since and not dated:
            dated = True
            claim = Claim("employer", 0, 0, about=name, year=int(since[1]), unit=unit)
            yield _at(sentence, since, claim)
    left = _SAID_LEFT.search(norm)
    if left:
        dated = True
        yield _at(sentence, left, Claim("employer", 0, 0, about=name, until=int(left[1])))
    length = _SAID_FOR.search(norm)
    if length and not dated and not sentence.mentions:
        years = float(length[1]) / (12 if length[2].startswith("month") else 1)
        yield _at(sentence, length, Claim("employer", 0, 0, about=name, years=years))
        return
    present = _IS_AT.search(norm) or _JOINED.search(norm)
    if present and named and not dated:
        unit = "" if present.re is _JOINED else "now"
        yield _at(sentence, present, Claim("employer", 0, 0, about=name, unit=unit))


def _at(sentence: Sentence, match: re.Match[str], claim: Claim) -> Claim:
    start, end = sentence.span(match)
    return replace(claim, start=start, end=end)
