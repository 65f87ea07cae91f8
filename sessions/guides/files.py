"""Guides as files: JSON for programs, CSV for spreadsheets. Read in memory, by what is in them."""

import csv
import io
import json
import re
from typing import Any

from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from sessions.guides.checks import MINUTES, Refused, checked
from sessions.models import SCALE

FORMAT, VERSION = "interview-copilot.guide", 1
MOST_BYTES = 1_000_000
MOST_ROWS = 2_000
ANCHORS = [f"anchor_{value}" for value in range(1, SCALE + 1)]
COLUMNS = ["guide", "competency", "description", *ANCHORS, "question", "minutes"]
NEEDED = {"guide", "competency", "question"}
MOST_PROBLEMS = 20  # that are told at once

# What spreadsheets run instead of showing; a quote before it keeps it a text.
_RUNS = re.compile(r"'*[=+\-@\t\r|%＝＋－＠]")


class Unreadable(DomainError):
    """A file that is no guide; `problems` are sentences with the place in the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("bad_file", " ".join(problems), status=400)
        self.problems = problems


# --- Out -----------------------------------------------------------------------------------------


def as_json(plan: dict[str, Any]) -> str:
    """Write a plan down without ids: they mean nothing elsewhere."""
    competencies = [
        {
            **{name: competency[name] for name in ("name", "description", "anchors")},
            "questions": [
                {"text": q["text"], "minutes": q["minutes"]} for q in competency["questions"]
            ],
        }
        for competency in plan["competencies"]
    ]
    body = {"format": FORMAT, "version": VERSION, "title": plan["title"]}
    return json.dumps({**body, "competencies": competencies}, ensure_ascii=False, indent=2) + "\n"


def as_csv(plan: dict[str, Any]) -> str:
    """Write a plan down with a row for each question; what all rows share stands in the first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(plan):
        writer.writerow([_harmless(str(row.get(column, ""))) for column in COLUMNS])
    return "\ufeff" + out.getvalue()  # by the mark at its beginning Excel knows UTF-8


def _rows(plan: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for competency in plan["competencies"]:
        about = {
            "description": competency["description"],
            **dict(zip(ANCHORS, competency["anchors"], strict=True)),
        }
        asked = [{"question": q["text"], "minutes": q["minutes"]} for q in competency["questions"]]
        for question in asked or [{}]:
            rows.append({"competency": competency["name"], **about, **question})
            about = {}
    rows = rows or [{}]
    rows[0]["guide"] = plan["title"]
    return rows


def _harmless(cell: str) -> str:
    return f"'{cell}" if _RUNS.match(cell) else cell


def _meant(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


# --- In ------------------------------------------------------------------------------------------


def read(content: bytes) -> dict[str, Any]:
    """Return the plan of a file; raise Unreadable with what is wrong and where."""
    if len(content) > MOST_BYTES:
        raise Unreadable([_("This file is too large: a guide has at most 1 MB.")])
    text = _decoded(content)
    if not text.strip():
        raise Unreadable([_("This file is empty.")])
    places: dict[str, str] = {}
    if text.lstrip().startswith(("{", "[")):
        plan = _from_json(text)
    else:
        plan, places = _from_csv(text)
    try:
        return checked(plan)
    except Refused as refused:
        told = [
            _at(places.get(place) or _json_place(place), problem)
            for place, problem in refused.problems.items()
        ]
        raise Unreadable(told[:MOST_PROBLEMS]) from None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what older spreadsheets write


def _at(place: str, problem: str) -> str:
    return _("%(place)s: %(problem)s") % {"place": place, "problem": problem}


def _json_place(place: str) -> str:
    return re.sub(r"\.(\d+)", r"[\1]", place)


def _from_json(text: str) -> Any:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        place = _("Line %(line)d, column %(column)d") % {
            "line": error.lineno,
            "column": error.colno,
        }
        raise Unreadable([_at(place, _("this is not valid JSON."))]) from None
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        raise Unreadable([_("This is no guide: it is built in a way no guide is.")]) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Unreadable([_at("format", _("“%s” is expected here.") % FORMAT)])
    if found.get("version") != VERSION or isinstance(found.get("version"), bool):
        raise Unreadable([_at("version", _("Only version %d is known here.") % VERSION)])
    return found


def _from_csv(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the plan, and for each of its places where in the file it was written."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if missing := [name for name in COLUMNS if name in NEEDED - set(header)]:
            sentence = _("This is no guide: its first line lacks %s.") % ", ".join(missing)
            raise Unreadable([sentence])
        plan = _Sheet()
        for cells in reader:
            if reader.line_num > MOST_ROWS:
                raise Unreadable([_("A guide has at most %d lines.") % MOST_ROWS])
            plan.add(reader.line_num, dict(zip(header, map(_meant, cells), strict=False)))
    except csv.Error:
        place = _("Line %d") % reader.line_num
        raise Unreadable([_at(place, _("its quotation marks do not match."))]) from None
    return plan.plan, plan.places


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


class _Sheet:
    """The rows of a spreadsheet, gathered into a plan."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = {"title": "", "competencies": []}
        self.places = {"title": _("Line 2, column guide")}

    def add(self, line: int, row: dict[str, str]) -> None:
        row = {column: row.get(column, "").strip() for column in COLUMNS}
        self.plan["title"] = self.plan["title"] or row["guide"]
        if not any(row[column] for column in COLUMNS[1:]):
            return
        competencies = self.plan["competencies"]
        if not competencies or row["competency"] not in ("", competencies[-1]["name"]):
            self._begin(line, row)
        self._describe(line, row)
        if row["question"] or row["minutes"]:
            self._ask(line, row)

    def _here(self, line: int, column: str, place: str) -> None:
        self.places[place] = _("Line %(line)d, column %(column)s") % {
            "line": line,
            "column": column,
        }

    def _begin(self, line: int, row: dict[str, str]) -> None:
        place = f"competencies.{len(self.plan['competencies'])}"
        self.plan["competencies"].append(
            {"name": row["competency"], "description": "", "anchors": [""] * SCALE, "questions": []}
        )
        self._here(line, "competency", f"{place}.name")
        self._here(line, "competency", "competencies")

    def _describe(self, line: int, row: dict[str, str]) -> None:
        """Take over what the row says about its competency, where no row before it did."""
        place = f"competencies.{len(self.plan['competencies']) - 1}"
        competency = self.plan["competencies"][-1]
        if row["description"] and not competency["description"]:
            competency["description"] = row["description"]
            self._here(line, "description", f"{place}.description")
        for number, column in enumerate(ANCHORS):
            if row[column] and not competency["anchors"][number]:
                competency["anchors"][number] = row[column]
                self._here(line, column, f"{place}.anchors.{number}")

    def _ask(self, line: int, row: dict[str, str]) -> None:
        asked = self.plan["competencies"][-1]["questions"]
        within = f"competencies.{len(self.plan['competencies']) - 1}.questions"
        self._here(line, "question", within)
        self._here(line, "question", f"{within}.{len(asked)}.text")
        self._here(line, "minutes", f"{within}.{len(asked)}.minutes")
        asked.append({"text": row["question"], "minutes": _number(row["minutes"])})


def _number(cell: str) -> int | str:
    """Return the number a cell holds, five where it is empty, else what cannot be one."""
    if not cell:
        return MINUTES
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) < 7 else cell
