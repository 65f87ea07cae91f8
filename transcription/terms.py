"""Technical terms as they are written: what was heard as "e c two" is read as EC2.

Works on redacted text, so placeholders and numbers that were personal data are out of its reach.
The lexicon of a language is in `lexicon/`; the vocabulary of the interview at hand is added to it.
Where a reading may be plain talk ("c sharp", "type script") the text must speak of technology.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz

from transcription.engines.base import Word, primary_language
from transcription.glossary import sound, spoken_forms
from transcription.redaction.alignment import word_ranges

LEXICON = Path(__file__).resolve().parent / "lexicon"
TOKEN = re.compile(r"\[[A-Z_]+-\d+\]|[^\W_]+(?:['’][^\W_]+)*")
JOINT = re.compile(r"\s+|-|\.")  # what may stand between the words of one term
ADDRESS = frozenset("./:@_-#&=\\")  # signs of a URL, a path or a command around a word
SPOKEN_ADDRESS = frozenset("dot slash at dash underscore colon hyphen".split())
# Before ".NET" as before any noun; after the name of a site "dot net" belongs to its address.
BEFORE_NET = frozenset(
    "in with and or of use used using uses the on to from our know knows for like into a some "
    "modern new old c# is was than learned wrote written asp full".split()
)
MUSIC = frozenset("minor major flat key chord note".split())
DOUBTFUL = 0.6  # confidence below which a word may be another that sounds alike
ALIKE = 90.0  # of 100: likeness of two phonetic keys
SPELLED_ALIKE = 50.0  # of 100: likeness of the spellings
# Words that no term is ever mistaken for.
ORDINARY = frozenset(
    "a an the and or but of to in on at for with from by is are was were be been am do does did "
    "have has had i you he she it we they me him her us them my your his its our their this that "
    "these those all some any no not so as if then than very can will would could should may "
    "just into out up down about over after before when where what which who how why there here "
    "one two three four five six seven eight nine ten more most much many only other own"
    " same".split()
)
SHORTEST_ALIKE = 6  # letters of a term that is looked for by sound


_ONES = {w: n for n, w in enumerate("zero one two three four five six seven eight nine".split())}
_TEENS = {
    word: number
    for number, word in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        10,
    )
}
_TENS = {
    word: number
    for number, word in zip(
        range(20, 100, 10),
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        strict=True,
    )
}
_VALUES = _ONES | _TEENS | _TENS | {"oh": 0}
_ONE, _TEEN, _TEN = ("|".join(words) for words in (_ONES, _TEENS, _TENS))
_BELOW_100 = rf"(?:(?:{_TEN})(?:[ -](?:{_ONE}))?|{_TEEN}|{_ONE})"
_GOES_ON = re.compile(  # what is before a percentage belongs to its number
    rf"\b(?:{_ONE}|{_TEEN}|{_TEN}|hundred|thousand|million|half|oh|and|or|to|point)[ -]$",
)
_PERCENT = re.compile(
    rf"\b(?:(?P<hundreds>{_ONE}) hundred(?: and)? ?)?"
    rf"(?P<rest>{_BELOW_100})?(?: point (?P<digits>(?:{_ONE}|oh)(?: (?:{_ONE}|oh))*))?"
    r" per ?cent\b",
)
_YEAR = re.compile(
    r"\b(?:in|since|until|till|from|to|by|during|around|before|after|of|and|year|early|late|"
    r"january|february|march|april|may|june|july|august|september|october|november|december) "
    rf"(?P<year>two thousand(?: and)? (?:{_TEEN}|{_ONE}|twenty(?: (?:{_ONE}))?)"
    rf"|(?:nineteen|twenty) (?:{_TEEN}|oh (?:{_ONE})|(?:{_TEN}) (?:{_ONE})|twenty))\b"
    r"(?=[,.?!;:]|$| (?:to|until|till|and|i|we|they|he|she|it|the|our|my|when|where|with|at|as|"
    r"for|by|because|so|but|then|after|before|was|is|were|until)\b)",
)
_VERSION = re.compile(
    r"\b(?:version|release|python|java|php|angular|vue|react|django|rails|node|postgres|postgresql|"
    r"mysql|kubernetes|helm|go|ruby|swift|spring|dot net|tls|http) "
    rf"(?P<version>{_BELOW_100}(?: (?:dot|point) (?:{_BELOW_100}|oh))+)\b",
)


class Edit(NamedTuple):
    """Replace text[start:end] by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Say how a run of spoken words is written, and whether only in talk of technology."""

    spoken: tuple[str, ...] = field(repr=False)
    written: str = field(repr=False)
    technical: bool = False


class Token(NamedTuple):
    low: str
    start: int
    end: int


class Normaliser:
    """Write the terms of one interview the way they are read; used from any thread."""

    def __init__(self, vocabulary: Iterable[str] = (), language: str = "en") -> None:
        self._english = primary_language(language) == "en"
        self._readings: dict[str, list[Reading]] = {}
        self._cues: frozenset[str] = frozenset()
        terms = [term for term in vocabulary if term.strip()]
        for term in terms:
            for spoken in spoken_forms(term, numbers=self._english):
                self._add(Reading(spoken, term))
        if self._english:
            readings, self._cues = _english()
            for reading in readings:
                self._add(reading)
        for known in self._readings.values():
            known.sort(key=lambda reading: -len(reading.spoken))
        self._sounds = [(sound(term), term) for term in terms if _has_sound(term)]

    def __call__(self, text: str, words: Sequence[Word] = ()) -> tuple[str, tuple[Word, ...]]:
        """Return text and words as they are read; unchanged where nothing is to be done."""
        tokens = [Token(m.group().lower(), m.start(), m.end()) for m in TOKEN.finditer(text)]
        edits = self._term_edits(text, tokens)
        if self._english:
            edits = _without_overlap([*edits, *number_edits(text)])
        ranges: list[tuple[int, int] | None] = []
        doubtful = self._sounds and any(word.confidence < DOUBTFUL for word in words)
        if words and (edits or doubtful):
            ranges = word_ranges(text, words)
            edits = _without_overlap([*edits, *self._sound_edits(text, words, ranges)])
        if not edits:
            return text, tuple(words)
        return _applied(text, edits), _merged(text, words, ranges, edits)

    def _add(self, reading: Reading) -> None:
        self._readings.setdefault(reading.spoken[0], []).append(reading)

    def _term_edits(self, text: str, tokens: list[Token]) -> list[Edit]:
        technical = False
        found: list[tuple[Edit, bool]] = []
        at = 0
        while at < len(tokens):
            reading = self._reading(text, tokens, at)
            if reading is None:
                technical = technical or tokens[at].low in self._cues
                at += 1
                continue
            last = at + len(reading.spoken) - 1
            edit = Edit(tokens[at].start, _end(text, tokens[at : last + 1]), reading.written)
            technical = technical or not reading.technical
            found.append((edit, reading.technical))
            at = last + 1
        return [
            edit
            for edit, needs in found
            if (technical or not needs) and text[edit.start : edit.end] != edit.text
        ]

    def _reading(self, text: str, tokens: list[Token], at: int) -> Reading | None:
        for reading in self._readings.get(tokens[at].low, ()):
            run = tokens[at : at + len(reading.spoken)]
            if tuple(token.low for token in run) != reading.spoken:
                continue
            if not _joined(text, run):
                continue
            before = tokens[at - 1] if at else None
            after = tokens[at + len(run)] if at + len(run) < len(tokens) else None
            if _in_address(text, run, before, after):
                continue
            if len(run) == 1 and not _recased(text[run[0].start : run[0].end], reading.written):
                continue
            if _stands_alone(reading, before, after):
                return reading
        return None

    def _sound_edits(
        self, text: str, words: Sequence[Word], ranges: list[tuple[int, int] | None]
    ) -> list[Edit]:
        """Find runs of doubtful words that sound like a term of the interview."""
        edits: list[Edit] = []
        if not self._sounds:
            return edits
        for first, word in enumerate(words):
            if word.confidence >= DOUBTFUL:
                continue
            for count in (3, 2, 1):
                run = words[first : first + count]
                places = ranges[first : first + count]
                if len(run) < count or any(w.confidence >= DOUBTFUL for w in run):
                    continue
                term = self._sounding([re.sub(r"\W", "", word.text.lower()) for word in run])
                begin, end = places[0], places[-1]
                if term and begin and end and "[" not in text[begin[0] : end[1]]:
                    edits.append(Edit(begin[0], end[1], term))
                    break
        return edits

    def _sounding(self, heard: list[str]) -> str:
        """Return the term that a run of words sounds and is spelled like, if any."""
        if not ORDINARY.isdisjoint(heard):
            return ""
        spelled = "".join(heard)
        key = sound(spelled)
        for known, term in self._sounds:
            low = term.lower()
            if known[:1] != key[:1] or abs(len(known) - len(key)) > 1 or low in heard:
                continue
            if fuzz.ratio(known, key) >= ALIKE and fuzz.ratio(low, spelled) >= SPELLED_ALIKE:
                return term
        return ""


def number_edits(text: str) -> list[Edit]:
    """Find spoken percentages, years and versions; every other number stays as it was said."""
    low = text.lower()
    edits = [
        Edit(match.start(), match.end(), _percentage(match))
        for match in (_PERCENT.finditer(low) if "cent" in low else ())
        if (match["hundreds"] or match["rest"]) and not _GOES_ON.search(low[: match.start()])
    ]
    if "twenty " in low or "two thousand " in low or "nineteen " in low:
        edits += [
            Edit(*match.span("year"), str(_year(match["year"].split())))
            for match in _YEAR.finditer(low)
        ]
    if " dot " in low or " point " in low:
        edits += [
            Edit(*match.span("version"), _version(match["version"]))
            for match in _VERSION.finditer(low)
        ]
    return edits


def _version(spoken: str) -> str:
    return ".".join(str(_below_100(part)) for part in re.split(r" (?:dot|point) ", spoken))


def _percentage(match: re.Match[str]) -> str:
    whole = 100 * _below_100(match["hundreds"] or "zero") + _below_100(match["rest"] or "zero")
    digits = "".join(str(_below_100(word)) for word in (match["digits"] or "").split())
    return f"{whole}.{digits}%" if digits else f"{whole}%"


def _year(words: list[str]) -> int:
    if words[1] == "thousand":
        return 2000 + _below_100(" ".join(word for word in words[2:] if word != "and"))
    return 100 * _below_100(words[0]) + _below_100(" ".join(words[1:]))


def _below_100(spoken: str) -> int:
    return sum(_VALUES[word] for word in spoken.lower().replace("-", " ").split())


def _joined(text: str, run: list[Token]) -> bool:
    return all(
        JOINT.fullmatch(text[left.end : right.start]) for left, right in itertools.pairwise(run)
    )


def _in_address(text: str, run: list[Token], before: Token | None, after: Token | None) -> bool:
    """Whether a run is part of a URL, a path or a command, written or spelled out."""
    if len(run) == 1 and any(t is not None and t.low in SPOKEN_ADDRESS for t in (before, after)):
        return True
    start, end = run[0].start, run[-1].end
    if text[start - 1 : start] in ADDRESS and start:
        return True
    return (
        text[end : end + 1] in ADDRESS
        and not text[end + 1 : end + 2].isspace()
        and (len(text) > end + 1)
    )


def _end(text: str, run: list[Token]) -> int:
    """Return where a run ends; the last dot of "A.W.S." goes with it inside a sentence."""
    end = run[-1].end
    dotted = len(run) > 1 and text[run[0].end : run[1].start] == "."
    return end + 1 if dotted and re.match(r"\. ?[a-z,;]", text[end:]) else end


def _recased(heard: str, written: str) -> bool:
    """Whether one word is a term in lower case; a capital was somebody's own choice."""
    return heard.islower() and heard != written


