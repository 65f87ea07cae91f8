"""One worker asks for many sessions at once: waiting for a model costs a thread, not a process."""

import threading

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import worker_ready

from copilot import embedded
from copilot.celery import app
from insights import analysis, gate, tasks
from insights.models import AnalysisRun
from tests.factories import go_live, make_session, say
from tests.insights import llm_server as behave

SESSIONS = 6


@pytest.fixture
def worker(settings, transactional_db):
    """The worker of deploy/Procfile that serves the queue of analysis, as a thread."""
    settings.INTERVIEW_ANALYSIS_WORKERS = SESSIONS
    with start_worker(
        app,
        pool="threads",
        concurrency=SESSIONS,
        queues=["analysis"],
        perform_ping_check=False,
        shutdown_timeout=30,
    ):
        yield


def test_calls_of_different_sessions_overlap_in_one_worker(worker, cast, settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_PATIENCE = 60
    cast.organization.llm_concurrency = SESSIONS
    cast.organization.save()
    all_there = threading.Barrier(SESSIONS)

    def together(server, http):
        all_there.wait(30)  # breaks, and with it every answer, unless all are asked at once
        behave.streams()(server, http)

    llm_server.behaviour = together
    for number in range(SESSIONS):
        session = go_live(make_session(cast.olga, cast.organization, title=f"T{number}"))
        say(session, "I added a connection pool and moved the slow reports to a replica.")
        analysis.mark_segment(session_id=session.pk)
        tasks.analyze.delay(str(session.pk))
    for _ in range(600):
        if AnalysisRun.objects.count() == SESSIONS:
            break
        threading.Event().wait(0.05)
    assert not all_there.broken
    assert list(AnalysisRun.objects.values_list("engine", "error")) == [("llm", "")] * SESSIONS


@pytest.mark.parametrize("name", ["analyze", "predict", "review"])
def test_what_waits_for_a_model_has_a_queue_of_its_own(name):
    task = getattr(tasks, name)
    assert app.amqp.router.route({}, task.name)["queue"].name == "analysis"


def test_a_worker_that_is_ready_has_loaded_what_calls_need(settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    worker_ready.send(sender=None)
    assert gate.configured_llm()._client is not None
    assert llm_server.requests == []


def test_recordings_never_take_the_last_thread_of_the_embedded_worker(settings):
    settings.INTERVIEW_UPLOAD_WORKERS = 50
    settings.INTERVIEW_ANALYSIS_WORKERS = 8
    assert embedded.threads() - settings.INTERVIEW_UPLOAD_WORKERS >= 8
