"""The kinds of insight and how each one looks: the only place that knows icons, colours, tabs."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    INSIGHT = "insight"
    TIP = "tip"
    QUESTION = "question"
    FACT_CHECK = "fact_check"
    WARNING = "warning"
    HIGHLIGHT = "highlight"
    SENTIMENT = "sentiment"


class Priority(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Look:
    icon: str
    colour: str
    title: str
    priority: Priority
    tab: str


LOOKS: dict[Kind, Look] = {
    Kind.INSIGHT: Look("bulb", "indigo", "Insight", Priority.MEDIUM, "insights"),
    Kind.TIP: Look("tip", "grey", "Tip", Priority.LOW, "insights"),
    Kind.QUESTION: Look("question", "blue", "Suggested Question", Priority.MEDIUM, "questions"),
    Kind.FACT_CHECK: Look("triangle", "yellow", "Verify Claim", Priority.HIGH, "fact_check"),
    Kind.WARNING: Look("alert", "red", "Red Flag", Priority.HIGH, "insights"),
    Kind.HIGHLIGHT: Look("star", "green", "Key Moment", Priority.LOW, "insights"),
    Kind.SENTIMENT: Look(
        "heart", "orange", "Candidate Stress Detected", Priority.HIGH, "sentiment"
    ),
}
