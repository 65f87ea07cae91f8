"""The question bank: what proved useful in an organization comes back for the same skill."""

from collections.abc import Collection

from accounts.models import Organization
from insights.models import BankQuestion, Insight


def learn(insight: Insight, before: str, after: str) -> None:
    """Count a change of feedback on a question; call inside the transaction that stores it."""


def suggest(
    organization: Organization,
    *,
    language: str,
    skills: Collection[str],
    competencies: Collection[str],
    most: int = 3,
) -> list[BankQuestion]:
    """Return the questions that served best for these skills, then for these competencies."""
    return []
