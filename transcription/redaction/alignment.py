"""Fit a recognizer's words to redacted text."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from transcription.engines.base import Word

from .spans import Span


def _letters(text: str) -> tuple[str, list[int]]:
    places = [place for place, char in enumerate(text) if char.isalnum()]
    return "".join(text[place].lower()[:1] for place in places), places


def word_ranges(text: str, words: Sequence[Word]) -> list[tuple[int, int] | None]:
    """Return for each word its (start, end) in `text`, None for one that has no place there.

    Letters and digits are aligned, so spaces, case and punctuation may differ; where the two
    readings differ altogether, words get the whole differing stretch, never less.
    """
    said, places = _letters(text)
    heard: list[str] = []
    bounds: list[tuple[int, int]] = []
    size = 0
    for word in words:
        letters = _letters(word.text)[0]
        heard.append(letters)
        bounds.append((size, size + len(letters)))
        size += len(letters)
    spoken = "".join(heard)
    if said == spoken:
        return [(places[a], places[b - 1] + 1) if b > a else None for a, b in bounds]
    low = [len(text)] * size
    high = [-1] * size
    for step in Levenshtein.opcodes(said, spoken):
        for at in range(step.dest_start, step.dest_end):
            if step.tag == "equal":
                low[at] = high[at] = places[step.src_start + at - step.dest_start]
            elif step.src_start < step.src_end:
                low[at], high[at] = places[step.src_start], places[step.src_end - 1]
            elif places:
                low[at] = places[max(0, step.src_start - 1)]
                high[at] = places[min(len(places) - 1, step.src_start)]
    ranges: list[tuple[int, int] | None] = []
    for a, b in bounds:
        ranges.append((min(low[a:b]), max(high[a:b]) + 1) if b > a else None)
    return ranges


def redact_words(
    words: Sequence[Word],
    ranges: Sequence[tuple[int, int] | None],
    spans: Sequence[Span],
    labels: Sequence[str],
) -> tuple[Word, ...]:
    """Return the words with every stretch inside a span as one word, the span's label.

    A word that overlaps a span at all belongs to it: what hangs on it (a possessive, a comma)
    goes with it rather than let a letter through.
    """
    result: list[Word] = []
    group: list[Word] = []
    current = -1

    def close() -> None:
        if group:
            confidence = sum(w.confidence for w in group) / len(group)
            result.append(Word(labels[current], group[0].start, group[-1].end, confidence))
            group.clear()

    for word, place in zip(words, ranges, strict=True):
        owner = -1
        if place is None:
            owner = current if group else -1
        else:
            owner = next(
                (i for i, s in enumerate(spans) if s.start < place[1] and place[0] < s.end), -1
            )
        if owner != current:
            close()
        current = owner
        if owner < 0:
            result.append(word)
        else:
            group.append(word)
    close()
    return tuple(result)
