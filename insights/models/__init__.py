"""What is made of an interview, and what of it leaves."""

from insights.models.analysis import (
    WITHDRAWN,
    AnalysisRun,
    AnalysisState,
    BankQuestion,
    Claim,
    Coverage,
    Insight,
    LatencyCount,
    LlmSpending,
    SentimentPoint,
)
from insights.models.sending import (
    AtsConnection,
    AtsDelivery,
    AtsRemoval,
    State,
    Webhook,
    WebhookDelivery,
)
from insights.models.summary import Summary, SummaryTemplate, SummaryVersion

__all__ = [
    "WITHDRAWN",
    "AnalysisRun",
    "AnalysisState",
    "AtsConnection",
    "AtsDelivery",
    "AtsRemoval",
    "BankQuestion",
    "Claim",
    "Coverage",
    "Insight",
    "LatencyCount",
    "LlmSpending",
    "SentimentPoint",
    "State",
    "Summary",
    "SummaryTemplate",
    "SummaryVersion",
    "Webhook",
    "WebhookDelivery",
]
