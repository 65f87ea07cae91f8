"""The latencies of the installation: kept by all processes together, read as figures."""

import math
import threading
from datetime import timedelta
from statistics import NormalDist

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.utils import timezone

from copilot.lib import latency as counting
from copilot.lib.latency import BOUNDS_MS, Stage
from insights import analysis, cards, latency
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import Insight, LatencyCount
from sessions import events
from sessions.models import Session
from sessions.states import Status
from tests.factories import say


@pytest.fixture
def observed(monkeypatch):
    """What is counted, as (stage, seconds)."""
    found = []
    for module in (latency, counting):
        monkeypatch.setattr(
            module, "observe", lambda stage, seconds: found.append((stage, seconds))
        )
    return found


def stages(observed):
    return [stage for stage, _seconds in observed]


def counts(stage, values_ms):
    """Return what a process would hand over that measured these."""
    found = {}
    for ms in values_ms:
        bucket = next((i for i, bound in enumerate(BOUNDS_MS) if ms <= bound), len(BOUNDS_MS))
        count, total = found.get((stage, bucket), (0, 0.0))
        found[stage, bucket] = (count + 1, total + ms)
    return found


def figures_of(stage, since=None):
    since = since or timezone.now() - timedelta(hours=1)
    return next(found for found in latency.figures(since) if found.stage == stage)


# --- keeping ---------------------------------------------------------------------------------


def test_several_writings_add_up(db):
    for values in ([4, 30], [4.5], [31, 90_000]):
        latency.keep(counts(Stage.DELIVERY, values))
    found = figures_of(Stage.DELIVERY)
    assert found.count == 5
    assert found.average == pytest.approx((4 + 30 + 4.5 + 31 + 90_000) / 5)
    assert LatencyCount.objects.count() == 3, "one row for each bucket"


def test_processes_that_write_at_once_lose_nothing(transactional_db):
    values = [0.5 * 1.25**n for n in range(40)]
    written = [{**counts(Stage.TOTAL, values), **counts(Stage.DELIVERY, values)} for _ in range(6)]
    threads = [threading.Thread(target=latency.drain, args=(one,)) for one in written]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for stage in (Stage.TOTAL, Stage.DELIVERY):
        assert figures_of(stage).count == 240


def test_what_is_long_past_is_kept_as_a_sum(db, monkeypatch):
    now = timezone.now()
    for age in (20, 12, 5, 0):
        with monkeypatch.context() as then:
            then.setattr(latency.timezone, "now", lambda age=age: now - timedelta(days=age))
            latency.keep(counts(Stage.TOTAL, [10, 3000]))
    before = latency.histograms()
    latency.fold()
    latency.fold()
    assert latency.histograms() == before, "counters of Prometheus never fall"
    assert figures_of(Stage.TOTAL, now - timedelta(days=7)).count == 4
    hours = set(LatencyCount.objects.values_list("hour", flat=True))
    assert len(hours) == 3
    assert min(hours) == latency.EPOCH


# --- figures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("share", latency.SHARES, ids=lambda share: f"p{share * 100:g}")
def test_percentiles_are_those_of_the_values_within_a_bucket(db, share):
    spread = NormalDist(4, 1.2)
    values = [math.exp(spread.inv_cdf((n + 0.5) / 4000)) for n in range(4000)]
    latency.keep(counts(Stage.TOTAL, values))
    exact = values[int(share * len(values)) - 1]
    above = next(bound for bound in BOUNDS_MS if bound >= exact)
    below = max((bound for bound in BOUNDS_MS if bound < exact), default=0)
    assert below <= figures_of(Stage.TOTAL).percentiles[share] <= above


@pytest.mark.parametrize(
    ("slow", "met"), [(5, True), (6, False)], ids=["every twentieth", "more than that"]
)
def test_a_target_is_met_by_the_share_it_names(db, slow, met):
    latency.keep(counts(Stage.FIRST_CARD, [20] * (100 - slow) + [60] * slow))
    assert figures_of(Stage.FIRST_CARD).met is met


def test_what_took_longer_than_any_bound_is_told_by_its_mean(db):
    latency.keep(counts(Stage.TOTAL, [200_000, 400_000]))
    assert figures_of(Stage.TOTAL).percentiles[0.99] == 300_000


