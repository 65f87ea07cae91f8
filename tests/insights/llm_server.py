"""A real HTTP server on loopback that answers like a chat-completions endpoint, well or badly.

A test sets `server.behaviour` to one of the functions below (or a list of them, one per request;
the last one stays) and points an analyzer at `server.base_url`. Every request is kept in
`server.requests`. Nothing sleeps: a behaviour that must wait, waits for an event of the server.
"""

import itertools
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUESTION = {
    "kind": "question",
    "content": "Which part of the pool did you size first, and why?",
    "quote": "I added a connection pool",
    "reason": "Dig into the fix",
    "competency": "",
    "verdict": "",
    "other_quote": "",
    "confidence": 0.8,
}
HIGHLIGHT = {
    "kind": "highlight",
    "content": "Explains the fix for the outage step by step.",
    "quote": "moved the slow reports to a replica",
    "reason": "Concrete action",
    "competency": "",
    "verdict": "",
    "other_quote": "",
    "confidence": 0.9,
}


def answer(*items, digest="A database incident was told."):
    """Return the text of a structured answer."""
    return json.dumps({"items": list(items) or [QUESTION, HIGHLIGHT], "digest": digest})


_numbers = itertools.count(1)


class LlmServer:
    """Serves from construction until `close`; safe to use from several tests' analyzers at once."""

    def __init__(self):
        # What an analyzer learns of a server it remembers by address and model; ports come again.
        self.model = f"test-model-{next(_numbers)}"
        self.behaviour = streams()
        self.requests = []
        self.headers = []
        self.released = threading.Event()  # lets a waiting behaviour go on
        self.reached = threading.Event()  # a behaviour got to where it waits
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self):
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _next(self, request, headers):
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            if isinstance(self.behaviour, list):
                return self.behaviour.pop(0) if len(self.behaviour) > 1 else self.behaviour[0]
            return self.behaviour


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            behaviour = server._next(
                json.loads(body), {name.casefold(): value for name, value in self.headers.items()}
            )
            self.close_connection = True
            # The client hangs up in the middle of many of these behaviours.
            with suppress(OSError):
                behaviour(server, self)

        def log_message(self, *args):
            pass

        def begin(self, content_type, status=200, **headers):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Connection", "close")
            self.end_headers()

        def event(self, data):
            text = data if isinstance(data, str) else json.dumps(data)
            self.wfile.write(f"data: {text}\n\n".encode())
            self.wfile.flush()

        def text_piece(self, text, finish=None):
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
            self.event({"object": "chat.completion.chunk", "choices": [choice]})

        def full_body(self, text, finish="stop", **message):
            said = {"role": "assistant", "content": text, **message}
            choice = {"index": 0, "message": said, "finish_reason": finish}
            usage = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}
            return {"object": "chat.completion", "choices": [choice], "usage": usage}

        def document(self, body, status=200, content_type="application/json", **headers):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.begin(content_type, status, Content_Length=str(len(data)), **headers)
            self.wfile.write(data)

    return Handler


def streams(text=None, *, wait_after=None, finish="stop", piece=12, usage=True):
    """Stream an answer; with `wait_after`, wait for `released` once that text has been sent."""

    def behave(server, http):
        content = answer() if text is None else text
        http.begin("text/event-stream")
        sent = ""
        for start in range(0, len(content), piece):
            http.text_piece(content[start : start + piece])
            sent += content[start : start + piece]
            if wait_after is not None and wait_after in sent and not server.reached.is_set():
                server.reached.set()
                server.released.wait()
        http.text_piece("", finish)
        if usage:
            counts = {"prompt_tokens": 321, "completion_tokens": 45}
            http.event({"object": "chat.completion.chunk", "choices": [], "usage": counts})
        http.event("[DONE]")

    return behave


def whole(text=None, **message):
    """Answer in one piece, as servers do that ignore `stream`."""

    def behave(server, http):
        http.document(http.full_body(answer() if text is None else text, **message))

    return behave


def status(code, message="no", *, body=None, **headers):
    """Answer with an error status in OpenAI's form, or with a body of any kind."""

    def behave(server, http):
        told = {"error": {"message": message, "type": "error", "code": None}}
        http.document(told if body is None else body, code, **headers)

    return behave


def without_parameter(name, then, *, code=400, only=None):
    """Refuse requests whose parameter `name` is set (to type `only`), answer the others."""

    def behave(server, http):
        value = server.requests[-1].get(name)
        refused = value is not None and (only is None or value.get("type") == only)
        if refused:
            status(code, f"Unsupported parameter: '{name}' {only or ''}")(server, http)
        else:
            then(server, http)

    return behave


def garbage():
    def behave(server, http):
        http.document(b"\x00\xff not json at all")

    return behave


def broken_events():
    def behave(server, http):
        http.begin("text/event-stream")
        http.event("{this is no json")
        http.event("[DONE]")

    return behave


def html_page():
    def behave(server, http):
        http.document(b"<html><body>Sign in to the network</body></html>", 200, "text/html")

    return behave


def cut(after=1, *, clean=False):
    """Break off after so many items of the good answer; `clean` ends the body properly."""

    def behave(server, http):
        text = answer()
        end = text.index(HIGHLIGHT["kind"]) if after == 1 else len(text) - 5
        length = {} if clean else {"Content_Length": "100000"}
        http.begin("text/event-stream", **length)
        http.text_piece(text[:end])

    return behave


def drips(what="events"):
    """Send something harmless for ever: comments, single bytes of an event, or header bytes."""

    def behave(server, http):
        if what == "headers":
            http.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        else:
            http.begin("text/event-stream")
        piece = {"events": b": keep-alive\n\n", "bytes": b"d", "headers": b"x"}[what]
        server.reached.set()
        while not server.released.wait(0.02):
            http.wfile.write(piece)
            http.wfile.flush()

    return behave


def silent(*, after_headers=True):
    """Accept the request and say nothing more."""

    def behave(server, http):
        if after_headers:
            http.begin("text/event-stream")
            http.wfile.flush()
        server.reached.set()
        server.released.wait()

    return behave


def refuses():
    def behave(server, http):
        http.begin("text/event-stream")
        http.event({"choices": [{"index": 0, "delta": {"refusal": "I cannot help with that."}}]})
        http.event("[DONE]")

    return behave


def no_choices():
    def behave(server, http):
        http.begin("text/event-stream")
        http.event({"choices": []})
        http.event("[DONE]")

    return behave


def error_event():
    def behave(server, http):
        http.begin("text/event-stream")
        http.event({"error": {"message": "overloaded", "code": 503}})

    return behave


def huge(megabytes=10):
    """Send an answer that never closes its first string."""

    def behave(server, http):
        http.begin("text/event-stream")
        http.text_piece('{"items": [{"kind": "tip", "content": "')
        for _ in range(megabytes * 16):
            http.text_piece("x" * 65_536)
        http.event("[DONE]")

    return behave
