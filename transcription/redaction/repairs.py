"""An utterance without its fillers and without what the speaker took back.

"born on the twenty third, i mean nineteenth of may" is one date only when the first try is left
out. What is found in such a reading is carried back to the utterance as it was said: the words
that were left out inside a find, or right before it, are part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .spans import Span
from .spoken import FILLERS, NUMBER_WORDS
from .tokens import Token

_ASIDES = (("you", "know"), ("let", "me", "see"), ("let", "me", "think"))
_CORRECTIONS = (
    ("no", "wait"), ("wait", "no"), ("no", "sorry"), ("sorry", "no"), ("no", "no"), ("i", "mean"),
    ("scratch", "that"), ("strike", "that"), ("make", "that"), ("or", "rather"), ("correction",),
    ("sorry",), ("actually",), ("wait",), ("no",),
)  # fmt: skip
_STARTS = frozenset(phrase[0] for phrase in (*_ASIDES, *_CORRECTIONS)) | FILLERS
_ORDINAL = re.compile(
    r"first|second|third|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|\w+teen|\w+tie)th"
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_REACH = 10  # tokens back to where a speaker begins again
_MOST = 4  # tokens of a number that is said anew


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the text that is left, and where each of its pieces stood."""

    text: str = field(repr=False)
    _starts: tuple[int, ...]  # of the pieces, in this text
    _places: tuple[int, ...]  # of the pieces, in the utterance
    _taken: tuple[tuple[int, int], ...]  # what was taken back, in the utterance

    def _place(self, at: int) -> int:
        piece = bisect_right(self._starts, at) - 1
        return self._places[piece] + at - self._starts[piece]

    def carried(self, spans: Iterable[Span]) -> list[Span]:
        """Return finds in this reading as places in the utterance."""
        found = []
        for span in spans:
            start, end = self._place(span.start), self._place(span.end - 1) + 1
            for first, last in self._taken:
                if last == start:
                    start = first
            found.append(replace(span, start=start, end=end))
        return found


def reading(text: str, tokens: list[Token]) -> Reading | None:
    """Return what is left of an utterance, None where nothing was taken back."""
    if not any(token.low in _STARTS for token in tokens):
        return None
    cuts: list[tuple[int, int, bool]] = []  # token ranges, and whether a value was taken back
    index = 0
    while index < len(tokens):
        if tokens[index].low not in _STARTS:
            index += 1
        elif step := _filler(tokens, index):
            cuts.append((index, index + step, False))
            index += step
        elif step := _phrase(tokens, index, _CORRECTIONS):
            right = _onwards(tokens, index + step)
            first = _taken_back(tokens, index, right) if right < len(tokens) else None
            if first is not None:
                while cuts and cuts[-1][0] >= first:
                    cuts.pop()
                cuts.append((first, right, True))
            index = max(right, index + step)
        else:
            index += 1
    return _cut(text, tokens, cuts) if cuts else None


def _cut(text: str, tokens: list[Token], cuts: list[tuple[int, int, bool]]) -> Reading:
    pieces: list[str] = []
    starts, places = [], []
    taken = []
    size = position = 0
    for first, last, back in cuts:
        begin = tokens[first].start
        end = tokens[last].start if last < len(tokens) else len(text)
        if begin > position:
            pieces.append(text[position:begin])
            starts.append(size)
            places.append(position)
            size += begin - position
        position = max(position, end)
        if back:
            taken.append((begin, end))
    pieces.append(text[position:])
    starts.append(size)
    places.append(position)
    return Reading("".join(pieces), tuple(starts), tuple(places), tuple(taken))


def _phrase(tokens: list[Token], index: int, phrases: tuple[tuple[str, ...], ...]) -> int:
    if tokens[index].low not in _STARTS:
        return 0
    for phrase in phrases:
        if phrase[0] != tokens[index].low:
            continue
        if tuple(t.low for t in tokens[index : index + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def _filler(tokens: list[Token], index: int) -> int:
    step = 1 if tokens[index].low in FILLERS else _phrase(tokens, index, _ASIDES)
    if step and index + step < len(tokens) and tokens[index + step].low == ",":
        step += 1
    return step


def _onwards(tokens: list[Token], index: int) -> int:
    """Return the next token that says something."""
    while index < len(tokens) and (tokens[index].low in ",.-–…" or tokens[index].low in FILLERS):
        index += 1
    return index


def _taken_back(tokens: list[Token], sign: int, right: int) -> int | None:
    """Return the first token of what a correction at `sign` takes back; what follows is right."""
    end = sign
    while end and tokens[end - 1].low in ",.-–…":
        end -= 1
    if not end:
        return None
    again = tokens[right].low
    lowest = max(0, end - _REACH)
    same = [k for k in range(lowest, end) if tokens[k].low == again]
    after = tokens[right + 1].low if right + 1 < len(tokens) else ""
    for k in same:
        if k + 1 < end and tokens[k + 1].low == after:
            return k
    if same:
        return same[-1]
    if _is_quantity(tokens[right]):
        first = end
        while first and end - first < _MOST and _is_quantity(tokens[first - 1]):
            first -= 1
        return first if first < end else None
    return end - 1 if tokens[end - 1].is_word and len(tokens[end - 1].low) > 2 else None


def _is_quantity(token: Token) -> bool:
    low = token.low
    return (
        token.is_number
        or low in NUMBER_WORDS
        or low in _MONTHS
        or low in ("st", "nd", "rd", "th")
        or _ORDINAL.fullmatch(low) is not None
    )
