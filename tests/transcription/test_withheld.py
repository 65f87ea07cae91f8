"""What was said off the record, by the times of words: no word lost outside, none kept inside."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transcription import withheld
from transcription.engines.base import Word
from transcription.pipeline import Partial, SegmentDraft
from transcription.withheld import SAMPLES_PER_MS

MS = st.integers(0, 4000)


@st.composite
def utterances(draw):
    """Words in a row, each with a name of its own."""
    at, words = draw(MS) * SAMPLES_PER_MS, []
    spans = st.tuples(st.integers(0, 3000), st.integers(0, 20_000))
    for n, (pause, length) in enumerate(draw(st.lists(spans, min_size=1, max_size=12))):
        words.append(Word(f"w{n}", at + pause, at + pause + length, 0.9))
        at += pause + length
    levels = tuple(-float(n) for n in range(len(words))) if draw(st.booleans()) else ()
    text = " ".join(word.text for word in words)
    tail = draw(st.integers(0, 8000))  # an utterance may go on after its last word
    start, end = words[0].start, words[-1].end + tail
    return SegmentDraft(text, tuple(words), start, end, 0.9, "scripted", {}, levels=levels)


@st.composite
def stretches(draw):
    """Stretches that do not overlap, the last of which may still be open."""
    edges = sorted(draw(st.lists(MS, max_size=8)))
    found = list(zip(edges[::2], edges[1::2], strict=False))
    return [*found, (edges[-1], None)] if len(edges) % 2 else found


def is_off(word, off, origin_ms):
    """Say it sample by sample: the interview's clock of each that the word has."""
    begin = origin_ms * SAMPLES_PER_MS + word.start
    end = max(origin_ms * SAMPLES_PER_MS + word.end, begin + SAMPLES_PER_MS)
    return any(
        max(begin, since * SAMPLES_PER_MS) < (end if to is None else min(end, to * SAMPLES_PER_MS))
        for since, to in off
    )


@given(utterances(), stretches(), st.integers(0, 3000))
def test_every_word_outside_is_kept_and_none_inside(draft, off, origin_ms):
    parts = withheld.kept(draft, off, origin_ms)
    told = [word for part in parts for word in part.words]
    assert told == [word for word in draft.words if not is_off(word, off, origin_ms)]
    for part in parts:
        assert part.text == " ".join(word.text for word in part.words)
        assert len(part.levels) in (0, len(part.words))
        assert draft.start <= part.start <= part.end <= draft.end
    # No part reaches across a stretch: none of its time is off the record.
    for part in parts if len(parts) > 1 else ():
        assert not is_off(part, off, origin_ms)
    for one, other in pairwise(parts):
        assert one.end <= other.start


@given(utterances(), stretches(), st.integers(0, 3000))
def test_of_words_without_times_nothing_is_let_through_beside_a_stretch(draft, off, origin_ms):
    bare = SegmentDraft("all of it", (), draft.start, draft.end, 0.9, "scripted", {})
    partial = Partial("all of it", draft.start, draft.end)
    shown = withheld.shown(partial, off, origin_ms).text
    if is_off(bare, off, origin_ms):
        assert withheld.kept(bare, off, origin_ms) == []
        assert shown == ""
    else:
        assert withheld.kept(bare, off, origin_ms) == [bare]
        assert shown == "all of it"


def test_a_word_that_takes_no_time_belongs_to_the_stretch_that_begins_with_it():
    assert withheld.touches([(1000, None)], 1000, 1000)
    assert withheld.touches([(1000, 2000)], 1000, 1000)
    assert not withheld.touches([(1000, 2000)], 2000, 2000)
