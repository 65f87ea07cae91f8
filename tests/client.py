"""A user of the served product without a browser: signs in, calls the API, opens sockets."""

import json
import re
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

CHUNK = 3200  # bytes: 100 ms of 16 kHz s16le
AHEAD = 24_000  # samples beyond what was heard, at most: at two seconds partials are left out


class ProductClient:
    def __init__(self, url: str, email: str, password: str = "interview-demo") -> None:
        self.url = url
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        page = self._open("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
        form = {"login": email, "password": password, "csrfmiddlewaretoken": token}
        self._open("/accounts/login/", urlencode(form).encode())
        assert "sessionid" in self.cookies, "not signed in"

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.jar}

    def _open(self, path: str, data: bytes | None = None, **headers: str) -> str:
        request = urllib.request.Request(
            self.url + path, data, {"Referer": self.url + path, **headers}
        )
        with self._opener.open(request, timeout=30) as answer:
            return answer.read().decode()

    def get(self, path: str) -> Any:
        return json.loads(self._open(f"/api/v1{path}"))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.cookies["csrftoken"]}
        return json.loads(self._open(f"/api/v1{path}", json.dumps(body).encode(), **headers))

    def begin(self, session_id: str) -> None:
        self.post(f"/sessions/{session_id}/consent/", {"method": "verbal"})
        self.post(f"/sessions/{session_id}/start/", {})

    def socket(self, path: str, protocol: str) -> ClientConnection:
        cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return connect(
            f"{self.url.replace('http', 'ws', 1)}{path}",
            origin=self.url,
            subprotocols=[protocol],
            additional_headers={"Cookie": cookie},
            open_timeout=30,
            max_size=None,
        )

    def live(self, session_id: str) -> ClientConnection:
        return self.socket(f"/ws/sessions/{session_id}/live/", "copilot.live.v1")

    def speak(self, session_id: str, role: str, pcm: bytes) -> dict[str, Any]:
        """Send a whole channel as fast as the server takes it; return its `stopped`."""
        with self.socket(f"/ws/sessions/{session_id}/audio/{role}/", "copilot.audio.v1") as audio:
            start = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
            audio.send(json.dumps(start))
            received = 0
            assert _hear(audio, "ready")["resume_from"] == 0
            for first in range(0, len(pcm), CHUNK):
                while first // 2 - received > AHEAD:
                    received = _hear(audio, "ack")["received"]
                audio.send(pcm[first : first + CHUNK])
            audio.send('{"type":"stop"}')
            return _hear(audio, "stopped")


def _hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message = json.loads(socket.recv(timeout=120))
        assert message["type"] not in {"error", "busy"}, message
        if message["type"] == kind:
            return message
