"""Chunks of one stream in, redacted drafts out; each stream decodes on a thread of its own.

pcm ─► recognizer ─► hypotheses ─► partial: quick redaction ─► terms ─► Partial
                               └─► final:   full redaction  ─► terms ─► SegmentDraft
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from transcription.engines.base import Hypothesis, Recognizer, Word
from transcription.levels import Meter

T = TypeVar("T")

PLACEHOLDER = re.compile(r"\[([A-Z_]+)-\d+\]")  # of what was redacted, with its kind


class Redacted(Protocol):
    """What a full redaction gives: text, words that go with it, and counts per kind."""

    @property
    def text(self) -> str: ...
    @property
    def words(self) -> tuple[Word, ...]: ...
    @property
    def kinds(self) -> dict[str, int]: ...


class SessionRedactor(Protocol):
    """Remove personal data; one per session, so that a value keeps its placeholder."""

    def final(self, text: str, words: Sequence[Word] = ()) -> Redacted: ...
    def partial(self, text: str) -> str: ...


class Normaliser(Protocol):
    """Write terms and numbers the way they are read."""

    def __call__(self, text: str, words: Sequence[Word] = ()) -> tuple[str, tuple[Word, ...]]: ...


def as_heard(text: str, words: Sequence[Word] = ()) -> tuple[str, tuple[Word, ...]]:
    """Leave text and words as they are."""
    return text, tuple(words)


@dataclass(frozen=True, slots=True)
class Partial:
    """Hold provisional text to show, never to store; empty text withdraws the last one."""

    text: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """Hold the redacted final text of one utterance, ready to be stored."""

    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)
    start: int
    end: int
    confidence: float
    engine: str
    kinds: dict[str, int]
    level: float | None = None  # loudness of the speech in dBFS
    levels: tuple[float, ...] = ()  # of each word; empty where that is not known

    def only(self, places: Sequence[int]) -> SegmentDraft:
        """Return a draft of some of the words, in their order and at least one."""
        words = tuple(self.words[at] for at in places)
        text = " ".join(word.text for word in words)
        return replace(
            self,
            text=text,
            words=words,
            start=words[0].start,
            end=words[-1].end,
            kinds=dict(Counter(PLACEHOLDER.findall(text))),
            levels=tuple(self.levels[at] for at in places) if self.levels else (),
        )


Output = Partial | SegmentDraft


class PipelineError(Exception):
    """Report a failure while audio was decoded or redacted.

    The message names the step and the type of the original error, never its text, which may quote
    what was said. `where` lists "file:line function" of the failing call, innermost last.
    """

    def __init__(self, step: str, error: Exception) -> None:
        super().__init__(f"The {step} failed with {type(error).__name__}.")
        self.step = step
        self.where = tuple(
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        )


class Pipeline:
    """Run one stream's audio through a recognizer and a redactor; used from one thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        redactor: SessionRedactor,
        normaliser: Normaliser = as_heard,
    ) -> None:
        self.meter = Meter(recognizer.settled)
        self._recognizer = recognizer
        self._redactor = redactor
        self._normaliser = normaliser
        self._shown: Partial | None = None

    @property
    def settled(self) -> int:
        """Sample up to which everything is in a returned draft or known to be silence."""
        return self._recognizer.settled

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Output]:
        """Take the next chunk; `partials=False` (overload) leaves out work that only shows text.

        Raises PipelineError.
        """
        self.meter.hear(pcm)
        heard = _guarded("recognizer", lambda: self._recognizer.accept(pcm, partials=partials))
        return self._outputs(heard, partials=partials)

    def flush(self) -> list[Output]:
        """Give the last words at the end of the stream; `settled` is then all samples seen."""
        return self._outputs(_guarded("recognizer", self._recognizer.flush), partials=False)

    def close(self) -> None:
        """Give the recognizer's resources back; harmless when repeated."""
        _guarded("recognizer", self._recognizer.close)

    def _outputs(self, heard: list[Hypothesis], *, partials: bool) -> list[Output]:
        out: list[Output] = []
        for hypothesis in heard:
            if hypothesis.final:
                out.extend(self._finish(hypothesis))
            elif partials:
                out.extend(self._show(hypothesis))
        return out

    def _show(self, hypothesis: Hypothesis) -> list[Output]:
        redacted = _guarded("redactor", lambda: self._redactor.partial(hypothesis.text))
        text, _ = _guarded("normaliser", lambda: self._normaliser(redacted))
        if text == (self._shown.text if self._shown else ""):
            return []
        self._shown = Partial(text, hypothesis.start, hypothesis.end)
        return [self._shown]

    def _finish(self, hypothesis: Hypothesis) -> list[Output]:
        shown, self._shown = self._shown, None
        if hypothesis.text:
            redacted = _guarded(
                "redactor", lambda: self._redactor.final(hypothesis.text, hypothesis.words)
            )
            if redacted.text:
                # After the redaction, which has to see numbers as they were said.
                text, words = _guarded(
                    "normaliser", lambda: self._normaliser(redacted.text, redacted.words)
                )
                return [
                    SegmentDraft(
                        text=text,
                        words=words,
                        start=hypothesis.start,
                        end=hypothesis.end,
                        confidence=hypothesis.confidence,
                        engine=hypothesis.engine,
                        kinds=dict(redacted.kinds),
                        level=self.meter.between(hypothesis.start, hypothesis.end),
                        levels=self._levels(words),
                    )
                ]
        withdrawn = shown is not None and shown.text != ""
        return [Partial("", hypothesis.start, hypothesis.end)] if withdrawn else []

    def _levels(self, words: Sequence[Word]) -> tuple[float, ...]:
        levels = [self.meter.between(word.start, word.end) for word in words]
        known = [level for level in levels if level is not None]
        return tuple(known) if len(known) == len(words) else ()


