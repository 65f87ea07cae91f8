"""The page where people make and revoke their API tokens."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import identity
from accounts.models import ApiToken
from accounts.roles import Role
from accounts.services import add_member
from tests.accounts.people import is_signed_in, page_text, prove, signed_in
from tests.factories import PASSWORD, make_token

PAGE = "/accounts/tokens/"


def form(cast, **changes):
    wanted = {
        "name": "ATS export",
        "organization": str(cast.organization.pk),
        "scopes": ["read", "audio"],
        "days": "30",
    }
    return {**wanted, **changes}


@pytest.fixture
def here(cast) -> Client:
    client = signed_in(cast.olga)
    prove(client)
    return client


def secret_of(answer) -> str:
    return html.unescape(re.search(r'data-testid="token-secret">([^<]+)<', page_text(answer))[1])


def test_a_token_is_made_and_its_secret_shown_this_once(here, cast):
    answer = here.post(PAGE, form(cast))
    secret = secret_of(answer)
    assert answer.status_code == 200  # not a redirect: the secret is in no session and no address
    assert "no-store" in answer.headers["Cache-Control"]
    assert identity.of_token(secret) == cast.olga
    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("ATS export", ["audio", "read"])
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    page = page_text(here.get(PAGE))
    assert secret not in page
    assert secret not in str(dict(here.session))
    assert "ATS export" in page
    assert token.prefix in page


def test_making_one_needs_proof_after_which_it_is_made(cast):
    client = signed_in(cast.olga)
    assert client.get(PAGE).status_code == 200
    answer = client.post(PAGE, form(cast))
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    wrong = client.post("/accounts/reauthenticate/", {"password": "wrong", "next": PAGE})
    assert "This is not your password." in page_text(wrong)
    assert not ApiToken.objects.exists()
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    assert identity.of_token(secret_of(answer)) == cast.olga
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": "0"},
        {"days": "366"},
        {"days": "forever"},
        {"organization": ""},
        {"organization": str(uuid4())},
        {"organization": "elsewhere"},
    ],
)
def test_what_makes_no_sense_makes_no_token(here, cast, changes):
    if changes.get("organization") == "elsewhere":
        changes = {"organization": str(cast.elsewhere.pk)}
    answer = here.post(PAGE, form(cast, **changes))
    assert answer.status_code == 200
    assert "field-error" in page_text(answer)
    assert not ApiToken.objects.exists()


def test_the_organization_is_asked_for_where_there_are_several(here, cast):
    assert "<select" not in page_text(here.get(PAGE))
    add_member(organization=cast.elsewhere, user=cast.olga, role=Role.VIEWER)
    assert "<select" in page_text(here.get(PAGE))
    here.post(PAGE, form(cast, organization=str(cast.elsewhere.pk)))
    assert ApiToken.objects.get().organization == cast.elsewhere


def test_the_list_holds_ones_own_tokens_and_their_state(here, cast):
    for name, change in (
        ("living", {}),
        ("ended", {"expires_at": timezone.now()}),
        ("stopped", {"revoked_at": timezone.now()}),
        ("sams", {"user": cast.sam}),
    ):
        make_token(cast.olga, cast.organization, "read")
        ApiToken.objects.filter(name="test").update(name=name, **change)
    listed = page_text(here.get(PAGE)).partition('data-testid="tokens"')[2]
    rows = dict(re.findall(r"<strong>(\w+)</strong> <code>(.*?)</li>", listed, re.DOTALL))
    assert rows.keys() == {"living", "ended", "stopped"}
    assert "never used" in rows["living"]
    assert ["expires" in rows["living"], "Revoke" in rows["living"]] == [True, True]
    assert ["expired" in rows["ended"], "Revoke" in rows["ended"]] == [True, False]
    assert ["revoked" in rows["stopped"], "Revoke" in rows["stopped"]] == [True, False]


def test_a_token_is_revoked_by_its_owner_only(
    here, cast, announced, django_capture_on_commit_callbacks
):
    secret = make_token(cast.olga, cast.organization, "read")
    path = f"{PAGE}{ApiToken.objects.get().pk}/revoke/"
    for other in (cast.sam, cast.ada, cast.otto):
        assert signed_in(other).post(path).status_code == 404
    assert Client().post(path).headers["Location"].startswith("/accounts/login/")
    assert here.get(path).status_code == 405
    assert here.post(f"{PAGE}{uuid4()}/revoke/").status_code == 404
    assert identity.of_token(secret) == cast.olga
    announced.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post(path).headers["Location"] == PAGE
    assert not identity.of_token(secret).is_authenticated
    assert announced == {cast.olga.pk}


def test_a_token_opens_no_page_and_makes_no_tokens(cast):
    secret = make_token(cast.olga, cast.organization, "read", "write")
    bearer = Client(headers={"authorization": f"Bearer {secret}"})
    assert bearer.get("/api/v1/sessions/").status_code == 200
    assert not is_signed_in(bearer)
    for answer in (bearer.get(PAGE), bearer.post(PAGE, form(cast))):
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert ApiToken.objects.count() == 1
