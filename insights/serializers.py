"""The one JSON shape of a card, a claim and a tone: REST, snapshot and live events use it."""

from typing import Any

from insights.kinds import LOOKS, Kind, Priority
from insights.models import Claim, Insight, SentimentPoint


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
        "asked_in": str(insight.asked_in) if insight.asked_in else None,
        "revision": insight.revision,
        "at": insight.created_at.isoformat(),
    }


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
