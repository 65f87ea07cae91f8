"""The operator's page: for superusers only, right figures, nothing of an interview."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from copilot.lib.latency import Stage
from insights import latency
from insights.analyzers.base import AnalyzerError
from insights.breaker import Breaker
from insights.models import AnalysisRun, BankQuestion, LatencyCount, LlmSpending
from tests.admin_world import make_world, signed_in
from tests.factories import make_bank_question

PAGE = "/admin/latency/"


@pytest.fixture
def operator(db):
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", "x"))
    return client


def text(answer):
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_it_says_that_nothing_was_measured(operator):
    page = text(operator.get(PAGE))
    assert "Nothing was measured in this time." in page
    assert "No language model is configured" in page


def test_it_shows_each_stage_beside_its_target(operator):
    latency.keep({(Stage.DELIVERY, 3): (100, 400.0), (Stage.FIRST_CARD, 12): (10, 1200.0)})
    answer = operator.get(PAGE)
    page = text(answer)
    rows = {str(row.name): row for row in answer.context["rows"]}
    assert (rows["Delivery"].count, rows["Delivery"].average, rows["Delivery"].met) == (
        100,
        "4 ms",
        True,
    )
    assert (rows["First card"].met, rows["First card"].target) == (False, ["p95 ≤ 50 ms"])
    assert rows["Recognition"].met is None
    for word in ("met", "missed", "no data", "p99 ≤ 50 ms", "<meter"):
        assert word in page


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("?period=day", 3), ("?period=week", 7), ("?period=nonsense", 1)],
    ids=["hour", "day", "week", "unknown"],
)
def test_a_period_shows_what_lies_in_it(operator, query, count):
    now = timezone.now()
    for age, added in ((0, 1), (20, 2), (100, 4), (300, 8)):
        LatencyCount.objects.create(
            stage=Stage.TOTAL,
            hour=latency._hour(now - timedelta(hours=age)),
            bucket=4,
            count=added,
            total_ms=added,
        )
    rows = operator.get(PAGE + query).context["rows"]
    assert rows[-1].count == count


def test_it_shows_who_analysed_why_not_the_model_and_what_it_took(operator, live, settings):
    settings.INTERVIEW_LLM_BASE_URL = "http://127.0.0.1:9/v1"
    settings.INTERVIEW_LLM_MODEL = "some-model"
    AnalysisRun.objects.create(session=live, after=0, through=1, engine="rules", error="timeout")
    today = datetime.now(UTC).date()
    LlmSpending.objects.create(
        organization=live.organization, day=today, calls=3, tokens_in=777, cost="1.5"
    )
    page = text(operator.get(PAGE))
    assert "The model is slow" in page
    assert '<td class="number">777</td>' in page
    assert "1.5000" in page
    assert live.organization.name in page
    for own in (live.title, str(live.pk)):
        assert own not in page


def test_it_shows_when_the_model_is_left_alone(operator, settings):
    settings.INTERVIEW_LLM_BASE_URL = "http://127.0.0.1:9/v1"
    assert "Well: it is asked" in text(operator.get(PAGE))
    Breaker.configured().failed(AnalyzerError("rate_limited", "no", retry_after=60.0))
    page = text(operator.get(PAGE))
    assert "Left alone after failures" in page
    assert "The model is at its limit" in page
    cache.delete(Breaker.configured()._key("open"))
    assert "Tried again, one call at a time" in text(operator.get(PAGE))


def test_an_organization_that_requires_a_second_factor_stays_closed(operator, live):
    LlmSpending.objects.create(organization=live.organization, day=datetime.now(UTC).date())
    assert live.organization.name in text(operator.get(PAGE))
    live.organization.require_second_factor = True
    live.organization.save()
    assert live.organization.name not in text(operator.get(PAGE))


def test_it_is_in_the_menu_of_superusers_only(operator, cast):
    ada = Client()
    ada.force_login(cast.ada)
    assert PAGE in text(operator.get("/admin/"))
    assert PAGE not in text(ada.get("/admin/"))
    assert ada.get(PAGE).status_code == 404


def test_a_question_of_the_bank_shows_its_text_only_on_its_own_page(db):
    here = make_world("here")
    question = make_bank_question(here.organization, "Which replica did you trust?", skill="SQL")
    client = signed_in(here.admin)
    place = "/admin/insights/bankquestion/"
    assert "SQL" in text(client.get(place))
    assert "Which replica" not in text(client.get(place))
    assert "Which replica did you trust?" in text(client.get(f"{place}{question.pk}/change/"))
    assert "Which replica" not in text(client.get(f"{place}{question.pk}/delete/"))
    client.post(f"{place}{question.pk}/delete/", {"post": "yes"})
    assert not BankQuestion.objects.filter(pk=question.pk).exists()
