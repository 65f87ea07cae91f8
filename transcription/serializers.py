"""The one JSON shape of a segment, a gap, an upload: REST, snapshot and live events use it."""

from typing import Any

from django.utils.translation import gettext as _

from copilot.lib.crypto import CryptoError
from transcription.models import Gap, Role, Segment, Stream, Upload

DOUBTFUL = 0.55  # a confidence below which a page marks a word; static/js/words.js has it too


def segment_json(segment: Segment, *, doubtful: bool = False) -> dict[str, Any]:
    """Return a line; `doubtful` leaves out the words that a page has nothing to say about.

    A line that does not open says so: those around it can be read all the same.
    """
    text, words, corrected = _opened(segment)
    return {
        "id": str(segment.pk),
        "role": segment.role,
        "speaker": str(Role(segment.role).label),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": text,
        "words": _doubtful(text, words) if doubtful else [_word(*word) for word in words],
        "confidence": round(segment.confidence, 3),
        "engine": segment.engine,
        "kinds": segment.kinds,
        "hidden": segment.hidden,
        "erased": segment.erased,
        "corrected_at": segment.corrected_at.isoformat()
        if corrected and segment.corrected_at
        else None,
        "revision": segment.revision,
        "at": segment.created_at.isoformat(),
    }


def readable_text(segment: Segment) -> str:
    """Return what a person reads of a line, also where it does not open."""
    return _opened(segment)[0]


def _opened(segment: Segment) -> tuple[str, list[Any], bool]:
    """Return the text and words of a line, and whether it was put right."""
    try:
        return segment.text, segment.words, bool(segment.original)
    except CryptoError:
        return _("This line is damaged and cannot be opened."), [], False


def _word(
    text: str, start: int, end: int, confidence: float, raw: str = "", *_level: float
) -> dict[str, Any]:
    return {"t": text, "s": start, "e": end, "c": confidence} | ({"r": raw} if raw else {})


def _doubtful(text: str, words: list[Any]) -> list[dict[str, Any]]:
    """Return the words that may be wrong or were heard otherwise, each with its place `i`.

    The place counts UTF-16 units, as JavaScript does.
    """
    found = []
    at = 0
    for word in words:
        place = text.find(word[0], at)
        if place < 0:
            continue
        at = place + len(word[0])
        if word[3] < DOUBTFUL or (len(word) > 4 and word[4]):
            units = place if text.isascii() else len(text[:place].encode("utf-16-le")) // 2
            found.append({**_word(*word), "i": units})
    return found


def gap_json(gap: Gap) -> dict[str, Any]:
    return {
        "id": str(gap.pk),
        "role": gap.role,
        "start_ms": gap.start_ms,
        "end_ms": gap.end_ms,
        "reason": gap.reason,
        "revision": gap.revision,
    }


def upload_json(upload: Upload) -> dict[str, Any]:
    return {
        "id": str(upload.pk),
        "session": str(upload.session_id),
        "state": upload.state,
        "size": upload.size,
        "received": upload.received,
        "duration_ms": upload.duration_ms,
        "done_ms": upload.done_ms,
        "error": upload.error,
        "revision": upload.revision,
    }


def stream_json(stream: Stream) -> dict[str, Any]:
    return {"role": stream.role, "durable": stream.durable, "lost": stream.lost}
