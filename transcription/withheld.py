"""What was said off the record: by the times of words, nothing of it is let through."""

from collections.abc import Sequence
from dataclasses import replace

from transcription.engines.base import SAMPLE_RATE
from transcription.pipeline import Partial, SegmentDraft

SAMPLES_PER_MS = SAMPLE_RATE // 1000

Stretch = tuple[int, int | None]  # from, to on the interview's clock in ms; an open one has no end


def touches(stretches: Sequence[Stretch], start_ms: float, end_ms: float) -> bool:
    """Tell whether any of the time from `start_ms` to `end_ms` is off the record."""
    end_ms = max(end_ms, start_ms + 1)
    return any(
        end_ms > since and (to is None or (start_ms < to and since < to)) for since, to in stretches
    )


def kept(draft: SegmentDraft, stretches: Sequence[Stretch], origin_ms: int) -> list[SegmentDraft]:
    """Return what of an utterance is on the record: in several parts where a stretch lies inside.

    Of words without times all goes where the utterance touches a stretch.
    """

    def off(start: int, end: int) -> bool:
        begin = origin_ms + start / SAMPLES_PER_MS
        return touches(stretches, begin, origin_ms + end / SAMPLES_PER_MS)

    if not off(draft.start, draft.end):
        return [draft]
    runs: list[list[int]] = [[]]
    for place, word in enumerate(draft.words):
        if not off(word.start, word.end):
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [draft.only(run) for run in runs if run]


def shown(partial: Partial, stretches: Sequence[Stretch], origin_ms: int) -> Partial:
    """Return a partial as it may be shown: all or nothing, as its words have no times."""
    start, end = (origin_ms + at / SAMPLES_PER_MS for at in (partial.start, partial.end))
    return replace(partial, text="") if touches(stretches, start, end) else partial
