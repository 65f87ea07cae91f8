"""The one JSON shape of a segment: REST, snapshot and live events use it."""

from typing import Any

from transcription.models import Role, Segment, Stream


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
            for text, start, end, confidence in segment.words
        ],
        "confidence": round(segment.confidence, 3),
        "engine": segment.engine,
        "kinds": segment.kinds,
        "revision": segment.revision,
        "at": segment.created_at.isoformat(),
    }


def stream_json(stream: Stream) -> dict[str, Any]:
    return {"role": stream.role, "durable": stream.durable, "lost": stream.lost}
