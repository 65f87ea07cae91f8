"""One live stream: audio in, segments stored, progress told. Sockets and `replay` both run this.

    put() ─► bounded queue ─► pump task ─► StreamWorker (own thread) ─► save_segment ─► on_progress

Bounded everywhere: `put` waits while ten seconds are queued, a socket that is a minute ahead is
refused, and from two seconds on partials are left out so that finals catch up. Who is let in at
all is decided in `admission`, what watchers are told in `broadcast`.
"""

import asyncio
import functools
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from copilot.lib.errors import DomainError
from sessions import access, queries
from transcription import admission, services, speech, withheld
from transcription.admission import Lag
from transcription.broadcast import Broadcast
from transcription.engines import registry
from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH, EngineError
from transcription.inputs import Input
from transcription.models import Gap, Role
from transcription.pipeline import (
    Output,
    Partial,
    Pipeline,
    PipelineError,
    SegmentDraft,
    StreamWorker,
)
from transcription.speakers import Speakers
from transcription.withheld import Stretch

logger = logging.getLogger(__name__)

QUEUE_SAMPLES = 10 * SAMPLE_RATE
FLOOD_SAMPLES = 60 * SAMPLE_RATE  # what a socket may be ahead; our page keeps to 8 s
CROWDED_SAMPLES = 2 * SAMPLE_RATE  # behind by more than this: no partials
PROGRESS_SECONDS = 1.0  # of audio or of time: the longest without an acknowledgement
RETURN_SECONDS = 10.0  # a client that lost its connection may come back and say its words again
HEED_SECONDS = 0.5  # the oldest that may be what is known to be off the record, while words come
SETTLE_SAMPLES = 5 * SAMPLE_RATE  # silence is made durable in steps of this length

database = ThreadPoolExecutor(max_workers=4, thread_name_prefix="stream-db")
in_database = functools.partial(database_sync_to_async, thread_sensitive=False, executor=database)


Progress = Callable[[int, int], Awaitable[None]]
Failure = Callable[[DomainError], Awaitable[None]]
Heard = Callable[[list[Output]], Awaitable[None]]
Claim = Callable[[], tuple[services.OpenStream, Callable[[], Pipeline]]]

