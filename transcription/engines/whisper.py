"""Whisper as a streaming engine: voice activity cuts utterances, growing ones are decoded again.

When speech pauses for 0.3 s the utterance is decoded as if it were over. If the pause lasts, that
text is the final and the end of an utterance costs no further decoding; if speech goes on, partials
decode only what was said since and put it behind that text. How long the pause has to last depends
on that text: a finished sentence ends the utterance soon, one that breaks off late.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from transcription.endpointing import (
    DEFAULT_RULES,
    Ended,
    Endpointer,
    Paused,
    Reads,
    Rules,
    reading,
)
from transcription.engines.base import SAMPLE_RATE, Hypothesis
from transcription.engines.whisper_model import Transcript, WhisperModel
from transcription.engines.window import AudioWindow

NAME = "whisper"
FIRST_PARTIAL = round(0.45 * SAMPLE_RATE)  # speech heard before the first partial
AGAIN = round(0.3 * SAMPLE_RATE)  # until the next try where nothing was understood yet
# Partials of one stream take at most this share of a core: on a slow machine they come less often.
LOAD = 0.5
PAUSE_COMING = round(0.13 * SAMPLE_RATE)  # silence after which a partial would delay the final
MARGIN = round(0.05 * SAMPLE_RATE)  # word times may leave the measured speech by this much


class WhisperEngine:
    """Share one Whisper model between the streams of all languages."""

    name = NAME

    def __init__(
        self,
        model: WhisperModel | Path,
        *,
        partial_interval_s: float = 0.6,
        rules: Rules = DEFAULT_RULES,
    ) -> None:
        self.model = WhisperModel(model) if isinstance(model, Path) else model
        self._interval = round(partial_interval_s * SAMPLE_RATE)
        self._rules = rules

    def recognizer(
        self, *, language: str, glossary: Sequence[str] = (), offset: int = 0
    ) -> WhisperRecognizer:
        """Open a stream; raises EngineUnavailable for a language Whisper does not know."""
        code = self.model.check_language(language)
        decoder = UtteranceDecoder(self.model, code, glossary)
        endpointer = Endpointer(offset=offset, rules=self._rules)
        return WhisperRecognizer(decoder, endpointer, AudioWindow(offset), self._interval)

    def warm(self) -> None:
        """Load the model and decode once."""
        self.model.warm()


class UtteranceDecoder:
    """Decode utterances of one stream, with its language and glossary."""

    def __init__(self, model: WhisperModel, language: str, glossary: Sequence[str]) -> None:
        self._model = model
        self._language = language
        self._prompt = model.prompt(glossary)

    @property
    def language(self) -> str:
        """Code of the language that is spoken."""
        return self._language

    def partial(self, pcm: bytes, *, urgent: bool) -> str:
        """Return provisional text, empty if there is no speech."""
        heard = self._decode(pcm, times=False, urgent=urgent)
        return heard.text if heard else ""

    def final(self, pcm: bytes) -> Transcript | None:
        """Return text with word times, None if there is no speech."""
        return self._decode(pcm, times=True, urgent=True)

    def _decode(self, pcm: bytes, *, times: bool, urgent: bool) -> Transcript | None:
        return self._model.transcribe(
            pcm, language=self._language, prompt=self._prompt, times=times, urgent=urgent
        )


class WhisperRecognizer:
    """Turn one stream into partials every `interval` samples and a final for each utterance."""

    def __init__(
        self, decoder: UtteranceDecoder, endpointer: Endpointer, audio: AudioWindow, interval: int
    ) -> None:
        self._decoder = decoder
        self._endpointer = endpointer
        self._audio = audio
        self._interval = interval
        self._decoded_to: int | None = None  # end of the audio in the utterance's last partial
        self._cost = 0  # samples between partials that the last one's decoding time asks for
        self._shown = False  # a partial of the utterance is out
        self._ahead: tuple[Paused | Ended, Transcript | None] | None = (
            None  # decoded at its last pause
        )
        endpointer.judge = self._reads

    @property
    def settled(self) -> int:
        """Sample up to which everything is in a final or known to be silence."""
        return self._endpointer.settled

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Hypothesis]:
        """Take the next chunk; decode what paused, ended or grew."""
        self._audio.append(pcm)
        out: list[Hypothesis] = []
        events = self._endpointer.accept(pcm)
        for event in events:
            if isinstance(event, Ended):
                out.extend(self._finish(event))
            elif partials and event is events[-1]:
                heard = self._look_ahead(event)
                out.extend(self._partial(event.start, event.end, heard.text if heard else ""))
        if partials:
            out.extend(self._grow())
        self._audio.drop_before(self._endpointer.settled)
        return out

    def flush(self) -> list[Hypothesis]:
        """Decode the utterance that is open at the end of the stream."""
        out: list[Hypothesis] = []
        for event in self._endpointer.flush():
            if isinstance(event, Ended):
                out.extend(self._finish(event))
        self._audio.drop_before(self._audio.end)
        return out

    def close(self) -> None:
        """Forget the audio; the model is shared."""
        self._audio.drop_before(self._audio.end)

    def _finish(self, utterance: Ended) -> list[Hypothesis]:
        heard = self._look_ahead(utterance)
        self._ahead = None
        shown, self._shown = self._shown, False
        self._decoded_to = None
        if heard is None:
            return [_withdrawal(utterance)] if shown else []
        return [hypothesis(heard, utterance, engine=NAME)]

    def _reads(self, pause: Paused) -> Reads:
        """Tell the endpointer how the utterance reads; without partials it is decoded only now."""
        heard = self._look_ahead(pause)
        return reading(heard.text, self._decoder.language) if heard else Reads.UNKNOWN

    def _look_ahead(self, span: Paused | Ended) -> Transcript | None:
        """Decode at a pause as if the utterance were over; the text is kept until it is."""
        ahead = self._ahead
        if ahead is None or (ahead[0].start, ahead[0].end) != (span.start, span.end):
            heard = self._decoder.final(self._audio.read(span.start, span.end))
            ahead = self._ahead = (span, heard)
        return ahead[1]

    def _grow(self) -> list[Hypothesis]:
        """Decode the open utterance again if it has grown enough."""
        endpointer = self._endpointer
        if endpointer.speech_start is None or endpointer.silence > PAUSE_COMING:
            return []
        start, end = endpointer.start, endpointer.position
        head = ""
        if self._ahead is not None and self._ahead[1] is not None:
            pause, heard = self._ahead[0], self._ahead[1]
            start, head = (pause.speech_end + pause.end) // 2, heard.text + " "
        if self._decoded_to is None:
            due = endpointer.speech_start + FIRST_PARTIAL
        elif not self._shown:
            due = self._decoded_to + AGAIN
        else:
            due = self._decoded_to + max(self._interval, self._cost)
        if end < due:
            return []
        began = time.perf_counter()
        tail = self._decoder.partial(self._audio.read(start, end), urgent=not self._shown)
        self._cost = round((time.perf_counter() - began) / LOAD * SAMPLE_RATE)
        return self._partial(endpointer.start, end, (head + tail).strip())

    def _partial(self, start: int, end: int, text: str) -> list[Hypothesis]:
        self._decoded_to = end
        if not text:
            return []
        self._shown = True
        return [Hypothesis(text, start, end, final=False, engine=NAME)]


def hypothesis(heard: Transcript, utterance: Ended, *, engine: str) -> Hypothesis:
    """Return the final of an utterance with its words on the stream's time line."""
    lowest = max(utterance.start, utterance.speech_start - MARGIN)
    highest = min(utterance.end, utterance.speech_end + MARGIN)

    def placed(position: int) -> int:
        return min(max(utterance.start + position, lowest), highest)

    words = [replace(word, start=placed(word.start), end=placed(word.end)) for word in heard.words]
    if words:  # cross-attention leaves the last word too early, voice activity knows its end
        words[-1] = replace(words[-1], end=max(words[-1].start, utterance.speech_end))
    return Hypothesis(
        text=heard.text,
        start=words[0].start if words else lowest,
        end=words[-1].end if words else highest,
        final=True,
        words=tuple(words),
        confidence=heard.confidence,
        engine=engine,
    )


def _withdrawal(utterance: Ended) -> Hypothesis:
    return Hypothesis("", utterance.start, utterance.end, final=True, engine=NAME)
