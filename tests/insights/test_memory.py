"""The same window is not asked about twice, and nothing of it is readable in the cache."""

import pickle
from dataclasses import replace

import pytest
from django.core.cache import cache

from copilot.lib.errors import DomainError
from insights import analysis, memory, sealed_cache
from insights.analyzers.base import Analysis, Finding
from insights.kinds import Kind
from insights.models import AnalysisRun, AnalysisState, Insight
from sessions.models import Session
from tests.factories import make_session, say
from tests.insights import llm_server as behave
from tests.insights.talk import window

STORY = "I added a connection pool and moved the slow reports to a replica."
LATER = "We moved the API to Kubernetes to deploy faster."
MODEL = "server|model"


def about(text, line_id="s0", content="How did you size it?"):
    return Finding(Kind.QUESTION, content, text, (line_id,), data={"key": "k"})


def analysed(*findings, **more):
    return Analysis(findings or (about("I added a connection pool"),), "llm", **more)


def test_the_same_window_gets_the_same_analysis(live):
    memory.remember(live, window(STORY), MODEL, analysed(digest="A pool.", calls=1, tokens_in=9))
    known = memory.recall(live, window(STORY), MODEL)
    assert known.findings == analysed().findings
    assert (known.engine, known.digest, known.calls, known.tokens_in) == ("cache", "A pool.", 0, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"texts": (LATER,)},
        {"sentiment": False},
        {"language": "de"},
        {"profile": "Ten years of SQL"},
        {"job": "Nurse"},
        {"asked": ("Why?",)},
        {"digest": "More is known."},
        {"context": ("Before that.",)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_window_does_not(live, other):
    memory.remember(live, window(STORY), MODEL, analysed())
    texts = other.pop("texts", (STORY,))
    assert memory.recall(live, window(*texts, **other), MODEL) is None


def test_another_model_or_prompt_does_not(live, monkeypatch):
    memory.remember(live, window(STORY), MODEL, analysed())
    assert memory.recall(live, window(STORY), "another|model") is None
    monkeypatch.setattr(memory.prompt, "version", lambda: "new")
    assert memory.recall(live, window(STORY), MODEL) is None


def test_the_same_words_on_other_lines_lead_to_those(live):
    first = window("I: Tell me.", STORY)
    memory.remember(live, first, MODEL, analysed(about(STORY, "s1")))
    lines = tuple(replace(line, id=f"new-{line.id}") for line in first.lines)
    (finding,) = memory.recall(live, replace(first, lines=lines), MODEL).findings
    assert finding.line_ids == ("new-s1",)
    assert finding.data["key"] != "k", "it is another card"


def test_only_the_newest_are_kept(live):
    for number in range(memory.MOST + 1):
        memory.remember(live, window(f"{STORY} {number}"), MODEL, analysed())
    assert memory.recall(live, window(f"{STORY} 0"), MODEL) is None
    assert memory.recall(live, window(f"{STORY} 1"), MODEL) is not None


def test_what_is_too_old_is_not_used(live, settings):
    memory.remember(live, window(STORY), MODEL, analysed())
    settings.INTERVIEW_ANALYSIS_CACHE = 0
    assert memory.recall(live, window(STORY), MODEL) is None


def test_nothing_is_readable_without_the_sessions_key(live):
    memory.remember(live, window(STORY), MODEL, analysed(digest="A pool was added."))
    dump = pickle.dumps(cache._cache)
    assert b"insights:memory" in dump, "there is something to read"
    for telling in (b"connection pool", b"How did you size it", b"pool was added"):
        assert telling not in dump


def test_another_sessions_key_opens_nothing(live, cast):
    memory.remember(live, window(STORY), MODEL, analysed())
    other = make_session(cast.olga, cast.organization)
    assert memory.recall(other, window(STORY), MODEL) is None
    cache.set(
        sealed_cache._name(other.pk, memory.NAME),
        cache.get(sealed_cache._name(live.pk, memory.NAME)),
    )
    assert memory.recall(other, window(STORY), MODEL) is None


class TestNearest:
    def test_it_is_about_the_new_lines_and_stands_in_them(self, live):
        memory.remember(live, window(STORY), MODEL, analysed())
        memory.remember(
            live, window(LATER), MODEL, analysed(about("moved the API", content="Why?"))
        )
        known = memory.nearest(live, window(STORY, LATER, context=("Hello there.",)))
        assert known.engine == "cache"
        assert known.findings[0].quote in f"{STORY} {LATER}"

    def test_the_one_that_read_most_of_the_lines_is_taken(self, live):
        memory.remember(live, window(STORY), MODEL, analysed())
        both = analysed(about("moved the API", "s1", content="Why Kubernetes?"))
        memory.remember(live, window(STORY, LATER), MODEL, both)
        (finding,) = memory.nearest(live, window(STORY, LATER, "And so on.")).findings
        assert finding.content == "Why Kubernetes?"

    def test_one_that_read_more_but_no_new_line_is_not_taken(self, live):
        old = ("Hello there.", "I look after the shop.")
        memory.remember(live, window(LATER), MODEL, analysed(about("moved the API")))
        memory.remember(live, window(*old), MODEL, analysed(about("look after the shop")))
        (finding,) = memory.nearest(live, window(LATER, context=old)).findings
        assert finding.quote == "moved the API"

    def test_what_was_found_in_old_lines_alone_is_no_help(self, live):
        memory.remember(live, window(STORY), MODEL, analysed())
        assert memory.nearest(live, window(LATER, context=(STORY,))) is None


@pytest.fixture
def model(settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_RETRIES = 0
    return llm_server


def read(session):
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=session.pk)
    return AnalysisRun.objects.latest("pk")


def test_a_run_that_starts_over_after_a_crash_pays_nothing(live, model):
    say(live, STORY)
    analysis.mark_segment(session_id=live.pk)
    assert read(live).calls == 1
    cards = set(Insight.objects.values_list("pk", flat=True))
    AnalysisRun.objects.all().delete()  # the worker died before it could note the run
    AnalysisState.objects.update(analysed_through=0, digest=None)
    run = read(live)
    assert (run.engine, run.error, run.calls, run.findings) == ("cache", "", 0, 2)
    assert len(model.requests) == 1
    assert set(Insight.objects.values_list("pk", flat=True)) == cards


def test_on_a_rate_limit_the_nearest_analysis_helps_out(live, model):
    say(live, STORY)
    analysis.mark_segment(session_id=live.pk)
    read(live)
    Insight.objects.all().delete()
    AnalysisRun.objects.all().delete()
    AnalysisState.objects.update(analysed_through=0)
    say(live, LATER, start=160_000)
    analysis.mark_segment(session_id=live.pk)
    model.behaviour = behave.status(429)
    run = read(live)
    assert (run.engine, run.error) == ("cache", "rate_limited")
    assert Insight.objects.filter(source="llm", quote__isnull=False).exists()
    assert Insight.objects.filter(source="rules").exists()


def test_an_erased_session_has_no_memory(live):
    memory.remember(live, window(STORY), MODEL, analysed())
    Session.objects.filter(pk=live.pk).update(wrapped_key=None)
    with pytest.raises(DomainError):
        memory.recall(Session.objects.get(pk=live.pk), window(STORY), MODEL)
