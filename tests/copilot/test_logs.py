"""What somebody said never gets into a log, whoever writes it."""

import asyncio
import copy
import dataclasses
import gc
import importlib
import io
import json
import logging
import logging.config
import pkgutil
import sqlite3
import sys
import threading
import traceback
import uuid
import warnings

import pytest
from channels.testing import HttpCommunicator
from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.db import transaction
from django.test import Client, RequestFactory

from copilot import tracing
from copilot.asgi import application
from copilot.celery import begin, end, tell_failure
from copilot.lib import logs
from insights.analyzers.base import Line, Window
from insights.tasks import analyze
from tests.sockets import cookie_of, sign_in
from transcription.engines.base import Hypothesis, Word
from transcription.pipeline import Partial, SegmentDraft

CANARY = "vermilion walrus"


@pytest.fixture(params=["line"])
def log(request):
    """Everything the product's logging configuration lets through to its console."""
    config = copy.deepcopy(settings.LOGGING)
    config["handlers"]["console"]["formatter"] = request.param
    logging.config.dictConfig(config)
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
    assert "1 failed [ValueError at" in log.getvalue()
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


json_lines = pytest.mark.parametrize("log", ["json"], indirect=True)


def chained():
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as inner:
            raise RuntimeError(f"while at {CANARY}") from inner
    except RuntimeError as error:
        return error


def said_by_hand():
    """As code and libraries do that write out what they caught."""
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        log = logging.getLogger("anything")
        log.error(f"failed: {error}")  # noqa: G004  # as others do
        log.error(error)
        log.error("failed: %s", error.args[0])
        log.exception(CANARY)


def as_daphne_does():
    try:
        raise failed()
    except ValueError:
        logging.getLogger("daphne.http_protocol").error(traceback.format_exc())


def of_a_database():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE words (said TEXT UNIQUE CHECK (said <> 'x'))")
    try:
        database.execute(f'SELECT "{CANARY}')
    except sqlite3.Error as error:
        logging.getLogger("anything").error("not stored: %s", error, exc_info=error)
    finally:
        database.close()


def of_a_thread():
    hook, threading.excepthook = threading.excepthook, threading.__excepthook__
    try:
        logs.take_over()
        thread = threading.Thread(target=lambda: (_ for _ in ()).throw(failed()))
        thread.start()
        thread.join()
    finally:
        threading.excepthook = hook


def of_nobody():
    class Last:
        def __del__(self):
            raise failed()

    hook, sys.unraisablehook = sys.unraisablehook, sys.__unraisablehook__
    try:
        logs.take_over()
        Last()
        gc.collect()
    finally:
        sys.unraisablehook = hook


def of_the_end():
    hook, sys.excepthook = sys.excepthook, sys.__excepthook__
    try:
        logs.take_over()
        sys.excepthook(*(lambda e: (type(e), e, e.__traceback__))(chained()))
    finally:
        sys.excepthook = hook


def warned():
    logs.take_over()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        try:
            warnings.warn(f"naive time in {CANARY}", RuntimeWarning, stacklevel=1)
        finally:
            logging.captureWarnings(False)


def of_things():
    words = (Word(CANARY, 0, 1, 0.9),)
    line = Line("1", "candidate", CANARY, 0.0, 1.0)
    for thing in (
        words,
        Hypothesis(CANARY, 0, 1, True, words),
        Partial(CANARY, 0, 1),
        SegmentDraft(CANARY, words, 0, 1, 0.9, "scripted", {}),
        Window((line,), job=CANARY, competencies=(CANARY,), today=None),
        {"text": CANARY},
        [CANARY],
        CANARY.encode(),
    ):
        logging.getLogger("anything").error("got %s and %r", thing, thing)
        logging.getLogger("anything").error(thing)
    logging.getLogger("anything").error("%d of %s", [CANARY], "x", "y")
    logging.getLogger("anything").error("done", extra={"text": CANARY, "words": words})


def of_asyncio():
    loop = asyncio.new_event_loop()
    loop.close()
    loop.call_exception_handler(
        {
            "message": f"Exception in callback tell('{CANARY}') at x.py:3",
            "exception": failed(),
            "handle": CANARY,
        }
    )


def grouped():
    error = ExceptionGroup(CANARY, [failed(), failed(KeyError)])
    logging.getLogger("anything").error("all of %s", error, exc_info=error)


