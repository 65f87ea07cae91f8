"""The one JSON shape of a segment, a gap, an upload: REST, snapshot and live events use it."""

from typing import Any

from transcription.models import Gap, Role, Segment, Stream, Upload


def segment_json(segment: Segment) -> dict[str, Any]:
    return {
        "id": str(segment.pk),
        "role": segment.role,
        "speaker": str(Role(segment.role).label),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "words": [
            {"t": text, "s": start, "e": end, "c": confidence}
            | ({"r": more[0]} if more and more[0] else {})
            for text, start, end, confidence, *more in segment.words
        ],
        "confidence": round(segment.confidence, 3),
        "engine": segment.engine,
        "kinds": segment.kinds,
        "echo": segment.echo,
        "revision": segment.revision,
        "at": segment.created_at.isoformat(),
    }


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
