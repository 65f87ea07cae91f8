"""Guides as files: what goes out comes in again, and what is no guide is told by its place."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sessions import guides
from sessions.guides import files
from sessions.guides.checks import checked
from sessions.guides.files import Unreadable
from sessions.models import Guide
from sessions.serializers import plan_json

PLAN = {
    "title": "=HYPERLINK(1)",
    "competencies": [
        {
            "name": 'Design, “big” "systems"',
            "description": "'=quoted already",
            "anchors": ["-1 none", "", "+two; ways", "@all", "＝日本"],
            "questions": [
                {"text": "=cmd|' /C calc'!A0", "minutes": 0},
                {"text": "'Tis fair?", "minutes": 240},
                {"text": "''@odd", "minutes": 5},
            ],
        },
        {"name": "Nothing asked", "description": "", "anchors": [""] * 5, "questions": []},
        {
            "name": "Ownership",
            "description": "",
            "anchors": [""] * 5,
            "questions": [{"text": "What was yours?", "minutes": 8}],
        },
    ],
}
HEADER = ",".join(files.COLUMNS)


def without_ids(plan):
    return json.loads(files.as_json(plan))


def problems(content) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        files.read(content if isinstance(content, bytes) else content.encode())
    return caught.value.problems


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize("plan", [PLAN, {"title": "Empty", "competencies": []}], ids=["full", ""])
def test_what_goes_out_comes_in_again(cast, olga, kind, plan):
    guide = guides.create(organization=cast.organization, by=cast.olga, plan=plan)
    answer = olga.get(f"/guides/{guide.pk}/guide.{kind}")
    assert answer.headers["Content-Disposition"].endswith(f'.{kind}"')
    assert "no-store" in answer.headers["Cache-Control"]
    back = files.read(answer.content)
    assert without_ids(back) == without_ids(plan_json(guide))
    assert '"id"' not in answer.content.decode()


def test_no_cell_is_run_by_a_spreadsheet():
    rows = csv.reader(io.StringIO(files.as_csv(checked(PLAN)).removeprefix("\ufeff")))
    cells = [cell for row in rows for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r＝＋－＠" and cell]


@pytest.mark.parametrize(
    ("encode", "delimiter"),
    [("utf-8", ";"), ("utf-8-sig", "\t"), ("utf-16", ","), ("cp1252", ";")],
)
def test_what_spreadsheets_write_is_read(encode, delimiter):
    lines = [["Guide", "Competency", "Question", "Minutes"], ["Bücher", "Größe", "Wie?", "7"]]
    text = "\r\n".join(delimiter.join(cells) for cells in [*lines, ["", "", "Warum?", ""]])
    plan = files.read(text.encode(encode))
    assert plan["title"] == "Bücher"
    (part,) = plan["competencies"]
    assert part["name"] == "Größe"
    assert [(q["text"], q["minutes"]) for q in part["questions"]] == [("Wie?", 7), ("Warum?", 5)]


GUIDE = '{"format": "interview-copilot.guide", "version": 1, '


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "This file is empty."),
        (b"\xef\xbb\xbf \n", "This file is empty."),
        (b"x" * 1_000_001, "This file is too large"),
        ("{\n  nonsense", "Line 2, column 3: this is not valid JSON."),
        ("[" * 100_000, "it is built in a way no guide is"),
        (GUIDE + '"title": ' + "9" * 5000 + "}", "it is built in a way no guide is"),
        ("[]", "format: “interview-copilot.guide” is expected here."),
        ('{"format": "interview-copilot.guide", "version": 2}', "version: Only version 1"),
        (GUIDE + '"competencies": []}', "title: Give the guide a title."),
        (
            GUIDE + '"title": "T", "competencies": [{"name": "C", "questions": [{"text": 1}]}]}',
            "competencies[0].questions[0].text: A text is expected here.",
        ),
        (
            GUIDE + '"title": "T", "competencies": [{"name": "C", "anchors": [[]]}]}',
            "competencies[0].anchors[0]: A text is expected here.",
        ),
        ("%PDF-1.4", "its first line lacks guide, competency, question"),
        ("guide,question\nT,How?", "its first line lacks competency"),
        (f"{HEADER}\nT,Design,,,,,,,How?,soon", "Line 2, column minutes: Minutes are"),
        (f"{HEADER}\nT,,,,,,,,How?,5", "Line 2, column competency: Name the competency"),
        (f"{HEADER}\n,Design,,,,,,,How?,5", "Line 2, column guide: Give the guide a title."),
        (f"{HEADER}\nT,A,,,,,,,?,5\n,A,,,,,,,?,{'9' * 30}", "Line 3, column minutes"),
        (
            f"{HEADER}\nT,A,,,,,,,?,5\n,B,,,,,,,?,\n,A,,,,,,,?,",
            "Line 4, column competency: Another",
        ),
        (f'{HEADER}\nT,"A"x,,,,,,,?,5', "Line 2: its quotation marks do not match."),
        (f'{HEADER}\nT,"A,,,,,,,?,5', "Line 2: its quotation marks do not match."),
        (f"{HEADER}\n" + ",,,,,,,,,\n" * 2_001, "A guide has at most 2000 lines."),
    ],
)
def test_what_is_no_guide_is_told_by_its_place(content, said):
    assert any(said in problem for problem in problems(content)), problems(content)


def test_not_more_mistakes_are_told_than_anybody_reads():
    rows = "".join(f",C,,,,,,,Q{n},soon\n" for n in range(29))
    assert len(problems(f"{HEADER}\nT,C,,,,,,,Q,soon\n{rows}")) == files.MOST_PROBLEMS


class TestPage:
    def take_in(self, client, content, name="guide.txt"):
        return client.post("/guides/import/", {"file": SimpleUploadedFile(name, content)})

    def test_it_is_shown_in_the_editor_and_not_stored(self, olga):
        answer = self.take_in(olga, files.as_csv(checked(PLAN)).encode())
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "Nothing is stored until you save it." in page
        assert "What was yours?" in page
        assert not Guide.objects.exists()

    def test_mistakes_are_listed_and_nothing_is_stored(self, olga):
        answer = self.take_in(olga, b"\xff\xd8 a picture")
        assert answer.status_code == 400
        assert "This file could not be taken in." in answer.content.decode()
        assert not Guide.objects.exists()

    def test_what_a_file_says_is_never_markup(self, olga):
        page = self.take_in(olga, f'{GUIDE}"title": "</script><b>"}}'.encode()).content.decode()
        assert "</script><b>" not in page
        bad = f'{HEADER}\nT,C,,,,,,,"<b>x",<b>'.encode()
        assert "<b>" not in self.take_in(olga, bad).content.decode()

    def test_ids_in_a_file_mean_nothing(self, cast, olga):
        theirs = guides.create(organization=cast.elsewhere, by=cast.otto, plan=PLAN)
        stolen = {"format": files.FORMAT, "version": 1, **plan_json(theirs), "id": str(theirs.pk)}
        page = self.take_in(olga, json.dumps(stolen).encode()).content.decode()
        assert str(theirs.pk) not in page

    def test_a_viewer_takes_nothing_in(self, cast):
        client = Client()
        client.force_login(cast.vic)
        assert self.take_in(client, b"{}").status_code == 404
