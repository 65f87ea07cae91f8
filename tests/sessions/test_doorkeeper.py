"""Losing access closes that person's sockets, by whatever way it is lost; who keeps it stays."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter as devices
from allauth.usersessions.models import UserSession
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session as SignIn
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from accounts import tokens
from accounts.models import ApiToken, AuditEntry
from accounts.roles import Role, Scope
from accounts.signals import announce
from sessions import access, events, retention, services
from sessions.doorkeeper import ACCESS_ENDED
from sessions.models import Session, SessionUserObjectPermission
from tests.factories import PASSWORD, go_live, make_token
from tests.sockets import PATIENCE, connected, sign_in, socket_to
from transcription import consumers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hush")]

SOON = timedelta(seconds=0.3)
START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
in_database = database_sync_to_async


def path_of(kind, session):
    return {
        "live": f"/ws/sessions/{session.pk}/live/",
        "audio": f"/ws/sessions/{session.pk}/audio/candidate/",
    }[kind]


async def stays(socket):
    """Everything asked of this socket before the ping has been dealt with when it answers."""
    await socket.say(type="ping")
    await socket.hear_until("pong")


async def is_shut_out(socket, kind):
    if kind == "audio":
        assert (await socket.hear_until("error"))["code"] == "access_ended"
    assert await socket.close_code() == ACCESS_ENDED


# --- The ways to lose access ---------------------------------------------------------------------


def own(user, organization):
    return user.memberships.get(organization=organization)


def require_second_factor(cast):
    cast.organization.require_second_factor = True
    cast.organization.save()
    announce(cast.organization.memberships.values_list("user_id", flat=True))


def end_account(cast, user):
    user.is_active = False
    user.save()
    announce([user.pk])


def erase(cast):
    Session.objects.filter(pk=cast.session.pk).update(expires_at=timezone.now())
    assert retention.run().finished == 1


LOSSES = {  # how: (who loses access, by which sockets, what happens)
    "unshared": ("sam", "live", lambda c: access.unshare(session=c.session, colleague=c.sam)),
    "shared until": (
        "sam",
        "live",
        lambda c: access.share(session=c.session, colleague=c.sam, until=timezone.now() + SOON),
    ),
    "made private": (
        "sam",
        "live",
        lambda c: services.set_visibility(session=c.session, visibility="private"),
    ),
    "admin no more": (
        "ada",
        "live",
        lambda c: accounts.change_role(
            membership=own(c.ada, c.organization), role=Role.INTERVIEWER
        ),
    ),
    "interviewer no more": (
        "olga",
        "audio",
        lambda c: accounts.change_role(membership=own(c.olga, c.organization), role=Role.VIEWER),
    ),
    "member no more": (
        "olga",
        "live audio",
        lambda c: accounts.deactivate(membership=own(c.olga, c.organization)),
    ),
    "account ended": ("olga", "live audio", lambda c: end_account(c, c.olga)),
    "second factor required": ("olga", "live audio", require_second_factor),
    "transferred": (
        "olga",
        "live audio",
        lambda c: services.transfer_sessions(organization=c.organization, owner=c.olga, to=c.mia),
    ),
    "signed out everywhere": ("olga", "live audio", lambda c: accounts.end_sign_ins(c.olga)),
    "erased": ("olga", "live audio", erase),
}


@pytest.fixture
def heirs(cast):
    """Ada is not the only admin, so that she may cease to be one."""
    accounts.change_role(membership=own(cast.mia, cast.organization), role=Role.ADMIN)
    return cast


@pytest.mark.parametrize(
    ("how", "kind"),
    [(how, kind) for how, (_who, kinds, _act) in LOSSES.items() for kind in kinds.split()],
)
async def test_losing_access_closes_the_socket(heirs, how, kind):
    who, _kinds, act = LOSSES[how]
    async with connected(path_of(kind, heirs.session), getattr(heirs, who)) as socket:
        await stays(socket)
        await in_database(act)(heirs)
        await is_shut_out(socket, kind)


@pytest.mark.parametrize("how", [how for how in LOSSES if how != "erased"])
async def test_whoever_keeps_access_stays_and_goes_on_listening(heirs, how):
    await in_database(Authenticator.objects.create)(
        user=heirs.cora, type=Authenticator.Type.TOTP, data={}
    )
    who, _kinds, act = LOSSES[how]
    path = path_of("live", heirs.session)
    keeper = heirs.olga if how == "made private" else heirs.cora
    async with (
        connected(path, keeper) as twin,
        connected(path, getattr(heirs, who)) as socket,
    ):
        await in_database(act)(heirs)
        if how == "interviewer no more":
            await stays(socket)  # an owner who may not record any more still reads
        else:
            await is_shut_out(socket, "live")
        await events.publish(heirs.session.pk, "notice", {"code": "after"})
        assert (await twin.hear_until("notice"))["code"] == "after"


async def test_what_is_said_after_access_was_lost_is_not_heard(cast):
    """The message that asks again runs in the same row as the events: nothing passes it."""

    @in_database
    @transaction.atomic
    def unshare_and_go_on():
        access.unshare(session=cast.session, colleague=cast.sam)
        events.publish_on_commit(cast.session.pk, "notice", {"code": "secret"})

    async with connected(path_of("live", cast.session), cast.sam) as socket:
        await unshare_and_go_on()
        output = await socket.receive_output(timeout=PATIENCE)
        assert (output["type"], output["code"]) == ("websocket.close", ACCESS_ENDED)
        assert await socket.receive_nothing()


# --- Sign-ins and tokens -------------------------------------------------------------------------


def sign_out(client):
    assert client.post("/accounts/logout/").status_code == 302


def change_password(client):
    answer = client.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "another-horse-battery",
            "password2": "another-horse-battery",
        },
    )
    assert answer.status_code == 302, answer.content


def run_out(client):
    key = client.session.session_key
    SignIn.objects.filter(session_key=key).update(expire_date=timezone.now() + SOON)
    announce([int(client.session["_auth_user_id"])])


def end_device(client):
    device = UserSession.objects.create(
        user_id=client.session["_auth_user_id"],
        session_key=client.session.session_key,
        ip="127.0.0.1",
    )
    devices().end_sessions([device])


@pytest.mark.parametrize("kind", ["live", "audio"])
@pytest.mark.parametrize("end", [sign_out, run_out, end_device], ids=lambda f: f.__name__)
async def test_a_sign_in_that_ends_takes_only_its_own_sockets_along(cast, kind, end):
    here, there = await sign_in(cast.olga), await sign_in(cast.olga)
    path = path_of(kind, cast.session)
    async with connected(path, client=here) as ended, connected(path, client=there) as other:
        await in_database(end)(here)
        await is_shut_out(ended, kind)
        await stays(other)


@pytest.mark.parametrize("kind", ["live", "audio"])
async def test_a_new_password_closes_the_sockets_of_every_other_device(cast, kind):
    here, there = await sign_in(cast.olga), await sign_in(cast.olga)
    token = await in_database(make_token)(cast.olga, cast.organization, *Scope)
    path = path_of(kind, cast.session)
    async with connected(path, client=there) as ended, connected(path, token=token) as program:
        await in_database(change_password)(here)
        await is_shut_out(ended, kind)
        await stays(program)


def revoke(token):
    tokens.revoke(token=token)


def expire(token):
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() + SOON)
    announce([token.user_id])


@pytest.mark.parametrize("kind", ["live", "audio"])
@pytest.mark.parametrize("end", [revoke, expire], ids=lambda f: f.__name__)
async def test_a_token_that_ends_takes_its_sockets_along_and_the_page_stays(cast, kind, end):
    raw = await in_database(make_token)(cast.olga, cast.organization, *Scope)
    token = await ApiToken.objects.aget(user=cast.olga)
    path = path_of(kind, cast.session)
    async with connected(path, token=raw) as program, connected(path, cast.olga) as page:
        await in_database(end)(token)
        await is_shut_out(program, kind)
        await stays(page)


async def test_an_end_that_is_near_when_the_socket_opens_is_kept(cast):
    def end_soon():
        SessionUserObjectPermission.objects.filter(user=cast.sam).update(
            until=timezone.now() + timedelta(seconds=1.5)
        )

    await in_database(end_soon)()
    async with connected(path_of("live", cast.session), cast.sam) as socket:
        await stays(socket)
        await is_shut_out(socket, "live")


# --- When a message is lost, and what it costs ---------------------------------------------------


@pytest.fixture
def deaf(monkeypatch):
    """Lose every message that would make sockets ask again."""

    def lose(**whom):
        pass

    monkeypatch.setattr(events, "recheck_on_commit", lose)


@pytest.mark.parametrize("kind", ["live", "audio"])
async def test_a_lost_message_is_made_up_for(cast, deaf, settings, kind):
    settings.INTERVIEW_ACCESS_INTERVAL = 0.3
    path = path_of(kind, cast.session)
    async with (
        connected(path, cast.olga) as ended,
        connected(path_of("live", cast.session), cast.cora) as twin,
    ):
        await in_database(accounts.end_sign_ins)(cast.olga)
        await is_shut_out(ended, kind)
        await stays(twin)


async def test_a_check_that_cannot_be_sent_is_tried_again(cast, deaf, settings, monkeypatch):
    settings.INTERVIEW_ACCESS_INTERVAL = 0.2
    layer = get_channel_layer()
    send, failed = layer.send, []

    async def fail_once(channel, message):
        if not failed:
            failed.append(message)
            raise OSError
        await send(channel, message)

    async with connected(path_of("live", cast.session), cast.sam) as socket:
        monkeypatch.setattr(layer, "send", fail_once)
        await in_database(access.unshare)(session=cast.session, colleague=cast.sam)
        await is_shut_out(socket, "live")
    assert failed


async def test_events_cost_no_query(cast, monkeypatch):
    async with connected(path_of("live", cast.session), cast.sam) as socket:
        await stays(socket)
        asked = []
        monkeypatch.setattr(access, "get_session", lambda *args: asked.append(args))
        for number in range(50):
            await events.publish(cast.session.pk, "notice", {"code": str(number)})
        await socket.hear_until("notice", code="49")
        assert not asked


async def test_a_closed_connection_leaves_nothing_behind(cast):
    """No group, no timer: whatever way the connection ends."""
    before = asyncio.all_tasks()

    def joined():
        return {name for name, members in get_channel_layer().groups.items() if members}

    others = joined()
    for how in ("left", "cancelled", "shut out"):
        socket = await socket_to(path_of("live", cast.session), cast.cora)
        assert (await socket.connect(timeout=PATIENCE))[0]
        await stays(socket)
        assert joined() > others
        if how == "cancelled":
            socket.future.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await socket.future
        elif how == "shut out":
            await in_database(access.unshare)(session=cast.session, colleague=cast.cora)
            await is_shut_out(socket, "live")
        if how != "cancelled":
            await socket.disconnect(timeout=PATIENCE)
        assert joined() <= others, how
        left = asyncio.all_tasks() - before
        await asyncio.wait(left, timeout=PATIENCE) if left else None
        assert all(task.done() for task in left), how


# --- What was heard, and what is traced ----------------------------------------------------------


async def test_what_was_heard_before_access_ended_is_stored(scripted, cast):
    await in_database(go_live)(cast.session)
    async with connected(path_of("audio", cast.session), cast.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        for _ in range(3):
            await socket.send_to(bytes_data=bytes(32_000))
        await socket.hear_until("ack", received=3 * 16_000)
        await in_database(accounts.end_sign_ins)(cast.olga)
        await is_shut_out(socket, "audio")
        await socket.send_to(bytes_data=bytes(32_000))  # was under way: neither taken nor answered
        assert await socket.receive_nothing()
    await asyncio.gather(*consumers._leaving)
    stream = await cast.session.streams.aget()
    assert stream.durable == 3 * 16_000


async def test_both_sockets_leave_a_trace_once(scripted, cast):
    await in_database(go_live)(cast.session)
    for _ in range(2):
        async with connected(path_of("live", cast.session), cast.sam) as socket:
            await stays(socket)
        async with connected(path_of("audio", cast.session), cast.olga) as socket:
            await socket.say(**START)
            await socket.hear_until("ready")
            await stays(socket)
    traces = AuditEntry.objects.filter(via="socket").order_by("pk")
    assert [(entry.action, entry.actor_id, entry.object_id) async for entry in traces] == [
        ("session.viewed", cast.sam.pk, str(cast.session.pk)),
        ("session.recorded", cast.olga.pk, str(cast.session.pk)),
    ]


async def test_a_refused_handshake_leaves_no_trace(cast):
    socket = await socket_to(path_of("live", cast.session), cast.mia)
    assert not (await socket.connect(timeout=PATIENCE))[0]
    assert not await AuditEntry.objects.filter(via="socket").aexists()
