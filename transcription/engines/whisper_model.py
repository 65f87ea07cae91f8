"""Whisper on CTranslate2: one utterance of audio in, checked text with word times out."""

from __future__ import annotations

import math
import os
import re
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer

from transcription.engines.base import (
    SAMPLE_RATE,
    SAMPLE_WIDTH,
    EngineUnavailable,
    Word,
    primary_language,
)
from transcription.engines.slots import PrioritySlots
from transcription.model_store import whisper_speaks

PADDING = 2 * SAMPLE_RATE  # zeros after the utterance; 0.5 s makes the decoder repeat itself
SHORTEST = 8 * SAMPLE_RATE  # encoder input; shorter ones lose words
SHORTEST_PARTIAL = 5 * SAMPLE_RATE  # for text that is replaced soon: 40 % less to encode
LONGEST = 28 * SAMPLE_RATE  # what fits Whisper's 30 s with the padding that is left
FULL_SCALE = np.float32(32_768)
HOP = 160  # samples per mel frame
SAMPLES_PER_TIMESTEP = 2 * HOP  # the encoder halves the mel frames
PROMPT_TOKENS = 160  # of the glossary; Whisper takes 223 before the text
TOKENS_PER_SECOND = 12  # more than anybody says in any language; ends runaway repeats early

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # written without spaces

# Below the first, or below the second when Whisper also says "no speech", nobody spoke. Measured:
# speech -0.05 to -0.25; noise, hum and clicks -1.3 to -4.5 (no speech 0.6 to 0.9).
LOWEST_SCORE = -1.0
LOWEST_SCORE_NO_SPEECH = -0.5
NO_SPEECH = 0.6
HIGHEST_COMPRESSION = 2.4  # of the text by zlib; repeats compress better (openai/whisper)
# What Whisper says to silence and noise. Believed only when it is sure of itself.
SILENCE_PHRASES = frozenset(
    {
        "you", "thank you", "thanks", "thank you very much", "thanks for watching", "bye", "okay",
        "thank you for watching", "please subscribe", "so", "oh", "the end", "i", "hmm", "mm",
        "감사합니다", "시청해주셔서 감사합니다", "ご視聴ありがとうございました",
        "谢谢观看", "谢谢大家",
        "vielen dank", "untertitel der amara.org-community", "merci", "gracias", "subtítulos",
        "sous-titres réalisés par la communauté d'amara.org", "продолжение следует",
    }
)  # fmt: skip
LOOP = re.compile(r"(.{10,}?)(?: ?\1)+(.*)$")  # the same characters again until the end
LOWEST_SCORE_PHRASE = -0.45
NO_SPEECH_PHRASE = 0.4


@dataclass(frozen=True, slots=True)
class Transcript:
    """Hold the text of one utterance; word positions count from the utterance's first sample."""

    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)
    confidence: float


