"""One answer of a language model while it streams in: checked, emitted and counted."""

import time

from insights.analyzers.alarm import Alarm
from insights.analyzers.base import Analysis, AnalyzerError, Emit, Finding, Window
from insights.analyzers.chat import Delta
from insights.analyzers.model_answer import PartialAnswer
from insights.analyzers.vetting import MOST_QUESTIONS, Vetting, may_digest
from insights.kinds import LOOKS

_CHARACTERS_PER_TOKEN = 4  # an estimate, for servers that do not count


class ModelRun:
    """Takes the pieces of an answer, of several attempts where the first ones failed.

    With `only`, every item is of that kind and need not say so.
    """

    def __init__(
        self,
        window: Window,
        *,
        emit: Emit | None = None,
        alarm: Alarm | None = None,
        only: str = "",
        most_questions: int = MOST_QUESTIONS,
    ) -> None:
        self.started = time.monotonic()
        self.alarm = alarm or Alarm.never()
        self.shown = False  # something of the model was emitted
        self._emit = emit
        self._only = only
        self._vetting = Vetting(window, most_questions=most_questions)
        self._findings: list[Finding] = []
        self._first_ms = 0.0
        self._digest = window.digest
        self._calls = 0
        self._tokens = (0, 0)
        self.begin()

    def begin(self) -> None:
        """Forget the pieces of an attempt that failed; what was found and used up stays."""
        self._answer = PartialAnswer(only=self._only)
        self._finish = ""
        self._began = False

    def sent(self) -> None:
        """Count a request."""
        self._calls += 1
        self._usage: tuple[int, int] | None = None

    def received(self, prompt_characters: int) -> None:
        """Count the tokens of the request that ended; estimated where the server does not tell."""
        used = self._usage
        if used is None and (self._answer.text or self._finish):
            used = (
                prompt_characters // _CHARACTERS_PER_TOKEN,
                len(self._answer.text) // _CHARACTERS_PER_TOKEN,
            )
        if used is not None:
            self._tokens = (self._tokens[0] + used[0], self._tokens[1] + used[1])

    def take(self, delta: Delta) -> None:
        """Take one piece; emit what it completes. Raise AnalyzerError for a refusal."""
        self._began = True
        self._usage = delta.usage or self._usage
        self._finish = delta.finish or self._finish
        if delta.refused:
            raise AnalyzerError("refused", "The model refused to answer.")
        if delta.text:
            for item in self._answer.feed(delta.text):
                finding = self._vetting.vet(item)
                if finding is not None:
                    self._first_ms = self._first_ms or self._elapsed_ms()
                    self.shown = True
                    self.alarm.off()
                    self.add(finding)

    def finish(self) -> None:
        """Check that the answer came to its end and was one; raise AnalyzerError otherwise."""
        if self._finish == "content_filter":
            raise AnalyzerError("refused", "The model's server filtered the answer.")
        if self._finish == "length":
            raise AnalyzerError("too_long", "The model's answer ran into its length limit.")
        digest = self._answer.finish()
        if digest is None:
            if not self._finish and (self._answer.text or not self._began):
                raise AnalyzerError("unreachable", "The model's answer broke off.")
            raise AnalyzerError("malformed", "The model's answer has not the expected form.")
        if self._answer.invalid and not self._answer.valid:
            raise AnalyzerError("malformed", "No item of the model's answer has the expected form.")
        if digest and may_digest(digest):
            self._digest = digest

    def add(self, finding: Finding) -> None:
        """Keep and emit a finding that was checked."""
        self._findings.append(finding)
        if self._emit:
            self._emit(finding)

    def analysis(self, engine: str) -> Analysis:
        ranked = sorted(self._findings, key=lambda f: -(f.priority or LOOKS[f.kind].priority))
        return Analysis(
            tuple(ranked),
            engine,
            digest=self._digest,
            dropped=self._vetting.dropped,
            tokens_in=self._tokens[0],
            tokens_out=self._tokens[1],
            calls=self._calls,
            first_ms=self._first_ms,
            total_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self.started) * 1000
