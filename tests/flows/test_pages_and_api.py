"""Pages and REST: what they answer to those who may; who may is in test_access_matrix.py."""

import uuid

import pytest
from django.test import Client

from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import Insight
from sessions.models import Session
from tests.factories import PASSWORD, client_of, go_live, say

SEES = {"olga", "sam", "cora", "ada"}
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]


@pytest.fixture
def held(cast):
    """A running session with one line and one card."""
    session = go_live(cast.session)
    segment = say(session, "I have worked with AWS for three years.")
    cast.card = store_finding(
        session_id=session.pk,
        finding=Finding(
            Kind.QUESTION, "Which part did you build?", "worked with AWS", (str(segment.pk),)
        ),
        state="complete",
        source="rules",
    )
    return cast


def test_sharing_with_somebody_elsewhere_is_refused(held):
    path = f"/sessions/{held.session.pk}/share/"
    assert client_of(held.olga).post(path, {"colleague": held.otto.pk}).status_code == 404
    assert client_of(held.olga).post(path, {"colleague": "x"}).status_code == 404
    assert client_of(held.otto).get(f"/sessions/{held.session.pk}/").status_code == 404


def test_the_list_shows_only_what_one_may_see(held):
    for person in PEOPLE:
        user = getattr(held, person)
        listed = client_of(user).get("/api/v1/sessions/").json()["results"]
        assert bool(listed) is (person in SEES), person
        page = client_of(user).get("/sessions/").content.decode()
        assert (str(held.session.pk) in page) is (person in SEES), person


def test_writes_need_the_csrf_token(held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(held.olga)
    path = f"/api/v1/sessions/{held.session.pk}/end/"
    assert client.post(path, {}, content_type="application/json").status_code == 403
    assert Session.objects.get(pk=held.session.pk).status == "live"


def test_the_snapshot_after_a_cursor_holds_only_what_changed(held):
    client = client_of(held.sam)
    path = f"/api/v1/sessions/{held.session.pk}/snapshot/"
    whole = client.get(path).json()
    assert [s["text"] for s in whole["segments"]] == ["I have worked with AWS for three years."]
    assert [i["kind"] for i in whole["insights"]] == ["question"]
    assert whole["session"]["may"] == {
        "view": True,
        "comment": False,
        "record": False,
        "share": False,
    }
    rest = client.get(path, {"after": whole["cursor"]}).json()
    assert (rest["segments"], rest["insights"]) == ([], [])
    say(held.session, "And with Lambda.", start=16_000)
    more = client.get(path, {"after": whole["cursor"]}).json()
    assert [s["text"] for s in more["segments"]] == ["And with Lambda."]
    assert more["cursor"] == whole["cursor"] + 1


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 30, "²"])
def test_a_wrong_cursor_is_a_clear_error(held, after):
    path = f"/api/v1/sessions/{held.session.pk}/snapshot/"
    answer = client_of(held.olga).get(path, {"after": after})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_cursor"


def test_wrong_input_gets_a_code_and_a_sentence(held):
    client = client_of(held.olga)
    base = f"/api/v1/sessions/{held.session.pk}"

    def refused(path, body, content_type="application/json"):
        answer = client.post(base + path, body, content_type=content_type)
        error = answer.json()
        assert error["detail"]
        return answer.status_code, error["code"]

    card = f"/insights/{held.card.pk}/feedback/"
    assert refused("/consent/", {"method": "dream"}) == (400, "invalid")
    assert refused("/consent/", "{", "application/json") == (400, "parse_error")
    assert refused("/consent/", "method=verbal", "text/plain") == (415, "unsupported_media_type")
    assert refused(card, {"feedback": "meh"}) == (400, "bad_feedback")
    assert refused(f"/insights/{uuid.uuid4()}/feedback/", {"feedback": "used"}) == (
        404,
        "not_found",
    )
    assert refused("/start/", {}) == (409, "wrong_status")


def test_feedback_is_kept(held):
    path = f"/api/v1/sessions/{held.session.pk}/insights/{held.card.pk}/feedback/"
    answer = client_of(held.olga).post(
        path, {"feedback": "pinned"}, content_type="application/json"
    )
    assert answer.json()["feedback"] == "pinned"
    assert Insight.objects.get(pk=held.card.pk).feedback == "pinned"


def test_one_signs_in_by_e_mail_whatever_its_case(cast):
    client = Client()
    answer = client.post("/accounts/login/", {"login": "OLGA@here.example ", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/sessions/").status_code == 200


def test_a_wrong_password_says_so_and_lets_nobody_in(cast):
    client = Client()
    answer = client.post("/accounts/login/", {"login": "olga@here.example", "password": "x"})
    assert "do not belong together" in answer.content.decode()
    assert client.get("/sessions/").status_code == 302


def test_pages_carry_a_strict_content_security_policy(held):
    for path in ("/accounts/login/", "/sessions/", f"/sessions/{held.session.pk}/"):
        answer = client_of(held.olga).get(path, follow=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def test_the_admin_shows_metadata_and_nothing_that_was_said(held):
    held.ada.is_staff = held.ada.is_superuser = True
    held.ada.save()
    client = client_of(held.ada)
    pages = [
        "/admin/interviews/session/",
        f"/admin/interviews/session/{held.session.pk}/change/",
        "/admin/accounts/organization/",
        f"/admin/accounts/organization/{held.organization.pk}/change/",
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert "Daniel Reyes" not in text
        assert "worked with AWS" not in text


def test_health_answers_without_signing_in(client):
    assert client.get("/healthz").content == b"ok\n"
