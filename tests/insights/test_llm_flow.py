"""The model behind the analysis: a real HTTP endpoint, real rows, cards before the last token."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from insights import analysis, queries
from insights.models import AnalysisRun, AnalysisState, Insight
from tests.factories import go_live, say
from tests.insights import llm_server as behave

ANSWER = (
    "Last year our database ran out of connections. I added a connection pool and moved the slow "
    "reports to a replica."
)


@pytest.fixture
def configured(settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_API_KEY = "test"
    return llm_server


def hear(session):
    say(session, ANSWER)
    analysis.mark_segment(session_id=session.pk)


def test_the_models_findings_are_stored_with_what_they_cost(live, configured):
    hear(live)
    analysis.analyze_session(session_id=live.pk)
    cards = {card.kind: card for card in Insight.objects.all()}
    assert set(cards) == {"question", "highlight"}
    assert cards["question"].source == "llm"
    assert cards["question"].quote in ANSWER
    run = AnalysisRun.objects.get()
    assert (run.engine, run.error, run.findings) == ("llm", "", 2)
    assert run.tokens_in > 0
    assert live.analysis.digest == "A database incident was told."
    assert queries.analysis_json(live) == {"engine": "llm", "detail": ""}


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (behave.status(401), "unauthorized"),
        (behave.status(429, Retry_After="7"), "rate_limited"),
        (behave.status(500), "unreachable"),
        (behave.garbage(), "malformed"),
        (behave.html_page(), "malformed"),
        (behave.refuses(), "refused"),
        (behave.huge(), "too_long"),
    ],
)
def test_whatever_is_wrong_with_it_the_rules_take_over_and_the_page_says_why(
    live, configured, behaviour, code
):
    configured.behaviour = behaviour
    hear(live)
    analysis.analyze_session(session_id=live.pk)
    assert Insight.objects.filter(source="rules").exists()
    assert AnalysisRun.objects.get().error == code
    told = queries.analysis_json(live)
    assert told["engine"] == "rules"
    assert told["detail"].endswith("local rules are used.")


def test_the_organizations_daily_tokens_are_a_limit(live, configured):
    live.organization.llm_daily_tokens = 1
    live.organization.save()
    hear(live)
    analysis.analyze_session(session_id=live.pk)
    assert AnalysisRun.objects.get().engine == "llm"  # nothing was used before
    say(live, ANSWER, start=160_000)
    analysis.mark_segment(session_id=live.pk)
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=live.pk)
    asked = len(configured.requests)
    run = AnalysisRun.objects.latest("pk")
    assert (run.engine, run.error) == ("rules", "budget")
    assert "budget" in queries.analysis_json(live)["detail"]
    AnalysisRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    say(live, ANSWER, start=320_000)
    analysis.mark_segment(session_id=live.pk)
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=live.pk)
    assert len(configured.requests) == asked + 1  # a new day


@pytest.mark.django_db(transaction=True)
def test_the_first_card_is_stored_before_the_answer_is_complete(live, configured):
    if connection.vendor == "sqlite":
        # A second connection sees what the analysing thread has committed.
        assert connection.settings_dict["NAME"] != ":memory:"
    configured.behaviour = behave.streams(wait_after="Explains the fix")
    hear(live)
    worker = threading.Thread(
        target=lambda: (analysis.analyze_session(session_id=live.pk), connection.close())
    )
    worker.start()
    assert configured.reached.wait(20)
    seen = threading.Event()
    for _ in range(200):
        if Insight.objects.filter(kind="question", state="complete").exists():
            seen.set()
            break
        threading.Event().wait(0.05)
    assert not AnalysisRun.objects.exists(), "the answer is not complete yet"
    configured.released.set()
    worker.join(20)
    assert seen.is_set()
    assert AnalysisRun.objects.get().findings == 2


def test_the_model_reads_no_personal_detail_of_the_profile(cast, configured):
    session = cast.session
    session.profile = (
        "Daniel Reyes\ndaniel.reyes@gmail.com, +1 415 867 5309\nFive years of Django and Redis."
    )
    session.save()
    hear(go_live(session))
    analysis.analyze_session(session_id=session.pk)
    sent = str(configured.requests[0])
    assert "Five years of Django and Redis." in sent
    for detail in ("Daniel", "Reyes", "gmail", "867"):
        assert detail not in sent
