"""Words, numbers and punctuation of an utterance with their places."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_TOKEN = re.compile(r"[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+)*|['’]s\b|\d+|[^\w\s]|_", re.IGNORECASE)


_LATIN = re.compile(r"[a-zA-Z]")


class Token(NamedTuple):
    """Mark one token; `glued` says that no space parts it from the token before."""

    text: str
    low: str
    start: int
    end: int
    glued: bool
    is_word: bool  # begins with a letter
    is_number: bool  # written in digits

    def __repr__(self) -> str:
        return f"Token({self.start}, {self.end})"


_LETTERS = str.maketrans(
    {"’": "'", "ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d"}
)


def fold(low: str) -> str:
    """Return a lower-case word without accents, as recognizers and keyboards often write it."""
    decomposed = unicodedata.normalize("NFKD", low)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    # Scripts other than Latin keep their marks: they are letters, not accents.
    return (bare if bare.isascii() or _LATIN.search(bare) else low).translate(_LETTERS)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text` in order; a possessive 's is a token of its own."""
    tokens: list[Token] = []
    last = -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = match.group()
        low = word.lower()
        if not low.isascii():
            low = fold(low)
        letter, digit = word[0].isalpha(), word[0].isdecimal()
        tokens.append(Token(word, low, start, end, start == last, letter, digit))
        last = end
    return tokens


def after_sentence(tokens: list[Token], index: int) -> bool:
    """Tell whether token `index` opens a sentence, where a capital letter proves nothing."""
    return index == 0 or tokens[index - 1].low in '.?!:…"“'


def inside(tokens: list[Token], start: int, end: int) -> list[Token]:
    """Return the tokens that lie within text[start:end]."""
    return [t for t in tokens if t.start >= start and t.end <= end]
