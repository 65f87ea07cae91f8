"""The model behind the analysis: a real HTTP endpoint, real rows, cards before the last token."""

import threading

import pytest
from django.db import connection

from insights import analysis, queries
from insights.models import AnalysisRun, Insight
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
    assert queries.analysis_json(live) == {
        "engine": "llm",
        "reason": "",
        "detail": "",
        "reviewing": False,
    }


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


def test_the_model_reads_no_personal_detail_of_the_profile_or_the_job(cast, configured):
    session = cast.session
    session.job = "Backend engineer (Daniel Reyes, 415 867 5309)"
    session.profile = (
        "Daniel Reyes\ndaniel.reyes@gmail.com, +1 415 867 5309\nFive years of Django and Redis."
    )
    session.save()
    hear(go_live(session))
    analysis.analyze_session(session_id=session.pk)
    sent = str(configured.requests[0])
    assert "Five years of Django and Redis." in sent
    assert "Job: Backend engineer" in sent
    # Long enough that no random fence, which is hexadecimal, can hold one by chance.
    for detail in ("Daniel", "Reyes", "gmail", "867 5309", "8675309"):
        assert detail not in sent
