"""One live stream: audio in, segments stored, progress told. Sockets and `replay` both run this.

    put() ─► bounded queue ─► pump task ─► StreamWorker (own thread) ─► save_segment ─► on_progress

Bounded everywhere: `put` waits while ten seconds are queued, a socket that is a minute ahead is
refused, and from two seconds on partials are left out so that finals catch up.
"""

import asyncio
import functools
import logging
import statistics
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from copilot.lib.errors import DomainError
from sessions import access, events
from transcription import services, speech
from transcription.engines import registry
from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH, EngineError
from transcription.models import SAMPLES_PER_MS
from transcription.pipeline import (
    Output,
    Partial,
    Pipeline,
    PipelineError,
    SegmentDraft,
    StreamWorker,
)

logger = logging.getLogger(__name__)

QUEUE_SAMPLES = 10 * SAMPLE_RATE
FLOOD_SAMPLES = 60 * SAMPLE_RATE  # what a socket may be ahead; our page keeps to 8 s
CROWDED_SAMPLES = 2 * SAMPLE_RATE  # behind by more than this: no partials
PROGRESS_SECONDS = 1.0  # of audio or of time: the longest without an acknowledgement
RETURN_SECONDS = 10.0  # a client that lost its connection may come back and say its words again
ARRIVALS = 1000  # chunks whose time of arrival is remembered
SETTLE_SAMPLES = 5 * SAMPLE_RATE  # silence is made durable in steps of this length
END = b""

database = ThreadPoolExecutor(max_workers=4, thread_name_prefix="stream-db")
in_database = functools.partial(database_sync_to_async, thread_sensitive=False, executor=database)


Progress = Callable[[int, int], Awaitable[None]]
Failure = Callable[[DomainError], Awaitable[None]]

# Admission: as many as the machine can follow, and one of this process per channel.
_running: dict[tuple[UUID, str], "LiveStream"] = {}


