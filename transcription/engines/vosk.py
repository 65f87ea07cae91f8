"""Vosk (Kaldi) as a streaming engine: native partials and endpoints, pooled warm recognizers.

A model is always given by path: with a name or a language Vosk goes to the network and may call
`sys.exit`. Dither stays as the model has it: without it Kaldi fails on digital silence.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transcription.engines.base import (
    SAMPLE_RATE,
    SAMPLE_WIDTH,
    EngineUnavailable,
    Hypothesis,
    Word,
)
from transcription.engines.gate import SpeechGate

NAME = "vosk"
BLOCK_BYTES = SAMPLE_RATE // 10 * SAMPLE_WIDTH  # endpoints are looked for after each 100 ms
# Known silence while Vosk shows no words: they come up to 0.7 s late, the rest is margin.
QUIET = 2 * SAMPLE_RATE
SPARE_RECOGNIZERS = 4  # idle ones kept per model; each holds 40 MB and more
# Quicker than the models' own 0.5 to 2 s of trailing silence; 18 s end an unbroken utterance.
ENDPOINT_RULES = {
    "--endpoint.rule2.min-trailing-silence": "0.3",
    "--endpoint.rule3.min-trailing-silence": "0.6",
    "--endpoint.rule4.min-trailing-silence": "1.0",
    "--endpoint.rule5.min-utterance-length": "18",
}
NOISES = frozenset({"[unk]", "<unk>", "<eps>", "[noise]", "[laughter]"})


class VoskEngine:
    """Share the Vosk model of one language between its streams."""

    name = NAME

    def __init__(
        self, path: Path, *, cache_dir: Path | None = None, recycle_after_s: float = 600
    ) -> None:
        self._path = path
        self._cache_dir = cache_dir
        self._recycle_after = round(recycle_after_s * SAMPLE_RATE)
        self._lock = threading.Lock()
        self._model: Any = None
        self._idle: list[Decoder] = []

    def recognizer(
        self, *, language: str, glossary: Sequence[str] = (), offset: int = 0
    ) -> VoskRecognizer:
        """Open a stream. The language is the model's; a glossary has no effect."""
        return VoskRecognizer(self, offset)

    def warm(self) -> None:
        """Load the model and put a warm recognizer into the pool."""
        self.release(self.acquire())

    def acquire(self) -> Decoder:
        """Take a warm recognizer from the pool or make one. Raises EngineUnavailable."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            model = self._load()
        return Decoder(model)

    def release(self, decoder: Decoder) -> None:
        """Put a recognizer back; one that has grown too old is dropped instead."""
        if self.is_worn(decoder):
            return
        decoder.renew()
        with self._lock:
            if len(self._idle) < SPARE_RECOGNIZERS:
                self._idle.append(decoder)

    def is_worn(self, decoder: Decoder) -> bool:
        """Whether a recognizer should be replaced: Kaldi's caches grow by the minute."""
        return decoder.fed >= self._recycle_after

    def _load(self) -> Any:
        if self._model is None:
            if not is_model(self._path):
                raise EngineUnavailable(
                    f"There is no Vosk model in {self._path}; get one with "
                    "`python manage.py download_model LANGUAGE --engine vosk`."
                )
            # Loads a 25 MB library, which a process that never uses Vosk need not have.
            import vosk

            vosk.SetLogLevel(-1)
            path = with_rules(self._path, self._cache_dir) if self._cache_dir else self._path
            try:
                self._model = vosk.Model(str(path))
            except Exception as error:  # Vosk raises bare Exception
                raise EngineUnavailable(
                    f"The Vosk model in {self._path} is damaged; delete the folder and get it "
                    "again with `python manage.py download_model LANGUAGE --engine vosk`."
                ) from error
        return self._model


class Decoder:
    """A Kaldi recognizer that is warm and knows how much audio it has had in its life."""

    def __init__(self, model: Any) -> None:
        import vosk  # as above

        self._kaldi = vosk.KaldiRecognizer(model, float(SAMPLE_RATE))
        self._kaldi.SetWords(True)
        self.fed = 0  # samples; word times count from the first one
        self.feed(bytes(SAMPLE_RATE * SAMPLE_WIDTH))  # the first decoding costs 0.4 s and more
        self.last()

    def feed(self, pcm: bytes) -> bool:
        """Decode a block; return whether an utterance ended with it."""
        self.fed += len(pcm) // SAMPLE_WIDTH
        return bool(self._kaldi.AcceptWaveform(pcm))

    def partial(self) -> str:
        """Return the words of the utterance so far."""
        return _clean(json.loads(self._kaldi.PartialResult()).get("partial", ""))

    def result(self) -> list[dict[str, Any]]:
        """End the utterance; return its words with times in seconds of the recognizer's life."""
        return self._words(self._kaldi.Result())

    def last(self) -> list[dict[str, Any]]:
        """End the utterance and the audio; what is fed next is a new speaker to the recognizer."""
        return self._words(self._kaldi.FinalResult())

    def renew(self) -> None:
        """Forget the utterance and the adaptation to its speaker, keep the recognizer warm.

        Kaldi drops its feature pipeline at a final result only, and only if there was audio since
        the last result. `Reset` keeps it: adaptation to the silence of a warm-up took the character
        error rate of a Korean recording from 0.10 to 0.25.
        """
        self.feed(bytes(BLOCK_BYTES))
        self.last()

    @staticmethod
    def _words(result: str) -> list[dict[str, Any]]:
        return [word for word in json.loads(result).get("result", []) if _clean(word["word"])]


