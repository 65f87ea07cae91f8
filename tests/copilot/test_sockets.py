"""Which pages may open a socket."""

import pytest

from copilot.sockets import _same
from tests.sockets import socket_to

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
