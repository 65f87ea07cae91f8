"""JSON to any address, in the shape that a mapping describes. Nothing in a mapping is executed.

    {"method": "POST",                                   POST, PUT or PATCH
     "path": "/people/{candidate}/notes",                {candidate}, {application}, {mark}
     "headers": {"X-Source": "interviews"},              constants
     "body": {"text": {"from": "note"},                  a source, see SOURCES
              "score": {"from": "recommendation", "optional": true},   left out where empty
              "kind": "interview",                       anything else is a constant
              "as_is": {"value": {"from": "x"}}},        a constant that looks like a source
     "id": "data.id",                                    where the answer tells the new id
     "remove": {"method": "DELETE", "path": "/notes/{id}"},
     "check": {"path": "/me"}}

Every try of a delivery has the same `Idempotency-Key`: that keeps a receiver from storing it twice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from insights.ats import text
from insights.ats.base import Account, AtsError, Part, Result, Send, Target
from insights.ats.http import Api, basic, dig, new_id, part_of_path
from insights.ats.vendor import Vendor

METHODS = ("POST", "PUT", "PATCH")
IN_PATH = ("candidate", "application", "mark")
SOURCES = {  # what a body may take, and what it is; `data` goes on: data.summary.sections
    "title": "what the interview is called",
    "note": "the summary as plain text, with the mark",
    "text": "the summary as Markdown",
    "mark": "a text that no other delivery has",
    "recommendation": "strong_no, no, yes, strong_yes or empty",
    "ratings": "a list of {competency, value, comment}",
    "target.candidate": "the id of the candidate over there",
    "target.application": "the id of the application over there",
    "file.name": "the name of the PDF",
    "file.type": "application/pdf",
    "file.base64": "the PDF",
    "data": "the same as the export in JSON",
}
NOT_OURS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "te"}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Request:
    """What would be sent, without the credential."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str]
    body: Any = field(repr=False)


class Generic(Vendor):
    finds = False

    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        self._mapping = account.mapping
        self.removes = frozenset({Part.NOTE} if dig(account.mapping, "remove", "path") else ())
        self._api = Api(send, account.base_url, self._key())

    def check(self) -> str:
        """Ask for the address that the mapping names; without one see that anybody answers."""
        check_mapping(self._mapping)
        path = dig(self._mapping, "check", "path")
        try:
            self._api.get(str(path or ""))
        except AtsError as error:
            if path or error.code not in ("not_found", "refused", "no_permission", "bad_answer"):
                raise
        return urlsplit(self._account.base_url).hostname or ""

    def find(self, wanted: str) -> list[Target]:
        raise AtsError("not_offered", permanent=True)

    def shown(self, part: Part, target: Target, result: Result) -> str:
        self._offered(part, self.parts)
        request = self.request(target, result)
        body = json.dumps(request.body, indent=2, ensure_ascii=False)
        return f"{request.method} {request.path}\n\n{body}"

    def request(self, target: Target, result: Result) -> Request:
        """Return what `write` would send; raises AtsError where the mapping cannot be filled."""
        check_mapping(self._mapping)
        sources = _sources(target, result, self.longest)
        places = {
            "candidate": target.candidate,
            "application": target.application,
            "mark": result.mark,
        }
        return Request(
            str(self._mapping["method"]),
            _filled_path(str(self._mapping["path"]), places),
            dict(self._mapping.get("headers") or {}),
            _filled(self._mapping["body"], sources),
        )

    def write_note(self, target: Target, result: Result) -> str:
        request = self.request(target, result)
        reply = self._api.call(
            request.method,
            self._api.url(request.path),
            json.dumps(request.body).encode(),
            "application/json",
            headers={**request.headers, "Idempotency-Key": f"{result.mark}-note"},
            missing="candidate_unknown",
        )
        where = str(self._mapping.get("id") or "")
        return new_id(dig(reply.data, *where.split("."))) if where else result.mark

    def existing_note(self, target: Target, result: Result) -> str | None:
        return None  # who receives knows a repeat by its key

    def remove_note(self, target: Target, remote_id: str) -> None:
        places = {
            "candidate": target.candidate,
            "application": target.application,
            "id": remote_id,
        }
        path = _filled_path(str(dig(self._mapping, "remove", "path")), places)
        self._api.delete(path)

    def _key(self) -> dict[str, str]:
        credential = self._account.credential.strip()
        if not credential:
            return {}
        name = self.option("auth_header") or "Authorization"
        if not _HEADER.fullmatch(name) or name.lower() in NOT_OURS:
            raise AtsError("option_missing", permanent=True)
        scheme = self.option("auth_scheme")
        if scheme.casefold() == "basic":
            return {name: basic(*credential.partition(":")[::2])}
        if not scheme and name == "Authorization":
            scheme = "Bearer"
        return {name: f"{scheme} {credential}".strip()}


