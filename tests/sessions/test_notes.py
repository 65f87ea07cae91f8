"""Notes beside an interview: who may write one, who reads it, where its words are."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from sessions import access, events, notes, services
from sessions.models import Note, Session
from tests.factories import client_of, go_live, make_session, say

SECRET = "Ask about the Zanzibar migration."
READS = {"olga", "sam", "cora", "ada"}
WRITES = {"olga", "cora"}
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]


def path(session) -> str:
    return f"/api/v1/sessions/{session.pk}/notes/"


def write(user, session, text=SECRET):
    return client_of(user).post(path(session), {"text": text}, content_type="application/json")


@pytest.fixture
def noted(cast):
    notes.add_note(session=cast.session, author=cast.olga, text=SECRET)
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
    assert (answer["kind"], answer["segment"], answer["removed"]) == ("note", None, False)
    assert answer["at_ms"] >= 0
    assert client_of(cast.sam).get(path(cast.session)).json()["results"] == [answer]


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001, None])
def test_a_note_has_words_and_an_end(cast, text):
    answer = write(cast.olga, cast.session, text)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
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
    notes.add_note(session=noted.session, author=noted.cora, text="More.")
    more = client.get(url, {"after": whole["cursor"]}).json()
    assert [note["text"] for note in more["notes"]] == ["More."]
    assert more["cursor"] == whole["cursor"] + 1


def test_many_notes_cost_no_more_queries_than_one(noted, django_assert_num_queries):
    client = client_of(noted.sam)
    client.get(path(noted.session))
    with connection.execute_wrapper(counting := Counting()):
        client.get(path(noted.session))
    for author in (noted.olga, noted.cora) * 5:
        notes.add_note(session=noted.session, author=author, text="More.")
    with django_assert_num_queries(counting.count):
        assert len(client.get(path(noted.session)).json()["results"]) == 11


class Counting:
    def __init__(self):
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def one(session, note_id) -> str:
    return f"{path(session)}{note_id}/"


def send(user, method, url, **body):
    return getattr(client_of(user), method)(url, body, content_type="application/json")


@pytest.mark.parametrize("person", [p for p in PEOPLE if p != "olga"])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_note_is_its_authors(noted, person, method):
    url = one(noted.session, Note.objects.get().pk)
    assert send(getattr(noted, person), method, url, text="Mine now.").status_code == 404
    assert Note.objects.get().text == SECRET


def test_the_author_writes_it_anew_and_everybody_hears(noted, monkeypatch):
    note = Note.objects.get()
    sent = []
    monkeypatch.setattr(events, "publish_on_commit", lambda *event: sent.append(event))
    answer = send(noted.olga, "patch", one(noted.session, note.pk), text=" Better. ")
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["text"], changed["id"]) == ("Better.", str(note.pk))
    assert changed["edited_at"]
    assert changed["revision"] > note.revision
    assert sent == [(noted.session.pk, "note", {"revision": changed["revision"], "note": changed})]


def test_what_is_still_being_written_is_not_called_edited(noted):
    url = one(noted.session, Note.objects.get().pk)
    answer = send(noted.olga, "patch", url, text="Ask about", writing=True).json()
    assert (answer["text"], answer["edited_at"]) == ("Ask about", None)


def test_writing_the_same_again_changes_nothing(noted):
    before = Note.objects.get().revision
    answer = send(noted.olga, "patch", one(noted.session, Note.objects.get().pk), text=SECRET)
    assert (answer.status_code, answer.json()["revision"]) == (200, before)


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_a_changed_note_has_words_and_an_end_too(noted, text):
    url = one(noted.session, Note.objects.get().pk)
    assert send(noted.olga, "patch", url, text=text).status_code == 400
    assert Note.objects.get().text == SECRET


def test_a_removed_note_loses_its_words_at_once(noted):
    client = client_of(noted.sam)
    snapshot = f"/api/v1/sessions/{noted.session.pk}/snapshot/"
    cursor = client.get(snapshot).json()["cursor"]
    url = one(noted.session, Note.objects.get().pk)
    assert send(noted.olga, "delete", url).status_code == 204
    note = Note.objects.get()
    assert (note.removed, note.text) == (True, None)
    (told,) = client.get(snapshot, {"after": cursor}).json()["notes"]
    assert (told["removed"], told["text"]) == (True, "")
    assert client.get(snapshot).json()["notes"] == []
    assert client.get(path(noted.session)).json()["results"] == []
    assert send(noted.olga, "delete", url).status_code == 204
    assert Note.objects.get().revision == note.revision, "removed once"


def test_a_removed_note_comes_back_as_it_is_written_again(noted):
    url = one(noted.session, Note.objects.get().pk)
    send(noted.olga, "delete", url)
    assert send(noted.olga, "patch", url, text=SECRET).json()["removed"] is False
    assert [n["text"] for n in client_of(noted.sam).get(path(noted.session)).json()["results"]] == [
        SECRET
    ]


def test_a_note_that_is_sent_twice_is_kept_once(cast):
    note_id = str(uuid4())
    first = send(cast.cora, "post", path(cast.session), id=note_id, text="Once")
    again = send(cast.cora, "post", path(cast.session), id=note_id, text="Once, and more")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json()["id"], again.json()["text"]) == (note_id, "Once, and more")
    assert Note.objects.count() == 1


def test_the_id_of_anothers_note_is_no_way_to_it(noted):
    note_id = str(Note.objects.get().pk)
    other = make_session(noted.cora, noted.organization)
    for session in (noted.session, other):
        answer = send(noted.cora, "post", path(session), id=note_id, text="Mine")
        assert (answer.status_code, answer.json()["code"]) == (409, "taken")
    assert Note.objects.get().text == SECRET


@pytest.mark.parametrize("person", PEOPLE)
def test_who_may_comment_bookmarks(cast, person):
    go_live(cast.session)
    user = getattr(cast, person)
    answer = send(user, "post", path(cast.session), kind="bookmark", seconds_ago=10)
    assert answer.status_code == (201 if person in WRITES else 404)
    assert Note.objects.count() == (1 if person in WRITES else 0)


@pytest.mark.parametrize(("lasted", "at_ms"), [(4, 0), (75, 65_000)])
def test_a_bookmark_lies_before_now_but_not_before_the_beginning(cast, lasted, at_ms):
    go_live(cast.session)
    started = timezone.now() - timedelta(seconds=lasted)
    Session.objects.filter(pk=cast.session.pk).update(started_at=started)
    answer = send(cast.olga, "post", path(cast.session), kind="bookmark", seconds_ago=10).json()
    assert (answer["kind"], answer["text"]) == ("bookmark", "")
    assert at_ms <= answer["at_ms"] < at_ms + 3000


def test_a_bookmark_may_name_its_line_and_get_words_later(cast):
    line = str(say(go_live(cast.session), "We pushed it back.").pk)
    made = send(
        cast.cora, "post", path(cast.session), kind="bookmark", segment=line, at_ms=61_500
    ).json()
    assert (made["segment"], made["at_ms"]) == (line, 61_500)
    url = one(cast.session, made["id"])
    assert send(cast.cora, "patch", url, text="pushed back").json()["text"] == "pushed back"
    assert send(cast.cora, "patch", url, text="").json()["text"] == ""


def test_before_the_interview_there_is_nothing_to_bookmark(cast):
    answer = send(cast.olga, "post", path(cast.session), kind="bookmark")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_started")


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "verdict"}, {"at_ms": -1}, {"seconds_ago": 601}, {"segment": "x"}, {"id": "7"}],
)
def test_what_makes_no_sense_is_refused(cast, wrong):
    go_live(cast.session)
    answer = send(cast.olga, "post", path(cast.session), **{"text": "Words", **wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("person", "may"), [("olga", True), ("cora", True), ("sam", False), ("ada", False)]
)
def test_the_page_offers_writing_to_who_may(cast, person, may):
    page = client_of(getattr(cast, person)).get(f"/sessions/{cast.session.pk}/").content.decode()
    assert ('id="note-form"' in page) is may
    boot = page.split('<script id="boot" type="application/json">')[1].split("</script>")[0]
    assert json.loads(boot)["session"]["may"]["comment"] is may
