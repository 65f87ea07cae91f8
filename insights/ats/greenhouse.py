"""Greenhouse, Harvest API v3: https://harvestdocs.greenhouse.io (v1 and v2 ended in August 2026).

The credential is `client id:client secret` of a Harvest v3 (OAuth) credential. A note is of a
candidate, a file of an application; scorecards can only be read.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from insights.ats import text
from insights.ats.base import Account, AtsError, Part, Result, Send, Target
from insights.ats.http import (
    MOST_PAGES,
    Api,
    basic,
    dig,
    known_id,
    new_id,
    next_link,
    part_of_path,
    rows,
)
from insights.ats.vendor import MOST_FOUND, Vendor, is_email, labelled, only

HOST = "harvest.greenhouse.io"
TOKENS = "https://auth.greenhouse.io/token"
PER_PAGE = "50"  # notes are long, and an answer is read up to a size
VISIBILITIES = ("public", "private", "admin_only")
ID = r"\d{1,18}"


class Greenhouse(Vendor):
    parts = frozenset({Part.NOTE, Part.ATTACHMENT})
    removes = frozenset({Part.ATTACHMENT})  # the API deletes no notes

    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        self._opened: Api | None = None

    def check(self) -> str:
        user = self.needed("user_id")
        self._api().get("/v3/candidates", {"per_page": "1"})
        found = rows(self._api().get("/v3/users", {"ids": user}).data)
        if not found:
            raise AtsError("user_unknown", permanent=True)
        return labelled(_name(found[0]), found[0].get("primary_email"))

    def find(self, wanted: str) -> list[Target]:
        wanted = wanted.strip()
        if is_email(wanted):
            query = {"email": wanted}
        elif identifier := only(wanted, ID):
            query = {"ids": identifier}
        else:
            raise AtsError("search_by_email", permanent=True)
        found = rows(self._api().get("/v3/candidates", {**query, "per_page": "20"}).data)
        people = {str(person["id"]): person for person in found if person.get("id")}
        if not people:
            return []
        applications = self._list("/v3/applications", {"candidate_ids": ",".join(people)})
        targets = []
        for row in applications:
            if person := people.get(str(row.get("candidate_id"))):
                number = str(row.get("id") or "")
                label = labelled(_name(person), _email(person), f"#{number}", row.get("status"))
                targets.append(Target(str(person["id"]), number, label))
        told = {target.candidate for target in targets}
        targets += [
            Target(number, label=labelled(_name(person), _email(person)))
            for number, person in people.items()
            if number not in told  # nobody's applications: a note is possible, a file is not
        ]
        return targets[:MOST_FOUND]

    def write_note(self, target: Target, result: Result) -> str:
        visibility = self.option("visibility") or VISIBILITIES[0]
        if visibility not in VISIBILITIES:
            raise AtsError("option_missing", permanent=True)
        body = {
            "candidate_id": _number(target.candidate, "candidate_unknown"),
            "user_id": _number(self.needed("user_id"), "user_unknown"),
            "body": self.shown(Part.NOTE, target, result),
            "visibility": visibility,
            "note_type": "NOTE",
        }
        reply = self._api().post("/v3/notes", body, missing="candidate_unknown")
        return new_id(dig(reply.data, "id"))

    def existing_note(self, target: Target, result: Result) -> str | None:
        for row in self._list("/v3/notes", {"candidate_ids": target.candidate}):
            if result.mark in str(row.get("body") or ""):
                return known_id(row.get("id"))
        return None

    def write_attachment(self, target: Target, result: Result) -> str:
        body = {
            "application_id": _number(self._application(target), "application_unknown"),
            "filename": text.file_name(result),
            "type": "other",
            "content": text.base64_of(result.file),
            "visibility": self.option("visibility") or VISIBILITIES[0],
        }
        reply = self._api().post("/v3/attachments", body, missing="application_unknown")
        return new_id(dig(reply.data, "id"))

    def existing_attachment(self, target: Target, result: Result) -> str | None:
        for row in self._list("/v3/attachments", {"candidate_ids": target.candidate}):
            if result.mark in str(row.get("filename") or ""):
                return known_id(row.get("id"))
        return None

    def remove_attachment(self, target: Target, remote_id: str) -> None:
        self._api().delete(f"/v3/attachments/{part_of_path(remote_id)}")

    def _application(self, target: Target) -> str:
        """Return the application that a file goes to: the chosen one, else the only one."""
        if target.application:
            return target.application
        found = list(self._list("/v3/applications", {"candidate_ids": target.candidate}))
        if len(found) != 1:
            raise AtsError("application_unknown", permanent=True)
        return str(found[0].get("id") or "")

    def _list(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        reply = self._api().get(path, {**query, "per_page": PER_PAGE})
        for _page in range(MOST_PAGES):
            yield from rows(reply.data)
            if not (following := next_link(reply.headers)):
                return
            reply = self._api().follow(following)
        raise AtsError("bad_answer", permanent=False)

    def _api(self) -> Api:
        """Return the API, opened with a token that lives an hour, longer than this object."""
        if self._opened is None:
            key, colon, secret = self._account.credential.strip().partition(":")
            if not (key and colon and secret):
                raise AtsError("bad_credential", permanent=True)
            base = self._account.base_url.rstrip("/")
            # The secret goes where the connection leads: no setting sends it elsewhere.
            tokens = TOKENS if urlsplit(base).hostname == HOST else f"{base}/token"
            asked = {"grant_type": "client_credentials", "sub": self.needed("user_id")}
            reply = Api(self._send, base, {"Authorization": basic(key, secret)}).call(
                "POST",
                tokens,
                urlencode(asked).encode(),
                "application/x-www-form-urlencoded",
                missing="bad_credential",
                writes=False,
                refused="bad_credential",
            )
            token = dig(reply.data, "access_token")
            if not isinstance(token, str) or not token:
                raise AtsError("bad_answer", permanent=False)
            self._opened = Api(self._send, base, {"Authorization": f"Bearer {token}"})
        return self._opened


def _number(identifier: str, code: str) -> int:
    if not identifier.isascii() or not identifier.isdecimal():
        raise AtsError(code, permanent=True)
    return int(identifier)


def _name(person: Mapping[str, Any]) -> str:
    return " ".join(str(person[key]) for key in ("first_name", "last_name") if person.get(key))


def _email(person: Mapping[str, Any]) -> Any:
    addresses = person.get("email_addresses")
    return dig(addresses[0], "value") if isinstance(addresses, list) and addresses else ""
