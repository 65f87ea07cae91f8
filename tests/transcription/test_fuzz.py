"""Ten thousand wrong messages: each is answered or ends its connection, and nothing is left."""

import asyncio
import gc
import json
import random
import threading
from pathlib import Path

import pytest

from copilot.lib.errors import DomainError
from tests import webm
from tests.factories import go_live
from tests.sockets import PATIENCE, cookie_of, sign_in, socket_to
from transcription import consumers, protocol, streams
from transcription.protocol import vosk

POOLS = ("door-db_", "stream-db_", "asyncio_")  # they keep the few threads they have
LEFT = 1.1  # growth of memory that is none: allocators keep some
START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
WEBM = {"type": "start", "encoding": "webm_opus"}
CONFIG = {"config": {"sample_rate": 16_000, "words": 1, "max_alternatives": 2, "phrase_list": []}}
VALID = [
    {**START, "offset": 0, "speaker": "candidate", "origin": 1},
    {"type": "speaker", "role": "candidate", "at": 16_000},
    {"type": "stop"},
    {"type": "ping"},
    CONFIG,
    {"eof": 1},
    {"reset": 1},
]
VALUES = [
    None, True, -1, 0, 1.5, 10**30, -(10**30), 1e308, "", "x", "\0", "\ud800", "🦜" * 9, "room",
    [], [[]], {}, {"config": {}}, [1] * 300, "9" * 4000,
]  # fmt: skip


def wrong_text(rng):
    """Return a control message that is broken in one of many ways."""
    message = json.loads(json.dumps(rng.choice(VALID)))
    match rng.randrange(8):
        case 0:  # a wrong type of a field, or of its inside
            inside = rng.choice([message, message.get("config", message)])
            inside[rng.choice([*inside])] = rng.choice(VALUES)
        case 1:  # a field is missing
            del message[rng.choice([*message])]
        case 2:  # cut off
            text = json.dumps(message)
            return text[: rng.randrange(len(text))]
        case 3:  # letters replaced
            letters = list(json.dumps(message))
            for _ in range(rng.randint(1, 5)):
                letters[rng.randrange(len(letters))] = chr(rng.choice([0, 34, 92, 955, 0xD800]))
            return "".join(letters)
        case 4:  # no JSON at all
            return "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(60)))
        case 5:  # deeply nested, and never closed
            return rng.choice(["[", '{"type":', '{"config":']) * rng.randrange(1, 1500)
        case 6:  # too long
            message["more"] = "x" * rng.randrange(4000, 9000)
        case 7:  # no object
            return rng.choice(["NaN", "-Infinity", "1" * 400, "null", '"start"', "[{}]", ""])
    return json.dumps(message)


def wrong_frame(rng):
    """Return bytes that are no chunk of PCM: a sample is cut, or they are too many."""
    if rng.random() < 0.2:
        return rng.randbytes(64 * 1024 + rng.randrange(1, 100))
    return rng.randbytes(2 * rng.randrange(400) + 1)


