"""Teamtailor, JSON:API: https://docs.teamtailor.com. The credential is an API key, scope Admin.

A file could only be given as an address from which anybody may fetch it, so none is sent.
"""

from typing import Any

from insights.ats.base import UNKNOWN, Account, AtsError, Part, Result, Send, Target
from insights.ats.http import Api, dig, known_id, new_id, part_of_path, rows
from insights.ats.vendor import MOST_FOUND, Vendor, is_email, labelled, only

VERSION = "20210218"
PER_PAGE = "30"  # the most there is
NEWEST_PAGES = 10  # notes are listed of the whole account: how many are looked through for an id
ID = r"\d{1,18}"


class Teamtailor(Vendor):
    removes = frozenset({Part.NOTE})

    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        headers = {
            "Authorization": f"Token token={account.credential.strip()}",
            "X-Api-Version": VERSION,
            "Accept": "application/vnd.api+json",
            "Content-Type": "application/vnd.api+json",
        }
        self._api = Api(send, account.base_url, headers)

    def check(self) -> str:
        path = f"/v1/users/{part_of_path(self.needed('user_id'))}"
        user = dig(self._api.get(path, missing="user_unknown").data, "data", "attributes")
        self._api.get("/v1/candidates", {"page[size]": "1"})
        return labelled(dig(user, "name"), dig(user, "email"))

    def find(self, wanted: str) -> list[Target]:
        wanted = wanted.strip()
        if is_email(wanted):
            query = {"filter[email]": wanted, "page[size]": "20"}
            found = rows(self._api.get("/v1/candidates", query).data, "data")
        elif identifier := only(wanted, ID):
            try:
                found = [dig(self._api.get(f"/v1/candidates/{identifier}").data, "data")]
            except AtsError as error:
                if error.code != "not_found":
                    raise
                found = []
        else:
            raise AtsError("search_by_email", permanent=True)
        return [
            Target(str(row["id"]), label=_label(row.get("attributes")))
            for row in found
            if dig(row, "id")
        ][:MOST_FOUND]

    def write_note(self, target: Target, result: Result) -> str:
        about = {
            "candidate": {"data": {"id": target.candidate, "type": "candidates"}},
            "user": {"data": {"id": self.needed("user_id"), "type": "users"}},
        }
        note = {
            "type": "notes",
            "attributes": {"note": self.shown(Part.NOTE, target, result)},
            "relationships": about,
        }
        reply = self._api.post("/v1/notes", {"data": note}, missing="candidate_unknown")
        return new_id(dig(reply.data, "data", "id"))

    def existing_note(self, target: Target, result: Result) -> str | None:
        """Look at what happened to the candidate, then for the note's id.

        Notes are listed only for the whole account. One that is not among the newest has no id
        here, so it is not written again but can only be removed by hand.
        """
        path = f"/v1/candidates/{part_of_path(target.candidate)}/activities"
        query = {"page[size]": PER_PAGE, "sort": "-created-at"}
        page = self._api.get(path, query, missing="candidate_unknown").data
        for _page in range(NEWEST_PAGES):
            if any(result.mark in str(_attribute(row, "data")) for row in rows(page, "data")):
                return self._id_of_note(result) or UNKNOWN
            following = dig(page, "links", "next")
            if not isinstance(following, str):
                break
            page = self._api.follow(following).data
        return self._id_of_note(result)

    def remove_note(self, target: Target, remote_id: str) -> None:
        self._api.delete(f"/v1/notes/{part_of_path(remote_id)}")

    def _id_of_note(self, result: Result) -> str | None:
        page = self._api.get("/v1/notes", {"page[size]": PER_PAGE, "sort": "-created-at"}).data
        for _page in range(NEWEST_PAGES):
            for row in _notes(page):
                if result.mark in str(_attribute(row, "note")):
                    return known_id(row.get("id"))
            following = dig(page, "links", "next")
            if not isinstance(following, str):
                break
            page = self._api.follow(following).data
        return None


def _notes(page: Any) -> list[dict[str, Any]]:
    """Return the notes of a page: JSON:API, or in the shape the documentation shows."""
    if dig(page, "notes") is None:
        return rows(page, "data")
    return [dig(row, "data") or {} for row in rows(page, "notes")]


def _attribute(row: Any, name: str) -> Any:
    return dig(row, "attributes", name) or ""


def _label(attributes: Any) -> str:
    name = " ".join(
        str(dig(attributes, key)) for key in ("first-name", "last-name") if dig(attributes, key)
    )
    return labelled(name, dig(attributes, "email"))
