"""Finds a quote in the transcript; what is not found there is no evidence and is dropped."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from insights.analyzers.base import CANDIDATE, Finding, Line
from insights.analyzers.skills import names
from insights.analyzers.text import Token, tokenize

FLOOR = 90.0  # partial-ratio below which two wordings are no longer the same statement
_MIN_WORDS = 2
_MIN_CHARACTERS = 6
_MIN_FUZZY_WORDS = 4
_SAME_WORD = 75.0
_MAX_STRANGE_WORDS = 0.15
_NEGATIONS = frozenset({"not", "never", "no", "none", "nobody", "nothing", "without", "cannot"})
_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…|\[\.\.\.\])\s*")


@dataclass(frozen=True, slots=True)
class _Piece:
    token: Token
    line: int


def locate(quote: str, lines: Sequence[Line]) -> tuple[tuple[str, ...], str] | None:
    """Return (line ids, the transcript's own wording) of a quote, or None.

    Exact first (case, punctuation, spacing, number words and contractions do not count), then a
    fuzzy alignment that must agree in every number, negation and skill. A quote may run over
    consecutive lines of one role. The newest occurrence wins.
    """
    parts = [part for part in _ELLIPSIS.split(quote) if part.strip()]
    if len(parts) > 1:
        found = [locate(part, lines) for part in parts]
        return max(found, key=lambda f: len(f[1]) if f else 0) if all(found) else None
    wanted = [token.norm for token in tokenize(quote)]
    if not _long_enough(wanted):
        return None
    roles = sorted({line.role for line in lines}, key=lambda role: role != CANDIDATE)
    for search in (_exact, _fuzzy):
        for role in roles:
            own = [line for line in lines if line.role == role]
            pieces = [
                _Piece(token, n) for n, line in enumerate(own) for token in tokenize(line.text)
            ]
            span = search(wanted, pieces)
            if span:
                return _wording(pieces[span[0] : span[1]], own)
    return None


def checked(findings: Iterable[Finding], lines: Sequence[Line]) -> tuple[list[Finding], int]:
    """Return the findings whose quote stands in the lines, exactly worded, and how many do not."""
    kept, dropped = [], 0
    for finding in findings:
        grounded = ground(finding, lines)
        if grounded is None:
            dropped += 1
        else:
            kept.append(grounded)
    return kept, dropped


def ground(finding: Finding, lines: Sequence[Line]) -> Finding | None:
    """Return the finding with the transcript's own wording and line ids, or None."""
    named = [line for line in lines if line.id in finding.line_ids]
    found = _verbatim(finding.quote, named) or locate(finding.quote, named)
    found = found or locate(finding.quote, lines)
    if found is None:
        return None
    return replace(finding, line_ids=found[0], quote=found[1])


def _verbatim(quote: str, lines: Sequence[Line]) -> tuple[tuple[str, ...], str] | None:
    """Find a quote that was cut out of one of the lines; what rules quote, at no cost."""
    if not _long_enough(quote.split()):
        return None
    return next((((line.id,), quote) for line in lines if quote in line.text), None)


def _long_enough(wanted: Sequence[str]) -> bool:
    # A Hangul, kana or Han character says about as much as two letters.
    weight = sum(2 if ord(character) > 0x2E80 else 1 for word in wanted for character in word)
    return len(wanted) >= _MIN_WORDS and weight >= _MIN_CHARACTERS


def _exact(wanted: Sequence[str], pieces: Sequence[_Piece]) -> tuple[int, int] | None:
    """Search without spaces, so that "e c two" is "EC2"; a hit covers whole tokens."""
    text, starts, ends = "", {}, {}
    for n, piece in enumerate(pieces):
        starts[len(text)] = n
        text += piece.token.norm
        ends[len(text)] = n + 1
    needle = "".join(wanted)
    at = text.rfind(needle)
    while at >= 0:
        if at in starts and at + len(needle) in ends:
            return starts[at], ends[at + len(needle)]
        at = text.rfind(needle, 0, at + len(needle) - 1)
    return None


def _fuzzy(wanted: Sequence[str], pieces: Sequence[_Piece]) -> tuple[int, int] | None:
    if len(wanted) < _MIN_FUZZY_WORDS or len(wanted) > len(pieces) + 2:
        return None
    text, offsets = "", []
    for piece in pieces:
        offsets.append(len(text))
        text += piece.token.norm + " "
    aligned = fuzz.partial_ratio_alignment(" ".join(wanted), text, score_cutoff=FLOOR)
    if aligned is None:
        return None
    inside = [
        n
        for n, offset in enumerate(offsets)
        if offset + len(pieces[n].token.norm) / 2 >= aligned.dest_start
        and offset + len(pieces[n].token.norm) / 2 <= aligned.dest_end
    ]
    if not inside:
        return None
    start, end = inside[0], inside[-1] + 1
    return (start, end) if _agree(wanted, [p.token.norm for p in pieces[start:end]]) else None


def _agree(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """Tell whether two near-equal wordings agree in numbers, negations, skills and words."""

    def facts(words: Sequence[str]) -> list[str]:
        return sorted(w for w in words if w in _NEGATIONS or any(c.isdigit() for c in w))

    if facts(wanted) != facts(found):
        return False
    if set(names(" ".join(wanted))) != set(names(" ".join(found))):
        return False
    strange = sum(
        process.extractOne(word, found, scorer=fuzz.ratio, score_cutoff=_SAME_WORD) is None
        for word in wanted
        if len(word) > 3
    )
    return strange <= _MAX_STRANGE_WORDS * len(wanted)


def _wording(pieces: Sequence[_Piece], own: Sequence[Line]) -> tuple[tuple[str, ...], str]:
    ids, words = [], []
    for n in sorted({piece.line for piece in pieces}):
        tokens = [piece.token for piece in pieces if piece.line == n]
        text = own[n].text
        end = tokens[-1].end
        if end < len(text) and text[end] in ".?!":
            end += 1
        ids.append(own[n].id)
        words.append(text[tokens[0].start : end])
    return tuple(ids), " ".join(words)
