"""A small client of the REST API, in plain Python: an example to start from.

copilot = Copilot("https://copilot.example.org", token)
session = copilot.create(title="Backend engineer", candidate_name="Daniel Reyes")
copilot.consent(session["id"])
copilot.start(session["id"])
...
copilot.end(session["id"])
for line in copilot.transcript(session["id"]):
    print(line["speaker"], line["text"])
"""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Json = dict[str, Any]


class Problem(Exception):
    """A refusal; `code` is for programs, the text for people."""

    def __init__(self, told: Json) -> None:
        super().__init__(told["detail"])
        self.status: int = told["status"]
        self.code: str = told["code"]
        self.fields: Json = told.get("fields", {})


class Copilot:
    """What one token may do at one installation."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0) -> None:
        self._api = f"{url.rstrip('/')}/api/v1"
        self._token = token
        self._timeout = timeout

    # --- Interviews ------------------------------------------------------------------------------

    def interviews(self, **wanted: str) -> Iterator[Json]:
        """Yield the interviews one may see, as `status="ended"`, whatever pages they come on."""
        yield from self._pages("sessions/", wanted)

    def create(self, **about: Any) -> Json:
        return self._write("POST", "sessions/", about)

    def consent(self, session: str, method: str = "verbal") -> Json:
        return self._write("POST", f"sessions/{session}/consent/", {"method": method})

    def start(self, session: str) -> Json:
        return self._write("POST", f"sessions/{session}/start/")

    def end(self, session: str) -> Json:
        return self._write("POST", f"sessions/{session}/end/")

    def erase(self, session: str) -> None:
        self._write("DELETE", f"sessions/{session}/")

    # --- What came of it -------------------------------------------------------------------------

    def transcript(self, session: str, most: int = 200) -> Iterator[Json]:
        """Yield the lines in their order, page by page; the line at an edge comes on both."""
        seen: set[str] = set()
        start = 0
        while True:
            query = urlencode({"from": start, "most": most})
            page = self._read(f"sessions/{session}/transcript/?{query}")
            fresh = [line for line in page["results"] if line["id"] not in seen]
            yield from fresh
            if not page["more"] or not fresh:
                return
            seen.update(line["id"] for line in fresh)
            start = fresh[-1]["start_ms"]

    def summary(self, session: str, patience: float = 60.0) -> Json:
        """Return the summary once it is made; raise TimeoutError where that takes too long."""
        deadline = time.monotonic() + patience
        while True:
            summary = self._read(f"sessions/{session}/summary/")
            if summary["state"] != "making":
                return summary
            if time.monotonic() > deadline:
                raise TimeoutError("the summary is still being made")
            time.sleep(1)

    def export(self, session: str, kind: str, *parts: str) -> bytes:
        """Return an interview as a file: `export(id, "pdf", "summary", "transcript")`."""
        wanted = {"format": kind, "parts": list(parts)}
        answer, _kind = self._send("POST", f"sessions/{session}/exports/", wanted)
        return answer

    # --- Being told ------------------------------------------------------------------------------

    def register_webhook(self, url: str, *events: str) -> Json:
        """Return the webhook with its `secret`, which is told this once; for admins."""
        return self._write("POST", "webhooks/", {"url": url, "events": list(events)})

    # --- HTTP ------------------------------------------------------------------------------------

    def _pages(self, path: str, wanted: dict[str, str]) -> Iterator[Json]:
        place: str | None = f"{path}?{urlencode(wanted)}"
        while place is not None:
            page = self._read(place)
            yield from page["results"]
            place = page["next"]

    def _read(self, place: str) -> Json:
        answer, _kind = self._send("GET", place)
        found: Json = json.loads(answer)
        return found

    def _write(self, method: str, place: str, body: Json | None = None) -> Json:
        answer, _kind = self._send(method, place, body)
        made: Json = json.loads(answer) if answer else {}
        return made

    def _send(self, method: str, place: str, body: Json | None = None) -> tuple[bytes, str]:
        """Return an answer and its type; a write that got lost on its way is sent once more.

        Its key makes sure that it is done once.
        """
        url = place if place.startswith(("http://", "https://")) else f"{self._api}/{place}"
        headers = {"Authorization": f"Bearer {self._token}"}
        if method != "GET":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data=data, headers=headers, method=method)  # noqa: S310
        for last in (False, True):
            try:
                with urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                    return answer.read(), answer.headers["Content-Type"] or ""
            except HTTPError as refused:
                raise Problem(json.load(refused)) from None
            except OSError:
                if last:
                    raise
        raise AssertionError("not reached")
