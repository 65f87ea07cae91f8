"""The product as its users start it: real processes on a port of their own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds for a process to come up or go down


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, **extra: str) -> dict[str, str]:
    """Return a clean environment: nothing of the developer's settings gets in."""
    dropped = ("INTERVIEW_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "SECRET_KEY", "TEST_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    if models := os.environ.get("INTERVIEW_MODELS_DIR"):
        kept["INTERVIEW_MODELS_DIR"] = models
    return {**kept, "INTERVIEW_DATA_DIR": str(data_dir), **extra}


def manage(*args: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=check,
        timeout=180,
    )


# Reads pieces of code, a JSON text each line, and answers [what it printed, what it raised].
_LOOP = """
import contextlib, io, json, sys, traceback
for line in sys.stdin:
    printed, raised = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {"__name__": "__main__"})
    except BaseException:
        raised = traceback.format_exc()
    print(json.dumps([printed.getvalue(), raised]), file=sys.__stdout__, flush=True)
"""
_shells: dict[str, subprocess.Popen[str]] = {}


def run(code: str, *, env: dict[str, str]) -> str:
    """Run code inside the product and return what it printed.

    One process beside the served one does that for all of a product's tests: starting one takes
    seconds. It ends with `serving`.
    """
    place = env["INTERVIEW_DATA_DIR"]
    if place not in _shells:
        _shells[place] = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _LOOP],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    shell = _shells[place]
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(json.dumps(code) + "\n")
    shell.stdin.flush()
    printed, raised = json.loads(shell.stdout.readline())
    assert not raised, raised
    return str(printed).strip()


def _end_shell(place: str) -> None:
    if shell := _shells.pop(place, None):
        shell.communicate(timeout=PATIENCE)  # the end of its input is the end of it


class Process:
    """A running process whose output is kept, and which is ended by the signal users send."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**env, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        self.lines.extend(iter(self.popen.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        try:
            code = self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            raise AssertionError(f"did not end on {how.name}:\n{self.output}") from None
        self._reader.join(5)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return code


def wait_until_up(url: str, process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            raise AssertionError(f"ended at once:\n{process.output}")
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{url}/healthz", timeout=2),
        ):
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"did not come up:\n{process.output}")


@contextlib.contextmanager
def serving(env: dict[str, str], *, prepare: bool = True) -> Iterator[tuple[str, Process]]:
    """Run `manage.py serve` and give its URL and process."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    process = Process(*command, *(["--prepare"] if prepare else []), env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, process)
        yield url, process
    finally:
        _end_shell(env["INTERVIEW_DATA_DIR"])
        process.end()
