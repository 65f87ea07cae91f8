"""A ZIP that is made in memory, passed on as it grows, and ends with the checksums of its files."""

import hashlib
import json
import zipfile
from typing import Any

SCHEMA = "interview-copilot/copy/1"
STAMP = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes


class Sink:
    """Takes what a ZIP writes and gives it away: a file that is never on a disk."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


class Archive:
    """A ZIP that ends with the checksums of what is in it."""

    def __init__(self, sink: Sink) -> None:
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        self._sums: dict[str, str] = {}

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            manifest = {"schema": SCHEMA, "sha256": self._sums}
            self.add("manifest.json", as_json(manifest))
            self._zip.close()

    def add(self, name: str, text: str) -> None:
        body = text.encode()
        self._sums[name] = hashlib.sha256(body).hexdigest()
        about = zipfile.ZipInfo(name, STAMP)
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        self._zip.writestr(about, body)


def as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
