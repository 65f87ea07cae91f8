"""The share page and the list: who sees what was given to whom, until when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions import access, services
from tests.factories import client_of, make_session, make_user, share_until

SHARES = {"olga", "ada"}
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]


@pytest.fixture
def olga(cast):
    return client_of(cast.olga)


@pytest.fixture
def path(cast):
    return f"/sessions/{cast.session.pk}/share/"


def level_of(session, user):
    return next(row.level for row in access.sharing(session) if row.user == user)


def until_of(session, user):
    return next(row.until for row in access.sharing(session) if row.user == user)


@pytest.mark.parametrize("person", PEOPLE)
def test_only_who_may_share_gets_the_page_and_may_change_it(cast, path, person):
    client = client_of(getattr(cast, person))
    assert client.get(path).status_code == (200 if person in SHARES else 404)
    posts = [
        {"colleague": cast.mia.pk, "level": "comment"},
        {"colleague": cast.sam.pk, "remove": "1"},
        {"visibility": "private"},
    ]
    for given in posts:
        assert client.post(path, given).status_code == (302 if person in SHARES else 404)
    cast.session.refresh_from_db()
    after = (
        level_of(cast.session, cast.mia),
        level_of(cast.session, cast.sam),
        cast.session.visibility,
    )
    changed, same = ("comment", None, "private"), (None, "view", "shared")
    assert after == (changed if person in SHARES else same)


def test_strangers_are_asked_to_sign_in(cast, path):
    for answer in (Client().get(path), Client().post(path, {"visibility": "organization"})):
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=")
    cast.session.refresh_from_db()
    assert cast.session.visibility == "shared"


def test_changes_need_the_csrf_token(cast, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    assert client.post(path, {"visibility": "organization"}).status_code == 403


def test_a_share_ends_with_the_day_chosen(cast, olga, path, settings):
    settings.TIME_ZONE = "America/New_York"
    timezone.get_default_timezone.cache_clear()
    try:
        answer = olga.post(path, {"colleague": cast.mia.pk, "level": "view", "until": "2031-01-31"})
    finally:
        settings.TIME_ZONE = "UTC"
        timezone.get_default_timezone.cache_clear()
    assert answer.status_code == 302
    ends = datetime(2031, 2, 1, 4, 59, 59, tzinfo=UTC)  # midnight of New York
    assert until_of(cast.session, cast.mia) == ends


def test_today_is_a_day_that_is_not_over(cast, olga, path):
    olga.post(path, {"colleague": cast.mia.pk, "until": timezone.localdate().isoformat()})
    assert until_of(cast.session, cast.mia) > timezone.now()


def test_sharing_again_changes_level_and_end(cast, olga, path):
    olga.post(path, {"colleague": cast.cora.pk, "level": "view", "until": "2031-01-31"})
    assert level_of(cast.session, cast.cora) == "view"
    assert until_of(cast.session, cast.cora)
    olga.post(path, {"colleague": cast.cora.pk, "level": "comment", "until": ""})
    assert level_of(cast.session, cast.cora) == "comment"
    assert until_of(cast.session, cast.cora) is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"colleague": ""}, "Choose a colleague."),
        ({"until": "2020-01-31"}, "This day is over."),
        ({"until": "9999-12-31"}, "within the next ten years"),
        ({"until": "soon"}, "Write the last day like"),
        ({"level": "own"}, "Choose what your colleague may do."),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_keeps_the_rest(cast, olga, path, given, sentence):
    filled = {"colleague": cast.mia.pk, "level": "comment", "until": "2031-01-31"}
    answer = olga.post(path, {**filled, **given})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    kept = {
        "colleague": f'<option value="{cast.mia.pk}" selected>',
        "level": '<option value="comment" selected>',
        "until": 'value="2031-01-31"',
    }
    for name, mark in kept.items():
        if name not in given:
            assert mark in page
    assert level_of(cast.session, cast.mia) is None


def test_a_wrong_change_comes_back_where_it_was_made(cast, olga, path):
    answer = olga.post(path, {"colleague": cast.cora.pk, "level": "view", "until": "2020-01-31"})
    page = answer.content.decode()
    assert f'<details id="share-{cast.cora.pk}" open>' in page
    assert page.count("This day is over.") == 1
    assert level_of(cast.session, cast.cora) == "comment"


def test_an_unknown_visibility_is_refused_in_words(cast, olga, path):
    for given in ({"visibility": "world"}, {}):
        answer = olga.post(path, given)
        assert answer.status_code == 400
        assert b"no such visibility" in answer.content
    cast.session.refresh_from_db()
    assert cast.session.visibility == "shared"


@pytest.mark.parametrize("person", ["otto", "lea", "olga"])
def test_people_who_are_no_colleagues_do_not_exist(cast, olga, path, person):
    for more in ({}, {"remove": "1"}):
        given = {"colleague": getattr(cast, person).pk, **more}
        assert olga.post(path, given).status_code == 404
    assert olga.get(path).status_code == 200
    assert olga.post(path, {"colleague": "x"}).status_code == 404


def test_the_page_shows_who_has_what_until_when(cast, olga, path):
    share_until(cast.session, cast.vic, datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC))
    page = " ".join(olga.get(path).content.decode().split())
    rows = {
        name: page.split(f"<strong>{name}</strong>")[1].split("</summary>")[0]
        for name in ("sam", "cora", "vic")
    }
    assert "Can view" in rows["sam"]
    assert "until" not in rows["sam"]
    assert "Can view and comment" in rows["cora"]
    assert "until 31 Jan 2031" in rows["vic"]
    assert "<strong>eve</strong>" not in page  # her share has ended: she can be chosen again
    assert f'<option value="{cast.eve.pk}">eve</option>' in page
    assert cast.otto.display_name not in page


def test_the_page_says_that_shares_of_a_private_interview_sleep(cast, olga, path):
    assert b"cannot open it until" not in olga.get(path).content
    services.set_visibility(session=cast.session, visibility="private")
    assert b"cannot open it until" in olga.get(path).content


def test_it_tells_what_was_done(cast, olga, path):
    answer = olga.post(path, {"colleague": cast.mia.pk}, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    assert b"Shared with mia." in answer.content
    answer = olga.post(path, {"colleague": cast.mia.pk, "remove": "1"}, follow=True)
    assert b"No longer shared with mia." in answer.content


VISIBILITY = {  # who may open the interview's page
    "private": {"olga", "ada"},
    "shared": {"olga", "ada", "sam", "cora"},
    "organization": {"olga", "ada", "sam", "cora", "mia", "vic", "eve"},
}


@pytest.mark.parametrize("visibility", VISIBILITY)
def test_the_visibility_decides_who_opens_the_page(cast, olga, path, visibility):
    assert olga.post(path, {"visibility": visibility}).status_code == 302
    page = f"/sessions/{cast.session.pk}/"
    opened = {p for p in PEOPLE if client_of(getattr(cast, p)).get(page).status_code == 200}
    assert opened == VISIBILITY[visibility]


@pytest.mark.parametrize(("person", "offered"), [("olga", True), ("ada", True), ("cora", False)])
def test_the_interview_page_links_to_sharing_for_those_who_may(cast, path, person, offered):
    page = client_of(getattr(cast, person)).get(f"/sessions/{cast.session.pk}/").content.decode()
    assert (f'href="{path}"' in page) is offered


# --- the list ------------------------------------------------------------------------------------


def row_of(user) -> str:
    return " ".join(client_of(user).get("/sessions/").content.decode().split())


def test_the_list_says_whose_an_interview_is(cast):
    assert '<span class="row-owner">Yours</span>' in row_of(cast.olga)
    assert '<span class="row-owner">olga</span>' in row_of(cast.sam)


def test_the_list_says_until_when_it_is_shared(cast):
    assert "shared with you until" not in row_of(cast.sam)
    share_until(cast.session, cast.sam, datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert "31 Jan 2031, 23:59" in row_of(cast.sam)
    assert "shared with you until" not in row_of(cast.olga)
    services.set_visibility(session=cast.session, visibility="organization")
    assert "shared with you until" not in row_of(cast.sam)  # it can be viewed afterwards, too


def test_the_list_asks_as_much_for_many_as_for_one(cast):
    client = client_of(cast.sam)
    client.get("/sessions/")
    with CaptureQueriesContext(connection) as one:
        client.get("/sessions/")
    for number in range(12):
        owner = make_user(cast.organization, f"owner{number}")
        session = make_session(owner, cast.organization)
        until = timezone.now() + timedelta(days=number + 1)
        access.share(session=session, colleague=cast.sam, until=until)
    with CaptureQueriesContext(connection) as many:
        answer = client.get("/sessions/")
    assert answer.content.count(b'data-testid="session-row"') == 13
    assert len(many) == len(one)
