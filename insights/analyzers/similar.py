"""Tells whether two short texts say the same, and whether somebody has just asked a question.

Without a model, and rather too careful than too eager: wordings must agree in numbers, negations
and skills, and in most of the words that carry meaning.
"""

import re
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from insights.analyzers.lexicon import load, words
from insights.analyzers.skills import mentions
from insights.analyzers.text import norms, sentences, stem, tokenize

_SAME = 0.75  # share of what two wordings have in common, where one says nothing else
_SWAPPED = 0.85  # the same where each has words of its own: "night shift" is no "day shift"
_FEW = 4  # of fewer words none may differ
_ASKED = 0.7  # share of a question's meaningful words that its asking holds
_ASKED_FEWEST = 3
_VERBATIM = 88.0
_ADVICE = re.compile(r"(?:Ask|Clarify|Consider|Listen|Give|Withdraw|Check|Verify)\b(?!.*\?)")
_PASSIVE = re.compile(r"\b(?:was|were|been|being|is|are)(?: \w+){0,2} by\b")
_OTHERS = re.compile(r"\b(?:did|does|do|would) (?:the|your|their|they|he|she) ")  # not "did you"
_QUOTED = re.compile(r"“([^”]+)”")
_ASPECTS = frozenset({"why", "when", "who", "where"})
_STOPWORDS = words("stopwords")


@dataclass(frozen=True, slots=True)
class Form:
    """What is compared of a text, as hashes: nobody can read the text out of them."""

    words: frozenset[int]
    facts: frozenset[int]


def form(text: str) -> Form:
    """Return the comparable form of a text; costs about as much as finding its skills."""
    meaning, facts = read(_without_advice(text))
    return Form(frozenset(map(hash, meaning)), frozenset(map(hash, facts)))


def alike(one: Form, other: Form) -> bool:
    """Tell whether two texts say the same."""
    if one.facts != other.facts:
        return False
    if one.words == other.words:
        return bool(one.words or one.facts)
    facts = len(one.facts)
    if max(len(one.words), len(other.words)) + facts < _FEW:
        return False
    shared = 2 * (len(one.words & other.words) + facts)
    share = shared / (len(one.words) + len(other.words) + 2 * facts)
    contained = one.words <= other.words or other.words <= one.words
    return share >= (_SAME if contained else _SWAPPED)


def same(one: str, other: str) -> bool:
    """Tell whether two texts say the same."""
    return alike(form(one), form(other))


def asks(said: str, question: str) -> bool:
    """Tell whether somebody who said this has asked the question, in these words or in others."""
    wanted, facts = read(question)
    heard, known = read(said)
    facts -= {*_ASPECTS, "others", "by"}
    if not facts <= known:
        return False
    if len(wanted | facts) >= _ASKED_FEWEST:
        held = len(wanted & heard) + len(facts)
        return held >= _ASKED * len(wanted | facts)
    plain, spoken = " ".join(norms(question)), " ".join(norms(said))
    return len(spoken) >= len(plain) and fuzz.partial_ratio(plain, spoken) >= _VERBATIM


def _without_advice(text: str) -> str:
    """Return what a card says without what it advises: that is much the same on all of them."""
    spans = [text[start:end] for start, end in sentences(text)]
    said = [span for span in spans if not _ADVICE.match(span)]
    return " ".join(said) or text


def read(text: str) -> tuple[set[str], set[str]]:
    """Return the words that carry meaning, one for each group of synonyms, and the facts."""
    tokens = tokenize(text)
    found = mentions(text)
    named = {mention.skill.name for mention in found}
    spoken = [
        token.norm
        for token in tokens
        if not any(mention.start <= token.start < mention.end for mention in found)
    ]
    plain = _phrases().sub(lambda match: _phrase(match.group()), " ".join(spoken)).split()
    facts = {word for word in plain if word[0].isdigit() and word != "1"} | named
    facts |= {"not"} if _negations().intersection(plain) else set()
    facts |= {"by"} if _PASSIVE.search(" ".join(plain)) else set()
    if text.rstrip().endswith("?"):
        facts |= _ASPECTS.intersection(plain)
        facts |= {"others"} if _OTHERS.search(" ".join(plain)) else set()
    silent = _STOPWORDS | _fillers() | _negations() | _ASPECTS
    meaning = {_root(word) for word in plain if word not in silent and word.isalpha()}
    meaning |= {word for quoted in _QUOTED.findall(text) for word in norms(quoted)}  # “we”, not “I”
    return meaning - facts, facts


def _root(word: str) -> str:
    """Return a word without its ending, or the first of the words that mean the same."""
    stemmed = _cut(word)
    return _groups().get(stemmed, stemmed)


def _cut(word: str) -> str:
    return stem(word).removesuffix("e")


@cache
def _groups() -> dict[str, str]:
    rows = [
        [stem(word).removesuffix("e") for word in row.split()] for row in load("similar")["same"]
    ]
    return {word: row[0] for row in rows for word in row}


@cache
def _phrases() -> re.Pattern[str]:
    longest_first = sorted(load("similar")["phrases"], key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b")


def _phrase(words: str) -> str:
    meaning: str = load("similar")["phrases"][words]
    return meaning


@cache
def _fillers() -> frozenset[str]:
    text: str = load("similar")["fillers"]
    return frozenset(text.split())


@cache
def _negations() -> frozenset[str]:
    text: str = load("similar")["negations"]
    return frozenset(text.split())
