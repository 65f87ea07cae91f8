"""How loud a stream is: for the meter on the page, and to tell a voice from its echo.

Sound is measured once, in blocks of 100 ms, as it comes; only figures are kept, never the sound.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH

BLOCK = SAMPLE_RATE // 10  # samples
BLOCK_MS = 100
KEPT = 1200  # blocks, two minutes: longer than any utterance
FULL_SCALE = 32_768
FLOOR_DB = -60.0  # dBFS, the empty meter
AUDIBLE_DB = -53.0  # dBFS; what stays below it is silence
PAUSE_DB = 20.0  # what is so much below the loudest block of an utterance is none of its speech
CLIPPED_AT = 32_700
CLIPPED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter shows: `level` is 0 at −60 dBFS and 1 at full scale."""

    level: float
    clipped: bool


class Meter:
    """Measure the sound of one stream whose first sample has a position; used from one thread."""

    def __init__(self, position: int = 0) -> None:
        self.silent_ms = 0  # how long nothing could be heard
        self._position = position
        self._powers: deque[float] = deque(maxlen=KEPT)  # mean squares of the latest blocks
        self._blocks = 0  # measured so far
        self._rest = b""  # less than a block
        self._unread: list[float] = []
        self._clipped = 0  # samples since the last reading

    def hear(self, pcm: bytes) -> None:
        """Take the next chunk, any number of whole samples."""
        data = self._rest + pcm
        count = len(data) // SAMPLE_WIDTH // BLOCK
        cut = count * BLOCK * SAMPLE_WIDTH
        self._rest = data[cut:]
        if not count:
            return
        samples = np.frombuffer(data[:cut], "<i2").astype(np.float32)
        self._clipped += int(np.count_nonzero(np.abs(samples) >= CLIPPED_AT))
        self._blocks += count
        powers = _powers(samples)
        self._powers.extend(powers)
        self._unread = [*self._unread, *powers][-KEPT:]
        for power in powers:
            self.silent_ms = 0 if decibels(power) > AUDIBLE_DB else self.silent_ms + BLOCK_MS

    def between(self, start: int, end: int) -> float | None:
        """Return how loud the speech between two samples was, in dBFS; None for digital silence.

        Pauses do not count. None too where it is longer ago than what is remembered.
        """
        oldest = self._blocks - len(self._powers)
        first = max((start - self._position) // BLOCK - oldest, 0)
        last = -(-(end - self._position) // BLOCK) - oldest
        powers = [self._powers[at] for at in range(first, min(last, len(self._powers)))]
        loudest = max(powers, default=0.0)
        if not loudest:
            return None
        speech = [power for power in powers if power * 10 ** (PAUSE_DB / 10) >= loudest]
        return decibels(sum(speech) / len(speech))

    def read(self) -> Reading | None:
        """Return what came since the last reading; None while that is less than a block."""
        if not self._unread:
            return None
        level = 1 - decibels(sum(self._unread) / len(self._unread)) / FLOOR_DB
        clipped = self._clipped > CLIPPED_SHARE * len(self._unread) * BLOCK
        self._unread, self._clipped = [], 0
        return Reading(round(min(1.0, max(0.0, level)), 3), clipped)


def decibels(power: float) -> float:
    """Return a mean square as dBFS."""
    return 10 * math.log10(power + 1e-12)


def _powers(samples: npt.NDArray[np.float32]) -> list[float]:
    scaled = samples.reshape(-1, BLOCK) / FULL_SCALE
    return [float(power) for power in np.square(scaled).mean(axis=1)]
