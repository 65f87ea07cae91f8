"""Find where utterances begin and end in a stream, by Silero voice activity.

Positions are samples since the stream's first sample. The result depends on the audio only, not on
how it was cut into chunks: everything happens on Silero's grid of 512-sample frames.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcription.voice import FRAME, Silero

FRAME_BYTES = FRAME * 2
FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True)
class Rules:
    """Say when an utterance starts and ends; durations are in frames of 32 ms."""

    start_probability: float = 0.5
    end_probability: float = 0.35
    start_frames: int = 3  # consecutive speech frames that open an utterance
    pause_frames: int = 10  # 0.32 s of silence: the words so far may be the last ones
    finished_frames: int = 14  # 0.45 s: they were, if the sentence reads as finished
    end_frames: int = 19  # 0.61 s: they were, if nothing is known about the sentence
    unfinished_frames: int = 34  # 1.09 s: they were, although the sentence breaks off
    pre_roll_frames: int = 14  # kept in front: soft onsets score low
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


class Reads(enum.Enum):
    """Say whether what was said before a pause reads like all of it."""

    FINISHED = "finished"
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"


Judge = Callable[[Paused], Reads]


@dataclass(frozen=True, slots=True)
class Ended:
    """Give the bounds of a finished utterance: the audio to decode and the speech within."""

    start: int
    end: int
    speech_start: int
    speech_end: int


class VoiceActivity:
    """Judge frame by frame how likely somebody speaks.

    Silero is most of what a silent channel costs, and a channel of an interview is mostly silent.
    It is not asked about frames at the noise floor, the quietest of the last two seconds (minimum
    statistics, Martin 2001), where the caller says that nobody was speaking before them.
    """

    def __init__(self, rules: Rules = DEFAULT_RULES) -> None:
        self._rules = rules
        self._silero = Silero()
        self._levels: deque[float] = deque(maxlen=rules.gate_frames)
        self._skipped: deque[npt.NDArray[np.float32]] = deque(maxlen=rules.start_frames)

    def probability(self, frame: npt.NDArray[np.float32], *, idle: bool) -> float:
        """Return the probability of speech in the next frame of 512 samples in [-1, 1]."""
        level = float(np.sqrt(np.mean(np.square(frame))))
        self._levels.append(level)
        known = len(self._levels) * 2 > self._rules.gate_frames
        if idle and known and level <= self._rules.gate_ratio * min(self._levels):
            self._skipped.append(frame)
            return 0.0
        while self._skipped:  # Silero is recurrent: show it what led up to this frame
            self._silero.probability(self._skipped.popleft())
        return self._silero.probability(frame)

    def reset(self) -> None:
        """Forget what was heard, but not how loud the room is."""
        self._silero.reset()
        self._skipped.clear()


class Endpointer:
    """Cut one stream into utterances.

    `judge` is asked once in a pause whether the sentence reads as finished: a short answer ends
    soon and a pause for thought inside a sentence does not end it.
    """

    def __init__(
        self, *, offset: int = 0, rules: Rules = DEFAULT_RULES, judge: Judge | None = None
    ) -> None:
        self.rules = rules
        self.judge = judge
        self.speech_start: int | None = None  # None between utterances
        self.start = offset  # audio start of the utterance in progress
        self._activity = VoiceActivity(rules)
        self._rest = b""
        self._next = offset  # start of the next frame
        self._free = offset  # nothing before this may go into another utterance
        self._run = 0  # consecutive speech frames before an utterance is open
        self._silent = 0  # consecutive silent frames at the end of the open utterance
        self._needed = rules.end_frames  # silent frames that end the open utterance
        self._probabilities: list[float] = []  # of the open utterance, from `start`

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
        between = self.speech_start is None and self._run == 0
        probability = self._activity.probability(frame, idle=between)
        self._next += FRAME
        if self.speech_start is None:
            self._maybe_open(probability)
            return []
        self._probabilities.append(probability)
        self._silent = self._silent + 1 if probability < self.rules.end_probability else 0
        if not self._silent:
            self._needed = self.rules.end_frames
        long = len(self._probabilities) >= self.rules.soft_cap_frames
        if self._silent == self.rules.finished_frames and self.judge is not None and not long:
            self._needed = self._patience(self.judge(Paused(**self._bounds())))
        if self._silent >= (self.rules.pause_frames if long else self._needed):
            return [self._close()]
        if self._silent == self.rules.pause_frames:
            return [Paused(**self._bounds())]
        if len(self._probabilities) >= self.rules.cap_frames:
            return [self._cut()]
        return []

    def _patience(self, reads: Reads) -> int:
        """Return how many frames of silence end an utterance that reads like this."""
        return {
            Reads.FINISHED: self.rules.finished_frames,
            Reads.UNKNOWN: self.rules.end_frames,
            Reads.UNFINISHED: self.rules.unfinished_frames,
        }[reads]

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


# Last words after which an English sentence goes on, unless it is a question ("to work on?").
HANGING = frozenset(
    "a an the and or but nor because if unless although though while whereas since until whether "
    "of to in on at for with from by into onto about between through during without within via "
    "my our your their his its these those every each some any "
    "is are was were am be been being have has had i we they he she who whose which what where "
    "when how very really quite also mostly mainly basically actually like um uh uhm erm er hmm mm "
    "um-hum well so plus then not just only even more most less than as".split()
)
# Of these only the short sentence is whole: "I think so.", "Of course I am."
CLOSING = frozenset("so not am is are was were do did have has had more then just also".split())
ENDS = ".?!。？！"


def reading(text: str, language: str) -> Reads:
    """Judge by its end whether a text with punctuation is a finished sentence."""
    text = text.rstrip("\"'”’)» ")
    if not text:
        return Reads.UNKNOWN
    if text.endswith((",", ";", ":", "-", "–", "—", "…", "...")):
        return Reads.UNFINISHED
    words = text.rstrip(ENDS).lower().split()
    if language == "en" and text[-1] not in "?？" and words and words[-1] in HANGING:
        whole = words[-1] in CLOSING and 1 < len(words) <= 4
        return Reads.UNKNOWN if whole else Reads.UNFINISHED
    return Reads.FINISHED if text[-1] in ENDS else Reads.UNKNOWN
