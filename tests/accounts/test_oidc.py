"""Signing in through an organization's OpenID provider, a real one on this machine."""

import http.client
import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import identity
from accounts.kinds import Event
from accounts.models import AuditEntry, User
from accounts.queries import lacks_second_factor
from accounts.roles import Role
from accounts.services import add_member, deactivate
from sessions import access
from sessions.models import Session
from tests import product
from tests.accounts import oidc_server
from tests.accounts.oidc_server import CLIENT, Provider
from tests.accounts.people import add_totp, code, is_signed_in, mails, page_text, prove, signed_in
from tests.factories import PASSWORD, make_session

LOGIN = "/accounts/oidc/here-id/login/"
NEW = "nora@here.example"


@pytest.fixture(scope="module")
def served():
    with oidc_server.serving() as provider:
        yield provider


@pytest.fixture
def provider(served, settings) -> Provider:
    served.claims = {"sub": "42", "email_verified": True}
    served.userinfo, served.token = {}, {}
    settings.INTERVIEW_OIDC = [
        {"id": "here-id", "name": "Here ID", "organization": "here", "domains": ["Here.example"]}
    ]
    app = {
        "provider_id": "here-id",
        "name": "Here ID",
        "client_id": CLIENT[0],
        "secret": CLIENT[1],
        "settings": {"server_url": served.url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    }
    return served


def leave(client: Client, process: str = "login") -> str:
    """Go to the provider as the browser does; return the address one is sent back to."""
    away = urlsplit(client.post(f"{LOGIN}?process={process}").headers["Location"])
    browser = http.client.HTTPConnection(away.netloc)
    browser.request("GET", f"{away.path}?{away.query}")
    back = urlsplit(browser.getresponse().headers["Location"])
    browser.close()
    return f"{back.path}?{back.query}"


def come(provider: Provider, email: str | None, client: Client | None = None, **claims):
    """Sign in at the provider as somebody; returns the answer that ends it."""
    client = client or Client()
    provider.claims |= {"email": email, **claims} if email else claims
    return client.get(leave(client)), client


def entered(provider: Provider, email: str | None, **claims) -> bool:
    answer, client = come(provider, email, **claims)
    assert answer.status_code == (302 if is_signed_in(client) else 403)
    return is_signed_in(client)


# --- Who may come in -----------------------------------------------------------------------------


def test_a_member_is_connected_on_the_spot(provider, cast):
    answer, client = come(provider, "Olga@Here.Example")
    assert answer.headers["Location"] == "/sessions/"
    assert is_signed_in(client)
    account = SocialAccount.objects.get()
    assert (account.user, account.provider, account.uid) == (cast.olga, "here-id", "42")
    assert User.objects.get(pk=cast.olga.pk).check_password(PASSWORD)
    assert [mail.subject for mail in mails()] == ["A sign-in provider was connected"]


def test_who_is_connected_comes_in_whatever_the_address_there(provider, cast):
    assert entered(provider, cast.olga.email)
    assert entered(provider, "olga.new@here.example")
    assert SocialAccount.objects.get().user == cast.olga


def test_who_is_connected_comes_in_by_the_account_there_not_by_address(provider, cast):
    assert entered(provider, cast.olga.email)
    _answer, client = come(provider, cast.sam.email)  # the same account there
    assert f"<strong>{cast.olga.name}</strong>" in page_text(client.get("/sessions/"))


@pytest.mark.parametrize("verified", [False, "false", None, "yes"])
def test_an_address_that_is_not_verified_there_opens_nothing(provider, cast, verified):
    assert not entered(provider, cast.olga.email, email_verified=verified)
    assert not entered(provider, NEW, email_verified=verified)
    assert not SocialAccount.objects.exists()
    assert not User.objects.filter(email=NEW).exists()


@pytest.mark.parametrize("email", [None, "", "no address", "olga@here.example\n"])
def test_no_address_opens_nothing(provider, cast, email):
    provider.claims["email"] = email
    assert entered(provider, None) == (email == "olga@here.example\n")


def test_members_of_another_organization_as_well_are_not_this_providers(provider, cast):
    add_member(organization=cast.elsewhere, user=cast.olga, role=Role.VIEWER)
    assert not entered(provider, cast.olga.email)
    deactivate(membership=cast.olga.memberships.get(organization=cast.elsewhere))
    assert entered(provider, cast.olga.email)


def test_people_of_other_organizations_former_members_and_superusers_stay_out(provider, cast):
    User.objects.filter(pk=cast.sam.pk).update(is_superuser=True)
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    for user in (cast.otto, cast.lea, cast.sam, cast.mia):
        assert not entered(provider, user.email), user
    assert not SocialAccount.objects.exists()


def test_a_connected_person_stays_out_once_no_member_or_a_superuser(provider, cast):
    assert entered(provider, cast.olga.email)
    User.objects.filter(pk=cast.olga.pk).update(is_superuser=True)
    assert not entered(provider, cast.olga.email)
    User.objects.filter(pk=cast.olga.pk).update(is_superuser=False)
    assert entered(provider, cast.olga.email)
    deactivate(membership=cast.olga.memberships.get())
    assert not entered(provider, cast.olga.email)


def test_a_provider_opens_its_own_organization_only(provider, cast, settings):
    """Who joins another organization later does not open that one's data by this provider."""
    theirs = make_session(cast.otto, cast.elsewhere)
    _answer, client = come(provider, cast.mia.email)
    add_member(organization=cast.elsewhere, user=cast.mia, role=Role.ADMIN)
    _answer, again = come(provider, cast.mia.email)
    own = signed_in(cast.mia)
    Session.objects.update(visibility="organization")
    for browser, reaches in ((client, False), (again, False), (own, True)):
        assert browser.get(f"/sessions/{cast.session.pk}/").status_code == 200
        assert (browser.get(f"/sessions/{theirs.pk}/").status_code == 200) is reaches
        assert (browser.get("/admin/").status_code == 200) is reaches
        credentials = identity.Credentials(browser.session.session_key)
        seen = access.sessions_visible_to(identity.identify(credentials))
        assert set(seen) == ({cast.session, theirs} if reaches else {cast.session})
    settings.INTERVIEW_OIDC = []
    assert client.get(f"/sessions/{cast.session.pk}/").status_code == 404
    assert own.get(f"/sessions/{cast.session.pk}/").status_code == 200


def test_who_proves_it_by_password_after_the_provider_is_let_in_everywhere(provider, cast):
    theirs = make_session(cast.otto, cast.elsewhere)
    Session.objects.update(visibility="organization")
    _answer, client = come(provider, cast.mia.email)
    add_member(organization=cast.elsewhere, user=cast.mia, role=Role.VIEWER)
    assert client.get(f"/sessions/{theirs.pk}/").status_code == 404
    prove(client)
    assert client.get(f"/sessions/{theirs.pk}/").status_code == 200


@pytest.mark.parametrize("role", [None, "viewer"])
def test_somebody_new_of_the_domain_gets_an_account_without_a_password(
    provider, cast, settings, role
):
    if role:
        settings.INTERVIEW_OIDC[0]["role"] = role
    assert entered(provider, "Nora@HERE.example", name="Nora Neu")
    nora = User.objects.get(email=NEW)
    assert (nora.name, nora.has_usable_password(), nora.is_staff) == ("Nora Neu", False, False)
    membership = nora.memberships.get()
    assert (membership.organization, membership.role) == (
        cast.organization,
        role or "interviewer",
    )
    assert entered(provider, NEW)


@pytest.mark.parametrize(
    "email", ["nora@there.example", "nora@nothere.example", "nora@sub.here.example"]
)
def test_somebody_new_of_another_domain_stays_out(provider, cast, email):
    assert not entered(provider, email)
    assert not User.objects.filter(email=email).exists()


def test_without_domains_nobody_new_comes_in(provider, cast, settings):
    del settings.INTERVIEW_OIDC[0]["domains"]
    assert not entered(provider, NEW)
    assert entered(provider, cast.olga.email)


def test_a_refusal_leaves_a_trace_with_the_organization_whose_provider_it_is(provider, cast):
    assert not entered(provider, "stranger@there.example")
    trace = AuditEntry.objects.filter(action=Event.SIGN_IN_FAILED).get()
    assert trace.organization == cast.organization
    assert trace.details == {"step": "provider", "provider": "here-id"}
    assert (trace.actor, trace.object_id) == ("", "")


def test_the_refusal_does_not_tell_who_has_an_account(provider, cast):
    known, _client = come(provider, cast.otto.email)
    unknown, _client = come(provider, "nobody@there.example")
    assert known.status_code == unknown.status_code == 403
    assert page_text(known) == page_text(unknown)


def test_a_second_factor_is_asked_for_after_the_provider(provider, cast):
    add_totp(cast.olga)
    answer, client = come(provider, cast.olga.email)
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert is_signed_in(client)


# --- What the provider sends ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("providers", "password", "lacks"),
    [
        (["here-id"], False, False),
        (["here-id"], True, True),
        (["here-id", "there-id"], False, True),  # whoever runs the other opens this one
        (["here-id", "gone"], False, True),
        ([], False, True),
    ],
)
def test_the_organizations_provider_stands_for_a_second_factor_if_there_is_no_other_way_in(
    provider, cast, settings, providers, password, lacks
):
    settings.INTERVIEW_OIDC = [
        *settings.INTERVIEW_OIDC,
        {"id": "there-id", "organization": "there"},
    ]
    cast.organization.require_second_factor = True
    if not password:
        cast.olga.set_unusable_password()
    for name in providers:
        SocialAccount.objects.create(user=cast.olga, provider=name, uid="1")
    assert lacks_second_factor(cast.olga, cast.organization) is lacks


