"""Ratings: one's own first, blind until they are submitted, never filled in by anybody else."""

import json
from uuid import uuid4

import pytest
from django.db import connection

from accounts.kinds import Event
from accounts.models import AuditEntry
from sessions import events, scorecards, services
from sessions.models import Guide, Scorecard
from tests.factories import client_of, go_live, make_user

UNSAID = {"recommendation": "", "text": ""}
SECRET = "Knows the Zanzibar migration by heart."


@pytest.fixture
def rated(cast):
    """A running interview with two competencies to rate."""
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    for name in ("Design", "Operations"):
        guide.competencies.create(name=name)
    cast.session.guide = guide
    cast.session.save()
    go_live(cast.session)
    return cast


def keys(session):
    plan = session.plan
    return [str(competency["id"]) for competency in plan["competencies"]]


def url(session, what=""):
    return f"/api/v1/sessions/{session.pk}/scorecards/{what}"


def see(user, session):
    return client_of(user).get(url(session)).json()


def rate(user, session, ratings):
    body = json.dumps({"ratings": ratings})
    return client_of(user).put(url(session, "mine/"), body, content_type="application/json")


def recommend(user, session, recommendation="", text="", **more):
    overall = {"recommendation": recommendation, "text": text, **more}
    body = json.dumps({"overall": overall})
    return client_of(user).put(url(session, "mine/"), body, content_type="application/json")


def panel(user, session):
    answer = client_of(user).get(url(session, "panel/"))
    assert answer.status_code == 200
    return answer.json()


def submit(user, session):
    return client_of(user).post(url(session, "mine/submit/"))


def full(value=None, comment="", segments=()):
    return {"value": value, "comment": comment, "segments": list(segments)}


# --- one's own -----------------------------------------------------------------------------------


def test_nothing_is_rated_by_itself(rated):
    assert see(rated.olga, rated.session) == {
        "scale": 5,
        "mine": None,
        "others": [],
        "waiting": 0,
    }


def test_what_one_rates_is_kept_competency_by_competency(rated):
    one, other = keys(rated.session)
    line = str(uuid4())
    rate(rated.olga, rated.session, {one: {"value": 4, "comment": f" {SECRET} "}})
    answer = rate(rated.olga, rated.session, {other: {"value": 2, "segments": [line, line]}})
    assert answer.status_code == 200
    mine = {one: full(4, SECRET), other: full(2, "", [line])}
    assert answer.json()["mine"] == {"ratings": mine, "overall": UNSAID, "submitted_at": None}
    assert see(rated.olga, rated.session) == answer.json()


def test_a_rating_is_taken_back(rated):
    one, _ = keys(rated.session)
    rate(rated.olga, rated.session, {one: {"value": 4}})
    rate(rated.olga, rated.session, {one: {"value": None}})
    assert see(rated.olga, rated.session)["mine"]["ratings"] == {}


@pytest.mark.parametrize(
    "rating",
    [
        {"value": 0},
        {"value": 6},
        {"value": 2.5},
        {"value": "4"},
        {"value": True},
        {"comment": None},
        {"comment": "x" * 2001},
        {"comment": "\ud83d"},
        {"segments": ["?"]},
        {"segments": [3]},
        {"segments": "x"},
        {"segments": [str(uuid4()) for _ in range(21)]},
        {"recommendation": "hire"},
        4,
        None,
    ],
)
def test_a_rating_has_a_value_of_the_scale_and_nothing_else(rated, rating):
    one, other = keys(rated.session)
    answer = rate(rated.olga, rated.session, {one: {"value": 3}, other: rating})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_rating")
    assert not Scorecard.objects.exists()


@pytest.mark.parametrize("ratings", [{"999999": {"value": 3}}, {"": {"value": 3}}])
def test_what_the_guide_does_not_have_is_not_rated(rated, ratings):
    answer = rate(rated.olga, rated.session, ratings)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_rating")


