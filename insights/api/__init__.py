"""REST of what interviews came to; `copilot.api` names the addresses."""

from insights.api.interviews import (
    Analyse,
    Analytics,
    Claims,
    Correction,
    Feedback,
    GuideCheck,
    Insights,
    Line,
    OffRecord,
    PlannedQuestion,
    Snapshot,
    Summary,
    Tones,
    Transcript,
)

__all__ = [
    "Analyse",
    "Analytics",
    "Claims",
    "Correction",
    "Feedback",
    "GuideCheck",
    "Insights",
    "Line",
    "OffRecord",
    "PlannedQuestion",
    "Snapshot",
    "Summary",
    "Tones",
    "Transcript",
]
