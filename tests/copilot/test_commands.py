"""The commands people type: what they print, how they refuse, that they end."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import wave

import pytest

from tests import product
from transcription.engines.base import SAMPLE_RATE

pytestmark = pytest.mark.timeout(240)

SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions.services import create_session
here = create_organization(name="Q", slug="q")
user = User.objects.create_user("olga@q.example", "interview-demo", name="Olga Q")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
for _ in range(3):
    print(create_session(owner=user, organization=here, title="T", candidate_name="D R").pk)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A migrated installation with three ready interviews and the scripted engine."""
    env = product.environment(
        tmp_path_factory.mktemp("commands"),
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(product.ROOT / "tests/data/script.json"),
        INTERVIEW_ANALYSIS_INTERVAL="0.5",
    )
    product.manage("migrate", "-v0", env=env)
    made = product.manage("shell", "--no-imports", "-c", SETUP, env=env)
    return env, made.stdout.split()


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Seven seconds of a wav file: what is in it does not matter to the scripted engine."""
    path = tmp_path_factory.mktemp("audio") / "seven.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(bytes(2 * 7 * SAMPLE_RATE))
    return str(path)


AGREED = ["--consent", "verbal", "--by", "olga@q.example"]


def refusal(*args, env):
    """Run a command that must fail; return its one line of reason."""
    done = product.manage(*args, env=env, check=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


# --- serve ---------------------------------------------------------------------------------------


def test_serve_prepares_greets_and_ends_with_everything_it_started(tmp_path):
    env = product.environment(tmp_path)
    with product.serving(env) as (url, process):
        assert url in process.output
        assert "ines@northwind.example" in process.output
        assert "Play sample interview" in process.output
        assert re.search(r"password interview-demo", process.output)
        group = process.popen.pid
    assert process.popen.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_serve_ends_on_sigterm_too(installed):
    env, _sessions = installed
    with product.serving(env, prepare=False) as (_url, process):
        assert process.end(signal.SIGTERM) == 0


def test_a_busy_port_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        reason = refusal("serve", "--port", port, env=product.environment(tmp_path))
    assert f"port {port} is in use" in reason


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    reason = refusal("serve", env=product.environment(blocked / "var"))
    assert "cannot write to the data directory" in reason


def test_local_mode_serves_nobody_else(tmp_path):
    reason = refusal("serve", "--host", "0.0.0.0", "--prepare", env=product.environment(tmp_path))
    assert "INTERVIEW_MODE=production" in reason


def test_what_a_laptop_keeps_is_its_owners_alone(tmp_path):
    folder = tmp_path / "var"
    product.manage("prepare", env=product.environment(folder))
    for path in (folder, *folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_of_several_first_starts_one_makes_the_keys(tmp_path):
    env = product.environment(tmp_path / "var")
    starts = [product.Process(sys.executable, "manage.py", "check", env=env) for _ in range(4)]
    assert [start.popen.wait(60) for start in starts] == [0] * 4
    for start in starts:
        start.end()
    keys = json.loads((tmp_path / "var/keys.json").read_text())
    assert set(keys) == {"secret", "master"}


def test_a_damaged_key_file_is_said_in_one_line(tmp_path):
    (tmp_path / "keys.json").write_text("")
    assert "is damaged" in refusal("check", env=product.environment(tmp_path))


def test_the_demo_is_created_once(tmp_path):
    env = product.environment(tmp_path)
    count = "from sessions.models import Session; print(Session.objects.count())"
    for _ in range(2):
        product.manage("prepare", env=env)
        done = product.manage("shell", "--no-imports", "-c", count, env=env)
        assert done.stdout.strip() == "3"


# --- production ----------------------------------------------------------------------------------

KEY = base64.b64encode(bytes(32)).decode()
COMPLETE = {
    "INTERVIEW_MODE": "production",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-for-tests-only",
    "INTERVIEW_MASTER_KEYS": f"a:{KEY}",
    "ALLOWED_HOSTS": "copilot.example.org",
    "DATABASE_URL": "postgres://u@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp+tls://u:p@127.0.0.1:1",
}


def test_production_starts_when_everything_is_given(tmp_path):
    done = product.manage("check", env=product.environment(tmp_path, **COMPLETE))
    assert "no issues" in done.stdout


def production_example() -> dict[str, str]:
    lines = (product.ROOT / "deploy" / "production.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_production_example_is_clean_once_it_has_keys(tmp_path):
    keys = {name: COMPLETE[name] for name in ("SECRET_KEY", "INTERVIEW_MASTER_KEYS")}
    places = {"INTERVIEW_DATA_DIR": str(tmp_path), "INTERVIEW_MODELS_DIR": str(tmp_path)}
    example = {**production_example(), **places}
    env = product.environment(tmp_path, **{**example, **keys})
    done = product.manage("check", "--deploy", "--fail-level", "WARNING", env=env)
    assert "no issues (0 silenced)" in done.stdout
    for missing in keys:
        env = product.environment(tmp_path, **{**example, **keys, missing: ""})
        done = product.manage("check", "--deploy", env=env, check=False)
        assert done.returncode != 0
        assert missing in done.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"INTERVIEW_MASTER_KEYS": ""}, "INTERVIEW_MASTER_KEYS"),
        ({"INTERVIEW_MASTER_KEYS": "a:xyz"}, "INTERVIEW_MASTER_KEYS"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"EMAIL_URL": ""}, "EMAIL_URL"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"INTERVIEW_MODE": "prod"}, "INTERVIEW_MODE"),
    ],
)
def test_production_refuses_to_start_half_configured(tmp_path, change, reason):
    env = product.environment(tmp_path, **{**COMPLETE, **change})
    done = product.manage("check", env=env, check=False)
    assert done.returncode != 0
    assert reason in done.stderr
    assert KEY not in done.stderr


# --- replay --------------------------------------------------------------------------------------


def test_replay_prints_lines_cards_and_a_summary(installed, recording):
    env, sessions = installed
    done = product.manage("replay", recording, "--session", sessions[0], *AGREED, "--fast", env=env)
    assert "engine: scripted" in done.stdout
    assert "00:00  Room" not in done.stdout
    assert "Interviewer  Thanks for joining us today." in done.stdout
    assert "You can reach me at [EMAIL-1]." in done.stdout
    assert re.search(r"segments\s+3", done.stdout)
    assert re.search(r"final ms\s+p50 \d+ ms", done.stdout)


def test_replay_as_json_prints_one_event_a_line_and_ends_the_interview(installed, recording):
    env, sessions = installed
    command = ["replay", recording, "--session", sessions[1], *AGREED, "--fast"]
    done = product.manage(*command, "--json", "--end", "--roles", "candidate", env=env)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [e["type"] for e in events]
    assert kinds.count("segment") == 3
    assert {"partial", "insight", "latency", "session"} <= set(kinds)
    assert all(e["segment"]["role"] == "candidate" for e in events if e["type"] == "segment")
    assert events[-1]["type"] == "summary"
    assert events[-1]["segments"] == 3
    assert refusal("replay", recording, "--session", sessions[1], env=env).endswith("[ended]")


def test_replay_refuses_in_one_line_with_a_code(installed, recording, tmp_path):
    env, sessions = installed
    empty, junk = tmp_path / "empty.wav", tmp_path / "junk.mp3"
    empty.write_bytes(b"")
    junk.write_bytes(b"no audio at all " * 100)
    ready = ["--session", sessions[2]]
    agreed = [*ready, *AGREED]

    def code(*args):
        return re.search(r"\[(\w+)\]$", refusal("replay", *args, env=env)).group(1)

    assert code(recording, *ready) == "no_consent"
    assert code(recording, *ready, "--consent", "verbal") == "who"
    assert code(recording, *ready, "--consent", "verbal", "--by", "x@y.example") == "who"
    assert code(str(tmp_path / "none.wav"), *agreed) == "not_found"
    assert code(str(empty), *agreed) == "empty_audio"
    assert code(str(junk), *agreed) == "unsupported_audio"
    assert code(recording, "--session", "x") == "not_found"
    assert code(recording, *agreed, "--roles", "boss") == "bad_roles"
    assert code(recording, *agreed, "--roles", "") == "bad_roles"


# --- Makefile and installer ----------------------------------------------------------------------


def test_the_installer_names_a_missing_or_old_python(tmp_path):
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    for python, reason in (("python-nowhere", "is missing"), (str(old), "is too old")):
        done = subprocess.run(
            ["deploy/install.sh"],
            cwd=product.ROOT,
            env={"PATH": os.environ["PATH"], "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert len(done.stderr.splitlines()) == 1
        assert reason in done.stderr


def test_production_gets_no_demo_with_known_passwords(tmp_path):
    env = product.environment(tmp_path, **COMPLETE)
    assert "not in production" in refusal("demo", env=env)