def test_two_answers_about_two_people_open_nothing(provider, cast):
    provider.userinfo = {"sub": "43"}
    assert not entered(provider, cast.olga.email)


@pytest.mark.parametrize("token", [{"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}])
def test_an_id_token_of_another_issuer_for_another_or_of_old_opens_nothing(provider, cast, token):
    provider.token = token
    answer, client = come(provider, cast.olga.email)
    assert answer.status_code == 401
    assert "could not sign you in" in page_text(answer)
    assert not is_signed_in(client)


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(provider, cast):
    client = Client()
    provider.claims["email"] = cast.olga.email
    back = leave(client)
    assert Client().get(back).status_code == 401  # somebody else's browser
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert client.get(back.replace(state, "made-up")).status_code == 401
    assert client.get(back).status_code == 302
    assert is_signed_in(client)
    assert client.get(back).status_code == 401


def test_cancelling_there_leads_back(provider, client, db):
    back = leave(client)
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = client.get(f"{LOGIN}callback/?state={state}&error=access_denied", follow=True)
    assert "You cancelled signing in" in page_text(answer)


def test_the_sign_in_page_has_a_button_and_going_there_needs_a_post(provider, client, db):
    page = page_text(client.get("/accounts/login/"))
    assert "Sign in with Here ID" in page
    assert f"{LOGIN}?process=login" in page
    assert client.get(LOGIN).status_code == 200
    assert Client(enforce_csrf_checks=True).post(LOGIN).status_code == 403
    assert client.post("/accounts/oidc/other/login/").status_code == 404


def test_members_are_shown_the_providers_of_their_organizations(provider, cast):
    assert "Connect Here ID" in page_text(signed_in(cast.olga).get("/accounts/3rdparty/"))
    assert "Here ID" not in page_text(signed_in(cast.otto).get("/accounts/3rdparty/"))


# --- Connecting by hand --------------------------------------------------------------------------


def test_connecting_needs_proof_and_ones_own_address(provider, cast):
    client = signed_in(cast.olga)
    provider.claims["email"] = cast.sam.email
    assert client.get(leave(client, "connect")).status_code == 403
    provider.claims["email"] = cast.olga.email
    answer = client.get(leave(client, "connect"))
    assert answer.headers["Location"] == "/accounts/reauthenticate/"
    assert not SocialAccount.objects.exists()
    prove(client)
    assert SocialAccount.objects.get().user == cast.olga


def test_a_provider_can_be_disconnected_by_who_has_a_password(provider, cast):
    assert entered(provider, cast.olga.email)
    account = SocialAccount.objects.get()
    client = signed_in(cast.olga)
    prove(client)
    page = page_text(client.get("/accounts/3rdparty/"))
    assert "<strong>Here ID</strong>" in page
    cast.olga.set_unusable_password()
    cast.olga.save()
    client.force_login(cast.olga)
    client.post("/accounts/3rdparty/", {"account": account.pk})
    assert SocialAccount.objects.exists()
    cast.olga.set_password(PASSWORD)
    cast.olga.save()
    client = signed_in(cast.olga)
    prove(client)
    signed_in(cast.sam).post("/accounts/3rdparty/", {"account": account.pk})
    assert SocialAccount.objects.exists()
    client.post("/accounts/3rdparty/", {"account": account.pk})
    assert not SocialAccount.objects.exists()


# --- Settings ------------------------------------------------------------------------------------

GOOD = {
    "organization": "here",
    "id": "here-id",
    "issuer": "https://id.here.example/realms/1",
    "client_id": "copilot",
    "client_secret": "s",
    "origins": ["https://login.here.example"],
}


SHOW = "from copilot import settings; print(settings.CONTENT_SECURITY_POLICY)"


def settings_with(tmp_path, *providers, **env: str) -> str:
    """Start the product's settings with providers; return its policy, or why they are refused."""
    told = {**product.environment(tmp_path), "INTERVIEW_OIDC": json.dumps(providers), **env}
    command = [sys.executable, "-c", SHOW]
    ran = subprocess.run(command, env=told, cwd=product.ROOT, capture_output=True, text=True)
    return ran.stdout + ran.stderr


def test_the_policy_lets_the_sign_in_form_go_to_the_provider_only(tmp_path):
    form = """'form-action': ["'self'", 'https://id.here.example', 'https://login.here.example']"""
    assert form in settings_with(tmp_path, GOOD)
    assert """'form-action': ["'self'"]""" in settings_with(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"role": "admin"}, "interviewer or viewer"),
        ({"client_secret": None}, "lacks ['client_secret']"),
    ],
)
def test_settings_that_open_too_much_or_lack_something_are_refused(tmp_path, change, reason):
    provider = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    assert reason in settings_with(tmp_path, provider)


def test_two_providers_with_one_id_are_refused(tmp_path):
    assert "an id of its own" in settings_with(tmp_path, GOOD, {**GOOD, "organization": "there"})
    other = {**GOOD, "organization": "there", "id": "there-id"}
    assert "form-action" in settings_with(tmp_path, GOOD, other)


def test_in_production_an_issuer_needs_tls(tmp_path):
    provider = {**GOOD, "issuer": "http://id.here.example"}
    env = {
        "INTERVIEW_MODE": "production",
        "SECRET_KEY": "x" * 50,
        "INTERVIEW_MASTER_KEYS": "k:" + "A" * 43 + "=",
    }
    assert "an issuer needs https" in settings_with(tmp_path, provider, **env)
