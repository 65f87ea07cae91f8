"""`/metrics`: who may read it, and that Prometheus' own parser finds the figures there."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from copilot.lib.latency import BOUNDS_MS, Stage
from insights import analysis, latency
from insights.models import AnalysisRun, LlmSpending
from tests.factories import say

TOKEN = "scrape-" + "x" * 30
PREFIX = "interview_copilot"


@pytest.fixture
def scrape(settings):
    """Return the samples of one scrape: (name, values of labels by their names) -> value."""
    settings.INTERVIEW_METRICS_TOKEN = TOKEN

    def once():
        answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        return {
            (
                sample.name.removeprefix(f"{PREFIX}_"),
                *(value for _label, value in sorted(sample.labels.items())),
            ): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return once


@pytest.mark.parametrize(
    ("token", "said", "status"),
    [
        ("", f"Bearer {TOKEN}", 404),
        ("", "Bearer ", 404),
        (TOKEN, None, 401),
        (TOKEN, "Bearer wrong", 401),
        (TOKEN, f"Basic {TOKEN}", 401),
        (TOKEN, TOKEN, 401),
        (TOKEN, "Bearer sch\xf6n", 401),
        (TOKEN, f"Bearer {TOKEN}", 200),
    ],
    ids=[
        "none is set",
        "none is set or said",
        "nothing said",
        "another token",
        "another scheme",
        "no scheme",
        "not ASCII",
        "the token",
    ],
)
def test_only_who_knows_the_token_reads_it(db, settings, token, said, status):
    settings.INTERVIEW_METRICS_TOKEN = token
    headers = {"Authorization": said} if said is not None else {}
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == status
    assert (PREFIX.encode() in answer.content) is (status == 200)
    if status == 401:
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_signed_in_admin_is_nobody_special_there(cast, settings):
    settings.INTERVIEW_METRICS_TOKEN = TOKEN
    client = Client()
    client.force_login(cast.ada)
    assert client.get("/metrics").status_code == 401


def test_an_empty_installation_has_all_its_series(db, scrape):
    found = scrape()
    assert {labels[0] for name, *labels in found if name == "stage_seconds_count"} == {
        stage.value for stage in Stage
    }
    assert found["sessions_live",] == 0
    assert found["analysis_waiting_seconds",] == 0


def test_stages_are_cumulative_histograms_in_seconds(db, scrape):
    latency.keep({(Stage.DELIVERY, 0): (3, 1.5), (Stage.DELIVERY, len(BOUNDS_MS)): (1, 200_000.0)})
    found = scrape()
    assert found["stage_seconds_bucket", "0.001", "delivery"] == 3
    assert found["stage_seconds_bucket", "120.0", "delivery"] == 3
    assert found["stage_seconds_bucket", "+Inf", "delivery"] == 4
    assert found["stage_seconds_count", "delivery"] == 4
    assert found["stage_seconds_sum", "delivery"] == pytest.approx(200.0015)


def test_counters_do_not_fall_when_interviews_are_erased(live, scrape):
    spent = {"calls": 2, "tokens_in": 321, "tokens_out": 45, "cost": "0.125"}
    LlmSpending.objects.create(organization=live.organization, day=date(2026, 1, 5), **spent)
    latency.keep({(Stage.TOTAL, 5): (7, 70.0)})
    latency._add(latency.EPOCH, {(Stage.TOTAL, 5): (5, 50.0)})
    live.delete()
    found = scrape()
    assert found["llm_tokens_total", "in"] == 321
    assert found["llm_tokens_total", "out"] == 45
    assert found["llm_calls_total",] == 2
    assert found["llm_cost_total",] == 0.125
    assert found["stage_seconds_count", "total"] == 12


def test_runs_of_the_last_hour_are_told_by_engine_and_error(live, scrape):
    for through, (engine, error) in enumerate([("llm", ""), ("rules", "timeout"), ("llm", "")]):
        AnalysisRun.objects.create(
            session=live, after=through, through=through + 1, engine=engine, error=error
        )
    old = AnalysisRun.objects.create(session=live, after=3, through=4, engine="off")
    AnalysisRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=2))
    runs = {key[1:]: n for key, n in scrape().items() if key[0] == "analysis_runs_last_hour"}
    assert runs == {("llm", "", "live"): 2, ("rules", "timeout", "live"): 1}


def test_what_waits_for_its_analysis_is_told_with_its_age(live, scrape):
    for number in range(3):
        line = say(live, f"We moved report {number} to a replica.", start=number * 16_000)
        if number == 0:
            analysis.mark_segment(session_id=live.pk)
            analysis.analyze_session(session_id=live.pk)
        elif number == 1:
            stored = timezone.now() - timedelta(seconds=90)
            live.segments.filter(pk=line.pk).update(created_at=stored)
    analysis.mark_segment(session_id=live.pk)
    found = scrape()
    assert found["sessions_live",] == 1
    assert found["analysis_waiting",] == 1
    assert 90 <= found["analysis_waiting_seconds",] < 150


def test_no_name_and_no_id_is_in_it(live, settings, scrape):
    LlmSpending.objects.create(organization=live.organization, day=date(2026, 1, 5), calls=1)
    say(live, "Quixotic words about a replica.")
    analysis.mark_segment(session_id=live.pk)
    analysis.analyze_session(session_id=live.pk)
    text = repr(scrape())
    secrets = [str(live.pk), str(live.organization.pk), live.organization.name, live.title, "Quixo"]
    assert [secret for secret in secrets if secret in text] == []
