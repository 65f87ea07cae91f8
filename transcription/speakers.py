"""Who speaks in a room with one microphone: people say so by a key, nothing listens for it."""

from __future__ import annotations

from bisect import bisect_right, insort

from transcription.engines.base import SAMPLE_RATE
from transcription.pipeline import SegmentDraft

REACTION = SAMPLE_RATE * 7 // 10  # samples between a change of speakers and the key
PAUSE = SAMPLE_RATE * 15 // 100  # samples without a word that are more than fluent speech has
MAX_MARKS = 1000  # kept at a time; a fast hand presses twice a second

Mark = tuple[int, str]  # from this sample on this role speaks


class Speakers:
    """Remember the marks of one stream, and cut utterances where the speaker changes."""

    def __init__(self, unmarked: str) -> None:
        self._unmarked = unmarked
        self._marks: list[Mark] = []

    def mark(self, role: str, at: int) -> None:
        """Note who speaks from sample `at` on; of two marks at one sample the later counts."""
        self._marks = [mark for mark in self._marks if mark[0] != at]
        insort(self._marks, (at, role))
        del self._marks[:-MAX_MARKS]

    def at(self, sample: int) -> str:
        """Return who speaks at a sample."""
        before = bisect_right(self._marks, sample, key=lambda mark: mark[0])
        return self._marks[before - 1][1] if before else self._unmarked

    def forget(self, before: int) -> None:
        """Drop what no longer tells anything about sound from sample `before` on."""
        old = bisect_right(self._marks, before, key=lambda mark: mark[0])
        del self._marks[: max(0, old - 1)]

    def split(self, draft: SegmentDraft) -> list[tuple[str, SegmentDraft]]:
        """Return the parts of an utterance with who said them.

        The key comes a little early or late: a part ends in the widest pause near the mark.
        """
        if not draft.words:
            return [(self.at((draft.start + draft.end) // 2), draft)]
        cuts = [0]
        roles = [self.at(draft.start)]
        for at, role in self._marks:
            if draft.start < at < draft.end:
                cuts.append(max(cuts[-1], _cut(draft, at)))
                roles.append(role)
        cuts.append(len(draft.words))
        parts: list[tuple[str, list[int]]] = []
        for role, first, end in zip(roles, cuts, cuts[1:], strict=False):
            if parts and parts[-1][0] == role:
                parts[-1][1].extend(range(first, end))
            elif first < end:
                parts.append((role, list(range(first, end))))
        if len(parts) == 1:
            return [(parts[0][0], draft)]
        return [(role, draft.only(places)) for role, places in parts]


def _cut(draft: SegmentDraft, mark: int) -> int:
    """Return how many words were said before a mark within the utterance."""
    words = draft.words
    near = [
        (words[n].start - words[n - 1].end, -abs(middle - mark), n)
        for n in range(1, len(words))
        if abs((middle := (words[n - 1].end + words[n].start) // 2) - mark) <= REACTION
    ]
    widest, _distance, at = max(near, default=(0, 0, 0))
    if widest >= PAUSE:
        return at
    # None within it: the pauses around the utterance are wider, where one of them is as near.
    if min(mark - draft.start, draft.end - mark) <= REACTION:
        return 0 if mark - draft.start <= draft.end - mark else len(words)
    return at if near else sum(word.start + word.end < 2 * mark for word in words)