# One of this process per channel.
_running: dict[tuple[UUID, str], "LiveStream"] = {}


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a client sent at once, about how many samples that is, and when it came."""

    data: bytes
    samples: int
    arrived: float


END = Chunk(b"", 0, 0.0)


class LiveStream:
    """One connection's stream.

    `on_progress(received, durable)` is called at least once a second while audio comes; `received`
    is what was taken from the queue, so that clients which keep to a window keep the queue short.
    `on_output(outputs)` is called once for each chunk, in their order, with the redacted words that
    were heard in it, and once more with the last words. At the first error `failed` is set,
    `on_failure` told, and the pump ends. None of them may raise.

    Chunks are 16 kHz s16le unless `input`, set before the first one, reads something else.
    """

    def __init__(
        self,
        session_id: UUID,
        role: str,
        *,
        on_progress: Progress,
        on_failure: Failure,
        on_output: Heard | None = None,
        input: Input | None = None,
        vocabulary: Sequence[str] = (),
    ) -> None:
        self.session_id = session_id
        self.role = role
        self.engine = registry.Choice("", "")
        self.input = input
        self.begin = 0
        self.received = 0
        self.durable = 0
        self.failed: DomainError | None = None
        self.lag = Lag()
        self._on_progress = on_progress
        self._on_failure = on_failure
        self._on_output = on_output
        self._vocabulary = vocabulary
        self._speakers = Speakers(role)
        self._closing = False
        self._language = ""
        self._queue: asyncio.Queue[Chunk] = asyncio.Queue()
        self._queued = 0
        self._room = asyncio.Condition()
        self._pump: asyncio.Task[None] | None = None
        self._worker: StreamWorker | None = None
        self._opened: services.OpenStream | None = None
        self._broadcast: Broadcast | None = None
        self._reached = 0  # sample up to which audio went to the recognizer
        self._shown_at = -math.inf  # when it last gave a partial
        self._stretches: list[Stretch] = []  # off the record
        self._agreed = True  # the candidate, as far as is known
        self._heeded_at = -math.inf  # when that was last asked for

    # --- for the owner of the connection ---------------------------------------------------------

    async def open(
        self,
        *,
        offset: int | None,
        kept: int = 0,
        missing: str = Gap.Reason.CONNECTION,
        origin_ms: int | None = None,
        speaker: str | None = None,
    ) -> int:
        """Take over the channel and load the engine; return the sample to send from.

        `speaker` is who speaks there, in a room. A fresh capture says how many samples it `kept`
        while it waited; `begin` is then the sample at which the first of them lies. `missing` is
        the reason where there is nothing before `offset`.
        Raises DomainError: busy (admission.Busy), ended, not_live, no_consent, engine_unavailable,
        taken_over, internal.
        """
        asked_at = timezone.now()
        before = _running.get((self.session_id, self.role))
        if before is None:
            admission.admit(
                _lags(),
                limit=settings.INTERVIEW_MAX_STREAMS,
                resuming=offset is not None,
                now=time.monotonic(),
            )
        _running[self.session_id, self.role] = self
        try:
            if before is not None:
                await before.give_way(resent=offset is not None)
            claim = functools.partial(
                self._claim,
                offset=offset,
                kept=kept,
                missing=missing,
                origin_ms=origin_ms,
                asked_at=asked_at,
            )
            resume_from = await self._open(claim)
        except BaseException as error:
            await self._close()
            if isinstance(error, Exception):
                raise _public(error) from None
            raise
        if speaker:
            self.mark(speaker, self.begin if offset is None else min(offset, resume_from))
        return resume_from

    async def _open(self, claim: Claim) -> int:
        opened: services.OpenStream
        await self.heed()
        opened, build = await in_database(claim)()
        self._opened, self.begin = opened, opened.begin
        self._worker = StreamWorker(build)
        await self._worker.open()
        at = opened.resume_from
        self._broadcast = Broadcast(
            self.session_id, self.role, origin_ms=opened.origin_ms, position=at
        )
        for gap in opened.gaps:
            await self._broadcast.gap(gap)
        if self.failed:
            raise self.failed
        self.received = self.durable = self._reached = at
        pump = self._run(self._worker, self._broadcast)
        self._pump = asyncio.create_task(pump, name=f"pump {self.session_id} {self.role}")
        return at

    def mark(self, role: str, at: int) -> None:
        """Note who speaks from sample `at` on, in a room; on other channels that is known."""
        if self.role == Role.ROOM:
            self._speakers.mark(role, at)

    @property
    def off_record(self) -> bool:
        return any(to is None for _since, to in self._stretches)

    async def heed(self) -> None:
        """Learn what is off the record, and whether the candidate still agrees.

        What stands on the page goes if it is, or if they do not.
        """
        self._heeded_at = time.monotonic()
        self._stretches, self._agreed = await in_database(_how_it_stands)(self.session_id)
        if self._broadcast is not None:
            self._broadcast.off_record = self.off_record
            if self.off_record or not self._agreed:
                await self._broadcast.withdraw()

    def _kept(self, output: Output) -> list[Output]:
        """Return what of an output is on the record."""
        origin_ms = self._opened.origin_ms if self._opened else 0
        if isinstance(output, SegmentDraft):
            return list(withheld.kept(output, self._stretches, origin_ms))
        return [withheld.shown(output, self._stretches, origin_ms)]

    async def owns(self) -> bool:
        """Tell whether no other connection, of whatever process, has taken the channel over."""
        return self._opened is not None and await in_database(services.owns)(self._opened)

    async def yield_if_taken(self) -> bool:
        """Leave the channel where another connection took it over, and tell whether one did.

        The last words are stored first where the other one does not send them again.
        """
        if self._opened is None or await self.owns():
            return False
        resent = not await in_database(services.hands_over)(self._opened)
        await self.give_way(resent=resent)
        return True

    async def drop(self) -> None:
        """End at once and keep nothing of what was heard and is not stored: nobody agrees to it."""
        self.failed = services.no_consent()
        self._closing = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait({self._pump})
        if self._broadcast is not None:
            await self._broadcast.withdraw()

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

    async def put(self, data: bytes) -> None:
        """Queue the next chunk; wait while the queue is full; raise what ended the pump."""
        async with self._room:
            await self._room.wait_for(
                lambda: self._queued < QUEUE_SAMPLES or self.failed or self._closing
            )
        self.put_nowait(data)

    def put_nowait(self, data: bytes) -> None:
        """Queue the next chunk at once; raise what ended the pump, or `rate_exceeded`.

        For sockets: behind a consumer that waits the server would queue frames without a bound.
        """
        if self._queued > FLOOD_SAMPLES:
            raise DomainError("rate_exceeded", "Audio arrives faster than it can be heard.")
        if self.failed or self._closing:
            raise self.failed or services.taken_over()
        samples = self.input.samples(len(data)) if self.input else len(data) // SAMPLE_WIDTH
        self._queued += samples
        self._queue.put_nowait(Chunk(data, samples, time.monotonic()))

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

    async def _run(self, worker: StreamWorker, broadcast: Broadcast) -> None:
        try:
            await self._listen(worker, broadcast)
        except Exception as error:
            if isinstance(error, PipelineError):
                await self._stumble()
            self.failed = _public(error)
        finally:
            await self._close()
        if self.failed and not self._closing:
            await self._on_failure(self.failed)

    async def _listen(self, worker: StreamWorker, broadcast: Broadcast) -> None:
        told, unheard = time.monotonic(), 0
        while (chunk := await self._next(worker, broadcast)) is not END:
            self.lag.begin(chunk.arrived)
            hear = functools.partial(self._hear, chunk.data, self._partials_wanted())
            outputs = await worker.run(hear)
            self.lag.end(time.monotonic())
            unheard += self._reached - self.received
            self.received = self._reached
            await self._leave(chunk.samples)
            broadcast.arrived(self.received, chunk.arrived)
            stored = await self._emit(outputs, worker, broadcast)
            if await self._settle(worker, SETTLE_SAMPLES) or stored or self._due(told, unheard):
                told, unheard = time.monotonic(), 0
                await self._on_progress(self.received, self.durable)
            if worker.meter is not None:
                await broadcast.sound(worker.meter)
        await self._emit(await worker.run(self._flush), worker, broadcast)
        self.received = self._reached
        await self._settle(worker, 1)

    async def _next(self, worker: StreamWorker, broadcast: Broadcast) -> Chunk:
        """Return the next chunk, however long that takes; say when it takes too long."""
        try:
            async with asyncio.timeout(broadcast.patience(worker.meter)):
                return await self._queue.get()
        except TimeoutError:
            if not self._closing:
                await broadcast.no_audio()
            return await self._queue.get()

    def _hear(self, data: bytes, partials: bool, pipeline: Pipeline) -> list[Output]:
        """Do what a chunk takes, on the stream's thread."""
        pcm = self.input.accept(data) if self.input else data
        self._reached += len(pcm) // SAMPLE_WIDTH
        return pipeline.accept(pcm, partials=partials) if pcm else []

    def _flush(self, pipeline: Pipeline) -> list[Output]:
        """Hear what was held back, on the stream's thread."""
        pcm = self.input.flush() if self.input else b""
        self._reached += len(pcm) // SAMPLE_WIDTH
        outputs = pipeline.accept(pcm, partials=False) if pcm else []
        return outputs + pipeline.flush()

    def _partials_wanted(self) -> bool:
        """Tell whether there is time for partials: here, and on every stream of this process."""
        now = time.monotonic()
        interval = admission.partial_interval(_lags(), now)
        return self._queued <= CROWDED_SAMPLES and now - self._shown_at >= interval

    async def _stumble(self) -> None:
        if self._opened is None:
            return
        try:
            await in_database(services.stumble)(opened=self._opened, at=self._reached)
        except Exception as error:
            logger.error("a breakdown was not counted: %s", type(error).__name__)

    async def _close(self) -> None:
        """Give everything back: the channel, the room that `put` waits for, the thread."""
        if _running.get((self.session_id, self.role)) is self:
            del _running[self.session_id, self.role]
        async with self._room:
            self._room.notify_all()
        if self._broadcast is not None:
            await self._broadcast.close()
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

    async def _settle(self, worker: StreamWorker, step: int) -> bool:
        """Make known silence durable once it is at least `step` samples longer."""
        settled = worker.settled or 0
        if settled - self.durable < step:
            return False
        self.durable = await in_database(services.settle)(opened=self._opened, through=settled)
        self._speakers.forget(self.durable)
        return True

    async def _emit(
        self, outputs: list[Output], worker: StreamWorker, broadcast: Broadcast
    ) -> bool:
        """Store and show what was heard; tell whether something was stored."""
        if outputs and time.monotonic() - self._heeded_at > HEED_SECONDS:
            await self.heed()  # a message that tells of it may be lost
            if not self._agreed:
                raise services.no_consent()
        drafts = [output for output in outputs if isinstance(output, SegmentDraft)]
        for output in outputs:
            if isinstance(output, Partial):
                self._shown_at = time.monotonic()
                partial = withheld.shown(output, self._stretches, broadcast.origin_ms)
                await broadcast.partial(partial, self._speakers.at(output.end))
            else:
                # Only after the last utterance is everything heard so far stored.
                settled = (worker.settled or 0) if output is drafts[-1] else 0
                await self._store(output, max(output.end, settled), broadcast)
        if self._on_output is not None:
            await self._on_output([kept for output in outputs for kept in self._kept(output)])
        return bool(drafts)

    async def _store(self, draft: SegmentDraft, durable: int, broadcast: Broadcast) -> None:
        parts = self._speakers.split(draft)
        saved = await in_database(services.save_utterance)(
            opened=self._opened, parts=parts, language=self._language, settled=durable
        )
        self.durable = max(self.durable, durable)
        self._speakers.forget(self.durable)
        # Where an echo was hidden nothing takes the place of its partial.
        await broadcast.withdraw(unless={segment.role for segment in saved if not segment.hidden})
        await broadcast.latency(parts[-1][0], draft.end)

    # --- set-up, on a database thread ------------------------------------------------------------

    def _claim(
        self,
        *,
        offset: int | None,
        kept: int,
        missing: str,
        origin_ms: int | None,
        asked_at: datetime,
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
            kept=kept,
            missing=missing,
            origin_ms=origin_ms,
            asked_at=asked_at,
        )
        return opened, speech.builder(session, offset=opened.resume_from, phrases=self._vocabulary)


def _how_it_stands(session_id: UUID) -> tuple[list[Stretch], bool]:
    """Return what is off the record, and whether the candidate agrees."""
    session = access.session_by_id(session_id)
    if session is None:
        return [], True
    return queries.off_record(session), queries.has_consent(session)


def admit_another() -> None:
    """Raise DomainError busy (admission.Busy) where this process follows all it can."""
    admission.admit(
        _lags(), limit=settings.INTERVIEW_MAX_STREAMS, resuming=False, now=time.monotonic()
    )


def _lags() -> list[Lag]:
    return [stream.lag for stream in _running.values()]


def _public(error: Exception) -> DomainError:
    """Return the error the connection may see; log where an unexpected one came from."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, EngineError):
        return DomainError("engine_unavailable", str(error), status=503)
    where = error.where[-3:] if isinstance(error, PipelineError) else ()
    logger.error("stream died: %s %s", type(error).__name__, where)
    return DomainError("internal", "Recognition stopped; the audio kept here is sent again.")
