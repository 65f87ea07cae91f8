"""Finished interviews read once more: when, how far, and never twice."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from insights import analysis, debounce, queries, reviews
from insights.analyzers import retries
from insights.models import AnalysisRun, AnalysisState, Insight
from sessions import services
from tests.factories import go_live, make_session, say
from tests.insights import llm_server as behave

STORY = "I added a connection pool and moved the slow reports to a replica."


@pytest.fixture
def model(settings, llm_server, monkeypatch):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_RETRIES = 0
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)
    return llm_server


def held(session, model=None, *, lines=1, start=0):
    """Hold the interview to its end, with a model that fails meanwhile."""
    if model is not None:
        model.behaviour = behave.status(500)
    for number in range(lines):
        say(session, f"{STORY} That was number {number}.", start=start + number * 32_000)
    analysis.mark_segment(session_id=session.pk)
    services.end_session(session=session)
    analysis.analyze_session(session_id=session.pk)
    session.refresh_from_db()
    if model is not None:
        model.behaviour = behave.streams()
        model.requests.clear()
    return session


def review(session, **step):
    return reviews.review_session(session_id=session.pk, **step)


def runs():
    return AnalysisRun.objects.filter(purpose="review").order_by("pk")


def test_a_review_reads_with_the_model_what_the_rules_read_before(live, model):
    held(live, model)
    assert reviews.wanted(live.pk)
    assert review(live) is None
    run = runs().get()
    assert (run.engine, run.error, run.after) == ("llm", "", 0)
    assert run.tokens_in > 0
    assert Insight.objects.filter(source="llm", state="complete").count() == 2
    assert queries.analysis_json(live) == {
        "engine": "llm",
        "reason": "",
        "detail": "",
        "reviewing": False,
    }
    assert AnalysisRun.objects.filter(purpose="live").get().error == "unreachable"


def test_it_goes_on_window_by_window_to_the_last_line(live, model, monkeypatch):
    held(live, model, lines=5)
    end_of = queries.window_end
    small = {"characters": 200}
    monkeypatch.setattr(queries, "window_end", lambda *a, **k: end_of(*a, **k, **small))
    step, steps = review(live), 1
    while step is not None:
        assert step.seconds == 0
        step, steps = review(live, after=step.after, tries=step.tries), steps + 1
    windows = list(runs().values_list("after", "through"))
    assert steps == len(windows) == 3
    assert windows[0][0] == 0
    assert [after for after, _ in windows[1:]] == [through for _, through in windows[:-1]]
    assert windows[-1][1] == AnalysisState.objects.get().last_sequence
    assert "number 1" in str(model.requests[1]), "what came before is context"


def test_a_doubled_message_changes_nothing(live, model, monkeypatch):
    held(live, model, lines=3)
    end_of = queries.window_end
    monkeypatch.setattr(queries, "window_end", lambda *a, **k: end_of(*a, **k, characters=100))
    step = review(live)
    assert review(live) is None, "a second demand while the first is under way"
    assert review(live, after=0) is None
    review(live, after=step.after)
    assert review(live, after=step.after) is None
    assert runs().count() == 2


def test_a_demand_tells_what_comes_of_it_and_the_page_until_all_is_read(live, model, monkeypatch):
    assert reviews.demand(session=live) == "done", "there is nothing to read"
    held(live, model, lines=5)
    end_of = queries.window_end
    monkeypatch.setattr(queries, "window_end", lambda *a, **k: end_of(*a, **k, characters=200))
    assert not queries.analysis_json(live)["reviewing"]
    assert reviews.demand(session=live) == "queued"
    step = review(live)
    assert reviews.demand(session=live) == "reading"
    assert queries.analysis_json(live)["reviewing"]
    while step:
        step = review(live, after=step.after)
    assert not queries.analysis_json(live)["reviewing"]
    assert reviews.demand(session=live) == "done"
    runs().update(created_at=timezone.now() - 2 * reviews.AGAIN)
    assert reviews.demand(session=live) == "queued"


def test_a_doubled_message_after_the_end_changes_nothing(live, model):
    held(live, model)
    model.behaviour = behave.status(500)
    step = review(live)
    model.behaviour = behave.streams()
    cache.clear()  # the breaker's pause is over
    review(live, after=step.after, tries=step.tries)
    assert review(live, after=step.after, tries=step.tries) is None
    assert runs().count() == 1


def test_advice_for_earlier_answers_does_not_come_back(live, model):
    say(live, "I moved the old invoices to a cold archive in one night.")
    say(live, "Thank you. What else did you do there?", role="interviewer", start=320_000)
    say(live, STORY, start=640_000)
    held(live, model, start=960_000)
    known = set(queries.insights_of(live).values_list("pk", flat=True))
    early = {"quote": "I moved the old invoices to a cold archive"}
    tip = {**behave.HIGHLIGHT, **early, "kind": "tip", "content": "Ask how long it took."}
    question = {**behave.QUESTION, **early}
    model.behaviour = behave.streams(behave.answer(question, tip, behave.HIGHLIGHT))
    review(live)
    found = queries.insights_of(live).exclude(pk__in=known)
    assert [card.kind for card in found] == ["highlight"]


def test_a_demand_right_after_a_review_is_the_same_demand(live, model):
    held(live, model)
    review(live)
    assert review(live) is None
    assert runs().count() == 1
    runs().update(created_at=timezone.now() - 2 * reviews.AGAIN)
    assert review(live) is None
    assert runs().count() == 2
    assert Insight.objects.filter(source="llm").count() == 2, "nothing is said twice"


def test_it_waits_for_live_analysis_of_others(live, model, cast):
    held(live, model)
    other = go_live(make_session(cast.olga, cast.organization))
    say(other, STORY)
    analysis.mark_segment(session_id=other.pk)
    AnalysisState.objects.filter(session=other).update(
        pending_at=timezone.now() - timedelta(seconds=1)
    )
    step = review(live)
    assert (step.after, step.tries) == (None, 0)
    assert model.requests == []
    analysis.analyze_session(session_id=other.pk)
    review(live)
    assert runs().count() == 1


def test_it_waits_while_somebody_reads_the_same_session(live, model):
    held(live, model)
    lease = debounce.hold(live.pk)
    assert review(live).seconds > 0
    debounce.let_go(lease)
    assert review(live) is None
    assert runs().count() == 1


def test_a_worker_that_lost_its_lease_writes_nothing(live, model, monkeypatch):
    held(live, model)
    ask = reviews.ask

    def taken_over(*args, **kwargs):
        AnalysisState.objects.update(lease_token="0" * 32)
        return ask(*args, **kwargs)

    monkeypatch.setattr(reviews, "ask", taken_over)
    assert review(live) is None
    assert len(model.requests) == 1
    assert not runs().exists()


def test_where_the_model_stays_away_it_is_tried_again_and_then_the_rules_count(
    live, model, settings
):
    held(live, model)
    model.behaviour = behave.status(500)
    pauses = []
    step = review(live)
    while step is not None:
        pauses.append(step.seconds)
        step = review(live, after=step.after, tries=step.tries)
    assert len(pauses) == reviews.MOST_TRIES
    assert pauses == sorted(pauses)
    longest = 1.2 * sum(pauses) + (len(pauses) + 1) * settings.INTERVIEW_LLM_TOTAL_TIMEOUT
    assert timedelta(seconds=longest) < reviews.STALE, "meanwhile the sweep begins no second one"
    run = runs().get()
    assert (run.engine, run.error) == ("rules", "unreachable")
    assert debounce.settled(live.pk)


def test_what_the_model_read_while_it_was_live_is_not_paid_for_twice(live, model):
    held(live)
    assert AnalysisRun.objects.get().engine == "llm"
    assert not reviews.wanted(live.pk)


@pytest.mark.parametrize("reason", ["live", "no-model", "reviewed", "budget"])
def test_none_is_wanted(live, model, settings, reason):
    if reason == "live":
        model.behaviour = behave.status(500)
        say(live, STORY)
        analysis.mark_segment(session_id=live.pk)
        analysis.analyze_session(session_id=live.pk)
    else:
        held(live, model)
        assert reviews.wanted(live.pk)
    if reason == "no-model":
        settings.INTERVIEW_LLM_BASE_URL = ""
    if reason == "reviewed":
        review(live)
    if reason == "budget":
        AnalysisRun.objects.update(error="budget")
    assert not reviews.wanted(live.pk)


def test_only_finished_interviews_are_reviewed(live, model):
    say(live, STORY)
    analysis.mark_segment(session_id=live.pk)
    assert review(live) is None
    assert model.requests == []


def test_without_a_model_the_rules_read_once_more(live):
    held(live)
    before = set(Insight.objects.exclude(state="superseded").values_list("pk", flat=True))
    assert review(live) is None
    assert runs().get().engine == "rules"
    assert set(Insight.objects.exclude(state="superseded").values_list("pk", flat=True)) >= before


def test_the_sweep_finds_what_a_dead_worker_left(live, model, monkeypatch):
    held(live, model, lines=3)
    end_of = queries.window_end
    monkeypatch.setattr(queries, "window_end", lambda *a, **k: end_of(*a, **k, characters=100))
    step = review(live)
    assert reviews.overdue() == []
    runs().update(created_at=timezone.now() - 2 * reviews.STALE)
    assert reviews.overdue() == [(live.pk, step.after)]
    while step is not None:
        step = review(live, after=step.after)
    runs().update(created_at=timezone.now() - 2 * reviews.STALE)
    assert reviews.overdue() == []


class TestCommand:
    def call(self, *args):
        told = StringIO()
        call_command("reanalyse", *args, stdout=told)
        return told.getvalue()

    @pytest.fixture(autouse=True)
    def _in_one_process(self, settings):
        settings.INTERVIEW_EMBEDDED = True

    def test_it_reviews_what_the_model_did_not_read(self, live, model):
        held(live, model)
        assert "1 interviews reviewed" in self.call()
        assert runs().get().engine == "llm"
        assert "0 interviews" in self.call()

    def test_it_reviews_everything_when_told_to(self, live, model):
        held(live)
        assert "0 interviews" in self.call()
        assert "1 interviews" in self.call("--all")

    def test_it_keeps_to_an_organization_and_a_date(self, live, model):
        held(live, model)
        tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
        assert "0 interviews" in self.call("--organization", "there")
        assert "0 interviews" in self.call("--since", tomorrow)
        assert "1 interviews" in self.call("--organization", "here", "--since", "2020-01-01")

    def test_it_does_not_guess_dates(self, db):
        with pytest.raises(CommandError, match="YYYY-MM-DD"):
            self.call("--since", "yesterday")
