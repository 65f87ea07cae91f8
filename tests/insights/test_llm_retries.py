"""Asking again, and not waiting meanwhile."""

import math
import threading
import time

import pytest

from insights.analyzers import retries
from insights.analyzers.alarm import Alarm
from insights.analyzers.base import AnalyzerError
from insights.analyzers.llm import LlmAnalyzer, LlmConfig
from tests.insights import llm_server as behave
from tests.insights.llm_server import QUESTION
from tests.insights.talk import window

ASKED = "I: Describe a production incident you had to handle."
STORY = (
    "Last year our database ran out of connections. I added a connection pool, "
    "moved the slow reports to a replica, and wrote an alert."
)


@pytest.fixture
def analyzer(llm_server, monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)
    config = LlmConfig(
        llm_server.base_url, llm_server.model, "key", timeout_s=20, total_s=20, retries=2
    )
    analyzer = LlmAnalyzer(config)
    yield analyzer
    analyzer.close()


def failure(analyzer):
    with pytest.raises(AnalyzerError) as caught:
        analyzer.analyze(window(ASKED, STORY))
    return caught.value


class TestAskingAgain:
    @pytest.mark.parametrize(
        "behaviour",
        [
            behave.status(429),
            behave.status(429, Retry_After="0"),
            behave.status(500),
            behave.status(504),
            behave.error_event(),
            behave.streams('{"items": [{"kind": "que', finish=None),
        ],
        ids=["429", "429-at-once", "500", "504", "error-event", "cut"],
    )
    def test_what_may_pass_is_asked_again(self, llm_server, analyzer, behaviour):
        llm_server.behaviour = [behaviour, behaviour, behave.streams()]
        analysis = analyzer.analyze(window(ASKED, STORY))
        assert (len(analysis.findings), analysis.calls) == (2, 3)
        assert len(llm_server.requests) == 3

    @pytest.mark.parametrize(
        "behaviour",
        [
            behave.status(401),
            behave.status(404, "no such model"),
            behave.status(429, "insufficient_quota"),
            behave.status(429, Retry_After="60"),  # longer than the answer may take
            behave.status(400, "maximum context length exceeded"),
            behave.refuses(),
            behave.html_page(),
            behave.huge(),
        ],
        ids=["401", "404", "quota", "come-back-later", "too-long", "refused", "html", "10-MB"],
    )
    def test_what_will_not_pass_is_not(self, llm_server, analyzer, behaviour):
        llm_server.behaviour = behaviour
        assert failure(analyzer).partial.calls == 1
        assert len(llm_server.requests) == 1

    def test_it_gives_up_in_the_end(self, llm_server, analyzer):
        llm_server.behaviour = behave.status(503)
        assert failure(analyzer).partial.calls == 3

    def test_nothing_is_asked_again_once_something_was_shown(self, llm_server, analyzer):
        llm_server.behaviour = [behave.cut(), behave.streams()]
        partial = failure(analyzer).partial
        assert [finding.content for finding in partial.findings] == [QUESTION["content"]]
        assert len(llm_server.requests) == 1

    def test_follow_ups_are_asked_for_once(self, llm_server, analyzer):
        llm_server.behaviour = behave.status(500)
        with pytest.raises(AnalyzerError):
            analyzer.followups(window(ASKED, STORY))
        assert len(llm_server.requests) == 1


class TestPauses:
    def test_they_grow_and_differ(self):
        error = AnalyzerError("unreachable", "no")
        pauses = [[retries.pause(error, attempt, 60.0) for _ in range(50)] for attempt in range(3)]
        assert max(pauses[0]) <= 0.5 < max(pauses[2]) <= 2.0
        assert all(len(set(some)) > 1 for some in pauses)

    def test_the_server_is_never_asked_sooner_than_it_said(self):
        error = AnalyzerError("rate_limited", "no", retry_after=3.0)
        assert all(3.0 <= retries.pause(error, 0, 60.0) <= 3.3 for _ in range(50))
        assert retries.pause(error, 0, 2.9) is None


class TestCounting:
    def test_tokens_are_estimated_where_the_server_does_not_count(self, llm_server, analyzer):
        llm_server.behaviour = behave.streams(usage=False)
        analysis = analyzer.analyze(window(ASKED, STORY))
        sent = sum(len(m["content"]) for m in llm_server.requests[0]["messages"])
        assert analysis.tokens_in == sent // 4
        assert analysis.tokens_out > 50

    def test_a_call_without_an_answer_costs_no_tokens(self, llm_server, analyzer):
        llm_server.behaviour = behave.status(500)
        partial = failure(analyzer).partial
        assert (partial.calls, partial.tokens_in, partial.tokens_out) == (3, 0, 0)


