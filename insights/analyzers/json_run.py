"""One answer of a language model that is read when it is whole: a list of objects, and its cost."""

import time
from contextlib import suppress
from typing import Any

import pydantic_core

from insights.analyzers.alarm import Alarm
from insights.analyzers.base import Analysis, AnalyzerError
from insights.analyzers.chat import Delta

_CHARACTERS_PER_TOKEN = 4  # an estimate, for servers that do not count


class JsonRun:
    """Takes the pieces of an answer `{"items": [...]}`, of several attempts where some failed."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.alarm = Alarm.never()
        self.shown = False  # nothing is before all is there
        self.items: list[dict[str, Any]] = []
        self._calls = 0
        self._tokens = (0, 0)
        self.begin()

    def begin(self) -> None:
        """Forget the pieces of an attempt that failed; what it used up stays."""
        self._text = self._finish = ""

    def sent(self) -> None:
        """Count a request."""
        self._calls += 1
        self._usage: tuple[int, int] | None = None

    def received(self, prompt_characters: int) -> None:
        """Count the tokens of the request that ended; estimated where the server does not tell."""
        used = self._usage
        if used is None and (self._text or self._finish):
            used = (
                prompt_characters // _CHARACTERS_PER_TOKEN,
                len(self._text) // _CHARACTERS_PER_TOKEN,
            )
        if used is not None:
            self._tokens = (self._tokens[0] + used[0], self._tokens[1] + used[1])

    def take(self, delta: Delta) -> None:
        """Take one piece. Raise AnalyzerError for a refusal."""
        self._usage = delta.usage or self._usage
        self._finish = delta.finish or self._finish
        if delta.refused:
            raise AnalyzerError("refused", "The model refused to answer.")
        self._text += delta.text

    def finish(self) -> None:
        """Read the items; raise AnalyzerError where it is no such answer.

        Of one that ran into its length limit the whole items count.
        """
        if self._finish == "content_filter":
            raise AnalyzerError("refused", "The model's server filtered the answer.")
        cut = self._finish == "length"
        whole: Any = None
        with suppress(ValueError):
            whole = pydantic_core.from_json(self._json(cut), allow_partial=cut)
        items = whole.get("items") if isinstance(whole, dict) else None
        if not isinstance(items, list) or (cut and len(items) < 2):
            if cut:
                raise AnalyzerError("too_long", "The model's answer ran into its length limit.")
            if not self._finish:
                raise AnalyzerError("unreachable", "The model's answer broke off.")
            raise AnalyzerError("malformed", "The model's answer has not the expected form.")
        self.items = [item for item in items[: -1 if cut else None] if isinstance(item, dict)]
        if items and not self.items:
            raise AnalyzerError("malformed", "No item of the model's answer has the expected form.")

    def _json(self, cut: bool) -> str:
        """Return the JSON in the text: reasoning and code fences around it are left out."""
        text = self._text.rpartition("</think>")[2]
        start, end = text.find("{"), text.rfind("}")
        if start < 0:
            return ""
        return text[start:] if cut else text[start : end + 1]

    def analysis(self, engine: str) -> Analysis:
        """Return what it took; there are no findings."""
        return Analysis(
            (),
            engine,
            tokens_in=self._tokens[0],
            tokens_out=self._tokens[1],
            calls=self._calls,
            total_ms=(time.monotonic() - self.started) * 1000,
        )
