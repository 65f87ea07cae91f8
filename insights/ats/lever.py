"""Lever, API v1: https://hire.lever.co/developer/documentation. The credential is an API key.

All is of an opportunity: one candidacy of a person. Every write is done in the name of a user of
Lever (`perform_as`). Feedback is a form of the account's own, so it is offered only where the
connection names one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from insights.ats import text
from insights.ats.base import Account, AtsError, Part, Result, Send, Target
from insights.ats.http import MOST_PAGES, Api, basic, dig, known_id, new_id, part_of_path, rows
from insights.ats.vendor import MOST_FOUND, Vendor, is_email, labelled, only

PER_PAGE = "50"
ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
WORDS = ("textarea", "text")  # kinds of fields of a form that take any words
# How good an answer of a `score-system` is, from its text ("4 - Strong Hire").
SCORES = {"strong_no": "1", "no": "2", "yes": "3", "strong_yes": "4"}


class Lever(Vendor):
    removes = frozenset({Part.NOTE, Part.ATTACHMENT, Part.SCORECARD})

    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        parts = {Part.NOTE, Part.ATTACHMENT}
        self.parts = frozenset(parts | {Part.SCORECARD} if self.option("form_id") else parts)
        key = {"Authorization": basic(account.credential.strip())}
        self._api = Api(send, account.base_url, key)

    def check(self) -> str:
        path = f"/v1/users/{part_of_path(self.needed('perform_as'))}"
        user = dig(self._api.get(path, missing="user_unknown").data, "data")
        if self.option("form_id"):
            self._form()
        return labelled(dig(user, "name"), dig(user, "email"))

    def find(self, wanted: str) -> list[Target]:
        wanted = wanted.strip()
        if is_email(wanted):
            query = {"email": wanted, "limit": str(MOST_FOUND)}
            found = rows(self._api.get("/v1/opportunities", query).data, "data")
        elif identifier := only(wanted, ID):
            try:
                found = [dig(self._api.get(f"/v1/opportunities/{identifier}").data, "data")]
            except AtsError as error:
                if error.code != "not_found":
                    raise
                found = []
        else:
            raise AtsError("search_by_email", permanent=True)
        return [
            Target(
                str(row["id"]), label=labelled(row.get("name"), _email(row), row.get("headline"))
            )
            for row in found
            if dig(row, "id")
        ][:MOST_FOUND]

    def write_note(self, target: Target, result: Result) -> str:
        body = {"value": self.shown(Part.NOTE, target, result), "notifyFollowers": False}
        return self._written(self._post(target, "notes", body))

    def existing_note(self, target: Target, result: Result) -> str | None:
        return self._marked(target, "notes", result)

    def remove_note(self, target: Target, remote_id: str) -> None:
        self._delete(target, "notes", remote_id)

    def write_attachment(self, target: Target, result: Result) -> str:
        reply = self._api.upload(
            self._path(target, "files"),
            ("file", text.file_name(result), result.file),
            query=self._as(),
            missing="candidate_unknown",
        )
        return self._written(reply.data)

    def existing_attachment(self, target: Target, result: Result) -> str | None:
        for row in self._list(target, "files"):
            if result.mark in str(row.get("name") or "") and not row.get("deletedAt"):
                return known_id(row.get("id"))
        return None

    def remove_attachment(self, target: Target, remote_id: str) -> None:
        self._delete(target, "files", remote_id)

    def write_scorecard(self, target: Target, result: Result) -> str:
        words = self.shown(Part.SCORECARD, target, result)
        body = {
            "baseTemplateId": self.needed("form_id"),
            "fieldValues": _filled(self._form(), words, result.recommendation),
        }
        return self._written(self._post(target, "feedback", body))

    def existing_scorecard(self, target: Target, result: Result) -> str | None:
        return self._marked(target, "feedback", result)

    def remove_scorecard(self, target: Target, remote_id: str) -> None:
        self._delete(target, "feedback", remote_id)

    def _form(self) -> list[dict[str, Any]]:
        path = f"/v1/feedback_templates/{part_of_path(self.needed('form_id'))}"
        return rows(self._api.get(path, missing="form_unknown").data, "data", "fields")

    def _marked(self, target: Target, kind: str, result: Result) -> str | None:
        for row in self._list(target, kind):
            fields = row.get("fields") if isinstance(row.get("fields"), list) else []
            said = [str(dig(field, "value") or "") for field in fields or []]
            if any(result.mark in value for value in said) and not row.get("deletedAt"):
                return known_id(row.get("id"))
        return None

    def _list(self, target: Target, kind: str) -> Iterator[dict[str, Any]]:
        path, query = self._path(target, kind), {"limit": PER_PAGE}
        for _page in range(MOST_PAGES):
            page = self._api.get(path, query, missing="candidate_unknown").data
            yield from rows(page, "data")
            following = dig(page, "next")
            if not dig(page, "hasNext") or not isinstance(following, str):
                return
            query = {"limit": PER_PAGE, "offset": following}
        raise AtsError("bad_answer", permanent=False)

    def _post(self, target: Target, kind: str, body: Mapping[str, Any]) -> Any:
        path = self._path(target, kind)
        return self._api.post(path, body, self._as(), missing="candidate_unknown").data

    def _delete(self, target: Target, kind: str, remote_id: str) -> None:
        self._api.delete(f"{self._path(target, kind)}/{part_of_path(remote_id)}", self._as())

    def _written(self, data: Any) -> str:
        return new_id(dig(data, "data", "id"))

    def _as(self) -> dict[str, str]:
        return {"perform_as": self.needed("perform_as")}

    def _path(self, target: Target, kind: str) -> str:
        return f"/v1/opportunities/{part_of_path(target.candidate)}/{kind}"


def _filled(form: list[dict[str, Any]], words: str, recommendation: str) -> list[dict[str, str]]:
    """Return the values of a form: the words in its first text field, the choice in a score."""
    values = []
    written = False
    for field in form:
        value = ""
        if field.get("type") in WORDS and not written:
            value, written = words, True
        elif field.get("type") == "score-system" and recommendation:
            value = _choice(field, SCORES[recommendation])
        if value and field.get("id"):
            values.append({"id": str(field["id"]), "value": value})
        elif field.get("required"):
            raise AtsError("form_unfit", permanent=True)
    if not written:
        raise AtsError("form_unfit", permanent=True)
    return values


def _choice(field: Mapping[str, Any], score: str) -> str:
    options = field.get("options") if isinstance(field.get("options"), list) else []
    texts = [str(dig(option, "text") or "") for option in options or []]
    return next((told for told in texts if told.split(" ")[0] == score), "")


def _email(row: Mapping[str, Any]) -> Any:
    addresses = row.get("emails")
    return addresses[0] if isinstance(addresses, list) and addresses else ""
