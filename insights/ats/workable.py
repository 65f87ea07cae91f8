"""Workable, SPI v3: https://workable.readme.io/reference. The credential is an API access token.

A candidate is somebody's candidacy for one job. A file can only come with a comment, so it has one
of its own. The API deletes neither comments nor ratings.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from insights.ats import text
from insights.ats.base import Account, AtsError, Part, Result, Send, Target
from insights.ats.http import MOST_PAGES, Api, dig, known_id, part_of_path, rows
from insights.ats.vendor import MOST_FOUND, Vendor, is_email, labelled, only

PER_PAGE = "50"
ID = r"[0-9a-f]{6,12}"
ROLES = ("recruiter", "reviewer", "simple", "hiring_manager", "recruiting_admin", "admin")
GRADES = {"strong_no": 0, "no": 0, "yes": 1, "strong_yes": 2}  # thumbs: negative … definite


class Workable(Vendor):
    parts = frozenset({Part.NOTE, Part.ATTACHMENT, Part.SCORECARD})

    def __init__(self, account: Account, send: Send) -> None:
        super().__init__(account, send)
        token = f"Bearer {account.credential.strip()}"
        self._api = Api(send, f"{account.base_url.rstrip('/')}/spi/v3", {"Authorization": token})

    def check(self) -> str:
        wanted = self.needed("member_id")
        for member in self._list("/members", "members", {}):
            if str(member.get("id")) == wanted:
                return labelled(member.get("name"), member.get("email"))
        raise AtsError("user_unknown", permanent=True)

    def find(self, wanted: str) -> list[Target]:
        wanted = wanted.strip()
        if is_email(wanted):
            query = {"email": wanted, "limit": str(MOST_FOUND)}
            found = rows(self._api.get("/candidates", query).data, "candidates")
        elif identifier := only(wanted, ID):
            try:
                found = [dig(self._api.get(f"/candidates/{identifier}").data, "candidate")]
            except AtsError as error:
                if error.code != "not_found":
                    raise
                found = []
        else:
            raise AtsError("search_by_email", permanent=True)
        return [
            Target(
                str(row["id"]),
                label=labelled(row.get("name"), row.get("email"), dig(row, "job", "title")),
            )
            for row in found
            if dig(row, "id")
        ][:MOST_FOUND]

    def write_note(self, target: Target, result: Result) -> str:
        return self._comment(target, {"body": self.shown(Part.NOTE, target, result)})

    def existing_note(self, target: Target, result: Result) -> str | None:
        name = text.file_name(result)  # in the comment that carries the file; it holds the mark too
        return self._activity(
            target, "comment", lambda body: result.mark in body and name not in body
        )

    def write_attachment(self, target: Target, result: Result) -> str:
        name = text.file_name(result)
        attachment = {"name": name, "data": text.base64_of(result.file)}
        body = {"body": f"{result.title}\n{name}", "attachment": attachment}
        return self._comment(target, body)

    def existing_attachment(self, target: Target, result: Result) -> str | None:
        name = text.file_name(result)
        return self._activity(target, "comment", lambda body: name in body)

    def write_scorecard(self, target: Target, result: Result) -> str:
        if not result.recommendation:  # a rating without a grade is refused there
            raise AtsError("recommendation_missing", permanent=True)
        body = {
            "member_id": self.needed("member_id"),
            "comment": self.shown(Part.SCORECARD, target, result),
            "scale": "thumbs",
            "grade": GRADES[result.recommendation],
        }
        path = f"{self._path(target)}/ratings"
        return self._written(path, body)

    def existing_scorecard(self, target: Target, result: Result) -> str | None:
        return self._activity(target, "rating", lambda body: result.mark in body)

    def _comment(self, target: Target, comment: dict[str, Any]) -> str:
        if roles := [role for role in ROLES if role in self.option("policy").split()]:
            comment["policy"] = roles
        body = {"member_id": self.needed("member_id"), "comment": comment}
        path = f"{self._path(target)}/comments"
        return self._written(path, body)

    def _activity(self, target: Target, action: str, fits: Callable[[str], bool]) -> str | None:
        query = {"actions": action}
        path = f"{self._path(target)}/activities"
        for row in self._list(path, "activities", query, missing="candidate_unknown"):
            if row.get("action") == action and fits(str(row.get("body") or "")):
                return known_id(row.get("id"))
        return None

    def _list(
        self, path: str, key: str, query: dict[str, str], missing: str = "not_found"
    ) -> Iterator[dict[str, Any]]:
        page = self._api.get(path, {"limit": PER_PAGE, **query}, missing=missing).data
        for _page in range(MOST_PAGES):
            yield from rows(page, key)
            following = dig(page, "paging", "next")
            if not isinstance(following, str) or not following:
                return
            page = self._api.follow(following).data
        raise AtsError("bad_answer", permanent=False)

    def _written(self, path: str, body: Mapping[str, Any]) -> str:
        # The answer to a rating is empty, and it was written nevertheless.
        answer = self._api.post(path, body, missing="candidate_unknown").data
        return known_id(dig(answer, "id"))

    def _path(self, target: Target) -> str:
        return f"/candidates/{part_of_path(target.candidate)}"