def test_without_measurements_nothing_is_met_or_missed(db):
    assert {
        (found.count, found.average, found.met) for found in latency.figures(latency.EPOCH)
    } == {(0, 0.0, None)}


def test_every_fixed_target_is_a_bound(db, settings):
    """Else a percentile on the wrong side of it could count as the right one."""
    fixed = {Stage.RECOGNITION, Stage.FIRST_CARD, Stage.DELIVERY}
    limits = {limit for stage in fixed for limit in latency.targets()[stage].values()}
    assert limits <= set(BOUNDS_MS)


# --- what is measured ------------------------------------------------------------------------


def store(
    session, line, content="Ask for a number.", *, kind=Kind.TIP, state=Insight.State.PRELIMINARY
):
    finding = Finding(kind=kind, content=content, quote=line.text, line_ids=(str(line.pk),))
    return cards.store_finding(
        session_id=session.pk, finding=finding, state=state, source=Insight.Source.PATTERN
    )


def heard_by(session, django_capture_on_commit_callbacks, act):
    """Do something and return the messages that viewers' sockets are given."""
    layer = get_channel_layer()
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(events.group_name(session.pk), channel)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        act()
    assert callbacks
    found = []
    while layer.channels.get(channel) and not layer.channels[channel].empty():
        found.append(async_to_sync(layer.receive)(channel))
    return found


def test_the_first_card_about_a_line_says_when_the_words_ended(
    live, observed, django_capture_on_commit_callbacks
):
    line = say(live, "We moved the reports to a replica.", start=16_000 * 4)

    def act():
        store(live, line)
        store(live, line, "Ask who decided it.")

    told = heard_by(live, django_capture_on_commit_callbacks, act)
    given = [message for message in told if message["event"]["type"] == "insight"]
    assert [message["said_at"] for message in given] == [
        live.started_at.timestamp() + 5.0,  # the line lasts from 4 s to 5 s
        None,
    ]
    assert "said_at" not in given[0]["event"]
    assert stages(observed) == [Stage.FIRST_CARD]


def test_a_card_about_a_later_line_is_the_first_about_that(live, observed):
    for number in range(3):
        store(live, say(live, f"Answer number {number}.", start=number * 16_000), f"Tip {number}.")
    assert stages(observed) == [Stage.FIRST_CARD] * 3


def test_only_instant_cards_are_held_to_the_instant_target(live, observed):
    line = say(live, "We moved the reports to a replica.")
    store(live, line, kind=Kind.HIGHLIGHT, state=Insight.State.COMPLETE)
    assert observed == []


def test_words_of_a_recording_are_old_and_not_counted_as_late(live, observed):
    line = say(live, "We moved the reports to a replica.")
    Session.objects.filter(pk=live.pk).update(status=Status.PROCESSING)
    card = store(live, line)
    card.session.refresh_from_db()
    assert latency.note_card(card) is None


def test_a_run_is_timed_from_its_newest_line(live, observed):
    for number in range(3):
        say(live, f"We moved report number {number} to a replica.", start=number * 16_000)
    newest = live.segments.order_by("-sequence").first()
    stored = timezone.now() - timedelta(seconds=7)
    live.segments.filter(pk=newest.pk).update(created_at=stored)
    analysis.mark_segment(session_id=live.pk)
    analysis.analyze_session(session_id=live.pk)
    ((stage, seconds),) = [found for found in observed if found[0] == Stage.ANALYSIS]
    assert stage == Stage.ANALYSIS
    assert 7 <= seconds < 60


@pytest.mark.parametrize("said_at", [None, 3.0], ids=["any event", "first card"])
def test_delivery_is_timed_from_publishing_and_the_total_from_the_words(
    observed, monkeypatch, said_at
):
    monkeypatch.setattr(events.time, "time", lambda: 10.0)
    events.delivered({"event": {}, "published_at": 9.5, "said_at": said_at})
    expected = [(Stage.DELIVERY, 0.5)] + ([(Stage.TOTAL, 7.0)] if said_at else [])
    assert observed == expected
