"""Say given words at given times: deterministic, no model. For tests and rehearsals."""

from __future__ import annotations

from collections.abc import Sequence

from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH, Hypothesis, Word

NAME = "scripted"
SECONDS_PER_WORD = 0.4  # about 150 words a minute


class ScriptedEngine:
    """Play a script of (second at which the line ends, line) pairs."""

    name = NAME

    def __init__(self, script: Sequence[tuple[float, str]]) -> None:
        self._lines = _timed(script)

    def recognizer(
        self, *, language: str, glossary: Sequence[str] = (), offset: int = 0
    ) -> ScriptedRecognizer:
        """Open a stream that says the words of the script from `offset` on."""
        return ScriptedRecognizer(self._lines, offset)

    def warm(self) -> None:
        """Do nothing: there is no model."""


class ScriptedRecognizer:
    """Emit a growing partial while a line lasts and its final when it ends, by sample position."""

    def __init__(self, lines: Sequence[tuple[Word, ...]], offset: int) -> None:
        self._position = offset
        self.settled = offset
        pending = (tuple(word for word in line if word.start >= offset) for line in lines)
        self._pending = [line for line in pending if line]
        self._said = 0  # words of the current line in the last partial

    def accept(self, pcm: bytes, *, partials: bool = True) -> list[Hypothesis]:
        """Advance by the samples of `pcm`; their content does not matter."""
        self._position += len(pcm) // SAMPLE_WIDTH
        out = []
        while self._pending and self._pending[0][-1].end <= self._position:
            out.append(_hypothesis(self._pending.pop(0), final=True))
            self.settled = out[-1].end
            self._said = 0
        line = self._pending[0] if self._pending else ()
        spoken = tuple(word for word in line if word.end <= self._position)
        if partials and len(spoken) > self._said:
            out.append(_hypothesis(spoken, final=False))
            self._said = len(spoken)
        self.settled = min(self._position, line[0].start) if line else self._position
        return out

    def flush(self) -> list[Hypothesis]:
        """Finish the line that is being said with the words spoken so far."""
        line = self._pending[0] if self._pending else ()
        spoken = tuple(word for word in line if word.end <= self._position)
        self._pending = []
        self.settled = self._position
        return [_hypothesis(spoken, final=True)] if spoken else []

    def close(self) -> None:
        """Do nothing: nothing is held."""


def _timed(script: Sequence[tuple[float, str]]) -> list[tuple[Word, ...]]:
    """Spread the words of each line evenly before its end; lines do not overlap."""
    lines = []
    free = 0
    for end_second, text in script:
        end = round(end_second * SAMPLE_RATE)
        texts = text.split()
        if not texts or end <= free:
            continue
        start = max(free, end - round(len(texts) * SECONDS_PER_WORD * SAMPLE_RATE))
        edges = [start + (end - start) * i // len(texts) for i in range(len(texts) + 1)]
        lines.append(
            tuple(Word(w, edges[i], edges[i + 1], confidence=1.0) for i, w in enumerate(texts))
        )
        free = end
    return lines


def _hypothesis(words: tuple[Word, ...], *, final: bool) -> Hypothesis:
    return Hypothesis(
        text=" ".join(word.text for word in words),
        start=words[0].start,
        end=words[-1].end,
        final=final,
        words=words,
        engine=NAME,
    )
