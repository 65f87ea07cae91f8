"""What holds of redaction whatever is said: digits never survive, and twice is as good as once."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evaluation.redaction.corpus import HALVES, items
from transcription.engines.base import Word
from transcription.redaction import Redactor

DIGITS = "zero one two three four five six seven eight nine".split()
LABEL = re.compile(r"\[[A-Z]+-\d+\]")
PERSONAL = [item for half in HALVES for item in items(half) if item.labels]


@pytest.fixture(scope="module")
def redactor():
    shared = Redactor()
    shared.warm()
    return shared


@st.composite
def dictated(draw):
    """Ten digits as somebody may say or write them, in groups of any size."""
    digits = draw(st.text("23456789", min_size=10, max_size=10))
    said, at = [], 0
    while at < len(digits):
        size = draw(st.integers(1, 4))
        group = digits[at : at + size]
        at += size
        way = draw(st.sampled_from(["words", "numerals", "double"]))
        if way == "numerals":
            said.append(group)
        elif way == "double" and len(group) == 2 and group[0] == group[1]:
            said.append(f"double {DIGITS[int(group[0])]}")
        else:
            said.append(" ".join(DIGITS[int(c)] for c in group))
        said.append(draw(st.sampled_from([" ", ", ", " uh ", " - ", ". ", " um, ", " and then "])))
    return "".join(said[:-1])


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(dictated())
def test_a_dictated_number_never_survives(redactor, said):
    shown = redactor.for_session().final(f"my phone number is {said}").text
    left = LABEL.sub(" ", shown)
    assert not re.search(rf"\d|\b(?:{'|'.join(DIGITS)}|double)\b", left), shown


@pytest.mark.parametrize("part", range(4))
def test_redacting_what_is_redacted_changes_nothing(redactor, part):
    for item in PERSONAL[part::16]:
        session = redactor.for_session(names=item.names)
        for text in item.texts:
            once = session.final(text).text
            again = redactor.for_session(names=item.names)
            assert again.final(once).text == once, item.id


def test_words_say_what_the_text_says(redactor):
    for item in PERSONAL[::5]:
        session = redactor.for_session(names=item.names)
        for text in item.texts:
            words = [Word(w, n, n + 1, 1.0) for n, w in enumerate(text.split())]
            result = session.final(text, words)
            joined = " ".join(word.text for word in result.words)
            assert LABEL.findall(joined) == LABEL.findall(result.text), item.id
            assert set(re.findall(r"\w+", LABEL.sub(" ", joined))) <= set(
                re.findall(r"\w+", LABEL.sub(" ", result.text))
            ), item.id


@pytest.mark.parametrize(
    "texts",
    [
        ("My manager was Oksana.", "It was Oksana Hrytsenko who signed.", "ask hrytsenko"),
        ("i met Oksana Hrytsenko", "then oksana left", "Hrytsenko signed"),
    ],
)
def test_one_person_keeps_one_number(redactor, texts):
    session = redactor.for_session()
    assert {LABEL.search(session.final(text).text).group() for text in texts} == {"[NAME-1]"}


def test_two_people_with_one_first_name_keep_apart(redactor):
    session = redactor.for_session()
    assert "[NAME-1]" in session.final("I reported to Oksana Hrytsenko.").text
    assert "[NAME-2]" in session.final("Oksana Bondarenko reviewed it.").text


def test_what_a_speaker_takes_back_goes_with_the_rest(redactor):
    session = redactor.for_session()
    for said in (
        "my number is four one five no wait four one six eight six seven five three oh nine",
        "born on the twenty third i mean nineteenth of january nineteen sixty two",
        "i was born on march sorry april third nineteen eighty eight",
        "my email is jane underscore millner sorry jane underscore miller at gmail dot com",
    ):
        shown = session.final(said).text
        assert not re.search(r"\b(?:four|one|third|twenty|march|millner|jane)\b", shown), shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("my email is jane miller, at gmail dot com", "my email is [EMAIL-1]"),
        ("it's jane dot miller at, uh, at gmail dot com", "it's [EMAIL-1]"),
        ("mail karsten, at, web dot de", "mail [EMAIL-1]"),
        ("we met in march, at google dot com", "we met in march, at google dot com"),
        ("we stream it, at netflix dot com too", "we stream it, at netflix dot com too"),
    ],
)
def test_a_pause_before_the_at_parts_no_address(redactor, said, shown):
    assert redactor.for_session().final(said).text == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "it's area code four one five then eight six seven then five three oh nine",
            "it's area code [PHONE-1]",
        ),
        ("the area code four one five is here", "the area code four one five is here"),
        ("code four one five eight six seven five", "code four one five eight six seven five"),
        ("utf eight and iso eight eight five nine one",) * 2,
    ],
)
def test_an_area_code_is_no_technical_code(redactor, said, shown):
    assert redactor.for_session().final(said).text == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "born in nineteen eighty nine on the second of may",
            "born in [BIRTHDATE-1] on [BIRTHDATE-2]",
        ),
        (
            "the company was born in nineteen eighty nine on the second of may",
            "the company was born in nineteen eighty nine on the second of may",
        ),
    ],
)
def test_the_day_may_follow_the_year_of_birth(redactor, said, shown):
    assert redactor.for_session().final(said).text == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            ["my number is four one five", "eight six", "seven five", "three oh nine"],
            ["my number is [PHONE-1]", "[PHONE-1]", "[PHONE-1]", "[PHONE-1]"],
        ),
        (
            ["my social is five one nine", "two two", "eight eight four one"],
            ["my social is [SSN-1]", "[SSN-1]", "[SSN-1]"],
        ),
    ],
)
def test_a_value_in_many_pieces_is_one_to_its_end(redactor, said, shown):
    session = redactor.for_session()
    assert [session.final(piece).text for piece in said] == shown