def check_mapping(mapping: Mapping[str, Any]) -> None:
    """Raise AtsError `bad_mapping` for one that cannot work, whatever it is filled with."""
    headers = mapping.get("headers") or {}
    whole = (
        mapping.get("method") in METHODS
        and _is_path(mapping.get("path"), IN_PATH)
        and isinstance(mapping.get("body"), Mapping)
        and isinstance(headers, Mapping)
        and all(_is_header(name, value) for name, value in headers.items())
        and isinstance(mapping.get("id") or "", str)
        and _is_removal(mapping.get("remove"))
        and ("check" not in mapping or _is_path(dig(mapping, "check", "path"), ()))
    )
    if not whole or not all(_is_source(source) for source in _asked(mapping["body"])):
        raise AtsError("bad_mapping", permanent=True)


def _is_path(path: Any, places: tuple[str, ...]) -> bool:
    if not isinstance(path, str) or not path.startswith("/") or not path.isprintable():
        return False
    rest = _PLACE.sub("", path)
    return "{" not in rest and "}" not in rest and set(_PLACE.findall(path)) <= set(places)


def _is_header(name: Any, value: Any) -> bool:
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    theirs = _HEADER.fullmatch(name) and name.lower() not in NOT_OURS | {"authorization"}
    return bool(theirs) and value.isascii() and value.isprintable()


def _is_removal(removal: Any) -> bool:
    if removal is None:
        return True
    path = dig(removal, "path")
    return dig(removal, "method") in (None, "DELETE") and _is_path(path, (*IN_PATH[:2], "id"))


def _is_source(source: Any) -> bool:
    return isinstance(source, str) and (source in SOURCES or source.startswith("data."))


def _asked(template: Any) -> list[Any]:
    """Return the sources that a template takes."""
    if isinstance(template, list):
        return [source for piece in template for source in _asked(piece)]
    if not isinstance(template, Mapping) or template.keys() == {"value"}:
        return []
    if _takes(template):
        return [template["from"]]
    return [source for piece in template.values() for source in _asked(piece)]


def _takes(template: Mapping[str, Any]) -> bool:
    return "from" in template and template.keys() <= {"from", "optional"}


class _LeftOut:
    """Stands for a place in the body that there is nothing for."""


def _filled(template: Any, sources: Mapping[str, Any]) -> Any:
    if isinstance(template, list):
        pieces = [_filled(piece, sources) for piece in template]
        return [piece for piece in pieces if piece is not _LeftOut]
    if not isinstance(template, Mapping):
        return template
    if template.keys() == {"value"}:
        return template["value"]
    if _takes(template):
        value = _taken(str(template["from"]), sources)
        if template.get("optional") and value in (None, "", [], {}):
            return _LeftOut
        if value is None:
            raise AtsError("field_missing", permanent=True)
        return value
    filled = {name: _filled(piece, sources) for name, piece in template.items()}
    return {name: piece for name, piece in filled.items() if piece is not _LeftOut}


def _taken(source: str, sources: Mapping[str, Any]) -> Any:
    if source in sources:
        return sources[source]
    value = sources["data"]
    for key in source.split(".")[1:]:
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = dig(value, key)
    return value


def _filled_path(path: str, places: Mapping[str, str]) -> str:
    def filled(found: re.Match[str]) -> str:
        return part_of_path(places[found.group(1)])

    return _PLACE.sub(filled, path)


def _sources(target: Target, result: Result, longest: int) -> dict[str, Any]:
    return {
        "title": result.title,
        "note": text.note(result, longest=longest, attached=False),
        "text": result.text,
        "mark": result.mark,
        "recommendation": result.recommendation,
        "ratings": [
            {"competency": rating.competency, "value": rating.value, "comment": rating.comment}
            for rating in result.ratings
        ],
        "target.candidate": target.candidate,
        "target.application": target.application,
        "file.name": text.file_name(result),
        "file.type": "application/pdf",
        "file.base64": text.base64_of(result.file),
        "data": dict(result.data),
    }
