"""A real HTTP server on loopback that receives webhooks and verifies them as receivers do."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import standardwebhooks


class Receiver:
    """Serves from construction until `close`. `answers` are (status, headers), the last one stays.

    With `gate` set to an Event a request waits for it before it is answered.
    """

    def __init__(self):
        self.answers = [(204, {})]
        self.messages = []  # headers and body of each request, as bytes
        self.reached = threading.Semaphore(0)
        self.gate = None
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_port}/hook?key=not-to-be-told"

    @property
    def bodies(self):
        return [json.loads(body) for _headers, body in self.messages]

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _body in self.messages]

    def verified(self, secret):
        """Return the last message; raise WebhookVerificationError where it is not signed so."""
        headers, body = self.messages[-1]
        return standardwebhooks.Webhook(secret).verify(body, headers)

    def close(self):
        if self.gate is not None:
            self.gate.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _take(self, headers, body):
        with self._lock:
            self.messages.append((headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.reached.release()
        if self.gate is not None:
            self.gate.wait()
        return answer


def _handler(receiver):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = receiver._take({**self.headers}, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args):
            pass

    return Handler
