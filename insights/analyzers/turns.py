"""Puts lines together into turns: what one person said until the other spoke."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from insights.analyzers.base import CANDIDATE, INTERVIEWER, ROOM, Line
from insights.analyzers.lexicon import words
from insights.analyzers.speech import Speech
from insights.analyzers.text import norms, sentence_at, sentences

_ACKNOWLEDGEMENT_WORDS = 4
_ACKNOWLEDGEMENTS = words("acknowledgements")


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive lines of one role; `text` joins them by line ends."""

    role: str
    lines: tuple[Line, ...]
    text: str = field(repr=False)
    question: str = field(default="", repr=False)  # what the interviewer said just before

    def ids(self, start: int, end: int) -> tuple[str, ...]:
        """Return the ids of the lines that a span of `text` touches."""
        found, offset = [], 0
        for line in self.lines:
            if offset < end and start < offset + len(line.text) + 1:
                found.append(line.id)
            offset += len(line.text) + 1
        return tuple(found)

    def sentence(self, start: int, end: int) -> str:
        return sentence_at(self.text, start, end)

    def part(self, line_id: str) -> tuple[int, int]:
        """Return where one of the lines stands in `text`."""
        start = 0
        for line in self.lines:
            if line.id == line_id:
                break
            start += len(line.text) + 1
        return start, start + len(line.text)

    def touches(self, start: int, end: int, ids: Collection[str]) -> bool:
        return any(line_id in ids for line_id in self.ids(start, end))

    @property
    def gist(self) -> tuple[int, int]:
        """The span of the longest sentence: what to quote when the whole turn is meant."""
        return max(sentences(self.text), key=lambda s: s[1] - s[0], default=(0, len(self.text)))

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer; `finished` once the interviewer speaks again."""

    question: Turn | None
    answer: Turn
    finished: bool
    follower: Turn | None = None


def turns(lines: Iterable[Line]) -> list[Turn]:
    """Return the turns, oldest first; "mm-hm" of the interviewer does not cut an answer in two."""
    groups: list[list[Line]] = []
    for line in lines:
        if not line.text.strip():
            continue
        if groups and groups[-1][0].role == line.role:
            groups[-1].append(line)
        elif len(groups) > 1 and _is_backchannel(groups[-1]) and groups[-2][0].role == line.role:
            groups.pop()
            groups[-1].append(line)
        else:
            groups.append([line])
    found: list[Turn] = []
    for group in groups:
        text = Speech("\n".join(line.text for line in group))
        before = found[-1] if found else None
        question = before.text if before and before.role == INTERVIEWER else ""
        found.append(Turn(group[0].role, tuple(group), text, question))
    return found


def exchanges(found: list[Turn]) -> list[Exchange]:
    """Pair every answer of the candidate with the question before it; room audio counts as both."""
    pairs = []
    for i, turn in enumerate(found):
        if turn.role not in (CANDIDATE, ROOM):
            continue
        question = found[i - 1] if i and found[i - 1].role == INTERVIEWER else None
        follower = found[i + 1] if i + 1 < len(found) else None
        finished = follower is not None and follower.role == INTERVIEWER
        pairs.append(Exchange(question, turn, finished, follower if finished else None))
    return pairs


def _is_backchannel(lines: list[Line]) -> bool:
    said = norms(" ".join(line.text for line in lines))
    return (
        lines[0].role == INTERVIEWER
        and len(said) <= _ACKNOWLEDGEMENT_WORDS
        and _ACKNOWLEDGEMENTS.issuperset(said)
    )
