"""Finds skills and tools in spoken text by a dated gazetteer (`lexicons/technologies.json`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from insights.analyzers.lexicon import load, words
from insights.analyzers.text import Token, norms, sentences, tokenize

_LONGEST = 6  # tokens of the longest spoken name
_SAFE_COMPACT = 5  # letters from which a name glued together from several words is no accident
_NEAR = 4  # tokens between an ambiguous name and a sure one beside it
_CUES_BEFORE = words("skill_cues_before")
_CUES_AFTER = words("skill_cues_after")
_PLAIN_AFTER_IN = frozenset({"rest", "segment", "linear", "spring", "notion", "express"})
_NOT_A_NAME_BEFORE = words("no_skill_before")
_PRONOUN = re.compile(r"\bI\b")
# Verbs and adjectives: beside a tool's name they are still just words.
_VERBS = frozenset({"go", "rest", "react", "express", "linear", "segment", "beam", "flux", "safe"})


@dataclass(frozen=True, slots=True)
class Skill:
    """A row of the gazetteer; year of the first public release, None where there is none."""

    name: str
    area: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Mention:
    """A skill named in a text, at character offsets."""

    skill: Skill
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Hit:
    skill: Skill
    first: int
    after: int
    sure: bool


@cache
def gazetteer() -> tuple[Skill, ...]:
    return tuple(
        Skill(row["name"], row["area"], row["year"]) for row in load("technologies")["technologies"]
    )


def mentions(text: str, tokens: Sequence[Token] | None = None) -> list[Mention]:
    """Return the skills named in a text, in order, longest name first, each place once."""
    tokens = tokenize(text) if tokens is None else tokens
    hits = _hits(tokens)
    sure = [hit for hit in hits if hit.sure]
    lower = not any(c.isupper() for c in _PRONOUN.sub("", text))
    starts = {start for start, _ in sentences(text)}
    return [
        Mention(hit.skill, tokens[hit.first].start, tokens[hit.after - 1].end)
        for hit in hits
        if hit.sure or _has_cue(hit, tokens, text, sure, lower=lower, starts=starts)
    ]


def names(text: str) -> list[str]:
    """Return the names of the skills in a text, each once, in order of first mention."""
    return list(dict.fromkeys(mention.skill.name for mention in mentions(text)))


def _hits(tokens: Sequence[Token]) -> list[_Hit]:
    hits = []
    i = 0
    while i < len(tokens):
        hit = _hit_at(tokens, i)
        if hit:
            hits.append(hit)
        i = hit.after if hit else i + 1
    return hits


def _hit_at(tokens: Sequence[Token], i: int) -> _Hit | None:
    """Return the longest name that starts at token i."""
    index = _index()
    best = None
    glued, spelled = "", True
    for j in range(i, min(i + _LONGEST, len(tokens))):
        word = tokens[j].norm
        glued += word
        spelled = spelled and len(word) == 1
        if glued not in index.beginnings:
            break
        found = index.compact.get(glued)
        if found is None:
            continue
        if len(glued) >= _SAFE_COMPACT or spelled or _spoken(tokens, i, j) in index.exact:
            best = _Hit(found[0], i, j + 1, found[1])
    return best


def _spoken(tokens: Sequence[Token], i: int, j: int) -> tuple[str, ...]:
    return tuple(token.norm for token in tokens[i : j + 1])


def _has_cue(
    hit: _Hit,
    tokens: Sequence[Token],
    text: str,
    sure: Sequence[_Hit],
    *,
    lower: bool,
    starts: set[int],
) -> bool:
    start = tokens[hit.first].start
    before = tokens[hit.first - 1].norm if hit.first else ""
    after = tokens[hit.after].norm if hit.after < len(tokens) else ""
    if after in _CUES_AFTER:
        return True
    capital = text[start].isupper()
    if capital and not lower and start not in starts:
        return True
    if not capital and not lower:
        return False
    word = tokens[hit.first].norm
    if after in _NOT_A_NAME_BEFORE:
        return False
    if before in _CUES_BEFORE or (before == "in" and word not in _PLAIN_AFTER_IN):
        return word not in _VERBS - {"go", "react"}
    near = _NEAR if word not in _VERBS else 2
    return any(
        min(abs(hit.first - other.after), abs(other.first - hit.after)) < near for other in sure
    )


@dataclass(frozen=True, slots=True)
class _Index:
    """Names glued together, with their skill and whether they need no cue."""

    compact: dict[str, tuple[Skill, bool]]
    exact: frozenset[tuple[str, ...]]
    beginnings: frozenset[str]


@cache
def _index() -> _Index:
    compact: dict[str, tuple[Skill, bool]] = {}
    exact = set()
    for skill, row in zip(gazetteer(), load("technologies")["technologies"], strict=True):
        for sure, key in ((True, "aliases"), (False, "needs_cue")):
            for alias in row.get(key, ()):
                parts = tuple(norms(alias))
                exact.add(parts)
                compact.setdefault("".join(parts), (skill, sure))
    beginnings = {name[:length] for name in compact for length in range(1, len(name) + 1)}
    return _Index(compact, frozenset(exact), frozenset(beginnings))
