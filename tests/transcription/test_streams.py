"""One live stream under bad luck: nothing is lost, doubled or left behind, whatever breaks."""

import asyncio
import contextlib
import threading
from datetime import timedelta

import numpy as np
import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from copilot.lib.errors import DomainError
from sessions.models import Session
from sessions.services import end_session
from tests.factories import go_live
from transcription import broadcast, services, speech, streams
from transcription.admission import Busy
from transcription.engines.base import EngineUnavailable
from transcription.engines.scripted import ScriptedEngine
from transcription.levels import Meter
from transcription.models import Stream
from transcription.pipeline import SegmentDraft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hush")]

PATIENCE = 10.0  # seconds until something counts as never coming
RATE = 16_000
SECOND = bytes(2 * RATE)
SCRIPT = [(2.0, "one two three four"), (4.0, "five six seven eight"), (6.0, "nine ten eleven")]
LINES = [line for _end, line in SCRIPT]
SPOKEN = " ".join(LINES)
WORDS = ScriptedEngine(SCRIPT)._lines


class Engine(ScriptedEngine):
    """The scripted engine, which fails where it is told to and says when it was closed."""

    def __init__(self):
        super().__init__(SCRIPT)
        self.fails = {}  # step -> error
        self.poison = range(0)  # samples that no recognizer survives
        self.asked = threading.Event()  # for a recognizer
        self.loaded = threading.Event()
        self.loaded.set()
        self.closed = threading.Semaphore(0)  # one for each recognizer given back

    def attempt(self, step):
        if step in self.fails:
            raise self.fails[step]

    def recognizer(self, **kwargs):
        self.asked.set()
        assert self.loaded.wait(PATIENCE)
        self.attempt("load")
        return Recognizer(self, super().recognizer(**kwargs))