@pytest.mark.parametrize("body", ["[]", "{}", '{"ratings": 3}', '{"ratings": null}'])
def test_a_body_has_ratings(rated, body):
    answer = client_of(rated.olga).put(
        url(rated.session, "mine/"), body, content_type="application/json"
    )
    assert answer.status_code == 400


def test_without_a_guide_there_is_nothing_to_rate(live, cast):
    answer = rate(cast.olga, live, {"1": {"value": 3}})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_guide")


def test_nobody_is_rated_before_the_start(cast):
    answer = rate(cast.olga, cast.session, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_started")


def test_the_words_are_sealed(rated):
    one, _ = keys(rated.session)
    rate(rated.olga, rated.session, {one: {"comment": SECRET}})
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM interviews_scorecard")
        stored = " ".join(repr(value) for row in cursor.fetchall() for value in row)
    assert "Zanzibar" not in stored


# --- submitting ----------------------------------------------------------------------------------


def test_what_is_submitted_stays(rated):
    one, other = keys(rated.session)
    rate(rated.olga, rated.session, {one: {"value": 4, "comment": SECRET}, other: {"comment": "?"}})
    answer = submit(rated.olga, rated.session)
    assert answer.status_code == 200
    assert answer.json()["mine"]["submitted_at"]
    for again in (rate(rated.olga, rated.session, {one: {"value": 1}}),):
        assert (again.status_code, again.json()["code"]) == (409, "submitted")
    assert submit(rated.olga, rated.session).json()["code"] == "submitted"
    assert see(rated.olga, rated.session)["mine"]["ratings"][one] == full(4, SECRET)
    entry = AuditEntry.objects.get(action=Event.SCORECARD_SUBMITTED)
    assert entry.details == {"rated": 1}


@pytest.mark.parametrize("ratings", [None, {}, {"comment": "Only words."}])
def test_something_is_rated_before_it_is_submitted(rated, ratings):
    one, _ = keys(rated.session)
    if ratings is not None:
        rate(rated.olga, rated.session, {one: ratings} if ratings else {})
    answer = submit(rated.olga, rated.session)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_rated")
    assert not AuditEntry.objects.filter(action=Event.SCORECARD_SUBMITTED).exists()


# --- blind ---------------------------------------------------------------------------------------


def test_those_of_others_are_hidden_until_ones_own_are_submitted(rated):
    one, _ = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2, "comment": SECRET}})
    seen = see(rated.olga, rated.session)
    assert (seen["others"], seen["waiting"]) == ([], 1)
    submit(rated.cora, rated.session)
    rate(rated.olga, rated.session, {one: {"value": 5}})
    for person in (rated.olga, rated.sam, rated.ada):
        answer = client_of(person).get(url(rated.session))
        assert "Zanzibar" not in answer.content.decode()
        assert answer.json()["others"] == []
    submit(rated.olga, rated.session)
    [other] = see(rated.olga, rated.session)["others"]
    assert (other["author"], other["ratings"][one]["comment"]) == ("cora", SECRET)
    assert other["submitted_at"]


def test_what_others_only_began_nobody_sees(rated):
    one, _ = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2, "comment": SECRET}})
    rate(rated.olga, rated.session, {one: {"value": 5}})
    submit(rated.olga, rated.session)
    services.end_session(session=rated.session)
    for person in (rated.olga, rated.sam, rated.ada):
        assert "Zanzibar" not in client_of(person).get(url(rated.session)).content.decode()
    assert see(rated.olga, rated.session)["waiting"] == 1


def test_who_may_only_read_sees_what_is_submitted_once_it_is_over(rated):
    one, _ = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2}})
    submit(rated.cora, rated.session)
    assert see(rated.sam, rated.session)["others"] == []
    services.end_session(session=rated.session)
    assert [other["author"] for other in see(rated.sam, rated.session)["others"]] == ["cora"]
    assert see(rated.olga, rated.session)["others"] == []  # who may rate rates first


@pytest.mark.parametrize("person", ["sam", "ada", "mia", "vic", "eve", "otto", "lea"])
def test_who_may_not_comment_rates_nothing(rated, person):
    one, _ = keys(rated.session)
    user = getattr(rated, person)
    assert rate(user, rated.session, {one: {"value": 2}}).status_code == 404
    assert submit(user, rated.session).status_code == 404
    assert not Scorecard.objects.exists()


