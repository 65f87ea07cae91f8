"""The product and its peer as processes of their own, and what they cost."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import product

SETUP = """
import json
from accounts import tokens
from accounts.models import User
from accounts.roles import Role, Scope
from accounts.services import add_member, create_organization
from sessions.models import ConsentRecord
from sessions.consents import record_consent
from sessions.services import create_session, start_session
here = create_organization(name="Bench", slug="bench")
here.language, here.languages = {language!r}, [{language!r}]
here.analysis_enabled = {analysis!r}
here.save()
user = User.objects.create_user("bench@bench.example", "interview-demo", name="Bench")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
made = []
for _ in range({count}):
    about = dict(title="Bench", job={job!r}, language={language!r})
    session = create_session(owner=user, organization=here, **about)
    record_consent(session=session, noted_by=user, method=ConsentRecord.Method.VERBAL)
    start_session(session=session)
    made.append(str(session.pk))
_row, token = tokens.create(user=user, organization=here, name="bench", scopes=list(Scope), days=1)
print(json.dumps({{"sessions": made, "token": token}}))
"""
PEER = """
import asyncio, runpy, sys, websockets
serve = websockets.serve
def adapted(handler, *args, **options):
    # Newer versions of the library call handlers without the path that asr_server.py asks for.
    return serve(lambda connection: handler(connection, "/"), *args, **options)
websockets.serve = adapted
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Served:
    """A running server: where it is, what it is for, and its process."""

    url: str
    pid: int
    sessions: list[str]
    token: str

    def cpu(self) -> float:
        """Return the seconds of processor time it has taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Return its resident memory in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * PAGE_BYTES / 1e6


@contextlib.contextmanager
def ours(
    *, language: str = "en", count: int = 1, analysis: bool = True, job: str = "", **settings: str
) -> Iterator[Served]:
    """Serve the product with `count` running interviews; everything is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        limits = {
            f"INTERVIEW_LIMIT_{name}": "1000"
            for name in ("SOCKETS_USER", "AUDIO_USER", "CONNECTS_USER", "AUDIO_ORGANIZATION")
        }
        env = product.environment(
            Path(folder),
            **{"INTERVIEW_MAX_STREAMS": "64", "LOG_LEVEL": "ERROR"} | limits | settings,
        )
        product.manage("migrate", "-v0", env=env)
        script = SETUP.format(language=language, count=count, analysis=analysis, job=job)
        made = json.loads(
            product.manage("shell", "--no-imports", "-c", script, env=env).stdout.splitlines()[-1]
        )
        with product.serving(env, prepare=False) as (url, process):
            yield Served(url, process.popen.pid, made["sessions"], made["token"])


@contextlib.contextmanager
def peer(script: Path, model: Path) -> Iterator[Served]:
    """Serve vosk-server's asr_server.py, which whoever runs the benchmark has fetched."""
    port = product.free_port()
    env = {
        **os.environ,
        "VOSK_SERVER_PORT": str(port),
        "VOSK_SERVER_INTERFACE": "127.0.0.1",
        "VOSK_SAMPLE_RATE": "16000",
    }
    command = [sys.executable, "-c", PEER, str(script), str(model)]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + product.PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{script} did not start")
            time.sleep(0.1)
        yield Served(f"http://127.0.0.1:{port}", process.pid, [], "")
    finally:
        process.terminate()
        process.wait(10)
