"""JSON over HTTP as the adapters need it: answers become values, refusals become AtsErrors."""

import base64
import json
import math
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from copilot.lib.outgoing import Answer, Refused, Unreachable
from insights.ats.base import UNKNOWN, AtsError, Send

MOST_PAGES = 40  # of one list; nobody has 2,000 notes
LONGEST_WAIT = 6 * 3600.0  # seconds, whatever a system asks for
PERMANENT = {
    401: "bad_credential",
    402: "no_permission",
    409: "refused",
    413: "too_large",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back with a status of success; `data` is None for an empty body."""

    data: Any = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """Calls below one address, all with the same headers."""

    def __init__(self, send: Send, base_url: str, headers: Mapping[str, str]) -> None:
        self._send = send
        self._base = base_url.rstrip("/")
        self._headers = {"Accept": "application/json", **headers}

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, missing: str = "not_found"
    ) -> Reply:
        return self.call("GET", self.url(path, query), missing=missing)

    def follow(self, url: str) -> Reply:
        """Get the next page at the address a list named; it must be at the same place."""
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            raise AtsError("bad_answer", permanent=True)  # the key goes nowhere else
        return self.call("GET", url)

    def post(
        self,
        path: str,
        body: Any,
        query: Mapping[str, str] | None = None,
        *,
        missing: str = "not_found",
        refused: str = "refused",
        writes: bool = True,
    ) -> Reply:
        content = json.dumps(body).encode()
        kind = self._headers.get("Content-Type", "application/json")
        url = self.url(path, query)
        return self.call(
            "POST", url, content, kind, missing=missing, refused=refused, writes=writes
        )

    def upload(
        self,
        path: str,
        file: tuple[str, str, bytes],
        fields: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        missing: str = "not_found",
    ) -> Reply:
        """Post a PDF as multipart/form-data; `file` is (field, name, content)."""
        content, kind = multipart(fields or {}, *file)
        return self.call("POST", self.url(path, query), content, kind, missing=missing)

    def delete(self, path: str, query: Mapping[str, str] | None = None) -> None:
        """Delete; what is gone already is deleted as well."""
        try:
            self.call("DELETE", self.url(path, query), missing="gone")
        except AtsError as error:
            if error.code != "gone":
                raise

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        return f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")

    def call(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        kind: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        missing: str = "not_found",
        refused: str = "refused",
        writes: bool | None = None,
    ) -> Reply:
        """Send, and return what came back.

        Raises AtsError, with `missing` as its code for 404 and `refused` for 400 and 422.
        """
        unsure = method != "GET" if writes is None else writes
        sent = {**self._headers, **({"Content-Type": kind} if kind else {}), **(headers or {})}
        try:
            answer = self._send(method, url, sent, content)
        except Refused as error:
            raise AtsError(error.code, permanent=True) from None
        except Unreachable as error:
            raise AtsError(error.code, permanent=False, unsure=error.sent and unsure) from None
        if answer.status == 403:
            raise AtsError(self.denied(answer), permanent=True)
        _raise_for(answer, missing, refused, unsure=unsure)
        if not answer.body.strip():
            return Reply(None, answer.headers)
        data = answer.json()
        if data is None:
            raise AtsError("bad_answer", permanent=False, unsure=unsure)
        return Reply(data, answer.headers)

    def denied(self, answer: Answer) -> str:
        """Return the code for a 403."""
        return "no_permission"


def _raise_for(answer: Answer, missing: str, refused: str, *, unsure: bool) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status == 404 or status == 410:
        raise AtsError(missing, permanent=True)
    if status == 429:
        raise AtsError("rate_limited", permanent=False, retry_after=wait(answer.headers))
    if status >= 500 or status in (408, 425):
        # Who answers so may have done it before something broke.
        after = wait(answer.headers)
        raise AtsError("unavailable", permanent=False, retry_after=after, unsure=unsure)
    if 300 <= status < 400:
        raise AtsError("bad_address", permanent=True)
    raise AtsError(PERMANENT.get(status, refused), permanent=True)


def wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait that an answer asks for.

    `Retry-After` is seconds or a date; the other ones are seconds, or seconds since 1970.
    """
    for name in ("retry-after", "x-ratelimit-reset", "x-rate-limit-reset"):
        if (text := headers.get(name, "").strip()) and (seconds := _seconds(text)) is not None:
            return min(max(seconds, 0.0), LONGEST_WAIT)
    return None


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        try:
            return parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    if not math.isfinite(number):
        return None
    return number - time.time() if number > 1e9 else number


def next_link(headers: Mapping[str, str]) -> str:
    """Return the address of the next page out of a `Link` header (RFC 8288), or nothing."""
    for url, parameters in re.findall(r"<([^>]*)>([^<]*)", headers.get("link", "")):
        if re.search(r'rel="?next"?', parameters):
            return str(url)
    return ""


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def multipart(
    fields: Mapping[str, str], name: str, file_name: str, file: bytes
) -> tuple[bytes, str]:
    """Return a multipart/form-data body and its content type."""
    boundary = f"part-{uuid.uuid4().hex}"
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n'.encode()
        + value.encode()
        + b"\r\n"
        for key, value in fields.items()
    ]
    pieces.append(
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
            f'filename="{_quoted(file_name)}"\r\nContent-Type: application/pdf\r\n\r\n'
        ).encode()
    )
    return (
        b"".join([*pieces, file, f"\r\n--{boundary}--\r\n".encode()]),
        f"multipart/form-data; boundary={boundary}",
    )


def _quoted(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def part_of_path(identifier: str) -> str:
    """Return an id as it may stand in a path: whatever it holds, it stays one segment."""
    if identifier in ("", ".", ".."):
        raise AtsError("candidate_unknown", permanent=True)
    return quote(identifier, safe="")


def dig(value: Any, *keys: str) -> Any:
    """Return what is at a path of keys, None where something on the way is missing."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def rows(value: Any, *keys: str) -> list[dict[str, Any]]:
    """Return the objects of a list at a path of keys; a list must be there."""
    found = dig(value, *keys) if keys else value
    if not isinstance(found, list):
        raise AtsError("bad_answer", permanent=False)
    return [row for row in found if isinstance(row, dict)]


def known_id(value: Any) -> str:
    """Return the id of what is there for sure, UNKNOWN where no id was told."""
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        return str(value)
    return UNKNOWN


def new_id(value: Any) -> str:
    """Return the id of what was just written; without one it has to be looked for."""
    if (identifier := known_id(value)) != UNKNOWN:
        return identifier
    raise AtsError("bad_answer", permanent=False, unsure=True)
