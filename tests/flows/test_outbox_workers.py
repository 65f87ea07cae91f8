"""The outboxes with a real worker that is killed in the middle: all arrives, and one note only.

The worker dies after the other sides have what it sent, and before it knows. Who takes over finds
the note over there instead of writing another, and tells webhooks again with the same ids.
"""

import signal
import sys
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
import standardwebhooks

from tests import product
from tests.ats.servers.lever import LeverServer
from tests.insights.webhook_server import Receiver

pytestmark = [pytest.mark.service, pytest.mark.timeout(240)]

CELERY = Path(sys.executable).parent / "celery"
PATIENCE = 60.0  # seconds
SETUP = """
from accounts.models import User
from insights import deliveries, summaries, tasks, webhooks
from insights.models import AtsConnection, Summary
from sessions import services
from tests.factories import go_live, make_cast, say
cast = make_cast()
_hook, secret = webhooks.endpoints.create(
    organization=cast.organization, url={hook!r}, by=cast.ada,
)
session = go_live(cast.session)
say(session, "Tell me about your work.", role="interviewer")
say(session, "I led the migration of forty services to a new platform.", start=160_000)
services.end_session(session=session)
summaries.make(session_id=session.pk)
session.refresh_from_db()
made = Summary.objects.get(session=session)
summaries.sign(session=session, by=cast.olga, revision=made.revision)
connection = AtsConnection(
    organization=cast.organization, name="Lever", kind="lever", base_url={url!r},
    options={options!r},
)
connection.credential = {credential!r}
connection.save()
row, fresh = deliveries.order(
    session=session, by=cast.olga, connection_id=connection.pk,
    target={{"candidate": {candidate!r}}}, parts=["note", "attachment"],
)
assert fresh
tasks.deliver.delay(str(row.pk))
tasks.deliver.delay(str(row.pk))  # a queue may bring a message twice
print(secret)
"""
LAPSE = "UPDATE {} SET lease_until = now() - interval '1 second' WHERE state = 'sending'"
SWEEP = "from insights import tasks; tasks.sweep_deliveries(); tasks.sweep_webhooks()"
STATES = (
    "SELECT state FROM insights_atsdelivery UNION ALL SELECT state FROM insights_webhookdelivery"
)


@pytest.fixture
def lever():
    server = LeverServer()
    yield server
    server.close()


@pytest.fixture
def receiver():
    server = Receiver()
    server.gate = threading.Event()
    yield server
    server.close()


@pytest.fixture
def database(postgres_url):
    name = f"copilot_test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def env(database, redis_url, tmp_path):
    redis.Redis.from_url(redis_url).flushdb()
    made = product.environment(
        tmp_path,
        DATABASE_URL=database,
        REDIS_URL=redis_url,
        INTERVIEW_OUTGOING_ALLOW="127.0.0.1",
    )
    product.manage("migrate", "-v0", env=made)
    yield made
    redis.Redis.from_url(redis_url).flushdb()


def worker(name, env):
    options = ["-n", name, "--loglevel", "WARNING", "--pool", "threads", "-c", "4"]
    return product.Process(str(CELERY), "-A", "copilot", "worker", *options, env=env)


def until(what, why, process):
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, f"{why}\n{process.output}"
        threading.Event().wait(0.1)


def test_a_worker_killed_between_sending_and_knowing_leaves_one_note(
    env, database, lever, receiver
):
    lever.faults = ["slow_after"]  # the note is kept, and nobody is told so
    facts = {"url": lever.url, "options": lever.options, "credential": lever.credential}
    facts |= {"candidate": lever.candidate, "hook": receiver.url}

    def rows(query):
        with psycopg.connect(database, autocommit=True) as reader:
            return reader.execute(query).fetchall()

    first = worker("first", env)
    try:
        said = product.manage("shell", "--no-imports", "-c", SETUP.format(**facts), env=env).stdout
        until(lambda: lever.notes and len(receiver.messages) >= 2, "nothing was sent", first)
    finally:
        first.end(signal.SIGKILL)
    secret = said.split()[-1]
    told_before = set(receiver.ids)
    lever.held.set()
    receiver.gate.set()
    with psycopg.connect(database, autocommit=True) as writer:
        for table in ("insights_atsdelivery", "insights_webhookdelivery"):
            assert writer.execute(LAPSE.format(table)).rowcount, f"nobody was at {table}"
    second = worker("second", env)
    try:  # what a dead worker had of the queue comes back in ten minutes: the sweep is quicker
        product.manage("shell", "--no-imports", "-c", SWEEP, env=env)
        until(lambda: {state for (state,) in rows(STATES)} == {"sent"}, "not all went", second)
    finally:
        second.end(signal.SIGTERM)

    assert (len(lever.notes), len(lever.files)) == (1, 1)
    written = Counter((r.method, r.path.rpartition("/")[2]) for r in lever.requests)
    assert (written["POST", "notes"], written["POST", "files"]) == (1, 1)
    messages = rows("SELECT id, event, tries FROM insights_webhookdelivery")
    assert {str(pk) for pk, _event, _tries in messages} == set(receiver.ids)
    again = {str(pk) for pk, _event, tries in messages if tries > 1}
    assert again == told_before, "who was told before the end was told again, with the same id"
    assert Counter(event for _pk, event, _tries in messages)["ats.delivered"] == 1
    for headers, body in receiver.messages:
        standardwebhooks.Webhook(secret).verify(body, headers)
