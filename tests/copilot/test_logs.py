"""What somebody said never gets into a log, whoever writes it."""

import asyncio
import io
import logging
import logging.config

import pytest
from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.db import transaction
from django.test import Client, RequestFactory

from copilot.celery import tell_failure

CANARY = "vermilion walrus"


@pytest.fixture
def log():
    """Everything the product's logging configuration lets through to its console."""
    logging.config.dictConfig(settings.LOGGING)
    stream = io.StringIO()
    handler = next(h for h in logging.getLogger().handlers if h.formatter)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def failed(kind=ValueError):
    try:
        raise kind(f"invalid literal: {CANARY!r}")
    except kind as error:
        return error


def test_a_logged_exception_keeps_its_type_and_place_only(log):
    error = failed()
    logging.getLogger("anything").error("it broke: %s", error, exc_info=error)
    assert CANARY not in log.getvalue()
    assert "it broke: ValueError [ValueError at test_logs.py:" in log.getvalue()


def test_arguments_by_name_are_looked_through_too(log):
    logging.getLogger("anything").error("%(what)s failed", {"what": failed()})
    assert "ValueError failed" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_a_failing_page_logs_no_words(log):
    request = RequestFactory().get("/sessions/")
    response = response_for_exception(request, failed())
    assert response.status_code == 500
    assert CANARY not in response.content.decode()
    assert "ValueError at" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_a_failing_task_logs_no_words(log):
    tell_failure(task_id="1", exception=failed())
    logging.getLogger("celery.app.trace").error("raised unexpected: %r", str(failed()))
    assert "failed: ValueError at" in log.getvalue()
    assert CANARY not in log.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_failing_commit_hook_logs_no_words(log):
    def hook():
        raise failed()

    with transaction.atomic():
        transaction.on_commit(hook, robust=True)
    assert "ValueError" in log.getvalue()
    assert CANARY not in log.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/invitations/{}/",
        "/accounts/password/reset/key/1-{}/",
        "/accounts/confirm-email/MQ:{}/",
    ],
)
def test_a_refused_request_does_not_log_its_one_time_link(log, path):
    secret = "dcba8k2-" + "5fT_x" * 6
    answer = Client(enforce_csrf_checks=True).post(path.format(secret))
    assert answer.status_code == 403
    assert f"Forbidden (CSRF cookie not set.): {path.partition('{')[0][:20]}" in log.getvalue()
    assert secret not in log.getvalue()


async def test_a_forgotten_asyncio_task_logs_no_words(log):
    async def die():
        raise failed()

    loop = asyncio.get_running_loop()
    task = loop.create_task(die())
    await asyncio.wait([task])
    loop.default_exception_handler(
        {
            "message": "Task exception was never retrieved",
            "exception": task.exception(),
            "task": task,
        }
    )
    assert "never retrieved" in log.getvalue()
    assert CANARY not in log.getvalue()
