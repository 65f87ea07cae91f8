"""Tokens of spoken text: comparable across case, punctuation, contractions and number words."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from insights.analyzers.lexicon import word_list, words
from insights.analyzers.speech import once

_TOKEN = re.compile(
    r"\[[A-Z_]+-\d+\]"  # a redaction placeholder
    r"|\d++(?:[.,]\d++)*+(?![^\W\d_])"  # 12 · 1,000 · 99.9
    r"|\d+(?:[.,]\d+)*[a-zA-Z]{1,3}\b"  # 200ms · 3.5M
    r"|\.(?:NET|net)\b"
    r"|[^\W_]+(?:['’][^\W_]+)*(?:\+\+|#)?"  # words, don't, C++, C#
    r"|[%$€£]"
)
_ENDS = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n")
# Where nobody punctuates, the end of a line ends a sentence, but not after words like these.
_OPEN_END = re.compile(
    r"(?:,|\b(?:a|an|the|of|for|with|to|in|at|on|by|from|about|and|or|but|my|our|i|we|is|was|are|"
    r"were|have|has|had|than|as|around|over|under))$",
    re.IGNORECASE,
)
_GLUED_UNIT = re.compile(r"(\d+(?:\.\d+)?)([a-z]{1,3})")
_CONTRACTIONS = {"'ve": "have", "'re": "are", "'ll": "will", "'m": "am", "n't": "not"}
_IRREGULAR = {"can't": "can not", "won't": "will not", "gonna": "going to", "wanna": "want to"}
UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "sec": "seconds",
    "secs": "seconds",
    "min": "minutes",
    "mins": "minutes",
    "hrs": "hours",
    "yrs": "years",
    "yr": "years",
    "%": "percent",
    "x": "times",
    "k": "thousand",
    "m": "million",
    "bn": "billion",
    "gb": "gigabytes",
    "tb": "terabytes",
    "mb": "megabytes",
}
_GLUABLE = frozenset(UNITS) - {"%"}

_ONES = {word: value for value, word in enumerate(word_list("ones"))}
_TENS = {word: value * 10 for value, word in enumerate(word_list("tens"), start=2)}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_STARTS_NUMBER = frozenset(_ONES) | frozenset(_TENS) | {"a"}
_STOPWORDS = words("stopwords")


@dataclass(frozen=True, slots=True)
class Token:
    """One comparable token; start and end are character offsets into the original text."""

    norm: str = field(repr=False)
    start: int
    end: int
    value: float | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Normalised:
    """Comparable text of a passage, its tokens joined by spaces, and the way back."""

    norm: str = field(repr=False)
    tokens: Sequence[Token] = field(repr=False)
    offsets: Sequence[int]

    def span(self, match: re.Match[str]) -> tuple[int, int]:
        """Return where in the original text a match on `norm` stands."""
        return self.place(match.start(), match.end())

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original text a span of `norm` stands."""
        first = bisect_right(self.offsets, start) - 1
        last = bisect_right(self.offsets, max(start, end - 1)) - 1
        return self.tokens[first].start, self.tokens[last].end


@once
def normalised(text: str) -> Normalised:
    return joined(tokenize(text))


def joined(tokens: Sequence[Token]) -> Normalised:
    """Return tokens as one comparable text."""
    offsets, position = [], 0
    for token in tokens:
        offsets.append(position)
        position += len(token.norm) + 1
    return Normalised(" ".join(token.norm for token in tokens), tokens, offsets)


@once
def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, number words merged into digits, contractions opened."""
    return _merge_numbers(_raw_tokens(text), text)


def norms(text: str) -> list[str]:
    return [token.norm for token in tokenize(text)]


@once
def content_words(text: str) -> set[str]:
    """Return the words of a text that carry meaning, roughly stemmed."""
    return {stem(word) for word in norms(text) if word not in _STOPWORDS and len(word) > 1}


def stem(word: str) -> str:
    """Cut common English endings; enough to compare words, not to show them."""
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            root = word[: -len(ending)]
            if ending == "ies":
                return root + "y"
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] not in "ls" else root
    return word


@once
def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of the sentences of a text."""
    spans = []
    start = 0
    for match in _ENDS.finditer(text):
        if match.group() == "\n" and _OPEN_END.search(text, start, match.start()):
            continue
        spans.append((start, match.start()))
        start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return [(a, b) for a, b in spans if text[a:b].strip()]


def sentence_at(text: str, start: int, end: int, *, limit: int = 220) -> str:
    """Return the sentence around a span; where nobody punctuated, at most `limit` characters."""
    for a, b in sentences(text):
        if a <= start < b:
            b = max(b, end)
            return text[a:b].strip() if b - a <= limit else _clip(text, a, b, start, end, limit)
    return text[start:end]


def join_names(names: Sequence[str]) -> str:
    """Return "A", "A and B" or "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def number(value: float) -> str:
    """Return a number the way a person writes it: 3, 2.5, 1,200."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"


def _clip(text: str, a: int, b: int, start: int, end: int, limit: int) -> str:
    room = max(0, limit - (end - start)) // 2
    left, right = max(a, start - room), min(b, end + room)
    while left > a and not text[left - 1].isspace():
        left -= 1
    while right < b and not text[right].isspace():
        right += 1
    return text[left:right].strip()


def _raw_tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        pieces = _pieces(match.group().casefold().replace("’", "'"))
        tokens.extend(Token(piece, start, end) for piece in pieces)
    return tokens


