"""Ashby's API as https://developers.ashbyhq.com describes it: refusals have status 200."""

import base64
from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response


class AshbyServer(Imitation):
    kind = "ashby"
    credential = "ashby-key"
    options = {"form_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
    candidate = "00000000-0000-0000-0000-000000000001"
    application = "00000000-0000-0000-0000-000000000002"
    limit_headers = {"Retry-After": "7"}

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.feedback: list[dict[str, Any]] = []
        self.form = self.shape("feedback_form")["results"]["formDefinition"]["sections"]
        self.names_itself = True  # whether the key may read itself

    def handle(self, request: Request) -> Response:
        expected = "Basic " + base64.b64encode(f"{self.credential}:".encode()).decode()
        if "authorization" not in request.headers:
            raise Refusal(401)
        if request.headers["authorization"] != expected:
            raise Refusal(403, "The API key is not valid.")  # 401 is only for a missing one
        if request.method != "POST":
            raise Refusal(405)
        if not self.allowed:
            raise Refusal(403, {"success": False, "errors": ["missing_endpoint_permission"]})
        name = "_" + request.path.removeprefix("/").replace(".", "_")
        if not hasattr(self, name):
            raise Refusal(404)
        if name == "_candidate_uploadFile":
            return Response(200, self._candidate_uploadFile(request))
        if request.headers.get("content-type") != "application/json":
            raise Refusal(415)
        return Response(200, getattr(self, name)(request.json))

    def _refused(self, code: str) -> dict[str, Any]:
        return {"success": False, "errors": [code], "errorInfo": {"code": code, "message": "…"}}

    def _candidate(self) -> dict[str, Any]:
        files = [{"id": row["id"], "name": row["name"], "handle": "…"} for row in self.files]
        return {**self.shape("candidate_info")["results"], "fileHandles": files}

    def _candidate_list(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"success": True, "results": [self._candidate()], "moreDataAvailable": False}

    def _candidate_info(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["id"] != self.candidate:
            return self._refused("candidate_not_found")
        return {"success": True, "results": self._candidate()}

    def _candidate_search(self, given: dict[str, Any]) -> dict[str, Any]:
        candidate = self._candidate()
        fits = (
            given.get("email") == candidate["primaryEmailAddress"]["value"]
            or given.get("name", "-").casefold() in candidate["name"].casefold()
        )
        return {"success": True, "results": [candidate] if fits else []}

    def _candidate_createNote(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.refuses or given["note"]["type"] not in ("text/plain", "text/html"):
            return self._refused("invalid_input")
        if given["candidateId"] != self.candidate:
            return self._refused("candidate_not_found")
        row = {
            **self.shape("create_note")["results"],
            "id": self._uuid(),
            "content": given["note"]["value"],
        }
        self.notes.append(row)
        return {"success": True, "results": row}

    def _candidate_listNotes(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["candidateId"] != self.candidate:
            return self._refused("candidate_not_found")
        return self._page(given, self.notes)

    def _candidate_uploadFile(self, request: Request) -> dict[str, Any]:
        if not request.headers["content-type"].startswith("multipart/form-data; boundary="):
            raise Refusal(415)
        if request.form["candidateId"][1].decode() != self.candidate:
            return self._refused("candidate_not_found")
        name, content = request.form["file"]
        self.files.append({"id": self._uuid(), "name": name, "content": content})
        return {"success": True, "results": self._candidate()}

    def _feedbackFormDefinition_info(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["feedbackFormDefinitionId"] != self.options["form_id"]:
            return self._refused("feedback_form_definition_not_found")
        answer = self.shape("feedback_form")
        answer["results"]["formDefinition"]["sections"] = self.form
        return answer

    def _applicationFeedback_submit(self, given: dict[str, Any]) -> dict[str, Any]:
        values = {
            value["path"]: value["value"] for value in given["feedbackForm"]["fieldSubmissions"]
        }
        fields = [row for section in self.form for row in section["fields"]]
        missing = [
            row for row in fields if row["isRequired"] and row["field"]["path"] not in values
        ]
        if missing or given["applicationId"] != self.application:
            return self._refused("invalid_input")
        row = {
            **self.shape("feedback")["results"],
            "id": self._uuid(),
            "submittedValues": values,
        }
        self.feedback.append(row)
        return {"success": True, "results": row}

    def _applicationFeedback_list(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._page(given, self.feedback)

    def _apiKey_info(self, given: dict[str, Any]) -> dict[str, Any]:
        if not self.names_itself:
            raise Refusal(403, {"success": False, "errors": ["missing_endpoint_permission"]})
        return {"success": True, "results": {"title": "Interviews", "createdAt": "2026-01-01"}}

    def _page(self, given: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        size, start = min(self.per_page, given.get("limit", 100)), int(given.get("cursor", 0))
        answer = {"success": True, "results": rows[start : start + size]}
        if start + size < len(rows):
            return {**answer, "moreDataAvailable": True, "nextCursor": str(start + size)}
        return {**answer, "moreDataAvailable": False}

    def _uuid(self) -> str:
        return f"00000000-0000-4000-8000-{self.number():012}"
