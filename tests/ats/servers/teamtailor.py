"""Teamtailor's JSON:API as https://docs.teamtailor.com describes it."""

import json
from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response


class TeamtailorServer(Imitation):
    kind = "teamtailor"
    credential = "teamtailor-key"
    options = {"user_id": "2"}
    candidate, application = "4", ""
    per_page = 30
    limit_headers = {"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Reset": "7"}

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self.as_documented = False  # lists of notes in the shape that the documentation shows

    def error(self, status: int) -> Response:
        return Response(status, {"errors": [{"title": "…", "detail": "…", "status": status}]})

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Token token={self.credential}":
            raise Refusal(401, self.error(401).data)
        if not request.headers.get("x-api-version", "").isdigit():
            raise Refusal(406, self.error(406).data)
        if not self.allowed:
            raise Refusal(403, self.error(403).data)
        match request.method, request.path.split("/")[2:]:
            case "GET", ["users", "2"]:
                return Response(200, self.shape("user"))
            case "GET", ["candidates"]:
                candidate = self.shape("candidate")["data"]
                wanted = request.query.get("filter[email]")
                fits = wanted in (None, candidate["attributes"]["email"])
                return Response(200, {"data": [candidate] if fits else []})
            case "GET", ["candidates", self.candidate]:
                return Response(200, self.shape("candidate"))
            case "GET", ["candidates", self.candidate, "activities"]:
                return self._page(request, [self._activity(row) for row in self._newest()])
            case "GET", ["notes"]:
                return self._page(request, self._newest())
            case "POST", ["notes"]:
                return self._create(request)
            case "DELETE", ["notes", identifier]:
                kept = [row for row in self.notes if row["id"] != identifier]
                gone, self.notes = len(kept) < len(self.notes), kept
                return Response(204 if gone else 404)
        raise Refusal(404, self.error(404).data)

    def _newest(self) -> list[dict[str, Any]]:
        return self.notes[::-1]

    def _activity(self, note: dict[str, Any]) -> dict[str, Any]:
        row = self.shape("activity")
        row["attributes"]["data"] = json.dumps({"text": note["attributes"]["note"]})
        return row

    def _create(self, request: Request) -> Response:
        if request.headers.get("content-type") != "application/vnd.api+json":
            raise Refusal(415, self.error(415).data)
        given = request.json["data"]
        about = {name: one["data"] for name, one in given["relationships"].items()}
        if self.refuses or given["type"] != "notes" or about["user"]["id"] != "2":
            raise Refusal(422, self.error(422).data)
        if str(about["candidate"]["id"]) != self.candidate:
            raise Refusal(404, self.error(404).data)
        row = self.shape("create_note")["data"]
        row["id"] = str(self.number())
        row["attributes"] |= {"note": given["attributes"]["note"], "candidate-id": 4}
        self.notes.append(row)
        return Response(201, {"data": row})

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        size = min(self.per_page, int(request.query.get("page[size]", 10)))
        number = int(request.query.get("page[number]", 1))
        shown = rows[(number - 1) * size : number * size]
        answer: dict[str, Any] = {"data": shown, "links": {}}
        if self.as_documented and request.path == "/v1/notes":
            answer = {"notes": [{"data": row} for row in shown], "links": {}}
        if number * size < len(rows):
            query = f"page%5Bnumber%5D={number + 1}&page%5Bsize%5D={size}"
            answer["links"]["next"] = f"{self.url}{request.path}?{query}"
        return Response(200, answer)
