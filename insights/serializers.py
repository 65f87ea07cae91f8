"""The one JSON shape of a card, a claim and a tone: REST, snapshot and live events use it."""

from collections.abc import Collection, Mapping
from typing import Any

from insights.kinds import LOOKS, Kind, Priority
from insights.models import Claim, Coverage, Insight, SentimentPoint, Summary


def insight_json(insight: Insight) -> dict[str, Any]:
    look = LOOKS[Kind(insight.kind)]
    return {
        "id": str(insight.pk),
        "kind": insight.kind,
        "tab": look.tab,
        "icon": look.icon,
        "colour": look.colour,
        "title": insight.title,
        "content": insight.content,
        "quote": insight.quote,
        "other_quote": insight.other_quote or "",
        "reason": insight.reason,
        "verdict": insight.verdict,
        "competency": insight.competency,
        "priority": Priority(insight.priority).name.lower(),
        "state": insight.state,
        "source": insight.source,
        "segments": insight.segments,
        "feedback": insight.feedback,
        "stale": insight.stale,
        "asked_in": str(insight.asked_in) if insight.asked_in else None,
        "revision": insight.revision,
        "at": insight.created_at.isoformat(),
    }


def coverage_json(coverage: Coverage | None) -> dict[str, Any]:
    """Return how far a planned question is covered.

    `star` has the parts of a story with the lines that show them; none where none is asked for.
    """
    if coverage is None or not coverage.asked:
        return {"asked_ms": None, "asked_in": None, "by": "", "star": {}}
    line = str(coverage.asked_in) if coverage.asked_in else None
    asked = {"asked_ms": coverage.asked_ms or 0, "asked_in": line, "by": coverage.by}
    return {**asked, "star": coverage.star}


def planned_json(coverage: Coverage) -> dict[str, Any]:
    """Return what an event tells of a planned question, whose text everybody has."""
    return {"id": coverage.question, **coverage_json(coverage)}


def claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "id": str(claim.pk),
        "segment": str(claim.segment_id),
        "kind": claim.kind,
        "statement": claim.statement,
        "quote": claim.quote,
        "verdict": claim.verdict,
        "against": claim.against,
        "reason": claim.reason,
        "other_quote": claim.other_quote or "",
        "other_segment": str(claim.other_segment) if claim.other_segment else None,
        "source": claim.source,
        "stale": claim.stale,
        "revision": claim.revision,
        "at": claim.created_at.isoformat(),
    }


def tone_json(point: SentimentPoint) -> dict[str, Any]:
    """Return one point of the chart; at_ms is the end of its line on the interview's clock."""
    reading: dict[str, Any] = point.reading
    return {
        "id": str(point.pk),
        "segment": str(point.segment_id),
        "at_ms": point.segment.end_ms,
        "overall": reading["overall"],
        "confidence": reading["confidence"],
        "indicators": reading["indicators"],
        "revision": point.revision,
    }


def lines_shown(sentence: dict[str, Any], hidden: Collection[str]) -> list[str] | None:
    """Return the lines under a stored sentence that may be shown; None: it is not to be shown."""
    lines = [line for line in sentence["segments"] if line not in hidden]
    rests = lines or not sentence["segments"] or sentence["edited"]
    return None if sentence["removed"] or not rests else lines


def summary_json(
    summary: Summary | None, *, hidden: Collection[str] = (), names: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """Return a summary without what was taken out, and without what rests on hidden lines only."""
    if summary is None:
        return {"state": Summary.State.MAKING, "revision": 0, "made_at": None, "sections": []}

    def shown(sentence: dict[str, Any]) -> dict[str, Any] | None:
        lines = lines_shown(sentence, hidden)
        if lines is None:
            return None
        by = (names or {}).get(sentence["by"], "") if sentence["by"] else ""
        kept = {key: sentence[key] for key in ("id", "text", "edited", "own", "at")}
        return {**kept, "segments": lines, "by": by}

    sections = [
        {
            "key": section["key"],
            "title": section["title"],
            "sentences": [s for s in map(shown, section["sentences"]) if s],
        }
        for section in summary.sections
    ]
    return {
        "state": summary.state,
        "revision": summary.revision,
        "made_at": summary.made_at.isoformat() if summary.made_at else None,
        "sections": sections,
    }
