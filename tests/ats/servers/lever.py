"""Lever's API v1 as https://hire.lever.co/developer/documentation describes it."""

import base64
from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response

KINDS = ("notes", "files", "feedback")


class LeverServer(Imitation):
    kind = "lever"
    credential = "lever-key"
    options = {
        "perform_as": "be129d9b-50da-4485-9377-0d83e981f30b",
        "form_id": "1c0d54d3-1aeb-4989-b616-d0a6025444e8",
    }
    candidate, application = "6408dc54-7015-4e5b-8d60-23afff2b1efc", ""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.feedback: list[dict[str, Any]] = []
        self.form = self.shape("feedback_template")["data"]["fields"]

    def error(self, status: int) -> Response:
        return Response(status, {"code": "…", "message": "…"})

    def handle(self, request: Request) -> Response:
        expected = "Basic " + base64.b64encode(f"{self.credential}:".encode()).decode()
        if request.headers.get("authorization") != expected:
            raise Refusal(401, {"code": "Unauthorized", "message": "…"})
        if not self.allowed:
            raise Refusal(403, {"code": "Forbidden", "message": "…"})
        match request.method, request.path.split("/")[2:]:
            case "GET", ["users", user] if user == self.options["perform_as"]:
                return Response(200, self.shape("user"))
            case "GET", ["feedback_templates", form] if form == self.options["form_id"]:
                template = self.shape("feedback_template")
                template["data"]["fields"] = self.form
                return Response(200, template)
            case "GET", ["opportunities"]:
                opportunity = self.shape("opportunity")["data"]
                found = [opportunity] if request.query["email"] in opportunity["emails"] else []
                return Response(200, {"data": found, "hasNext": False})
            case "GET", ["opportunities", self.candidate]:
                return Response(200, self.shape("opportunity"))
            case "GET", ["opportunities", self.candidate, kind] if kind in KINDS:
                return self._page(request, getattr(self, kind))
            case "POST", ["opportunities", self.candidate, kind] if kind in KINDS:
                return self._create(request, kind)
            case "DELETE", ["opportunities", self.candidate, kind, identifier] if kind in KINDS:
                self._user(request)
                rows = getattr(self, kind)
                kept = [row for row in rows if row["id"] != identifier]
                setattr(self, kind, kept)
                return Response(204 if len(kept) < len(rows) else 404)
        raise Refusal(404, {"code": "ResourceNotFound", "message": "…"})

    def _user(self, request: Request) -> str:
        user = request.query.get("perform_as", "")
        if user != self.options["perform_as"]:
            raise Refusal(400, {"code": "BadRequestError", "message": "…"})
        return user

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        size = min(self.per_page, int(request.query.get("limit", 100)))
        start = int(request.query.get("offset", 0))
        answer: dict[str, Any] = {"data": rows[start : start + size], "hasNext": False}
        if start + size < len(rows):
            answer |= {"hasNext": True, "next": str(start + size)}
        return Response(200, answer)

    def _create(self, request: Request, kind: str) -> Response:
        user = self._user(request)
        if self.refuses:
            raise Refusal(400, {"code": "BadRequestError", "message": "…"})
        row = getattr(self, f"_{kind}_row")(request)
        row |= {"id": f"00000000-0000-4000-8000-{self.number():012}", "user": user}
        getattr(self, kind).append(row)
        return Response(201, {"data": row})

    def _notes_row(self, request: Request) -> dict[str, Any]:
        value = self._json(request)["value"]
        row = self.shape("create_note")["data"]
        row["fields"][0]["value"] = value
        return row

    def _files_row(self, request: Request) -> dict[str, Any]:
        if not request.headers["content-type"].startswith("multipart/form-data; boundary="):
            raise Refusal(415)
        name, content = request.form["file"]
        return {**self.shape("upload_file")["data"], "name": name, "size": len(content)}

    def _feedback_row(self, request: Request) -> dict[str, Any]:
        given = self._json(request)
        values = {value["id"]: value["value"] for value in given["fieldValues"]}
        if given["baseTemplateId"] != self.options["form_id"]:
            raise Refusal(404, {"code": "ResourceNotFound", "message": "…"})
        if any(field["required"] and field["id"] not in values for field in self.form):
            raise Refusal(400, {"code": "BadRequestError", "message": "…"})
        fields = [{**field, "value": values.get(field["id"])} for field in self.form]
        return {**self.shape("create_feedback")["data"], "fields": fields}

    def _json(self, request: Request) -> Any:
        if request.headers.get("content-type") != "application/json":
            raise Refusal(415)
        return request.json
