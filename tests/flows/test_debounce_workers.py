"""The debounce with real workers: bursts, two workers at once, and both killed in the middle.

Whatever happens, the runs of an interview lie one after the other without a hole or an overlap, a
line is asked about once, an interview is asked about by one worker at a time, and not more often
than the interval allows. The model is a server of this process that notes who asks about what.
"""

import json
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from tests import product
from tests.insights.llm_server import LlmServer, answer, streams

pytestmark = [pytest.mark.service, pytest.mark.timeout(240)]

BIN = Path(sys.executable).parent
INTERVAL = 0.5  # seconds
PATIENCE = 60.0  # seconds
ANSWER_SECONDS = 0.4  # longer than a burst needs for its next line
LINES = 50  # of one interview
SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from tests.factories import go_live, make_session
here = create_organization(name="Q", slug={slug!r})
here.llm_concurrency = 16
here.save()
olga = User.objects.create_user(f"olga@{slug}.example", "interview-demo", name="Olga")
add_member(organization=here, user=olga, role=Role.INTERVIEWER)
for _ in range({count}):
    print(go_live(make_session(olga, here)).pk)
"""
BURST = """
from sessions.models import Session
from tests.factories import say
for step in range({first}, {end}):
    for name, session in {sessions!r}.items():
        text = f"In project {{name}} step {{step:03d}} I moved the reports to a replica."
        say(Session.objects.get(pk=session), text, start=step * 16_000)
