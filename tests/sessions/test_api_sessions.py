"""Interviews by REST: preparing, listing, sharing, and what the candidate answered."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sessions import access, consents
from sessions.models import Guide, Session
from tests.factories import client_of, go_live, make_session, make_token, say

pytestmark = pytest.mark.django_db

LIST = "/api/v1/sessions/"
PREPARED = {
    "title": "Data engineer",
    "job": "Data",
    "candidate_name": "Daniel Reyes",
    "candidate_email": "daniel@example.org",
    "country": "de",
    "language": "en",
    "planned_minutes": 30,
    "profile": "Ten years of pipelines.",
    "visibility": "private",
}


def send(client, method, url, body=None):
    return getattr(client, method)(url, json.dumps(body or {}), content_type="application/json")


def program(cast, *scopes):
    raw = make_token(cast.olga, cast.organization, *scopes)
    return Client(headers={"Authorization": f"Bearer {raw}"})


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def at(session, *more):
    return "/".join([f"{LIST}{session.pk}", *map(str, more)]) + "/"


# --- Preparing -----------------------------------------------------------------------------------


def test_an_interview_is_prepared_and_read_back(cast):
    made = send(program(cast, "write"), "post", LIST, PREPARED)
    assert made.status_code == 201
    session = Session.objects.get(pk=made.json()["id"])
    assert made.headers["Location"] == f"http://testserver{at(session)}"
    assert (session.owner, session.organization) == (cast.olga, cast.organization)
    shown = program(cast, "read").get(at(session)).json()
    assert shown == made.json()
    assert {name: shown[name] for name in ("title", "job", "visibility", "planned_minutes")} == {
        name: PREPARED[name] for name in ("title", "job", "visibility", "planned_minutes")
    }
    assert shown["prepared"] == {
        "candidate_name": "Daniel Reyes",
        "candidate_email": "daniel@example.org",
        "country": "DE",
        "guide": None,
        "profile": "Ten years of pipelines.",
    }


def test_a_title_is_enough_and_the_guide_says_how_long(cast):
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    guide.competencies.create(name="Design").questions.create(text="How?", minutes=12)
    client = client_of(cast.olga)
    made = send(client, "post", LIST, {"title": "T", "guide": str(guide.pk)}).json()
    assert (made["planned_minutes"], made["language"], made["visibility"]) == (12, "en", "shared")
    assert send(client, "post", LIST, {"title": "T"}).json()["planned_minutes"] == 45


@pytest.mark.parametrize("person", ["vic", "lea"])
def test_who_may_not_prepare_is_told_of_nothing(cast, person):
    assert refusal(send(client_of(getattr(cast, person)), "post", LIST, PREPARED)) == (
        404,
        "not_found",
    )


def test_a_token_that_only_reads_prepares_nothing(cast):
    assert refusal(send(program(cast, "read"), "post", LIST, PREPARED)) == (403, "out_of_scope")
    assert refusal(send(program(cast, "read"), "patch", at(cast.session), {})) == (
        403,
        "out_of_scope",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 161},
        {"candidate_email": "nobody"},
        {"country": "DEU"},
        {"planned_minutes": 0},
        {"planned_minutes": 601},
        {"profile": "x" * 20_001},
        {"visibility": "world"},
        {"guide": "7"},
        {"guide": "00000000-0000-4000-8000-000000000000"},
        {"job": "nul \0"},
    ],
    ids=lambda wrong: "-".join(f"{k}={str(v)[:12]!a}" for k, v in wrong.items()),
)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_what_is_wrong_is_named(cast, wrong, method):
    url = LIST if method == "post" else at(cast.session)
    answer = send(client_of(cast.olga), method, url, {"title": "T", **wrong})
    assert refusal(answer) == (400, "invalid")
    assert set(answer.json()["fields"]) == set(wrong)


def test_a_guide_of_others_and_a_language_that_is_off_are_refused(cast):
    foreign = Guide.objects.create(organization=cast.elsewhere, title="Theirs")
    client = client_of(cast.olga)
    answer = send(client, "post", LIST, {"title": "T", "guide": str(foreign.pk)})
    assert set(answer.json()["fields"]) == {"guide"}
    answer = send(client, "post", LIST, {"title": "T", "language": "de"})
    assert refusal(answer) == (400, "language_off")
    assert not Session.objects.filter(title="T").exists()


def test_what_is_named_is_changed_and_nothing_else(cast):
    client = client_of(cast.olga)
    made = send(client, "post", LIST, PREPARED).json()
    url = f"{LIST}{made['id']}/"
    changed = send(client, "patch", url, {"candidate_name": "", "visibility": "shared"}).json()
    assert changed["prepared"] == {**made["prepared"], "candidate_name": ""}
    assert (changed["title"], changed["visibility"]) == (made["title"], "shared")


def test_once_it_runs_only_title_and_job_are_changed(cast):
    go_live(cast.session)
    client = client_of(cast.olga)
    assert send(client, "patch", at(cast.session), {"title": "New"}).json()["title"] == "New"
    refused = send(client, "patch", at(cast.session), {"title": "X", "profile": "Late."})
    assert refusal(refused) == (409, "too_late")
    assert client.get(at(cast.session)).json()["title"] == "New"


@pytest.mark.parametrize("person", ["sam", "cora", "ada", "mia", "otto", "vic"])
def test_who_does_not_hold_it_changes_nothing(cast, person):
    answer = send(client_of(getattr(cast, person)), "patch", at(cast.session), {"title": "Mine"})
    assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize("person", ["sam", "cora", "ada"])
def test_what_was_prepared_is_for_who_holds_it(cast, person):
    shown = client_of(getattr(cast, person)).get(at(cast.session))
    assert shown.json()["prepared"] is None
    assert "Reyes" not in shown.content.decode()


# --- The list ------------------------------------------------------------------------------------


@pytest.fixture
def several(cast):
    """Three interviews of Olga's and one that Mia shares with her, an hour apart."""
    made = [cast.session]
    made.append(make_session(cast.olga, cast.organization, title="apple", job="Cider"))
    made.append(make_session(cast.olga, cast.organization, title="Banana"))
    made.append(make_session(cast.mia, cast.organization, title="Cherry"))
    access.share(session=made[-1], colleague=cast.olga)
    begin = timezone.now() - timedelta(days=2)
    for hours, session in enumerate(made):
        Session.objects.filter(pk=session.pk).update(created_at=begin + timedelta(hours=hours))
    go_live(made[1])
    return begin


