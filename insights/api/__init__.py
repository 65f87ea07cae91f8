"""REST of what interviews came to; `copilot.api` names the addresses."""

from insights.api import ats, webhooks
from insights.api.exports import Exports
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
from insights.api.signing import (
    OneSummaryVersion,
    ReopenSummary,
    RestoreSummary,
    SignSummary,
    SummaryVersions,
)
from insights.api.templates import SummaryTemplates

__all__ = [
    "Analyse",
    "Analytics",
    "Claims",
    "Correction",
    "Exports",
    "Feedback",
    "GuideCheck",
    "Insights",
    "Line",
    "OffRecord",
    "OneSummaryVersion",
    "PlannedQuestion",
    "ReopenSummary",
    "RestoreSummary",
    "SignSummary",
    "Snapshot",
    "Summary",
    "SummaryTemplates",
    "SummaryVersions",
    "Tones",
    "Transcript",
    "ats",
    "webhooks",
]
