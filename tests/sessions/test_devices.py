"""A second device: joins by a code, records one channel of one interview, and nothing else."""

import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import ApiToken, AuditEntry
from sessions import devices, services
from sessions.models import DeviceCode
from tests.factories import go_live, make_session, make_token
from tests.sockets import connected, socket_to

pytestmark = pytest.mark.django_db(transaction=True)

in_database = database_sync_to_async
START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}


@pytest.fixture
def live(cast):
    return go_live(cast.session)


def a_code(session, user, channel="candidate"):
    client = Client()
    client.force_login(user)
    path = f"/api/v1/sessions/{session.pk}/devices/"
    return client.post(path, {"channel": channel}, content_type="application/json")


def join(code, client=None, **how):
    client = client or Client(headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/156"})
    return client, client.post("/join/", {"code": code}, **how)


def audio(session, channel="candidate"):
    return f"/ws/sessions/{session.pk}/audio/{channel}/"


async def socket_of(device, path):
    """Open a socket as the device's browser does: with the cookie, where its path fits."""
    held = [c for c in device.cookies.values() if c.key == "device"]
    socket = await socket_to(path)
    if held and held[0]["path"] == path:
        socket.scope["headers"].append((b"cookie", f"device={held[0].value}".encode()))
    return socket


async def enters(device, path):
    socket = await socket_of(device, path)
    accepted, _ = await socket.connect(timeout=10)
    await socket.disconnect(timeout=10)
    return accepted


def test_the_code_opens_the_devices_page_and_tells_nothing_of_the_interview(live, cast):
    made = a_code(live, cast.olga)
    assert made.status_code == 201
    body = made.json()
    assert body["channel"] == "candidate"
    assert body["url"].endswith("/join/")
    assert body["code"] not in body["url"]
    assert body["qr"].startswith("data:image/svg+xml")
    device, answer = join(body["code"].lower()[:3] + " - " + body["code"][3:])
    assert answer.status_code == 302
    page = device.get(answer.url)
    assert page.status_code == 200
    text = page.content.decode()
    assert audio(live) in text
    for secret in (live.title, str(live.candidate_name), cast.olga.email, cast.olga.name):
        assert secret not in text


def test_the_cookie_goes_to_its_page_and_its_socket_only(live, cast):
    _device, answer = join(a_code(live, cast.olga).json()["code"])
    assert {name: c["path"] for name, c in answer.cookies.items()} == {
        "device": audio(live),
        "device_page": answer.url,
    }
    assert all(c["httponly"] and c["samesite"] == "Strict" for c in answer.cookies.values())


@pytest.mark.parametrize("person", ["sam", "cora", "mia", "vic", "ada", "otto", "lea"])
def test_who_may_not_record_lets_no_device_in(live, cast, person):
    refused = a_code(live, getattr(cast, person))
    assert refused.status_code in (401, 404)
    assert not DeviceCode.objects.exists()


def test_a_token_lets_no_device_in(live, cast):
    bearer = make_token(cast.olga, cast.organization, "write")
    client = Client(headers={"Authorization": f"Bearer {bearer}"})
    path = f"/api/v1/sessions/{live.pk}/devices/"
    answer = client.post(path, {"channel": "room"}, content_type="application/json")
    assert answer.status_code == 403


def test_a_code_works_once(live, cast):
    code = a_code(live, cast.olga).json()["code"]
    assert join(code)[1].status_code == 302
    again = join(code)[1]
    assert again.status_code == 400
    assert "device" not in again.cookies


def test_a_code_ends_after_minutes_and_with_the_next_one(live, cast):
    first = a_code(live, cast.olga).json()["code"]
    second = a_code(live, cast.olga).json()["code"]
    assert join(first)[1].status_code == 400
    DeviceCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert join(second)[1].status_code == 400
    assert join(a_code(live, cast.olga).json()["code"])[1].status_code == 302


def test_wrong_old_and_foreign_codes_are_answered_alike(live, cast):
    code = a_code(live, cast.olga).json()["code"]
    cast.olga.memberships.update(is_active=False)  # who made it may no longer record
    answers = [join(c)[1] for c in (code, "ZZZZZZ", "", "x" * 500)]
    assert {a.status_code for a in answers} == {400}
    assert {a.context["problem"] for a in answers} == {answers[0].context["problem"]}


def test_guessing_is_slowed_down(live, cast):
    guesser = Client()
    answers = [join("ZZZZZZ", guesser)[1].status_code for _ in range(devices.TRIES + 1)]
    assert answers == [400] * devices.TRIES + [429]
    code = a_code(live, cast.olga).json()["code"]
    assert join(code, guesser)[1].status_code == 429
    assert join(code, REMOTE_ADDR="198.51.100.7")[1].status_code == 302


async def test_the_device_records_its_channel_and_no_other(live, cast, scripted, hush):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, _ = await in_database(join)(code)
    other = await in_database(make_session)(cast.olga, cast.organization)
    await in_database(go_live)(other)
    secret = device.cookies["device"].value
    for path, may in (
        (audio(live), True),
        (audio(live, "interviewer"), False),
        (audio(other), False),
        (f"/ws/sessions/{live.pk}/live/", False),
    ):
        socket = await socket_to(path)
        socket.scope["headers"].append((b"cookie", f"device={secret}".encode()))
        accepted, _ = await socket.connect(timeout=10)
        assert accepted is may, path
        await socket.disconnect(timeout=10)
        by_header = await socket_to(path, token=secret)
        accepted, _ = await by_header.connect(timeout=10)
        assert accepted is may, path
        await by_header.disconnect(timeout=10)
    assert await enters(device, audio(live))


async def test_a_device_that_is_out_does_not_lock_out_who_is_signed_in_there(live, cast, hush):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, _ = await in_database(join)(code)
    await in_database(lambda: devices.remove(session=live, device_id=token_of(live).pk))()
    gone = f"device={device.cookies['device'].value}".encode()
    for person, may in ((cast.olga, True), (cast.sam, False), (None, False)):
        socket = await socket_to(audio(live), person)
        socket.scope["headers"].append((b"cookie", gone))
        assert (await socket.connect(timeout=10))[0] is may
        await socket.disconnect(timeout=10)


def token_of(session):
    return ApiToken.objects.get(bound_to=session.pk)


async def test_a_page_of_another_site_cannot_use_the_devices_cookie(live, cast):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, _ = await in_database(join)(code)
    socket = await socket_to(audio(live), origin=b"http://evil.example")
    socket.scope["headers"].append((b"cookie", f"device={device.cookies['device'].value}".encode()))
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


def test_the_devices_token_opens_nothing_in_the_api(live, cast):
    device, _ = join(a_code(live, cast.olga).json()["code"])
    client = Client(headers={"Authorization": f"Bearer {device.cookies['device'].value}"})
    for path in (f"/api/v1/sessions/{live.pk}/", "/api/v1/sessions/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/api/v1/sessions/{live.pk}/end/").status_code == 403


async def test_a_device_uses_up_nothing_of_who_let_it_in(live, cast, settings, hush):
    settings.INTERVIEW_LIMIT_AUDIO_USER = settings.INTERVIEW_LIMIT_CONNECTS_USER = 1
    settings.INTERVIEW_LIMIT_API_USER = 4
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, _ = await in_database(join)(code)
    held = await socket_of(device, audio(live))
    assert (await held.connect(timeout=10))[0]
    refused = await socket_of(device, audio(live))
    assert (await refused.connect(timeout=10))[0]
    assert await refused.close_code() == 4429
    async with connected(audio(live, "interviewer"), cast.olga) as own:
        await own.say(type="ping")
        await own.hear_until("pong")
    await held.disconnect(timeout=10)

    def ask():
        path = f"/api/v1/sessions/{live.pk}/"
        program = Client(headers={"Authorization": f"Bearer {device.cookies['device'].value}"})
        assert [program.get(path).status_code for _ in range(5)] == [403] * 4 + [429]
        olga = Client()
        olga.force_login(cast.olga)
        assert olga.get(path).status_code == 200

    await in_database(ask)()


async def test_a_removed_device_is_put_out_at_once(live, cast, scripted, hush):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, answer = await in_database(join)(code)

    def remove():
        olga = Client()
        olga.force_login(cast.olga)
        path = f"/api/v1/sessions/{live.pk}/devices/"
        [row] = olga.get(path).json()["results"]
        assert row["channel"] == "candidate"
        assert row["name"] == "Chrome on Android"
        stranger = Client()
        stranger.force_login(cast.sam)
        assert stranger.delete(f"{path}{row['id']}/").status_code == 404
        assert olga.delete(f"{path}{row['id']}/").status_code == 204
        assert olga.get(path).json()["results"] == []

    socket = await socket_of(device, audio(live))
    assert (await socket.connect(timeout=10))[0]
    await socket.say(**START)
    await socket.hear_until("ready")
    await in_database(remove)()
    assert await socket.close_code() == 4403
    assert (await in_database(device.get)(answer.url)).status_code == 404


async def test_the_end_of_the_interview_ends_its_devices(live, cast, scripted, hush):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    spare = (await in_database(a_code)(live, cast.olga, "room")).json()["code"]
    device, _ = await in_database(join)(code)
    async with connected(f"/ws/sessions/{live.pk}/live/", cast.olga):
        socket = await socket_of(device, audio(live))
        assert (await socket.connect(timeout=10))[0]
        await socket.say(**START)
        await socket.hear_until("ready")
        await in_database(services.end_session)(session=live)
        assert (await socket.hear_until("error"))["code"] == "ended"
        assert await socket.close_code() == 4410
    assert not await enters(device, audio(live))
    assert (await in_database(join)(spare))[1].status_code == 400


async def test_a_device_leaves_with_whoever_let_it_in(live, cast, scripted, hush):
    code = (await in_database(a_code)(live, cast.olga)).json()["code"]
    device, _ = await in_database(join)(code)
    assert await enters(device, audio(live))
    await in_database(lambda: cast.olga.memberships.update(is_active=False))()
    assert not await enters(device, audio(live))


def test_it_leaves_a_trace_without_the_code(live, cast):
    code = a_code(live, cast.olga).json()["code"]
    join(code)
    entry = AuditEntry.objects.get(action=Event.DEVICE_JOINED)
    assert str(live.pk) in str(entry.object_id)
    assert code not in json.dumps(entry.details)
    token = ApiToken.objects.get(bound_to=live.pk)
    assert token.scopes == ["audio"]
    assert not DeviceCode.objects.filter(code_hash=code).exists()


def test_devices_are_not_among_a_persons_tokens(live, cast):
    join(a_code(live, cast.olga).json()["code"])
    client = Client()
    client.force_login(cast.olga)
    assert list(client.get("/accounts/tokens/").context["tokens"]) == []