def _pieces(word: str) -> Iterable[str]:
    if word.isalpha() and word not in _IRREGULAR:
        return (word,)
    if word[0].isdigit():
        glued = _GLUED_UNIT.fullmatch(word)
        if glued and glued[2] in _GLUABLE:
            return (glued[1], UNITS[glued[2]])
        return (word.replace(",", ""),) if re.fullmatch(r"[\d.,]+", word) else (word,)
    if word == "%":
        return ("percent",)
    if "'" in word:
        if word in _IRREGULAR:
            return _IRREGULAR[word].split()
        for ending, full in _CONTRACTIONS.items():
            if word.endswith(ending) and len(word) > len(ending):
                return (word[: -len(ending)], full)
    return _IRREGULAR[word].split() if word in _IRREGULAR else (word,)


def _merge_numbers(tokens: list[Token], text: str) -> list[Token]:
    merged: list[Token] = []
    i = 0
    while i < len(tokens):
        if tokens[i].norm not in _STARTS_NUMBER and not tokens[i].norm[0].isdigit():
            merged.append(tokens[i])
            i += 1
            continue
        value, used = _number_at(tokens, i, text)
        if used:
            norm = f"{value:g}" if value < 1e6 else f"{value:.0f}"
            merged.append(Token(norm, tokens[i].start, tokens[i + used - 1].end, value))
            i += used
        else:
            merged.append(tokens[i])
            i += 1
    return merged


def _number_at(tokens: list[Token], i: int, text: str) -> tuple[float, int]:
    """Read the number that starts at token i; return (value, tokens used), (0, 0) for none."""
    year = _spoken_year(tokens, i, text)
    if year:
        return year
    total, j, bound = 0.0, i, float("inf")
    while True:
        group, after = _group(tokens, j)
        if after == j:
            break
        scale, after = _scale(tokens, after)
        if scale >= bound:
            break
        total, j = total + group * scale, after
        if scale == 1 or j >= len(tokens):
            break
        bound = scale
        more = j + 1 if tokens[j].norm == "and" else j
        if more < len(tokens) and (tokens[more].norm in _ONES or tokens[more].norm in _TENS):
            j = more
        else:
            break
    return total, j - i


def _group(tokens: list[Token], i: int) -> tuple[float, int]:
    """Read what stands before a scale word: digits, or words below a thousand."""
    first = tokens[i].norm
    digits = _as_digits(first) if first[0].isdigit() else None
    if digits is not None:
        hundreds = i + 1 < len(tokens) and tokens[i + 1].norm == "hundred" and digits < 100
        return (digits * 100, i + 2) if hundreds else (digits, i + 1)
    if first in _ONES or first in _TENS:
        return _below_thousand(tokens, i)
    following = tokens[i + 1].norm if i + 1 < len(tokens) else ""
    if first == "a" and following == "hundred":
        return _hundreds(1.0, tokens, i + 1)
    return (1.0, i + 1) if first == "a" and following in _SCALES else (0.0, i)


def _scale(tokens: list[Token], i: int) -> tuple[float, int]:
    scale = 1.0
    while i < len(tokens) and tokens[i].norm in _SCALES:
        scale, i = scale * _SCALES[tokens[i].norm], i + 1
    return scale, i


def _as_digits(norm: str) -> float | None:
    return float(norm) if re.fullmatch(r"\d+(?:\.\d+)?", norm) and len(norm) < 16 else None


def _below_thousand(tokens: list[Token], i: int) -> tuple[float, int]:
    small, used = _below_hundred(tokens, i)
    total, used = _hundreds(small, tokens, used)
    if used + 1 < len(tokens) and tokens[used].norm == "point":
        decimals, j = "", used + 1
        while j < len(tokens) and _ONES.get(tokens[j].norm, 10) < 10:
            decimals += str(_ONES[tokens[j].norm])
            j += 1
        if decimals:
            return float(f"{total:.0f}.{decimals}"), j
    return total, used


def _hundreds(total: float, tokens: list[Token], used: int) -> tuple[float, int]:
    if used < len(tokens) and tokens[used].norm == "hundred":
        total, used = total * 100, used + 1
        rest = used + 1 if used < len(tokens) and tokens[used].norm == "and" else used
        if rest < len(tokens) and (tokens[rest].norm in _ONES or tokens[rest].norm in _TENS):
            more, used = _below_hundred(tokens, rest)
            total += more
    return total, used


def _below_hundred(tokens: list[Token], i: int) -> tuple[float, int]:
    word = tokens[i].norm
    if word in _TENS:
        unit = _ONES.get(tokens[i + 1].norm, 0) if i + 1 < len(tokens) else 0
        return (_TENS[word] + unit, i + 2) if 1 <= unit <= 9 else (_TENS[word], i + 1)
    return float(_ONES[word]), i + 1


def _spoken_year(tokens: list[Token], i: int, text: str) -> tuple[float, int] | None:
    century = {"nineteen": 1900, "twenty": 2000}.get(tokens[i].norm)
    if century is None or i + 1 >= len(tokens):
        return None
    following = tokens[i + 1].norm
    if following not in _TENS and _ONES.get(following, 0) < 10:
        return None
    if "," in text[tokens[i].end : tokens[i + 1].start]:
        return None
    rest, used = _below_hundred(tokens, i + 1)
    return century + rest, used - i
