"""Keeps the counted latencies of all processes, and reads them back as figures."""

import itertools
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from copilot.lib.latency import BOUNDS_MS, Counts, Stage, observe
from insights.models import Insight, LatencyCount
from sessions.models import Session
from sessions.notices import model_reads_along
from sessions.states import Status

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the hour of what is kept as a sum only
HOURS_KEPT = timedelta(days=8)
SHARES = (0.5, 0.95, 0.99)


# --- writing -------------------------------------------------------------------------------------


def drain(counts: Counts) -> None:
    """Keep what a process counted; for a thread of its own, whose connection nobody else closes."""
    try:
        keep(counts)
    finally:
        connection.close()


def keep(counts: Counts) -> None:
    """Add what was counted to the rows of this hour; raise as the database does."""
    _add(_hour(timezone.now()), counts)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


@transaction.atomic
def _add(hour: datetime, counts: Counts) -> None:
    keys = sorted(counts)  # the same order in every process: none waits for another in a circle
    rows = [LatencyCount(stage=stage, hour=hour, bucket=bucket) for stage, bucket in keys]
    LatencyCount.objects.bulk_create(rows, ignore_conflicts=True)
    for stage, bucket in keys:
        count, total_ms = counts[stage, bucket]
        LatencyCount.objects.filter(stage=stage, hour=hour, bucket=bucket).update(
            count=F("count") + count, total_ms=F("total_ms") + total_ms
        )


@transaction.atomic
def fold() -> None:
    """Add hours that no page shows any more to the row that keeps their sum."""
    past = LatencyCount.objects.filter(hour__gt=EPOCH, hour__lt=timezone.now() - HOURS_KEPT)
    sums: Counts = {}
    rows = list(past.select_for_update().order_by("stage", "hour", "bucket"))
    for row in rows:
        key = Stage(row.stage), row.bucket
        count, total_ms = sums.get(key, (0, 0.0))
        sums[key] = (count + row.count, total_ms + row.total_ms)
    _add(EPOCH, sums)
    LatencyCount.objects.filter(pk__in=[row.pk for row in rows]).delete()


# --- what is measured ----------------------------------------------------------------------------


def note_card(card: Insight) -> float | None:
    """Count how soon the first card about a line came; return when the words of the line ended.

    The time is that of `time.time`, by the interview's clock; None where another card was sooner
    and in recordings, whose words are old. Call it before the card is sent, in its transaction.
    """
    session = card.session
    line = session.segments.filter(pk__in=card.segments).order_by("-sequence").first()
    if line is None:
        return None
    # A card about a line has a later revision than the line: few are left to look at.
    others = session.insights.filter(revision__gt=line.sequence).exclude(pk=card.pk)
    if any(str(line.pk) in lines for lines in others.values_list("segments", flat=True)):
        return None
    if card.state == Insight.State.PRELIMINARY:
        observe(Stage.FIRST_CARD, (timezone.now() - line.created_at).total_seconds())
    if session.status != Status.LIVE or session.started_at is None:
        return None
    return session.started_at.timestamp() + line.end_ms / 1000


def note_run(session: Session, through: int) -> None:
    """Count how long the newest of the lines up to sequence `through` waited for its analysis."""
    stored = session.segments.filter(sequence=through).values_list("created_at", flat=True).first()
    if stored is not None:
        observe(Stage.ANALYSIS, (timezone.now() - stored).total_seconds())


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often a stage took how long: one count per bucket of BOUNDS_MS and one beyond."""

    counts: tuple[int, ...]
    sums: tuple[float, ...]  # ms

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def average(self) -> float:
        """Return the mean in ms, 0 without measurements."""
        return sum(self.sums) / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """Return the time in ms that `share` (0…1) did not exceed, within a bucket by a line."""
        wanted = share * self.count
        below = 0
        for bounds, count, total in zip(
            itertools.pairwise((0.0, *BOUNDS_MS, None)), self.counts, self.sums, strict=True
        ):
            if count and below + count >= wanted:
                low, high = bounds
                if low is None or high is None:
                    return total / count
                return low + (high - low) * (wanted - below) / count
            below += count
        return 0.0


def histograms(since: datetime = EPOCH) -> dict[Stage, Histogram]:
    """Return what was counted in the hours that had not ended at `since`, by stage."""
    buckets = len(BOUNDS_MS) + 1
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * buckets)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * buckets)
    found = LatencyCount.objects.filter(hour__gte=_hour(since)).values("stage", "bucket")
    for row in found.annotate(n=Sum("count"), ms=Sum("total_ms")):
        counts[row["stage"]][row["bucket"]] = row["n"]
        sums[row["stage"]][row["bucket"]] = row["ms"]
    return {stage: Histogram(tuple(counts[stage]), tuple(sums[stage])) for stage in Stage}


def targets() -> dict[Stage, dict[float, float]]:
    """Return in ms what the percentiles of each stage may be at most."""
    debounce = settings.INTERVIEW_ANALYSIS_INTERVAL * 1000
    # With a model a run ends with its answer, at the latest when no more is waited for it.
    run = settings.INTERVIEW_LLM_TOTAL_TIMEOUT * 1000 if model_reads_along() else 1_000
    return {
        Stage.RECOGNITION: {0.5: 700, 0.95: 1_200},
        Stage.FIRST_CARD: {0.95: 50},
        Stage.ANALYSIS: {0.95: debounce + run},
        Stage.DELIVERY: {0.5: 10, 0.95: 25, 0.99: 50},
        # Recognition, the debounce, and the 2 s within which a card comes whatever the model does.
        Stage.TOTAL: {0.95: 1_200 + debounce + 2_000},
    }


@dataclass(frozen=True, slots=True)
class Figures:
    """A stage beside its target, in ms; `met` None without measurements."""

    stage: Stage
    count: int
    average: float
    percentiles: dict[float, float]
    target: dict[float, float]

    @property
    def met(self) -> bool | None:
        if not self.count:
            return None
        return all(self.percentiles[share] <= limit for share, limit in self.target.items())


def figures(since: datetime) -> list[Figures]:
    """Return the figures of every stage since the beginning of the hour of `since`."""
    limits = targets()
    return [
        Figures(
            stage,
            histogram.count,
            histogram.average,
            {share: histogram.percentile(share) for share in SHARES},
            limits[stage],
        )
        for stage, histogram in histograms(since).items()
    ]
