"""docs/api.md and docs/client.py as somebody would use them: run, against the served product."""

import http.server
import importlib.util
import json
import re
import subprocess
import threading
import wave
from pathlib import Path

import pytest

from tests import product

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/api.md").read_text()
MAKE_ADMIN = """
from accounts.roles import Role
from accounts.services import create_organization
from tests.factories import make_token, make_user
here = create_organization(name="Docs", slug="docs")
print(make_token(make_user(here, "anna", Role.ADMIN), here, "read", "write"))
"""
SAY = """
from sessions.models import Session
from tests.factories import say
session = Session.objects.get(pk="{session}")
for n in range({lines}):
    say(session, f"I have built part {{n}} of it in Go.", start=32_000 * n)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The product where webhooks may lead to this machine: its URL, a token, its environment."""
    env = product.environment(
        tmp_path_factory.mktemp("documented"),
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_OUTGOING_ALLOW="127.0.0.1",
    )
    with product.serving(env) as (url, _process):
        yield url, product.run(MAKE_ADMIN, env=env), env


def test_the_shell_lines_of_the_document_run_as_they_stand(served, tmp_path):
    url, token, _env = served
    with wave.open(str(tmp_path / "call.wav"), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(64_000))
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S))
    assert script.count("curl") >= 2
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "URL": url, "TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"state":"queued"' in done.stdout or '"state":' in done.stdout
    assert "urn:interview-copilot:problem" not in done.stdout


def test_json_in_the_document_is_json():
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)
    assert blocks
    for block in blocks:
        json.loads(block)


def test_what_the_document_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert target.startswith("http") or (ROOT / "docs" / target).exists(), target


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def the_client():
    spec = importlib.util.spec_from_file_location("client", ROOT / "docs/client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_client_goes_all_the_way(served, receiver):
    url, token, env = served
    client = the_client()
    copilot = client.Copilot(url, token)
    webhook = copilot.register_webhook(receiver, "session.ended", "summary.ready")
    assert webhook["secret"].startswith("whsec_")
    session = copilot.create(title="Backend engineer", candidate_name="Daniel Reyes")["id"]
    with pytest.raises(client.Problem) as early:
        copilot.summary(session)
    assert (early.value.status, early.value.code) == (409, "not_ended")
    copilot.consent(session)
    assert copilot.start(session)["status"] == "live"
    product.run(SAY.format(session=session, lines=25), env=env)
    assert copilot.end(session)["status"] == "ended"
    texts = [line["text"] for line in copilot.transcript(session, most=7)]
    assert texts == [f"I have built part {n} of it in Go." for n in range(25)]
    summary = copilot.summary(session)
    assert summary["state"] == "draft"
    assert any(section["sentences"] for section in summary["sections"])
    assert copilot.export(session, "pdf", "summary").startswith(b"%PDF")
    assert session in [one["id"] for one in copilot.interviews(status="ended", limit="1")]
    copilot.erase(session)
    with pytest.raises(client.Problem) as gone:
        copilot.end(session)
    assert gone.value.status in (404, 410)
