"""The socket that speaks vosk-server's protocol, as its clients speak it."""

import base64
import json
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async

from copilot.asgi import application
from sessions import services
from sessions.models import Session
from tests.factories import go_live, make_token
from tests.sockets import PATIENCE, Socket, connected
from transcription import streams
from transcription.models import Segment, Stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hush")]

RATE = 8000
SECOND = bytes(2 * RATE)
EOF = '{"eof" : 1}'


@pytest.fixture
def running(scripted, cast):
    go_live(cast.session)
    return cast


def vosk(session, role="candidate"):
    return f"/ws/vosk/{session.pk}/{role}/"


@asynccontextmanager
async def client(cast, role="candidate"):
    async with connected(vosk(cast.session, role), cast.olga) as socket:
        yield socket


async def send(socket, message):
    kind = "text" if isinstance(message, str) else "bytes"
    await socket.send_input({"type": "websocket.receive", kind: message})


async def ask(socket, message):
    """Send audio or a command and return the one answer to it."""
    await send(socket, message)
    return await socket.hear()


def config(**fields):
    return json.dumps({"config": fields})


@database_sync_to_async
def lines(session):
    return [s.text for s in Session.objects.get(pk=session.pk).segments.all()]


def results(answers):
    return [answer for answer in answers if answer.get("text")]


async def test_a_client_that_waits_for_each_answer_hears_partials_and_results(running):
    async with client(running) as socket:
        answers = [await ask(socket, SECOND) for _ in range(7)]
        last = await ask(socket, EOF)
        assert await socket.close_code() == 1000
    assert all(("partial" in answer) != ("text" in answer) for answer in answers)
    assert answers[0]["partial"].startswith("Thanks for")
    first = answers[2]  # the resampler holds a few milliseconds back
    assert first["text"].startswith("Thanks for joining us today.")
    assert " ".join(word["word"] for word in first["result"]) == first["text"]
    assert first["result"][-1]["end"] == pytest.approx(2.0)
    assert set(first["result"][0]) == {"conf", "start", "end", "word"}
    assert "text" in last
    said = [answer["text"] for answer in results([*answers, last])]
    assert said == await lines(running.session)
    assert "You can reach me at [EMAIL-1]." in said, "only what is redacted goes back"
    stream = await Stream.objects.aget(session=running.session)
    assert stream.durable - stream.lost >= 7 * 16_000


async def test_a_client_that_does_not_wait_gets_one_answer_for_each_piece(running):
    async with client(running) as socket:
        await send(socket, config(sample_rate=16000.0))
        for _ in range(70):
            await send(socket, bytes(3200))
        await send(socket, '{"eof":1}')
        answers = [await socket.hear() for _ in range(71)]
        assert await socket.close_code() == 1000
    assert all("partial" in answer or "text" in answer for answer in answers)
    assert len(results(answers)) == 3


