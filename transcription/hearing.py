"""Write an uploaded recording down: decode, recognize, redact, store; slice by slice.

A slice ends after SLICE_S so that other work gets its turn, and the next one goes on from what is
durable, as a recorder does after a lost connection: what was open then is heard again, what was
stored is not stored twice. So it makes no difference whether a slice ended, failed or was killed.
Each channel has a thread of its own, of low priority: live interviews come first.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TypeVar
from uuid import UUID

from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from sessions.models import Session, Status
from transcription import services, speech, uploads
from transcription.audio import (
    BLOCK_SAMPLES,
    SAMPLE_RATE,
    SAMPLE_WIDTH,
    AudioError,
    Recording,
    decode,
)
from transcription.engines.base import EngineError
from transcription.engines.registry import Choice
from transcription.models import SAMPLES_PER_MS, Upload
from transcription.pipeline import Output, Pipeline, PipelineError, SegmentDraft
from transcription.uploads import Lease, Lost

logger = logging.getLogger(__name__)

T = TypeVar("T")

SLICE_S = 45.0  # of time; what is begun then is finished
# What is heard between two looks at lease, clock and cancellation: 5 s of audio.
BATCH_BLOCKS = 5 * SAMPLE_RATE // BLOCK_SAMPLES
TELL_S = 0.5  # the shortest between two notes of progress
NICENESS = 10
NO_ENGINE = "engine_unavailable"

_stopping = threading.Event()


def stop() -> None:
    """Let slices end after the batch under way: the process is going down."""
    _stopping.set()


def hear(upload_id: UUID) -> bool:
    """Write the next slice down; return whether there is more to do at once."""
    lease = uploads.claim(upload_id)
    if lease is None:
        return False
    try:
        return _hear(lease)
    except (Lost, PipelineError, DomainError) as error:
        # Cancelled, erased or taken over; or a failure that the sweep tries again, within bounds.
        if not isinstance(error, Lost):
            where = error.where[-3:] if isinstance(error, PipelineError) else ()
            logger.warning("upload %s: %s %s", upload_id, type(error).__name__, where)
        return False
    finally:
        uploads.release(lease)


def _hear(lease: Lease) -> bool:
    upload = uploads.leased(lease)
    try:
        with uploads.open_file(upload) as file, _Channels(upload) as channels:
            recording = decode(
                file,
                container=upload.media,
                mono=len(upload.roles) == 1,
                start=channels.position,
            )
            with closing(recording.blocks):
                return _listen(lease, recording, channels)
    except AudioError as error:
        uploads.complete(lease, upload.done_ms, error.code)
    except EngineError:
        uploads.complete(lease, upload.done_ms, NO_ENGINE)
    except DomainError as error:
        if error.code != NO_ENGINE:
            raise
        uploads.complete(lease, upload.done_ms, NO_ENGINE)
    except (CryptoError, OSError):
        uploads.complete(lease, upload.done_ms, "unreadable")
    return False


def _listen(lease: Lease, recording: Recording, channels: "_Channels") -> bool:
    """Hear until the recording, its readable part or the slice is over; True for the latter."""
    started = told = time.monotonic()
    error = ""
    try:
        for batch in _batches(recording):
            channels.hear(batch)
            if channels.position > uploads.LONGEST_S * SAMPLE_RATE:
                raise uploads.too_long()
            now = time.monotonic()
            over = now - started > SLICE_S or _stopping.is_set()
            if over or now - told > TELL_S:
                uploads.remember(lease, channels.done_ms)
                told = now
            if over:
                return not _stopping.is_set()
    except AudioError as broken:
        error = broken.code  # what could be read is kept
    channels.finish()
    uploads.complete(lease, channels.done_ms, error)
    return False


def _batches(recording: Recording) -> Iterator[tuple[bytes, ...]]:
    """Join blocks to batches; what comes before damage is given out before it is raised."""
    held: list[tuple[bytes, ...]] = []
    broken: AudioError | None = None
    try:
        for block in recording:
            held.append(block)
            if len(held) == BATCH_BLOCKS:
                yield _joined(held)
                held = []
    except AudioError as error:
        broken = error
    if held:
        yield _joined(held)
    if broken:
        raise broken


def _joined(blocks: list[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    return tuple(b"".join(channel) for channel in zip(*blocks, strict=True))


class _Channels:
    """The channels of one recording, heard at the same time; used from one thread."""

    def __init__(self, upload: Upload) -> None:
        choice = speech.choose_engine(upload.session.language)
        self._all = [_Channel(upload.session, role, choice) for role in upload.roles]
        self.position = min(channel.opened.resume_from for channel in self._all)
        self._pool = ThreadPoolExecutor(len(self._all), "recording", initializer=_give_way)

    def __enter__(self) -> "_Channels":
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._each(_Channel.close)
        finally:
            self._pool.shutdown()

    @property
    def done_ms(self) -> int:
        return self.position // SAMPLES_PER_MS

    def hear(self, batch: tuple[bytes, ...]) -> None:
        at = self.position
        sound = dict(zip(self._all, batch, strict=True))
        self._store(self._each(lambda channel: channel.hear(sound[channel], at)))
        self.position += len(batch[0]) // SAMPLE_WIDTH

    def finish(self) -> None:
        """Store the last words."""
        self._store(self._each(_Channel.flush))

    def _each(self, work: Callable[["_Channel"], T]) -> list[T]:
        return list(self._pool.map(work, self._all))

    def _store(self, heard: list[list[SegmentDraft]]) -> None:
        for channel, drafts in zip(self._all, heard, strict=True):
            channel.store(drafts)


class _Channel:
    """One role's part of a recording: a stream and the pipeline that hears it."""

    def __init__(self, session: Session, role: str, choice: Choice) -> None:
        self._language = session.language
        self.opened = services.open_stream(
            session_id=session.pk,
            role=role,
            offset=0,
            origin_ms=0,
            engine=choice.name,
            engine_reason=choice.reason,
            status=Status.PROCESSING,
        )
        self._build = speech.builder(session, offset=self.opened.resume_from)
        self._pipeline: Pipeline | None = None
        self._durable = self.opened.resume_from

    def hear(self, pcm: bytes, at: int) -> list[SegmentDraft]:
        """Hear the sound that begins at sample `at`, but for what was stored before."""
        known = max(0, self.opened.resume_from - at) * SAMPLE_WIDTH
        if known >= len(pcm):
            return []
        return _drafts(self._ready().accept(pcm[known:], partials=False))

    def flush(self) -> list[SegmentDraft]:
        return _drafts(self._pipeline.flush()) if self._pipeline else []

    def store(self, drafts: list[SegmentDraft]) -> None:
        """Store what was heard and how far; on the thread that may use the database."""
        settled = self._pipeline.settled if self._pipeline else 0
        for draft in drafts:
            # Only after the last one is everything heard so far stored.
            through = max(draft.end, settled) if draft is drafts[-1] else draft.end
            services.save_segment(
                opened=self.opened, draft=draft, language=self._language, settled=through
            )
            self._durable = max(self._durable, through)
        if settled > self._durable:
            self._durable = services.settle(opened=self.opened, through=settled)

    def close(self) -> None:
        if self._pipeline is not None:
            with suppress(PipelineError):
                self._pipeline.close()

    def _ready(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = self._build()
        return self._pipeline


def _drafts(outputs: list[Output]) -> list[SegmentDraft]:
    return [output for output in outputs if isinstance(output, SegmentDraft)]


def _give_way() -> None:
    """Let this thread run only where no other wants to; Linux counts that per thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
