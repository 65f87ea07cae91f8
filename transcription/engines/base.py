"""What every speech engine takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

SAMPLE_RATE = 16_000  # Hz; mono s16le everywhere behind the socket
SAMPLE_WIDTH = 2  # bytes


class EngineError(Exception):
    """Report a failing engine in a sentence that holds no spoken words."""


class EngineUnavailable(EngineError):
    """Report that an engine or its model is not installed, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Word:
    """Hold one word; positions are samples since the stream's first sample.

    `heard` is what the engine wrote where `text` was made easier to read: "e c two" for EC2.
    """

    text: str = field(repr=False)
    start: int
    end: int
    confidence: float
    heard: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Hold what an engine heard between two samples.

    A partial replaces the one before it. A final is never revised; one with empty text says that
    the partials since the last final were no speech after all.
    """

    text: str = field(repr=False)
    start: int
    end: int
    final: bool
    words: tuple[Word, ...] = field(default=(), repr=False)
    confidence: float = 1.0
    engine: str = ""


class Recognizer(Protocol):
    """Turn one stream of audio into hypotheses; used from one thread."""

    @property
    def settled(self) -> int:
        """Sample up to which everything is in a final or known to be silence."""

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Hypothesis]:
        """Take the next chunk, any number of whole samples; skip work for partials on request."""

    def flush(self) -> list[Hypothesis]:
        """Give the last words at the end of the stream; `settled` is then all samples seen."""

    def close(self) -> None:
        """Give pooled resources back; harmless when repeated."""


class Engine(Protocol):
    """Make recognizers that share one loaded model."""

    @property
    def name(self) -> str:
        """Name under which the registry knows the engine."""

    def recognizer(
        self, *, language: str, glossary: Sequence[str] = (), offset: int = 0
    ) -> Recognizer:
        """Open a stream whose first sample has the position `offset`."""

    def warm(self) -> None:
        """Load the model and decode once, so that the first stream is not slow."""


def primary_language(language: str) -> str:
    """Return the primary subtag of a language code: "en" for "en-US" and "EN_gb"."""
    return language.strip().lower().replace("_", "-").split("-", 1)[0]