async def test_it_takes_the_rate_that_the_client_names(running):
    rate = 44_100
    async with client(running) as socket:
        await send(socket, f'{{ "config" : {{ "sample_rate" : {rate} }} }}')
        piece = bytes(rate // 5 * 2)
        answers = [await ask(socket, piece) for _ in range(35)]
        answers.append(await ask(socket, EOF))
    assert len(results(answers)) == 3


async def test_words_and_alternatives_come_as_they_were_asked_for(running):
    async with client(running) as socket:
        await send(socket, config(words=0))
        answers = [await ask(socket, SECOND) for _ in range(3)]
        assert set(answers[2]) == {"text"}
    async with client(running, "interviewer") as socket:
        await send(socket, config(max_alternatives=20))
        answers = [await ask(socket, SECOND) for _ in range(3)]
        (only,) = answers[2]["alternatives"]
        assert only["text"].startswith("Thanks for")
        assert only["result"][0]["word"] == "Thanks"
        assert only["confidence"] == pytest.approx(1.0)


async def test_a_reset_gives_the_result_and_goes_on_without_a_gap(running):
    async with client(running) as socket:
        await ask(socket, SECOND)
        cut = await ask(socket, '{"reset" : 1}')
        answers = [await ask(socket, SECOND) for _ in range(6)]
        answers.append(await ask(socket, EOF))
    assert cut["text"].startswith("Thanks for")
    assert results(answers)[0]["result"][0]["start"] >= 1.0, "times go on counting"
    assert len(await lines(running.session)) == 4
    stream = await Stream.objects.aget(session=running.session)
    assert stream.lost == 0


async def test_pieces_may_be_empty_or_cut_a_sample(running):
    async with client(running) as socket:
        assert "partial" in await ask(socket, b"")
        answers = [await ask(socket, SECOND[:3999]) for _ in range(30)]
        answers.append(await ask(socket, EOF))
    assert len(results(answers)) == 3
    assert (await Stream.objects.aget()).durable >= 30 * 3999


async def test_a_client_that_sent_nothing_hears_that_nothing_was_said(running):
    async with client(running) as socket:
        assert await ask(socket, '{"reset":1}') == {"text": ""}
        assert await ask(socket, EOF) == {"text": ""}
    assert not await Stream.objects.aexists()


async def test_phrases_join_the_vocabulary(running, monkeypatch):
    heard = []
    real = streams.LiveStream.__init__

    def remember(self, *args, vocabulary=(), **kwargs):
        heard.extend(vocabulary)
        real(self, *args, vocabulary=vocabulary, **kwargs)

    monkeypatch.setattr(streams.LiveStream, "__init__", remember)
    async with client(running) as socket:
        await send(socket, config(phrase_list=["Kubernetes", "[unk]"], sample_rate=RATE))
        await ask(socket, SECOND)
    assert heard == ["Kubernetes"]


async def test_what_is_wrong_is_said_and_ends_the_connection(running):
    for message, code in (
        ("{config", "bad_json"),
        (config(model="/models/other"), "model_refused"),
        (config(sample_rate=100), "bad_sample_rate"),
        (bytes(64 * 1024 + 1), "frame_too_large"),
    ):
        async with client(running) as socket:
            error = (await ask(socket, message))["error"]
            assert error["code"] == code
            assert error["detail"].endswith(".")
            assert await socket.close_code() == 4400


async def test_a_config_that_comes_late_changes_nothing(running):
    async with client(running) as socket:
        await ask(socket, SECOND)
        await send(socket, config(sample_rate=48_000, words=0))
        answers = [await ask(socket, SECOND) for _ in range(2)]
        assert "result" in answers[1]


async def test_audio_before_consent_is_refused(scripted, cast):
    async with client(cast) as socket:
        assert (await ask(socket, SECOND))["error"]["code"] == "no_consent"
        assert await socket.close_code() == 4403
    assert not await Segment.objects.aexists()


async def test_a_full_machine_says_when_to_come_back(running, settings):
    settings.INTERVIEW_MAX_STREAMS = 0
    async with client(running) as socket:
        error = (await ask(socket, SECOND))["error"]
        assert error["code"] == "busy"
        assert error["retry_after"] > 0
        assert await socket.close_code() == 1013


async def test_the_end_of_the_interview_keeps_the_last_words_and_closes(running):
    async with client(running) as socket:
        await ask(socket, SECOND)
        await database_sync_to_async(services.end_session)(session=running.session)
        assert (await socket.hear())["error"]["code"] == "ended"
        assert await socket.close_code() == 4410
    assert len(await lines(running.session)) == 1


async def test_a_lost_connection_comes_back_as_a_fresh_capture(running):
    for _ in range(2):
        async with client(running) as socket:
            assert (await ask(socket, SECOND))["partial"].startswith(("Thanks", "", "I"))
    stream = await Stream.objects.aget()
    assert stream.lost == 0


# --- who may -------------------------------------------------------------------------------------


async def entered(session, *headers):
    socket = Socket(application, vosk(session), [(b"host", b"127.0.0.1"), *headers])
    accepted, _protocol = await socket.connect(timeout=PATIENCE)
    await socket.disconnect(timeout=PATIENCE)
    return accepted


def basic(user, password):
    return b"authorization", b"Basic " + base64.b64encode(f"{user}:{password}".encode())


async def test_a_token_may_be_the_password_or_the_user_of_the_address(running):
    token = await database_sync_to_async(make_token)(running.olga, running.organization, "audio")
    home, elsewhere = (b"origin", b"http://127.0.0.1"), (b"origin", b"http://evil.example")
    assert await entered(running.session, basic("token", token))
    assert await entered(running.session, basic("", token))
    assert await entered(running.session, basic(token, ""))
    assert await entered(running.session, basic("token", token), home)
    assert not await entered(running.session, basic("token", token), elsewhere)
    assert not await entered(running.session, basic("token", token + "x"))
    assert not await entered(running.session, basic(token, "icp_wrong"))
    assert not await entered(running.session, basic("olga@here.example", "correct-horse-battery"))


async def test_a_malformed_password_is_refused_and_never_breaks(running):
    for header in (b"Basic", b"Basic ", b"Basic \xff", b"Basic icp_x", b"Basic ==", b"Basic /w=="):
        assert not await entered(running.session, (b"authorization", header))


async def test_a_token_of_another_scope_or_person_is_refused(running):
    go = database_sync_to_async
    reading = await go(make_token)(running.olga, running.organization, "read")
    assert not await entered(running.session, basic("token", reading))
    colleague = await go(make_token)(running.mia, running.organization, "audio")
    assert not await entered(running.session, basic("token", colleague))
