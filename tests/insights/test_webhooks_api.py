"""Webhooks over the REST API: for admins of their own organization, secrets told once."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.roles import Role
from insights import webhooks
from insights.models import Webhook, WebhookDelivery
from insights.webhooks import endpoints
from insights.webhooks.kinds import Kind
from tests.factories import client_of, make_token, make_user
from tests.insights.webhook_server import Receiver

PLACE = "/api/v1/webhooks/"
URL = "https://hooks.example.com/interviews?key=k"


@pytest.fixture
def ada(cast):
    return client_of(cast.ada)


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def hook(cast, receiver):
    made, made.told = endpoints.create(
        organization=cast.organization, url=receiver.url, by=cast.ada
    )
    return made


def post(client, place, **body):
    return client.post(place, body, content_type="application/json")


def sent(hook, kind=Kind.SESSION_ENDED):
    webhooks.put(kind, hook.organization_id, uuid4())
    row = WebhookDelivery.objects.order_by("created_at").last()
    webhooks.deliver(row.pk)
    return row


def test_the_secret_is_told_when_it_is_made_and_never_again(ada, cast):
    made = post(ada, PLACE, url=URL, events=["session.ended"], description="Ours")
    assert made.status_code == 201
    told = made.json()
    secret = told.pop("secret")
    assert secret.startswith("whsec_")
    place = f"{PLACE}{told['id']}/"
    assert ada.get(place).json() == told
    assert ada.get(PLACE).json()["results"] == [told]
    assert (told["url"], told["events"], told["is_active"]) == (URL, ["session.ended"], True)
    changed = ada.patch(place, {"is_active": False}, content_type="application/json")
    assert changed.json() == {**told, "is_active": False}
    rotated = ada.post(f"{place}rotate/").json()
    assert rotated["secret"] not in ("", secret)
    assert rotated["old_secret_until"] is not None
    assert secret not in ada.get(PLACE).content.decode()


def test_a_secret_is_not_kept_for_a_repeated_request(ada):
    key = {"Idempotency-Key": "once"}
    body = {"url": URL}
    answers = [
        ada.post(PLACE, body, content_type="application/json", headers=key).json() for _ in range(2)
    ]
    assert answers[0]["secret"] != answers[1]["secret"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"url": "https://10.1.2.3/"}, "private_address"),
        ({"url": "http://example.com/"}, "not_https"),
        ({"url": "https://u:p@example.com/"}, "password_in_address"),
        ({"url": "https://bücher.example/"}, "bad_address"),
        ({"url": "https://a.example/" + "a" * 500}, "invalid"),
        ({"url": URL, "events": ["session.viewed"]}, "invalid"),
        ({"url": URL, "events": ["webhook.test"]}, "invalid"),
        ({"url": URL, "events": "session.ended"}, "invalid"),
        ({"url": URL, "description": "x" * 121}, "invalid"),
        ({"url": URL, "is_active": "perhaps"}, "invalid"),
    ],
)
def test_what_is_wrong_is_told(ada, body, code):
    refused = post(ada, PLACE, **body)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert not Webhook.objects.exists()


def test_changes_are_noted_and_nothing_else_is(ada, hook):
    place = f"{PLACE}{hook.pk}/"
    for _ in range(2):
        body = {"description": "New", "events": ["summary.signed", "session.ended"]}
        ada.patch(place, body, content_type="application/json")
    details = [
        entry.details
        for entry in AuditEntry.objects.filter(action="webhook.changed").order_by("pk")
    ]
    assert details == [
        {"change": "added"},
        {"change": "changed", "fields": ["description", "events"]},
    ]
    assert ada.get(place).json()["events"] == ["session.ended", "summary.signed"]


def test_a_change_under_if_match(ada, hook):
    place = f"{PLACE}{hook.pk}/"
    tag = ada.get(place).headers["ETag"]
    for status in (200, 412):
        answer = ada.patch(
            place,
            {"description": f"after {status}"},
            content_type="application/json",
            headers={"If-Match": tag},
        )
        assert answer.status_code == status


def test_the_log_is_read_by_page_state_and_event(ada, hook, receiver):
    arrived = sent(hook)
    receiver.answers = [(500, {})]
    failed = [sent(hook, Kind.SUMMARY_SIGNED) for _ in range(3)]
    place = f"{PLACE}{hook.pk}/deliveries/"
    page = ada.get(f"{place}?limit=3").json()
    assert [row["id"] for row in page["results"]] == [str(row.pk) for row in reversed(failed)]
    assert [row["id"] for row in ada.get(page["next"]).json()["results"]] == [str(arrived.pk)]
    assert len(ada.get(f"{place}?state=waiting").json()["results"]) == 3
    assert len(ada.get(f"{place}?event=session.ended&state=sent").json()["results"]) == 1
    assert ada.get(f"{place}?state=lost").status_code == 400
    (attempt,) = ada.get(f"{place}{failed[0].pk}/").json()["attempts"]
    assert (attempt["status"], attempt["error"]) == (500, "http_500")


def test_a_message_is_sent_again(ada, hook, receiver):
    row = sent(hook)
    again = ada.post(f"{PLACE}{hook.pk}/deliveries/{row.pk}/replay/")
    assert (again.status_code, again.json()["replay_of"]) == (202, str(row.pk))
    webhooks.deliver(again.json()["id"])
    assert receiver.ids == [str(row.pk), again.json()["id"]]
    waiting = ada.post(f"{PLACE}{hook.pk}/test/").json()
    refused = ada.post(f"{PLACE}{hook.pk}/deliveries/{waiting['id']}/replay/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_finished")


def test_tests_and_replays_are_counted(ada, hook):
    answers = [ada.post(f"{PLACE}{hook.pk}/test/").status_code for _ in range(31)]
    assert answers == [202] * 30 + [429]


def test_others_see_nothing(cast, hook):
    row = sent(hook)
    foreign, _secret = endpoints.create(organization=cast.elsewhere, url=URL, by=cast.otto)
    other = sent(foreign)
    ada, otto, olga = (client_of(person) for person in (cast.ada, cast.otto, cast.olga))
    mine, theirs = f"{PLACE}{hook.pk}/", f"{PLACE}{foreign.pk}/"
    for client, place in ((otto, mine), (ada, theirs), (olga, mine), (Client(), mine)):
        expected = 401 if client is not otto and client is not ada and client is not olga else 404
        assert client.get(place).status_code == expected
        for method, path in (
            ("patch", ""),
            ("delete", ""),
            ("post", "rotate/"),
            ("post", "test/"),
            ("get", "deliveries/"),
            ("get", f"deliveries/{row.pk}/"),
            ("post", f"deliveries/{row.pk}/replay/"),
        ):
            assert getattr(client, method)(place + path).status_code in (expected, 401)
    assert ada.get(f"{mine}deliveries/{other.pk}/").status_code == 404
    assert [w["id"] for w in otto.get(PLACE).json()["results"]] == [str(foreign.pk)]


def test_a_token_needs_the_scope_and_stays_in_its_organization(cast, hook):
    boss = make_user(cast.elsewhere, "both", Role.ADMIN)
    tokens = {scope: make_token(cast.ada, cast.organization, scope) for scope in ("read", "write")}
    read, write = (Client(headers={"Authorization": f"Bearer {tokens[scope]}"}) for scope in tokens)
    assert read.get(PLACE).status_code == 200
    assert post(read, PLACE, url=URL).status_code == 403
    made = post(write, PLACE, url=URL)
    assert made.status_code == 201
    assert Webhook.objects.get(pk=made.json()["id"]).organization == cast.organization
    assert client_of(boss).get(f"{PLACE}{hook.pk}/").status_code == 404


def test_removing_takes_the_log_with_it(ada, hook):
    sent(hook)
    assert ada.delete(f"{PLACE}{hook.pk}/").status_code == 204
    assert not WebhookDelivery.objects.exists()
    assert ada.get(f"{PLACE}{hook.pk}/").status_code == 404
