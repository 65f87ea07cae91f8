"""The page after an interview: for whom it is, and what it says where something is missing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sessions import consents, retention, services
from sessions.models import Guide
from tests.factories import go_live

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(cast):
    return services.end_session(session=go_live(cast.session))


def open_page(session, user):
    client = Client()
    client.force_login(user)
    return client.get(f"/sessions/{session.pk}/review/")


def test_who_may_view_reads_it_and_nobody_else(ended, cast):
    for person in (cast.olga, cast.sam, cast.cora, cast.ada):
        assert open_page(ended, person).status_code == 200
    for person in (cast.mia, cast.eve, cast.otto):
        assert open_page(ended, person).status_code == 404


def test_before_the_end_there_is_only_the_page_of_the_interview(cast):
    answer = open_page(cast.session, cast.sam)
    assert (answer.status_code, answer.url) == (302, f"/sessions/{cast.session.pk}/")
    answer = open_page(go_live(cast.session), cast.sam)
    assert answer.status_code == 302


def test_a_recording_being_written_down_shows_how_far_it_is(cast):
    consents.record_consent(session=cast.session, noted_by=cast.olga, method="written")
    services.process_session(session=cast.session)
    answer = open_page(cast.session, cast.olga)
    assert answer.status_code == 200
    assert 'data-testid="progress"' in answer.content.decode()
    assert "export-open" not in answer.content.decode()


def test_it_says_when_it_is_deleted_or_that_it_is_held(ended, cast):
    assert ended.expires_at > timezone.now() + timedelta(hours=1)
    assert (
        ended.expires_at.strftime("%Y-%m-%dT%H:%M") in open_page(ended, cast.sam).content.decode()
    )
    retention.hold(session=ended, hold=True)
    assert "Kept: legal hold" in open_page(ended, cast.sam).content.decode()


def test_it_offers_what_a_person_may_do(ended, cast):
    acts = {
        cast.olga: {"export-open", "send-open", "share-open", "summary-again"},
        cast.cora: {"export-open"},
        cast.ada: {"export-open", "send-open", "share-open"},
        cast.sam: set(),
    }
    for person, offered in acts.items():
        page = open_page(ended, person).content.decode()
        assert {act for act in acts[cast.olga] if f'id="{act}"' in page} == offered


def test_what_is_missing_is_said(ended, cast):
    assert "held without a guide" in open_page(ended, cast.olga).content.decode()
    assert "no applicant tracking system connected" in open_page(ended, cast.olga).content.decode()
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    guide.competencies.create(name="Design").questions.create(text="How?")
    ended.guide = guide
    ended.save()
    cast.organization.ats_connections.create(
        name="Hiring", kind="generic", base_url="https://ats.example.org"
    )
    page = open_page(ended, cast.olga).content.decode()
    assert "ratings-full" in page
    assert "no applicant tracking system connected" not in page


def test_the_tone_has_no_place_where_the_organization_wants_none(ended, cast):
    cast.organization.sentiment_enabled = False
    cast.organization.save()
    assert 'id="tones"' not in open_page(ended, cast.olga).content.decode()
