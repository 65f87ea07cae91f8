"""The audio socket: what it takes, what it answers, and what it refuses without losing anything."""

import asyncio
import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from sessions import consents, events, services
from sessions.models import Session
from tests import webm
from tests.factories import go_live
from tests.sockets import connected, socket_to
from transcription import consumers, streams
from transcription import services as transcripts
from transcription.models import Segment, Stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hush")]

START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
SPEAKER = {"type": "speaker", "role": "candidate", "at": 0}
WEBM = {"type": "start", "encoding": "webm_opus"}
SECOND = bytes(32_000)


@pytest.fixture
def running(scripted, cast):
    go_live(cast.session)
    return cast


def audio(session, role="candidate"):
    return f"/ws/sessions/{session.pk}/audio/{role}/"


@database_sync_to_async
def lines(session):
    return [s.text for s in Session.objects.get(pk=session.pk).segments.all()]


async def speak(socket, seconds):
    for _ in range(seconds):
        await socket.send_to(bytes_data=SECOND)


async def test_it_turns_audio_into_stored_redacted_segments(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        ready = await socket.hear()
        assert ready["type"] == "ready"
        assert ready["resume_from"] == 0
        assert ready["engine"]["name"] == "scripted"
        await speak(socket, 7)
        await socket.say(type="stop")
        stopped = await socket.hear_until("stopped")
    assert stopped["durable"] == 7 * 16_000
    said = await lines(running.session)
    assert said[:2] == [
        "Thanks for joining us today. Could you tell me about your experience with AWS?",
        "I have worked with AWS for three years, mostly EC2 and Lambda.",
    ]
    assert said[2] == "You can reach me at [EMAIL-1]."


@pytest.mark.parametrize("rate", [8_000, 44_100])
async def test_it_takes_pcm_of_other_rates_and_counts_in_its_own_samples(running, rate):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**{**START, "sample_rate": rate})
        await socket.hear_until("ready")
        for _ in range(14):
            await socket.send_to(bytes_data=bytes(rate // 2 * 2))  # half a second
        await socket.say(type="stop")
        stopped = await socket.hear_until("stopped")
    assert stopped["durable"] == 7 * 16_000
    assert len(await lines(running.session)) == 3


async def test_it_takes_webm_and_takes_it_up_again_where_it_broke_off(running):
    header, clusters = webm.parts(webm.record(7.2))
    path = audio(running.session)
    async with connected(path, running.olga) as socket:
        await socket.say(**WEBM)
        assert (await socket.hear_until("ready"))["resume_from"] == 0
        for piece in (header, *clusters[:7]):
            await socket.send_to(bytes_data=piece)
        await socket.hear_until("ack", durable=2 * 16_000)
    async with connected(path, running.olga) as socket:
        await socket.say(**WEBM, offset=0, origin=0)
        resume_from = (await socket.hear_until("ready"))["resume_from"]
        holds_it = resume_from // 8000
        await socket.send_to(bytes_data=header + b"".join(clusters[holds_it:]))
        await socket.say(type="stop")
        stopped = await socket.hear_until("stopped")
    assert stopped["durable"] == pytest.approx(7.2 * 16_000, abs=400)
    said = await lines(running.session)
    assert said[2] == "You can reach me at [EMAIL-1]."
    assert len(said) == len(set(said))


@pytest.mark.parametrize("reason", ["connection", "capture"])
async def test_it_is_told_why_sound_is_missing(running, reason):
    for start in ({}, {"offset": 5 * 16_000, "gap": reason}):
        async with connected(audio(running.session), running.olga) as socket:
            await socket.say(**START, **start)
            await socket.hear_until("ready")
            await socket.say(type="stop")
            await socket.hear_until("stopped")
    (gap,) = [gap async for gap in running.session.gaps.all()]
    assert (gap.start_sample, gap.end_sample, gap.reason) == (0, 5 * 16_000, reason)


@pytest.mark.parametrize("encoding", [START, WEBM])
async def test_what_was_kept_while_it_waited_is_not_late(running, encoding):
    await Session.objects.filter(pk=running.session.pk).aupdate(
        started_at=running.session.started_at - timedelta(seconds=30)
    )
    if encoding == WEBM:
        header, clusters = webm.parts(webm.record(7.2))
        frames = [header, *clusters]
    else:
        frames = [SECOND] * 7
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**encoding, kept=20 * 16_000)
        ready = await socket.hear_until("ready")
        assert ready["begin"] == ready["resume_from"] == 0
        for frame in frames:
            await socket.send_to(bytes_data=frame)
        await socket.say(type="stop")
        await socket.hear_until("stopped")
    stream = await Stream.objects.aget(session=running.session)
    assert 10_000 <= stream.origin_ms < 10_000 + 5_000
    assert len(await lines(running.session)) == 3


async def test_webm_of_a_fresh_capture_is_not_heard_twice(running):
    """It kept three seconds of which another connection has stored two."""
    header, clusters = webm.parts(webm.record(7.2))
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await speak(socket, 2)
        await socket.say(type="stop")
        await socket.hear_until("stopped")
    started_at = timezone.now() - timedelta(seconds=3)
    await Session.objects.filter(pk=running.session.pk).aupdate(started_at=started_at)
    await Stream.objects.filter(session=running.session).aupdate(origin_ms=0)
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**WEBM, kept=3 * 16_000)
        ready = await socket.hear_until("ready")
        assert ready["resume_from"] == 2 * 16_000
        assert 0 <= ready["begin"] < 16_000
        for piece in (header, *clusters):
            await socket.send_to(bytes_data=piece)
        await socket.say(type="stop")
        stopped = await socket.hear_until("stopped")
    end = ready["begin"] + 7.2 * 16_000
    assert stopped["durable"] == pytest.approx(end, abs=400)