class WhisperModel:
    """Decode utterances; loads at first use, safe to share between threads."""

    def __init__(self, path: Path, *, workers: int = 0, threads: int = 1) -> None:
        self._path = path
        self._workers = workers or os.cpu_count() or 1
        self._threads = threads
        self._lock = threading.Lock()
        self._slots = PrioritySlots(self._workers)
        self._model: Any = None
        self._tokens: tokenizers.Tokenizer | None = None
        self._features = FeatureExtractor()

    def warm(self) -> None:
        """Load the weights and decode a second of silence. Raises EngineUnavailable."""
        self.transcribe(bytes(SAMPLE_RATE * SAMPLE_WIDTH))

    def check_language(self, language: str) -> str:
        """Return Whisper's code of a language; raise EngineUnavailable if it has none."""
        code = primary_language(language)
        if not supports(code):
            raise EngineUnavailable(f"Whisper does not know the language “{code}”.")
        return code

    def prompt(self, glossary: Sequence[str]) -> list[int]:
        """Return the tokens of a previous text that names the terms of the interview."""
        terms = list(dict.fromkeys(term.strip() for term in glossary if term.strip()))
        if not terms:
            return []
        encode = self._load()[1].encode
        kept: list[int] = []
        for term in terms:
            more = encode((", " if kept else " ") + term, add_special_tokens=False).ids
            if len(kept) + len(more) > PROMPT_TOKENS:
                break
            kept += more
        return [*kept, *encode(".", add_special_tokens=False).ids]

    def transcribe(
        self,
        pcm: bytes,
        *,
        language: str = "en",
        prompt: Sequence[int] = (),
        times: bool = True,
        urgent: bool = True,
    ) -> Transcript | None:
        """Decode an utterance of at most 28 s; None if it holds no speech.

        Without `times` the text is provisional and has no words. What is not `urgent` waits while
        others decode.
        """
        loaded = self._load()
        with self._slots.hold(urgent=urgent):
            return self._transcribe(*loaded, pcm, language, prompt, times=times)

    def _transcribe(
        self,
        model: Any,
        tokens: tokenizers.Tokenizer,
        pcm: bytes,
        language: str,
        prompt: Sequence[int],
        *,
        times: bool,
    ) -> Transcript | None:
        tokenizer = Tokenizer(tokens, multilingual=True, task="transcribe", language=language)
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)[:LONGEST] / FULL_SCALE
        encoded = self._encode(model, samples, SHORTEST if times else SHORTEST_PARTIAL)
        limit = 16 + TOKENS_PER_SECOND * len(samples) // SAMPLE_RATE
        guess = _generate(model, tokenizer, encoded, prompt, limit)
        if prompt and _doubtful(guess, tokenizer.decode(prompt)):
            # To noise, Whisper recites the prompt and is sure of it: ask again without.
            plain = _generate(model, tokenizer, encoded, (), limit)
            if not is_speech(plain.text, plain.score, plain.no_speech):
                return None
            guess = plain if guess.looped else guess
        if _repeats(guess.text):
            guess = _generate(model, tokenizer, encoded, (), limit, no_repeat_ngram_size=3)
        if not is_speech(guess.text, guess.score, guess.no_speech):
            return None
        words: tuple[Word, ...] = ()
        if times:
            words = _align(model, tokenizer, encoded, guess.ids, len(samples))
        confidence = round(min(1.0, math.exp(guess.score)), 3)
        return Transcript(guess.text, words, confidence)

    def _load(self) -> tuple[Any, tokenizers.Tokenizer]:
        with self._lock:
            if self._model is None or self._tokens is None:
                try:
                    self._tokens = tokenizers.Tokenizer.from_file(
                        str(self._path / "tokenizer.json")
                    )
                    self._model = ctranslate2.models.Whisper(
                        str(self._path),
                        device="cpu",
                        compute_type="int8",
                        inter_threads=self._workers,
                        intra_threads=self._threads,
                    )
                except Exception as error:  # tokenizers raises bare Exception
                    raise EngineUnavailable(
                        f"The Whisper model in {self._path} cannot be loaded; get it with "
                        "`python manage.py download_model en --engine whisper`."
                    ) from error
            return self._model, self._tokens

    def _encode(self, model: Any, samples: npt.NDArray[np.float32], shortest: int) -> Any:
        """Encode the utterance, its padding and no more: 10 s cost an eighth of 30 s."""
        total = min(max(len(samples) + PADDING, shortest), 30 * SAMPLE_RATE)
        padded = np.pad(samples, (0, total - len(samples)))
        mel = np.ascontiguousarray(self._features(padded, padding=0)[np.newaxis])
        return model.encode(ctranslate2.StorageView.from_array(mel))


@dataclass(frozen=True, slots=True)
class _Guess:
    ids: list[int] = field(repr=False)
    text: str = field(repr=False)
    score: float  # mean log probability of the tokens
    no_speech: float  # probability
    looped: bool  # the end only repeated what was before; it is cut off


