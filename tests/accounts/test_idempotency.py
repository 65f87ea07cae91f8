"""A request with an Idempotency-Key is done once, and leaves nothing where it is not done."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts import idempotency, tasks
from accounts.models import AuditEntry, IdempotentRequest, Membership
from sessions import access, notes, retention
from sessions.models import Note, Session
from tests.factories import client_of, make_token

pytestmark = pytest.mark.django_db

LIST = "/api/v1/sessions/"
SECRET = "Ask about the Zanzibar migration."


def notes_of(session) -> str:
    return f"{LIST}{session.pk}/notes/"


def write(client, url, body, key="one", method="post"):
    headers = {"Idempotency-Key": key} if key is not None else {}
    return getattr(client, method)(
        url, json.dumps(body), content_type="application/json", headers=headers
    )


def refusal(answer):
    return answer.status_code, answer.json()["code"]


# --- Once ----------------------------------------------------------------------------------------


def test_a_repeat_is_answered_the_same_and_does_nothing(cast):
    client = client_of(cast.olga)
    first = write(client, notes_of(cast.session), {"text": SECRET})
    again = write(client, notes_of(cast.session), {"text": SECRET})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Note.objects.count() == 1
    assert write(client, notes_of(cast.session), {"text": SECRET}, key="two").status_code == 201
    assert Note.objects.count() == 2


def test_what_was_made_is_named_again(cast):
    client = client_of(cast.olga)
    first = write(client, LIST, {"title": "Once"})
    again = write(client, LIST, {"title": "Once"})
    assert again.headers["Location"] == first.headers["Location"]
    assert Session.objects.filter(title="Once").count() == 1
    traces = AuditEntry.objects.filter(action="session.created")
    assert traces.count() == 2  # the cast has made one as well


def test_what_has_no_body_is_repeated_as_well(cast):
    client = client_of(cast.olga)
    url = f"{LIST}{cast.session.pk}/"
    for replayed in (False, True):
        answer = write(client, url, {}, method="delete")
        assert (answer.status_code, answer.content) == (204, b"")
        assert ("Idempotency-Replayed" in answer.headers) is replayed


@pytest.mark.parametrize(
    "other",
    [
        {"body": {"text": "Other words."}},
        {"path": "?x=1"},
        {"method": "put"},
    ],
    ids=["body", "path", "method"],
)
def test_a_key_is_good_for_one_request(cast, other):
    client = client_of(cast.olga)
    write(client, notes_of(cast.session), {"text": SECRET})
    url = notes_of(cast.session) + other.get("path", "")
    answer = write(
        client, url, other.get("body", {"text": SECRET}), method=other.get("method", "post")
    )
    assert refusal(answer) == (422, "key_reused")
    assert Note.objects.count() == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_key_is_visible_ascii(cast, key):
    answer = write(client_of(cast.olga), notes_of(cast.session), {"text": SECRET}, key=key)
    assert refusal(answer) == (400, "bad_key")
    assert Note.objects.count() == 0


def test_a_refusal_is_not_kept(cast):
    client = client_of(cast.olga)
    url = f"{LIST}{cast.session.pk}/start/"
    assert refusal(write(client, url, {})) == (409, "no_consent")
    assert IdempotentRequest.objects.count() == 0
    consent = f"{LIST}{cast.session.pk}/consent/"
    assert write(client, consent, {"method": "verbal"}, key="two").status_code == 201
    assert write(client, url, {}).status_code == 200


def test_what_fails_leaves_neither_act_nor_answer(cast, monkeypatch):
    """The act is done by then: a process that dies here must not have done it."""

    def die(*args):
        raise RuntimeError("the process is gone")

    monkeypatch.setattr(idempotency, "keep", die)
    client = client_of(cast.olga)
    with pytest.raises(RuntimeError):
        write(client, notes_of(cast.session), {"text": SECRET})
    assert (Note.objects.count(), IdempotentRequest.objects.count()) == (0, 0)
    monkeypatch.undo()
    assert write(client, notes_of(cast.session), {"text": SECRET}).status_code == 201


def test_without_a_key_each_request_counts(cast):
    for _time in range(2):
        write(client_of(cast.olga), notes_of(cast.session), {"text": SECRET}, key=None)
    assert (Note.objects.count(), IdempotentRequest.objects.count()) == (2, 0)


# --- Whose ---------------------------------------------------------------------------------------


def test_keys_of_two_people_do_not_meet(cast):
    for person in (cast.olga, cast.cora):
        answer = write(client_of(person), notes_of(cast.session), {"text": SECRET})
        assert (answer.status_code, answer.json()["author"]) == (201, person.name)
    assert Note.objects.count() == 2


@pytest.mark.parametrize("person", ["sam", "mia", "vic", "otto", "lea"])
def test_who_may_not_gets_the_same_refusal_as_without_a_key(cast, person):
    client = client_of(getattr(cast, person))
    for key in (None, "one"):
        answer = write(client, notes_of(cast.session), {"text": SECRET}, key=key)
        assert refusal(answer) == (404, "not_found")
    assert IdempotentRequest.objects.count() == 0


def test_a_token_without_the_scope_takes_no_key(cast):
    raw = make_token(cast.olga, cast.organization, "read")
    client = Client(headers={"Authorization": f"Bearer {raw}"})
    assert refusal(write(client, notes_of(cast.session), {"text": SECRET})) == (403, "out_of_scope")
    assert IdempotentRequest.objects.count() == 0


def test_a_token_of_another_organization_has_keys_of_its_own(cast):
    write(client_of(cast.olga), notes_of(cast.session), {"text": SECRET})
    Membership.objects.create(user=cast.olga, organization=cast.elsewhere, role="admin")
    raw = make_token(cast.olga, cast.elsewhere, "write")
    client = Client(headers={"Authorization": f"Bearer {raw}"})
    answer = write(client, notes_of(cast.session), {"text": SECRET})
    assert refusal(answer) == (404, "not_found")
    assert SECRET not in answer.content.decode()


def test_who_may_see_the_interview_no_longer_is_not_told_again(cast):
    client = client_of(cast.cora)
    write(client, notes_of(cast.session), {"text": SECRET})
    access.unshare(session=cast.session, colleague=cast.cora)
    assert refusal(write(client, notes_of(cast.session), {"text": SECRET})) == (404, "not_found")


def test_who_left_the_organization_is_not_told_again(cast):
    client = client_of(cast.cora)
    write(client, notes_of(cast.session), {"text": SECRET})
    cast.cora.memberships.update(is_active=False)
    assert refusal(write(client, notes_of(cast.session), {"text": SECRET})) == (404, "not_found")


# --- How long ------------------------------------------------------------------------------------


def test_an_answer_is_sealed_and_goes_with_its_interview(cast):
    client = client_of(cast.olga)
    write(client, notes_of(cast.session), {"text": SECRET})
    write(client, LIST, {"title": "Other"}, key="two")
    row = IdempotentRequest.objects.get(about=cast.session.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body, fingerprint, key_hash FROM accounts_idempotentrequest")
        stored = b"".join(bytes(v) if v is not None else b"" for v, *_rest in cursor.fetchall())
    assert b"Zanzibar" not in stored
    assert row.body["body"]["text"] == SECRET
    retention.begin(cast.session.pk, "person")
    kept = IdempotentRequest.objects.values_list("about", flat=True)
    assert list(kept) == [Session.objects.get(title="Other").pk]


def test_an_act_that_erases_the_interview_keeps_no_words(cast):
    answer = write(client_of(cast.olga), f"{LIST}{cast.session.pk}/", {}, method="delete")
    assert answer.status_code == 204
    assert [row.body for row in IdempotentRequest.objects.all()] == [None]


def test_it_is_forgotten_after_a_day(cast):
    client = client_of(cast.olga)
    write(client, notes_of(cast.session), {"text": SECRET}, key="old")
    write(client, notes_of(cast.session), {"text": SECRET}, key="new")
    before = timezone.now() - timedelta(hours=24, seconds=1)
    oldest = IdempotentRequest.objects.order_by("created_at").first()
    IdempotentRequest.objects.filter(pk=oldest.pk).update(created_at=before)
    tasks.forget_answers()
    assert [row.pk == oldest.pk for row in IdempotentRequest.objects.all()] == [False]


# --- At once -------------------------------------------------------------------------------------


def _both(first, second):
    """Run two functions, each in a thread with a database connection of its own."""
    results = {}

    def run(name, act):
        try:
            results[name] = act()
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=pair) for pair in (("first", first), ("second", second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results["first"], results["second"]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_acts_and_both_are_answered_the_same(cast, monkeypatch):
    inside, plain = threading.Barrier(2), notes.add_note

    def add_note(**given):
        made = plain(**given)
        inside.wait(timeout=20)  # the other one is on its way by now
        return made

    monkeypatch.setattr(notes, "add_note", add_note)

    def second():
        inside.wait(timeout=20)
        return write(client_of(cast.olga), notes_of(cast.session), {"text": SECRET})

    def first():
        return write(client_of(cast.olga), notes_of(cast.session), {"text": SECRET})

    one, other = _both(first, second)
    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json() == other.json()
    assert other.headers["Idempotency-Replayed"] == "true"
    assert Note.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_act_once(cast):
    clients = [client_of(cast.olga) for _ in range(4)]
    answers, start = [], threading.Barrier(len(clients))

    def send(client):
        try:
            start.wait(timeout=20)
            answers.append(write(client, LIST, {"title": "Once"}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * len(clients)
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Session.objects.filter(title="Once").count() == 1
