"""The sentences of a text, each with the skills it names: what claims are searched in."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from insights.analyzers.skills import Mention, mentions
from insights.analyzers.speech import once
from insights.analyzers.text import Normalised, Token, joined, sentences, tokenize

_NEAR = 7  # tokens between a number and the skill it belongs to
_BARE_LENGTH = re.compile(r"\W*(?:\w+ )?\d+\+? ?(?:years?|yrs?|months?)\W*")
_PROFILE_PARTS = re.compile(r"(?:[^,;\n•|.]|(?<!\s)\.(?!\s|$))+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; `start` and the spans of matches are offsets into the whole text."""

    start: int
    end: int
    raw: str = field(repr=False)
    text: Normalised = field(repr=False)
    mentions: Sequence[Mention]
    terse: bool = False  # of a profile, which has no verbs

    @property
    def norm(self) -> str:
        return self.text.norm

    @property
    def tokens(self) -> Sequence[Token]:
        return self.text.tokens

    def span(self, match: re.Match[str]) -> tuple[int, int]:
        return self.text.span(match)

    def beside(
        self, match: re.Match[str], *, before: bool = True, after: bool = True
    ) -> tuple[Mention, ...]:
        """Return the list of skills ("Go and Rust") nearest to a match, nearest side first."""
        start, end = self.span(match)
        left = [m for m in self.mentions if m.end <= start] if before else []
        right = [m for m in self.mentions if m.start >= end] if after else []
        gap_left = self._tokens_between(left[-1].end, start) if left else _NEAR + 1
        gap_right = self._tokens_between(end, right[0].start) if right else _NEAR + 1
        if min(gap_left, gap_right) > _NEAR:
            return ()
        run = left[::-1] if gap_left <= gap_right else right
        chain = [run[0]]
        for mention in run[1:]:
            a, b = sorted((chain[-1], mention), key=lambda m: m.start)
            between = [t.norm for t in self.tokens if a.end <= t.start < b.start]
            if any(word not in ("and", "or", "plus") for word in between):
                break
            chain.append(mention)
        return tuple(sorted(chain, key=lambda m: m.start))

    def cover(self, match: re.Match[str], named: Sequence[Mention]) -> tuple[int, int]:
        """Return the span of a match together with the skills it is about."""
        start, end = self.span(match)
        return min([start, *(m.start for m in named)]), max([end, *(m.end for m in named)])

    def between(self, start: int, end: int) -> list[str]:
        """Return the words between two places, and "," where there is one."""
        words = [token.norm for token in self.tokens if start <= token.start < end]
        return [*words, *(self.raw[start - self.start : end - self.start].count(",") * [","])]

    def _tokens_between(self, start: int, end: int) -> int:
        return sum(start <= token.start < end for token in self.tokens)


@once
def passages(text: str, *, terse: bool = False) -> list[Sentence]:
    """Return the sentences of a text; `terse` cuts a profile at commas and line ends as well."""
    tokens = tokenize(text)
    named = mentions(text)
    parts = _profile_parts(text) if terse else sentences(text)
    places = [token.start for token in tokens]
    named_places = [mention.start for mention in named]
    found = []
    for start, end in parts:
        own = tokens[bisect_left(places, start) : bisect_left(places, end)]
        inside = named[bisect_left(named_places, start) : bisect_left(named_places, end)]
        if own:
            found.append(Sentence(start, end, text[start:end], joined(own), inside, terse))
    return found


def _profile_parts(text: str) -> list[tuple[int, int]]:
    """Return the items of a profile; "Registered nurse, 9 years" is one."""
    parts: list[tuple[int, int]] = []
    for match in _PROFILE_PARTS.finditer(text):
        start, end = match.span()
        if parts and text[start - 1] == "," and _BARE_LENGTH.fullmatch(match.group()):
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return parts
