"""Pages and REST: each person at each door, allowed and refused side by side."""

import uuid

import pytest
from django.test import Client

from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import Insight
from insights.services import store_finding
from sessions.models import Session
from tests.factories import PASSWORD, go_live, say

SEES = {"olga", "sam", "ada"}
RECORDS = {"olga"}
SHARES = {"olga", "ada"}
PEOPLE = ["olga", "sam", "mia", "vic", "ada", "otto", "lea"]

DOORS = [  # (method, path below the session, body, who may, status when allowed)
    ("get", "/sessions/{id}/", None, SEES, 200),
    ("get", "/api/v1/sessions/{id}/", None, SEES, 200),
    ("get", "/api/v1/sessions/{id}/snapshot/", None, SEES, 200),
    ("get", "/api/v1/sessions/{id}/transcript/", None, SEES, 200),
    ("get", "/api/v1/sessions/{id}/insights/", None, SEES, 200),
    ("post", "/api/v1/sessions/{id}/consent/", {"method": "verbal"}, RECORDS, 201),
    ("post", "/api/v1/sessions/{id}/start/", {}, RECORDS, 409),
    ("post", "/api/v1/sessions/{id}/end/", {}, RECORDS, 200),
    ("post", "/api/v1/sessions/{id}/insights/{card}/feedback/", {"feedback": "used"}, RECORDS, 200),
]


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


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(client, method, path, cast, body):
    url = path.format(id=cast.session.pk, card=getattr(cast, "card", None) and cast.card.pk)
    return getattr(client, method)(url, body, content_type="application/json")


@pytest.mark.parametrize("door", DOORS, ids=lambda d: d[1])
@pytest.mark.parametrize("person", PEOPLE)
def test_each_person_passes_exactly_their_doors(held, door, person):
    method, path, body, allowed, status = door
    answer = ask(client_of(getattr(held, person)), method, path, held, body)
    assert answer.status_code == (status if person in allowed else 404)


@pytest.mark.parametrize("door", DOORS, ids=lambda d: d[1])
def test_strangers_are_asked_to_sign_in(held, door):
    method, path, body, _allowed, _status = door
    answer = ask(Client(), method, path, held, body)
    if path.startswith("/api/"):
        assert answer.status_code == 403
    else:
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=")


@pytest.mark.parametrize("person", PEOPLE)
def test_sharing_is_for_those_who_may_share(held, person):
    path = f"/sessions/{held.session.pk}/share/"
    answer = client_of(getattr(held, person)).post(path, {"colleague": held.mia.pk})
    assert answer.status_code == (302 if person in SHARES else 404)
    seen = client_of(held.mia).get(f"/sessions/{held.session.pk}/").status_code
    assert seen == (200 if person in SHARES else 404)


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
    assert whole["session"]["may"] == {"view": True, "record": False, "share": False}
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
    assert answer.json()["error"]["code"] == "bad_cursor"


def test_wrong_input_gets_a_code_and_a_sentence(held):
    client = client_of(held.olga)
    base = f"/api/v1/sessions/{held.session.pk}"

    def refused(path, body, content_type="application/json"):
        answer = client.post(base + path, body, content_type=content_type)
        error = answer.json()["error"]
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
    answer = client.post(
        "/accounts/login/", {"username": "OLGA@here.example ", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert client.get("/sessions/").status_code == 200


def test_a_wrong_password_says_so_and_lets_nobody_in(cast):
    client = Client()
    answer = client.post("/accounts/login/", {"username": "olga@here.example", "password": "x"})
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