def _generate(
    model: Any,
    tokenizer: Tokenizer,
    encoded: Any,
    previous: Sequence[int],
    limit: int,
    **options: Any,
) -> _Guess:
    """Decode greedily after a previous text; at most `limit` tokens."""
    before = [tokenizer.sot_prev, *previous] if previous else []
    prompt = [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]
    result = model.generate(
        encoded,
        [prompt],
        beam_size=1,
        max_length=min(448, len(prompt) + limit),
        return_scores=True,
        return_no_speech_prob=True,
        **options,
    )[0]
    said = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    ids = _without_loop(tokenizer, said)
    return _Guess(
        ids,
        tokenizer.decode(ids).strip(),
        float(result.scores[0]),
        float(result.no_speech_prob),
        looped=ids is not said,
    )


def _doubtful(guess: _Guess, prompt: str) -> bool:
    """Whether a text may come from the prompt rather than from the audio."""
    echo = set(_plain(guess.text).split()) <= set(_plain(prompt).split())
    loops = guess.looped or _repeats(guess.text)
    return echo or loops or guess.no_speech > NO_SPEECH or guess.score < LOWEST_SCORE_NO_SPEECH


def _align(
    model: Any, tokenizer: Tokenizer, encoded: Any, ids: list[int], length: int
) -> tuple[Word, ...]:
    """Time the words by dynamic time warping over the cross-attention (openai/whisper)."""
    found = model.align(
        encoded, tokenizer.sot_sequence, [ids], max(1, length // HOP), median_filter_width=7
    )[0]
    texts, groups = tokenizer.split_to_word_tokens([*ids, tokenizer.eot])
    starts: dict[int, int] = {}
    for token, step in found.alignments:
        starts.setdefault(token, step * SAMPLES_PER_TIMESTEP)
    spaced = tokenizer.language_code not in UNSPACED
    words: list[Word] = []
    first = 0
    for text, group in zip(texts[:-1], groups[:-1], strict=True):
        last = first + len(group)
        start = starts.get(first, words[-1].end if words else 0)
        end = max(start, starts.get(last, length))
        sure = found.text_token_probs[first:last]
        confidence = round(float(np.mean(sure)) if sure else 0.0, 3)
        piece = Word(text, min(start, length), min(end, length), confidence)
        joins = not text.startswith(" ") and (spaced or not _has_letter(text))
        if words and (joins or not _has_letter(words[-1].text)):
            words[-1] = _joined(words[-1], piece)
        else:
            words.append(piece)
        first = last
    return tuple(Word(w.text.strip(), w.start, w.end, w.confidence) for w in words)


def _joined(left: Word, right: Word) -> Word:
    """Put punctuation and parts of a hyphenated word into the word they belong to."""
    spoken = [word for word in (left, right) if _has_letter(word.text)] or [left]
    return Word(
        left.text + right.text,
        spoken[0].start,
        spoken[-1].end,
        min(word.confidence for word in spoken),
    )


def supports(language: str) -> bool:
    """Return whether multilingual Whisper knows a language code."""
    return whisper_speaks(primary_language(language))


def is_speech(text: str, score: float, no_speech: float) -> bool:
    """Judge by text, mean log probability and no-speech probability whether words were spoken."""
    if not _has_letter(text) or score < LOWEST_SCORE or _repeats(text):
        return False
    if no_speech > NO_SPEECH and score < LOWEST_SCORE_NO_SPEECH:
        return False
    if text.lower().strip(" .,!?。…") in SILENCE_PHRASES:
        return score >= LOWEST_SCORE_PHRASE and no_speech < NO_SPEECH_PHRASE
    return True


def _without_loop(tokenizer: Tokenizer, ids: list[int]) -> list[int]:
    """Cut off what only says the end of the utterance again: Whisper's most common invention."""
    loop = LOOP.search(_plain(tokenizer.decode(ids)))
    if loop is None or not loop[1].startswith(loop[2].strip()):
        return ids
    for count in range(1, len(ids)):
        if len(_plain(tokenizer.decode(ids[:count]))) >= loop.end(1):
            return ids[:count]
    return ids


def _plain(text: str) -> str:
    """Return the words of a text in lower case without punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _has_letter(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _repeats(text: str) -> bool:
    data = text.encode()
    return len(data) > 60 and len(data) / len(zlib.compress(data)) > HIGHEST_COMPRESSION
