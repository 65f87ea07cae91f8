"""The same code on Postgres and Redis, with separate web, worker and beat processes."""

import json
import signal
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from websockets.exceptions import ConnectionClosed

from tests import product
from tests.client import ProductClient

pytestmark = [pytest.mark.service, pytest.mark.timeout(240)]

BIN = Path(sys.executable).parent
SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions import access
from sessions.services import create_session
here = create_organization(name="Q", slug="q")
olga, sam = [
    User.objects.create_user(f"{n}@q.example", "interview-demo", name=n) for n in ("Olga", "Sam")
]
for user in (olga, sam):
    add_member(organization=here, user=user, role=Role.INTERVIEWER)
session = create_session(owner=olga, organization=here, title="T", candidate_name="Jane Miller")
access.share(session=session, colleague=sam)
print(session.pk)
"""
PATIENCE = 30.0  # seconds


@pytest.fixture(scope="module")
def database(postgres_url):
    """A database of its own on the server that answers."""
    name = f"copilot_test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(postgres_url)
    yield urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def stack(database, redis_url, tmp_path_factory):
    """Web, worker and beat; gives the client's URL, the session's id and the processes."""
    redis.Redis.from_url(redis_url).flushdb()
    folder = tmp_path_factory.mktemp("services")
    script = product.ROOT / "tests/data/script.json"
    env = product.environment(
        folder,
        DATABASE_URL=database,
        REDIS_URL=redis_url,
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(script),
        INTERVIEW_ANALYSIS_INTERVAL="1",
        INTERVIEW_ANALYSIS_LEASE="3",
        INTERVIEW_SWEEP_INTERVAL="1",
        INTERVIEW_LATENCY_INTERVAL="0.5",
    )
    product.manage("migrate", "-v0", env=env)
    session_id = product.manage("shell", "--no-imports", "-c", SETUP, env=env).stdout.strip()
    port = product.free_port()
    commands = {
        "web": [BIN / "daphne", "-b", "127.0.0.1", "-p", str(port), "copilot.asgi:application"],
        "worker": [BIN / "celery", "-A", "copilot", "worker", "-c", "1", "--loglevel", "WARNING"],
        "beat": [BIN / "celery", "-A", "copilot", "beat"],
    }
    running = {
        name: product.Process(*map(str, command), env=env) for name, command in commands.items()
    }
    url = f"http://127.0.0.1:{port}"
    try:
        product.wait_until_up(url, running["web"])
        yield {
            "url": url,
            "session": session_id,
            "running": running,
            "env": env,
            "restart": lambda name: running.update(
                {name: product.Process(*map(str, commands[name]), env=env)}
            ),
        }
    finally:
        for process in running.values():
            process.end(signal.SIGTERM)
        redis.Redis.from_url(redis_url).flushdb()


def until(what, why, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        threading.Event().wait(0.2)
    raise AssertionError(f"{why}\n{process.output}")


def test_words_and_cards_travel_between_processes(stack, redis_url):
    olga = ProductClient(stack["url"], "olga@q.example")
    sam = ProductClient(stack["url"], "sam@q.example")
    path = f"/sessions/{stack['session']}"
    worker = stack["running"]["worker"]
    events: list[dict] = []
    with sam.live(stack["session"]) as live:
        listening = threading.Thread(target=lambda: events.extend(map(json.loads, live)))
        listening.start()
        olga.begin(stack["session"])
        stopped = olga.speak(stack["session"], "candidate", bytes(7 * 32_000))
        assert stopped["durable"] == 7 * 16_000
        until(
            lambda: any(
                e["type"] in {"insight", "insight_changed"}
                and e["insight"]["state"] == "complete"
                and e["insight"]["source"] == "rules"
                for e in list(events)
            ),
            "no analysed card reached the colleague's socket",
            worker,
        )
        live.close()
        listening.join()
    texts = [e["segment"]["text"] for e in events if e["type"] == "segment"]
    assert texts[-1] == "You can reach me at [EMAIL-1]."
    assert len(texts) == 3
    snapshot = sam.get(f"{path}/snapshot/")
    assert [s["text"] for s in snapshot["segments"]] == texts


def test_each_stage_is_counted_in_the_process_where_it_ends(stack, database):
    """Analysis ends in a forked child of the worker, the rest in the web process."""

    def stages():
        with psycopg.connect(database) as reader:
            rows = reader.execute(
                "SELECT stage, sum(count) FROM insights_latencycount GROUP BY stage"
            ).fetchall()
        return {stage for stage, count in rows if count > 0}

    every = {"recognition", "first_card", "analysis", "delivery", "total"}
    until(lambda: stages() == every, f"{stages()} only", stack["running"]["worker"])


def test_nothing_that_was_said_is_readable_in_postgres_or_redis(stack, database, redis_url):
    with psycopg.connect(database) as reader:
        tables = [
            row[0]
            for row in reader.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
        ]
        rows = "".join(
            str(reader.execute(f'SELECT t::text FROM "{table}" t').fetchall())  # noqa: S608  # names from the catalog
            for table in tables
        )
    assert stack["session"] in rows, "the rows were read"
    store = redis.Redis.from_url(redis_url)
    kept = b"".join(store.dump(key) or b"" for key in store.scan_iter())
    for telling in ("mostly EC2", "joining us today", "reach me at"):
        assert telling not in rows
        assert telling.encode().hex() not in rows
        assert telling.encode() not in kept


def test_a_killed_worker_loses_no_analysis(stack, database):
    """The words come while no worker lives; the one that starts later reads them all."""
    olga = ProductClient(stack["url"], "olga@q.example")
    path = f"/sessions/{stack['session']}/snapshot/"
    stack["running"]["worker"].end(signal.SIGKILL)
    before = olga.get(path)["cursor"]
    stopped = olga.speak(stack["session"], "interviewer", bytes(5 * 32_000))
    assert stopped["durable"] == 5 * 16_000
    waiting = olga.get(path)
    assert waiting["cursor"] > before
    newest = max(s["revision"] for s in waiting["segments"])

    def read_to_the_end():
        with psycopg.connect(database) as reader:
            row = reader.execute("SELECT max(through) FROM insights_analysisrun").fetchone()
        return row[0] is not None and row[0] >= newest

    assert not read_to_the_end()
    stack["restart"]("worker")
    until(read_to_the_end, "the sweep did not find the session", stack["running"]["worker"])


LEAVE = """
from accounts.models import Membership
from accounts.services import deactivate
deactivate(membership=Membership.objects.get(user__email="sam@q.example"))
"""


def test_what_another_process_takes_away_closes_the_sockets_here(stack):
    sam = ProductClient(stack["url"], "sam@q.example")
    olga = ProductClient(stack["url"], "olga@q.example")
    with olga.live(stack["session"]) as stays, sam.live(stack["session"]) as live:
        product.manage("shell", "--no-imports", "-c", LEAVE, env=stack["env"])
        with pytest.raises(ConnectionClosed) as closed:
            list(live)
        assert closed.value.rcvd.code == 4403
        stays.send('{"type":"ping"}')
        while json.loads(stays.recv(timeout=PATIENCE))["type"] != "pong":
            pass


def test_the_audit_of_several_processes_is_one_whole_chain(stack, database):
    told = product.manage("verify_audit", "--json", env=stack["env"]).stdout
    chains = [json.loads(line) for line in told.splitlines()]
    assert [chain["broken"] for chain in chains] == [None, None]
    assert chains[1]["entries"] > 0
    with psycopg.connect(database, autocommit=True) as intruder:
        actions = {
            row[0] for row in intruder.execute("SELECT action FROM accounts_auditentry").fetchall()
        }
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            intruder.execute("DELETE FROM accounts_auditentry")
        intruder.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER USER")
        intruder.execute("DELETE FROM accounts_auditentry WHERE action = 'member.deactivated'")
    assert {"account.signed_in", "session.viewed", "session.recorded"} <= actions
    broken = product.manage("verify_audit", env=stack["env"], check=False)
    assert broken.returncode == 1
    assert "removed" in broken.stdout + broken.stderr
