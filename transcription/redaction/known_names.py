"""Names of the people a session knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rapidfuzz.distance import OSA

from .spans import Span
from .tokens import Token, after_sentence, tokenize
from .vocabulary import NAME_PARTICLES, vocabulary

_TITLES = frozenset("mr mrs ms miss mister missus dr doctor prof professor sir madam".split())
_GREETINGS = frozenset("thanks thank hi hello hey dear morning welcome goodbye bye so okay".split())
_MONTH_CONTEXT = frozenset("in since by until last next this of early late mid from to".split())
_SHORTEST_FUZZY = 4
_SOUNDS = (("ph", "f"), ("ck", "k"), ("c", "k"), ("q", "k"), ("z", "s"), ("y", "i"), ("w", "v"))
_HANGUL = re.compile(r"[가-힣]{3,4}")


class KnownNames:
    """Find the people a session knows, in any case and with near-miss spelling."""

    def __init__(
        self, names: Sequence[str], also: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        """Take the people's names, and by a name's place in them what else means that person."""
        lists = vocabulary()
        self._owners: dict[str, list[int]] = {}
        self._weak: set[str] = set()
        self.people = 0
        for name in names:
            parts = [t.low for t in tokenize(name) if t.is_word and t.low not in _TITLES]
            if not parts:
                continue
            person = self.people
            self.people += 1
            for part in parts:
                if len(part) < 2:
                    continue
                self._owners.setdefault(part, []).append(person)
                if (
                    (len(part) < 3 and part.isascii())
                    or part in NAME_PARTICLES
                    or lists.is_ordinary(part)
                    or part in ("august", "april", "may", "june")
                ):
                    self._weak.add(part)
            if len(parts) == 1 and _HANGUL.fullmatch(parts[0]):
                # A Korean full name in one word: the given name alone names the person too.
                self._owners.setdefault(parts[0][1:], []).append(person)
            if len(parts) > 1 and len(parts[0] + parts[-1]) >= 8:
                self._owners.setdefault(parts[0] + parts[-1], []).append(person)
        for person, words in (also or {}).items():
            for word in (t.low for said in words for t in tokenize(said) if t.is_word):
                if len(word) > 2 and not lists.is_ordinary(word):
                    owners = self._owners.setdefault(word, [])
                    owners += [] if person in owners else [person]
        self._fuzzy = [
            part for part in self._owners if part not in self._weak or len(part) > _SHORTEST_FUZZY
        ]
        self._sounds = {part: _sound(part) for part in self._fuzzy}

    def find(self, tokens: list[Token]) -> list[Span]:
        """Return a span for each mention, with the person's index."""
        if not self._owners:
            return []
        hits = [self._owners_of(token) if token.is_word else [] for token in tokens]
        spans: list[Span] = []
        index = 0
        while index < len(tokens):
            if not hits[index]:
                index += 1
                continue
            last, people = index, set(hits[index])
            while (step := self._next(tokens, hits, last, people)) is not None:
                last = step
                people &= set(hits[last]) or people
            strong = any(
                self._is_strong(tokens, i, last > index) for i in range(index, last + 1) if hits[i]
            )
            if strong:
                person = min(people)
                start, end = tokens[index].start, tokens[last].end
                spans.append(Span(start, end, "NAME", "", person=person))
            index = last + 1
        return spans

    def _next(
        self, tokens: list[Token], hits: list[list[int]], last: int, people: set[int]
    ) -> int | None:
        """Return the next token of the same mention; steps over an initial ("Jane Q. Miller")."""
        step = last + 1
        skipped = 0
        while step < len(tokens) and skipped < 2:
            if hits[step] and people & set(hits[step]):
                return step
            low = tokens[step].low
            if not (len(low) == 1 and (low.isalpha() or (low in ".-" and tokens[step].glued))):
                return None
            if low in ("i", "a") and not tokens[step].text.isupper():
                return None
            skipped += 1
            step += 1
        return None

    def _owners_of(self, token: Token) -> list[int]:
        low = token.low
        exact = self._owners.get(low)
        if exact is None and low.endswith("s") and len(low) > 3:
            exact = self._owners.get(low[:-1])  # "janes laptop", as recognizers write possessives
        if exact is not None:
            return exact
        if not low.isascii():
            # Scripts whose particles hang on the name without a space.
            for part, people in self._owners.items():
                if not part.isascii() and len(part) > 1 and low.startswith(part):
                    return people
        if len(low) < _SHORTEST_FUZZY or vocabulary().is_ordinary(low):
            return []
        best: list[int] = []
        closest = 3
        heard = _sound(low)
        for part in self._fuzzy:
            allowed = 1 if len(part) < 8 else 2
            if len(part) < _SHORTEST_FUZZY or abs(len(part) - len(low)) > allowed:
                continue
            if len(part) < 6 and part[0] != low[0]:
                continue
            distance = min(
                OSA.distance(part, low, score_cutoff=allowed),
                OSA.distance(self._sounds[part], heard, score_cutoff=allowed),
            )
            if distance <= allowed and distance < closest:
                best, closest = self._owners[part], distance
        return best

    def _near_weak(self, low: str) -> bool:
        """Tell whether a word is only a near miss of a name that is an ordinary word itself."""
        heard = _sound(low)
        return low not in self._owners and not any(
            min(OSA.distance(part, low), OSA.distance(self._sounds[part], heard))
            <= (1 if len(part) < 8 else 2)
            for part in self._fuzzy
            if part not in self._weak
        )

    def _is_strong(self, tokens: list[Token], index: int, in_company: bool) -> bool:
        token = tokens[index]
        if in_company or (token.low not in self._weak and not self._near_weak(token.low)):
            return True
        before = tokens[index - 1].low if index else ""
        after = tokens[index + 1].low if index + 1 < len(tokens) else ""
        if before in _TITLES or after == "'s":
            return token.low not in vocabulary().technical or before in _TITLES
        if _introduced(tokens, index):
            return True
        if len(token.low) < 3 or token.low in NAME_PARTICLES or token.low in vocabulary().technical:
            return False
        capital = token.text[0].isupper() and not token.text.isupper()
        if capital and not after_sentence(tokens, index) and before not in _MONTH_CONTEXT:
            return True
        # "Thanks, Mark." names somebody, "thanks mark that as done" may not.
        return capital and before in _GREETINGS


def _sound(word: str) -> str:
    """Return a word with letters that sound alike made one, and doubled ones single."""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return re.sub(r"(.)\1", r"\1", word)


def _introduced(tokens: list[Token], index: int) -> bool:
    before = [t.low for t in tokens[max(0, index - 3) : index]]
    return before[-2:] == ["name", "is"] or before[-2:] == ["name", "'s"] or (
        before[-1:] == ["hi"] or before[-1:] == ["hello"] or before[-1:] == ["named"]
    )  # fmt: skip
