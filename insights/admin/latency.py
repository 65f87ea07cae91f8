"""The operator's page: how long each stage took beside its target, and how the model does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.administration import OperatorPage, add_page
from accounts.administration import hidden as closed_to
from copilot.lib.latency import Stage
from insights import latency
from insights.breaker import Breaker
from insights.latency import Figures
from insights.models import AnalysisRun, LlmSpending
from insights.queries import REASONS

DAY = timedelta(days=1)
PERIODS = {
    "hour": (_("Last hour"), timedelta(hours=1)),
    "day": (_("Last day"), DAY),
    "week": (_("Last week"), timedelta(days=7)),
}
STAGES = {
    Stage.RECOGNITION: (
        _("Recognition"),
        _("The last sound of an utterance arrived → it is stored"),
    ),
    Stage.FIRST_CARD: (_("First card"), _("A line is stored → the first instant card about it")),
    Stage.ANALYSIS: (_("Analysis"), _("The newest line of a run is stored → the run is complete")),
    Stage.DELIVERY: (_("Delivery"), _("An event is published → it is given to a viewer's socket")),
    Stage.TOTAL: (_("Total"), _("Words end → the first card about them is given to a viewer")),
}
BREAKER = {
    "closed": _("Well: it is asked"),
    "open": _("Left alone after failures"),
    "half open": _("Tried again, one call at a time"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of the table; `percentiles` and `average` in words, `used` is p95 / its target."""

    name: Any
    meaning: Any
    count: int
    average: str
    percentiles: list[str]
    target: list[str]
    used: float
    met: bool | None


def _told(ms: float) -> str:
    return f"{ms / 1000:.3g} s" if ms >= 1000 else f"{ms:.3g} ms"


def _row(figures: Figures) -> Row:
    name, meaning = STAGES[figures.stage]
    return Row(
        name=name,
        meaning=meaning,
        count=figures.count,
        average=_told(figures.average),
        percentiles=[_told(value) for value in figures.percentiles.values()],
        target=[f"p{share * 100:g} ≤ {_told(limit)}" for share, limit in figures.target.items()],
        used=figures.percentiles[0.95] / figures.target[0.95],
        met=figures.met,
    )


def _runs(since: datetime) -> list[dict[str, Any]]:
    """Return how many runs each engine made, and why it was not the model; no interview shows."""
    runs = AnalysisRun.objects.filter(created_at__gte=since).order_by()
    kinds = runs.values("purpose", "engine", "error").annotate(
        count=Count("pk"), tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out")
    )
    purposes = dict(AnalysisRun.Purpose.choices)
    return [
        {
            **kind,
            "purpose": purposes[kind["purpose"]],
            "reason": REASONS.get(kind["error"], kind["error"]),
        }
        for kind in kinds.order_by("-count")
    ]


def _spending(request: HttpRequest, since: datetime) -> list[dict[str, Any]]:
    days = LlmSpending.objects.filter(day__gte=since.date())
    by_organization = days.exclude(organization__in=closed_to(request)).order_by()
    sums = by_organization.values("organization__name").annotate(
        calls=Sum("calls"),
        tokens_in=Sum("tokens_in"),
        tokens_out=Sum("tokens_out"),
        cost=Sum("cost"),
    )
    return [{**row} for row in sums.order_by("-cost", "organization__name")]


@require_safe
def latency_page(request: HttpRequest) -> HttpResponse:
    chosen = request.GET.get("period", "")
    period = chosen if chosen in PERIODS else "hour"
    now = timezone.now()
    figures = latency.figures(now - PERIODS[period][1])
    state, code = Breaker.configured().standing()
    context = {
        **admin.site.each_context(request),
        "title": _("Latency"),
        "periods": [(key, label) for key, (label, _length) in PERIODS.items()],
        "period": period,
        "rows": [_row(stage) for stage in figures],
        "empty": not any(stage.count for stage in figures),
        "runs": _runs(now - DAY),
        "spending": _spending(request, now - DAY),
        "model": settings.INTERVIEW_LLM_MODEL if settings.INTERVIEW_LLM_BASE_URL else "",
        "breaker": BREAKER[state],
        "breaker_state": state,
        "breaker_reason": REASONS.get(code, code),
        "metrics": bool(settings.INTERVIEW_METRICS_TOKEN),
    }
    return render(request, "admin/latency.html", context)


add_page(
    OperatorPage(
        "latency/",
        "latency",
        latency_page,
        icon="speed",
        title=_("Latency"),
        summary=_("How long each stage takes, and how the language model does"),
    )
)
