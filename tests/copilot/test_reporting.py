"""Reports of errors are sent for real, to a server of ours, and hold no word anybody said."""

import gzip
import json
import logging
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sentry_sdk
from celery import shared_task
from daphne.server import Server
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from copilot import tracing
from copilot.lib import reporting
from tests.product import environment, manage

CANARY = "vermilion walrus"


def stumble(error):
    spoken = {"said": CANARY}
    try:
        raise KeyError(f"{spoken}")
    except KeyError as before:
        raise error from before


def broken_page(request, text):
    stumble(ValueError(f"cannot read {CANARY}"))
    return HttpResponse()


@shared_task(name="tests.broken")
def broken_task(session_id, text):
    stumble(ValueError(f"cannot store {text}"))


urlpatterns = [path("sessions/<str:text>/", broken_page)]
handler500 = "copilot.refusals.server_error"


class Sink:
    """A server that takes envelopes and keeps what they hold."""

    def __init__(self):
        self.raw = b""
        self.events = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def dsn(self):
        return f"http://key@127.0.0.1:{self._http.server_port}/1"

    def take(self, body):
        self.raw += body
        _head, *items = body.split(b"\n")
        for kind, content in zip(items[::2], items[1::2], strict=False):
            assert json.loads(kind)["type"] == "event"
            self.events.append(json.loads(content))

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(sink):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            packed = self.headers.get("content-encoding") == "gzip"
            sink.take(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    return Handler


@pytest.fixture
def sink():
    sink = Sink()
    reporting.start(sink.dsn, environment="tests", ids=tracing.ids)
    yield sink
    sentry_sdk.get_client().close()
    sentry_sdk.Scope.get_global_scope().set_client(None)
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, reporting.Reports)]
    sink.close()


def through_a_page(settings):
    settings.ROOT_URLCONF = __name__
    Client(raise_request_exception=False).get(f"/sessions/{CANARY}/?q={CANARY}")


def through_a_task(_settings):
    broken_task.apply(args=[str(uuid.UUID(int=7)), CANARY])


def through_a_socket(_settings):
    """As the server finds out that a consumer died."""

    class Ended:
        def done(self):
            return True

        def cancelled(self):
            return False

        def exception(self):
            try:
                stumble(ValueError(CANARY))
            except ValueError as error:
                return error

    class Protocol:
        application_instance = None

        def handle_exception(self, error):
            pass

    server = Server.__new__(Server)
    server.connections = {Protocol(): {"application_instance": Ended()}}
    server.application_checker_interval = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daphne.server.reactor.callLater", lambda *_: None)
        server.application_checker()


@pytest.mark.django_db
@pytest.mark.parametrize("happen", [through_a_page, through_a_task, through_a_socket])
def test_a_report_has_types_and_places_and_no_words(sink, settings, happen):
    sentry_sdk.add_breadcrumb(message=CANARY)
    sentry_sdk.set_user({"email": CANARY})
    happen(settings)
    sentry_sdk.flush(5)
    (event,) = [event for event in sink.events if "exception" in event]
    first, last = event["exception"]["values"]
    assert (first["type"], last["type"]) == ("KeyError", "ValueError")
    assert set(last) <= {"type", "module", "stacktrace"}
    for part in CANARY.split():
        assert part.encode() not in sink.raw
    assert b"@127.0.0.1" not in sink.raw.partition(b"\n")[2]
    if happen is through_a_task:
        assert event["tags"]["session"] == str(uuid.UUID(int=7))
        assert event["tags"]["task"] == "tests.broken"


def test_it_names_our_own_frames_only(sink):
    try:
        json.loads("{")
    except ValueError as error:
        logging.getLogger("anything").error(CANARY, exc_info=error)
    try:
        tracing.begin_task("1", None, (), {})
    except AttributeError as error:
        logging.getLogger("anything").error(CANARY, exc_info=error)
    logging.getLogger("anything").error(f"{CANARY} %s", CANARY)  # noqa: G004  # as others do
    sentry_sdk.flush(5)
    foreign, ours, bare = sink.events
    assert "stacktrace" not in foreign["exception"]["values"][0]
    (frame,) = ours["exception"]["values"][0]["stacktrace"]["frames"]
    assert (frame["filename"], frame["function"]) == ("copilot/tracing.py", "begin_task")
    assert set(frame) == {"filename", "lineno", "function", "in_app"}
    assert bare["message"].startswith("test_reporting:")
    assert b"walrus" not in sink.raw


def test_without_a_place_to_report_to_nothing_is_loaded(tmp_path):
    code = "import sys; print('sentry_sdk' in sys.modules)"
    env = environment(tmp_path)
    env.pop("SENTRY_DSN", None)
    assert manage("shell", "--no-imports", "-c", code, env=env).stdout.split() == ["False"]