def test_who_watches_is_told_that_somebody_rates_but_not_how(rated, monkeypatch):
    told = []
    monkeypatch.setattr(
        events, "publish_on_commit", lambda _session, what, body: told.append((what, body))
    )
    one, other = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2, "comment": SECRET}})
    rate(rated.cora, rated.session, {other: {"value": 3}})
    submit(rated.cora, rated.session)
    cora = {"author": "cora", "author_id": rated.cora.pk}
    assert told == [
        ("scorecard", {**cora, "submitted": False}),
        ("scorecard", {**cora, "submitted": True}),
    ]


def test_the_cost_does_not_grow_with_those_who_rate(rated, django_assert_num_queries):
    one, _ = keys(rated.session)

    def raters(count):
        for number in range(count):
            user = make_user(rated.organization, f"rater{number}-{count}")
            scorecards.save(session=rated.session, author=user, ratings={one: {"value": 3}})
            scorecards.submit(session=rated.session, author=user)

    rate(rated.olga, rated.session, {one: {"value": 5}})
    submit(rated.olga, rated.session)
    raters(1)
    with django_assert_num_queries(3) as counted:
        scorecards.overview(rated.session, rated.olga)
    raters(4)
    with django_assert_num_queries(len(counted)):
        assert len(scorecards.overview(rated.session, rated.olga)["others"]) == 5


# --- what people recommend -----------------------------------------------------------------------


def test_what_one_recommends_is_kept_beside_what_one_rates(rated):
    one, _ = keys(rated.session)
    rate(rated.olga, rated.session, {one: {"value": 4}})
    assert see(rated.olga, rated.session)["mine"]["overall"] == UNSAID  # nothing is suggested
    answer = recommend(rated.olga, rated.session, "yes", f" {SECRET} ")
    assert answer.status_code == 200
    mine = answer.json()["mine"]
    assert mine["overall"] == {"recommendation": "yes", "text": SECRET}
    assert mine["ratings"] == {one: full(4)}
    rate(rated.olga, rated.session, {one: {"value": 5}})
    assert see(rated.olga, rated.session)["mine"]["overall"] == mine["overall"]
    recommend(rated.olga, rated.session)
    assert see(rated.olga, rated.session)["mine"]["overall"] == UNSAID


