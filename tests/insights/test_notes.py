"""What of a model's notes and sentences stands: only what lines bear out."""

import pytest

from insights.analyzers.base import CANDIDATE, INTERVIEWER, Line, Window
from insights.analyzers.notes import Note, read, write
from tests.insights.talk import TODAY

ASKED = Line("q", INTERVIEWER, "How did you cut the cost of the nightly reports?", 0, 1)
MOVED = Line("a", CANDIDATE, "I moved 40 nightly reports to a read replica in Postgres.", 1, 2)
SAVED = Line("b", CANDIDATE, "That halved the bill within three months of the change.", 2, 3)
QUOTE = "moved 40 nightly reports to a read replica"
ORDER = {"q": 0, "a": 1, "b": 2}


def noted(text, *quotes, section="c1"):
    window = Window(lines=(ASKED, MOVED, SAVED), today=TODAY)
    item = {"section": section, "text": text, "quotes": [*quotes]}
    return [note.lines for note in read([item], window, ["c1"])]


def written(text, *numbers, section="c1"):
    notes = [
        Note("c1", "Moved 40 nightly reports to a replica.", ("a",)),
        Note("concerns", "Gave no figure for Kafka after 3 months.", ("b",)),
    ]
    item = {"section": section, "text": text, "notes": [*numbers]}
    return [note.lines for note in write([item], notes, ORDER)]


def test_a_note_rests_on_the_lines_of_its_quotes():
    assert noted("Moved 40 reports.", QUOTE) == [("a",)]
    assert noted("Moved 40 reports.", "halved the bill within three months", QUOTE) == [("a", "b")]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        pytest.param("Moved reports.", "line-a", id="the id of a line"),
        pytest.param("Moved reports.", "a", id="a letter"),
        pytest.param("Moved reports.", "I wrote the whole scheduler myself", id="nobody said it"),
        pytest.param("Asked about cost.", "cut the cost of the nightly reports", id="the question"),
        pytest.param("Moved 400 reports.", QUOTE, id="another figure"),
        pytest.param("Halved it within three months.", QUOTE, id="a figure of another line"),
        pytest.param("Moved reports to Kafka.", QUOTE, id="another tool"),
        pytest.param("Hire this candidate.", QUOTE, id="a verdict"),
    ],
)
def test_a_note_without_evidence_is_dropped(text, quote):
    assert noted(text, quote) == []


def test_a_note_of_no_section_is_dropped():
    assert noted("Moved 40 reports.", QUOTE, section="c2") == []


def test_a_sentence_rests_on_its_notes():
    assert written("Moved 40 reports.", 1) == [("a",)]
    assert written("Moved 40 reports, and Kafka was left open.", 1, 2, section="overview") == [
        ("a", "b")
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("Moved reports.", [0], id="no note"),
        pytest.param("Moved reports.", [7], id="a note that is not there"),
        pytest.param("Moved reports.", [-1], id="counted from the end"),
        pytest.param("Moved reports.", [2], id="a note of another section"),
        pytest.param("Moved 90 reports.", [1], id="another figure"),
        pytest.param("Moved 3 reports.", [1, 2], id="a figure of another section"),
        pytest.param("Moved reports to Kafka.", [1], id="another tool"),
        pytest.param("A clear strong hire.", [1], id="a verdict"),
    ],
)
def test_a_sentence_without_its_notes_is_dropped(text, numbers):
    assert written(text, *numbers) == []
