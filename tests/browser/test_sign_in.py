"""Signing in and one's own account in real Chromium, passkeys included."""

import json
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import product
from tests.accounts import oidc_server
from tests.accounts.oidc_server import CLIENT
from tests.accounts.people import code

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "correct-horse-battery"
PERSON = """
from accounts.models import Organization, User
from accounts.roles import Role
from accounts.services import add_member
user = User.objects.create_user({email!r}, {password!r}, name="Pat Person")
add_member(organization=Organization.objects.get(slug="northwind"), user=user, role=Role.VIEWER)
"""
INVITE = """
from accounts import invitations
from accounts.models import Organization, User
_invitation, token = invitations.invite(
    organization=Organization.objects.get(slug="northwind"), email={email!r}, role="viewer",
    invited_by=User.objects.get(email="ada@northwind.example"),
)
print(token)
"""
PAGES = [
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/totp/activate/",
    "/accounts/sessions/",
    "/accounts/email/",
    "/accounts/3rdparty/",
    "/accounts/logout/",
]


def run(served, code: str) -> str:
    return product.run(code, env=served[1])


@pytest.fixture
def here(url) -> str:
    """The product by the one name with which passkeys work without TLS."""
    return url.replace("127.0.0.1", "localhost")


@pytest.fixture
def person(served) -> str:
    """Somebody new, so that second factors stay out of the demo; gives the e-mail address."""
    email = f"pat-{uuid4().hex[:8]}@northwind.example"
    run(served, PERSON.format(email=email, password=PASSWORD))
    return email


@pytest.fixture
def visit(here, problems):
    """Open a browser of one's own at the sign-in page."""

    def act(browser: Browser, **context: object) -> Page:
        page = browser.new_context(base_url=here, reduced_motion="reduce", **context).new_page()
        problems.watch(page)
        page.goto("/accounts/login/")
        return page

    return act


def type_password(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()


def prove(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def sign_out(page: Page) -> None:
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def add_key(page: Page) -> None:
    """Give the browser a fingerprint reader that always says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    reader = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": reader})


def test_an_authenticator_app_is_set_up_and_asked_for(browser, visit, here, person, problems):
    page = visit(browser)
    type_password(page, person)
    expect(page).to_have_url(f"{here}/sessions/")
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up the app").click()
    prove(page)
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.get_by_test_id("totp-secret").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_label("Code")).to_be_focused()
    expect(page.get_by_label("Code")).to_have_accessible_description(
        "This code is not right, or it was used already."
    )
    page.get_by_label("Code").fill(code(secret=secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_test_id("recovery-codes").get_by_role("listitem")).to_have_count(10)
    sign_out(page)
    type_password(page, person)
    expect(page.get_by_test_id("code-form")).to_be_visible()
    page.goto("/sessions/")
    expect(page).not_to_have_url(f"{here}/sessions/")  # the password alone opens nothing
    page.get_by_label("Code").fill(code(secret=secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{here}/sessions/")
    assert problems == []


def test_a_passkey_signs_in_alone_and_as_second_factor(browser, visit, here, person, problems):
    page = visit(browser)
    type_password(page, person)
    add_key(page)
    page.goto("/accounts/2fa/webauthn/add/")
    prove(page)
    page.get_by_label("Name").fill("My finger")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("recovery-codes")).to_be_visible()
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_role("main")).to_contain_text("My finger")
    expect(page.get_by_role("main")).to_contain_text("signs in alone")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{here}/sessions/")
    sign_out(page)
    type_password(page, person)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{here}/sessions/")
    assert problems == []


def test_a_passkey_that_does_not_come_is_said(browser, visit, here, person, problems):
    page = visit(browser)
    add_key(page)  # with no key in it
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("did not work")
    type_password(page, person)  # the other way is open
    expect(page).to_have_url(f"{here}/sessions/")
    assert problems == []


def test_the_list_of_devices_signs_out_another_browser(browser, visit, here, person, problems):
    page, other = visit(browser), visit(browser)
    for each in (page, other):
        type_password(each, person)
        expect(each).to_have_url(f"{here}/sessions/")
    page.goto("/accounts/sessions/")
    devices = page.get_by_test_id("devices").get_by_role("listitem")
    expect(devices).to_have_count(2)
    expect(devices.first).to_contain_text("this device")
    devices.last.get_by_role("button", name="Sign out").click()
    expect(devices).to_have_count(1)
    other.goto("/sessions/")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/sessions/")
    expect(page).to_have_url(f"{here}/sessions/")
    assert problems == []


def test_a_token_is_made_and_copied(browser, visit, here, person, problems):
    page = visit(browser, permissions=["clipboard-read", "clipboard-write"])
    type_password(page, person)
    expect(page).to_have_url(f"{here}/sessions/")
    page.goto("/accounts/tokens/")
    page.get_by_label("Name").fill("ATS export")
    page.get_by_role("button", name="Make the token").click()
    prove(page)
    secret = page.get_by_test_id("token-secret").inner_text()
    assert secret.startswith("icp_")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_text("Revoke", exact=True).click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_test_id("tokens")).to_contain_text("revoked")
    assert problems == []


def test_an_invitation_is_accepted_and_its_address_told_to_nobody(
    browser, visit, here, served, problems
):
    email = f"nora-{uuid4().hex[:8]}@new.example"
    token = run(served, INVITE.format(email=email))
    page, told = visit(browser), []
    page.on("request", lambda request: told.append(request.headers.get("referer", "")))
    page.goto(f"/accounts/invitations/{token}/")
    page.get_by_label("Your name").fill("Nora Neu")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page).to_have_url(f"{here}/sessions/")
    assert f"{here}/" in told
    assert not any(token in address for address in told)
    assert problems == []


def test_no_account_page_complains(browser, visit, here, person, problems):
    page = visit(browser, viewport={"width": 390, "height": 844})
    type_password(page, person)
    expect(page).to_have_url(f"{here}/sessions/")
    page.goto("/accounts/2fa/totp/activate/")
    prove(page)
    for path in PAGES:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{path} scrolls sideways on a phone"
    assert problems == []


def test_an_organizations_provider_signs_in_under_the_policy_for_forms(browser, tmp_path, problems):
    with oidc_server.serving() as provider:
        provider.claims = {"sub": "1", "email": "ines@northwind.example", "email_verified": True}
        known = {
            "organization": "northwind",
            "id": "northwind-id",
            "name": "Northwind ID",
            "issuer": provider.url,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
        }
        env = product.environment(tmp_path, INTERVIEW_OIDC=json.dumps([known]))
        with product.serving(env) as (url, _process):
            page = browser.new_context(base_url=url).new_page()
            problems.watch(page)
            page.goto("/accounts/login/")
            page.get_by_role("button", name="Sign in with Northwind ID").click()
            expect(page).to_have_url(f"{url}/sessions/")
    assert problems == []
