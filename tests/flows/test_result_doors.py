"""Who once saw an interview sees nothing of its result, by no door and no kept answer."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from sessions import access, services
from sessions.models import Session, SessionUserObjectPermission
from tests.factories import client_of, go_live, say

pytestmark = pytest.mark.django_db

READ = (
    "",
    "analytics/",
    "claims/",
    "insights/",
    "scorecards/",
    "scorecards/panel/",
    "summary/",
    "summary/versions/",
    "summary/versions/1/",
    "transcript/",
)
DONE = {
    "exports/": {"format": "json", "parts": ["transcript"]},
    "ats/preview/": {},
    "scorecards/mine/submit/": {},
    "shares/": {"email": "vic@example.com"},
    "summary/": {},
    "summary/sign/": {"revision": 1},
    f"ats/connections/{uuid4()}/candidates/": {"q": "x"},
}


@pytest.fixture
def ended(cast):
    session = go_live(cast.session)
    say(session, "I moved forty services to Kubernetes.")
    services.end_session(session=session)
    return session


def ends(cast, session):
    """Let the share of the one who may comment be over."""
    rows = SessionUserObjectPermission.objects.filter(content_object=session, user=cast.cora)
    rows.update(until=timezone.now() - timedelta(seconds=1))


def is_taken(cast, session):
    access.unshare(session=session, colleague=cast.cora)


def is_private(cast, session):
    services.set_visibility(session=session, visibility=Session.Visibility.PRIVATE)


def leaves(cast, session):
    cast.cora.memberships.update(is_active=False)


@pytest.mark.parametrize("change", [ends, is_taken, is_private, leaves])
def test_who_may_see_it_no_longer_finds_no_door(cast, ended, change):
    client, base = client_of(cast.cora), f"/api/v1/sessions/{ended.pk}/"
    taken = client.post(f"{base}exports/", DONE["exports/"], content_type="application/json")
    assert taken.status_code == 200
    change(cast, ended)
    for path in READ:
        assert client.get(base + path).status_code == 404, path
    for path, body in DONE.items():
        for headers in ({}, {"Idempotency-Key": "one"}):
            answer = client.post(
                base + path, body, content_type="application/json", headers=headers
            )
            assert answer.status_code == 404, path
    conditional = client.patch(
        base, {"title": "x"}, content_type="application/json", headers={"If-Match": "*"}
    )
    assert conditional.status_code == 404  # no 412: it does not tell whether it is there


def test_a_device_of_the_interview_finds_none_either(cast, ended):
    _token, raw = tokens.create_for_device(
        user=cast.olga,
        organization=cast.organization,
        bound_to=ended.pk,
        channel="candidate",
        name="phone",
        hours=1,
    )
    client, base = (
        Client(headers={"Authorization": f"Bearer {raw}"}),
        f"/api/v1/sessions/{ended.pk}/",
    )
    for path in (*(base + path for path in READ), "/api/v1/me/", "/api/v1/ats/connections/"):
        assert client.get(path).status_code == 403, path
    for path, body in DONE.items():
        answer = client.post(base + path, body, content_type="application/json")
        assert answer.status_code == 403, path