class VoskRecognizer:
    """Turn one stream into native partials and finals; silence does not reach Kaldi.

    Every closing of the gate ends an utterance, so that all words of a result lie behind the place
    where the gate was opened last: one origin turns the decoder's time into positions.
    """

    def __init__(self, engine: VoskEngine, offset: int) -> None:
        self._engine = engine
        self._decoder: Decoder | None = engine.acquire()
        self._gate = SpeechGate(offset)
        self._origin = offset - self._decoder.fed  # position of the decoder's first sample
        self._rest = b""
        self._text = ""  # of the utterance under way
        self._shown = ""
        self.settled = offset

    @property
    def position(self) -> int:
        """Sample up to which audio has been decoded since the gate was opened."""
        return self._origin + self._required().fed

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Hypothesis]:
        """Take the next chunk; blocks of fixed length make endpoints independent of its length."""
        data = self._rest + pcm
        out: list[Hypothesis] = []
        whole = len(data) - len(data) % BLOCK_BYTES
        for first in range(0, whole, BLOCK_BYTES):
            out.extend(self._block(data[first : first + BLOCK_BYTES]))
        self._rest = data[whole:]
        if partials and self._text and self._text != self._shown:
            self._shown = self._text
            out.append(
                Hypothesis(self._text, self.settled, self.position, final=False, engine=NAME)
            )
        return out

    def flush(self) -> list[Hypothesis]:
        """Decode what is left and end the utterance."""
        rest, self._rest = self._rest, b""
        out: list[Hypothesis] = []
        if not self._gate.is_open:
            rest = self._hold(rest)
        if self._gate.is_open:
            decoder = self._required()
            decoder.feed(rest)
            out = self._final(decoder.last())
            self._close_gate()
        self.settled = self._gate.end
        return out

    def close(self) -> None:
        """Give the recognizer back to the pool."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            self._engine.release(decoder)

    def _required(self) -> Decoder:
        if self._decoder is None:
            raise RuntimeError("The recognizer is closed.")
        return self._decoder

    def _block(self, pcm: bytes) -> list[Hypothesis]:
        over = False
        if not self._gate.is_open:
            pcm = self._hold(pcm)
            if not pcm:
                return []
        elif not self._text:
            over = self._gate.watch(pcm)
        decoder = self._required()
        ended = decoder.feed(pcm)
        if ended or over:
            out = self._final(decoder.result())
            self.settled = self.position
            self._renew_worn()
            self._gate.ended() if ended and not over else self._close_gate()
            return out
        self._text = decoder.partial()
        if not self._text:
            self.settled = max(self.settled, self.position - QUIET)
        return []

    def _hold(self, pcm: bytes) -> bytes:
        """Show audio to the closed gate; return what has to be decoded now that it is open."""
        released = self._gate.hold(pcm)
        self.settled = max(self.settled, self._gate.start)
        if self._gate.is_open:
            self._origin = self._gate.start - self._required().fed
        return released

    def _close_gate(self) -> None:
        self._gate.close(self.position)

    def _renew_worn(self) -> None:
        """Replace a recognizer that has grown too old, between two utterances."""
        worn = self._required()
        if self._engine.is_worn(worn):
            self._engine.release(worn)
            self._decoder = self._engine.acquire()
            self._origin = self.settled - self._decoder.fed

    def _final(self, found: list[dict[str, Any]]) -> list[Hypothesis]:
        shown, self._shown, self._text = self._shown, "", ""
        words = tuple(self._word(word) for word in found)
        if not words:
            withdrawal = Hypothesis("", self.settled, self.position, final=True, engine=NAME)
            return [withdrawal] if shown else []
        return [
            Hypothesis(
                text=" ".join(word.text for word in words),
                start=words[0].start,
                end=words[-1].end,
                final=True,
                words=words,
                confidence=round(sum(word.confidence for word in words) / len(words), 3),
                engine=NAME,
            )
        ]

    def _word(self, found: dict[str, Any]) -> Word:
        start, end = (
            min(max(self._origin + round(found[key] * SAMPLE_RATE), self.settled), self.position)
            for key in ("start", "end")
        )
        return Word(found["word"], start, end, round(min(1.0, float(found.get("conf", 1.0))), 3))


def is_model(path: Path) -> bool:
    """Return whether a folder looks like a Vosk model, in the present or the old layout."""
    return (path / "am" / "final.mdl").is_file() or (path / "final.mdl").is_file()


def with_rules(path: Path, cache_dir: Path) -> Path:
    """Return a linked copy of a model with our endpoint rules; the model itself if that fails.

    Vosk 0.3.45 has no setter for them: they are read from `conf/model.conf`.
    """
    conf = path / "conf" / "model.conf"
    if not conf.is_file():
        return path
    lines = [
        line
        for line in conf.read_text(encoding="utf-8").splitlines()
        if line.split("=", 1)[0].strip() not in ENDPOINT_RULES
    ]
    text = "\n".join([*lines, *(f"{key}={value}" for key, value in ENDPOINT_RULES.items()), ""])
    digest = hashlib.sha256(f"{path.resolve()}\n{text}".encode()).hexdigest()[:16]
    linked = cache_dir / f"{path.name}-{digest}"
    try:
        (linked / "conf").mkdir(parents=True, exist_ok=True)
        for part in path.iterdir():
            if part.name != "conf" and not (linked / part.name).exists():
                (linked / part.name).symlink_to(part.resolve(), target_is_directory=part.is_dir())
        for part in (path / "conf").iterdir():
            if part.name != "model.conf" and part.is_file():
                shutil.copyfile(part, linked / "conf" / part.name)
        (linked / "conf" / "model.conf").write_text(text, encoding="utf-8")
    except OSError:  # read-only folder, or no right to make links: slower endpoints, same words
        return path
    return linked


def _clean(text: str) -> str:
    return " ".join(word for word in text.split() if word.lower() not in NOISES)