def titles(cast, **wanted):
    answer = client_of(cast.olga).get(LIST, wanted)
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


ALL = ["Cherry", "Banana", "apple", "Backend engineer"]  # the newest first


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ALL),
        ({"status": "live"}, ["apple"]),
        ({"status": "draft", "owner": "me"}, ["Banana", "Backend engineer"]),
        ({"q": "an"}, ["Banana"]),
        ({"q": "cIDER"}, ["apple"]),
        ({"q": "%"}, []),
        ({"language": "de"}, []),
        ({"ordering": "created_at"}, ALL[::-1]),
        ({"ordering": "title"}, ["apple", "Backend engineer", "Banana", "Cherry"]),
        ({"ordering": "-title"}, ["Cherry", "Banana", "Backend engineer", "apple"]),
        ({"ordering": "-started_at"}, ["apple", "Cherry", "Banana", "Backend engineer"]),
    ],
    ids=lambda value: (
        "+".join(f"{k}={v}" for k, v in value.items()) or "all"
        if isinstance(value, dict)
        else str(len(value))
    ),
)
def test_it_is_narrowed_down_and_sorted(cast, several, wanted, found):
    assert titles(cast, **wanted) == found


def test_it_is_narrowed_down_by_time(cast, several):
    edge = (several + timedelta(hours=2)).isoformat()
    assert titles(cast, created_after=edge) == ["Cherry", "Banana"]
    assert titles(cast, created_before=edge) == ["apple", "Backend engineer"]
    assert titles(cast, started_after=edge) == ["apple"]
    assert titles(cast, started_before=edge) == []


@pytest.mark.parametrize("ordering", ["title", "-title", "started_at", "-created_at"])
def test_every_order_is_read_page_by_page(cast, several, ordering):
    client, url, read = client_of(cast.olga), f"{LIST}?limit=1&ordering={ordering}", []
    while url:
        page = client.get(url).json()
        read += [row["title"] for row in page["results"]]
        url = page["next"]
    assert read == titles(cast, ordering=ordering)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "over"},
        {"owner": "mia"},
        {"ordering": "candidate_name"},
        {"created_after": "yesterday"},
        {"q": "x" * 161},
        {"q": "\0"},
        {"language": "x" * 9},
    ],
    ids=lambda wrong: "-".join(f"{k}={v[:12]!a}" for k, v in wrong.items()),
)
def test_a_wish_that_makes_no_sense_is_refused(cast, wrong):
    answer = client_of(cast.olga).get(LIST, wrong)
    assert refusal(answer) == (400, "invalid")
    assert set(answer.json()["fields"]) == set(wrong)


def test_others_find_nothing_by_it(cast, several):
    for person in (cast.otto, cast.vic, cast.lea):
        assert client_of(person).get(LIST, {"q": "a"}).json()["results"] == []


def test_many_cost_no_more_queries_than_one(cast, django_assert_num_queries):
    client = client_of(cast.olga)
    client.get(LIST)
    with django_assert_num_queries(8):
        assert len(client.get(LIST).json()["results"]) == 1
    for number in range(5):
        make_session(cast.olga, cast.organization, title=str(number))
    with django_assert_num_queries(8):
        assert len(client.get(LIST).json()["results"]) == 6


# --- Sharing -------------------------------------------------------------------------------------


