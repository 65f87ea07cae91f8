"""Whether the language model may be asked now, and what asking it cost."""

from django.core.cache import cache

from accounts.models import Organization
from insights import queries

BREAKER_SECONDS = 30.0  # after a failure the model is left alone for so long
BREAKER_KEY = "insights:llm-open"


def closed(organization: Organization) -> str:
    """Return why the model may not be asked (a code of `queries.REASONS`), empty if it may."""
    limit = organization.llm_daily_tokens
    over = limit is not None and queries.tokens_today(organization) >= limit
    return cache.get(BREAKER_KEY, "") or ("budget" if over else "")


def failed(code: str, retry_after: float | None) -> None:
    cache.set(BREAKER_KEY, code, retry_after or BREAKER_SECONDS)
