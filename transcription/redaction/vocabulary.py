"""Word lists the recognizers weigh their finds against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NAME_PARTICLES = frozenset(
    "de da del della di van von der den la le el al bin ibn mac mc o san ter dos".split()
)


def _entries(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Hold lower-case word lists; a word may be in several of them."""

    words: frozenset[str]  # general English
    technical: frozenset[str]  # products, languages and jargon that must survive
    phrases: re.Pattern[str]  # the same of several words
    places: frozenset[str]  # countries, cities, months: proper nouns that are no people
    given: frozenset[str]  # given names that are nothing else
    ambiguous: frozenset[str]  # given names that are also words, places or tools
    surnames: frozenset[str]
    word_surnames: frozenset[str]  # rarer ones that are words: they count with a capital only

    def is_ordinary(self, low: str) -> bool:
        """Tell whether a word says nothing about a person by itself."""
        if low in self.words or low in self.technical or low in self.places:
            return True
        # Plurals and possessives of jargon ("lambdas") are jargon too.
        return len(low) > 3 and low.endswith("s") and low[:-1] in self.technical


@cache
def vocabulary() -> Vocabulary:
    """Load the lists once per process."""
    technical = _entries("technical.txt")
    phrases = sorted(re.escape(entry) for entry in technical if " " in entry)
    return Vocabulary(
        words=_entries("words.txt"),
        technical=technical,
        phrases=re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE),
        places=_entries("places.txt"),
        given=_entries("given_names.txt"),
        ambiguous=_entries("given_names_ambiguous.txt"),
        surnames=_entries("surnames.txt"),
        word_surnames=_entries("surnames_ambiguous.txt"),
    )
