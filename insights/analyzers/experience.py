"""Finds lengths of time and dates of somebody's own experience: "8 years of Go", "since 2019"."""

import re
from collections.abc import Iterator
from functools import cache

from insights.analyzers.checkable import Claim
from insights.analyzers.lexicon import load, words
from insights.analyzers.passages import Sentence
from insights.analyzers.skills import mentions
from insights.analyzers.text import normalised

_N = r"(\d+(?:\.\d+)?)"
_EXPERIENCE = re.compile(
    rf"\b{_N} (?:or \d+ |plus |and a half |full |good |solid )?(years?|months?)\b"
    r"(?! (?:old|ago|later|from now|apart|olds|contract|warranty|plan|roadmap|retention|period|"
    r"project|lease|degree|program|course|bachelor|master|behind|ahead|in a row|before|after))"
)
_AGO = re.compile(rf"\b{_N} (years?) ago\b")
_YEAR = r"((?:19|20)\d\d)"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"spring|summer|autumn|fall|winter)"
)
_PART_OF_YEAR = rf"(?:early|late|mid|about|around|the (?:end|beginning|start) of|{_MONTH})"
_SINCE = re.compile(rf"\b(since|in|from|back in|by|during) (?:{_PART_OF_YEAR} )?{_YEAR}\b")
_SINCE_MONTH = re.compile(rf"\bsince (?:last )?{_MONTH}\b(?! (?:19|20)\d\d)")
_USED = re.compile(
    r"\b(?:use|used|using|ran|run|running|work|worked|working|deploy|deployed|wrote|written|built|"
    r"adopted|introduced|moved|migrated|started|learned|learnt|began|switched|was|were|been|did|"
    r"had|have|launched)\b"
)
# Without a skill a date is a claim only where somebody says what happened then.
_TOLD_OF = re.compile(r"\b(?:i|we|my|our|us|me|he|she|they|was|were|since|\w\w+ed)\b")
_IMAGINED = re.compile(r"\b(?:i|we|you) (?:would|will|could|might)\b(?! have)|\bif (?:i|we|you)\b")
_TOLD = re.compile(
    r"\b(?:have been|has been|been|worked|working|i was|as an?|i have|spent|i did)\b"
)
_PART = re.compile(
    r"\b(?:there|(?:at|in|with|for|on) (?:my|that|the|this|our) (?:\w+ )?(?:company|job|role|"
    r"team|project|"
    r"employer|startup|place|position|hospital|ward|unit|firm|shop))\b"
)
_HOW_LONG = re.compile(
    r"\bhow (?:long|many years)\b(?=.*\b(?:you|your)\b)(?! (?:did (?:it|that|this)|does|was|is|"
    r"would|will))"
)
_BARE = re.compile(
    rf"(?:\S+ ){{0,4}}?{_N} (?:or \d+ |and a half |full |good )?(years?|months?)\b(?! ago)"
)
_ABOUT_SKILL_AFTER = words("experience_of")
_BEFORE_SKILL = ("for", "of", "over", "about", "almost", "nearly", "around", "with")
_LONGEST_YEARS = 70
_FIELD_REACH = 8  # words


def experience(sentence: Sentence, *, terse: bool) -> Iterator[Claim]:
    """Yield lengths of time: "3 years of AWS", "a nurse for eight years"."""
    for match in _EXPERIENCE.finditer(sentence.norm):
        claim = _length(sentence, match, terse=terse)
        if claim:
            yield claim


def dates(sentence: Sentence, *, terse: bool) -> Iterator[Claim]:
    """Yield dated uses of a skill: "since 2019", "in 2012", "ten years ago"; and own dates."""
    norm = sentence.norm
    if not terse and (_IMAGINED.search(norm) or not (_TOLD_OF.search(norm) or _USED.search(norm))):
        return
    for match in _SINCE.finditer(norm):
        named = sentence.beside(match)
        about = "" if named else _field(norm[: match.start()].split(), [])
        unit = "since" if match[1] in ("since", "from") else "in"
        span = sentence.cover(match, named)
        yield Claim("since", *span, named, year=int(match[2]), unit=unit, about=about)
    for match in _SINCE_MONTH.finditer(norm):
        named = sentence.beside(match)
        yield Claim("since", *sentence.cover(match, named), named, unit="since")
    for match in _AGO.finditer(norm):
        named = sentence.beside(match)
        if named:
            start, end = sentence.cover(match, named)
            yield Claim("since", start, end, named, years=float(match[1]), unit="ago")


def asked_length(sentence: Sentence, question: str) -> Iterator[Claim]:
    """Yield the length of time that answers "How long have you been writing Terraform?"."""
    asked = _HOW_LONG.search(normalised(question).norm)
    match = _BARE.match(sentence.norm)
    if not asked or not match:
        return
    own = sentence.beside(match)
    named = own or tuple(mentions(question))
    about = "" if named else _field([], normalised(question).norm[asked.end() :].split())
    years = float(match[1]) / (12 if match[2].startswith("month") else 1)
    start, end = sentence.cover(match, own)
    if 0 < years < _LONGEST_YEARS:
        yield Claim("experience", start, end, named, years=years, unit="years", about=about)


def _length(sentence: Sentence, match: re.Match[str], *, terse: bool) -> Claim | None:
    value = float(match[1])
    years = value / 12 if match[2].startswith("month") else value
    if not 0 < years < _LONGEST_YEARS:
        return None
    following = sentence.norm[match.end() :].split()
    before = sentence.norm[: match.start()].split()
    named = sentence.beside(match) if terse else ()
    if not named and before[-1:] and before[-1] in _BEFORE_SKILL:
        named = sentence.beside(match, after=False)
    if not named and set(following[:3]) & _ABOUT_SKILL_AFTER:
        named = sentence.beside(match, before=False)
    told = "experience" in following[:3] or _TOLD.search(sentence.norm)
    if not named and not told and not terse:
        return None
    start, end = sentence.cover(match, named)
    return Claim(
        "experience",
        start,
        end,
        named,
        years=years,
        unit="years",
        about="" if named else _field(before, following),
        partial=bool(_PART.search(sentence.norm)),
    )


def _field(before: list[str], following: list[str]) -> str:
    """Return the field of work a length of time is about, with what narrows it: "icu nursing"."""
    for said in (following[:_FIELD_REACH], before[-_FIELD_REACH:]):
        for n, word in enumerate(said):
            if word in _fields():
                narrow = said[n - 1 : n] if said[n - 1] not in _plain() and n else []
                return " ".join([*narrow, _fields()[word]])
    return ""


@cache
def _fields() -> dict[str, str]:
    fields: dict[str, str] = load("fields")["fields"]
    return {word: name for name, text in fields.items() for word in text.split()}


@cache
def _plain() -> frozenset[str]:
    text: str = load("fields")["plain"]
    return frozenset(text.split())
