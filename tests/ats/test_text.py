import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.ats import text
from insights.ats.base import Result
from tests.ats.worlds import MARK, RESULT


def result(**changed):
    values = {name: getattr(RESULT, name) for name in RESULT.__slots__}
    return Result(**{**values, **changed})


def test_a_note_is_plain_and_ends_with_its_mark():
    assert text.note(RESULT) == (
        "Interview: Ada, backend\n\nHeld on 1 November.\n\nOverview\n\n"
        "- She sized the pool first.\n- Measured before she changed it [12].\n\n" + MARK
    )


def test_a_title_that_the_text_lacks_comes_first():
    assert text.note(result(text="Words.")) == f"Interview: Ada, backend\n\nWords.\n\n{MARK}"


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        pytest.param("## A\n\n\n\nb", "A\n\nb", id="heading"),
        pytest.param("* one\n+ two\n- three", "- one\n- two\n- three", id="list"),
        pytest.param("**bold** and *so* and `code`", "bold and so and code", id="emphasis"),
        pytest.param("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name", id="not"),
        pytest.param(r"\*kept\* and \[x\]\(y\)", "*kept* and [x](y)", id="escaped"),
        pytest.param("[page](https://x.example/a)", "page (https://x.example/a)", id="link"),
        pytest.param("> said", "> said", id="quote"),
        pytest.param("a\r\nb  ", "a\nb", id="line ends"),
    ],
)
def test_markdown_becomes_plain(markdown, plain):
    assert text.plain(markdown) == plain


def test_a_long_note_is_cut_at_the_end_of_a_sentence():
    words = "One sentence. " * 100
    note = text.note(result(text=words), longest=400)
    assert len(note) <= 400
    assert note.endswith(f"One sentence. … The whole is in the attached file.\n\n{MARK}")


def test_nothing_is_said_of_a_file_where_there_is_none():
    note = text.note(result(text="One sentence. " * 100), longest=400, attached=False)
    assert "file" not in note
    assert note.endswith(f"One sentence. …\n\n{MARK}")


@given(
    words=st.text(max_size=600),
    longest=st.integers(120, 500),
    title=st.text(max_size=30),
)
def test_a_note_is_never_too_long_and_always_marked(words, longest, title):
    note = text.note(result(text=words, title=title), longest=longest)
    assert len(note) <= longest
    assert note.endswith(MARK)


def test_a_file_is_found_by_its_name():
    assert text.file_name(RESULT) == RESULT.file_name
    assert text.file_name(result(file_name="a.pdf")) == f"a-{MARK}.pdf"
    assert text.file_name(result(file_name="")) == f"interview-{MARK}.pdf"
    name = text.file_name(result(file_name='x"\r\ny/../z.pdf'))
    assert name == f"x-y-..-z-{MARK}.pdf"


def test_values_hold_no_words_in_their_repr():
    assert "pool" not in repr(RESULT)
    assert "Ada" not in repr(RESULT)
    assert "trade-offs" not in repr(RESULT.ratings)
