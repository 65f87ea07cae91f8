"""What is shown about a line at once: the best questions first, and no part needs another."""

import logging

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import bank, instant, prediction, queries, sealed_cache, tones
from insights.models import BankQuestion, Insight
from sessions.models import Session
from tests.factories import say

LINE = "We moved the orders service to Kafka last year and the consumers kept falling behind."
PROVED = "How would you explain consumer lag to somebody new to messaging?"
PREDICTED = "What told you first that the consumers were behind?"


def hear(session, text=LINE, role="candidate"):
    segment = say(session, text, role=role, start=16_000 * (1 + session.segments.count()))
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    return segment


def questions(session):
    return {card.content: card.source for card in session.insights.filter(kind="question")}


@pytest.fixture
def proved(cast):
    return BankQuestion.objects.create(
        organization=cast.organization,
        text=PROVED,
        skill="Kafka",
        used=3,
        fingerprint=bytes(16),
    )


@pytest.fixture
def predicted(cast, settings):
    """Put a question there as if it had been fetched while the line was being said."""
    settings.INTERVIEW_LLM_API_KEY = "test"
    item = {"content": PREDICTED, "quote": "the consumers kept falling behind", "reason": "Detail"}
    sealed_cache.keep(
        cast.session, prediction.READY, [{**item, "competency": "", "confidence": 0.8}], 60
    )


def test_without_anything_better_the_local_patterns_ask(live):
    hear(live)
    assert set(questions(live).values()) == {"pattern"}


@pytest.mark.usefixtures("proved")
def test_a_question_that_served_well_comes_in_place_of_the_patterns(live):
    hear(live)
    assert questions(live) == {PROVED: "bank"}
    card = live.insights.get(kind="question")
    assert (card.state, card.reason) == ("preliminary", "Served well before")
    assert card.quote in LINE


@pytest.mark.usefixtures("proved", "predicted")
def test_what_was_predicted_for_these_words_comes_first(live):
    hear(live)
    assert questions(live) == {PREDICTED: "llm", PROVED: "bank"}
    assert live.insights.get(source="llm").state == "preliminary"


@pytest.mark.usefixtures("proved")
def test_at_most_one_of_the_bank_for_a_line_and_each_only_once(live):
    for number in range(3):
        BankQuestion.objects.create(
            organization=live.organization,
            text=f"What would you watch on a {('small', 'large', 'shared')[number]} cluster first?",
            skill="Kafka",
            used=2,
            fingerprint=bytes([number + 1]) * 16,
        )
    hear(live)
    assert len(live.insights.filter(source="bank")) == 1
    hear(live, "Later we used Kafka for the billing events as well, in another team.")
    assert len({card.content for card in live.insights.filter(source="bank")}) == 2


@pytest.mark.usefixtures("proved")
def test_a_question_that_was_asked_is_not_suggested(live):
    hear(live, PROVED, role="interviewer")
    hear(live)
    assert PROVED not in questions(live)


@pytest.mark.usefixtures("proved", "predicted")
def test_nothing_is_asked_about_the_interviewers_own_words(live):
    hear(live, role="interviewer")
    assert questions(live) == {}


@pytest.mark.usefixtures("proved", "predicted")
def test_where_analysis_is_off_nothing_is_shown(live):
    live.organization.analysis_enabled = False
    live.organization.save()
    hear(live)
    assert not live.insights.exists()


def test_the_bank_of_the_guides_competency_is_asked_where_no_tool_is_named(live):
    guide = live.organization.guides.create(title="Engineers")
    guide.competencies.create(name="Ownership")
    live.guide = guide
    live.save()
    BankQuestion.objects.create(
        organization=live.organization,
        text="Which part of it would you hand to somebody else today?",
        competency="Ownership",
        used=2,
        fingerprint=bytes(16),
    )
    hear(live, "I took ownership of the release and drove it to the end by myself.")
    assert live.insights.get(source="bank").competency == "Ownership"


def broken(*args, **known):
    raise RuntimeError("the consumers kept falling behind")


@pytest.mark.usefixtures("proved", "predicted")
@pytest.mark.parametrize(
    ("module", "name", "left"),
    [
        (queries, "context", {PREDICTED, PROVED}),
        (bank, "suggest", {PREDICTED}),
        (prediction, "ready", {PROVED}),
        (cache, "get", {PROVED}),
        (queries, "asked_lately", {PREDICTED, PROVED}),
        (tones, "note", {PREDICTED, PROVED}),
    ],
    ids=["patterns", "bank", "prediction", "cache", "asked", "tone"],
)
def test_what_fails_takes_nothing_else_with_it(live, monkeypatch, caplog, module, name, left):
    live.organization.sentiment_enabled = True
    live.organization.save()
    monkeypatch.setattr(module, name, broken)
    with caplog.at_level(logging.ERROR):
        hear(live)
    assert set(questions(live)) == left
    assert live.tones.exists() == (name != "note")
    assert "RuntimeError" in caplog.text
    assert "falling" not in caplog.text


@pytest.mark.usefixtures("proved", "predicted")
def test_a_line_costs_the_same_after_a_long_interview(live):
    def cost(role, text):
        segment = say(live, text, role=role, start=16_000 * (1 + live.segments.count()))
        with CaptureQueriesContext(connection) as captured:
            instant.note_segment(session_id=live.pk, segment_id=segment.pk)
        return len(captured)

    hear(live)
    early = [cost("candidate", "Kafka was new to all of us then."), cost("interviewer", "I see.")]
    for number in range(60):
        hear(live, f"Then we looked at service number {number} and moved it to Redis and Kafka.")
        hear(live, f"And what about service {number}, how did that go?", role="interviewer")
    late = [cost("candidate", "Kafka was new to us for long."), cost("interviewer", "All right.")]
    assert late[0] <= early[0] + 2
    assert late[1] <= early[1] + 2


def test_lines_of_an_erased_interview_are_left_alone(live):
    segment = say(live, LINE)
    Session.objects.filter(pk=live.pk).update(wrapped_key=None)
    instant.note_segment(session_id=live.pk, segment_id=segment.pk)
    assert not Insight.objects.exists()
