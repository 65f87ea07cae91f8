"""The analyzer that asks a language model behind any OpenAI-compatible endpoint."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openai import OpenAI

from insights.analyzers.base import (
    CANDIDATE,
    Analysis,
    AnalyzerError,
    Emit,
    Finding,
    Window,
)
from insights.analyzers.cards import injection_card, trait_card
from insights.analyzers.chat import Delta, build_client, stream
from insights.analyzers.chat_errors import Dialect, UnsupportedError
from insights.analyzers.evidence import ground
from insights.analyzers.guards import injected_span, unlawful_span
from insights.analyzers.model_answer import PartialAnswer, schema
from insights.analyzers.prompt import messages
from insights.analyzers.turns import Turn
from insights.analyzers.vetting import Vetting, may_digest
from insights.kinds import LOOKS

_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com")
_dialects: dict[tuple[str, str], Dialect] = {}
_dialects_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """Where the model is and how long it may take.

    `timeout_s` is the longest silence, `total_s` the longest whole answer, retries of format
    included. An empty base_url means api.openai.com.
    """

    base_url: str = ""
    model: str = "gpt-4o-mini"
    api_key: str = field(default="", repr=False)
    timeout_s: float = 10.0
    total_s: float = 30.0
    temperature: float = 0.3
    max_tokens: int = 1000


class LlmAnalyzer:
    """Streams a structured answer and checks every item against the transcript."""

    name = "llm"

    def __init__(self, config: LlmConfig) -> None:
        self._config = config
        self._client: OpenAI | None = None
        self._lock = threading.Lock()

    def analyze(self, window: Window, *, emit: Emit | None = None) -> Analysis:
        """Return what the model found and the transcript bears out.

        Raises AnalyzerError; its `partial` then holds the findings that were already emitted.
        """
        run = _Run(window, emit)
        if not any(line.text.strip() for line in window.lines):
            return run.analysis()
        try:
            run.guard()
            for delta in self._answer(window, run.started + self._config.total_s):
                run.take(delta)
            run.finish()
        except AnalyzerError as error:
            error.partial = run.analysis()
            raise
        return run.analysis()

    def _answer(self, window: Window, until: float) -> Iterator[Delta]:
        """Yield the answer; ask again in a milder dialect when the server refuses a parameter."""
        prompt = messages(window)
        while True:
            dialect = self._dialect()
            try:
                yield from stream(self._ready_client(), self._request(prompt, dialect), until)
                return
            except UnsupportedError as refusal:
                milder = refusal.milder(dialect)
                if milder is None:
                    raise
            with _dialects_lock:
                _dialects[self._server] = milder

    def _request(self, prompt: list[dict[str, str]], dialect: Dialect) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._config.model,
            "messages": prompt,
            dialect.tokens: self._config.max_tokens,
        }
        if dialect.temperature:
            request["temperature"] = self._config.temperature
        if dialect.usage:
            request["stream_options"] = {"include_usage": True}
        if dialect.format in ("bounded_schema", "schema"):
            bounded = dialect.format == "bounded_schema"
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": schema(bounded=bounded),
            }
        elif dialect.format == "object":
            request["response_format"] = {"type": "json_object"}
        return request

    @property
    def _server(self) -> tuple[str, str]:
        return self._config.base_url, self._config.model

    def _dialect(self) -> Dialect:
        with _dialects_lock:
            known = _dialects.get(self._server)
        if known:
            return known
        base_url = self._config.base_url
        # OpenAI's strict mode refuses lengths; knowing it saves one refused request.
        strict = not base_url or any(host in base_url for host in _OPENAI_HOSTS)
        return Dialect(format="schema" if strict else "bounded_schema")

    def _ready_client(self) -> OpenAI:
        """Build the client on first use: without a key its construction fails."""
        with self._lock:
            if self._client is None:
                self._client = build_client(
                    self._config.base_url, self._config.api_key, self._config.timeout_s
                )
            return self._client

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


class _Run:
    """One analysis while it streams in."""

    def __init__(self, window: Window, emit: Emit | None) -> None:
        self.started = time.monotonic()
        self._window = window
        self._emit = emit
        self._vetting = Vetting(window)
        self._answer = PartialAnswer()
        self._findings: list[Finding] = []
        self._first_ms = 0.0
        self._usage = (0, 0)
        self._finish = ""
        self._digest = window.digest

    def guard(self) -> None:
        """Raise the red flags that need no model and that no model may suppress."""
        for line in self._window.lines:
            turn = Turn(line.role, (line,), line.text)
            injected = injected_span(line.text)
            if injected:
                self._add(ground(injection_card(turn, *injected), [line]))
            asked = unlawful_span(line.text) if line.role != CANDIDATE else None
            if asked:
                self._add(ground(trait_card(turn, *asked), [line]))

    def take(self, delta: Delta) -> None:
        if delta.refused:
            raise AnalyzerError("refused", "The model refused to answer.")
        self._usage = delta.usage or self._usage
        self._finish = delta.finish or self._finish
        if delta.text:
            for item in self._answer.feed(delta.text):
                self._add(self._vetting.vet(item), model=True)

    def finish(self) -> None:
        """Check that the answer came to its end and was one."""
        if self._finish == "content_filter":
            raise AnalyzerError("refused", "The model's server filtered the answer.")
        if self._finish == "length":
            raise AnalyzerError("too_long", "The model's answer ran into its length limit.")
        digest = self._answer.finish()
        if digest is None:
            if self._answer.text and not self._finish:
                raise AnalyzerError("unreachable", "The model's answer broke off.")
            raise AnalyzerError("malformed", "The model's answer has not the expected form.")
        if self._answer.invalid and not self._answer.valid:
            raise AnalyzerError("malformed", "No item of the model's answer has the expected form.")
        if digest and may_digest(digest):
            self._digest = digest

    def analysis(self) -> Analysis:
        ranked = sorted(self._findings, key=lambda f: -(f.priority or LOOKS[f.kind].priority))
        return Analysis(
            tuple(ranked),
            LlmAnalyzer.name,
            digest=self._digest,
            dropped=self._vetting.dropped,
            tokens_in=self._usage[0],
            tokens_out=self._usage[1],
            first_ms=self._first_ms,
            total_ms=self._elapsed_ms(),
        )

    def _add(self, finding: Finding | None, *, model: bool = False) -> None:
        if finding is None:
            return
        if model:
            self._first_ms = self._first_ms or self._elapsed_ms()
        self._findings.append(finding)
        if self._emit:
            self._emit(finding)

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self.started) * 1000
