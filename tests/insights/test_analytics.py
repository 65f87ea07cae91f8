"""Who spoke how long: from times and roles, silence belonging to nobody."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from insights.analytics import analytics
from sessions import access, consents, services
from sessions.models import OffRecord
from tests.factories import go_live
from transcription.pipeline import SegmentDraft
from transcription.services import open_stream, save_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(cast):
    """An interview of two minutes."""
    began = timezone.now() - timedelta(seconds=120)
    consents.record_consent(session=cast.session, noted_by=cast.olga, method="verbal")
    return services.start_session(session=cast.session, at=began)


def speak(session, role, start_s, end_s):
    opened = open_stream(session_id=session.pk, role=role, offset=0, origin_ms=0)
    draft = SegmentDraft("Words.", (), start_s * 16_000, end_s * 16_000, 0.9, "scripted", {})
    return save_segment(opened=opened, draft=draft, language="en")


def end(session):
    return services.end_session(session=session, at=session.started_at + timedelta(seconds=120))


def role(figures, name):
    return next(one for one in figures["roles"] if one["role"] == name)


def test_the_talk_is_shared_out_and_silence_belongs_to_nobody(held):
    speak(held, "interviewer", 0, 10)
    speak(held, "candidate", 20, 40)
    speak(held, "candidate", 50, 60)
    speak(held, "interviewer", 70, 80)
    figures = analytics(end(held))
    assert figures["length_ms"] == 120_000
    assert figures["silence_ms"] == 70_000
    assert role(figures, "candidate") == {
        "role": "candidate",
        "talk_ms": 30_000,
        "share": 0.6,
        "turns": 1,
        "longest_ms": 30_000,
    }
    assert role(figures, "interviewer")["turns"] == 2
    assert role(figures, "interviewer")["longest_ms"] == 10_000


def test_who_speaks_at_once_counts_for_both_and_nothing_counts_twice(held):
    speak(held, "interviewer", 0, 10)
    speak(held, "candidate", 5, 15)
    speak(held, "candidate", 12, 20)
    figures = analytics(end(held))
    assert role(figures, "interviewer")["talk_ms"] == 10_000
    assert role(figures, "candidate")["talk_ms"] == 15_000
    assert figures["silence_ms"] == 100_000


def test_the_timeline_holds_all_that_was_spoken_in_forty_equal_parts(held):
    speak(held, "interviewer", 0, 10)
    speak(held, "candidate", 11, 95)
    figures = analytics(end(held))
    assert len(figures["timeline"]) == 40
    assert [part["start_ms"] for part in figures["timeline"][:3]] == [0, 3000, 6000]
    assert sum(part["candidate"] for part in figures["timeline"]) == 84_000
    assert max(part["candidate"] for part in figures["timeline"]) == 3000


def test_hidden_lines_and_what_was_off_the_record_are_left_out(held, cast):
    speak(held, "candidate", 0, 10)
    echo = speak(held, "interviewer", 20, 30)
    echo.hidden = True
    echo.save()
    OffRecord.objects.create(session=held, from_ms=40_000, to_ms=52_000, by=cast.olga)
    figures = analytics(end(held))
    assert [one["role"] for one in figures["roles"]] == ["candidate"]
    assert figures["off_record_ms"] == 12_000


def test_nothing_said_is_no_error(held):
    figures = analytics(end(held))
    assert figures["roles"] == []
    assert figures["questions"] is None
    assert figures["silence_ms"] == figures["length_ms"]


def test_no_words_are_opened_for_it(held, monkeypatch):
    speak(held, "candidate", 0, 10)
    ended = access.session_by_id(end(held).pk)
    monkeypatch.setattr("sessions.models.Session.data_key", lambda self: pytest.fail("opened"))
    assert analytics(ended)["roles"]


def test_it_is_served_to_who_may_view_and_to_nobody_else(cast):
    go_live(cast.session)
    url = f"/api/v1/sessions/{cast.session.pk}/analytics/"
    client = Client()
    client.force_login(cast.sam)
    answer = client.get(url).json()
    assert set(answer) == {
        *("length_ms", "silence_ms", "off_record_ms", "roles", "timeline", "questions")
    }
    client.force_login(cast.mia)
    assert client.get(url).status_code == 404
