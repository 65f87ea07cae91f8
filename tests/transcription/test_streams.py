"""One live stream under bad luck: nothing is lost, doubled or left behind, whatever breaks."""

import asyncio
import threading

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from copilot.lib.errors import DomainError
from sessions.models import Session
from sessions.services import end_session
from tests.factories import go_live
from transcription import services, speech, streams
from transcription.engines.base import EngineUnavailable
from transcription.engines.scripted import ScriptedEngine
from transcription.pipeline import SegmentDraft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hush")]

PATIENCE = 10.0  # seconds until something counts as never coming
SECOND = bytes(32_000)
SCRIPT = [(2.0, "one two three four"), (4.0, "five six seven eight"), (6.0, "nine ten eleven")]
LINES = [line for _end, line in SCRIPT]
SPOKEN = " ".join(LINES)


class Engine(ScriptedEngine):
    """The scripted engine, which fails where it is told to and says when it was closed."""

    def __init__(self):
        super().__init__(SCRIPT)
        self.fails = {}  # step -> error
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

    def __init__(self, session, role="candidate"):
        self.acks = []
        self.errors = []
        self.told = asyncio.Event()
        self.stream = streams.LiveStream(
            session.pk, role, on_progress=self._progress, on_failure=self._failure
        )

    async def _progress(self, received, durable):
        self.acks.append((received, durable))
        self.told.set()

    async def _failure(self, error):
        self.errors.append(error.code)
        self.told.set()

    async def speak(self, seconds):
        for _ in range(seconds):
            await self.stream.put(SECOND)

    async def until(self, condition):
        """Wait until what the stream told makes `condition` true."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.told.clear()
                await self.told.wait()


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
    with pytest.raises(DomainError, match="busy"):
        await Connection(session, "interviewer").stream.open(offset=None)
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
    for _ in range(streams.ARRIVALS * 2):
        await connection.stream.put(bytes(2))
    await connection.stream.finish()
    assert len(connection.stream._arrivals) <= streams.ARRIVALS


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
