"""Ashby: https://developers.ashbyhq.com. The credential is an API key.

Every call is a POST, and a refusal comes with status 200 and `"success": false`. What was written
cannot be deleted through the API.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from copilot.lib.outgoing import Answer
from insights.ats import text
from insights.ats.base import Account, AtsError, Part, Result, Send, Target
from insights.ats.http import MOST_PAGES, Api, basic, dig, known_id, new_id, rows
from insights.ats.vendor import MOST_FOUND, Vendor, is_email, labelled, only

PER_PAGE = 50
ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
WORDS = ("RichText", "LongText", "String")  # kinds of fields of a form that take any words
OVERALL = "overall_recommendation"  # how the path of the form's overall recommendation ends
SCORES = {"strong_no": 1, "no": 2, "yes": 3, "strong_yes": 4}


class _AshbyApi(Api):
    def denied(self, answer: Answer) -> str:
        """Tell a key that lacks a permission from one that is wrong: both are a 403 here."""
        lacks = b"missing_endpoint_permission" in answer.body
        return "no_permission" if lacks else "bad_credential"


class Ashby(Vendor):
    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        parts = {Part.NOTE, Part.ATTACHMENT}
        self.parts = frozenset(parts | {Part.SCORECARD} if self.option("form_id") else parts)
        key = {
            "Authorization": basic(account.credential.strip()),
            "Accept": "application/json; version=1",
        }
        self._api = _AshbyApi(send, account.base_url, key)

    def check(self) -> str:
        self._ask("candidate.list", {"limit": 1})
        if self.option("form_id"):
            self._form()
        try:
            key = self._ask("apiKey.info", {})
        except AtsError as error:
            if error.code != "no_permission":
                raise
            return "API key"  # it works, but may not be asked for its own name
        return str(dig(key, "results", "title") or "API key")

    def find(self, wanted: str) -> list[Target]:
        wanted = wanted.strip()
        if identifier := only(wanted, ID):
            try:
                found = [dig(self._ask("candidate.info", {"id": identifier}), "results")]
            except AtsError as error:
                if error.code != "candidate_unknown":
                    raise
                found = []
        else:
            by = {"email": wanted} if is_email(wanted) else {"name": wanted}
            found = rows(self._ask("candidate.search", by), "results")
        return [target for row in found if dig(row, "id") for target in _targets(row)][:MOST_FOUND]

    def write_note(self, target: Target, result: Result) -> str:
        words = self.shown(Part.NOTE, target, result)
        body = {
            "candidateId": target.candidate,
            "note": {"type": "text/plain", "value": words},
            "sendNotifications": False,
        }
        return known_id(dig(self._do("candidate.createNote", body), "results", "id"))

    def existing_note(self, target: Target, result: Result) -> str | None:
        for row in self._list("candidate.listNotes", {"candidateId": target.candidate}):
            if result.mark in str(row.get("content") or ""):
                return known_id(row.get("id"))
        return None

    def write_attachment(self, target: Target, result: Result) -> str:
        reply = self._api.upload(
            "/candidate.uploadFile",
            ("file", text.file_name(result), result.file),
            {"candidateId": target.candidate},
            missing="candidate_unknown",
        )
        found = _file(dig(_good(reply.data), "results"), result)
        return found or self.existing_attachment(target, result) or new_id(None)

    def existing_attachment(self, target: Target, result: Result) -> str | None:
        candidate = self._ask("candidate.info", {"id": target.candidate})
        return _file(dig(candidate, "results"), result)

    def write_scorecard(self, target: Target, result: Result) -> str:
        if not target.application:
            raise AtsError("application_unknown", permanent=True)
        words = self.shown(Part.SCORECARD, target, result)
        body: dict[str, Any] = {
            "formDefinitionId": self.needed("form_id"),
            "applicationId": target.application,
            "feedbackForm": {
                "fieldSubmissions": _filled(self._form(), words, result.recommendation)
            },
        }
        if user := self.option("user_id"):
            body["userId"] = user
        return known_id(dig(self._do("applicationFeedback.submit", body), "results", "id"))

    def existing_scorecard(self, target: Target, result: Result) -> str | None:
        for row in self._list("applicationFeedback.list", {"applicationId": target.application}):
            if result.mark in str(row.get("submittedValues") or ""):
                return known_id(row.get("id"))
        return None

    def _form(self) -> list[dict[str, Any]]:
        asked = {"feedbackFormDefinitionId": self.needed("form_id")}
        answer = self._ask("feedbackFormDefinition.info", asked, missing="form_unknown")
        sections = rows(answer, "results", "formDefinition", "sections")
        return [field for section in sections for field in rows(section, "fields")]

    def _list(self, method: str, about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        asked = {**about, "limit": PER_PAGE}
        for _page in range(MOST_PAGES):
            page = self._ask(method, asked)
            yield from rows(page, "results")
            following = dig(page, "nextCursor")
            if not dig(page, "moreDataAvailable") or not isinstance(following, str):
                return
            asked = {**asked, "cursor": following}
        raise AtsError("bad_answer", permanent=False)

    def _ask(self, method: str, body: Mapping[str, Any], missing: str = "candidate_unknown") -> Any:
        reply = self._api.post(f"/{method}", body, missing=missing, writes=False)
        return _good(reply.data, missing)

    def _do(self, method: str, body: Mapping[str, Any]) -> Any:
        return _good(self._api.post(f"/{method}", body, missing="candidate_unknown").data)


def _good(data: Any, missing: str = "candidate_unknown") -> Any:
    """Return an answer that says so of itself; raise AtsError for one with `"success": false`."""
    if dig(data, "success") is True:
        return data
    if dig(data, "success") is not False:
        raise AtsError("bad_answer", permanent=False, unsure=True)
    # {"errors": ["…"]} or {"errors": [{"message"}]}, and newer {"errorInfo": {"code", "message"}}
    told = f"{dig(data, 'errorInfo', 'code') or ''} {dig(data, 'errors') or ''}".casefold()
    for piece, code in (
        ("not_found", missing),
        ("not found", missing),
        ("permission", "no_permission"),
        ("unauthorized", "bad_credential"),
        ("too_many", "rate_limited"),
        ("rate_limit", "rate_limited"),
    ):
        if piece in told:
            raise AtsError(code, permanent=code != "rate_limited")
    raise AtsError("refused", permanent=True)


def _filled(form: list[dict[str, Any]], words: str, recommendation: str) -> list[dict[str, Any]]:
    """Return the values of a form: the words in its first text field, the choice in the overall."""
    values: list[dict[str, Any]] = []
    written = False
    for row in form:
        kind, path = dig(row, "field", "type"), str(dig(row, "field", "path") or "")
        value: Any = None
        if kind in WORDS and not written:
            value = {"type": "PlainText", "value": words} if kind == "RichText" else words
            written = True
        elif path.endswith(OVERALL) and recommendation:
            score = SCORES[recommendation]
            value = {"score": score} if kind == "Score" else _choice(row, str(score))
        if value is not None and path:
            values.append({"path": path, "value": value})
        elif row.get("isRequired"):
            raise AtsError("form_unfit", permanent=True)
    if not written:
        raise AtsError("form_unfit", permanent=True)
    return values


def _choice(row: Mapping[str, Any], score: str) -> str | None:
    options = dig(row, "field", "selectableValues")
    values = [dig(option, "value") for option in options] if isinstance(options, list) else []
    return score if score in values else None


def _file(candidate: Any, result: Result) -> str | None:
    handles = dig(candidate, "fileHandles")
    for row in handles if isinstance(handles, list) else []:
        if result.mark in str(dig(row, "name") or ""):
            return known_id(dig(row, "id"))
    return None


def _targets(row: Mapping[str, Any]) -> list[Target]:
    label = labelled(row.get("name"), dig(row, "primaryEmailAddress", "value"))
    candidate, applications = str(row["id"]), row.get("applicationIds")
    if not isinstance(applications, list) or not applications:
        return [Target(candidate, label=label)]
    many = len(applications) > 1
    return [
        Target(candidate, str(one), labelled(label, f"…{str(one)[-4:]}" if many else ""))
        for one in applications
    ]
