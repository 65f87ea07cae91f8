"""Whatever happens to connections and processes, the transcript is the one without accidents.

A client with the ring buffer of static/js/sender.js speaks through chains of accidents that
Hypothesis makes up, to real streams with the scripted engine and the real database.
"""

import asyncio
import contextlib
import itertools
from operator import itemgetter

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from copilot.lib.errors import DomainError
from sessions.models import Session
from tests.factories import go_live, make_session
from transcription import speech, streams
from transcription.engines.scripted import ScriptedEngine
from transcription.models import Gap

pytestmark = pytest.mark.django_db(transaction=True)

RATE = 16_000
PATIENCE = 10.0  # seconds until something counts as never coming
TOTAL = 18 * RATE
KEEP = 5 * RATE  # samples that the client keeps; the page keeps 300 s
SCRIPT = [
    (1.5, "we keep logs"),
    (3.0, "in files"),
    (7.5, "then workers read them and write tables"),
    (8.0, "yes"),
    (12.0, "because queues grow"),
    (17.0, "while people wait for answers"),
]
ENGINE = ScriptedEngine(SCRIPT)
LINES = ENGINE._lines
WORDS = [word for line in LINES for word in line]
examples = settings(
    max_examples=45,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def new_session(scripted, cast, monkeypatch):
    monkeypatch.setattr(speech.registry, "engine_for", lambda language, config: ENGINE)
    monkeypatch.setattr(streams, "RETURN_SECONDS", 60)  # an accident is over before
    return lambda: go_live(make_session(cast.olga, cast.organization))


class Client:
    """What static/js/sender.js does: keeps what is not durable, resumes where it is told to."""

    def __init__(self, session, role, chunk):
        self.session, self.role, self.chunk = session, role, chunk
        self.start = self.end = self.next = 0  # of the ring buffer; next sample to send
        self.placed = False
        self.marks = []
        self.gaps = []
        self.stream = None
        self.stale = []
        self.leaving = {}
        self.deaf = False
        self.heard = asyncio.Event()

    async def connect(self):
        self.deaf = False
        stream = streams.LiveStream(
            self.session.pk,
            self.role,
            on_progress=self._acknowledged,
            on_failure=self._failed,
            on_output=self._heard,
        )
        self.stream, before = stream, self.stream
        if before is not None:
            self.stale.append(before)
        offset = self.start if self.placed else None
        said = [role for role, at in sorted(self.marks, key=itemgetter(1)) if at <= self.start]
        speaker = said[-1] if said else None
        resume_from = await stream.open(offset=offset, origin_ms=0, speaker=speaker)
        assert resume_from >= self.start, "it asks for what the client still has"
        lost = [(gap.start_sample, gap.end_sample) for gap in stream._opened.gaps]
        assert [end for _start, end in lost] in ([], [offset])
        self.gaps += lost
        self.placed = True
        self.next = resume_from
        self.start = min(self.end, max(self.start, resume_from))
        for role, at in reversed(self.marks):  # control messages may come in any order, and twice
            stream.mark(role, at)
            stream.mark(role, at)
        self.pump()

    async def _acknowledged(self, received, durable):
        assert durable <= received <= TOTAL
        if not self.deaf:
            self.start = min(self.end, max(self.start, durable))

    async def _failed(self, error):
        assert error.code == "taken_over"

    async def _heard(self, outputs):
        self.heard.set()

    def speak(self, samples):
        """Capture so many samples; the oldest go where the buffer is full."""
        self.end = min(TOTAL, self.end + samples)
        self.start = max(self.start, self.end - KEEP)
        self.pump()

    def pump(self):
        while self.stream is not None and self.next < self.end:
            size = min(self.chunk, self.end - self.next)
            self.stream.put_nowait(bytes(2 * size))
            self.next += size

    async def until_heard(self):
        async with asyncio.timeout(PATIENCE):
            while self.stream is not None and self.stream.received < self.next:
                self.heard.clear()
                await self.heard.wait()

    def lose(self):
        """The connection breaks and the server notices: its consumer lets the stream go."""
        if self.stream is not None:
            self.leaving[self.stream] = asyncio.create_task(self.stream.abandon())
            self.stream = None

    async def die(self):
        """The process ends in the middle of whatever it does."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream._pump.cancel()
            await asyncio.wait({stream._pump})
            streams._running.pop((self.session.pk, self.role), None)

    def babble(self):
        """Connections that were replaced go on sending."""
        for stream in self.stale:
            with contextlib.suppress(DomainError):
                stream.put_nowait(bytes(2 * self.chunk))

    async def finish(self):
        if self.stream is None:
            await self.connect()
        while self.end < TOTAL:
            self.speak(RATE)
            await self.until_heard()
        durable = await self.stream.finish()
        assert durable == TOTAL
        for stream in self.stale:
            if stream._pump is not None and not stream._pump.done():
                assert await stream.yield_if_taken()
        for stream, leaving in self.leaving.items():  # the time to come back is over
            async with asyncio.timeout(PATIENCE):
                await stream._end()
                await leaving


async def act(client, step, argument):
    match step:
        case "speak":
            client.speak(argument * RATE // 10)
        case "speak and wait":
            client.speak(argument * RATE // 10)
            await client.until_heard()
        case "deaf":
            client.deaf = True
        case "lose":
            client.lose()
        case "die":
            await client.die()
        case "connect":
            await client.connect()
        case "connect elsewhere":  # to a process that knows nothing of the others
            streams._running = {}
            await client.connect()
        case "babble":
            client.babble()
        case "mark":
            client.marks.append((("interviewer", "candidate")[argument % 2], client.end))
            if client.stream is not None:
                client.stream.mark(*client.marks[-1])
        case "say who":
            client.marks = argument
            for mark in argument:
                client.stream.mark(*mark)
        case "breathe":
            await asyncio.sleep(0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            "speak,speak and wait,speak and wait,deaf,lose,die,connect,connect elsewhere,"
            "babble,breathe,mark".split(",")
        ),
        st.integers(1, 45),
    ),
    max_size=14,
)
CHUNKS = st.sampled_from([RATE // 10, RATE // 2, 4001, 12_345])


def run(session, role, chunk, steps):
    """Go through the accidents to the end of the interview; return the client."""

    async def scenario():
        client = Client(session, role, chunk)
        await client.connect()
        for step, argument in steps:
            await act(client, step, argument)
        await client.finish()
        return client

    process = streams._running
    try:
        return asyncio.run(scenario())
    finally:
        streams._running = process
        process.clear()


def stored(session):
    rows = Session.objects.get(pk=session.pk).segments.order_by("start_sample")
    return [(row.role, row.text, row.start_sample, row.end_sample) for row in rows]


def uninterrupted(role="candidate"):
    return [(role, " ".join(w.text for w in line), line[0].start, line[-1].end) for line in LINES]


@examples
@given(chunk=CHUNKS, steps=STEPS)
@example(chunk=RATE, steps=[("speak and wait", 45), ("die", 1), ("speak", 45), ("speak", 45)])
@example(chunk=RATE, steps=[("speak and wait", 20), ("connect elsewhere", 1), ("babble", 1)])
@example(chunk=RATE, steps=[("deaf", 1), ("speak and wait", 45), ("die", 1), ("connect", 1)])
def test_the_transcript_is_the_one_without_accidents(new_session, chunk, steps):
    session = new_session()
    client = run(session, "candidate", chunk, steps)
    said = stored(session)
    gaps = list(Gap.objects.filter(session=session).values_list("start_sample", "end_sample"))
    assert gaps == client.gaps, "a gap for each time that sound was lost"
    if not gaps:
        assert said == uninterrupted()
    kept = [w for w in WORDS if not any(start <= w.start < end for start, end in gaps)]
    assert " ".join(text for _role, text, *_ in said).split() == [w.text for w in kept]
    assert all(one[3] <= other[2] for one, other in itertools.pairwise(said))
    for start, end in gaps:
        assert end - start > 0
        assert not any(first < end and last > start for _role, _text, first, last in said)


@settings(examples, max_examples=15)
@given(chunk=CHUNKS, steps=STEPS)
def test_who_spoke_in_a_room_is_what_the_key_said(new_session, chunk, steps):
    """Marks come late, twice and out of order after each accident."""
    calm, stormy = new_session(), new_session()
    client = run(stormy, "room", chunk, [step for step in steps if step[0] != "deaf"])
    again = run(calm, "room", RATE, [("say who", client.marks)])
    assert again.marks == client.marks
    if not client.gaps:
        assert stored(stormy) == stored(calm)
