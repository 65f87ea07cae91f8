"""Limits: so many and no more, in one process or several; and nobody waits for a broken cache."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from django.core.cache import cache, caches
from django.test import Client

from accounts import limits
from accounts.limits import Slots, TooMany
from accounts.origin import Origin, acting
from sessions import consumers
from tests.factories import make_session, make_token
from tests.sockets import PATIENCE, connected, sign_in, socket_to

ROOT = Path(__file__).resolve().parents[2]
TTL = 30.0
LIST = "/api/v1/sessions/"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.service)])
def store(request, settings):
    """Every cache that the product runs on."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": url,
                "KEY_PREFIX": "limits-tests",
            }
        }
    cache.clear()
    yield request.param
    cache.clear()


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still at the beginning of a minute, until it is told to go on."""
    now = [60_000.0]
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: now[0]))
    return now


# --- Counting ------------------------------------------------------------------------------------


def test_the_next_one_is_too_many_and_the_next_minute_is_new(store, clock):
    for _ in range(3):
        limits.take("x", 3)
    clock[0] += 20
    with pytest.raises(TooMany) as refused:
        limits.take("x", 3)
    assert refused.value.retry_after == 40
    limits.take("y", 3)
    clock[0] += 40
    limits.take("x", 3)


def test_those_who_come_at_once_are_all_counted(store, clock):
    together = threading.Barrier(8)

    def come(_):
        together.wait()
        try:
            limits.take("x", 5)
        except TooMany:
            return 0
        finally:
            caches.close_all()
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(8))) == 5


def test_a_home_counts_once_however_many_addresses_it_has(settings, clock):
    settings.INTERVIEW_LIMIT_API_ANONYMOUS = 1
    for first, second, same in (
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),  # both are version 4
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        (None, None, True),
    ):
        cache.clear()
        with acting(Origin(ip=first)):
            limits.take_as_nobody()
        with acting(Origin(ip=second)):
            if same:
                with pytest.raises(TooMany):
                    limits.take_as_nobody()
            else:
                limits.take_as_nobody()


# --- Places --------------------------------------------------------------------------------------


def test_as_many_places_as_there_are_and_each_is_given_back(store):
    held = [Slots(TTL) for _ in range(3)]
    for slots in held:
        slots.take("x", 3)
    late = Slots(TTL)
    with pytest.raises(TooMany) as refused:
        late.take("x", 3)
    assert refused.value.retry_after > 0
    late.release()  # who holds nothing gives nothing back
    with pytest.raises(TooMany):
        late.take("x", 3)
    held[1].release()
    held[1].release()
    late.take("x", 3)
    with pytest.raises(TooMany):
        held[1].take("x", 3)


def test_no_place_is_given_twice(store):
    together = threading.Barrier(8)

    def come(_):
        together.wait()
        try:
            Slots(TTL).take("x", 5)
        except TooMany:
            return 0
        finally:
            caches.close_all()
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(8))) == 5


def test_a_place_that_is_renewed_stays_and_one_that_is_not_runs_out(store):
    renewed, forgotten = Slots(1.0), Slots(1.0)
    renewed.take("x", 2)
    forgotten.take("x", 2)
    late, until = Slots(TTL), time.monotonic() + PATIENCE
    while True:
        renewed.renew()
        try:
            late.take("x", 2)
            break
        except TooMany:
            assert time.monotonic() < until, "the place of who does not renew never became free"
    forgotten.release()  # it is somebody else's by now
    with pytest.raises(TooMany):
        Slots(TTL).take("x", 2)


def test_a_process_that_is_killed_frees_its_places(redis_url, settings):
    """Nothing is given back by a process that has no time to; its places run out."""
    config = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "limits-tests",
    }
    settings.CACHES = {"default": config}
    cache.clear()
    program = (
        "import sys, time\n"
        "from django.conf import settings\n"
        f"settings.configure(CACHES={{'default': {config!r}}}, USE_I18N=False)\n"
        "from accounts.limits import Slots\n"
        "Slots(2.0).take('x', 1)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(TooMany):
            Slots(TTL).take("x", 1)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    until = time.monotonic() + PATIENCE
    while True:
        try:
            Slots(TTL).take("x", 1)
            break
        except TooMany:
            assert time.monotonic() < until
    cache.clear()


def test_without_a_cache_nobody_is_held_up_and_one_line_says_so(settings, caplog):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    limits._log_once.cache_clear()
    for _ in range(3):
        limits.take("x", 1)
        assert limits.first("x", 60)
        slots = Slots(TTL)
        slots.take("x", 1)
        slots.renew()
        slots.release()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


# --- REST ----------------------------------------------------------------------------------------


def refused(answer):
    error = answer.json()
    assert (answer.status_code, error["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert f"{answer.headers['Retry-After']} s" in error["detail"]
    return True


@pytest.fixture
def signed_in(cast):
    def client_of(user):
        client = Client()
        client.force_login(user)
        return client

    return client_of


def test_a_person_may_ask_so_often_by_whatever_way(cast, signed_in, settings, clock):
    settings.INTERVIEW_LIMIT_API_USER = 3
    page, token = signed_in(cast.olga), make_token(cast.olga, cast.organization, "read")
    program = Client(headers={"Authorization": f"Bearer {token}"})
    assert [page.get(LIST).status_code for _ in range(2)] == [200, 200]
    assert program.get(LIST).status_code == 200
    assert refused(program.get(LIST))
    assert refused(page.get(LIST))
    assert signed_in(cast.sam).get(LIST).status_code == 200
    clock[0] += 60
    assert page.get(LIST).status_code == 200


def test_an_organization_may_ask_so_often(cast, signed_in, settings, clock):
    settings.INTERVIEW_LIMIT_API_ORGANIZATION = 2
    assert signed_in(cast.olga).get(LIST).status_code == 200
    assert signed_in(cast.sam).get(LIST).status_code == 200
    assert refused(signed_in(cast.cora).get(LIST))
    assert signed_in(cast.otto).get(LIST).status_code == 200


@pytest.mark.parametrize("token", [None, "icp_wrong"])
def test_strangers_may_ask_so_often_from_one_address(cast, signed_in, settings, clock, token):
    settings.INTERVIEW_LIMIT_API_ANONYMOUS = 2
    stranger = Client(headers={"Authorization": f"Bearer {token}"} if token else {})
    assert [stranger.get(LIST).status_code for _ in range(2)] == [401, 401]
    assert refused(stranger.get(LIST))
    assert stranger.get(LIST, REMOTE_ADDR="192.0.2.9").status_code == 401
    assert signed_in(cast.olga).get(LIST).status_code == 200, "who is known is not a stranger"


# --- Sockets -------------------------------------------------------------------------------------

sockets = pytest.mark.django_db(transaction=True)


def live(session):
    return f"/ws/sessions/{session.pk}/live/"


def audio(session, role="candidate"):
    return f"/ws/sessions/{session.pk}/audio/{role}/"


async def turned_away(path, user, client=None):
    socket = await socket_to(path, user, client=client)
    assert (await socket.connect(timeout=PATIENCE))[0], "it is let in, to be told why"
    told = await socket.hear()
    assert (told["type"], told["code"]) == ("error", "too_many")
    assert told["detail"].endswith(".")
    assert told["retry_after"] > 0
    assert await socket.close_code() == 4429
    await socket.disconnect(timeout=PATIENCE)


@sockets
@pytest.mark.usefixtures("hush")
@pytest.mark.parametrize(
    ("limit", "path"),
    [("SOCKETS_USER", live), ("SOCKETS_USER", audio), ("AUDIO_USER", audio)],
)
async def test_one_socket_more_than_a_person_may_have(cast, settings, limit, path):
    setattr(settings, f"INTERVIEW_LIMIT_{limit}", 2)
    place = path(cast.session)
    async with connected(place, cast.olga):
        async with connected(place, cast.olga):
            await turned_away(place, cast.olga)
            async with connected(live(cast.session), cast.sam):
                pass  # somebody else has places of their own
        async with connected(place, cast.olga):
            pass  # one became free


@sockets
@pytest.mark.usefixtures("hush")
@pytest.mark.parametrize(
    ("limit", "path"),
    [("SOCKETS_ORGANIZATION", live), ("AUDIO_ORGANIZATION", audio)],
)
async def test_one_socket_more_than_an_organization_may_have(cast, settings, limit, path):
    setattr(settings, f"INTERVIEW_LIMIT_{limit}", 1)
    theirs = await database_sync_to_async(make_session)(cast.otto, cast.elsewhere)
    other = await database_sync_to_async(make_session)(cast.mia, cast.organization)
    async with connected(path(cast.session), cast.olga):
        await turned_away(path(other), cast.mia)
        async with connected(path(theirs), cast.otto):
            pass
    async with connected(path(other), cast.mia):
        pass


@sockets
async def test_whoever_comes_and_goes_too_often_has_to_wait(cast, settings, clock):
    settings.INTERVIEW_LIMIT_CONNECTS_USER = 2
    for _ in range(2):
        async with connected(live(cast.session), cast.sam):
            pass
    await turned_away(live(cast.session), cast.sam)
    other = await database_sync_to_async(make_session)(cast.otto, cast.elsewhere)
    await turned_away(live(other), cast.sam)  # tells nothing about what is not theirs
    async with connected(live(cast.session), cast.cora):
        pass
    clock[0] += 60
    async with connected(live(cast.session), cast.sam):
        pass


@sockets
async def test_a_viewer_who_talks_too_much_is_closed_and_one_who_does_not_stays(cast):
    path = live(cast.session)
    async with connected(path, cast.sam) as noisy, connected(path, cast.cora) as quiet:
        for _ in range(consumers.CHATTER):
            await noisy.say(type="ping")
            await quiet.say(type="ping")
        await noisy.say(type="ping")
        told = await noisy.hear_until("error")
        assert (told["code"], told["retry_after"]) == ("too_many", consumers.CHATTER_SECONDS)
        assert await noisy.close_code() == 4429
        for _ in range(consumers.CHATTER):
            assert await quiet.hear() == {"type": "pong"}


@sockets
async def test_a_socket_whose_process_died_frees_its_place(cast, settings, monkeypatch):
    settings.INTERVIEW_LIMIT_SOCKETS_USER = 1
    settings.INTERVIEW_LIMIT_CONNECTS_USER = 100_000
    settings.INTERVIEW_ACCESS_INTERVAL = 0.4  # places last for two and a half of these
    client = await sign_in(cast.sam)
    async with connected(live(cast.session), client=client):
        until = time.monotonic() + 1.5
        while time.monotonic() < until:  # renewed while the socket lives
            await turned_away(live(cast.session), None, client=client)
        monkeypatch.setattr(Slots, "renew", lambda self: None)
        until = time.monotonic() + PATIENCE
        while True:
            socket = await socket_to(live(cast.session), client=client)
            await socket.connect(timeout=PATIENCE)
            await socket.say(type="ping")
            answer = await socket.hear()
            await socket.disconnect(timeout=PATIENCE)
            if answer["type"] == "pong":
                break
            assert time.monotonic() < until