@pytest.mark.parametrize(
    "overall",
    [
        {"recommendation": "maybe"},
        {"recommendation": 3},
        {"recommendation": ["yes"]},
        {"recommendation": None},
        {"text": "x" * 2001},
        {"text": "\ud83d"},
        {"text": None},
        {"score": 5},
    ],
    ids=[
        "unknown",
        "number",
        "list",
        "null",
        "too long",
        "half a character",
        "no text",
        "something else",
    ],
)
def test_a_recommendation_is_one_of_four_and_a_text(rated, overall):
    body = json.dumps({"overall": overall})
    answer = client_of(rated.olga).put(
        url(rated.session, "mine/"), body, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_rating")
    assert not Scorecard.objects.exists()


def test_without_a_guide_one_can_still_recommend(live, cast):
    assert recommend(cast.olga, live, "no", "Too little was said.").status_code == 200
    assert submit(cast.olga, live).status_code == 200
    assert panel(cast.olga, live)["competencies"] == []


def test_a_text_alone_is_not_submitted(rated):
    recommend(rated.olga, rated.session, text="Hm.")
    assert submit(rated.olga, rated.session).json()["code"] == "nothing_rated"


def test_a_recommendation_stays_once_it_is_submitted(rated):
    recommend(rated.olga, rated.session, "strong_yes")
    submit(rated.olga, rated.session)
    assert recommend(rated.olga, rated.session, "no").json()["code"] == "submitted"
    mine = see(rated.olga, rated.session)["mine"]
    assert mine["overall"]["recommendation"] == "strong_yes"


def test_a_recommendation_is_blind_and_sealed(rated):
    recommend(rated.cora, rated.session, "strong_no", SECRET)
    submit(rated.cora, rated.session)
    recommend(rated.olga, rated.session, "yes")
    for what in ("", "panel/"):
        answer = client_of(rated.olga).get(url(rated.session, what))
        assert "strong_no" not in answer.content.decode()
    submit(rated.olga, rated.session)
    [other] = see(rated.olga, rated.session)["others"]
    assert other["overall"] == {"recommendation": "strong_no", "text": SECRET}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM interviews_scorecard")
        stored = " ".join(repr(value) for row in cursor.fetchall() for value in row)
    assert "Zanzibar" not in stored
    assert "strong_no" not in stored


def test_the_audit_does_not_say_what_was_recommended(rated):
    recommend(rated.olga, rated.session, "strong_no", SECRET)
    submit(rated.olga, rated.session)
    entry = AuditEntry.objects.get(action=Event.SCORECARD_SUBMITTED)
    assert entry.details == {"rated": 0}


# --- side by side --------------------------------------------------------------------------------


def test_the_panel_shows_who_rated_what_and_how_far_apart_they_are(rated):
    one, other = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2, "comment": SECRET}, other: {"value": 4}})
    recommend(rated.cora, rated.session, "no", "Not yet.")
    submit(rated.cora, rated.session)
    rate(rated.olga, rated.session, {one: {"value": 5}})
    hidden = panel(rated.olga, rated.session)
    assert (hidden["visible"], hidden["people"]) == (False, [])
    assert all(c["ratings"] == [] for c in hidden["competencies"])
    submit(rated.olga, rated.session)
    shown = panel(rated.olga, rated.session)
    assert [(p["name"], p["mine"]) for p in shown["people"]] == [("cora", False), ("olga", True)]
    assert shown["people"][0]["overall"] == {"recommendation": "no", "text": "Not yet."}
    design, operations = shown["competencies"]
    assert [r["value"] for r in design["ratings"]] == [2, 5]
    assert design["difference"] == 3
    assert design["ratings"][0]["comment"] == SECRET
    assert [r["value"] for r in operations["ratings"]] == [4, None]
    assert operations["difference"] is None


def test_the_panel_neither_ranks_nor_averages(rated):
    one, other = keys(rated.session)
    for person, value in ((rated.cora, 2), (rated.olga, 5)):
        rate(person, rated.session, {one: {"value": value}, other: {"value": 3}})
        submit(person, rated.session)
    shown = panel(rated.olga, rated.session)
    assert set(shown) == {"scale", "visible", "people", "competencies"}
    for competency in shown["competencies"]:
        assert set(competency) == {"id", "name", "anchors", "ratings", "difference"}


def test_who_may_only_read_sees_the_panel_once_it_is_over(rated):
    one, _ = keys(rated.session)
    rate(rated.cora, rated.session, {one: {"value": 2}})
    submit(rated.cora, rated.session)
    assert panel(rated.sam, rated.session)["people"] == []
    services.end_session(session=rated.session)
    assert [p["name"] for p in panel(rated.sam, rated.session)["people"]] == ["cora"]
    assert client_of(rated.mia).get(url(rated.session, "panel/")).status_code == 404


def test_the_cost_of_the_panel_does_not_grow_with_people(rated, django_assert_num_queries):
    one, _ = keys(rated.session)

    def raters(count):
        for number in range(count):
            user = make_user(rated.organization, f"rater{number}-{count}")
            scorecards.save(session=rated.session, author=user, ratings={one: {"value": 3}})
            scorecards.submit(session=rated.session, author=user)

    rate(rated.olga, rated.session, {one: {"value": 5}})
    submit(rated.olga, rated.session)
    raters(1)
    with django_assert_num_queries(3) as counted:
        scorecards.panel(rated.session, rated.olga)
    raters(4)
    with django_assert_num_queries(len(counted)):
        assert len(scorecards.panel(rated.session, rated.olga)["people"]) == 6