"""
RUNS = """
SELECT after, through, error, extract(epoch FROM created_at) FROM insights_analysisrun
WHERE session_id = %s AND purpose = 'live' ORDER BY through
"""
LINE_TIMES = """
SELECT sequence, extract(epoch FROM created_at) FROM transcription_segment
WHERE session_id = %s ORDER BY sequence
"""
UNREAD = """
SELECT count(*) FROM insights_analysisstate
WHERE session_id = ANY(%s) AND (last_sequence > analysed_through OR lease_token IS NOT NULL)
"""


@dataclass(eq=False)
class Call:
    """One request: about which interview, and which of its lines are new in it."""

    name: str
    steps: list[int]
    lost: bool = False  # the worker died that waited for the answer


class Model(LlmServer):
    """Answers after a while; keeps those of `held` waiting until they are lost."""

    def __init__(self):
        self.calls: list[Call] = []
        self.overlaps: list[str] = []
        self.held: set[str] = set()
        self._running: dict[str, Call] = {}
        self._noting = threading.Lock()
        super().__init__()

    def _next(self, request, headers):
        return partial(self._serve, request["messages"][-1]["content"])

    def _serve(self, prompt, _server, http):
        new = prompt.partition("NEW LINES, to analyze:")[2]
        said = re.findall(r"project (\w+) step (\d{3})", new)
        call = Call(said[0][0], [int(step) for _name, step in said])
        with self._noting:
            self.calls.append(call)
            if call.name in self._running:
                self.overlaps.append(call.name)
            self._running[call.name] = call
        self.released.wait(None if call.name in self.held else ANSWER_SECONDS)
        with self._noting:
            if self._running.get(call.name) is call:
                del self._running[call.name]
        quote = f"In project {call.name} step {call.steps[-1]:03d} I moved the reports"
        item = {"kind": "highlight", "content": quote, "quote": quote, "reason": "An action"}
        rest = {"competency": "", "verdict": "", "other_quote": "", "confidence": 0.9}
        streams(answer({**item, **rest}))(self, http)

    def waiting(self):
        with self._noting:
            return set(self._running)

    def lose(self):
        """Take note that everybody who waits has died; hold nobody any more."""
        with self._noting:
            for call in self._running.values():
                call.lost = True
            self._running.clear()
            self.held.clear()

    def asked(self, name, *, lost=False):
        return [call for call in self.calls if call.name == name and call.lost is lost]


@dataclass
class Installation:
    env: dict[str, str]
    database: str
    model: Model
    running: dict[str, product.Process]

    def start(self, *names):
        for name in names:
            more = [] if name == "beat" else ["-n", name, "--pool", "threads", "-c", "4"]
            kind = "beat" if name == "beat" else "worker"
            command = [str(BIN / "celery"), "-A", "copilot", kind, "--loglevel", "WARNING", *more]
            self.running[name] = product.Process(*command, env=self.env)

    def sessions(self, *names):
        """Make an interview for each name; return name -> id."""
        script = SETUP.format(slug=f"q{uuid.uuid4().hex[:6]}", count=len(names))
        made = product.manage("shell", "--no-imports", "-c", script, env=self.env).stdout.split()
        return dict(zip(names, made, strict=True))

    def burst(self, sessions, first=0, end=LINES):
        """Store lines of these interviews one after the other, as fast as one process can."""
        script = BURST.format(sessions=sessions, first=first, end=end)
        product.manage("shell", "--no-imports", "-c", script, env=self.env)

    def done(self):
        """Return how many analyses each worker has done since it started."""
        told = subprocess.run(
            [BIN / "celery", "-A", "copilot", "inspect", "stats", "--json"],
            cwd=product.ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        stats = json.loads(told[told.index("{") :])
        return [worker["total"].get("insights.tasks.analyze", 0) for worker in stats.values()]

    def rows(self, query, *values):
        with psycopg.connect(self.database) as reader:
            return reader.execute(query, values).fetchall()

    def until(self, what, why):
        deadline = time.monotonic() + PATIENCE
        while not what():
            told = "\n".join(process.output for process in self.running.values())
            assert time.monotonic() < deadline, f"{why}\n{told}"
            threading.Event().wait(0.1)

    def settled(self, sessions):
        ids = [uuid.UUID(pk) for pk in sessions.values()]
        self.until(lambda: self.rows(UNREAD, ids) == [(0,)], "not everything was analysed")


@pytest.fixture(scope="module")
def installation(postgres_url, redis_url, tmp_path_factory):
    name = f"copilot_test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    database = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    redis.Redis.from_url(redis_url).flushdb()
    model = Model()
    env = product.environment(
        tmp_path_factory.mktemp("debounce"),
        DATABASE_URL=database,
        REDIS_URL=redis_url,
        INTERVIEW_LLM_BASE_URL=model.base_url,
        INTERVIEW_LLM_API_KEY="test",
        INTERVIEW_LLM_MODEL=model.model,
        INTERVIEW_LLM_PREDICTION="false",
        INTERVIEW_LLM_RETRIES="0",
        INTERVIEW_LLM_TOTAL_TIMEOUT="15",
        INTERVIEW_ANALYSIS_LEASE="17",
        INTERVIEW_ANALYSIS_INTERVAL=str(INTERVAL),
        INTERVIEW_SWEEP_INTERVAL="1",
    )
    made = Installation(env, database, model, {})
    try:
        product.manage("migrate", "-v0", env=env)
        made.start("one", "two", "beat")
        yield made
    finally:
        model.close()
        for process in made.running.values():
            process.end(signal.SIGTERM)
        redis.Redis.from_url(redis_url).flushdb()
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def check(installation, sessions):
    """Hold what was stored and what the model was asked against what the debounce promises."""
    model = installation.model
    for name, session in sessions.items():
        lines = installation.rows(LINE_TIMES, session)
        runs = installation.rows(RUNS, session)
        assert len(lines) == LINES
        assert [error for *_, error, _at in runs] == [""] * len(runs), "the model was asked"
        ends = [through for _after, through, _error, _at in runs]
        assert [after for after, *_ in runs] == [0, *ends[:-1]], "a hole or an overlap"
        assert ends[-1] == lines[-1][0], "the last line was not read"
        asked = Counter(step for call in model.asked(name) for step in call.steps)
        assert asked == Counter(range(LINES)), "a line was left out or asked about twice"
        assert len(model.asked(name)) == len(runs)
        began, ended = lines[0][1], runs[-1][3]
        most = 1 + float(ended - began) / INTERVAL
        assert len(runs) + len(model.asked(name, lost=True)) <= most, "more often than allowed"
    assert model.overlaps == [], "two workers asked about one interview at the same time"


def test_bursts_from_two_processes_reach_two_workers_once(installation):
    sessions = installation.sessions("alpha", "bravo", "charlie", "delta")
    names = [("alpha", "bravo"), ("charlie", "delta")]
    bursts = [
        threading.Thread(target=installation.burst, args=({n: sessions[n] for n in pair},))
        for pair in names
    ]
    for burst in bursts:
        burst.start()
    for burst in bursts:
        burst.join()
    installation.settled(sessions)
    check(installation, sessions)
    assert min(installation.done()) > 0, "one worker did everything"
    assert all(len(installation.model.asked(name)) > 1 for name in sessions), "no burst was split"


def test_workers_killed_in_the_middle_of_an_analysis_leave_nothing_out(installation):
    sessions = installation.sessions("echo", "foxtrot")
    model = installation.model
    model.held = set(sessions)
    installation.burst(sessions, end=LINES // 2)
    installation.until(lambda: model.waiting() == set(sessions), "nobody asked the model")
    for name in ("one", "two"):
        installation.running[name].end(signal.SIGKILL)
    model.lose()
    installation.burst(sessions, first=LINES // 2)
    installation.start("one", "two")
    installation.settled(sessions)
    check(installation, sessions)
    for name in sessions:
        (lost,) = model.asked(name, lost=True)
        assert lost.steps, "it died while it read some lines"
