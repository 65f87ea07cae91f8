"""Telling without a model whether two cards say the same, and whether a question was asked."""

import json
from pathlib import Path

import pytest

from insights.analyzers.similar import alike, asks, form, same

PAIRS = Path(__file__).parent.parent / "evaluation" / "duplicates.json"
MEASURE = "How did you measure that change, and which step made the biggest difference?"
HARDEST = "What was the hardest part of that, and how did you deal with it?"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What was the result?", "what was the outcome"),
        ("How did you measure that change?", "How was that change measured?"),
        ("Why did you choose Kafka?", "What made you pick Kafka?"),
        ("Has worked with Spark for three years.", "3 years of Spark experience."),
        ("Says 5 years of AWS. Ask which roles make up that time.", "5 years of AWS claimed."),
        ("Runs everything on K8s.", "Runs everything on Kubernetes."),
    ],
)
def test_other_words_for_the_same_are_the_same(one, other):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Says 5 years of AWS.", "Says 8 years of AWS."),
        ("Says 5 years of AWS.", "Says 5 years of Azure."),
        ("Has used Kubernetes in production.", "Has not used Kubernetes in production."),
        ("How did you migrate to Kafka?", "Why did you migrate to Kafka?"),
        ("Has led the night shift for a year.", "Has led the day shift for a year."),
        ("Everything is told as “we”. Ask for their part.", "Everything is told as “I”."),
        ("How did the customer react?", "How did you react to the customer?"),
        ("What was the result?", "Who was in the team?"),
        ("", ""),
    ],
)
def test_what_differs_in_a_fact_is_not_the_same(one, other):
    assert not same(one, other)
    assert not same(other, one)


def test_most_of_the_labelled_pairs_that_differ_are_told_apart():
    """Careful rather than eager: a card too many is better than one that is never shown."""
    pairs = json.loads(PAIRS.read_text(encoding="utf-8"))["pairs"]
    merged = [pair for pair in pairs if same(pair["a"], pair["b"])]
    wrong = [pair for pair in merged if not pair["same"]]
    different = [pair for pair in pairs if not pair["same"]]
    assert len(wrong) <= 0.1 * len(different)
    assert len(merged) - len(wrong) >= 0.25 * (len(pairs) - len(different))


def test_a_form_holds_no_words():
    compared = form("Lost the contract with Umbrella in 2021.")
    assert {type(item) for item in compared.words | compared.facts} == {int}
    assert alike(compared, form("lost the contract with Umbrella in 2021"))


@pytest.mark.parametrize(
    ("said", "question"),
    [
        (
            "okay how did you measure that change and which step made the biggest difference",
            MEASURE,
        ),
        ("So how was the change measured, which step made the most difference?", MEASURE),
        ("Thanks. What was the hardest part of it and how did you cope?", HARDEST),
        ("and so what was the result", "What was the result?"),
        ("How long did you use k8s, and why did you stop?", "Why did you stop using Kubernetes?"),
    ],
)
def test_a_question_is_asked_in_whatever_words(said, question):
    assert asks(said, question)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("I see, go on.", MEASURE),
        ("That was a big change.", MEASURE),
        ("the result", "What was the result?"),
        ("Why did you stop using Docker?", "Why did you stop using Kubernetes?"),
        ("How did you measure the load?", MEASURE),
    ],
)
def test_another_question_is_another_question(said, question):
    assert not asks(said, question)
