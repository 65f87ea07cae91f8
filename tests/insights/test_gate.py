"""Who may ask the model: breaker, slots and budget."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from insights import gate, spending
from insights.analyzers.base import Analysis, AnalyzerError
from insights.breaker import FIRST_PAUSE, Breaker
from insights.gate import Purpose
from insights.models import LlmSpending

ANALYSIS = Analysis((), "llm", tokens_in=300, tokens_out=100, calls=2)


@pytest.fixture
def organization(cast):
    return cast.organization


def fail(organization, code="unreachable", **more):
    with pytest.raises(AnalyzerError), gate.enter(organization, Purpose.LIVE):
        raise AnalyzerError(code, "no", **more)


def refusal(organization, purpose=Purpose.LIVE):
    """Return why the gate is closed, empty where it is open."""
    try:
        with gate.enter(organization, purpose):
            return ""
    except gate.Closed as closed:
        return closed.code


def pause_is_over():
    cache.delete(Breaker.configured()._key("open"))


def pause():
    """Return how long the breaker stays open, in seconds, as the cache was told."""
    told = []
    cache_set = cache.set
    return told, lambda key, value, timeout=None: (
        told.append(timeout) if key.endswith(":open") else None,
        cache_set(key, value, timeout),
    )


class TestBreaker:
    def test_one_failure_that_may_pass_leaves_it_closed(self, organization):
        fail(organization)
        assert refusal(organization) == ""

    def test_two_in_a_row_open_it(self, organization):
        fail(organization, "timeout")
        fail(organization, "timeout")
        assert refusal(organization) == "timeout"

    def test_an_answer_in_between_does_not(self, organization):
        fail(organization)
        assert refusal(organization) == ""
        fail(organization)
        assert refusal(organization) == ""

    @pytest.mark.parametrize(
        "failure",
        [
            {"code": "unauthorized"},
            {"code": "rate_limited", "lasting": True},
            {"code": "rate_limited", "retry_after": 7.0},
        ],
        ids=["key", "quota", "retry-after"],
    )
    def test_what_will_last_opens_it_at_once(self, organization, failure):
        fail(organization, **failure)
        assert refusal(organization) == failure["code"]

    @pytest.mark.parametrize("code", ["refused", "too_long"])
    def test_what_a_window_is_refused_for_closes_nothing_for_others(self, organization, code):
        for _ in range(10):
            fail(organization, code)
        assert refusal(organization) == ""

    def test_nonsense_opens_it_when_it_goes_on(self, organization):
        for _ in range(4):
            fail(organization, "malformed")
            assert cache.get(Breaker.configured()._key("open")) is None
        fail(organization, "malformed")
        assert refusal(organization) == "malformed"

    def test_after_the_pause_one_call_probes_and_its_success_closes(self, organization):
        fail(organization, "unauthorized")
        pause_is_over()
        with gate.enter(organization, Purpose.LIVE):
            assert refusal(organization) == "unauthorized", "one probe at a time"
        assert refusal(organization) == ""
        fail(organization)
        assert refusal(organization) == "", "it counts from the beginning"

    def test_a_failed_probe_opens_it_for_longer(self, organization, monkeypatch):
        told, tell = pause()
        monkeypatch.setattr(cache, "set", tell)
        fail(organization, "unauthorized")
        for _ in range(7):
            pause_is_over()
            fail(organization)
            assert refusal(organization) == "unreachable"
        assert told[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
        assert told[-1] == 300

    def test_calls_that_fail_together_open_it_once(self, organization, monkeypatch):
        told, tell = pause()
        monkeypatch.setattr(cache, "set", tell)
        breaker = Breaker.configured()
        for _ in range(8):  # all were let in before the first one failed
            breaker.failed(AnalyzerError("timeout", "no"))
        assert told == [FIRST_PAUSE]

    def test_the_servers_own_word_is_kept(self, organization, monkeypatch):
        told, tell = pause()
        monkeypatch.setattr(cache, "set", tell)
        fail(organization, "rate_limited", retry_after=42.0)
        assert told == [42]

    def test_another_model_is_another_matter(self, organization, settings):
        fail(organization, "unauthorized")
        settings.INTERVIEW_LLM_MODEL = "another"
        assert refusal(organization) == ""


class TestSlots:
    def test_an_organization_has_so_many(self, organization, cast):
        organization.llm_concurrency = 1
        with gate.enter(organization, Purpose.LIVE):
            assert refusal(organization) == "busy"
            assert refusal(cast.elsewhere) == ""
        assert refusal(organization) == ""

    def test_all_together_have_so_many(self, organization, cast, settings):
        settings.INTERVIEW_LLM_CONCURRENCY = 1
        with gate.enter(organization, Purpose.LIVE):
            assert refusal(cast.elsewhere) == "busy"
        assert refusal(cast.elsewhere) == ""

    @pytest.mark.parametrize("purpose", [Purpose.PREDICTION, Purpose.REVIEW])
    def test_what_can_wait_never_takes_the_last_half(self, organization, purpose):
        organization.llm_concurrency = 2
        with gate.enter(organization, purpose):
            assert refusal(organization, purpose) == "busy"
            assert refusal(organization, Purpose.LIVE) == ""

    def test_whatever_happens_inside_gives_them_back(self, organization):
        organization.llm_concurrency = 1
        with pytest.raises(ZeroDivisionError), gate.enter(organization, Purpose.LIVE):
            raise ZeroDivisionError
        assert refusal(organization) == ""

    def test_a_dead_workers_slot_runs_out(self, organization, settings):
        organization.llm_concurrency = 1
        settings.INTERVIEW_LLM_TOTAL_TIMEOUT = -6  # the slot has run out when it is taken
        with gate.enter(organization, Purpose.LIVE):
            settings.INTERVIEW_LLM_TOTAL_TIMEOUT = 25
            with gate.enter(organization, Purpose.LIVE):
                pass

    def test_a_slot_that_ran_out_is_not_taken_from_the_next_one(self, organization):
        organization.llm_concurrency = 1
        key = f"slot:llm.{organization.pk}:0"
        with gate.enter(organization, Purpose.LIVE):
            cache.set(key, "somebody else's")
        assert cache.get(key) == "somebody else's"


def test_where_the_cache_fails_everybody_is_let_in(organization, monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError

    for name in ("get", "get_many", "set", "add", "delete", "delete_many", "incr"):
        monkeypatch.setattr(cache, name, away)
    assert refusal(organization) == ""
    fail(organization)
    assert refusal(organization) == ""


class TestBudget:
    def test_what_is_spent_is_counted_per_day_and_organization(self, organization, settings):
        settings.INTERVIEW_LLM_PRICE_IN = 0.15
        settings.INTERVIEW_LLM_PRICE_OUT = 0.6
        gate.spent(organization, ANALYSIS)
        gate.spent(organization, ANALYSIS)
        row = LlmSpending.objects.get()
        assert (row.organization, row.day) == (organization, datetime.now(UTC).date())
        assert (row.calls, row.tokens_in, row.tokens_out) == (4, 600, 200)
        assert row.cost == Decimal("0.000210")

    def test_a_failed_call_is_counted_too(self, organization):
        fail(organization, "refused", partial=ANALYSIS)
        assert LlmSpending.objects.get().tokens_in == 300

    def test_what_was_never_asked_leaves_no_trace(self, organization):
        gate.spent(organization, Analysis((), "cache"))
        assert not LlmSpending.objects.exists()

    def test_a_spent_budget_closes_until_tomorrow(self, organization, cast):
        organization.llm_daily_tokens = 400
        assert refusal(organization) == ""
        gate.spent(organization, ANALYSIS)
        assert refusal(organization) == "budget"
        assert refusal(cast.elsewhere) == ""
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        LlmSpending.objects.update(day=yesterday)
        assert refusal(organization) == ""

    def test_it_outlives_the_interviews(self, organization, cast):
        gate.spent(organization, ANALYSIS)
        cast.session.delete()
        assert not spending.used_up(organization)
        organization.llm_daily_tokens = 400
        assert spending.used_up(organization)