class TestPatience:
    @pytest.mark.parametrize(
        "behaviour",
        [
            behave.silent(),
            behave.silent(after_headers=False),
            behave.drips("events"),
            behave.drips("bytes"),
            behave.drips("headers"),
        ],
        ids=["silent", "silent-before-headers", "drips", "drips-bytes", "drips-headers"],
    )
    def test_it_ends_while_the_server_holds_the_answer_back(self, llm_server, analyzer, behaviour):
        """Nothing but the alarm lets these servers go on."""
        llm_server.behaviour = [behaviour, behave.streams()]
        analysis = analyzer.analyze(
            window(ASKED, STORY), alarm=Alarm(time.monotonic(), llm_server.released.set)
        )
        assert len(analysis.findings) == 2, "the model may still answer"

    def test_it_ends_while_a_pause_lasts(self, llm_server, analyzer, monkeypatch):
        asked = []
        alarm = Alarm(math.inf, lambda: asked.append(len(llm_server.requests)))

        def pause(*args):
            alarm._at = 0.0
            return 0.01

        monkeypatch.setattr(retries, "pause", pause)
        llm_server.behaviour = [behave.status(500), behave.streams()]
        analyzer.analyze(window(ASKED, STORY), alarm=alarm)
        assert asked == [1], "it rang before the second request"

    @pytest.mark.parametrize(
        ("patience_s", "calls"), [(0.0, 1), (math.inf, 3)], ids=["rung", "not"]
    )
    def test_who_has_the_rules_already_waits_for_silence_once(
        self, llm_server, monkeypatch, patience_s, calls
    ):
        monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)
        llm_server.behaviour = behave.silent()
        config = LlmConfig(
            llm_server.base_url, llm_server.model, "key", timeout_s=0.2, total_s=20, retries=2
        )
        with pytest.raises(AnalyzerError) as caught:
            LlmAnalyzer(config).analyze(
                window(ASKED, STORY), alarm=Alarm(time.monotonic() + patience_s, lambda: None)
            )
        assert (caught.value.code, len(llm_server.requests)) == ("timeout", calls)

    def test_a_card_of_the_model_ends_the_waiting(self, llm_server, analyzer):
        llm_server.behaviour = behave.streams(wait_after='"highlight"')
        rung = []
        alarm = Alarm(time.monotonic() + 3600, lambda: rung.append(True))
        shown = threading.Event()
        worker = threading.Thread(
            target=analyzer.analyze,
            args=(window(ASKED, STORY),),
            kwargs={"emit": lambda finding: shown.set(), "alarm": alarm},
        )
        worker.start()
        assert shown.wait(20)
        llm_server.released.set()
        worker.join(20)
        alarm._at = 0.0
        alarm.look()
        assert rung == []


def test_an_alarm_rings_once_also_in_one_s_sleep():
    rung = []
    alarm = Alarm(time.monotonic(), lambda: rung.append(True))
    alarm.sleep(0.001)
    alarm.look()
    assert rung == [True]


class TestFollowups:
    ITEMS = tuple(
        {"content": content, "quote": "I added a connection pool"}
        for content in (
            "How did you choose the size of the pool?",
            "What did the alert tell you that graphs did not?",
            "Who decided that reports may be minutes old?",
            "Where did the first sign of trouble show?",
        )
    )

    def test_they_are_questions_about_what_is_being_said(self, llm_server, analyzer):
        llm_server.behaviour = behave.streams(behave.answer(*self.ITEMS))
        analysis = analyzer.followups(window(ASKED, STORY), most=3)
        assert [finding.kind for finding in analysis.findings] == ["question"] * 3
        assert all(finding.quote in STORY for finding in analysis.findings)
        (request,) = llm_server.requests
        assert request["max_tokens"] <= 300
        sent = request["messages"][1]["content"]
        assert STORY in sent

    @pytest.mark.parametrize(
        "item",
        [
            {"content": "Are you married?", "quote": "I added a connection pool"},
            {"content": "Which team was it?", "quote": "never said at all by anybody"},
            {"kind": "highlight", "content": "Strong hire.", "quote": "I added a connection pool"},
        ],
        ids=["unlawful", "no-quote", "no-question"],
    )
    def test_they_are_vetted_like_everything_else(self, llm_server, analyzer, item):
        llm_server.behaviour = behave.streams(behave.answer(item))
        assert analyzer.followups(window(ASKED, STORY)).findings == ()