@json_lines
@pytest.mark.parametrize(
    ("happen", "told"),
    [
        (lambda: logging.getLogger("anything").error("x", exc_info=chained()), "after KeyError at"),
        (grouped, "ExceptionGroup(ValueError, KeyError)"),
        (said_by_hand, "failed: ValueError"),
        (as_daphne_does, "[ValueError at test_logs.py:"),
        (of_a_database, "not stored: OperationalError [OperationalError at"),
        (of_a_thread, "a thread ended [ValueError at"),
        (of_nobody, "nobody could catch [ValueError at"),
        (of_the_end, "the process ends [RuntimeError at"),
        (warned, "RuntimeWarning at "),
        (of_things, "got SegmentDraft and 'SegmentDraft'"),
        (of_asyncio, "Exception in callback tell [ValueError at"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_no_way_into_the_log_takes_words_along(log, capfd, happen, told):
    happen()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert told in "\n".join(line["message"] for line in lines)
    assert CANARY not in log.getvalue()
    assert set().union(*lines) == {"time", "level", "logger", "message", "process"}
    assert CANARY not in "".join(capfd.readouterr()), "past the log"


TELLING = set(
    "text texts words quote other_quote content norm raw statement profile digest asked job "
    "claimed guide_question competency competencies context lines topic said heard notice "
    "sentences body candidate_name candidate_email given_by answer".split()
)
# Of these the words are the program's own.
OURS = {
    "verify.Anchor",
    "said._Card",
    "vocabulary.Vocabulary",
    "vosk.Config",
    "similar.Form",
    "planned.Planned",
    "notices.Notice",
}


def test_the_repr_of_nothing_holds_words():
    bare = set()
    for name in ("copilot", "accounts", "sessions", "transcription", "insights"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if ".migrations" in found.name or ".management" in found.name:
                continue
            module = importlib.import_module(found.name)
            for kind in vars(module).values():
                if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
                    continue
                place = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
                # What is made of dataclasses shows none of theirs.
                bare |= {
                    f"{place}.{field.name}"
                    for field in dataclasses.fields(kind)
                    if field.repr and field.name in TELLING and "str" in str(field.type)
                    if place not in OURS
                }
    assert bare == set()


def test_only_ids_stand_for_who_and_what(log):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "ids", lambda: {"request": "ab12"})
        logging.getLogger("anything").warning("two\nlines\r\x1b[2K\x85\u2028é")
    told = r"WARNING anything two\nlines\r\x1b[2K\x85\u2028é (request=ab12)"
    assert log.getvalue().endswith(f"{told}\n")


@json_lines
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("8f14e45f-ceea-467f-9575-2c1a1f0c1b11", True),
        ("8f14e45fceea467f95752c1a1f0c1b11", True),
        ("Jane-Miller-0123456", False),
        ("a" * 65, False),  # nor anything long: it would be tried in hundreds of thousands of ways
    ],
)
async def test_a_request_and_its_lines_have_an_id(log, cast, given, kept):
    client = await sign_in(cast.mia)
    path = f"/sessions/{cast.session.pk}/"
    asked = HttpCommunicator(
        application,
        "GET",
        f"{path}?q={CANARY.split()[0]}",
        headers=[
            (b"host", b"127.0.0.1"),
            (b"cookie", cookie_of(client).encode()),
            (b"x-request-id", given.encode()),
        ],
    )
    answer = await asked.get_response(timeout=10)
    await asked.wait(timeout=10)
    assert answer["status"] == 404
    request = dict(answer["headers"])[b"x-request-id"].decode()
    assert (request == given) is kept
    line = json.loads(log.getvalue().splitlines()[-1])
    assert line["message"] == f"Not Found: {path}"
    assert line["request"] == request
    assert line["session"] == str(cast.session.pk)
    assert line["user"] == cast.mia.pk


@pytest.mark.parametrize(
    "path",
    [
        "/walrus/",
        "/sessions/walrus/",
        "/api/v1/walrus/?q=walrus",
        "/sessions/walrus-José/",
        "/walrus%0A/",
        "/candidate/walrus-José/",
    ],
)
def test_an_address_that_leads_nowhere_is_not_repeated(log, db, path):
    assert Client().get(path).status_code == 404
    assert "Not Found" in log.getvalue()
    assert "walrus" not in log.getvalue()


@json_lines
def test_lines_of_a_task_name_it_and_its_interview(log):
    about = str(uuid.uuid4())
    begin(task_id="7", task=analyze, args=[about], kwargs={})
    logging.getLogger("anything").warning("inside")
    end()
    logging.getLogger("anything").warning("outside")
    inside, outside = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (inside["task"], inside["task_id"]) == ("insights.tasks.analyze", "7")
    assert inside["session"] == about
    assert not {"task", "session"} & set(outside)


def test_others_tell_no_more_than_info_and_nothing_is_mailed(log, settings, mailoutbox):
    settings.ADMINS = [("Ann", "ann@x.example")]
    assert not logging.getLogger("websockets.client").isEnabledFor(logging.DEBUG)
    for name in ("django", "django.request", "django.server"):
        assert logging.getLogger(name).handlers == []
    logging.getLogger("django.request").error("broken", exc_info=failed())
    assert mailoutbox == []