class StreamWorker:
    """Run a pipeline on the one thread of its stream, so that order holds and the loop stays free.

    `build` makes the pipeline on that thread at the first call: loading a model blocks nobody.
    """

    def __init__(self, build: Callable[[], Pipeline]) -> None:
        self._build = build
        self._pipeline: Pipeline | None = None
        self._executor: ThreadPoolExecutor | None = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="stream"
        )

    @property
    def settled(self) -> int | None:
        """Settled sample of the pipeline; None until it is built."""
        return self._pipeline.settled if self._pipeline else None

    @property
    def meter(self) -> Meter | None:
        """Meter of the pipeline, to be read while no work is under way; None until it is built."""
        return self._pipeline.meter if self._pipeline else None

    async def open(self) -> None:
        """Build the pipeline, else the first `accept` does; raises what `build` raises."""
        await self._run(self._open)

    async def run(self, work: Callable[[Pipeline], T]) -> T:
        """Do some work with the pipeline on the stream's thread."""
        return await self._run(lambda: work(self._open()))

    async def accept(self, pcm: bytes, *, partials: bool = True) -> list[Output]:
        """Run `Pipeline.accept` on the stream's thread."""
        return await self.run(lambda pipeline: pipeline.accept(pcm, partials=partials))

    async def flush(self) -> list[Output]:
        """Run `Pipeline.flush` on the stream's thread."""
        return await self.run(lambda pipeline: pipeline.flush())

    async def close(self) -> None:
        """Close the pipeline after the work that is under way, then end the thread."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        try:
            # Submitted before anything can be cancelled: the thread closes even if nobody waits.
            closed = asyncio.wrap_future(executor.submit(self._close))
        finally:
            executor.shutdown(wait=False)
        await closed

    def _open(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = self._build()
        return self._pipeline

    def _close(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.close()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._executor is None:
            raise RuntimeError("The stream is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _guarded(step: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        # `from None`: a logged traceback must not carry the original message.
        raise PipelineError(step, error) from None
