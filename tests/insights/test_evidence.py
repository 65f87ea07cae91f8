import pytest

from insights.analyzers.base import Finding
from insights.analyzers.evidence import checked, locate
from insights.kinds import Kind
from tests.insights.talk import said

LINES = said(
    "I: Hello, and thanks for coming in today.",
    "I've worked with AWS for three years, mostly EC2,",
    "S3 and Lambda. I have not led a team, though.",
    "The response time went from four seconds to two hundred milliseconds.",
)


@pytest.mark.parametrize(
    ("quote", "exact"),
    [
        ("worked with AWS for three years", "worked with AWS for three years"),
        ("i have WORKED with aws, for 3 years!", "I've worked with AWS for three years"),
        ("from 4 seconds to 200ms", "from four seconds to two hundred milliseconds."),
        ("mostly e c two", "mostly EC2"),
        ("response  time\nwent from four", "response time went from four"),
    ],
)
def test_it_finds_a_quote_whatever_its_case_punctuation_and_numbers(quote, exact):
    assert locate(quote, LINES)[1] == exact


def test_it_finds_a_quote_with_a_slip_and_returns_the_transcripts_own_words():
    ids, exact = locate("The respons time went from four seconds to two hundred", LINES)
    assert ids == ("s3",)
    assert exact == "The response time went from four seconds to two hundred"


def test_it_finds_a_quote_that_runs_over_two_lines_of_one_speaker():
    ids, exact = locate("mostly EC2, S3 and Lambda", LINES)
    assert ids == ("s1", "s2")
    assert exact == "mostly EC2 S3 and Lambda."


def test_it_joins_what_one_person_said_around_an_interruption_only():
    lines = said("we moved everything to", "I: Right.", "the new cluster in May")
    assert locate("everything to the new cluster", lines)[0] == ("s0", "s2")
    assert locate("everything to right", lines) is None


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "...",
        "AWS",
        "a b",
        "I have led a team, though, for years",
        "I have led a team",
        "worked with AWS for four years, mostly",
        "from five seconds to two hundred milliseconds",
        "I designed the whole payment system alone",
        "worked with Azure for three years, mostly EC2",
    ],
)
def test_it_refuses_what_was_not_said(quote):
    assert locate(quote, LINES) is None


def test_it_takes_the_newest_of_several_places():
    lines = said("we use Kafka for events", "and again, we use Kafka for events")
    assert locate("we use Kafka for events", lines)[0] == ("s1",)


def test_it_finds_both_parts_of_a_shortened_quote_or_nothing():
    assert locate("worked with AWS ... I have not led a team", LINES)[0] == ("s2",)
    assert locate("worked with AWS ... I have led five teams", LINES) is None


def test_it_counts_words_only_where_words_are_whole():
    assert locate("he average is", said("the average issue is small")) is None


def test_it_finds_korean_words():
    lines = said("저는 삼 년 동안 파이썬을 썼습니다.")
    assert locate("파이썬을 썼습니다", lines)[1] == "파이썬을 썼습니다."


def test_it_keeps_grounded_findings_and_counts_the_others():
    good = Finding(Kind.TIP, "…", "mostly ec2", ())
    bad = Finding(Kind.TIP, "…", "I am a unicorn trainer", ("s1",))
    kept, dropped = checked([good, bad], LINES)
    assert [(f.quote, f.line_ids) for f in kept] == [("mostly EC2", ("s1",))]
    assert dropped == 1


def test_it_prefers_the_line_a_finding_names():
    lines = said("we use Kafka for events", "we use Kafka for events")
    (kept,), _ = checked([Finding(Kind.TIP, "…", "we use Kafka for events", ("s0",))], lines)
    assert kept.line_ids == ("s0",)