def test_it_is_shared_by_address_or_id_and_no_longer(cast):
    client = client_of(cast.olga)
    url = at(cast.session, "shares")
    before = {row["email"]: row["level"] for row in client.get(url).json()["results"]}
    assert before == {cast.sam.email: "view", cast.cora.email: "comment"}
    until = (timezone.now() + timedelta(days=3)).isoformat()
    made = send(client, "post", url, {"email": cast.mia.email.upper(), "until": until})
    assert made.status_code == 201
    assert made.json()["user"] == cast.mia.pk
    assert client_of(cast.mia).get(at(cast.session)).status_code == 200
    assert send(client, "post", url, {"user": cast.mia.pk, "level": "comment"}).status_code == 201
    given = {row["user"]: row for row in client.get(url).json()["results"]}
    assert (given[cast.mia.pk]["level"], given[cast.mia.pk]["until"]) == ("comment", None)
    for status in (204, 404):
        assert client.delete(at(cast.session, "shares", cast.mia.pk)).status_code == status
    assert client_of(cast.mia).get(at(cast.session)).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"user": 1, "email": "a@b.example"}, "invalid"),
        ({"email": "otto@there.example"}, "invalid"),
        ({"email": "lea@here.example"}, "invalid"),
        ({"email": "sam@here.example", "level": "own"}, "invalid"),
        ({"email": "sam@here.example", "until": "2999-01-01T00:00:00Z"}, "invalid"),
        ({"email": "sam@here.example", "until": "2001-01-01T00:00:00Z"}, "bad_until"),
    ],
    ids=["nobody", "both", "foreign", "left", "level", "too-long", "past"],
)
def test_a_share_that_makes_no_sense_is_refused(cast, body, code):
    answer = send(client_of(cast.olga), "post", at(cast.session, "shares"), body)
    assert refusal(answer) == (400, code)


def test_the_owner_stays(cast):
    answer = send(
        client_of(cast.ada), "post", at(cast.session, "shares"), {"email": cast.olga.email}
    )
    assert refusal(answer) == (409, "owner_stays")


@pytest.mark.parametrize("person", ["sam", "cora", "mia", "vic", "otto", "lea"])
@pytest.mark.parametrize(
    ("method", "more", "body"),
    [
        ("get", ["shares"], None),
        ("post", ["shares"], {"email": "mia@here.example"}),
        ("put", ["visibility"], {"visibility": "organization"}),
    ],
    ids=["list", "give", "visibility"],
)
def test_who_may_not_share_sees_no_shares(cast, person, method, more, body):
    client = client_of(getattr(cast, person))
    url = at(cast.session, *more)
    answer = client.get(url) if method == "get" else send(client, method, url, body)
    assert refusal(answer) == (404, "not_found")


def test_a_private_interview_lets_nobody_in_by_a_share(cast):
    url = at(cast.session, "visibility")
    answer = send(client_of(cast.ada), "put", url, {"visibility": "private"})
    assert answer.json()["visibility"] == "private"
    assert client_of(cast.sam).get(at(cast.session)).status_code == 404
    refused = send(client_of(cast.olga), "put", url, {"visibility": "world"})
    assert refusal(refused) == (400, "invalid")


# --- Consent, notes ------------------------------------------------------------------------------


def test_all_answers_of_the_candidate_are_told(cast):
    client = client_of(cast.olga)
    consents.record_consent(
        session=cast.session, noted_by=cast.olga, method="verbal", given_by="Daniel"
    )
    consents.withdraw(session=cast.session, method="written", by=cast.olga)
    consents.refuse(session=cast.session, method="verbal", by=cast.olga)
    newest, oldest = client.get(at(cast.session, "consents")).json()["results"]
    assert (newest["answer"], newest["withdrawn_at"]) == ("refused", None)
    assert (oldest["answer"], oldest["given_by"], oldest["noted_by"]) == (
        "agreed",
        "Daniel",
        "olga",
    )
    assert (oldest["withdrawn_method"], oldest["withdrawn_by"]) == ("written", "olga")
    seen = client_of(cast.sam).get(at(cast.session, "consents"))
    assert {row["given_by"] for row in seen.json()["results"]} == {None}
    for person in (cast.mia, cast.otto):
        assert client_of(person).get(at(cast.session, "consents")).status_code == 404


def test_a_note_is_about_a_line_of_its_interview(cast):
    here = say(go_live(cast.session), "We pushed it back.")
    other = make_session(cast.olga, cast.organization)
    there = say(go_live(other), "Elsewhere.")
    client = client_of(cast.olga)
    url = at(cast.session, "notes")
    made = send(client, "post", url, {"text": "Mine.", "segment": str(here.pk)})
    assert (made.status_code, made.json()["segment"]) == (201, str(here.pk))
    refused = send(client, "post", url, {"text": "Mine.", "segment": str(there.pk)})
    assert refusal(refused) == (400, "invalid")
    assert set(refused.json()["fields"]) == {"segment"}
