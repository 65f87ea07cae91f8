"""Which words of two channels are one voice and its echo: heard by both, louder by its owner.

Precision comes before recall: a run of words counts only where both channels said it at the same
time and one of them clearly louder. What only one of them has, stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from rapidfuzz import fuzz

WINDOW_MS = 1000  # an echo comes within this time; clocks of two devices differ too
SWAY_MS = 400  # from word to word the delay of an echo changes by less
REACH = 3  # words to the next one that both heard: recognizers differ a little
ALIKE = 80  # of 100: how alike two longer words are
RUN = 3  # words in a row; fewer are an echo only where they are a whole utterance
CLEARLY_DB = 3.0
SHORT_DB = 6.0  # for such a short utterance: two people may say "yes" at once


@dataclass(frozen=True, slots=True)
class Heard:
    """One word on one channel: ms on the interview's clock, and how loud it was in dBFS."""

    text: str = field(repr=False)
    start: int
    end: int
    level: float


Places = frozenset[int]
Match = tuple[int, int]  # places of one word on two channels


def find(
    mine: Sequence[Heard], theirs: Sequence[Sequence[Heard]]
) -> tuple[Places, tuple[Places, ...]]:
    """Return which words of my utterance, and of each of another channel's, are echoes.

    `theirs` are utterances in the order they were said.
    """
    other = [word for utterance in theirs for word in utterance]
    sizes = [len(utterance) for utterance in theirs]
    my_part: set[int] = set()
    their_part: set[int] = set()
    for run in _runs(mine, other):
        quieter = median(other[j].level - mine[i].level for i, j in run)
        if abs(quieter) < CLEARLY_DB or not _at_once(mine, other, run):
            continue
        turned = [(j, i) for i, j in run]
        if quieter > 0 and _counts(run, [len(mine)], quieter):
            my_part.update(_echo(mine, other, run))
        elif quieter < 0 and _counts(turned, sizes, -quieter):
            their_part.update(_echo(other, mine, turned))
    parts, first = [], 0
    for size in sizes:
        parts.append(frozenset(j - first for j in their_part if first <= j < first + size))
        first += size
    return frozenset(my_part), tuple(parts)


def _runs(mine: Sequence[Heard], other: Sequence[Heard]) -> list[list[Match]]:
    """Return stretches of words that both channels have, the longest first; none twice."""
    ours, their = [_key(w.text) for w in mine], [_key(w.text) for w in other]
    delays = {
        (i, j): said.start - word.start
        for i, word in enumerate(mine)
        for j, said in enumerate(other)
        if abs(said.start - word.start) <= WINDOW_MS and _alike(ours[i], their[j])
    }
    runs: list[list[Match]] = []
    while delays:
        runs.append(run := _longest(delays))
        used_i, used_j = {i for i, _j in run}, {j for _i, j in run}
        delays = {m: d for m, d in delays.items() if m[0] not in used_i and m[1] not in used_j}
    return runs


def _longest(delays: dict[Match, int]) -> list[Match]:
    """Return the longest chain of matches that go forward together."""
    matches = list(delays)  # in the order of the first channel
    length = [1] * len(matches)
    before = [-1] * len(matches)
    for n, (i, j) in enumerate(matches):
        for m in range(n - 1, -1, -1):
            a, b = matches[m]
            if i - a > REACH:
                break
            steady = abs(delays[matches[n]] - delays[matches[m]]) <= SWAY_MS
            if a < i and b < j <= b + REACH and steady and length[m] >= length[n]:
                length[n], before[n] = length[m] + 1, m
    at = max(range(len(matches)), key=length.__getitem__)
    run: list[Match] = []
    while at >= 0:
        run.insert(0, matches[at])
        at = before[at]
    return run


def _counts(run: list[Match], sizes: Sequence[int], louder_db: float) -> bool:
    """Tell whether a run is long enough, or all of an utterance and much quieter."""
    in_a_row = longest = 1
    for (a, b), (c, d) in pairwise(run):
        in_a_row = in_a_row + 1 if (c, d) == (a + 1, b + 1) else 1
        longest = max(longest, in_a_row)
    if longest >= RUN:
        return True
    first = 0
    for size in sizes:
        if [i for i, _j in run] == list(range(first, first + size)):
            return louder_db >= SHORT_DB
        first += size
    return False


def _at_once(mine: Sequence[Heard], other: Sequence[Heard], run: list[Match]) -> bool:
    """Tell whether both said it at the same time; whoever repeats it says it afterwards."""
    (a, b), (c, d) = run[0], run[-1]
    both = min(mine[c].end, other[d].end) - max(mine[a].start, other[b].start)
    shorter = min(mine[c].end - mine[a].start, other[d].end - other[b].start)
    return both > shorter / 2


def _echo(quiet: Sequence[Heard], loud: Sequence[Heard], run: list[Match]) -> set[int]:
    """Return the places of a run's words on the quieter channel.

    Between two of them it may have heard a word differently: as quiet as they are, at the time of
    a louder one that it lacks. What else it has there was said by its own speaker.
    """
    found = {i for i, _j in run}
    level = median(quiet[i].level for i in found) + CLEARLY_DB
    for (a, b), (c, d) in pairwise(run):
        delay = loud[b].start - quiet[a].start
        for place in range(a + 1, c):
            word = quiet[place]
            if word.level < level and any(
                said.level >= word.level + CLEARLY_DB and _overlap(word, said, delay)
                for said in loud[b + 1 : d]
            ):
                found.add(place)
    return found


def _overlap(word: Heard, said: Heard, delay: int) -> bool:
    return min(said.end, word.end + delay) > max(said.start, word.start + delay)


def _key(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def _alike(one: str, other: str) -> bool:
    if one == other:
        return one != ""
    return min(len(one), len(other)) >= 4 and fuzz.ratio(one, other) >= ALIKE
