"""Which terms a recognizer is told, and how they may be said."""

import pytest

from transcription.glossary import MAX_TERMS, sound, spoken_forms, terms


def test_terms_are_names_not_prose():
    text = "We use PostgreSQL and C++ on EC2. Then came Kafka. Nothing else matters."
    assert terms(text) == ["PostgreSQL", "C++", "EC2", "Kafka"]
    assert terms("ran Kafka, gRPC and Node.js") == ["Kafka", "gRPC", "Node.js"]


def test_terms_are_bounded_and_told_once():
    assert len(terms(" ".join(f"T{n}" for n in range(500)))) == MAX_TERMS
    assert terms("on AWS", "and AWS") == ["AWS"]


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("EC2", "e c two"),
        ("CloudFormation", "cloud formation"),
        ("PostgreSQL", "postgre s q l"),
        ("C++", "c plus plus"),
        ("Node.js", "node dot js"),
        ("gRPC", "g r p c"),
    ],
)
def test_it_knows_how_a_term_is_said(term, said):
    assert tuple(said.split()) in spoken_forms(term)


@pytest.mark.parametrize("term", ["Spring", "Go", "LinkedIn", "Lambda"])
def test_a_name_that_is_plain_talk_has_no_spoken_form(term):
    assert spoken_forms(term) == []


def test_spellings_that_sound_alike_have_one_key():
    assert sound("Kubernetes") == sound("cooper nettis")
    assert sound("Kafka") == sound("cuffka")
    assert sound("Redis") != sound("Docker")
