"""Two passes: a streaming engine shows words and finds endpoints, Whisper writes the final text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transcription.endpointing import Ended
from transcription.engines.base import SAMPLE_RATE, Engine, Hypothesis, Recognizer
from transcription.engines.whisper import UtteranceDecoder, WhisperEngine, hypothesis
from transcription.engines.whisper_model import LONGEST
from transcription.engines.window import AudioWindow

NAME = "two_pass"
CONTEXT = round(0.3 * SAMPLE_RATE)  # audio around the words that Whisper gets as well
# When Whisper hears no speech, the streaming engine's words count only if it is sure of them.
SURE_CONFIDENCE = 0.85
SURE_WORDS = 2


class TwoPassEngine:
    """Join a streaming engine and Whisper."""

    name = NAME

    def __init__(self, streaming: Engine, whisper: WhisperEngine) -> None:
        self._streaming = streaming
        self._whisper = whisper

    def recognizer(
        self, *, language: str, glossary: Sequence[str] = (), offset: int = 0
    ) -> TwoPassRecognizer:
        """Open a stream; raises EngineUnavailable for a language either engine lacks."""
        code = self._whisper.model.check_language(language)
        decoder = UtteranceDecoder(self._whisper.model, code, glossary)
        streaming = self._streaming.recognizer(language=language, offset=offset)
        return TwoPassRecognizer(streaming, decoder, offset)

    def warm(self) -> None:
        """Load both models and decode once with each."""
        self._streaming.warm()
        self._whisper.warm()


class TwoPassRecognizer:
    """Pass partials through and replace the text of finals."""

    def __init__(self, streaming: Recognizer, decoder: UtteranceDecoder, offset: int) -> None:
        self._streaming = streaming
        self._decoder = decoder
        self._audio = AudioWindow(offset)
        self._free = offset  # end of the last final

    @property
    def settled(self) -> int:
        """Sample up to which everything is in a final or known to be silence."""
        return self._streaming.settled

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Hypothesis]:
        """Take the next chunk; an utterance that ends in it is decoded again."""
        self._audio.append(pcm)
        out = self._second_pass(self._streaming.accept(pcm, partials=partials))
        self._audio.drop_before(max(self._free, self.settled - CONTEXT))
        return out

    def flush(self) -> list[Hypothesis]:
        """Decode the last utterance again."""
        out = self._second_pass(self._streaming.flush())
        self._audio.drop_before(self._audio.end)
        return out

    def close(self) -> None:
        """Give the streaming recognizer back."""
        self._streaming.close()

    def _second_pass(self, heard: list[Hypothesis]) -> list[Hypothesis]:
        return [
            self._again(first) if first.final and first.text else replace(first, engine=NAME)
            for first in heard
        ]

    def _again(self, first: Hypothesis) -> Hypothesis:
        utterance = Ended(
            start=max(self._free, self._audio.start, first.start - CONTEXT),
            end=min(self._audio.end, first.end + CONTEXT),
            speech_start=first.start,
            speech_end=first.end,
        )
        self._free = first.end
        if utterance.end - utterance.start > LONGEST:
            return replace(first, engine=NAME)
        second = self._decoder.final(self._audio.read(utterance.start, utterance.end))
        if second is not None:
            return hypothesis(second, utterance, engine=NAME)
        sure = first.confidence >= SURE_CONFIDENCE and len(first.text.split()) >= SURE_WORDS
        return (
            replace(first, engine=NAME) if sure else replace(first, text="", words=(), engine=NAME)
        )
