"""What every endpoint has: ETags, conditions, lists page by page, what is left of the limits."""

import json

import pytest
from django.test import Client

from sessions.notes import add_note
from tests.factories import client_of, make_session, make_token

pytestmark = pytest.mark.django_db

LIST = "/api/v1/sessions/"


def address(cast) -> str:
    return f"{LIST}{cast.session.pk}/"


def send(client, method, url, body=None, **headers):
    how = {"content_type": "application/json", "headers": headers}
    return getattr(client, method)(url, json.dumps(body or {}), **how)


# --- ETags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "notes/", "transcript/", "consent/notice/", "snapshot/"])
def test_what_did_not_change_is_not_sent_again(cast, path):
    client = client_of(cast.olga)
    first = client.get(address(cast) + path)
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    again = client.get(address(cast) + path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "no-store"
    assert client.get(address(cast) + path, headers={"If-None-Match": '"x"'}).status_code == 200


def test_what_changed_has_another_etag(cast):
    client = client_of(cast.olga)
    before = client.get(address(cast)).headers["ETag"]
    send(client, "patch", address(cast), {"title": "Another"})
    after = client.get(address(cast), headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_a_refusal_has_no_etag(cast):
    answer = client_of(cast.otto).get(address(cast))
    assert answer.status_code == 404
    assert "ETag" not in answer.headers


def test_lists_with_a_next_page_have_the_same_etag_twice(cast):
    make_session(cast.olga, cast.organization)
    client = client_of(cast.olga)
    first, second = (client.get(f"{LIST}?limit=1") for _time in range(2))
    assert first.json()["next"]
    assert first.headers["ETag"] == second.headers["ETag"]


# --- Conditions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "done"), [("patch", 200), ("delete", 204)])
def test_what_somebody_changed_meanwhile_is_not_written_over(cast, method, done):
    client = client_of(cast.olga)
    seen = client.get(address(cast)).headers["ETag"]
    send(client, "patch", address(cast), {"title": "Somebody's"})
    refused = send(client, method, address(cast), {"title": "Mine"}, if_match=seen)
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert client.get(address(cast)).json()["title"] == "Somebody's"
    seen = client.get(address(cast)).headers["ETag"]
    assert send(client, method, address(cast), {"title": "Mine"}, if_match=seen).status_code == done


def test_a_star_is_whatever_there_is_and_a_weak_tag_is_nothing(cast):
    client = client_of(cast.olga)
    seen = client.get(address(cast)).headers["ETag"]
    assert send(client, "patch", address(cast), {"title": "A"}, if_match="*").status_code == 200
    seen = client.get(address(cast)).headers["ETag"]
    assert send(client, "patch", address(cast), {}, if_match=f"W/{seen}").status_code == 412
    strange = send(client_of(cast.otto), "patch", address(cast), {"title": "A"}, if_match="*")
    assert strange.status_code == 404


def test_a_guide_is_written_under_if_match_without_its_updated_at(cast):
    client = client_of(cast.olga)
    plan = {"title": "Backend", "competencies": []}
    made = send(client, "post", "/api/v1/guides/", plan).json()
    url = f"/api/v1/guides/{made['id']}/"
    seen = client.get(url).headers["ETag"]
    assert send(client, "put", url, {**plan, "title": "New"}).status_code == 409
    assert send(client, "put", url, {**plan, "title": "New"}, if_match=seen).status_code == 200
    assert send(client, "put", url, {**plan, "title": "Old"}, if_match=seen).status_code == 412
    assert client.get(url).json()["title"] == "New"


# --- Pages of a list -----------------------------------------------------------------------------


def pages(client, url):
    """Return the titles or texts of each page."""
    while url:
        answer = client.get(url).json()
        yield [row.get("title", row.get("text")) for row in answer["results"]]
        url = answer["next"]


def test_a_list_is_read_page_by_page_and_stays_while_rows_are_added(cast):
    for text in "abcde":
        add_note(session=cast.session, author=cast.olga, text=text)
    client = client_of(cast.olga)
    read = pages(client, f"{address(cast)}notes/?limit=2")
    assert next(read) == ["a", "b"]
    add_note(session=cast.session, author=cast.olga, text="f")
    assert list(read) == [["c", "d"], ["e", "f"]]


def test_a_page_leads_back(cast):
    for text in "abc":
        add_note(session=cast.session, author=cast.olga, text=text)
    client = client_of(cast.olga)
    second = client.get(client.get(f"{address(cast)}notes/?limit=2").json()["next"]).json()
    back = client.get(second["previous"]).json()
    assert [row["text"] for row in back["results"]] == ["a", "b"]


def test_a_cursor_says_nothing_and_is_good_for_one_list_in_one_order(cast):
    make_session(cast.olga, cast.organization, title="Zanzibar")
    client = client_of(cast.olga)
    following = client.get(f"{LIST}?limit=1&ordering=-title").json()["next"]
    assert "anzibar" not in following
    cursor = following.partition("cursor=")[2].partition("&")[0]
    for url in (f"{LIST}?cursor={cursor}", f"{address(cast)}notes/?cursor={cursor}"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("cursor", ["", "x", "cD0x", "%00", "é", "A" * 5000])
def test_a_made_up_cursor_is_refused(cast, cursor):
    answer = client_of(cast.olga).get(f"{LIST}?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "", "9" * 50])
def test_a_page_has_1_to_1000_rows(cast, limit):
    answer = client_of(cast.olga).get(f"{LIST}?limit={limit}")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"limit"}


# --- Limits --------------------------------------------------------------------------------------


def test_an_answer_says_what_is_left(cast, settings):
    settings.INTERVIEW_LIMIT_API_USER = 2
    settings.INTERVIEW_LIMIT_API_ORGANIZATION = 50
    client = Client(
        headers={"Authorization": f"Bearer {make_token(cast.olga, cast.organization, 'read')}"}
    )
    first, second, third = (client.get(LIST) for _time in range(3))
    assert first.headers["RateLimit-Policy"] == '"person";q=2;w=60, "organization";q=50;w=60'
    assert first.headers["RateLimit"].startswith('"person";r=1;t=')
    assert second.headers["RateLimit"].startswith('"person";r=0;t=')
    assert third.status_code == 429
    assert 0 < int(third.headers["Retry-After"]) <= 60
