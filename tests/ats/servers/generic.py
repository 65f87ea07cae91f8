"""Somebody's own endpoint, which knows a repeat by its `Idempotency-Key`."""

from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response

MAPPING = {
    "method": "POST",
    "path": "/people/{candidate}/notes",
    "headers": {"X-Source": "interviews"},
    "body": {
        "text": {"from": "note"},
        "about": {"id": {"from": "target.candidate"}},
        "verdict": {"from": "recommendation", "optional": True},
        "kind": "interview",
    },
    "id": "data.id",
    "remove": {"method": "DELETE", "path": "/people/{candidate}/notes/{id}"},
    "check": {"path": "/me"},
}


class GenericServer(Imitation):
    kind = "generic"
    credential = "s3cret"
    options: dict[str, str] = {}
    candidate, application = "ada/1", ""
    limit_headers = {"Retry-After": "7"}

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self._known: dict[str, Response] = {}

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.credential}":
            raise Refusal(401)
        if not self.allowed:
            raise Refusal(403)
        place = f"/people/{self.candidate}/notes"
        match request.method, request.path:
            case "GET", "/me":
                return Response(200, {"name": "interviews"})
            case "POST", path if path == place:
                return self._create(request)
            case "DELETE", path if path.startswith(f"{place}/"):
                identifier = path.rpartition("/")[2]
                kept = [row for row in self.notes if row["id"] != identifier]
                gone, self.notes = len(kept) < len(self.notes), kept
                return Response(204 if gone else 404)
        raise Refusal(404)

    def _create(self, request: Request) -> Response:
        if self.refuses or request.headers.get("content-type") != "application/json":
            raise Refusal(422, {"error": "…"})
        key = request.headers["idempotency-key"]
        if key not in self._known:
            row = {**request.json, "id": str(self.number())}
            self.notes.append(row)
            self._known[key] = Response(201, {"data": {"id": row["id"]}})
        return self._known[key]
