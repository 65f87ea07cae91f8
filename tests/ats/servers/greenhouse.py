"""Harvest v3 as https://harvestdocs.greenhouse.io describes it; see shapes/greenhouse.json."""

import base64
from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response

TOKEN = "eyJhbGciOi.token.of.an.hour"
TYPES = {"resume", "cover_letter", "take_home_test", "offer_packet", "offer_letter", "other"}


class GreenhouseServer(Imitation):
    kind = "greenhouse"
    credential = "client-id:client-secret"
    options = {"user_id": "512"}
    candidate, application = "57683957", "69306314"
    limit_headers = {"Retry-After": "7", "X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"}

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.applications = self.shape("list_applications")
        self.next_elsewhere = ""

    def error(self, status: int) -> Response:
        return Response(status, {"message": "…", "errors": [{"message": "…"}]})

    def handle(self, request: Request) -> Response:
        if request.path == "/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, {"message": "Unauthorized"})
        if not self.allowed:
            raise Refusal(403, {"message": "Forbidden"})
        match request.method, request.path.split("/")[2:]:
            case "GET", ["candidates"]:
                return self._page(request, self._candidates(request.query))
            case "GET", ["users"]:
                users = self.shape("list_users")
                return self._page(
                    request, [u for u in users if str(u["id"]) == request.query["ids"]]
                )
            case "GET", ["applications"]:
                asked = request.query.get("candidate_ids", "").split(",")
                found = [a for a in self.applications if str(a["candidate_id"]) in asked]
                return self._page(request, found)
            case "GET", ["notes"]:
                return self._page(request, self._of_candidate(self.notes, request))
            case "GET", ["attachments"]:
                return self._page(request, self._of_candidate(self.files, request))
            case "POST", ["notes"]:
                return self._note(request)
            case "POST", ["attachments"]:
                return self._attachment(request)
            case "DELETE", ["attachments", identifier]:
                before = len(self.files)
                self.files = [row for row in self.files if str(row["id"]) != identifier]
                return Response(204 if len(self.files) < before else 404)
        raise Refusal(404, {"message": "Resource not found"})

    def _token(self, request: Request) -> Response:
        given = dict(piece.split("=") for piece in request.content.decode().split("&"))
        kind = request.headers["content-type"]
        if kind != "application/x-www-form-urlencoded" or not given.get("sub", "").isdigit():
            raise Refusal(400, {"error": "invalid_request"})
        expected = "Basic " + base64.b64encode(self.credential.encode()).decode()
        if request.headers.get("authorization") != expected:
            raise Refusal(401, {"error": "invalid_client"})
        return Response(200, {**self.shape("token"), "access_token": TOKEN})

    def _candidates(self, query: dict[str, str]) -> list[dict[str, Any]]:
        found = self.shape("list_candidates")
        if email := query.get("email"):
            return [p for p in found if email in [e["value"] for e in p["email_addresses"]]]
        if ids := query.get("ids"):
            return [p for p in found if str(p["id"]) in ids.split(",")]
        return found

    def _of_candidate(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        if "cursor" in request.query:
            return rows
        asked = request.query["candidate_ids"].split(",")
        applications = {str(a["id"]): str(a["candidate_id"]) for a in self.applications}
        return [
            row
            for row in rows
            if str(row.get("candidate_id") or applications[str(row["application_id"])]) in asked
        ]

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        cursor = request.query.get("cursor")
        if cursor and len(request.query) > 1:  # "the only query parameter"
            raise Refusal(422, {"message": "Validation error"})
        size = min(self.per_page, int(request.query.get("per_page", 100)))
        start = int(cursor) if cursor else 0
        headers = {}
        if start + size < len(rows):
            place = self.next_elsewhere or self.url
            headers["Link"] = f'<{place}{request.path}?cursor={start + size}>; rel="next"'
        return Response(200, rows[start : start + size], headers)

    def _note(self, request: Request) -> Response:
        given = self._given(request)
        wrong = (
            not isinstance(given.get("candidate_id"), int)
            or not isinstance(given.get("user_id"), int)
            or given.get("visibility") not in ("public", "private", "admin_only")
            or given.get("note_type") != "NOTE"
            or not given.get("body")
        )
        if wrong:
            raise Refusal(422, {"message": "Validation error"})
        if str(given["candidate_id"]) != self.candidate:
            raise Refusal(404, {"message": "Resource not found"})
        row = {
            **self.shape("create_note"),
            "id": self.number(),
            **{key: given[key] for key in ("candidate_id", "user_id", "body", "visibility")},
        }
        self.notes.append(row)
        return Response(201, row)

    def _attachment(self, request: Request) -> Response:
        given = self._given(request)
        if given.get("type") not in TYPES or not given.get("filename") or "url" in given:
            raise Refusal(422, {"message": "Validation error"})
        base64.b64decode(given["content"], validate=True)
        if given.get("application_id") not in [a["id"] for a in self.applications]:
            raise Refusal(404, {"message": "Resource not found"})
        row = {
            **self.shape("create_attachment"),
            "id": self.number(),
            **{key: given[key] for key in ("application_id", "filename", "type")},
        }
        self.files.append({**row, "content": given["content"]})
        return Response(201, row)

    def _given(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type") != "application/json":
            raise Refusal(415)
        if self.refuses:
            raise Refusal(422, self.error(422).data)
        return request.json
