"""Notes beside an interview: who may write one, who reads it, where its words are."""

import json

import pytest
from django.db import connection
from django.test import Client

from sessions import access, events, services
from sessions.models import Note, Session
from tests.factories import go_live

SECRET = "Ask about the Zanzibar migration."
READS = {"olga", "sam", "cora", "ada"}
WRITES = {"olga", "cora"}
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]


def path(session) -> str:
    return f"/api/v1/sessions/{session.pk}/notes/"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write(user, session, text=SECRET):
    return client_of(user).post(path(session), {"text": text}, content_type="application/json")


@pytest.fixture
def noted(cast):
    services.add_note(session=cast.session, author=cast.olga, text=SECRET)
    return cast


@pytest.mark.parametrize("person", PEOPLE)
def test_some_write(cast, person):
    answer = write(getattr(cast, person), cast.session)
    assert answer.status_code == (201 if person in WRITES else 404)
    assert Note.objects.count() == (1 if person in WRITES else 0)


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_who_may_view_reads(noted, person):
    answer = client_of(getattr(noted, person)).get(path(noted.session))
    assert answer.status_code == (200 if person in READS else 404)
    assert (SECRET in answer.content.decode()) is (person in READS)


def test_strangers_are_asked_to_sign_in(noted):
    assert Client().get(path(noted.session)).status_code == 401
    assert Client().post(path(noted.session), {"text": "x"}).status_code == 401


def test_a_note_says_who_when_and_what(cast):
    go_live(cast.session)
    answer = write(cast.cora, cast.session, "  Two\nlines ").json()
    assert (answer["author"], answer["text"]) == ("cora", "Two\nlines")
    assert set(answer) == {"id", "author", "text", "at_ms", "created_at"}
    assert answer["at_ms"] >= 0
    assert client_of(cast.sam).get(path(cast.session)).json()["results"] == [answer]


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001, None])
def test_a_note_has_words_and_an_end(cast, text):
    answer = write(cast.olga, cast.session, text)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"
    assert not Note.objects.exists()


def test_the_longest_note_is_kept_whole(cast):
    assert write(cast.olga, cast.session, "ö" * 2000).json()["text"] == "ö" * 2000


def test_comments_end_with_the_share_and_when_it_is_made_smaller(cast):
    access.share(session=cast.session, colleague=cast.cora, level="view")
    assert write(cast.cora, cast.session).status_code == 404
    access.share(session=cast.session, colleague=cast.cora, level="comment")
    assert write(cast.cora, cast.session).status_code == 201
    services.set_visibility(session=cast.session, visibility="private")
    assert write(cast.cora, cast.session).status_code == 404
    assert write(cast.olga, cast.session).status_code == 201


def test_the_words_are_sealed(noted):
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM interviews_note")
        stored = repr([bytes(c) if isinstance(c, memoryview) else c for c in cursor.fetchone()])
    assert "Zanzibar" not in stored
    assert Note.objects.get().text == SECRET


def test_erasing_the_interview_takes_its_notes_along(noted):
    Session.objects.filter(pk=noted.session.pk).update(wrapped_key=None)
    assert client_of(noted.olga).get(path(noted.session)).status_code == 404
    assert write(noted.olga, noted.session).status_code == 404


def test_everybody_who_watches_hears_of_it(cast, monkeypatch):
    sent = []
    monkeypatch.setattr(events, "publish_on_commit", lambda *event: sent.append(event))
    answer = write(cast.cora, cast.session).json()
    (session_id, kind, body), *others = [event for event in sent if event[1] == "note"]
    assert not others
    assert (str(session_id), kind, body["note"]) == (str(cast.session.pk), "note", answer)
    cast.session.refresh_from_db()
    assert body["revision"] == cast.session.revision


def test_the_snapshot_brings_notes_after_the_cursor(noted):
    client = client_of(noted.sam)
    url = f"/api/v1/sessions/{noted.session.pk}/snapshot/"
    whole = client.get(url).json()
    assert [note["text"] for note in whole["notes"]] == [SECRET]
    assert client.get(url, {"after": whole["cursor"]}).json()["notes"] == []
    services.add_note(session=noted.session, author=noted.cora, text="More.")
    more = client.get(url, {"after": whole["cursor"]}).json()
    assert [note["text"] for note in more["notes"]] == ["More."]
    assert more["cursor"] == whole["cursor"] + 1


def test_many_notes_cost_no_more_queries_than_one(noted, django_assert_num_queries):
    client = client_of(noted.sam)
    client.get(path(noted.session))
    with connection.execute_wrapper(counting := Counting()):
        client.get(path(noted.session))
    for author in (noted.olga, noted.cora) * 5:
        services.add_note(session=noted.session, author=author, text="More.")
    with django_assert_num_queries(counting.count):
        assert len(client.get(path(noted.session)).json()["results"]) == 11


class Counting:
    def __init__(self):
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


@pytest.mark.parametrize(
    ("person", "may"), [("olga", True), ("cora", True), ("sam", False), ("ada", False)]
)
def test_the_page_offers_writing_to_who_may(cast, person, may):
    page = client_of(getattr(cast, person)).get(f"/sessions/{cast.session.pk}/").content.decode()
    assert ('id="note-form"' in page) is may
    boot = page.split('<script id="boot" type="application/json">')[1].split("</script>")[0]
    assert json.loads(boot)["session"]["may"]["comment"] is may
