"""The live socket: who may listen, and that nothing is heard before its commit."""

import asyncio
import threading

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from sessions import consents, events
from sessions.models import Session
from tests.factories import make_session
from tests.sockets import connected, socket_to

pytestmark = pytest.mark.django_db(transaction=True)


def live(session):
    return f"/ws/sessions/{session.pk}/live/"


@pytest.mark.parametrize(
    ("person", "enters"),
    [
        ("olga", True),
        ("sam", True),
        ("ada", True),
        ("mia", False),
        ("vic", False),
        ("otto", False),
        ("lea", False),
        (None, False),
    ],
)
async def test_it_lets_in_who_may_view(cast, person, enters):
    socket = await socket_to(live(cast.session), getattr(cast, person) if person else None)
    accepted, _ = await socket.connect(timeout=10)
    assert accepted is enters
    await socket.disconnect()


async def test_a_foreign_origin_is_refused(cast):
    socket = await socket_to(live(cast.session), cast.olga, origin=b"https://evil.example")
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


async def test_everybody_who_watches_gets_what_happens(cast):
    path = live(cast.session)
    async with connected(path, cast.olga) as olga, connected(path, cast.sam) as sam:
        await database_sync_to_async(consents.record_consent)(
            session=cast.session, noted_by=cast.olga, method="verbal"
        )
        for socket in (olga, sam):
            event = await socket.hear()
            assert event["type"] == "session"
            assert event["v"] == 1
            assert event["session"] == str(cast.session.pk)
            assert event["state"]["consent"]["given"] is True
            assert "may" not in event["state"]


async def test_another_sessions_events_do_not_arrive(cast):
    other = await database_sync_to_async(make_session)(cast.olga, cast.organization)
    async with connected(live(cast.session), cast.olga) as socket:
        await events.publish(other.pk, "notice", {"code": "other"})
        await events.publish(cast.session.pk, "notice", {"code": "own"})
        assert (await socket.hear())["code"] == "own"


async def test_a_rolled_back_change_is_never_heard(cast):
    @database_sync_to_async
    def change_and_fail():
        try:
            with transaction.atomic():
                consents.record_consent(session=cast.session, noted_by=cast.olga, method="verbal")
                raise RuntimeError
        except RuntimeError:
            pass

    async with connected(live(cast.session), cast.olga) as socket:
        await change_and_fail()
        await events.publish(cast.session.pk, "notice", {"code": "after"})
        assert (await socket.hear())["code"] == "after"
    assert (await Session.objects.aget(pk=cast.session.pk)).revision == 0


def change_in_thread(cast):
    """Change the session in a database thread; return the thread and what says it is done."""
    done = threading.Event()

    @database_sync_to_async
    def change():
        consents.record_consent(session=cast.session, noted_by=cast.olga, method="verbal")
        done.set()

    return asyncio.ensure_future(change()), done


async def test_a_commit_does_not_wait_for_a_busy_loop(cast):
    async with connected(live(cast.session), cast.olga) as socket:
        changing, done = change_in_thread(cast)
        await asyncio.wait({changing}, timeout=0)
        assert done.wait(10), "the loop that is blocked here was waited for"
        await changing
        assert (await socket.hear())["type"] == "session"


def test_a_commit_does_not_wait_for_a_loop_that_has_stopped(cast):
    """The server's loop stops first when the process ends; its threads have to end too."""
    loop = asyncio.new_event_loop()

    async def begin():
        await get_channel_layer().group_add("anything", "anybody")  # the loop owns the layer
        changing, done = change_in_thread(cast)
        await asyncio.wait({changing}, timeout=0)
        return changing, done

    try:
        changing, done = loop.run_until_complete(begin())
        assert done.wait(10)
        loop.run_until_complete(changing)
    finally:
        loop.close()


async def test_a_listener_can_only_ping(cast):
    async with connected(live(cast.session), cast.sam) as socket:
        for text in ("{", '{"type":"segment"}', "x" * 10_000):
            await socket.send_to(text_data=text)
        await socket.send_to(bytes_data=bytes(1000))
        for ping in ('{"type":"ping"}', '{"type": "ping"}'):
            await socket.send_to(text_data=ping)
            assert await socket.hear() == {"type": "pong"}
