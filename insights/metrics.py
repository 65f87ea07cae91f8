"""What Prometheus reads: the whole installation from its database, whichever process answers.

Labels are stages, engines and codes; no name, no id, nothing that was said.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate

from django.conf import settings
from django.db.models import Count, F, OuterRef, Subquery, Sum
from django.utils import timezone
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from copilot.lib.latency import BOUNDS_MS
from insights import latency
from insights.breaker import Breaker
from insights.models import AnalysisRun, AnalysisState, LlmSpending
from sessions import access
from transcription.models import Segment

PREFIX = "interview_copilot"
LIMITS = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]  # seconds


def exposition(accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that `accept` asks for, and its content type."""
    registry = CollectorRegistry()
    registry.register(_FromDatabase())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _FromDatabase(Collector):
    def describe(self) -> list[Metric]:
        return []  # registering asks the database nothing

    def collect(self) -> Iterator[Metric]:
        yield _stages()
        yield from _spending()
        yield _runs()
        yield _live()
        yield from _waiting()
        if settings.INTERVIEW_LLM_BASE_URL:
            yield _breaker()


def _stages() -> Metric:
    family = HistogramMetricFamily(
        f"{PREFIX}_stage_seconds", "How long each stage of help took.", labels=["stage"]
    )
    for stage, histogram in latency.histograms().items():
        buckets = list(zip(LIMITS, accumulate(histogram.counts), strict=True))
        family.add_metric([stage.value], buckets, sum(histogram.sums) / 1000)
    return family


def _spending() -> Iterator[Metric]:
    all_time = LlmSpending.objects.aggregate(
        calls=Sum("calls", default=0),
        tokens_in=Sum("tokens_in", default=0),
        tokens_out=Sum("tokens_out", default=0),
        cost=Sum("cost", default=0),
    )
    yield CounterMetricFamily(
        f"{PREFIX}_llm_calls", "Requests sent to language models.", all_time["calls"]
    )
    tokens = CounterMetricFamily(
        f"{PREFIX}_llm_tokens", "Tokens that language models took.", labels=["direction"]
    )
    tokens.add_metric(["in"], all_time["tokens_in"])
    tokens.add_metric(["out"], all_time["tokens_out"])
    yield tokens
    yield CounterMetricFamily(
        f"{PREFIX}_llm_cost", "Their cost in the currency of the settings.", all_time["cost"]
    )


def _runs() -> Metric:
    """Runs go with their interviews: a count of all of them would fall, one of an hour may."""
    family = GaugeMetricFamily(
        f"{PREFIX}_analysis_runs_last_hour",
        "Analyses of the last hour by purpose, by who made them, and why it was not the model.",
        labels=["purpose", "engine", "error"],
    )
    recent = AnalysisRun.objects.filter(created_at__gte=timezone.now() - timedelta(hours=1))
    kinds = recent.order_by().values_list("purpose", "engine", "error").annotate(n=Count("pk"))
    for purpose, engine, error, count in kinds:
        family.add_metric([purpose, engine, error], count)
    return family


def _live() -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_sessions_live", "Interviews that run.", access.count_live())


def _waiting() -> Iterator[Metric]:
    unread = AnalysisState.objects.filter(last_sequence__gt=F("analysed_through"))
    oldest = Segment.objects.filter(
        session=OuterRef("session"), sequence__gt=OuterRef("analysed_through")
    ).order_by("sequence")
    waiting = unread.annotate(since=Subquery(oldest.values("created_at")[:1]))
    longest = waiting.filter(since__isnull=False).order_by("since").first()
    yield GaugeMetricFamily(
        f"{PREFIX}_analysis_waiting", "Interviews with lines not analysed.", waiting.count()
    )
    age = timezone.now() - longest.since if longest else timedelta()
    yield GaugeMetricFamily(
        f"{PREFIX}_analysis_waiting_seconds",
        "Age of the oldest line that is not analysed.",
        max(0.0, age.total_seconds()),
    )


def _breaker() -> Metric:
    state, _code = Breaker.configured().standing()
    return GaugeMetricFamily(
        f"{PREFIX}_llm_left_alone",
        "1 while the language model is not asked because it failed.",
        int(state != "closed"),
    )
