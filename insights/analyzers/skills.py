"""Finds skills and tools in spoken text by a dated gazetteer (`lexicons/technologies.json`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from insights.analyzers.lexicon import load, words
from insights.analyzers.speech import once
from insights.analyzers.text import Token, norms, sentences, tokenize

_LONGEST = 6  # tokens of the longest spoken name
_SAFE_COMPACT = 5  # letters from which a name glued together from several words is no accident
_NEAR = 4  # tokens between an ambiguous name and a sure one beside it
_CUES_BEFORE = words("skill_cues_before")
_CUES_AFTER = words("skill_cues_after")
_CUES_AFTER_FIRST = frozenset({"mostly", "mainly", "and", "since"})
_PLAIN_AFTER_IN = frozenset({"rest", "segment", "linear", "spring", "notion", "express"})
_NOT_A_NAME_BEFORE = words("no_skill_before")
# After a number these say that it counts something: "Java 8 years ago" names no version.
_COUNTED = words("counted")
_LISTED = re.compile(r"\s*(?:[,;(]|$)")  # "React (1 year)", "Go, for nine years"
_PRONOUN = re.compile(r"\bI\b")
# Verbs and adjectives: beside a tool's name they are still just words.
_VERBS = frozenset({"go", "rest", "react", "express", "linear", "segment", "beam", "flux", "safe"})


@dataclass(frozen=True, slots=True)
class Skill:
    """A row of the gazetteer; year of the first public release, None where there is none."""

    name: str
    area: str
    year: int | None
    versions: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mention:
    """A skill named in a text, at character offsets; with its version where one was said."""

    skill: Skill
    start: int
    end: int
    version: str = ""

    @property
    def label(self) -> str:
        return f"{self.skill.name} {self.version}".rstrip()

    @property
    def released(self) -> int | None:
        """The year from which on one could have used it."""
        return self.skill.versions.get(self.version, self.skill.year)


@dataclass(frozen=True, slots=True)
class _Hit:
    skill: Skill
    first: int
    after: int
    sure: bool
    version: str = ""


@cache
def gazetteer() -> tuple[Skill, ...]:
    return tuple(
        Skill(row["name"], row["area"], row["year"], row.get("versions", {}))
        for row in load("technologies")["technologies"]
    )


@once
def mentions(text: str) -> list[Mention]:
    """Return the skills named in a text, in order, longest name first, each place once."""
    tokens = tokenize(text)
    hits = _hits(tokens, text)
    sure = [hit for hit in hits if hit.sure]
    lower = not any(c.isupper() for c in _PRONOUN.sub("", text))
    starts = {start for start, _ in sentences(text)}
    return [
        Mention(hit.skill, tokens[hit.first].start, tokens[hit.after - 1].end, hit.version)
        for hit in hits
        if hit.sure or _has_cue(hit, tokens, text, sure, lower=lower, starts=starts)
    ]


def names(text: str) -> list[str]:
    """Return the names of the skills in a text, each once, in order of first mention."""
    return list(dict.fromkeys(mention.skill.name for mention in mentions(text)))


def _hits(tokens: Sequence[Token], text: str) -> list[_Hit]:
    hits = []
    i = 0
    while i < len(tokens):
        hit = _hit_at(tokens, i)
        if hit:
            hit = _with_version(hit, tokens, text)
            hits.append(hit)
        i = hit.after if hit else i + 1
    return hits


def _with_version(hit: _Hit, tokens: Sequence[Token], text: str) -> _Hit:
    """Add the version that follows a name ("Java 21", "python three point twelve"), if known."""
    if not hit.skill.versions:
        return hit
    at = hit.after
    if at < len(tokens) and tokens[at].norm == "version":
        at += 1
    for version, after in _numbers(tokens[at : at + 3], text):
        following = tokens[at + after].norm if at + after < len(tokens) else ""
        if version in hit.skill.versions and following not in _COUNTED:
            return replace(hit, after=at + after, sure=True, version=version)
    return hit


def _numbers(tokens: Sequence[Token], text: str) -> Iterator[tuple[str, int]]:
    """Yield the ways to read a version number off tokens, with the tokens used, longest first."""
    said = [text[token.start : token.end].casefold().lstrip("v") for token in tokens]
    plain = [
        raw if raw[:1].isdigit() else token.norm for raw, token in zip(said, tokens, strict=True)
    ]
    if len(plain) == 3 and plain[1] == "point":
        yield f"{plain[0]}.{plain[2]}", 3
    if len(plain) > 1:
        yield f"{plain[0]}.{plain[1]}", 2
    if plain:
        yield plain[0], 1
        yield plain[0].split(".")[0], 1


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
    start, end = tokens[hit.first].start, tokens[hit.after - 1].end
    before = tokens[hit.first - 1].norm if hit.first else ""
    after = tokens[hit.after].norm if hit.after < len(tokens) else ""
    if after in _CUES_AFTER:
        return True
    capital = text[start].isupper()
    if capital and not lower and (start not in starts or _LISTED.match(text, end)):
        return True
    if not capital and not lower:
        return False
    word = tokens[hit.first].norm
    if after in _NOT_A_NAME_BEFORE:
        return False
    if _is_timed(tokens, hit.after) or (hit.first == 0 and after in _CUES_AFTER_FIRST):
        return True
    if before in _CUES_BEFORE or (before in ("in", "with") and word not in _PLAIN_AFTER_IN):
        return word not in _VERBS - {"go", "react"}
    near = _NEAR if word not in _VERBS else 2
    return any(
        min(abs(hit.first - other.after), abs(other.first - hit.after)) < near for other in sure
    )


def _is_timed(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether "for nine years" or "since 2021" follows: nobody rests for years."""
    following = [token.norm for token in tokens[at : at + 3]]
    return len(following) > 1 and (
        (following[0] == "for" and following[-1] in ("years", "months", "year"))
        or (following[0] == "since" and following[1][:2] in ("19", "20"))
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
