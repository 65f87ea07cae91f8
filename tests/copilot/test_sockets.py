"""Which pages may open a socket, and where it says that it comes from."""

import asyncio
import contextlib
import threading

import pytest

from accounts.limits import Slots
from accounts.models import AuditEntry
from copilot.asgi import application
from copilot.sockets import _same
from sessions.doorkeeper import Doorkeeper
from tests.sockets import PATIENCE, Socket, cookie_of, sign_in, socket_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://copilot.example", "copilot.example", True),
        ("https://copilot.example", "copilot.example:443", True),
        ("http://copilot.example", "copilot.example:80", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://COPILOT.example", "copilot.example", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("http://copilot.example", "copilot.example:443", False),
        ("https://copilot.example.evil", "copilot.example", False),
        ("null", "copilot.example", False),
        ("", "copilot.example", False),
        ("file://", "copilot.example", False),
        ("http://copilot.example:x", "copilot.example", False),
    ],
)
def test_an_origin_is_the_same_by_host_and_port(origin, host, same):
    assert _same(origin, host) is same


@pytest.mark.parametrize("origin", [b"http://127.0.0.1:9999", b"https://localhost:3000"])
async def test_another_program_on_the_same_host_is_refused(cast, origin):
    path = f"/ws/sessions/{cast.session.pk}/live/"
    socket = await socket_to(path, cast.olga, origin=origin)
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


async def test_a_trusted_origin_is_let_in(cast, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["http://localhost:3000"]
    path = f"/ws/sessions/{cast.session.pk}/live/"
    socket = await socket_to(path, cast.olga, origin=b"http://localhost:3000")
    accepted, _ = await socket.connect(timeout=10)
    assert accepted
    await socket.disconnect()


async def test_no_origin_at_all_is_refused_with_a_cookie(cast):
    """Programs come with a token; a cookie without Origin is no page."""
    path = f"/ws/sessions/{cast.session.pk}/live/"
    socket = await socket_to(path, cast.olga, origin=None)
    accepted, _ = await socket.connect(timeout=PATIENCE)
    assert not accepted


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "192.0.2.7"), (1, "203.0.113.9"), (2, "198.51.100.2")]
)
async def test_it_comes_from_where_our_own_proxies_saw_it(cast, settings, proxies, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = [
        (b"host", b"127.0.0.1"),
        (b"origin", b"http://127.0.0.1"),
        (b"cookie", cookie_of(await sign_in(cast.sam)).encode()),
        (b"x-forwarded-for", b"10.0.0.1, 198.51.100.2"),
        (b"x-forwarded-for", b"203.0.113.9"),  # appended as a line of its own
    ]
    socket = Socket(application, f"/ws/sessions/{cast.session.pk}/live/", headers)
    socket.scope["client"] = ["192.0.2.7", 4711]
    accepted, _ = await socket.connect(timeout=PATIENCE)
    assert accepted
    await socket.say(type="ping")
    await socket.hear()
    await socket.disconnect(timeout=PATIENCE)
    trace = await AuditEntry.objects.aget(action="session.viewed")
    assert (trace.via, trace.ip, trace.actor_id) == ("socket", address, cast.sam.pk)


async def test_a_cookie_that_is_no_sign_in_is_refused(cast):
    for cookie in (b"sessionid=", b"sessionid=wrong", b"sessionid=" + b"x" * 5000, b";=;", b"\xff"):
        headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"cookie", cookie)]
        socket = Socket(application, f"/ws/sessions/{cast.session.pk}/live/", headers)
        accepted, _ = await socket.connect(timeout=PATIENCE)
        assert not accepted


async def test_a_connection_cancelled_while_it_is_let_in_keeps_no_place(
    cast, monkeypatch, settings
):
    settings.INTERVIEW_LIMIT_SOCKETS_USER = 1
    busy, go_on, entered = threading.Event(), threading.Event(), threading.Event()
    enter = Doorkeeper._enter

    def slowly(self, *args):
        busy.set()
        go_on.wait(PATIENCE)
        try:
            return enter(self, *args)
        finally:
            entered.set()

    monkeypatch.setattr(Doorkeeper, "_enter", slowly)
    socket = await socket_to(f"/ws/sessions/{cast.session.pk}/live/", cast.olga)
    await socket.send_input({"type": "websocket.connect"})
    await asyncio.to_thread(busy.wait, PATIENCE)
    socket.future.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await socket.future
    go_on.set()
    assert await asyncio.to_thread(entered.wait, PATIENCE)
    Slots(1.0).take(f"SOCKETS.USER.{cast.olga.pk}", 1)