async def test_webm_that_is_none_is_refused_and_what_was_heard_is_kept(running):
    header, clusters = webm.parts(webm.record(3))
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**WEBM)
        await socket.hear_until("ready")
        await socket.send_to(bytes_data=header + b"".join(clusters))
        await socket.hear_until("ack", durable=2 * 16_000)
        await socket.send_to(bytes_data=b"no element at all")
        assert (await socket.hear_until("error"))["code"] == "bad_webm"
        assert await socket.close_code() == 4400
    assert (await lines(running.session))[0].startswith("Thanks for joining")


async def test_in_a_room_it_is_told_who_speaks(running):
    async with connected(audio(running.session, "room"), running.olga) as socket:
        await socket.say(**START, speaker="interviewer")
        await socket.hear_until("ready")
        await socket.say(**{**SPEAKER, "at": 2 * 16_000})
        await speak(socket, 7)
        await socket.say(type="stop")
        await socket.hear_until("stopped")
    roles = [segment.role async for segment in Segment.objects.order_by("start_sample")]
    assert roles == ["interviewer", "candidate", "candidate"]


async def test_who_speaks_is_said_only_in_a_room_and_after_the_start(running):
    async with connected(audio(running.session, "room"), running.olga) as socket:
        await socket.say(**SPEAKER)
        assert (await socket.hear())["code"] == "not_started"
    async with connected(audio(running.session), running.olga) as socket:
        for message in (SPEAKER, {**START, "speaker": "candidate"}):
            await socket.say(**message)
            assert (await socket.hear())["code"] == "bad_message"


async def test_too_many_messages_close_the_socket(running):
    async with connected(audio(running.session), running.olga) as socket:
        for _ in range(51):
            await socket.say(type="ping")
        assert (await socket.hear_until("error"))["code"] == "too_many_messages"
        assert await socket.close_code() == 4429


