"""Workable's SPI v3 as https://workable.readme.io/reference describes it."""

import base64
import time
from typing import Any

from tests.ats.servers.base import Imitation, Refusal, Request, Response


class WorkableServer(Imitation):
    kind = "workable"
    credential = "workable-token"
    options = {"member_id": "1f395d", "policy": "recruiter admin"}
    candidate, application = "27273038", ""

    def __init__(self) -> None:
        super().__init__()
        self.activities: list[dict[str, Any]] = []
        self.one_rating_each = False  # "one evaluation for the candidate per stage"

    @property
    def limit_headers(self) -> dict[str, str]:  # type: ignore[override]  # a moment, not a span
        return {"X-Rate-Limit-Limit": "10", "X-Rate-Limit-Reset": str(int(time.time()) + 8)}

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [row for row in self._comments() if "attachment" not in row]

    @property
    def files(self) -> list[dict[str, Any]]:
        return [row for row in self._comments() if "attachment" in row]

    @property
    def feedback(self) -> list[dict[str, Any]]:
        return [row for row in self.activities if row["action"] == "rating"]

    def _comments(self) -> list[dict[str, Any]]:
        return [row for row in self.activities if row["action"] == "comment"]

    def error(self, status: int) -> Response:
        return Response(status, {"error": "…"})

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.credential}":
            raise Refusal(401, {"error": "Not authorized"})
        if not self.allowed:
            raise Refusal(403, {"error": "Not allowed"})
        if not request.path.startswith("/spi/v3/"):
            raise Refusal(404, {"error": "Not found"})
        match request.method, request.path.split("/")[3:]:
            case "GET", ["members"]:
                return self._page(request, "members", self.shape("list_members")["members"])
            case "GET", ["candidates"]:
                found = self.shape("list_candidates")["candidates"]
                return Response(
                    200,
                    {"candidates": [c for c in found if c["email"] == request.query["email"]]},
                )
            case "GET", ["candidates", self.candidate]:
                return Response(200, self.shape("candidate"))
            case "GET", ["candidates", self.candidate, "activities"]:
                asked = request.query["actions"].split(",")
                rows = [row for row in self.activities if row["action"] in asked]
                shown = [{k: v for k, v in row.items() if k != "attachment"} for row in rows]
                return self._page(request, "activities", shown)
            case "POST", ["candidates", self.candidate, "comments"]:
                return self._comment(self._given(request))
            case "POST", ["candidates", self.candidate, "ratings"]:
                return self._rating(self._given(request))
        raise Refusal(404, {"error": "Not found"})

    def _given(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type") != "application/json":
            raise Refusal(415)
        given = request.json
        if self.refuses or given.get("member_id") != self.options["member_id"]:
            raise Refusal(422, {"error": "Validation failed", "validation_errors": {}})
        return given

    def _comment(self, given: dict[str, Any]) -> Response:
        comment = given["comment"]
        row = {
            **self.shape("comment_activity"),
            "id": f"{self.number():08x}",
            "body": comment["body"],
        }
        if attachment := comment.get("attachment"):
            base64.b64decode(attachment["data"], validate=True)
            row["attachment"] = attachment["name"]
        self.activities.append(row)
        return Response(201, {"id": row["id"]})

    def _rating(self, given: dict[str, Any]) -> Response:
        if given.get("scale") != "thumbs" or given.get("grade") not in (0, 1, 2):
            raise Refusal(422, {"error": "Validation failed"})
        if self.one_rating_each and self.feedback:
            raise Refusal(422, {"error": "Validation failed"})
        row = {
            **self.shape("comment_activity"),
            "id": f"{self.number():08x}",
            "action": "rating",
            "body": given["comment"],
        }
        self.activities.append(row)
        return Response(200, content=b"")  # recorded so: nothing tells the id

    def _page(self, request: Request, key: str, rows: list[dict[str, Any]]) -> Response:
        size = min(self.per_page, int(request.query.get("limit", 50)))
        start = int(request.query.get("since_id", 0))
        answer: dict[str, Any] = {key: rows[start : start + size]}
        if start + size < len(rows):
            query = "&".join(
                f"{name}={value}"
                for name, value in {**request.query, "since_id": str(start + size)}.items()
            )
            answer["paging"] = {"next": f"{self.url}{request.path}?{query}"}
        return Response(200, answer)
