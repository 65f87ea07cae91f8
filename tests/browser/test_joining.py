"""From an invitation to an interview: an admin, somebody new, and a second factor in between."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.people import code

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "correct-horse-battery"
TITLE = "Backend engineer, first interview"


def invite(ada: Page, email: str) -> str:
    """Invite somebody in Administration; return the link that is shown once."""
    ada.get_by_role("link", name="Administration").click()
    ada.locator("#nav-sidebar").get_by_role("link", name="Invitations", exact=True).click()
    ada.get_by_role("link", name="Add invitation").click()
    ada.get_by_label("E-mail address").fill(email)
    ada.get_by_label("Role").select_option(label="Interviewer")
    ada.get_by_role("button", name="Save", exact=True).click()
    shown = ada.locator(".one-time-link")
    expect(shown).to_contain_text("/accounts/invitations/")
    return shown.inner_text().strip()


def share(ada: Page, name: str) -> None:
    ada.goto("/sessions/")
    ada.get_by_text(TITLE).click()
    ada.get_by_role("link", name="Share").click()
    form = ada.get_by_test_id("share-form")
    form.get_by_label("Colleague").select_option(label=name)
    form.get_by_role("button", name="Share").click()
    expect(ada.get_by_text(f"Shared with {name}")).to_be_visible()


def set_up_second_factor(page: Page) -> str:
    """Add an authenticator app in one's account; return its secret."""
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up the app").click()
    if page.get_by_role("button", name="Continue").is_visible():
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
    secret = page.get_by_test_id("totp-secret").inner_text()
    page.get_by_label("Code").fill(code(secret=secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_test_id("recovery-codes").get_by_role("listitem")).to_have_count(10)
    return secret


def test_an_invited_interviewer_signs_in_with_a_second_factor_and_opens_an_interview(
    browser, url, sign_in, problems
):
    name = f"Nia {uuid4().hex[:6]}"
    email = f"{name.replace(' ', '-').lower()}@northwind.example"
    ada = sign_in(browser, "ada@northwind.example")
    link = invite(ada, email)

    nia = browser.new_context(base_url=url, reduced_motion="reduce").new_page()
    problems.watch(nia)
    nia.goto(link)
    expect(nia.get_by_text("Northwind Labs").first).to_be_visible()
    nia.get_by_label("Name").fill(name)
    nia.get_by_label("Password", exact=True).fill(PASSWORD)
    nia.get_by_test_id("invitation-form").get_by_role("button").click()
    expect(nia).to_have_url(f"{url}/sessions/")
    expect(nia.get_by_text(TITLE)).to_have_count(0)
    secret = set_up_second_factor(nia)

    share(ada, name)

    nia.get_by_role("banner").get_by_role("button", name="Sign out").click()
    nia.get_by_label("E-mail").fill(email)
    nia.get_by_label("Password", exact=True).fill(PASSWORD)
    nia.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()
    nia.get_by_label("Code").fill(code(secret=secret))
    nia.get_by_role("button", name="Sign in", exact=True).click()
    nia.get_by_text(TITLE).click()
    expect(nia.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(nia.get_by_test_id("connection")).to_contain_text("Connected")

    nia.goto(link)  # used up
    expect(nia.get_by_text("not valid any more").first).to_be_visible()
    assert problems == [
        "console: Failed to load resource: the server responded with a status of 404 (Not Found)"
    ]
