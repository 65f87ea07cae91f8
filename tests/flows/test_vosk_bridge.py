"""A client with a fixed address, the bridge and the product: three that speak for real."""

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from websockets.asyncio.client import connect as connect_async
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from copilot.management.commands import vosk_bridge
from tests import product
from tests.client import ProductClient

SETUP = """
from accounts import tokens
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions.services import create_session
here = create_organization(name="Q", slug="q")
user = User.objects.create_user("olga@q.example", "interview-demo", name="Olga Q")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
print(create_session(owner=user, organization=here, title="T").pk)
print(tokens.create(user=user, organization=here, name="v", scopes=["audio"], days=1)[1])
"""
SECOND = bytes(32_000)


@pytest.fixture
def installed(tmp_path):
    env = product.environment(
        tmp_path,
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(product.ROOT / "tests/data/script.json"),
    )
    product.manage("migrate", "-v0", env=env)
    made = product.manage("shell", "--no-imports", "-c", SETUP, env=env)
    return env, *made.stdout.split()


def bridging(env, *options):
    port = product.free_port()
    command = [sys.executable, "manage.py", "vosk_bridge", "--port", str(port), *options]
    process = product.Process(*command, env=env)
    while not any("Listening" in line for line in process.lines):
        assert process.popen.poll() is None, process.output
        threading.Event().wait(0.05)
    return f"ws://localhost:{port}", process


def talk(address, seconds, *, waits):
    """Send silence as vosk-server's sample client does, or without waiting; return the answers."""
    with connect(address, open_timeout=30) as client:
        client.send('{ "config" : { "sample_rate" : 16000 } }')
        answers = []
        for _ in range(seconds):
            client.send(SECOND)
            if waits:
                answers.append(json.loads(client.recv(timeout=30)))
        client.send('{"eof" : 1}')
        answers += [json.loads(client.recv(timeout=30)) for _ in range(seconds - len(answers) + 1)]
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=30)
        assert closed.value.rcvd.code == 1000
    return answers


def test_clients_of_vosk_server_stream_into_an_interview_unchanged(installed):
    env, session, token = installed
    with product.serving(env, prepare=False) as (url, _process):
        olga = ProductClient(url, "olga@q.example")
        olga.begin(session)
        where = ("--session", session, "--url", url)
        address, bridge = bridging({**env, "INTERVIEW_TOKEN": token}, *where)
        try:
            answers = talk(address, 7, waits=True)
            assert len([answer for answer in answers if answer.get("text")]) == 3
            said = [row["text"] for row in olga.get(f"/sessions/{session}/transcript/")["results"]]
            assert said == [answer["text"] for answer in answers if answer.get("text")]
            # Two minutes at once are more than the product takes: the bridge lets the client wait.
            assert len(talk(address, 120, waits=False)) == 121
            with pytest.raises(InvalidStatus):
                connect(address, origin="http://evil.example")
        finally:
            assert bridge.end() == 0
        assert token not in bridge.output
        assert asyncio.run(refused(session, url))["code"] == "refused"


async def refused(session, url):
    """Return what a client is told where the token is no good."""
    bridge = vosk_bridge.Bridge(vosk_bridge.endpoint(url, UUID(session), "candidate"), "icp_wrong")
    async with serve(bridge.relay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(30), connect_async(f"ws://127.0.0.1:{port}") as client:
            return json.loads(await client.recv())["error"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "ftp://there"}, "--url is the address of the product"),
        ({"token_file": Path("/nowhere/token")}, "the token file cannot be read"),
        ({}, "set INTERVIEW_TOKEN or name a --token-file"),
    ],
    ids=["url", "file", "none"],
)
def test_what_is_missing_is_said_in_one_line(options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("vosk_bridge", session=UUID(int=0), **options)


def test_a_port_in_use_is_said_in_one_line(settings):
    settings.INTERVIEW_TOKEN = "icp_x"
    with socket.create_server(("localhost", 0)) as taken, pytest.raises(CommandError) as said:
        call_command("vosk_bridge", session=UUID(int=0), port=taken.getsockname()[1])
    assert "is in use" in str(said.value)
