"""Sending a signed summary to an applicant tracking system, from the page that shows it."""

import pytest
from playwright.sync_api import Page, expect

from tests import product
from tests.ats.servers.lever import LeverServer
from tests.browser.axe import DESKTOP, OUTSIDE, PHONE, emulate, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TITLE = "Site reliability engineer, technical interview"  # of the demo; Ines held it
CONNECT = """
from accounts.models import Organization
from insights.models import AtsConnection, AtsDelivery
AtsDelivery.objects.all().delete()
AtsConnection.objects.all().delete()
connection = AtsConnection(
    organization=Organization.objects.get(slug="northwind"), name="Lever", kind="lever",
    base_url={url!r}, options={options!r},
)
connection.credential = {credential!r}
connection.save()
"""
FORGET = """
from insights.models import AtsConnection, AtsDelivery
AtsDelivery.objects.all().delete()
AtsConnection.objects.all().delete()
"""
SIGN = """
from accounts.models import User
from insights.models import Summary
from insights.summaries import signing
from sessions import access
session = access.session_by_id({session!r})
made = Summary.objects.get(session=session)
if made.state != "signed":
    ines = User.objects.get(email="ines@northwind.example")
    signing.sign(session=session, by=ines, revision=made.revision)
"""
REOPEN = """
from insights.models import Summary
from insights.summaries import signing
from sessions import access
session = access.session_by_id({session!r})
if Summary.objects.get(session=session).state == "signed":
    signing.reopen(session=session)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The product, which may send to this machine."""
    env = product.environment(tmp_path_factory.mktemp("sent"), INTERVIEW_OUTGOING_ALLOW="127.0.0.1")
    with product.serving(env) as (url, process):
        yield url, env, process


@pytest.fixture(scope="module")
def url(served):
    return served[0]


@pytest.fixture
def lever():
    server = LeverServer()
    yield server
    server.close()


@pytest.fixture
def connected(served, lever):
    facts = {"url": lever.url, "options": lever.options, "credential": lever.credential}
    product.run(CONNECT.format(**facts), env=served[1])
    return lever


@pytest.fixture
def enter(browser, served, sign_in, problems):
    """Open the review of Ines's finished interview, its summary signed or not."""

    def act(person: str = "ines", *, signed: bool = True, **context: object) -> Page:
        page = sign_in(browser, f"{person}@northwind.example", **context)
        link = page.locator("a.row, .row a").filter(has_text=TITLE).first
        path = link.get_attribute("href").removesuffix("review/")
        page.goto(f"{path}review/")
        expect(page.get_by_test_id("sentence").first).to_be_visible()
        session = path.rstrip("/").rsplit("/", 1)[1]
        product.run((SIGN if signed else REOPEN).format(session=session), env=served[1])
        return page

    yield act
    assert problems == []


def choose(page: Page, lever: LeverServer) -> None:
    """Search the candidate, and look at what would be sent."""
    page.get_by_test_id("send-open").click()
    page.get_by_label("Candidate over there").fill(lever.candidate)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Who it is").get_by_role("radio")).to_be_checked()


def test_without_a_connection_it_says_who_makes_one(enter, served):
    product.run(FORGET, env=served[1])
    page = enter()
    page.get_by_test_id("send-open").click()
    expect(page.get_by_test_id("send-none")).to_contain_text("An admin adds one")
    expect(page.locator("#send-form")).to_be_hidden()


def test_what_nobody_signed_is_not_sent(enter, connected):
    page = enter(signed=False)
    page.get_by_test_id("send-open").click()
    expect(page.get_by_test_id("send-why")).to_contain_text("Sign the summary first")
    expect(page.locator("#send-form")).to_be_hidden()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_is_looked_at_and_then_sent_once(enter, connected, size):
    page = enter()
    for scheme in ("light", "dark"):
        emulate(page, size, scheme)
        choose(page, connected)
        assert violations(page, "#send-dialog") == []
        page.get_by_test_id("send-look").click()
        expect(page.get_by_role("heading", name="This is what is sent")).to_be_focused()
        expect(page.get_by_test_id("send-texts")).to_contain_text("Summary signed by Ines Keller")
        expect(page.get_by_test_id("send-texts")).to_contain_text(".pdf")
        assert connected.notes == []
        assert violations(page, "#send-dialog") == []
        assert page.evaluate(OUTSIDE) == []
        if scheme == "light":
            page.keyboard.press("Escape")
    page.get_by_test_id("send-button").click()
    order = page.get_by_test_id("send-order")
    expect(order).to_contain_text("Sent to Lever")
    expect(page.locator("#send-heading")).to_be_focused()
    assert (len(connected.notes), len(connected.files)) == (1, 1)
    assert violations(page, "#send-dialog") == []

    # The same again is what is there.
    page.keyboard.press("Escape")
    choose(page, connected)
    page.get_by_test_id("send-look").click()
    page.get_by_test_id("send-button").click()
    expect(page.locator("#send-form")).to_be_visible()
    expect(order).to_have_count(1)
    assert len(connected.notes) == 1


def test_what_goes_wrong_is_said_with_a_way_to_fix_it(enter, connected):
    page = enter()
    choose(page, connected)
    page.get_by_test_id("send-look").click()
    connected.allowed = False
    page.get_by_test_id("send-button").click()
    order = page.get_by_test_id("send-order")
    expect(order).to_contain_text("Could not be sent to Lever")
    expect(order).to_contain_text("Ask an admin to give the key the permissions")
    assert violations(page, "#send-dialog") == []
    connected.allowed = True
    order.get_by_role("button", name="Try again now").click()
    expect(order).to_contain_text("Sent to Lever")
    assert len(connected.notes) == 1


def test_a_search_that_fails_says_why(enter, connected, problems):
    page = enter()
    page.get_by_test_id("send-open").click()
    connected.allowed = False
    page.get_by_label("Candidate over there").fill("daniel@example.com")
    page.get_by_test_id("send-find").click()
    expect(page.locator("#send-error")).to_contain_text("The key may not do this.")
    page.get_by_test_id("send-look").click()
    expect(page.locator("#send-error")).to_contain_text("Choose whom it is about")
    assert [problem for problem in problems if "409 (Conflict)" not in problem] == []
    problems.clear()  # the browser tells of every answer that refuses
