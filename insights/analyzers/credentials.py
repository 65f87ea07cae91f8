"""Finds degrees and certificates somebody says they hold."""

import re
from collections.abc import Iterator
from functools import cache

from insights.analyzers.checkable import Claim
from insights.analyzers.lexicon import load
from insights.analyzers.passages import Sentence

_HOLDS = re.compile(
    r"\b(?:i|my) (?:\w+ ){0,4}?(?:have|hold|holds|got|did|done|earned|finished|completed|passed|"
    r"graduated|was|am|studied|received|is)\b"
)
_NOT_YET = re.compile(
    r"\b(?:not|never|no|without|dropped out|almost|nearly|working on|working towards|planning|"
    r"would like|want|started|studying|going to)\b"
)
_YEAR = re.compile(r"\b(?:in|since|from|of) ((?:19|20)\d\d)\b|\b((?:19|20)\d\d)$")
_CERTIFICATE = "a certificate"


def credentials(sentence: Sentence, *, terse: bool) -> Iterator[Claim]:
    """Yield degrees and certificates, with the year where one is said."""
    norm = sentence.norm
    if not terse and not _HOLDS.search(norm):
        return
    for name, pattern in _degrees():
        match = pattern.search(norm)
        if match and not _NOT_YET.search(norm[: match.start()]):
            year = _YEAR.search(norm, match.end())
            start, end = sentence.span(match)
            if year:
                end = sentence.span(year)[1]
            yield Claim(
                "credential",
                start,
                end,
                about=match.group() if name == _CERTIFICATE else name,
                year=int(year[1] or year[2]) if year else 0,
            )


@cache
def _degrees() -> list[tuple[str, re.Pattern[str]]]:
    degrees: dict[str, str] = load("fields")["credentials"]
    return [(name, re.compile(rf"\b(?:{words})\b")) for name, words in degrees.items()]
