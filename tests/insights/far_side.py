"""A small system that takes notes, files and ratings over HTTP, and the adapter that talks to it.

It is no vendor's: those are imitated in tests/ats. Here the outbox is tried, so that the other side
can be told to fail, to wait, to take something and break off, and to forget nothing.
"""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from insights.ats.base import Account, AtsError, Part, Result, Send, Target

CREDENTIAL = "far-side-key"


@dataclass
class FarSide:
    """`script` is worked off write by write: a status, "cut" (taken, then broken off) or a call."""

    script: list[int | str | Callable[[], None]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    retry_after: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"side": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def parts(self) -> list[str]:
        return [item["part"] for item in self.kept.values()]

    def next_step(self) -> int | str | Callable[[], None]:
        with self._lock:
            return self.script.pop(0) if self.script else 201

    def keep(self, item: dict[str, Any]) -> str:
        with self._lock:
            name = f"r{len(self.paths)}-{len(self.kept)}"
            self.kept[name] = item
            return name


class _Handler(BaseHTTPRequestHandler):
    side: FarSide

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429 and self.side.retry_after:
            self.send_header("Retry-After", self.side.retry_after)
        self.end_headers()
        self.wfile.write(content)

    def _enter(self) -> bytes | None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.side.paths.append(f"{self.command} {self.path}")
        self.side.bodies.append(body)
        if self.headers.get("Authorization") != f"Bearer {CREDENTIAL}":
            self._answer(401, {})
            return None
        return body

    def do_GET(self) -> None:
        if self._enter() is None:
            return
        if self.path == "/me":
            self._answer(200, {"name": "Far side"})
        elif self.path.startswith("/people"):
            people = [{"id": "p1", "application": "a1", "name": "Daniel Reyes"}]
            self._answer(200, people)
        else:
            self._answer(200, [{"id": key, **item} for key, item in self.side.kept.items()])

    def do_POST(self) -> None:
        body = self._enter()
        if body is None:
            return
        step = self.side.next_step()
        if callable(step):
            step()
            step = 201
        if step == "cut":
            self.side.keep(json.loads(body))
            self.close_connection = True
            self.connection.close()
            return
        if step != 201:
            self._answer(int(step), {})
            return
        self._answer(201, {"id": self.side.keep(json.loads(body))})

    def do_DELETE(self) -> None:
        if self._enter() is None:
            return
        step = self.side.next_step()
        if isinstance(step, int) and step != 201:
            self._answer(step, {})
            return
        self.side.kept.pop(self.path.rsplit("/", 1)[1], None)
        self._answer(200, {})


class FarSideAdapter:
    parts = frozenset(Part)
    removes = frozenset({Part.NOTE, Part.SCORECARD})
    finds = True

    def __init__(self, account: Account, send: Send) -> None:
        self._account = account
        self._send = send

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        content = json.dumps(body).encode() if body is not None else b""
        headers = {"Authorization": f"Bearer {self._account.credential}"}
        answer = self._send(method, self._account.base_url + path, headers, content)
        if answer.status == 429:
            wait = float(answer.headers.get("retry-after", 0))
            raise AtsError("rate_limited", permanent=False, retry_after=wait)
        if answer.status >= 500:
            raise AtsError("broken", permanent=False, unsure=True)
        if answer.status >= 400:
            raise AtsError("bad_credential", permanent=True)
        return answer.json()

    def check(self) -> str:
        return str(self._ask("GET", "/me")["name"])

    def find(self, text: str) -> list[Target]:
        found = self._ask("GET", "/people")
        return [Target(p["id"], p["application"], p["name"]) for p in found if text in p["name"]]

    def shown(self, part: Part, target: Target, result: Result) -> str:
        return result.text if part == Part.NOTE else result.file_name

    def existing(self, part: Part, target: Target, result: Result) -> str | None:
        for item in self._ask("GET", "/kept"):
            if item["part"] == part and item["mark"] == result.mark:
                return str(item["id"])
        return None

    def write(self, part: Part, target: Target, result: Result) -> str:
        what: dict[Part, Any] = {
            Part.NOTE: result.text,
            Part.ATTACHMENT: [result.file_name, base64.b64encode(result.file).decode()],
            Part.SCORECARD: [result.recommendation, [r.competency for r in result.ratings]],
        }
        body = {"part": part, "mark": result.mark, "to": target.candidate, "what": what[part]}
        return str(self._ask("POST", "/kept", body)["id"])

    def remove(self, part: Part, target: Target, remote_id: str) -> None:
        self._ask("DELETE", f"/kept/{remote_id}")
