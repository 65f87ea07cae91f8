"""A real HTTP server on loopback that imitates a system's documented API, well or badly.

`faults` are taken one a request, before anything else; a request without one is served as
documented. Every request is kept in `requests`. Nothing sleeps.
"""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SHAPES = Path(__file__).resolve().parents[1] / "shapes"

# What can go wrong with a request; what ends with "_after" was done nevertheless.
FAULTS = (
    "limited",
    "broken",
    "cut",
    "broken_after",
    "gateway_after",
    "cut_after",
    "garbage_after",
)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    raw: str  # path and query as they came
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def form(self) -> dict[str, tuple[str | None, bytes]]:
        """The fields of multipart/form-data: name to (file name, content)."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + self.content).get_payload()
        return {
            part.get_param("name", header="content-disposition"): (
                part.get_filename(),
                part.get_payload(decode=True),
            )
            for part in parts
        }


@dataclass
class Response:
    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return b"" if self.data is None else json.dumps(self.data).encode()


class Refusal(Exception):
    def __init__(self, status: int, data: Any = None) -> None:
        super().__init__(status)
        self.response = Response(status, data)


class Imitation:
    """Serves from construction until `close`."""

    kind = ""
    per_page = 50  # the most a list gives at once
    limit_headers: dict[str, str] = {}  # of a 429, as documented

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self.held = threading.Event()  # set: a "slow" request answers
        self.allowed = True  # whether the key has its permissions
        self.refuses = False  # whether writes are refused as not valid
        self._lock = threading.Lock()
        self._numbers = 1000
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self.held.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def shape(self, name: str) -> Any:
        """Return a copy of a recorded answer."""
        return shape(self.kind, name)["response"]

    def handle(self, request: Request) -> Response:
        raise NotImplementedError

    def error(self, status: int) -> Response:
        """Return what the system says with this status, as documented."""
        return Response(status, {"message": "…"})

    def serve(self, request: Request) -> Response | None:
        """Return the answer to a request; None to hang up on it."""
        with self._lock:
            self.requests.append(request)
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "limited":
                return Response(429, self.error(429).data, dict(self.limit_headers))
            if fault == "broken":
                return Response(500, content=b"<h1>oops</h1>")
            if fault == "cut":
                return None
            try:
                response = self.handle(request)
            except Refusal as refusal:
                response = refusal.response
        if fault == "slow_after":
            self.held.wait(60)
        if fault in ("cut_after", "slow_after"):
            return None
        if fault == "broken_after":
            return Response(500, content=b"<h1>oops</h1>")
        if fault == "gateway_after":
            return Response(504, content=b"<html>gateway timeout</html>")
        if fault == "garbage_after":
            return Response(200, content=b"<html>welcome</html>")
        return response


def shape(kind: str, name: str) -> Any:
    """Return a recorded request and answer: {"source", "request", "response"}."""
    return json.loads((SHAPES / f"{kind}.json").read_text())[name]


def _handler(server: Imitation) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(
                self.command,
                unquote(parts.path),
                self.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                content,
            )
            self.close_connection = True
            response = server.serve(request)
            if response is None:
                return
            with suppress(OSError):
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
