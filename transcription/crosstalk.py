"""Two channels of one interview that hear each other: what is an echo is not shown."""

from transcription import echo
from transcription.echo import WINDOW_MS, Heard
from transcription.models import SAMPLES_PER_MS, Role, Segment

LONGEST_MS = 120_000  # no utterance lasts longer


def settle(segment: Segment) -> list[Segment]:
    """Take out of a new segment what another channel heard better; return older ones that changed.

    The other way round the words go out of the older one. An utterance that is nothing else is
    hidden instead. Changes rows in memory only; the caller holds the session and stores them.
    """
    mine = _heard(segment)
    if not mine or segment.stream.role == Role.ROOM:
        return []
    words = {other: _heard(other) for other in _around(segment)}
    ours, theirs = echo.find(mine, list(words.values()))
    _leave_out(segment, ours)
    for other, places in zip(words, theirs, strict=True):
        _leave_out(other, places)
    return [other for other, places in zip(words, theirs, strict=True) if places]


def _around(segment: Segment) -> list[Segment]:
    """Return what other channels said at the time: few rows, found by their index."""
    rows: list[Segment] = []
    begin, end = segment.start_ms - WINDOW_MS, segment.end_ms + WINDOW_MS
    others = segment.session.streams.exclude(role__in=[segment.stream.role, Role.ROOM])
    for stream_id, origin_ms in others.values_list("pk", "origin_ms"):
        first, last = (
            max(0, (ms - origin_ms) * SAMPLES_PER_MS) for ms in (begin - LONGEST_MS, end)
        )
        rows += segment.session.segments.filter(
            stream_id=stream_id,
            start_sample__range=(first, last),
            end_ms__gte=begin,
            hidden=False,
            level__isnull=False,
        )
    return rows


def _heard(segment: Segment) -> list[Heard]:
    """Return the words with how loud they were; none where that is not known."""
    if segment.level is None:
        return []
    return [
        Heard(text, start, end, more[1] if len(more) > 1 else segment.level)
        for text, start, end, _confidence, *more in segment.words
    ]


def _leave_out(segment: Segment, places: echo.Places) -> None:
    kept = [word for place, word in enumerate(segment.words) if place not in places]
    if not kept:
        segment.hidden = bool(places)
    elif places:
        segment.words = kept
        segment.text = " ".join(word[0] for word in kept)
        segment.start_ms, segment.end_ms = kept[0][1], kept[-1][2]
