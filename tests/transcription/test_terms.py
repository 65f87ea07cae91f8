"""What was heard is written the way it is read, and plain talk stays as it is."""

import functools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from transcription.engines.base import Word
from transcription.terms import Normaliser

DATA = Path(__file__).resolve().parents[1] / "data"
CASES = json.loads((DATA / "term_cases.json").read_text(encoding="utf-8"))
PROFILE = "AWS EC2 S3 Lambda CloudFormation Docker Ansible Django PostgreSQL Redis".split()


@functools.cache
def _normaliser(vocabulary, language):
    return Normaliser(vocabulary, language)


def normalise(text, words, vocabulary, language):
    return _normaliser(tuple(vocabulary), language)(text, words)


def words(text, confidence=0.9):
    return tuple(Word(w, 100 * i, 100 * i + 90, confidence) for i, w in enumerate(text.split()))


@pytest.mark.parametrize(("heard", "read"), CASES["read"])
def test_terms_and_safe_numbers_are_written_as_they_are_read(heard, read):
    text, merged = normalise(heard, words(heard), (), "en")
    assert text == read
    assert " ".join(word.text for word in merged) == read


def test_plain_talk_stays_as_it_is():
    changed = {
        text: read
        for text in CASES["plain"]
        for read in (normalise(text, (), (), "en")[0],)
        if read != text
    }
    assert len(CASES["plain"]) >= 60
    assert changed == {}


def test_what_is_written_well_stays_identical():
    text = (DATA / "interview.txt").read_text(encoding="utf-8")
    given = words(text)
    assert normalise(text, given, PROFILE, "en") == (text, given)


def test_merged_words_keep_what_was_heard_its_time_and_its_lowest_confidence():
    heard = "on e c two, with postgres q l."
    given = [Word(w, 10 * i, 10 * i + 9, 0.9 - i / 100) for i, w in enumerate(heard.split())]
    text, merged = Normaliser()(heard, given)
    assert text == "on EC2, with PostgreSQL."
    assert [word.text for word in merged] == ["on", "EC2,", "with", "PostgreSQL."]
    assert merged[1] == Word("EC2,", 10, 39, 0.9 - 3 / 100, heard="e c two")
    assert merged[3].heard == "postgres q l"
    assert merged[0].heard == ""


def test_the_vocabulary_of_the_interview_adds_its_terms():
    heard = "we wrote acme flow and fizz q l"
    assert normalise(heard, (), (), "en")[0] == heard
    assert normalise(heard, (), ("AcmeFlow", "FizzQL"), "en")[0] == "we wrote AcmeFlow and FizzQL"


def test_other_languages_have_the_vocabulary_only():
    heard = "wir nutzen cloud formation, e c zwei und forty two percent"
    read = "wir nutzen CloudFormation, e c zwei und forty two percent"
    assert normalise(heard, (), ("CloudFormation",), "de")[0] == read


def test_doubtful_words_that_sound_like_a_term_become_it_and_sure_ones_do_not():
    heard = "we keep it in cooper nettis there"
    vocabulary = ("Kubernetes", "Prometheus")
    assert normalise(heard, words(heard), vocabulary, "en")[0] == heard
    doubtful = tuple(
        Word(w.text, w.start, w.end, 0.3 if w.text in {"cooper", "nettis"} else 0.9)
        for w in words(heard)
    )
    text, merged = normalise(heard, doubtful, vocabulary, "en")
    assert text == "we keep it in Kubernetes there"
    assert merged[4].heard == "cooper nettis"


def test_nothing_ordinary_is_taken_for_a_term_by_its_sound():
    cases = json.loads((DATA / "redaction_cases.json").read_text(encoding="utf-8"))
    talk = [*CASES["plain"], *cases["negative"], *(DATA / "interview.txt").read_text().split("\n")]
    vocabulary = [*PROFILE, "Kubernetes", "Prometheus", "Terraform", "Elasticsearch", "Cassandra"]
    normaliser = Normaliser(vocabulary)
    doubted = [
        (word.heard, word.text)
        for text in talk
        for word in normaliser(text, words(text, 0.3))[1]
        if word not in {replace(sure, confidence=0.3) for sure in normaliser(text, words(text))[1]}
    ]
    assert sum(len(text.split()) for text in talk) > 1500
    assert doubted == []


def test_placeholders_stay_untouched():
    text = "my number is [PHONE-1], mail [EMAIL-12] and e c two"
    assert normalise(text, words(text), (), "en")[0] == text.replace("e c two", "EC2")
