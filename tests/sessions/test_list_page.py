"""The list of interviews: who sees what, how it is narrowed down, sorted, searched and turned."""

import logging
import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from sessions import access, retention, services
from sessions.models import Guide, Session
from sessions.views import listing
from tests.factories import client_of, go_live, make_session, make_user


@pytest.fixture
def olga(cast):
    return client_of(cast.olga)


def page_of(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def titles(answer) -> list[str]:
    return [unescape(title) for title in re.findall(r'row-title">([^<]*)<', page_of(answer))]


def found(client, **wanted) -> list[str]:
    return titles(client.get("/sessions/", wanted))


def searched(client, text, **wanted) -> list[str]:
    return titles(client.post("/sessions/", {"q": text, **wanted}))


def make(cast, title, status="draft", **fields):
    session = make_session(cast.olga, cast.organization, title=title, **fields)
    if status in {"live", "ended"}:
        go_live(session)
    if status == "ended":
        services.end_session(session=session)
    return session


def test_live_rows_come_first_and_each_state_has_its_heading(cast, olga):
    make(cast, "Over", "ended")
    make(cast, "Now", "live")
    page = page_of(olga.get("/sessions/"))
    assert found(olga) == ["Now", "Backend engineer", "Over"]
    assert re.findall(r"<h2>([^<]*)</h2>", page) == ["Live", "Ready to hold", "Finished"]


def test_a_row_says_who_for_what_job_and_until_when_it_is_kept(cast, olga):
    session = make(cast, "Screening", "ended", job="Designer", candidate_name="Maya <b>Chen</b>")
    page = page_of(olga.get("/sessions/", {"state": "ended"}))
    for said in ("Maya &lt;b&gt;Chen&lt;/b&gt;", "Designer", "Yours", "English", "Finished"):
        assert said in page
    assert f'datetime="{session.expires_at.isoformat()}"' in page
    assert f'href="/sessions/{session.pk}/review/"' in page
    retention.hold(session=session, hold=True)
    assert "legal hold" in page_of(olga.get("/sessions/", {"state": "ended"}))


def test_only_what_a_person_may_see_is_listed_counted_and_searched(cast):
    make(cast, "Olga's own")
    for person, rows in (("olga", 2), ("sam", 1), ("ada", 2), ("mia", 0), ("eve", 0), ("otto", 0)):
        client = client_of(getattr(cast, person))
        assert len(found(client)) == rows
        assert len(searched(client, "olga")) == rows
        assert len(searched(client, "Reyes")) == min(rows, 1)
        counted = re.findall(r"All <span[^>]*>(\d+)<", page_of(client.get("/sessions/")))
        assert counted == ([str(rows)] if rows else [])


def test_states_owners_languages_and_guides_narrow_the_list(cast, olga):
    cast.organization.languages = ["en", "de"]
    cast.organization.save()
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    make(cast, "German", language="de")
    make(cast, "By guide", guide=guide)
    make(cast, "Over", "ended")
    mias = make_session(cast.mia, cast.organization, title="Mia's")
    access.share(session=mias, colleague=cast.olga)
    assert found(olga, state="ended") == ["Over"]
    assert found(olga, state="live") == []
    assert found(olga, language="de") == ["German"]
    assert found(olga, guide=str(guide.pk)) == ["By guide"]
    assert found(olga, whose="shared") == ["Mia's"]
    assert "Mia's" not in found(olga, whose="mine")
    assert found(olga, whose="mine", state="draft", language="de") == ["German"]
    assert '<option value="de" selected>German' in page_of(olga.get("/sessions/?language=de"))


def test_counts_say_how_many_each_state_would_show(cast, olga):
    make(cast, "Over", "ended")
    make(cast, "Over, too", "ended")
    page = page_of(olga.get("/sessions/", {"state": "ended", "sort": "title"}))
    counts = re.findall(r'href="\?([^"]*)"[^>]*>(\w+) <span[^>]*>(\d+)<', page)
    assert counts == [
        ("sort=title", "All", "3"),
        ("state=draft&amp;sort=title", "Ready", "1"),
        ("state=ended&amp;sort=title", "Finished", "2"),
    ]


def test_the_order_can_be_chosen_and_live_ones_stay_first(cast, olga):
    for title, hours in (("bravo", 5), ("Alpha", 9)):
        cast.organization.retention_hours = hours
        cast.organization.save()
        session = Session.objects.get(pk=make(cast, title, "live").pk)
        services.end_session(session=session)
    make(cast, "Zulu", "live")
    assert found(olga, sort="title") == ["Zulu", "Alpha", "Backend engineer", "bravo"]
    assert found(olga, sort="expires") == ["Zulu", "bravo", "Alpha", "Backend engineer"]
    assert found(olga) == ["Zulu", "Backend engineer", "Alpha", "bravo"]


@pytest.mark.parametrize(
    "query",
    ["state=?", "whose=x&sort=y", "guide=1", "page=0", "page=99", "page=a", "language=%00"],
)
def test_addresses_nobody_gave_out_show_the_list_all_the_same(cast, olga, query):
    assert olga.get(f"/sessions/?{query}").status_code == 200


def test_pages_hold_fifty_and_never_the_same_twice(cast, olga):
    for number in range(60):
        make_session(cast.olga, cast.organization, title=f"T{number}")
    first, second = found(olga), found(olga, page="2")
    assert (len(first), len(second)) == (50, 11)
    assert not {*first} & {*second}
    page = page_of(olga.get("/sessions/?state=draft"))
    assert "Page 1 of 2" in page
    assert 'href="?state=draft&amp;page=2"' in page
    again = olga.post("/sessions/", {"q": "t", "page": "2"})
    assert "Page 2 of 2" in page_of(again)
    assert 'name="page" value="1"' in page_of(again)


def test_the_list_asks_as_much_for_fifty_as_for_five(cast):
    def count(client):
        client.get("/sessions/")
        with CaptureQueriesContext(connection) as listed:
            client.get("/sessions/")
        with CaptureQueriesContext(connection) as searching:
            client.post("/sessions/", {"q": "reyes"})
        return len(listed), len(searching)

    sam = client_of(cast.sam)
    asked = []
    for more in (4, 45):
        for number in range(more):
            owner = make_user(cast.organization, f"owner{more}-{number}")
            guide = Guide.objects.create(organization=cast.organization, title=f"G{number}")
            session = make_session(
                owner, cast.organization, candidate_name="Ann Reyes", guide=guide
            )
            access.share(session=session, colleague=cast.sam)
        asked.append(count(sam))
    assert len(found(sam)) == 50
    assert asked[0] == asked[1]
    assert max(asked[1]) < 20


# --- searching -----------------------------------------------------------------------------------


def test_a_search_finds_every_word_in_title_job_candidate_or_owner(cast, olga):
    make(cast, "Screening", job="Designer", candidate_name="José Müller")
    make(cast, "Ünal's talk")
    assert searched(olga, "jose") == ["Screening"]
    assert searched(olga, "MULLER design") == ["Screening"]
    assert searched(olga, "muller backend") == []
    assert searched(olga, "unal") == ["Ünal's talk"]
    assert searched(olga, "olga") == ["Ünal's talk", "Screening", "Backend engineer"]
    assert searched(olga, "reyes", state="draft", whose="mine") == ["Backend engineer"]
    assert searched(olga, "reyes", state="ended") == []


def test_what_is_searched_for_is_in_no_address_log_or_cache(cast, olga, caplog):
    caplog.set_level(logging.DEBUG)
    answer = olga.post("/sessions/", {"q": "Reyes", "sort": "title"})
    assert "Reyes" not in caplog.text
    assert answer.headers["Cache-Control"].count("no-store")
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page_of(answer))
    assert not [address for address in addresses if "eyes" in address]
    assert found(olga, q="Reyes") == found(olga)  # an address that has it finds nothing by it
    assert 'value="Reyes"' not in page_of(olga.get("/sessions/?q=Reyes"))