def wrong_webm(rng, recorded):
    """Return the pieces of a WebM that is damaged, cut off, or none."""
    data = bytearray(recorded)
    for _ in range(rng.randrange(4)):
        first = rng.randrange(len(data))
        data[first : first + rng.randrange(1, 30)] = rng.randbytes(rng.randrange(30))
    if rng.random() < 0.2:
        data = bytearray(rng.randbytes(2000))
    del data[rng.randrange(1, len(data)) :]
    size = max(1, len(data) // 20)
    return [bytes(data[first : first + size]) for first in range(0, len(data), size)]


def test_no_text_breaks_a_reader():
    """Anything but a meaning or a DomainError would end a connection without a word."""
    rng = random.Random(1)  # noqa: S311  # the same every time
    codes = set()
    for _ in range(20_000):
        text = wrong_text(rng)
        for read in (protocol.parse, lambda text: vosk.parse(text, vosk.Config())):
            try:
                read(text)
            except DomainError as error:
                codes.add(error.code)
    assert codes >= {"bad_json", "bad_message", "bad_sample_rate", "unsupported_encoding"}


# --- on sockets ----------------------------------------------------------------------------------


class Line:
    """One connection whose messages are counted, both ways."""

    def __init__(self, socket):
        self.socket = socket
        self.sent = 0
        self.code = None  # that it was closed with

    async def send(self, message):
        self.sent += 1
        kind = "text" if isinstance(message, str) else "bytes"
        await self.socket.send_input({"type": "websocket.receive", kind: message})

    async def answers(self, count):
        """Wait for so many answers, acknowledgements aside, or until it is closed."""
        while count and self.code is None:
            output = await self.socket.receive_output(timeout=PATIENCE)
            if output["type"] == "websocket.close":
                self.code = output.get("code", 1000)
            else:
                answer = json.loads(output["text"])
                assert answer.keys() & {"type", "error", "partial", "text", "alternatives"}
                count -= answer.get("type") != "ack"


async def before_the_start(line, rng):
    for _ in range(20):
        await line.send(wrong_text(rng) if rng.random() < 0.8 else wrong_frame(rng))
    await line.send('{"type":"ping"}')
    await line.answers(21)


async def after_the_start(line, rng):
    await line.send(json.dumps(START))
    await line.answers(1)
    for _ in range(18):
        await line.send(wrong_text(rng))
    await line.send(wrong_frame(rng))
    await line.answers(19)


async def damaged_webm(line, rng):
    await line.send(json.dumps(WEBM))
    await line.answers(1)
    for piece in wrong_webm(rng, RECORDED):
        await line.send(piece)
    await line.send('{"type":"stop"}')
    await line.answers(1)
    if line.code is None:
        await line.answers(1)  # it closes once everything is stored


async def to_vosk(line, rng):
    """Each wrong text is its connection's last; frames may be cut anywhere."""
    for _ in range(rng.randrange(12)):
        await line.send(rng.randbytes(rng.randrange(400)))
    await line.answers(line.sent)
    await line.send(wrong_text(rng) if rng.random() < 0.9 else bytes(70_000))
    await line.send('{"eof" : 1}')
    await line.answers(2)


RECORDED = webm.record(2)
TALKS = [(before_the_start, "audio", 360), (after_the_start, "audio", 50)]
TALKS += [(damaged_webm, "audio", 50), (to_vosk, "vosk", 100)]


def memory():
    """Return the resident memory in pages."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1])


async def nothing_is_left(tasks, threads):
    """Wait for what is still leaving, and hold what remains against what was there before."""
    await asyncio.gather(*consumers._leaving)
    assert not streams._running
    assert asyncio.all_tasks() <= tasks
    for thread in {thread for thread in threading.enumerate() if thread.name.startswith("stream_")}:
        await asyncio.to_thread(thread.join, PATIENCE)
    names = {t.name for t in threading.enumerate() if t not in threads}
    assert not [name for name in names if not name.startswith(POOLS)]


@pytest.fixture
async def line_to(scripted, cast, settings, monkeypatch):
    """Give what opens a line to a running interview, as often as one likes."""
    settings.INTERVIEW_LIMIT_CONNECTS_USER = 10_000
    monkeypatch.setattr(streams, "RETURN_SECONDS", 0)
    session = await asyncio.to_thread(go_live, cast.session)
    cookie = cookie_of(await sign_in(cast.olga)).encode()

    async def connect(kind, role="candidate"):
        paths = {"audio": f"/ws/sessions/{session.pk}/audio/{role}/"}
        socket = await socket_to(paths.get(kind, f"/ws/vosk/{session.pk}/{role}/"))
        socket.scope["headers"].append((b"cookie", cookie))
        accepted, _protocol = await socket.connect(timeout=PATIENCE)
        assert accepted
        return Line(socket)

    return connect


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("hush")
async def test_every_wrong_message_is_answered_or_closed_with_a_code(line_to):
    rng = random.Random(7)  # noqa: S311  # the same every time
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    turns = [(talk, kind) for talk, kind, count in TALKS for _ in range(count)]
    rng.shuffle(turns)
    sent, codes, before = 0, set(), 0
    for turn, (talk, kind) in enumerate(turns):
        line = await line_to(kind)
        await talk(line, rng)
        await line.socket.disconnect(timeout=PATIENCE)
        sent += line.sent
        codes.add(line.code)
        if turn == len(turns) // 4:
            before = memory()
    assert sent >= 10_000
    assert codes >= {None, 1000, 4400}
    assert codes <= {None, 1000, *protocol.CLOSE_CODES.values()} - {1011}
    await nothing_is_left(tasks, threads)
    assert memory() < LEFT * before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("hush")
async def test_five_hundred_connections_leave_nothing_behind(line_to):
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    header, clusters = webm.parts(RECORDED)
    talks = [
        ("audio", json.dumps(START), [bytes(3200)] * 3),
        ("audio", json.dumps({**START, "sample_rate": 44_100}), [bytes(8820)] * 3),
        ("audio", json.dumps(WEBM), [header, clusters[0], clusters[1][:200]]),
        ("vosk", json.dumps(CONFIG), [bytes(3200)] * 3),
    ]
    before = 0
    for turn in range(500):
        kind, start, pieces = talks[turn % len(talks)]
        line = await line_to(kind, ("interviewer", "candidate", "room")[turn % 3])
        await line.send(start)
        await line.answers(kind == "audio")
        for piece in pieces:
            await line.send(piece)
        if kind == "vosk":
            await line.answers(len(pieces))
        await line.socket.disconnect(timeout=PATIENCE)
        if turn == 100:
            before = memory()
    await nothing_is_left(tasks, threads)
    assert memory() < LEFT * before
