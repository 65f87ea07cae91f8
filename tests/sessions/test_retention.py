"""What is over is gone: unreadable first, then removed; what is held stays."""

from datetime import timedelta

import pytest
from django.db import models
from django.utils import timezone

from sessions import retention, services
from sessions.models import Session
from tests.factories import go_live, make_session, say
from transcription.models import Segment


@pytest.fixture
def ended(cast):
    session = go_live(cast.session)
    say(session, "I have worked with AWS for three years.")
    services.end_session(session=session)
    return session


def overdue(session, **fields):
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(pk=session.pk).update(expires_at=past, **fields)


def test_an_expired_interview_and_all_its_rows_are_removed(ended):
    overdue(ended)
    assert retention.erase_expired() == 1
    assert not Session.objects.filter(pk=ended.pk).exists()
    assert not Segment.objects.exists()
    for model in Session._meta.apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is Session:
                assert not model.objects.filter(**{field.name: ended.pk}).exists(), model


def test_what_has_time_left_or_is_held_or_runs_stays(cast, ended):
    held = make_session(cast.olga, cast.organization)
    overdue(held, legal_hold=True)
    running = go_live(make_session(cast.olga, cast.organization))
    assert retention.erase_expired() == 0
    assert Session.objects.filter(pk__in=[ended.pk, held.pk, running.pk]).count() == 3


def test_the_key_is_destroyed_before_the_rows(ended, monkeypatch):
    overdue(ended)

    def die(self):
        raise RuntimeError

    monkeypatch.setattr(models.QuerySet, "delete", die)
    with pytest.raises(RuntimeError):
        retention.erase(ended.pk)
    assert Session.objects.get(pk=ended.pk).wrapped_key is None
    monkeypatch.undo()
    assert retention.erase_expired() == 1


def test_it_works_in_batches(cast):
    for _ in range(3):
        overdue(make_session(cast.olga, cast.organization))
    assert len(retention.expired(limit=2)) == 2
    assert retention.erase_expired() == 3


def test_two_workers_erase_once(ended):
    overdue(ended)
    assert retention.erase(ended.pk)
    assert not retention.erase(ended.pk)
