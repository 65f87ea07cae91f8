"""A ZIP of several files that an organization signs, and checking one.

`manifest.json` has name, length and SHA-256 of every file; `signature.json` is a statement of the
organization (`sessions.signatures`) about the SHA-256 of the manifest. Who has the organization's
public key checks a bundle without this program and without its database.
"""

import hashlib
import io
import json
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any

from sessions import signatures
from sessions.models import ConsentRecord, Session

FORMAT = "interview-copilot/bundle/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
STAMP = (1980, 1, 1, 0, 0, 0)
MOST_BYTES = 200_000_000  # of a file that is checked
MOST_FILES = 50


class Broken(Exception):
    """A bundle does not say what was signed; the message says what is wrong, without content."""


def pack(files: dict[str, bytes], session: Session, about: dict[str, Any]) -> bytes:
    """Return the files as a ZIP with manifest and signature; `about` is what the manifest adds."""
    manifest = _json(
        {
            "format": FORMAT,
            "interview": {
                "id": str(session.pk),
                "organization": str(session.organization_id),
                "started_at": _iso(session.started_at),
                "ended_at": _iso(session.ended_at),
            },
            **about,
            "files": [
                {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
                for name, body in files.items()
            ],
        }
    )
    statement = {
        "format": FORMAT,
        "organization": str(session.organization_id),
        "interview": str(session.pk),
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "public_key": signatures.public_key(session.organization),
    }
    statement["signature"] = signatures.signature_of(statement, session.organization)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, body in {**files, MANIFEST: manifest, SIGNATURE: _json(statement)}.items():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, body)
    return written.getvalue()


def consent(session: Session, *, names: bool) -> bytes:
    """Return what the candidate was told and answered, when and how, the newest answer last.

    With `names` also who gave it, as somebody noted it.
    """
    rows = session.consents.select_related("noted_by")
    return _json([_record(one, names=names) for one in rows])


def _record(record: ConsentRecord, *, names: bool) -> dict[str, Any]:
    return {
        "answer": record.answer,
        "notice": {"version": record.notice_version, "shown": record.notice},
        "method": record.method,
        "given_by": (record.given_by or "") if names else None,
        "given_at": _iso(record.given_at),
        "noted_by": record.noted_by.display_name if record.noted_by else "",
        "withdrawn_at": _iso(record.withdrawn_at),
        "withdrawn_method": record.withdrawn_method,
    }


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


# --- Checking one --------------------------------------------------------------------------------


def verify(content: bytes, *, expected: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return statement and manifest of a bundle that holds; raise Broken for any other.

    `expected` is the organization's public key in hex; without it that of the organization known
    here. Anybody signs for one that nobody knows: see `signatures.issuer`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = _read(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Broken("it cannot be read as a ZIP") from None
    try:
        statement = signatures.read(files.pop(SIGNATURE).decode())
        manifest_bytes = files.pop(MANIFEST)
        manifest = signatures.read(manifest_bytes.decode())
        listed = {one["name"]: (one["bytes"], one["sha256"]) for one in manifest["files"]}
        same_file = hashlib.sha256(manifest_bytes).hexdigest() == statement["manifest_sha256"]
        same_interview = manifest["interview"]["id"] == statement["interview"]
    except (KeyError, TypeError, ValueError):
        raise Broken("manifest or signature is missing or cannot be read") from None
    if not signatures.verify(statement, form=FORMAT, expected=expected):
        raise Broken("the signature does not hold: it was changed, or is another's")
    if not (same_file and same_interview):
        raise Broken("the manifest is not the one that was signed")
    found = {name: (len(body), hashlib.sha256(body).hexdigest()) for name, body in files.items()}
    for name in sorted(found.keys() | listed.keys()):
        if name not in found:
            raise Broken(f"{name} is missing")
        if found[name] != listed.get(name):
            raise Broken(f"{name} is not the file that was signed")
    return statement, manifest


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the files; of two of the same name one is read, and the other may be what is shown."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or len(names) > MOST_FILES:
        raise Broken("it holds a file twice, or too many")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise Broken("it is too large")
    return {name: archive.read(name) for name in names}
