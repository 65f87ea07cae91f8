"""The analyzer that asks a language model behind any OpenAI-compatible endpoint."""

import itertools
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from openai import OpenAI
from pydantic import BaseModel

from insights.analyzers import prompt, retries
from insights.analyzers.alarm import Alarm
from insights.analyzers.base import (
    CANDIDATE,
    Analysis,
    AnalyzerError,
    Emit,
    Finding,
    Window,
)
from insights.analyzers.cards import injection_card, split_injections, trait_card
from insights.analyzers.chat import Delta, build_client, stream
from insights.analyzers.chat_errors import Dialect, UnsupportedError
from insights.analyzers.evidence import ground
from insights.analyzers.guards import (
    clean_window,
    injected_span,
    split_orders,
    unlawful_span,
)
from insights.analyzers.json_run import JsonRun
from insights.analyzers.model_answer import Answer, Questions, schema
from insights.analyzers.model_run import ModelRun
from insights.analyzers.turns import Turn
from insights.kinds import Kind

_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com")
_FOLLOWUP_TOKENS = 300
_dialects: dict[tuple[str, str], Dialect] = {}
_dialects_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """Where the model is and how long it may take.

    `timeout_s` is the longest silence, `total_s` the longest whole answer, retries included. An
    empty base_url means api.openai.com.
    """

    base_url: str = ""
    model: str = "gpt-4o-mini"
    api_key: str = field(default="", repr=False)
    timeout_s: float = 10.0
    total_s: float = 30.0
    retries: int = 0
    temperature: float = 0.3
    max_tokens: int = 1000


@dataclass(frozen=True, slots=True)
class _Question:
    """What one call asks for."""

    messages: list[dict[str, str]] = field(repr=False)
    answer: type[BaseModel]
    max_tokens: int
    retries: int

    @property
    def characters(self) -> int:
        return sum(len(message["content"]) for message in self.messages)


class _Run(Protocol):
    """What takes an answer while it comes in, and counts what it takes."""

    started: float
    alarm: Alarm
    shown: bool

    def begin(self) -> None: ...
    def sent(self) -> None: ...
    def received(self, prompt_characters: int) -> None: ...
    def take(self, delta: Delta) -> None: ...
    def finish(self) -> None: ...


class LlmAnalyzer:
    """Streams a structured answer and checks every item against the transcript."""

    name = "llm"

    def __init__(self, config: LlmConfig) -> None:
        self._config = config
        self._client: OpenAI | None = None
        self._lock = threading.Lock()

    def analyze(
        self, window: Window, *, emit: Emit | None = None, alarm: Alarm | None = None
    ) -> Analysis:
        """Return what the model found and the transcript bears out.

        `alarm` rings in this thread if the model has shown nothing by then. Raises AnalyzerError;
        its `partial` then holds the findings that were already emitted.
        """
        clean, _places = clean_window(window)
        run = ModelRun(clean, emit=emit, alarm=alarm)
        for finding in _red_flags(window):
            run.add(finding)
        config = self._config
        question = _Question(prompt.messages(clean), Answer, config.max_tokens, config.retries)
        return self._complete(clean, run, question)

    def followups(self, window: Window, *, most: int = 3) -> Analysis:
        """Return questions about what is still being said; asked once, in few tokens."""
        clean, _places = clean_window(window)
        run = ModelRun(clean, only=Kind.QUESTION, most_questions=most)
        messages = prompt.followup_messages(clean, most=most)
        return self._complete(clean, run, _Question(messages, Questions, _FOLLOWUP_TOKENS, 0))

    def items(
        self, messages: list[dict[str, str]], answer: type[BaseModel], *, max_tokens: int
    ) -> tuple[list[dict[str, Any]], Analysis]:
        """Return the unchecked items of an answer `{"items": [...]}`, and what it took.

        Raises AnalyzerError; its `partial` then holds what the failed call took.
        """
        run = JsonRun()
        try:
            self._ask(run, _Question(messages, answer, max_tokens, self._config.retries))
        except AnalyzerError as error:
            error.partial = run.analysis(self.name)
            raise
        return run.items, run.analysis(self.name)

    def _complete(self, window: Window, run: ModelRun, question: _Question) -> Analysis:
        if not any(line.text.strip() for line in window.lines):
            return run.analysis(self.name)
        try:
            self._ask(run, question)
        except AnalyzerError as error:
            error.partial = run.analysis(self.name)
            raise
        return run.analysis(self.name)

    def _ask(self, run: _Run, question: _Question) -> None:
        """Ask until there is an answer; not again once something of it was shown."""
        until = run.started + self._config.total_s
        for attempt in itertools.count():
            try:
                with closing(self._answer(run, question, until)) as deltas:
                    for delta in deltas:
                        run.take(delta)
                run.finish()
                return
            except AnalyzerError as error:
                pause = retries.pause(error, attempt, until - time.monotonic())
                if pause is None or run.shown or attempt >= question.retries:
                    raise
                if run.alarm.rang and error.code == "timeout":
                    raise  # the rules are there, and new words wait for the next run
            run.alarm.sleep(pause)
            run.begin()

    def _answer(self, run: _Run, question: _Question, until: float) -> Generator[Delta]:
        """Yield the answer; ask again in a milder dialect when the server refuses a parameter."""
        while True:
            dialect = self._dialect()
            run.sent()
            try:
                request = self._request(question, dialect)
                yield from stream(self._ready_client(), request, until, run.alarm)
                return
            except UnsupportedError as refusal:
                milder = refusal.milder(dialect)
                if milder is None:
                    raise
            finally:
                run.received(question.characters)
            with _dialects_lock:
                _dialects[self._server] = milder

    def _request(self, question: _Question, dialect: Dialect) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._config.model,
            "messages": question.messages,
            dialect.tokens: question.max_tokens,
        }
        if dialect.temperature:
            request["temperature"] = self._config.temperature
        if dialect.usage:
            request["stream_options"] = {"include_usage": True}
        if dialect.format in ("bounded_schema", "schema"):
            bounded = dialect.format == "bounded_schema"
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": schema(question.answer, bounded=bounded),
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

    def open(self) -> None:
        """Prepare what the first call would have to wait for; nothing is sent."""
        self._ready_client()

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def _red_flags(window: Window) -> Iterator[Finding]:
    """Yield the red flags that need no model and that no model may suppress."""
    for line in window.lines:
        turn = Turn(line.role, (line,), line.text)
        injected = injected_span(line.text)
        asked = unlawful_span(line.text) if line.role != CANDIDATE else None
        flags = [injection_card(turn, *injected)] if injected else []
        flags += [trait_card(turn, *asked)] if asked else []
        for flag in flags:
            grounded = ground(flag, [line])
            if grounded is not None:
                yield grounded
    for card in split_injections(split_orders(window.transcript), window.lines):
        grounded = ground(card, window.lines)
        if grounded is not None:
            yield grounded
