"""Who watches: people come and go by their sockets, and by nothing else."""

import asyncio
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from sessions import access, consents, presence, services
from sessions.models import Session, Watcher
from tests.factories import make_token
from tests.sockets import connected, socket_to

pytestmark = pytest.mark.django_db(transaction=True)


def live(session):
    return f"/ws/sessions/{session.pk}/live/"


def listening(socket):
    socket.hears_of_people = True
    return socket


async def people_heard(socket):
    """Return the next list of people, as {name: pages}."""
    event = await socket.hear_until("presence")
    return {person["name"]: person["here"] for person in event["people"]}


@database_sync_to_async
def watching(session):
    return {person["name"]: person["here"] for person in presence.watching(session.pk)}


async def until(session, wanted):
    for _ in range(100):
        if await watching(session) == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await watching(session))


async def test_everybody_hears_who_comes_and_who_goes(cast):
    async with connected(live(cast.session), cast.olga) as socket:
        olga = listening(socket)
        assert await people_heard(olga) == {"olga": 1}
        async with connected(live(cast.session), cast.sam) as sam:
            listening(sam)
            assert await people_heard(olga) == {"olga": 1, "sam": 1}
            assert await people_heard(sam) == {"olga": 1, "sam": 1}
        assert await people_heard(olga) == {"olga": 1}
    assert await watching(cast.session) == {}


async def test_somebody_with_three_windows_is_one(cast):
    path = live(cast.session)
    async with connected(path, cast.olga) as socket:
        olga = listening(socket)
        await people_heard(olga)
        async with connected(path, cast.sam), connected(path, cast.sam):
            await people_heard(olga)
            async with connected(path, cast.sam):
                await until(cast.session, {"olga": 1, "sam": 3})
            await until(cast.session, {"olga": 1, "sam": 2})
        assert await people_heard(olga) == {"olga": 1}


async def test_who_is_refused_is_not_there(cast):
    async with connected(live(cast.session), cast.olga) as socket:
        olga = listening(socket)
        await people_heard(olga)
        stranger = await socket_to(live(cast.session), cast.otto)
        accepted, _ = await stranger.connect(timeout=10)
        assert not accepted
        await stranger.disconnect()
        async with connected(live(cast.session), cast.sam):
            assert await people_heard(olga) == {"olga": 1, "sam": 1}


async def test_who_loses_access_is_gone_at_once(cast):
    path = live(cast.session)
    async with connected(path, cast.olga) as socket, connected(path, cast.sam) as sam:
        olga = listening(socket)
        while await people_heard(olga) != {"olga": 1, "sam": 1}:
            pass
        await database_sync_to_async(access.unshare)(session=cast.session, colleague=cast.sam)
        assert await people_heard(olga) == {"olga": 1}
        assert await sam.close_code() == 4403


async def test_a_program_counts_as_its_person(cast):
    token = await database_sync_to_async(make_token)(cast.olga, cast.organization, "read")
    async with connected(live(cast.session), token=token):
        await until(cast.session, {"olga": 1})


@database_sync_to_async
def leave_behind(session, user, *, seconds):
    """Store what the page of a process that died leaves behind."""
    seen_at = timezone.now() - timedelta(seconds=seconds)
    Watcher.objects.create(session=session, user=user, seen_at=seen_at)


async def test_what_a_crash_left_behind_counts_no_longer_and_is_swept(cast, monkeypatch):
    await leave_behind(cast.session, cast.sam, seconds=91)
    await leave_behind(cast.session, cast.cora, seconds=80)
    monkeypatch.setattr(presence, "NOTED_EVERY", 0.0)
    async with connected(live(cast.session), cast.olga) as socket:
        olga = listening(socket)
        assert await people_heard(olga) == {"cora": 1, "olga": 1}
        await olga.say(type="ping")
        assert await people_heard(olga) == {"cora": 1, "olga": 1}
        assert not await Watcher.objects.filter(user=cast.sam).aexists()


async def test_a_page_is_noted_seldom_and_comes_back_when_it_was_swept(cast, monkeypatch):
    async with connected(live(cast.session), cast.olga) as socket:
        olga = listening(socket)
        await people_heard(olga)
        row = await Watcher.objects.aget()
        await olga.say(type="ping")
        await olga.hear_until("pong")
        assert (await Watcher.objects.aget()).seen_at == row.seen_at
        await Watcher.objects.all().adelete()
        monkeypatch.setattr(presence, "NOTED_EVERY", 0.0)
        await olga.say(type="ping")
        assert await people_heard(olga) == {"olga": 1}


async def test_another_interviews_people_are_not_told(cast):
    other = await database_sync_to_async(services.create_session)(
        owner=cast.olga, organization=cast.organization, title="Other"
    )
    async with connected(live(other), cast.olga), connected(live(cast.session), cast.sam) as sam:
        assert await people_heard(listening(sam)) == {"sam": 1}


async def test_the_snapshot_says_who_watches(cast):
    async with connected(live(cast.session), cast.olga):
        await until(cast.session, {"olga": 1})

        @database_sync_to_async
        def read():
            client = Client()
            client.force_login(cast.sam)
            return client.get(f"/api/v1/sessions/{cast.session.pk}/snapshot/").json()

        assert (await read())["watching"] == [{"id": cast.olga.pk, "name": "olga", "here": 1}]


async def test_a_changed_share_is_told_to_whom_it_concerns(cast):
    path = live(cast.session)
    share = database_sync_to_async(access.share)
    async with connected(path, cast.sam) as sam, connected(path, cast.olga) as olga:
        await share(session=cast.session, colleague=cast.sam, level="comment")
        event = await sam.hear()
        assert (event["type"], event["may"]["comment"]) == ("access", True)
        await share(session=cast.session, colleague=cast.sam, level="comment")
        await share(session=cast.session, colleague=cast.sam, level="view")
        event = await sam.hear()
        assert (event["type"], event["may"]["comment"]) == ("access", False)
        await database_sync_to_async(consents.record_consent)(
            session=cast.session, noted_by=cast.olga, method="verbal"
        )
        assert (await olga.hear())["type"] == "session", "nobody else is told"


async def test_erasing_an_interview_forgets_who_watched(cast):
    await leave_behind(cast.session, cast.sam, seconds=1)
    await database_sync_to_async(Session.objects.filter(pk=cast.session.pk).delete)()
    assert await Watcher.objects.acount() == 0
