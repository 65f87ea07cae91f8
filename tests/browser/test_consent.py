"""Consent, what candidates ask for, how long it is kept: as interviewer and candidate see it."""

import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import product
from tests.browser import axe
from tests.browser.test_channels import (  # noqa: F401  fixtures of the same served product
    served,
    url,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CREATE = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import access, services
ines = User.objects.get(email="ines@northwind.example")
session = services.create_session(
    owner=ines, organization=active_membership(ines).organization, title="Consent", job="Engineer"
)
access.share(session=session, colleague=User.objects.get(email="sam@northwind.example"))
print(session.pk)
"""
HELD = """
from sessions import access, candidates
from sessions.services import end_session
from tests.browser import analysed
session = access.session_by_id(analysed.create(lines=2))
link, _path = candidates.make_link(session=session, by=session.owner)
end_session(session=session)
candidates.ask(link=link, kind="copy", page_url="https://copilot.example")
print(session.pk)
"""
ERASED = re.compile("404|410")  # what pages that were open are answered, and complain of
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def look(page: Page) -> None:
    """See to it that nothing of a page is in anybody's way, light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(axe.PAINTED)
        assert axe.violations(page) == []
    assert axe.outside(page) == []


@pytest.fixture
def phone(browser, url, problems) -> Page:  # noqa: F811
    """The candidate's phone, signed in to nothing."""
    page = browser.new_context(base_url=url, reduced_motion="reduce", **PHONE).new_page()
    problems.watch(page)
    return page


@pytest.fixture
def device(browser, url) -> Page:  # noqa: F811
    context = browser.new_context(base_url=url, permissions=["microphone"], **PHONE)
    return context.new_page()


def state(page: Page, is_now: str) -> None:
    expect(page.get_by_test_id("consent-state")).to_have_attribute("data-state", is_now)


def agree_by_link(ines: Page, phone: Page) -> None:
    ines.get_by_test_id("by-link").check(force=True)
    ines.get_by_test_id("link-make").click()
    link = ines.get_by_test_id("link-url")
    expect(link).to_have_value(re.compile("/candidate/"))
    expect(ines.get_by_alt_text("to be scanned")).to_have_attribute(
        "src", re.compile("^data:image/svg")
    )
    expect(ines.get_by_test_id("start-button")).to_be_disabled()
    look(ines)
    phone.goto(link.input_value())
    expect(phone.get_by_test_id("notice")).to_be_visible()
    look(phone)
    expect(ines.get_by_test_id("link-state")).to_contain_text("Opened")
    phone.get_by_test_id("candidate-yes").click()
    expect(phone.get_by_test_id("candidate-said")).to_contain_text("You agreed")
    state(ines, "given")
    expect(ines.get_by_test_id("candidate-link")).to_be_hidden()


def join(ines: Page, device: Page) -> None:
    """Let a second device record the candidate."""
    ines.get_by_test_id("sound-open").click()
    ines.get_by_test_id("device-add").click()
    letters = ines.get_by_test_id("device-letters")
    expect(letters).to_have_text(re.compile("^[2-9A-Z]{6}$"))
    device.goto(f"/join/#{letters.inner_text()}")
    device.get_by_role("button", name="Join").click()
    device.get_by_role("button", name="Start recording").click()
    expect(device.get_by_role("status")).to_contain_text("Recording")
    ines.get_by_role("button", name="Close").click()


def test_the_candidate_agrees_asks_for_a_pause_withdraws_and_it_is_erased(
    served,  # noqa: F811
    browser,
    sign_in,
    phone,
    device,
    problems,
):
    path = f"/sessions/{product.run(CREATE, env=served[1])}/"
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(path)
    state(ines, "missing")
    agree_by_link(ines, phone)
    ines.get_by_label("My microphone only").check(force=True)
    ines.get_by_test_id("start-button").click()
    expect(ines.get_by_test_id("segment").first).to_be_visible()
    join(ines, device)
    sam = sign_in(browser, "sam@northwind.example")
    sam.goto(path)
    expect(sam.get_by_test_id("connection")).to_contain_text("Connected")

    phone.reload()
    phone.get_by_role("button", name="Ask for a pause").click()
    banner = ines.get_by_test_id("banner")
    expect(banner).to_contain_text("asks for a pause")
    look(ines)
    banner.get_by_role("button", name="Go off the record").click()
    expect(ines.get_by_test_id("record-state")).to_contain_text("Off the record")
    expect(banner).not_to_contain_text("asks for a pause")
    expect(ines.get_by_test_id("segment").first).to_be_visible()  # a pause erases nothing
    phone.reload()
    expect(phone.get_by_test_id("candidate-state")).to_contain_text("Off the record")
    expect(phone.get_by_test_id("candidate-ask-pause")).to_contain_text("Granted")
    ines.get_by_test_id("off-record").click()
    expect(ines.get_by_test_id("record-state")).to_contain_text("Recording")

    phone.get_by_text("Withdraw my consent").click()
    phone.get_by_test_id("candidate-withdraw").click()
    for page in (ines, sam):
        state(page, "withdrawn")
        expect(page.get_by_test_id("record-state")).to_contain_text("Ended")
        expect(page.get_by_test_id("banner")).to_contain_text("withdrew their consent")
    expect(ines.get_by_test_id("meter")).to_have_count(0)
    expect(device.get_by_role("status")).to_contain_text("Stopped")
    expect(sam.get_by_role("button", name="Erase now")).to_have_count(0)

    banner.get_by_role("button", name="Erase now").click()
    confirm = ines.get_by_test_id("erase-confirm")
    expect(ines.get_by_test_id("erase-word")).to_be_focused()
    expect(confirm).to_be_disabled()
    look(ines)
    ines.keyboard.type("erase")
    confirm.click()
    for page in (ines, sam):
        expect(page.get_by_test_id("erased")).to_contain_text("was erased")
        expect(page.get_by_test_id("receipt-link")).to_have_count(0)  # for who has Act.PRIVACY
    look(ines)
    phone.reload()
    receipt = json.loads(phone.request.get("/candidate/receipt/").text())
    assert receipt["interview"] == path.split("/")[2]
    assert receipt["removed"]["segments"] > 0
    look(phone)
    assert [one for one in problems if not ERASED.search(one)] == []


def test_a_no_that_is_noted_leaves_no_way_to_record(served, browser, sign_in, problems):  # noqa: F811
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(f"/sessions/{product.run(CREATE, env=served[1])}/")
    ines.get_by_test_id("refused-button").click()
    state(ines, "refused")
    expect(ines.get_by_test_id("consent-refused")).to_be_focused()
    expect(ines.get_by_test_id("start-button")).to_be_hidden()
    look(ines)
    ines.get_by_role("button", name="They changed their mind").click()
    ines.get_by_test_id("consent-button").click()
    state(ines, "given")
    expect(ines.get_by_test_id("start-button")).to_be_enabled()
    ines.get_by_test_id("consent-state").click()
    expect(ines.get_by_test_id("consent-now")).to_contain_text("agreed")
    ines.get_by_test_id("withdraw-open").click()
    expect(ines.get_by_test_id("withdraw-form")).to_be_focused()
    look(ines)
    ines.get_by_test_id("withdraw-confirm").click()
    state(ines, "withdrawn")
    expect(ines.get_by_test_id("start-button")).to_be_hidden()
    assert problems == []


def test_how_long_it_is_kept_is_changed_on_the_review(served, browser, sign_in, problems):  # noqa: F811
    path = f"/sessions/{product.run(HELD, env=served[1]).split()[-1]}/review/"
    ines, ada = (sign_in(browser, f"{name}@northwind.example") for name in ("ines", "ada"))
    for page in (ines, ada):
        page.goto(path)
        expect(page.get_by_test_id("retention")).to_contain_text("in ")
        expect(page.get_by_test_id("banner")).to_contain_text("asks for a copy")

    ines.get_by_role("button", name="Answer…").click()
    expect(ines.get_by_test_id("request-dialog")).to_be_visible()
    ines.get_by_label("Refuse").check(force=True)
    ines.get_by_label("Why, for the candidate").fill("It is being checked first.")
    look(ines)
    ines.get_by_test_id("request-answer").click()
    for page in (ines, ada):
        expect(page.get_by_test_id("banner")).to_be_hidden()

    before = ines.get_by_test_id("retention").inner_text()
    ines.get_by_test_id("retention-open").click()
    expect(ines.get_by_test_id("hold")).to_have_count(0)
    field = ines.get_by_label("Delete it on")
    earlier = datetime.fromisoformat(field.get_attribute("max")) - timedelta(days=9)
    field.fill(earlier.isoformat(timespec="minutes"))
    look(ines)
    ines.get_by_test_id("retention-save").click()
    expect(ines.get_by_text("Changed.")).to_be_visible()
    for page in (ines, ada):
        expect(page.get_by_test_id("retention")).not_to_have_text(before)

    ada.get_by_test_id("retention-open").click()
    ada.get_by_test_id("hold").check()
    expect(ines.get_by_test_id("retention")).to_contain_text("legal hold")
    expect(ines.get_by_test_id("erase-open")).to_be_disabled()
    look(ada)
    ada.get_by_test_id("hold").uncheck()
    expect(ines.get_by_test_id("erase-open")).to_be_enabled()
    ada.get_by_test_id("erase-open").click()
    ada.get_by_test_id("erase-word").fill("Erase")
    ada.keyboard.press("Enter")
    expect(ines.get_by_test_id("erased")).to_be_visible()
    receipt = ada.get_by_test_id("receipt-link").get_attribute("href")
    assert json.loads(ada.request.get(receipt).text())["reason"] == "person"
    assert [one for one in problems if not ERASED.search(one)] == []