def test_without_a_text_the_form_leads_to_an_address(cast, olga):
    answer = olga.post("/sessions/", {"q": " ", "whose": "mine", "sort": "title", "page": "2"})
    assert (answer.status_code, answer.url) == (302, "/sessions/?whose=mine&sort=title&page=2")
    assert olga.post("/sessions/", {}).url == "/sessions/"


def test_searching_needs_the_csrf_token(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    assert client.post("/sessions/", {"q": "x"}).status_code == 403


def test_a_search_among_too_many_says_how_many_it_looked_at(cast, olga, monkeypatch):
    for number in range(3):
        make(cast, f"Newer {number}")
    monkeypatch.setattr(listing, "SEARCHED", 3)
    answer = olga.post("/sessions/", {"q": "reyes"})
    assert titles(answer) == []
    assert "among the newest 3" in page_of(answer)


def test_what_was_asked_for_comes_back_escaped(cast, olga):
    page = page_of(olga.post("/sessions/", {"q": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# --- nothing to show -----------------------------------------------------------------------------


def test_an_empty_list_teaches_how_to_begin(cast):
    page = page_of(client_of(cast.mia).get("/sessions/"))
    assert "No interviews yet" in page
    assert page.count('href="/sessions/new/"') == 2
    assert 'data-testid="search"' not in page


def test_who_only_reads_is_offered_nothing_that_is_refused(cast):
    page = page_of(client_of(cast.vic).get("/sessions/"))
    assert "when a colleague shares one with you" in page
    for refused in ("/sessions/new/", "/sessions/upload/", "/guides/"):
        assert refused not in page


def test_nothing_found_says_what_was_asked_for_and_how_to_see_all(cast, olga):
    page = page_of(olga.post("/sessions/", {"q": "nobody"}))
    assert "No interview matches" in page
    assert "“nobody”" in page
    assert "Show all interviews" in page
    assert "No interview matches" in page_of(olga.get("/sessions/?state=ended"))


def test_sessions_elsewhere_are_not_found_by_role(cast):
    stranger = make_user(cast.elsewhere, "sven", Role.INTERVIEWER)
    assert found(client_of(stranger)) == []
    assert searched(client_of(stranger), "engineer") == []
