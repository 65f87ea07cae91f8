"""The one JSON shape of an insight: REST, snapshot and live events use it."""

from typing import Any

from insights.kinds import LOOKS, Kind, Priority
from insights.models import Insight


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
        "revision": insight.revision,
        "at": insight.created_at.isoformat(),
    }