class LiveStream:
    """One connection's stream.

    `on_progress(received, durable)` is called at least once a second while audio comes; `received`
    is what was taken from the queue, so that clients which keep to a window keep the queue short.
    At the first error `failed` is set, `on_failure` told, and the pump ends. Neither may raise.
    """

    def __init__(
        self, session_id: UUID, role: str, *, on_progress: Progress, on_failure: Failure
    ) -> None:
        self.session_id = session_id
        self.role = role
        self.engine = registry.Choice("", "")
        self.received = 0
        self.durable = 0
        self.failed: DomainError | None = None
        self._on_progress = on_progress
        self._on_failure = on_failure
        self._closing = False
        self._language = ""
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queued = 0
        self._room = asyncio.Condition()
        self._pump: asyncio.Task[None] | None = None
        self._worker: StreamWorker | None = None
        self._opened: services.OpenStream | None = None
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=ARRIVALS)
        self._word_ms: deque[float] = deque(maxlen=20)

    # --- for the owner of the connection ---------------------------------------------------------

    async def open(self, *, offset: int | None, origin_ms: int | None = None) -> int:
        """Take over the channel and load the engine; return the sample to send from.

        Raises DomainError: busy, ended, not_live, no_consent, engine_unavailable, taken_over,
        internal.
        """
        asked_at = timezone.now()
        before = _running.get((self.session_id, self.role))
        if before is None and len(_running) >= settings.INTERVIEW_MAX_STREAMS:
            raise DomainError("busy", "All recognizers are in use.", status=503)
        _running[self.session_id, self.role] = self
        try:
            if before is not None:
                await before.give_way(resent=offset is not None)
            return await self._open(offset, origin_ms, asked_at)
        except BaseException as error:
            await self._close()
            if isinstance(error, Exception):
                raise _public(error) from None
            raise

    async def _open(self, offset: int | None, origin_ms: int | None, asked_at: datetime) -> int:
        opened: services.OpenStream
        opened, build = await in_database(self._claim)(offset, origin_ms, asked_at)
        self._opened = opened
        self._worker = StreamWorker(build)
        await self._worker.open()
        if opened.lost:
            await self._tell_gap(opened.lost)
        if self.failed:
            raise self.failed
        self.received = self.durable = opened.resume_from
        self._pump = asyncio.create_task(self._run(), name=f"pump {self.session_id} {self.role}")
        return opened.resume_from

    async def owns(self) -> bool:
        """Tell whether no other connection, of whatever process, has taken the channel over."""
        return self._opened is not None and await in_database(services.owns)(self._opened)

    async def give_way(self, *, resent: bool) -> None:
        """Leave the channel to another connection, at once where it sends the open words again."""
        seen = not self._closing
        if resent or self._pump is None:
            self.failed = services.taken_over()
            if self._pump is not None:
                self._pump.cancel()
        else:
            await self._end()
        if seen and self._pump is not None:
            await self._on_failure(services.taken_over())

    async def put(self, pcm: bytes) -> None:
        """Queue the next chunk; wait while the queue is full; raise what ended the pump."""
        async with self._room:
            await self._room.wait_for(
                lambda: self._queued < QUEUE_SAMPLES or self.failed or self._closing
            )
        self.put_nowait(pcm)

    def put_nowait(self, pcm: bytes) -> None:
        """Queue the next chunk at once; raise what ended the pump, or `rate_exceeded`.

        For sockets: behind a consumer that waits the server would queue frames without a bound.
        """
        if self._queued > FLOOD_SAMPLES:
            raise DomainError("rate_exceeded", "Audio arrives faster than it can be heard.")
        if self.failed or self._closing:
            raise self.failed or services.taken_over()
        samples = len(pcm) // SAMPLE_WIDTH
        self._queued += samples
        self._arrivals.append((self.received + self._queued, time.monotonic()))
        self._queue.put_nowait(pcm)

    async def finish(self) -> int:
        """Store the last words, close, and return what is durable; raise what ended the pump.

        Goes on to its end when whoever waits for it is cancelled.
        """
        await self._end()
        if self.failed:
            raise self.failed
        return self.durable

    async def abandon(self) -> None:
        """Close after a lost connection: what is queued is still heard and stored.

        The utterance that is open stays so for a while: cut here, the word being said would be
        lost to both connections.
        """
        self._closing = True
        if self._pump is not None:
            await asyncio.wait({self._pump}, timeout=RETURN_SECONDS)
        await self._end()

    async def _end(self) -> None:
        self._closing = True
        self._queue.put_nowait(END)
        if self._pump is not None:
            await asyncio.wait({self._pump})

    # --- the pump --------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._listen()
        except Exception as error:
            self.failed = _public(error)
        finally:
            await self._close()
        if self.failed and not self._closing:
            await self._on_failure(self.failed)

    async def _listen(self) -> None:
        assert self._worker is not None  # noqa: S101  # open() made it
        told, unheard = time.monotonic(), 0
        while pcm := await self._queue.get():
            crowded = self._queued > CROWDED_SAMPLES
            outputs = await self._worker.accept(pcm, partials=not crowded)
            unheard += len(pcm) // SAMPLE_WIDTH
            self.received += len(pcm) // SAMPLE_WIDTH
            await self._leave(len(pcm) // SAMPLE_WIDTH)
            stored = await self._emit(outputs)
            if await self._settle(SETTLE_SAMPLES) or stored or self._due(told, unheard):
                told, unheard = time.monotonic(), 0
                await self._on_progress(self.received, self.durable)
        await self._emit(await self._worker.flush())
        await self._settle(1)

    async def _close(self) -> None:
        """Give everything back: the channel, the room that `put` waits for, the thread."""
        if _running.get((self.session_id, self.role)) is self:
            del _running[self.session_id, self.role]
        async with self._room:
            self._room.notify_all()
        try:
            if self._worker is not None:
                await self._worker.close()
        except PipelineError as error:
            _public(error)  # logged; what was heard is stored

    @staticmethod
    def _due(told: float, unheard: int) -> bool:
        """Tell whether to acknowledge; by audio too, else a client whose window is full waits."""
        return (
            unheard >= PROGRESS_SECONDS * SAMPLE_RATE or time.monotonic() - told >= PROGRESS_SECONDS
        )

    async def _leave(self, samples: int) -> None:
        self._queued -= samples
        async with self._room:
            self._room.notify_all()

    async def _settle(self, step: int) -> bool:
        """Make known silence durable once it is at least `step` samples longer."""
        assert self._worker is not None  # noqa: S101  # open() made it
        settled = self._worker.settled or 0
        if settled - self.durable < step:
            return False
        self.durable = await in_database(services.settle)(opened=self._opened, through=settled)
        return True

    async def _emit(self, outputs: list[Output]) -> bool:
        drafts = [output for output in outputs if isinstance(output, SegmentDraft)]
        for output in outputs:
            if isinstance(output, Partial):
                await self._show(output)
            else:
                await self._store(output, last=output is drafts[-1])
        return bool(drafts)

    async def _show(self, partial: Partial) -> None:
        self._word_ms.append(self._delay_ms(partial.end))
        body = {
            "role": self.role,
            "text": partial.text,
            "start_ms": self._clock_ms(partial.start),
            "end_ms": self._clock_ms(partial.end),
        }
        await events.publish(self.session_id, "partial", body)

    async def _store(self, draft: SegmentDraft, *, last: bool) -> None:
        # Only after the last utterance is everything heard so far stored.
        settled = self._worker.settled if last and self._worker else None
        durable = max(draft.end, settled or 0)
        await in_database(services.save_segment)(
            opened=self._opened, draft=draft, language=self._language, settled=durable
        )
        self.durable = max(self.durable, durable)
        latency = {
            "role": self.role,
            "word_ms": round(statistics.median(self._word_ms)) if self._word_ms else None,
            "final_ms": round(self._delay_ms(draft.end)),
        }
        await events.publish(self.session_id, "latency", latency)

    def _delay_ms(self, sample: int) -> float:
        """Return how long ago the audio at `sample` arrived, in ms."""
        now = arrived = time.monotonic()
        for end, at in reversed(self._arrivals):
            if end < sample:
                break
            arrived = at
        return (now - arrived) * 1000

    def _clock_ms(self, sample: int) -> int:
        assert self._opened is not None  # noqa: S101  # open() made it
        return self._opened.origin_ms + sample // SAMPLES_PER_MS

    async def _tell_gap(self, samples: int) -> None:
        seconds = round(samples / SAMPLE_RATE, 1)
        body = {
            "level": "warning",
            "code": "gap",
            "role": self.role,
            "seconds": seconds,
            "text": f"{seconds} s of the {self.role}'s audio were lost.",
        }
        await events.publish(self.session_id, "notice", body)

    # --- set-up, on a database thread ------------------------------------------------------------

    def _claim(
        self, offset: int | None, origin_ms: int | None, asked_at: datetime
    ) -> tuple[services.OpenStream, Callable[[], Pipeline]]:
        session = access.session_by_id(self.session_id)
        if session is None:
            raise DomainError("ended", "This interview no longer exists.")
        services.may_record(session)
        self._language = session.language
        choice = speech.choose_engine(session.language)
        self.engine = choice
        opened = services.open_stream(
            session_id=self.session_id,
            role=self.role,
            offset=offset,
            engine=choice.name,
            engine_reason=choice.reason,
            origin_ms=origin_ms,
            asked_at=asked_at,
        )
        return opened, speech.builder(session, offset=opened.resume_from)


def _public(error: Exception) -> DomainError:
    """Return the error the connection may see; log where an unexpected one came from."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, EngineError):
        return DomainError("engine_unavailable", str(error), status=503)
    where = error.where[-3:] if isinstance(error, PipelineError) else ()
    logger.error("stream died: %s %s", type(error).__name__, where)
    return DomainError("internal", "Recognition stopped; the audio kept here is sent again.")
