"""Keep silence away from a recognizer that decodes whatever it is fed.

Kaldi takes half as long for a second of silence as for a second of speech, and most of a channel of
an interview is silence. Silero alone would cost as much as it saves, so it is asked only about
frames above the noise floor, and not at all while the recognizer has words under way: these end by
the recognizer's own rules.
"""

from __future__ import annotations

import numpy as np

from transcription.endpointing import FRAME_BYTES, FULL_SCALE, VoiceActivity
from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH
from transcription.engines.window import AudioWindow
from transcription.voice import FRAME

SPEECH = 0.4  # probability; lower than where Whisper's utterances begin: words lost cost more
ONSET_FRAMES = 2  # consecutive speech frames that open the gate
PRE_ROLL = round(0.8 * SAMPLE_RATE)  # kept in front: Kaldi adapts to the room before the words
AFTER_WORDS = round(0.25 * SAMPLE_RATE)  # silence behind an utterance that closes the gate
# Silence that closes a gate behind which no words came: they show up to 0.7 s late.
WITHOUT_WORDS = round(1.1 * SAMPLE_RATE)


class SpeechGate:
    """Watch one stream for speech; positions are samples since the stream's first sample."""

    def __init__(self, offset: int) -> None:
        self.is_open = False
        self._activity = VoiceActivity()
        self._held = AudioWindow(offset)  # what may be asked for when the gate opens
        self._rest = b""
        self._run = 0  # consecutive speech frames
        self._quiet = 0  # samples since the last speech frame
        self._patience = AFTER_WORDS

    @property
    def start(self) -> int:
        """Sample before which nothing is let through any more; the first one, once it is open."""
        return self._held.start

    @property
    def end(self) -> int:
        """Position after the last sample that came to the closed gate."""
        return self._held.end

    def hold(self, pcm: bytes) -> bytes:
        """Take the next audio at the closed gate; return what opens it, else nothing."""
        self._held.append(pcm)
        onset = self._watch(pcm)
        if onset is None:
            self._held.drop_before(self._held.end - PRE_ROLL - len(self._rest) // SAMPLE_WIDTH)
            return b""
        self.is_open = True
        self._patience = WITHOUT_WORDS
        self._held.drop_before(onset - PRE_ROLL)
        return self._held.read(self.start, self.end)

    def watch(self, pcm: bytes) -> bool:
        """Take audio that passes the open gate without words so far; return whether to close."""
        self._watch(pcm)
        return self._quiet >= self._patience

    def ended(self) -> None:
        """Expect silence: an utterance has ended, and what went by since it began was not seen."""
        self._activity.reset()
        self._rest = b""
        self._run = self._quiet = 0
        self._patience = AFTER_WORDS

    def close(self, position: int) -> None:
        """Close; nothing before `position` is let through again."""
        self.is_open = False
        self._run = 0
        self._held = AudioWindow(position)

    def _watch(self, pcm: bytes) -> int | None:
        """Judge the frames that are complete; return where speech began if it has."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        frames = np.frombuffer(data, dtype="<i2", count=whole // SAMPLE_WIDTH).astype(np.float32)
        onset = None
        left = whole // FRAME_BYTES
        for frame in (frames / np.float32(FULL_SCALE)).reshape(-1, FRAME):
            left -= 1
            speech = self._activity.probability(frame, idle=self._run == 0) > SPEECH
            self._run = self._run + 1 if speech else 0
            self._quiet = 0 if speech else self._quiet + FRAME
            if self._run == ONSET_FRAMES and onset is None:
                behind = (ONSET_FRAMES + left) * FRAME + len(self._rest) // SAMPLE_WIDTH
                onset = self._held.end - behind
        return onset