def _stands_alone(reading: Reading, before: Token | None, after: Token | None) -> bool:
    """Whether the words around a run leave it a term of its own."""
    first, last = reading.spoken[0], reading.spoken[-1]
    spelled = len(first) == len(last) == 1 and all(len(piece) == 1 for piece in reading.spoken)
    if spelled and (_is_letter(before) or _is_letter(after)):
        return False  # part of something longer that is spelled: a name, a code
    if reading.written.startswith(".NET") and before is not None and before.low not in BEFORE_NET:
        return False
    return not (last == "sharp" and after is not None and after.low in MUSIC)


def _is_letter(token: Token | None) -> bool:
    return token is not None and len(token.low) == 1 and token.low.isalpha() and token.low != "a"


def _has_sound(term: str) -> bool:
    return term.isalpha() and len(term) >= SHORTEST_ALIKE and not term.isupper()


@functools.lru_cache(maxsize=1)
def _english() -> tuple[tuple[Reading, ...], frozenset[str]]:
    lexicon = json.loads((LEXICON / "en.json").read_text(encoding="utf-8"))
    readings = [
        Reading(tuple(spoken.split()), written, technical)
        for section, technical in (("always", False), ("technical", True))
        for written, forms in lexicon[section].items()
        for spoken in forms
    ]
    readings.append(Reading(("dot", "net"), ".NET"))
    for acronym in lexicon["acronyms"]:
        letters = tuple(acronym.lower())
        readings.append(Reading(letters, acronym))
        if acronym[-1] != "S":
            readings.append(Reading((*letters, "s"), acronym + "s"))
            readings.append(Reading((*letters[:-1], letters[-1] + "s"), acronym + "s"))
    for joined in lexicon["joined"]:
        readings.append(Reading((joined,), joined.upper()))
        if joined[-1] != "s":
            readings.append(Reading((joined + "s",), joined.upper() + "s"))
    for pair, spoken in lexicon["technical_pairs"].items():
        readings.append(Reading(tuple(spoken.split()), pair, technical=True))
    return tuple(readings), frozenset(lexicon["cues"])