async def test_it_acknowledges_what_is_stored(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await speak(socket, 3)
        ack = await socket.hear_until("ack", durable=2 * 16_000)
    assert ack["received"] <= 3 * 16_000


async def test_it_resumes_where_the_stored_words_end_and_doubles_none(running):
    path = audio(running.session)
    async with connected(path, running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await speak(socket, 3)
        await socket.hear_until("ack", durable=2 * 16_000)
    async with connected(path, running.olga) as socket:
        await socket.say(**START, offset=16_000)
        ready = await socket.hear_until("ready")
        await speak(socket, 6)
        await socket.say(type="stop")
        await socket.hear_until("stopped")
    assert ready["resume_from"] >= 2 * 16_000
    said = await lines(running.session)
    assert len(said) == len(set(said))
    assert said[0].startswith("Thanks for joining")


async def test_it_counts_what_no_client_has_any_more_as_lost(running):
    path = audio(running.session)
    async with connected(path, running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await socket.say(type="stop")
        await socket.hear_until("stopped")
    async with connected(path, running.olga) as socket:
        await socket.say(**START, offset=48_000)
        ready = await socket.hear_until("ready")
    assert ready["resume_from"] == 48_000
    stream = await Stream.objects.aget(session=running.session)
    assert stream.lost == 48_000


async def test_a_second_recorder_takes_the_channel_over(running):
    path = audio(running.session)
    async with connected(path, running.olga) as first, connected(path, running.olga) as second:
        await first.say(**START)
        await first.hear_until("ready")
        await second.say(**START)
        await second.hear_until("ready")
        assert (await first.hear_until("error"))["code"] == "taken_over"
        assert await first.close_code() == 4409


async def test_a_connection_that_was_overtaken_does_not_end_the_one_that_records(running):
    """Of two that open at once, the one that lost may be the last to say that it opened."""
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        late = {"type": "audio.opened", "role": "candidate", "by": "the one that lost"}
        await get_channel_layer().group_send(events.recorders_group(running.session.pk), late)
        await speak(socket, 3)
        await socket.hear_until("ack", durable=2 * 16_000)
        await socket.say(type="stop")
        await socket.hear_until("stopped")


async def test_a_recorder_in_another_process_takes_the_channel_over(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        open_elsewhere = database_sync_to_async(transcripts.open_stream)
        await open_elsewhere(session_id=running.session.pk, role="candidate", offset=0)
        opened = {"type": "audio.opened", "role": "candidate", "by": "another process"}
        await get_channel_layer().group_send(events.recorders_group(running.session.pk), opened)
        assert (await socket.hear_until("error"))["code"] == "taken_over"
        assert await socket.close_code() == 4409


@pytest.mark.parametrize("how", ["cancelled", "broken"])
async def test_a_consumer_that_dies_leaves_no_stream_behind(running, monkeypatch, how):
    """Servers cancel a consumer that closes slowly; a lost channel layer raises in it."""
    monkeypatch.setattr(streams, "RETURN_SECONDS", 0)
    socket = await socket_to(audio(running.session), running.olga)
    await socket.connect()
    await socket.say(**START)
    await socket.hear_until("ready")
    await speak(socket, 3)
    await socket.hear_until("ack", durable=2 * 16_000)
    if how == "cancelled":
        socket.future.cancel()
    else:
        group = events.recorders_group(running.session.pk)
        await get_channel_layer().group_send(group, {"type": "no.handler"})
    await asyncio.wait({socket.future})
    await asyncio.gather(*consumers._leaving)
    assert not streams._running
    assert len(await lines(running.session)) == 2, "the words said so far are stored"


async def test_the_end_of_the_interview_keeps_the_last_words_and_closes(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await speak(socket, 1)
        await database_sync_to_async(services.end_session)(session=running.session)
        assert (await socket.hear_until("error"))["code"] == "ended"
        assert await socket.close_code() == 4410
        await speak(socket, 1)  # what was under way is neither answered nor stored
        assert await socket.receive_nothing()
    assert len(await lines(running.session)) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{not json", "bad_json"),
        ("[" * 3000, "bad_json"),
        ("[]", "bad_message"),
        ('"start"', "bad_message"),
        ('{"type":"sing"}', "bad_message"),
        ("{}", "bad_message"),
        (json.dumps({**START, "offset": -1}), "bad_message"),
        (json.dumps({**START, "offset": "x"}), "bad_message"),
        (json.dumps({**START, "offset": True}), "bad_message"),
        ('{"type":"stop"}', "not_started"),
    ],
)
async def test_a_wrong_message_is_answered_and_the_socket_stays_open(running, text, code):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.send_to(text_data=text)
        answer = await socket.hear()
        assert (answer["type"], answer["code"]) == ("error", code)
        assert answer["detail"].endswith(".")
        await socket.say(type="ping")
        assert (await socket.hear())["type"] == "pong"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({**START, "encoding": "mp3"}, "unsupported_encoding"),
        ({**START, "sample_rate": 7_999}, "bad_sample_rate"),
        ({"type": "start"}, "unsupported_encoding"),
    ],
)
async def test_a_wrong_format_is_answered_and_closed(running, message, code):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**message)
        assert (await socket.hear())["code"] == code
        assert await socket.close_code() == 4400


@pytest.mark.parametrize(
    ("frame", "code"),
    [(bytes(64 * 1024 + 2), "frame_too_large"), (b"abc", "odd_frame")],
)
async def test_a_wrong_frame_closes_and_keeps_what_was_stored(running, frame, code):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await speak(socket, 3)
        await socket.hear_until("ack", durable=2 * 16_000)
        await socket.send_to(bytes_data=frame)
        assert (await socket.hear_until("error"))["code"] == code
        assert await socket.close_code() == 4400
    assert (await lines(running.session))[0].startswith("Thanks for joining")


async def test_audio_before_start_is_refused_and_the_socket_stays_open(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.send_to(bytes_data=SECOND)
        assert (await socket.hear())["code"] == "not_started"
        await socket.say(**START)
        assert (await socket.hear())["type"] == "ready"


async def test_a_second_start_is_refused_and_the_stream_goes_on(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await socket.say(**START)
        assert (await socket.hear_until("error"))["code"] == "already_started"
        await speak(socket, 3)
        await socket.hear_until("ack", durable=2 * 16_000)


async def test_audio_before_consent_is_refused(scripted, cast):
    async with connected(audio(cast.session), cast.olga) as socket:
        await socket.say(**START)
        assert (await socket.hear())["code"] == "no_consent"
        assert await socket.close_code() == 4403
    assert not await Segment.objects.filter(session=cast.session).aexists()


async def test_audio_with_consent_but_before_the_start_is_refused(scripted, cast):
    await database_sync_to_async(consents.record_consent)(
        session=cast.session, noted_by=cast.olga, method="verbal"
    )
    async with connected(audio(cast.session), cast.olga) as socket:
        await socket.say(**START)
        assert (await socket.hear())["code"] == "not_live"
        assert await socket.close_code() == 4403


async def test_audio_after_the_end_is_refused(running):
    await database_sync_to_async(services.end_session)(session=running.session)
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        assert (await socket.hear())["code"] == "ended"
        assert await socket.close_code() == 4410


async def test_a_flood_is_refused(running):
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        for _ in range(190):  # 389 s of audio at once: more than a recorder keeps
            await socket.send_to(bytes_data=bytes(64 * 1024))
        assert (await socket.hear_until("error"))["code"] == "rate_exceeded"
        assert await socket.close_code() == 4400


async def test_a_full_machine_says_busy(running, settings):
    settings.INTERVIEW_MAX_STREAMS = 0
    async with connected(audio(running.session), running.olga) as socket:
        await socket.say(**START)
        busy = await socket.hear()
        assert busy["type"] == "busy"
        assert busy["retry_after"] > 0
        assert await socket.close_code() == 1013


async def test_endless_mistakes_close_the_socket(running):
    async with connected(audio(running.session), running.olga) as socket:
        for _ in range(21):
            await socket.send_to(text_data="?")
        assert await socket.close_code() == 4400


@pytest.mark.parametrize("person", ["sam", "mia", "vic", "ada", "otto", "lea", None])
@pytest.mark.parametrize("role", ["interviewer", "candidate", "room"])
async def test_only_the_owner_may_send_audio(running, person, role):
    user = getattr(running, person) if person else None
    socket = await socket_to(audio(running.session, role), user)
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"http://127.0.0.1.evil.example", b"null"]
)
async def test_a_foreign_origin_is_refused(running, origin):
    socket = await socket_to(audio(running.session), running.olga, origin=origin)
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


@pytest.mark.parametrize("path", ["/ws/", "/ws/sessions/", "/ws/sessions/1/audio/candidate/", "/"])
async def test_an_unknown_path_is_refused(running, path):
    socket = await socket_to(path, running.olga)
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted


async def test_an_unknown_role_is_refused(running):
    socket = await socket_to(audio(running.session, "boss"), running.olga)
    accepted, _ = await socket.connect(timeout=10)
    assert not accepted
