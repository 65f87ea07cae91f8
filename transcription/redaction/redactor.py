"""Take personal data out of what was said before anything else sees it."""

from __future__ import annotations

import re
import threading
import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from transcription.engines.base import Word

if TYPE_CHECKING:
    from .ner import NamedEntities

from . import codes, digits, emails, name_cues, name_shapes, name_tags, places, profiles, repairs
from .alignment import redact_words, word_ranges
from .known_names import KnownNames
from .ledger import Ledger
from .spans import Span, merge
from .spoken import NUMBER_WORDS, runs
from .tokens import Token, inside, tokenize
from .vocabulary import vocabulary

_TAIL = 90  # characters of an utterance remembered while its last value may go on
_SENTENCE_END = re.compile(r"(?<=[a-z0-9][.?!])\s+(?=[A-Z])")
_SHORTEST_SENTENCE = 40  # characters; below it the tagger lacks context
_WORDY = frozenset({"HANDLE", "URL"})  # made of words, which any next sentence has as well
_LINKS = frozenset({"slash", "dot", "dash", "hyphen", "underscore", "/", ".", "-", "_"})
_FEWEST_DIGITS = 9  # of a social security number, the shortest that Presidio looks for
_HANGING = re.compile(
    r"(?:\b(?:is|it's|at|dot|me|on|are|number|name|address|email|mail|social|card|"
    r"passport|iban|born|in|dash|"
    r"underscore|uh|um|slash|com|net|org|io|dev|live|was|to|as|under|zero|oh|one|two|three|four|five|six|"
    r"seven|eight|nine|double|"
    r"triple|\w+teen|\w+ty|twenty)|\d|[@:])$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """Hold text and words with placeholders, and how many of each kind the text has."""

    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)
    kinds: dict[str, int]


class Redactor:
    """Share the models of a process between its sessions. Thread-safe."""

    def __init__(self) -> None:
        # spaCy and Presidio take a second to import: a command that redacts nothing never waits.
        from .ner import NamedEntities

        self._entities = NamedEntities()
        self._ledgers: weakref.WeakValueDictionary[str, Ledger] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Load models and word lists."""
        vocabulary()
        self._entities.warm()

    def for_session(
        self,
        *,
        names: Sequence[str] = (),
        also: Mapping[int, Sequence[str]] | None = None,
        others: Sequence[str] = (),
        keep_names: bool = False,
        language: str = "en",
        session: str | None = None,
    ) -> SessionRedactor:
        """Return a redactor for one stream of a session.

        Streams of the same `session` share the numbers of their placeholders. The people in
        `names` get the first NAME numbers in the order given, so they keep them after a restart.
        `also` says by a name's place what else means that person, such as parts of an address.
        `others` are known as well, and numbered as they are spoken of.
        """
        return SessionRedactor(
            self._entities,
            self._ledger(session),
            names=names,
            also=also,
            others=others,
            keep_names=keep_names,
            language=language,
        )

    def _ledger(self, session: str | None) -> Ledger:
        if session is None:
            return Ledger()
        with self._lock:
            ledger = self._ledgers.get(session)
            if ledger is None:
                ledger = self._ledgers[session] = Ledger()
            return ledger


class SessionRedactor:
    """Redact one speaker's utterances in the order they were said; one thread at a time."""

    def __init__(
        self,
        entities: NamedEntities,
        ledger: Ledger,
        *,
        names: Sequence[str],
        also: Mapping[int, Sequence[str]] | None,
        others: Sequence[str],
        keep_names: bool,
        language: str,
    ) -> None:
        self._entities = entities
        self._ledger = ledger
        self._keep_names = keep_names
        self._english = language.lower().split("-")[0].split("_")[0] == "en"
        self._numbered = KnownNames(names).people
        self._known = KnownNames([*names, *others], also)
        self._tail = ""
        self._tail_open: tuple[str, int] | None = None  # kind and number of the value left open
        ledger.reserve("NAME", self._numbered)

    def reserve(self, used: Mapping[str, int]) -> None:
        """Give new values of each kind higher numbers than those that are used already."""
        for kind, number in used.items():
            self._ledger.reserve(kind, number)

    def final(self, text: str, words: Sequence[Word] = ()) -> Redacted:
        """Return an utterance with everything personal replaced; `words` may be empty."""
        tokens = tokenize(text)
        spans = self._patterns(text, tokens)
        if not self._keep_names:
            spans += self._people(text, tokens)
        if self._english:
            spans += self._tagged(text, tokens, merge(spans))
        spans = merge(spans)
        numbers = [self._number(text, span) for span in spans]
        labels = [f"[{span.kind}-{n}]" for span, n in zip(spans, numbers, strict=True)]
        redacted_words = self._words(text, words, spans, labels)
        self._remember(text, spans, numbers)
        kinds = Counter(span.kind for span in spans)
        return Redacted(_replace(text, spans, labels), redacted_words, dict(kinds))

    def partial(self, text: str) -> str:
        """Return a passing reading with patterns and known names replaced; numbers are on loan."""
        tokens = tokenize(text)
        found = self._patterns(text, tokens, quick=True)
        if not self._keep_names:
            found += self._known.find(tokens)
        spans = merge(found)
        labels = [f"[{s.kind}-{self._number(text, s, keep=False)}]" for s in spans]
        return _replace(text, spans, labels)

    def _patterns(self, text: str, tokens: list[Token], *, quick: bool = False) -> list[Span]:
        """Return the finds of our own recognizers, also of values begun in the last utterance."""
        found = self._read(text, tokens, quick)
        if self._tail and text:
            joined = f"{self._tail} {text}"
            follows = self._moved(self._read(joined, tokenize(joined), quick))
            found += [s for s in follows if s.kind not in _WORDY or _goes_on(tokens, s)]
        return found

    def _read(self, text: str, tokens: list[Token], quick: bool) -> list[Span]:
        """Return the finds in a text as it was said, and as it was meant."""
        found = _scan(text, tokens, self._english, quick)
        meant = repairs.reading(text, tokens) if self._english else None
        if meant is not None and meant.text.strip():
            found += meant.carried(_scan(meant.text, tokenize(meant.text), True, quick))
        return found

    def _moved(self, spans: list[Span]) -> list[Span]:
        """Return what reaches from the tail plus the utterance into the utterance itself."""
        offset = len(self._tail) + 1
        return [
            replace(span, start=max(0, span.start - offset), end=span.end - offset)
            for span in spans
            if span.end > offset
        ]

    def _people(self, text: str, tokens: list[Token]) -> list[Span]:
        known = self._known.find(tokens)
        if not self._english:
            return known
        if text.isupper() and len(text.lower()) == len(text):
            text = text.lower()  # capitals say nothing here
            tokens = tokenize(text)
        unknown = name_cues.find_by_cue(text, tokens)
        if self._tail:
            joined = f"{self._tail} {text}"
            begun = tokenize(joined)
            unknown += self._moved(name_cues.find_by_cue(joined, begun))
            unknown += self._moved(name_shapes.find_given(begun, self._ledger.knows_name))
        meant = repairs.reading(text, tokens)
        if meant is not None and meant.text.strip():
            left = tokenize(meant.text)
            unknown += meant.carried(name_cues.find_by_cue(meant.text, left))
            unknown += meant.carried(name_shapes.find_given(left, self._ledger.knows_name))
        unknown += name_shapes.find_given(tokens, self._ledger.knows_name)
        unknown += name_shapes.find_spelled(tokens)
        unknown += name_shapes.find_beside(tokens, [*known, *unknown])
        # A find that overlaps a known person is that person.
        spared = [*known, *_spared(text)]
        return known + [u for u in unknown if not any(_overlap(u, k) for k in spared)]

    def _tagged(self, text: str, tokens: list[Token], covered: list[Span]) -> list[Span]:
        """Return what Presidio adds to the spans found so far.

        Only sentences with something left that could be personal are tagged: the tagger takes
        longer than everything else together.
        """
        left = [t for t in tokens if not any(s.start < t.end and t.start < s.end for s in covered)]
        cased = any(t.text[0].isupper() and t.low != "i" for t in tokens)
        named = not self._keep_names
        stretches: list[tuple[int, int]] = []
        for start, end in _sentences(text):
            within = inside(left, start, end)
            worth = named and name_tags.worth_tagging(within, cased=cased)
            if not worth and not _is_coded(within):
                continue
            if stretches and stretches[-1][1] == start:
                stretches[-1] = (stretches[-1][0], end)
            else:
                stretches.append((start, end))
        found: list[Span] = []
        taken = [*_spared(text), *(s for s in covered if s.person is not None)]
        for start, end in stretches:
            for span in self._entities.find(text[start:end]):
                moved = replace(span, start=span.start + start, end=span.end + start)
                if moved.kind != "NAME" or (
                    named
                    and name_tags.is_person(inside(tokens, moved.start, moved.end))
                    and not any(_overlap(moved, s) for s in taken)
                ):
                    found.append(moved)
        return found

    def _number(self, text: str, span: Span, *, keep: bool = True) -> int:
        if span.person is not None:
            if span.person < self._numbered:
                return span.person + 1
            return self._ledger.number("NAME", f"#{span.person}", keep=keep)
        if self._tail_open and span.start == 0 and span.kind == self._tail_open[0]:
            number = self._tail_open[1]
            if keep:
                self._ledger.alias(span.kind, span.value, number)
            return number
        return self._ledger.number(span.kind, span.value, keep=keep)

    def _words(
        self, text: str, words: Sequence[Word], spans: list[Span], labels: list[str]
    ) -> tuple[Word, ...]:
        if not words:
            return ()
        return redact_words(words, word_ranges(text, words), spans, labels)

    def _remember(self, text: str, spans: list[Span], numbers: list[int]) -> None:
        """Keep the end of an utterance while a value or its announcement is left hanging."""
        stripped = text.rstrip(" .,…-–—")
        before, self._tail, self._tail_open = self._tail, "", None
        if not stripped:
            return
        last = spans[-1] if spans and spans[-1].end >= len(stripped) else None
        if last is not None and last.open:
            self._tail_open = (last.kind, numbers[-1])
            whole = last.start == 0 and before
            self._tail = f"{before} {stripped}"[-_TAIL:] if whole else stripped[-_TAIL:]
        elif last is not None and last.kind == "NAME" and " " not in last.value:
            # A first name may be followed by the rest of it.
            self._tail_open = (last.kind, numbers[-1])
            self._tail = stripped[-_TAIL:]
        elif last is None and _HANGING.search(stripped):
            self._tail = stripped[-_TAIL:]


def _sentences(text: str) -> list[tuple[int, int]]:
    """Return sentences with their places; short ones stay with what follows them."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.end() - start >= _SHORTEST_SENTENCE:
            bounds.append((start, match.end()))
            start = match.end()
    if start < len(text):
        bounds.append((start, len(text)))
    return bounds


def _goes_on(tokens: list[Token], span: Span) -> bool:
    """Tell whether an utterance begins with more of a handle or link, and not with other words."""
    within = inside(tokens, span.start, span.end)
    return bool(within) and (
        within[0].low in _LINKS or all(t.is_number or t.low in NUMBER_WORDS for t in within)
    )


def _is_coded(tokens: list[Token]) -> bool:
    """Tell whether an address or number is left that Presidio's own patterns may know."""
    return any(t.low == "@" for t in tokens) or (
        sum(len(t.low) for t in tokens if t.is_number) >= _FEWEST_DIGITS
    )


def _spared(text: str) -> list[Span]:
    """Return the places of technical terms of several words, in which no name is looked for."""
    return [Span(*m.span(), "NAME", "") for m in vocabulary().phrases.finditer(text)]


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _scan(text: str, tokens: list[Token], english: bool, quick: bool) -> list[Span]:
    said = runs(tokens, english=english)
    found = digits.find(text, tokens, said)
    found += emails.find_emails(text, tokens, english=english)
    found += codes.find_documents(text, tokens, said, english=english)
    found += codes.find_ips(text, tokens, said)
    found += profiles.find_profiles(text, english=english)
    if not quick:
        found += places.find_addresses(text)
        if english:
            found += places.find_birth_dates(text)
    return found


def _replace(text: str, spans: Sequence[Span], labels: Sequence[str]) -> str:
    parts: list[str] = []
    position = 0
    for span, label in zip(spans, labels, strict=True):
        parts += [text[position : span.start], label]
        position = span.end
    parts.append(text[position:])
    return "".join(parts)