def _without_overlap(edits: Iterable[Edit]) -> list[Edit]:
    """Return edits in order; of two that overlap the one that covers more."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start - edit.end, edit.start)):
        if all(edit.end <= other.start or other.end <= edit.start for other in kept):
            kept.append(edit)
    return sorted(kept)


def _applied(text: str, edits: list[Edit]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _merged(
    text: str,
    words: Sequence[Word],
    ranges: Sequence[tuple[int, int] | None],
    edits: list[Edit],
) -> tuple[Word, ...]:
    """Return the words with each edit's words as one that keeps what was heard."""
    result: list[Word] = []
    groups: dict[Edit, int] = {}
    members: list[list[tuple[Word, tuple[int, int]]]] = []
    for word, place in zip(words, ranges, strict=True):
        owner = next((e for e in edits if place and place[0] < e.end and e.start < place[1]), None)
        if owner is None or place is None:
            result.append(word)
            continue
        if owner not in groups:
            groups[owner] = len(members)
            members.append([])
            result.append(word)  # its place; replaced below
        members[groups[owner]].append((word, place))
    for edit, number in groups.items():
        held = members[number]
        result[result.index(held[0][0])] = _one(text, held, edit)
    return tuple(result)


def _one(text: str, held: list[tuple[Word, tuple[int, int]]], edit: Edit) -> Word:
    (first, begin), (last, end) = held[0], held[-1]
    lead = re.split(r"[\w\[]", first.text, maxsplit=1)[0]
    trail = re.split(r"[\w\]]", last.text)[-1][max(0, edit.end - end[1]) :]
    before = text[min(begin[0], edit.start) : edit.start]
    behind = text[edit.end : max(end[1], edit.end)]
    return Word(
        text=lead + before + edit.text + behind + trail,
        start=first.start,
        end=last.end,
        confidence=min(word.confidence for word, _ in held),
        heard=" ".join(word.heard or word.text.strip(" ,.?!;:") for word, _ in held),
    )