class Recognizer:
    def __init__(self, engine, real):
        self._engine, self._real = engine, real

    @property
    def settled(self):
        return self._real.settled

    def accept(self, pcm, *, partials=True):
        self._engine.attempt("accept")
        first = self._real._position
        if set(self._engine.poison) & set(range(first, first + len(pcm) // 2)):
            raise ValueError("secret")
        return self._real.accept(pcm, partials=partials)

    def flush(self):
        self._engine.attempt("flush")
        return self._real.flush()

    def close(self):
        self._engine.closed.release()
        self._engine.attempt("close")


@pytest.fixture
def engine(scripted, monkeypatch):
    engine = Engine()
    monkeypatch.setattr(speech.registry, "engine_for", lambda language, config: engine)
    yield engine
    assert not streams._running, "a stream is still counted"


@pytest.fixture
def session(engine, cast):
    return go_live(cast.session)


class Connection:
    """What the owner of a stream sees of it."""

    def __init__(self, session, role="candidate", **options):
        self.acks = []
        self.errors = []
        self.outputs = []  # for each chunk
        self.told = asyncio.Event()
        self.stream = streams.LiveStream(
            session.pk,
            role,
            on_progress=self._progress,
            on_failure=self._failure,
            on_output=self._output,
            **options,
        )

    async def _progress(self, received, durable):
        self.acks.append((received, durable))
        self.told.set()

    async def _output(self, outputs):
        self.outputs.append([output.text for output in outputs])
        self.told.set()

    async def _failure(self, error):
        self.errors.append(error.code)
        self.told.set()

    async def speak(self, seconds):
        for _ in range(seconds):
            await self.stream.put(SECOND)

    async def pace(self, *chunks):
        """Send each chunk when the one before was heard: nothing waits, partials come."""
        for chunk in chunks:
            heard = len(self.outputs)
            await self.stream.put(chunk)
            await self.until(lambda heard=heard: len(self.outputs) > heard)

    async def until(self, condition):
        """Wait until what the stream told makes `condition` true."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.told.clear()
                await self.told.wait()


@pytest.fixture
def told(monkeypatch):
    """Collect what everybody who watches is told."""
    heard = []

    async def publish(session_id, kind, body, *_):
        heard.append({"type": kind, **body})

    monkeypatch.setattr("sessions.events.publish", publish)
    return heard


def only(told, kind, **wanted):
    """Return the events of a type, without it."""
    return [
        {name: value for name, value in event.items() if name != "type"}
        for event in told
        if event["type"] == kind and all(event.get(k) == v for k, v in wanted.items())
    ]


@database_sync_to_async
def gaps(session):
    rows = Session.objects.get(pk=session.pk).gaps.all()
    return [(gap.start_sample, gap.end_sample, gap.reason) for gap in rows]


@database_sync_to_async
def lines(session):
    segments = Session.objects.get(pk=session.pk).segments.order_by("start_sample")
    return [segment.text for segment in segments]


async def given_back(engine):
    assert await asyncio.to_thread(engine.closed.acquire, timeout=PATIENCE), "never closed"


async def say_all(session, *, offset=0):
    """Speak what is not stored yet on a new connection, to the end."""
    again = Connection(session)
    start = await again.stream.open(offset=offset)
    await again.stream.put(bytes(2 * (7 * 16_000 - start)))
    assert await again.stream.finish() == 7 * 16_000
    return again


# --- opening ---------------------------------------------------------------------------------


async def test_a_connection_lost_while_the_model_loads_leaves_nothing_behind(session, engine):
    engine.loaded.clear()
    opening = asyncio.create_task(Connection(session).stream.open(offset=None))
    assert await asyncio.to_thread(engine.asked.wait, PATIENCE)
    opening.cancel()
    engine.loaded.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await given_back(engine)


@pytest.mark.parametrize(
    ("error", "code"),
    [(EngineUnavailable("No model."), "engine_unavailable"), (MemoryError("secret"), "internal")],
)
async def test_a_model_that_does_not_load_is_an_error_with_a_code(session, engine, error, code):
    engine.fails["load"] = error
    with pytest.raises(DomainError) as refused:
        await Connection(session).stream.open(offset=None)
    assert refused.value.code == code
    assert "secret" not in str(refused.value)
    engine.fails.clear()
    await say_all(session)
    assert await lines(session) == LINES


async def test_whoever_is_replaced_while_the_model_loads_never_starts(session, engine):
    engine.loaded.clear()
    first, second = Connection(session), Connection(session)
    opening = asyncio.create_task(first.stream.open(offset=None))
    assert await asyncio.to_thread(engine.asked.wait, PATIENCE)
    engine.asked.clear()
    winning = asyncio.create_task(second.stream.open(offset=0))
    assert await asyncio.to_thread(engine.asked.wait, PATIENCE)
    engine.loaded.set()
    with pytest.raises(DomainError, match="taken_over"):
        await opening
    await given_back(engine)
    await winning
    await second.speak(3)
    await second.stream.finish()
    assert await lines(session) == [LINES[0], "five"]


# --- a failing engine, database or channel layer -----------------------------------------------


async def test_a_failing_recognizer_ends_the_stream_and_the_next_one_loses_nothing(session, engine):
    broken = Connection(session)
    await broken.stream.open(offset=None)
    await broken.speak(3)
    await broken.until(lambda: broken.acks and broken.acks[-1][1] >= 2 * 16_000)
    engine.fails["accept"] = ValueError("secret")
    await broken.stream.put(SECOND)
    await broken.until(lambda: broken.errors)
    assert broken.errors == ["internal"]
    with pytest.raises(DomainError, match="internal"):
        await broken.stream.put(SECOND)
    await given_back(engine)
    engine.fails.clear()
    await say_all(session)
    assert await lines(session) == LINES


async def test_a_failing_end_is_said_and_keeps_what_is_stored(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    await connection.speak(3)
    engine.fails["flush"] = ValueError("secret")
    with pytest.raises(DomainError, match="internal"):
        await connection.stream.finish()
    assert connection.errors == [], "whoever waits for the end hears of it there"
    await given_back(engine)
    assert await lines(session) == LINES[:1]


async def test_a_recognizer_that_does_not_close_takes_nothing_with_it(session, engine):
    engine.fails["close"] = ValueError("secret")
    await say_all(session)
    assert await lines(session) == LINES


@pytest.mark.parametrize("step", ["save_segment", "settle"])
async def test_a_failing_database_ends_the_stream_and_the_next_one_loses_nothing(
    session, engine, monkeypatch, step
):
    def locked(**kwargs):
        raise OperationalError("database is locked")

    broken = Connection(session)
    await broken.stream.open(offset=None)
    with monkeypatch.context() as patch:
        patch.setattr(services, step, locked)
        with pytest.raises(DomainError, match="internal"):  # noqa: PT012  # either may be first
            await broken.speak(8)
            await broken.stream.finish()
    await given_back(engine)
    await say_all(session)
    assert await lines(session) == LINES


async def test_a_broken_channel_layer_never_stops_the_recording(session, engine, monkeypatch):
    class Broken:
        async def group_send(self, group, message):
            raise ConnectionError

    class Hung:
        async def group_send(self, group, message):
            await asyncio.Event().wait()

    monkeypatch.setattr("sessions.events.PATIENCE", 0.01)
    for layer in (Broken(), Hung()):
        monkeypatch.setattr("sessions.events.get_channel_layer", lambda layer=layer: layer)
        await say_all(session)
    assert await lines(session) == LINES


async def test_an_erased_interview_ends_its_stream(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    await Session.objects.filter(pk=session.pk).aupdate(wrapped_key=None)
    await connection.speak(3)
    await connection.until(lambda: connection.errors)
    assert connection.errors == ["ended"]


# --- a connection that comes back, and one that does not ------------------------------------------


async def test_a_word_cut_by_a_lost_connection_is_whole_after_the_return(session, engine):
    lost = Connection(session)
    await lost.stream.open(offset=None)
    await lost.speak(3)
    # "six" lasts from 2.8 to 3.2 s: it is being said.
    leaving = asyncio.create_task(lost.stream.abandon())
    await lost.until(lambda: lost.acks and lost.acks[-1][1] >= 2 * 16_000)
    await say_all(session)
    await leaving
    assert await lines(session) == LINES


async def test_the_last_words_of_who_never_returns_are_stored(session, engine, monkeypatch):
    monkeypatch.setattr(streams, "RETURN_SECONDS", 0)
    lost = Connection(session)
    await lost.stream.open(offset=None)
    await lost.speak(3)
    await lost.stream.abandon()
    assert await lines(session) == [LINES[0], "five"]
    await given_back(engine)


async def test_the_end_is_reached_when_whoever_waits_for_it_is_cancelled(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    await connection.speak(7)
    ending = asyncio.create_task(connection.stream.finish())
    await asyncio.wait({ending}, timeout=0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await connection.stream.finish()
    assert await lines(session) == LINES


async def test_a_fresh_recorder_takes_over_only_after_the_last_words(session, engine):
    first, second = Connection(session), Connection(session)
    await first.stream.open(offset=None)
    await first.speak(3)
    start = await second.stream.open(offset=None)
    assert start == 3 * 16_000
    assert first.errors == ["taken_over"]
    with pytest.raises(DomainError, match="taken_over"):
        await first.stream.put(SECOND)
    await second.stream.finish()
    assert await lines(session) == [LINES[0], "five"]


async def test_a_full_machine_still_lets_a_lost_connection_return(session, engine, settings):
    settings.INTERVIEW_MAX_STREAMS = 1
    lost = Connection(session)
    await lost.stream.open(offset=None)
    await lost.speak(1)
    with pytest.raises(Busy) as refused:
        await Connection(session, "interviewer").stream.open(offset=None)
    assert refused.value.retry_after > 0
    await say_all(session)
    assert lost.errors == ["taken_over"]
    assert await lines(session) == LINES


async def test_whoever_waits_for_room_hears_of_the_takeover(session, engine, monkeypatch):
    monkeypatch.setattr(streams, "QUEUE_SAMPLES", 1)
    first, second = Connection(session), Connection(session)
    await first.stream.open(offset=None)
    blocked = asyncio.gather(*[first.stream.put(SECOND) for _ in range(30)], return_exceptions=True)
    await second.stream.open(offset=0)
    results = await blocked
    assert any(isinstance(r, DomainError) and r.code == "taken_over" for r in results)
    await second.stream.finish()


# --- a connection in another process -----------------------------------------------------------


@pytest.fixture
def elsewhere(monkeypatch):
    """Let the streams that are made from now on run in a process that knows none before."""
    here = streams._running
    yield lambda: monkeypatch.setattr(streams, "_running", {})
    here.clear()


async def test_a_fresh_recorder_in_another_process_loses_no_word_of_the_first(
    session, engine, elsewhere
):
    first, second = Connection(session), Connection(session)
    await first.stream.open(offset=None)
    await first.speak(3)
    await first.until(lambda: len(first.outputs) == 3)
    elsewhere()
    await Session.objects.filter(pk=session.pk).aupdate(
        started_at=session.started_at - timedelta(minutes=1)
    )
    start = await second.stream.open(offset=None)
    assert start >= 3 * 16_000
    assert await first.stream.yield_if_taken()
    assert first.errors == ["taken_over"]
    assert await lines(session) == [LINES[0], "five"]
    stream = await Stream.objects.aget(session=session)
    assert stream.durable == start, "it never moves backwards"
    assert not await second.stream.yield_if_taken()
    await second.stream.finish()


async def test_a_recorder_that_sends_the_words_again_is_the_only_one_to_store_them(
    session, engine, elsewhere
):
    first, second = Connection(session), Connection(session)
    await first.stream.open(offset=None)
    await first.speak(3)
    await first.until(lambda: len(first.outputs) == 3)
    elsewhere()
    assert await second.stream.open(offset=0) == 2 * 16_000
    assert await first.stream.yield_if_taken()
    assert first.errors == ["taken_over"]
    await second.stream.put(bytes(2 * 5 * 16_000))
    await second.stream.finish()
    assert await lines(session) == LINES


def test_who_handed_over_stores_what_began_before_and_nothing_else(live):
    """Both record for a while, because no message told the first one."""

    def connect(second):
        at = live.started_at + timedelta(seconds=second)
        return services.open_stream(session_id=live.pk, role="candidate", offset=None, asked_at=at)

    def said(opened, line):
        words = line if isinstance(line, tuple) else WORDS[line]
        text = " ".join(word.text for word in words)
        draft = SegmentDraft(text, words, words[0].start, words[-1].end, 1.0, "scripted", {})
        return services.save_segment(opened=opened, draft=draft, language="en")

    first, second = connect(0), connect(1)
    assert second.resume_from == RATE
    assert said(first, 0).text == "one two", "the other one hears the rest"
    assert services.settle(opened=first, through=RATE) == RATE
    with pytest.raises(DomainError, match="taken_over"):
        services.settle(opened=first, through=2 * RATE)
    with pytest.raises(DomainError, match="taken_over"):
        said(first, 1)
    assert Stream.objects.get(pk=first.stream_id).durable == RATE
    assert said(second, WORDS[0][2:]).text == "three four"
    with pytest.raises(DomainError, match="taken_over"):
        connect(9) and connect(10) and said(first, 0)
    assert [segment.text for segment in live.segments.all()] == ["one two", "three four"]


def test_who_handed_over_a_room_keeps_what_the_one_before_the_mark_said(live):
    """The part of the utterance that begins later is heard by the other connection."""

    def connect(second):
        at = live.started_at + timedelta(seconds=second)
        return services.open_stream(session_id=live.pk, role="room", offset=None, asked_at=at)

    first, second = connect(0), connect(1)
    words = WORDS[0]
    text = " ".join(word.text for word in words)
    whole = SegmentDraft(text, words, words[0].start, words[-1].end, 1.0, "scripted", {})
    parts = [("interviewer", whole.only([0, 1])), ("candidate", whole.only([2, 3]))]
    assert parts[1][1].start >= second.resume_from
    services.save_utterance(opened=first, parts=parts, language="en", settled=2 * RATE)
    assert [(row.role, row.text) for row in live.segments.all()] == [("interviewer", "one two")]
    assert Stream.objects.get(pk=first.stream_id).durable == second.resume_from
    with pytest.raises(DomainError, match="taken_over"):
        services.save_utterance(opened=first, parts=parts[1:], language="en", settled=2 * RATE)


@pytest.mark.parametrize(
    ("waited", "durable", "begin", "resume_from"),
    [
        (0, 0, 60, 60),
        (8, 0, 52, 52),
        (8, 55, 52, 55),  # another connection heard some of it
        (90, 0, 0, 0),
    ],
)
def test_what_a_fresh_capture_kept_lies_where_it_was_said(
    live, waited, durable, begin, resume_from
):
    def connect(second, **kept):
        at = live.started_at + timedelta(seconds=second)
        return services.open_stream(
            session_id=live.pk, role="candidate", offset=None, asked_at=at, **kept
        )

    first = connect(0)
    services.settle(opened=first, through=durable * RATE)
    opened = connect(60, kept=waited * RATE)
    assert (opened.begin, opened.resume_from) == (begin * RATE, resume_from * RATE)
    assert Stream.objects.get(pk=first.stream_id).handed_over == resume_from * RATE


def test_both_channels_have_one_clock_however_long_each_had_to_wait(live):
    at = live.started_at + timedelta(seconds=60)
    asked = {"interviewer": (at, 0), "candidate": (at + timedelta(seconds=45), 45 * RATE)}
    origins = {
        role: services.open_stream(
            session_id=live.pk, role=role, offset=None, asked_at=asked_at, kept=kept
        ).origin_ms
        for role, (asked_at, kept) in asked.items()
    }
    assert origins == {"interviewer": 60_000, "candidate": 60_000}


# --- what is lost --------------------------------------------------------------------------------


async def test_what_no_client_has_any_more_is_a_gap_with_its_length(session, engine, told):
    lost = Connection(session)
    await lost.stream.open(offset=None)
    await lost.speak(3)
    await lost.until(lambda: lost.acks and lost.acks[-1][1] >= 2 * 16_000)
    again = await say_all(session, offset=4 * 16_000)
    assert again.stream.durable == 7 * 16_000
    assert await gaps(session) == [(2 * 16_000, 4 * 16_000, "connection")]
    (event,) = only(told, "gap")
    origin = (await Stream.objects.aget(session=session)).origin_ms
    assert event["gap"]["start_ms"] == origin + 2000
    assert event["gap"]["end_ms"] == origin + 4000
    assert event["revision"] == event["gap"]["revision"]
    (notice,) = only(told, "notice", code="gap")
    assert notice["seconds"] == 2.0


async def test_a_fresh_capture_after_a_pause_is_no_gap(session, engine, told):
    await say_all(session, offset=None)
    await Session.objects.filter(pk=session.pk).aupdate(
        started_at=session.started_at - timedelta(minutes=5)
    )
    later = Connection(session)
    assert await later.stream.open(offset=None) > 60 * 16_000
    await later.stream.finish()
    assert await gaps(session) == []
    assert not only(told, "gap")
    assert not only(told, "notice")


async def hear(session, *, offset):
    """Speak what is not stored in chunks of 100 ms until it breaks or ends; return where."""
    connection = Connection(session)
    start = await connection.stream.open(offset=offset)
    with contextlib.suppress(DomainError):
        for _ in range((7 * 16_000 - start) // 1600):
            await connection.stream.put(bytes(3200))
        await connection.stream.finish()
    await connection.until(lambda: connection.stream._pump.done())
    return connection, start


async def test_audio_that_breaks_recognition_is_left_out_at_the_third_time(session, engine, told):
    engine.poison = range(50_000, 50_001)  # 3.1 s, within the second line
    for _ in range(services.STUMBLES):
        broken, start = await hear(session, offset=0)
        assert broken.stream.failed.code == "internal"
        assert start in (0, 2 * 16_000), "nothing that was stored is heard again"
        assert await gaps(session) == []
    broken, start = await hear(session, offset=0)
    assert broken.stream.failed is None
    assert start == 51_200, "the end of the chunk that broke it"
    (gap,) = await gaps(session)
    assert gap == (2 * 16_000, 51_200, "recognition")
    assert await lines(session) == [LINES[0], "seven eight", LINES[2]]
    (notice,) = only(told, "notice", code="gap")
    assert notice["seconds"] == 1.2
    assert "recognized" in notice["text"]


async def test_breakdowns_with_progress_in_between_cost_nothing(session, engine):
    for place in (10_000, 50_000, 80_000):
        engine.poison = range(place, place + 1)
        for _ in range(services.STUMBLES - 1):
            broken, _start = await hear(session, offset=0)
            assert broken.stream.failed.code == "internal"
        engine.poison = range(0)
        part = Connection(session)
        start = await part.stream.open(offset=0)
        await part.stream.put(bytes(2 * (place + 2 * RATE - start)))
        await part.until(lambda part=part: part.acks)
        part.stream._pump.cancel()
        await asyncio.wait({part.stream._pump})
    await say_all(session)
    assert await lines(session) == LINES
    assert await gaps(session) == []


# --- what watchers are told ----------------------------------------------------------------------

LOUD = (np.sin(np.arange(16_000) / 8) * 8000).astype("<i2").tobytes()


async def test_levels_are_told_while_sound_comes(session, engine, told, monkeypatch):
    monkeypatch.setattr(broadcast, "LEVEL_SECONDS", 0)
    connection = Connection(session, "interviewer")
    await connection.stream.open(offset=None)
    for pcm in (LOUD, SECOND, SECOND):
        await connection.pace(pcm)
    await connection.stream.finish()
    levels = only(told, "level")
    assert levels[0] == {"role": "interviewer", "level": 0.746, "clipped": False, "silent_ms": 0}
    assert levels[-1]["level"] == 0.0
    assert levels[-1]["silent_ms"] in (1000, 2000)


async def test_a_layer_that_is_slow_never_holds_up_words_for_a_level(session, engine, monkeypatch):
    monkeypatch.setattr(broadcast, "LEVEL_SECONDS", 0)
    waiting = asyncio.Event()

    async def publish(session_id, kind, body, *_):
        if kind == "level":
            waiting.set()
            await asyncio.Event().wait()

    monkeypatch.setattr("sessions.events.publish", publish)
    await say_all(session)
    assert waiting.is_set()
    assert await lines(session) == LINES


async def test_a_candidate_who_is_not_heard_is_noticed_once_until_a_sound_comes(
    session, engine, told
):
    candidate, interviewer = Connection(session), Connection(session, "interviewer")
    for connection in (candidate, interviewer):
        await connection.stream.open(offset=None)
        for pcm in [SECOND] * 15 + [LOUD] + [SECOND] * 11:
            await connection.stream.put(pcm)
        await connection.stream.finish()
    assert [notice["role"] for notice in only(told, "notice", code="no_audio")] == ["candidate"] * 2
    notice = only(told, "notice", code="no_audio")[0]
    assert (notice["level"], notice["seconds"]) == ("warning", 10)


async def test_sound_that_stops_coming_at_all_is_noticed_too(session, engine, monkeypatch):
    monkeypatch.setattr(broadcast, "NO_AUDIO_SECONDS", 0.05)
    noticed = asyncio.Event()

    async def publish(session_id, kind, body, *_):
        if body.get("code") == "no_audio":
            noticed.set()

    monkeypatch.setattr("sessions.events.publish", publish)
    connection = Connection(session)
    await connection.stream.open(offset=None)
    async with asyncio.timeout(PATIENCE):
        await noticed.wait()
    await say_all(session)
    assert await lines(session) == LINES, "what comes later is heard as ever"


async def test_silence_after_a_pause_in_sending_is_no_sound(session, engine, told):
    told_of = broadcast.Broadcast(session.pk, "candidate", origin_ms=0, position=0)
    meter = Meter()
    for pcm in (LOUD, SECOND):
        meter.hear(pcm)
        await told_of.sound(meter)
    await told_of.no_audio()  # no chunk came for a while
    for _ in range(12):
        meter.hear(SECOND)
        await told_of.sound(meter)
    assert len(only(told, "notice", code="no_audio")) == 1
    meter.hear(LOUD)
    await told_of.sound(meter)
    await told_of.no_audio()
    assert len(only(told, "notice", code="no_audio")) == 2
    await told_of.close()


async def test_in_a_room_words_go_to_who_the_key_says(session, engine, told):
    connection = Connection(session, "room")
    await connection.stream.open(offset=None, speaker="interviewer")
    connection.stream.mark("candidate", round(2.2 * 16_000))
    connection.stream.mark("interviewer", round(4.9 * 16_000))
    await connection.pace(*[bytes(3200)] * 70)
    await connection.stream.finish()

    @database_sync_to_async
    def said():
        rows = Session.objects.get(pk=session.pk).segments.order_by("start_sample")
        return [(row.role, row.text) for row in rows]

    expected = list(zip(["interviewer", "candidate", "interviewer"], LINES, strict=True))
    assert await said() == expected
    spoken = [(partial["role"], partial["text"]) for partial in only(told, "partial")]
    assert ("interviewer", "one two") in spoken
    assert ("candidate", "five six") in spoken
    assert {latency["role"] for latency in only(told, "latency")} == {"interviewer", "candidate"}


async def test_a_partial_goes_when_its_speaker_changes(session, engine, told):
    connection = Connection(session, "room")
    await connection.stream.open(offset=None, speaker="interviewer")
    await connection.pace(SECOND)
    connection.stream.mark("candidate", RATE)
    await connection.pace(bytes(16_000))
    await connection.stream.finish()
    spoken = [(partial["role"], partial["text"]) for partial in only(told, "partial")]
    at = spoken.index(("interviewer", ""))
    assert spoken[at + 1][0] == "candidate"


# --- other inputs and outputs --------------------------------------------------------------------


async def test_each_chunk_is_answered_once_and_the_last_words_after_them(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    await connection.pace(*[SECOND] * 3)
    await connection.stream.finish()
    assert connection.outputs == [["one"], [LINES[0]], ["five"], ["five"]]


class Halves:
    """An input of 8-bit samples, which gives half a second later than it takes."""

    def __init__(self):
        self.held = b""

    def accept(self, data):
        given, self.held = self.held, b"".join(bytes([0, byte]) for byte in data)
        return given

    def flush(self):
        given, self.held = self.held, b""
        return given

    def samples(self, size):
        return size


async def test_another_encoding_is_read_on_the_way_and_counted_in_samples(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    connection.stream.input = Halves()
    for _ in range(7):
        await connection.stream.put(bytes(16_000))
    await connection.until(lambda: len(connection.outputs) == 7)
    assert connection.stream.received == 6 * 16_000
    assert await connection.stream.finish() == 7 * 16_000
    assert await lines(session) == LINES


async def test_a_phrase_of_the_connection_reaches_the_recognizer(session, engine, monkeypatch):
    expected = []
    real = engine.recognizer
    monkeypatch.setattr(
        engine,
        "recognizer",
        lambda **kwargs: expected.extend(kwargs["glossary"]) or real(**kwargs),
    )
    connection = Connection(session, vocabulary=["Zephyr"])
    await connection.stream.open(offset=None)
    await connection.stream.finish()
    assert "Zephyr" in expected


# --- progress and memory -----------------------------------------------------------------------


async def test_every_second_of_audio_is_acknowledged_however_fast_it_comes(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=0)
    for _ in range(40):  # 4 s in 100 ms chunks, all at once
        await connection.stream.put(bytes(3200))
    await connection.until(lambda: len(connection.acks) >= 4)
    await connection.stream.finish()


async def test_an_acknowledgement_tells_what_was_heard_not_what_waits(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=0)
    for _ in range(50):  # 5 s that a socket hands over at once
        connection.stream.put_nowait(bytes(3200))
    await connection.until(lambda: connection.acks)
    assert connection.acks[0][0] <= 2 * 16_000
    await connection.stream.finish()
    assert connection.stream.received == 5 * 16_000


async def test_a_socket_a_minute_ahead_is_refused(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=0)
    for _ in range(61):
        connection.stream.put_nowait(SECOND)
    with pytest.raises(DomainError, match="rate_exceeded"):
        connection.stream.put_nowait(SECOND)
    await connection.stream.finish()


async def test_hours_of_silence_take_no_memory(session, engine):
    connection = Connection(session)
    await connection.stream.open(offset=None)
    for _ in range(broadcast.ARRIVALS * 2):
        await connection.stream.put(bytes(2))
    await connection.stream.finish()
    assert len(connection.stream._broadcast._arrivals) <= broadcast.ARRIVALS


async def test_what_is_said_after_the_end_is_not_stored(live):
    @database_sync_to_async
    def act():
        opened = services.open_stream(session_id=live.pk, role="candidate", offset=0, origin_ms=0)
        end_session(session=live)

        def said(second):
            start = second * 16_000
            draft = SegmentDraft("Words.", (), start, start + 16_000, 1.0, "scripted", {})
            return services.save_segment(opened=opened, draft=draft, language="en")

        assert said(1) is not None, "the last words come after the end"
        with pytest.raises(DomainError, match="ended"):
            said(3600)

    await act()
