"""Oneself and one's tokens by REST."""

import json

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, Membership
from accounts.roles import Scope
from tests.accounts.people import prove
from tests.factories import client_of, make_token

pytestmark = pytest.mark.django_db

ME, TOKENS = "/api/v1/me/", "/api/v1/tokens/"
WANTED = {"name": "Export", "scopes": ["read"], "days": 7}


def program(raw):
    return Client(headers={"Authorization": f"Bearer {raw}"})


def proved(user):
    """Return the browser of somebody who has just shown once more who they are."""
    client = client_of(user)
    prove(client)
    return client


def send(client, url, body, method="post"):
    return getattr(client, method)(url, json.dumps(body), content_type="application/json")


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def one(token) -> str:
    return f"{TOKENS}{token.pk}/"


# --- Oneself -------------------------------------------------------------------------------------


def test_it_says_who_one_is_and_where_one_belongs(cast):
    Membership.objects.create(user=cast.olga, organization=cast.elsewhere, role="viewer")
    me = client_of(cast.olga).get(ME).json()
    assert (me["id"], me["email"], me["name"]) == (cast.olga.pk, cast.olga.email, "olga")
    assert [(o["slug"], o["role"]) for o in me["organizations"]] == [
        ("here", "interviewer"),
        ("there", "viewer"),
    ]
    assert me["token"] is None


def test_a_token_sees_its_organization_its_scopes_and_its_end(cast):
    Membership.objects.create(user=cast.olga, organization=cast.elsewhere, role="viewer")
    raw = make_token(cast.olga, cast.organization, "read")
    answer = program(raw).get(ME)
    me, token = answer.json(), tokens.find(raw)
    assert [o["slug"] for o in me["organizations"]] == ["here"]
    assert me["token"]["scopes"] == ["read"]
    assert me["token"]["expires_at"] == token.expires_at.isoformat()
    assert raw not in answer.content.decode()


def test_who_left_belongs_nowhere_and_strangers_are_asked_who_they_are(cast):
    assert client_of(cast.lea).get(ME).json()["organizations"] == []
    assert Client().get(ME).status_code == 401
    raw = make_token(cast.olga, cast.organization, "write")
    assert refusal(program(raw).get(ME)) == (403, "out_of_scope")


def test_an_organization_that_waits_for_a_second_factor_is_named(cast):
    cast.organization.require_second_factor = True
    cast.organization.save()
    me = client_of(cast.olga).get(ME).json()
    assert me["organizations"] == []
    assert [o["name"] for o in me["second_factor_required_by"]] == ["Here"]


# --- Making tokens -------------------------------------------------------------------------------


def test_who_has_just_proved_who_they_are_makes_one(cast):
    client = proved(cast.olga)
    made = send(client, TOKENS, WANTED)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert program(secret).get(ME).json()["token"]["name"] == "Export"
    assert secret not in client.get(TOKENS).content.decode()


def test_a_proof_is_asked_for_and_then_taken(cast):
    client = client_of(cast.olga)  # signed in without any
    refused = send(client, TOKENS, WANTED)
    assert refusal(refused) == (403, "proof_required")
    assert refused.json()["proof_url"].endswith("/accounts/reauthenticate/")
    prove(client)
    assert send(client, TOKENS, WANTED).status_code == 201


def test_a_token_makes_none(cast):
    raw = make_token(cast.olga, cast.organization, "read", "write")
    assert refusal(send(program(raw), TOKENS, WANTED)) == (403, "no_token_by_token")
    assert ApiToken.objects.count() == 1


def test_a_secret_is_kept_nowhere_even_with_a_key(cast):
    client = proved(cast.olga)
    first, second = (
        client.post(
            TOKENS,
            json.dumps(WANTED),
            content_type="application/json",
            headers={"Idempotency-Key": "k"},
        )
        for _time in range(2)
    )
    assert first.json()["secret"] != second.json()["secret"]


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"days": 0}, {"days": 366}],
    ids=lambda wrong: "-".join(f"{k}={v}" for k, v in wrong.items()),
)
def test_what_makes_no_sense_is_refused(cast, wrong):
    answer = send(proved(cast.olga), TOKENS, {**WANTED, **wrong})
    assert refusal(answer) == (400, "invalid")
    assert set(answer.json()["fields"]) == set(wrong)


def test_it_is_for_an_organization_of_ones_own(cast):
    client = proved(cast.olga)
    wanted = {**WANTED, "organization": str(cast.elsewhere.pk)}
    assert refusal(send(client, TOKENS, wanted)) == (403, "not_a_member")
    assert refusal(send(proved(cast.lea), TOKENS, WANTED)) == (403, "not_a_member")


# --- Looking and revoking ------------------------------------------------------------------------


def test_a_person_sees_and_ends_their_own(cast):
    mine = tokens.find(make_token(cast.olga, cast.organization, "read"))
    hers = tokens.find(make_token(cast.mia, cast.organization, "read"))
    client = client_of(cast.olga)
    assert [row["id"] for row in client.get(TOKENS).json()["results"]] == [str(mine.pk)]
    assert client.get(one(mine)).status_code == 200
    for method in ("get", "delete"):
        assert getattr(client, method)(one(hers)).status_code == 404
    assert client.delete(one(mine)).status_code == 204
    mine.refresh_from_db()
    assert not mine.is_alive
    assert client.get(one(mine)).json()["revoked_at"]


@pytest.mark.parametrize("scope", [scope.value for scope in Scope])
def test_a_token_sees_and_ends_itself_alone(cast, scope):
    raw = make_token(cast.olga, cast.organization, scope)
    other = tokens.find(make_token(cast.olga, cast.organization, "read", "write"))
    client, token = program(raw), tokens.find(raw)
    assert client.get(one(token)).json()["scopes"] == [scope]
    if scope == "read":
        assert [row["id"] for row in client.get(TOKENS).json()["results"]] == [str(token.pk)]
    for method, right in (("get", "read"), ("delete", "write")):
        answer = getattr(client, method)(one(other))
        assert answer.status_code == (404 if scope == right else 403)
    assert client.delete(one(token)).status_code == 204
    assert refusal(client.get(one(token))) == (401, "bad_token")
    other.refresh_from_db()
    assert other.is_alive


def test_a_device_is_no_token_of_a_program(cast):
    _row, raw = tokens.create_for_device(
        user=cast.olga,
        organization=cast.organization,
        bound_to=cast.session.pk,
        channel="room",
        name="Phone",
        hours=1,
    )
    client = program(raw)
    assert refusal(client.get(ME)) == (403, "out_of_scope")
    assert refusal(client.get(TOKENS)) == (403, "out_of_scope")
    assert client.delete(one(tokens.find(raw))).status_code == 404
    assert client_of(cast.olga).get(TOKENS).json()["results"] == []
