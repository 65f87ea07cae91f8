"""The tone of the candidate's wording: stored line by line, and nowhere where nobody wants it."""

import pytest
from django.test import Client

from insights import analysis, cards, queries, tones
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import SentimentPoint
from sessions import events
from tests.factories import go_live, say

STRESSED = "Honestly I am completely overwhelmed and I am stressed about this."
CALM = "We moved the sessions to Redis in the spring."


@pytest.fixture
def session(cast):
    return go_live(cast.session)


def switch_off(session):
    session.organization.sentiment_enabled = False
    session.organization.save()


def test_a_line_of_the_candidate_has_a_tone(session):
    line = say(session, STRESSED)
    point = tones.note(session, line)
    assert point.segment == line
    assert point.reading["overall"] == "stressed"
    assert "stressed" in point.reading["indicators"]
    assert 0 < point.reading["confidence"] <= 1


@pytest.mark.parametrize(
    ("text", "role"),
    [("I am stressed.", "candidate"), (STRESSED, "interviewer"), (STRESSED, "room")],
    ids=["three words", "interviewer", "room"],
)
def test_few_words_and_other_people_have_none(session, text, role):
    assert tones.note(session, say(session, text, role=role)) is None


def test_a_line_has_one_tone_however_often_it_is_noted(session):
    line = say(session, STRESSED)
    assert tones.note(session, line) is not None
    assert tones.note(session, line) is None
    assert SentimentPoint.objects.count() == 1


def test_an_echo_has_no_tone(session):
    line = say(session, STRESSED)
    tones.note(session, line)
    line.hidden = True
    line.save()
    assert list(queries.tones_of(session)) == []
    line.tone.delete()
    assert tones.note(session, line) is None


def test_the_snapshot_and_the_endpoint_tell_the_points_in_order_and_the_whole(cast, session):
    lines = [say(session, CALM), say(session, STRESSED, start=160_000)]
    for line in reversed(lines):
        tones.note(session, line)
    points = queries.snapshot(session)["tones"]
    assert [point["overall"] for point in points] == ["neutral", "stressed"]
    client = Client()
    client.force_login(cast.sam)
    body = client.get(f"/api/v1/sessions/{session.pk}/tones/").json()
    assert body["results"] == points
    assert set(body["summary"]) == {"overall", "confidence", "trend", "indicators"}
    newest = max(point["revision"] for point in points)
    later = client.get(f"/api/v1/sessions/{session.pk}/tones/?after={newest}").json()
    assert later == {"results": [], "summary": body["summary"]}
    assert client.get(f"/api/v1/sessions/{session.pk}/tones/?after=x").status_code == 400
    client.force_login(cast.otto)
    assert client.get(f"/api/v1/sessions/{session.pk}/tones/").status_code == 404


def test_without_points_there_is_no_summary(cast, session):
    client = Client()
    client.force_login(cast.olga)
    body = client.get(f"/api/v1/sessions/{session.pk}/tones/").json()
    assert body == {"results": [], "summary": None}


def test_switched_off_nothing_is_stored_and_nothing_of_before_is_shown(cast, session):
    line = say(session, STRESSED)
    tones.note(session, line)
    stress = Finding(Kind.SENTIMENT, "Consider a brief break.", STRESSED, (str(line.pk),))
    stored = {"session_id": session.pk, "finding": stress, "state": "complete", "source": "llm"}
    assert cards.store_finding(**stored) is not None
    switch_off(session)
    other = say(session, STRESSED, start=160_000)
    assert tones.note(session, other) is None
    again = Finding(Kind.SENTIMENT, "Consider a break.", STRESSED, (str(other.pk),))
    assert cards.store_finding(**{**stored, "finding": again}) is None
    client = Client()
    client.force_login(cast.olga)
    base = f"/api/v1/sessions/{session.pk}"
    assert client.get(f"{base}/tones/").json() == {"results": [], "summary": None}
    assert client.get(f"{base}/insights/").json()["results"] == []
    snapshot = client.get(f"{base}/snapshot/").json()
    assert (snapshot["tones"], snapshot["insights"]) == ([], [])


def test_switched_off_no_card_of_before_is_sent_again(cast, session, monkeypatch):
    line = say(session, STRESSED)
    stress = Finding(Kind.SENTIMENT, "Consider a brief break.", STRESSED, (str(line.pk),))
    card = cards.store_finding(
        session_id=session.pk, finding=stress, state="preliminary", source="pattern"
    )
    switch_off(session)
    sent = []
    monkeypatch.setattr(events, "publish_on_commit", lambda _pk, event, *_: sent.append(event))
    client = Client()
    client.force_login(cast.olga)
    address = f"/api/v1/sessions/{session.pk}/insights/{card.pk}/feedback/"
    assert client.post(address, {"feedback": "used"}, "application/json").status_code == 404
    analysis.mark_segment(session_id=session.pk)
    assert analysis.analyze_session(session_id=session.pk) is None
    assert "insight_changed" not in sent


def test_in_the_european_union_it_is_off_unless_somebody_wants_it(session):
    session.organization.country = "DE"
    session.organization.save()
    line = say(session, STRESSED)
    assert tones.note(session, line) is None
    session.organization.sentiment_enabled = True
    session.organization.save()
    assert tones.note(session, line) is not None


def test_no_word_of_a_tone_is_readable_in_its_row(session):
    tones.note(session, say(session, STRESSED))
    assert b"stressed" not in bytes(SentimentPoint.objects.values_list("reading", flat=True).get())
