"""What language models take, per organization and day (UTC); it outlives the interviews."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F

from accounts.models import Organization
from insights.analyzers.base import Analysis
from insights.models import LlmSpending

_MILLION = Decimal(1_000_000)


def cost(analysis: Analysis) -> Decimal:
    """Return what an analysis cost, in the currency of the configured prices."""
    paid = analysis.tokens_in * Decimal(str(settings.INTERVIEW_LLM_PRICE_IN))
    paid += analysis.tokens_out * Decimal(str(settings.INTERVIEW_LLM_PRICE_OUT))
    return (paid / _MILLION).quantize(Decimal("0.000001"))


def figures(analysis: Analysis, error: str = "") -> dict[str, Any]:
    """Return the fields of an AnalysisRun that tell how an analysis came about and what it took."""
    return {
        "engine": analysis.engine,
        "model": settings.INTERVIEW_LLM_MODEL[:100] if analysis.calls else "",
        "calls": analysis.calls,
        "error": error,
        "findings": len(analysis.findings),
        "dropped": analysis.dropped,
        "tokens_in": analysis.tokens_in,
        "tokens_out": analysis.tokens_out,
        "cost": cost(analysis),
        "first_ms": analysis.first_ms,
        "total_ms": analysis.total_ms,
    }


def add(organization: Organization, analysis: Analysis) -> None:
    """Count one analysis; what was never asked costs nothing and leaves no row."""
    if not analysis.calls:
        return
    spending, _created = LlmSpending.objects.get_or_create(organization=organization, day=_today())
    LlmSpending.objects.filter(pk=spending.pk).update(
        calls=F("calls") + analysis.calls,
        tokens_in=F("tokens_in") + analysis.tokens_in,
        tokens_out=F("tokens_out") + analysis.tokens_out,
        cost=F("cost") + cost(analysis),
    )


def used_up(organization: Organization) -> bool:
    """Tell whether today's tokens are spent; calls under way may still pass the limit."""
    limit = organization.llm_daily_tokens
    if limit is None:
        return False
    today = organization.llm_spending.filter(day=_today()).first()
    return today is not None and today.tokens_in + today.tokens_out >= limit


def _today() -> date:
    return datetime.now(UTC).date()
