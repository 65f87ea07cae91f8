"""Asks an OpenAI-compatible server for one chat answer, as a stream with a hard total deadline."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pydantic_core
from openai import DefaultHttpxClient, OpenAI

from insights.analyzers.alarm import Alarm
from insights.analyzers.base import AnalyzerError
from insights.analyzers.chat_errors import failure

MAX_ANSWER_BYTES = 2_000_000  # a thousand tokens as events are about 0.3 MB
MAX_TOKENS = 10_000_000  # more than any model reads: whoever says so did not count
_MAX_CONNECT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_QUEUED_PIECES = 64
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer; usage is (tokens in, tokens out)."""

    text: str = field(default="", repr=False)
    refused: bool = False
    finish: str = ""
    usage: tuple[int, int] | None = None


def build_client(base_url: str, api_key: str, timeout_s: float) -> OpenAI:
    """Return a client that never retries: whoever calls the analyzer decides about that."""
    timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, _MAX_CONNECT_SECONDS))
    # The hook hands the open response to the reader, so that a deadline can end its socket.
    http = DefaultHttpxClient(timeout=timeout, event_hooks={"response": [_opened]})
    # A local server needs no key, the client insists on one.
    return OpenAI(
        base_url=base_url or None,
        api_key=api_key or "none",
        max_retries=0,
        timeout=timeout,
        http_client=http,
    )


def stream(client: OpenAI, request: dict[str, Any], until: float, alarm: Alarm) -> Iterator[Delta]:
    """Yield the answer's pieces; raise AnalyzerError, at the latest at `until` (monotonic).

    `alarm` is looked at meanwhile.

    A thread of its own reads, because neither a read timeout nor a check per piece ends a server
    that drips header bytes or half events; this side only waits for the clock.
    """
    reader = _Reader(client, request)
    reader.start()
    try:
        yield from _deltas(_pieces(reader, until, alarm))
    finally:
        reader.abandon()


class _Reader(threading.Thread):
    """Puts the content type, then the bytes of a response, then None or an error into `out`."""

    def __init__(self, client: OpenAI, request: dict[str, Any]) -> None:
        super().__init__(name="llm-reader", daemon=True)
        self.out: queue.Queue[str | bytes | AnalyzerError | None] = queue.Queue(_QUEUED_PIECES)
        self.response: httpx2.Response | None = None
        self._client = client
        self._request = request
        self._abandoned = threading.Event()

    def run(self) -> None:
        _local.reader = self
        try:
            self._read()
        # Whatever a broken server provokes must reach the waiting side, or it waits in vain.
        except Exception as error:
            self._put(failure(error))

    def _read(self) -> None:
        create = self._client.chat.completions.with_streaming_response.create
        with create(stream=True, **self._request) as response:
            self._put(response.headers.get("content-type", "").casefold())
            size = 0
            for piece in response.iter_bytes():
                size += len(piece)
                if size > MAX_ANSWER_BYTES:
                    self._put(AnalyzerError("too_long", "The model's answer is far too long."))
                    return
                if not self._put(piece):
                    return
        self._put(None)

    def _put(self, item: str | bytes | AnalyzerError | None) -> bool:
        while not self._abandoned.is_set():
            with suppress(queue.Full):
                self.out.put(item, timeout=_POLL_SECONDS)
                return True
        return False

    def abandon(self) -> None:
        """Stop reading: a pending read ends at once, the reading thread cleans up after itself."""
        self._abandoned.set()
        if not self.is_alive() or self.response is None:
            return
        network = self.response.extensions.get("network_stream")
        sock = network.get_extra_info("socket") if network else None
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _opened(response: httpx2.Response) -> None:
    reader = getattr(_local, "reader", None)
    if reader is not None:
        reader.response = response


def _pieces(reader: _Reader, until: float, alarm: Alarm) -> Iterator[str | bytes]:
    while True:
        alarm.look()
        left = until - time.monotonic()
        if left <= 0:
            raise AnalyzerError("timeout", "The model did not finish its answer in time.")
        try:
            item = reader.out.get(timeout=min(left, alarm.left()))
        except queue.Empty:
            continue
        if item is None:
            return
        if isinstance(item, AnalyzerError):
            raise item
        yield item


def _deltas(pieces: Iterator[str | bytes]) -> Iterator[Delta]:
    kind = str(next(pieces, ""))
    if "html" in kind:
        raise AnalyzerError("malformed", "A web page came back instead of the model's answer.")
    if "event-stream" not in kind:
        yield _whole(b"".join(p for p in pieces if isinstance(p, bytes)))
        return
    for data in _events(pieces):
        if data.strip() == "[DONE]":
            return
        yield _delta(_object(data))


def _events(pieces: Iterator[str | bytes]) -> Iterator[str]:
    """Yield the data of server-sent events; comments and field names we do not know are skipped."""
    rest = b""
    data: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, str):
            continue
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                data.append(line[5:].lstrip())
            elif not line and data:
                yield b"\n".join(data).decode("utf-8", "replace")
                data = []
    if rest.startswith(b"data:"):
        data.append(rest[5:].strip())
    if data:
        yield b"\n".join(data).decode("utf-8", "replace")


def _object(data: str | bytes) -> dict[str, Any]:
    parsed: Any = None
    with suppress(ValueError):
        parsed = pydantic_core.from_json(data)
    if not isinstance(parsed, dict):
        raise AnalyzerError("malformed", "The model's server sent something that is no JSON.")
    if parsed.get("error"):
        raise AnalyzerError("unreachable", "The model's server reported an error while answering.")
    return parsed


def _delta(chunk: dict[str, Any]) -> Delta:
    return _from_choice(chunk, "delta")


def _whole(body: bytes) -> Delta:
    """Read the answer of a server that ignores `stream`."""
    return _from_choice(_object(body), "message")


def _from_choice(data: dict[str, Any], part: str) -> Delta:
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    choice = choice if isinstance(choice, dict) else {}
    said = choice.get(part)
    said = said if isinstance(said, dict) else {}
    text = said.get("content")
    return Delta(
        text=text if isinstance(text, str) else "",
        refused=bool(said.get("refusal")),
        finish=str(choice.get("finish_reason") or ""),
        usage=_usage(data.get("usage")),
    )


def _usage(usage: Any) -> tuple[int, int] | None:
    """Return (tokens in, tokens out); None where a server does not tell or makes no sense."""
    if not isinstance(usage, dict):
        return None
    told = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    counts = [n for n in told if isinstance(n, int) and 0 <= n <= MAX_TOKENS]
    return (counts[0], counts[1]) if len(counts) == len(told) else None
