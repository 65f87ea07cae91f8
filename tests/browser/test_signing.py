"""Signing a summary in real Chromium, its versions, and two who are at it at the same time."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TITLE = "Site reliability engineer, technical interview"  # of the demo; Ines held it


@pytest.fixture
def enter(browser, sign_in, problems):
    """Open the review of Ines's finished interview as one of the demo's people."""

    def act(person: str = "ines", **context: object) -> Page:
        page = sign_in(browser, f"{person}@northwind.example", **context)
        link = page.locator("a.row, .row a").filter(has_text=TITLE).first
        path = link.get_attribute("href").removesuffix("review/")
        page.goto(f"{path}review/")
        expect(page.get_by_test_id("sentence").first).to_be_visible()
        return page

    yield act
    assert problems == []


@pytest.fixture(autouse=True)
def _open_again(enter):
    """Leave the summary as a draft for the next test."""
    yield
    page = enter()
    expect(page.locator("#summary-state")).not_to_be_empty()
    if page.locator("#summary-state").inner_text() == "Signed":
        reopen(page)


def state(page: Page):
    return expect(page.locator("#summary-state"))


def sign(page: Page) -> None:
    page.get_by_test_id("summary-sign").click()
    page.get_by_test_id("sign-button").click()
    state(page).to_have_text("Signed")


def reopen(page: Page) -> None:
    page.get_by_test_id("summary-reopen").click()
    page.get_by_test_id("reopen-button").click()
    state(page).to_have_text(re.compile("Draft|Edited"))


def edit(page: Page, place: int, words: str) -> None:
    row = page.get_by_test_id("sentence").nth(place)
    row.hover()
    row.get_by_role("button", name="Edit this sentence").click()
    page.get_by_test_id("sentence-field").fill(words)


def test_it_is_signed_by_keyboard_and_others_see_it_at_once(enter):
    ines, vera = enter(), enter("vera")
    expect(vera.get_by_test_id("summary-sign")).to_have_count(0)
    ines.get_by_test_id("summary-sign").focus()
    ines.keyboard.press("Enter")
    dialog = ines.get_by_test_id("sign-dialog")
    expect(dialog).to_contain_text("stand by it as it is now")
    assert axe.violations(ines) == []
    ines.keyboard.press("Escape")
    expect(ines.get_by_test_id("summary-sign")).to_be_focused()
    ines.keyboard.press("Enter")
    ines.get_by_test_id("sign-button").focus()
    ines.keyboard.press("Enter")
    expect(ines.get_by_test_id("summary-reopen")).to_be_focused()
    for page in (ines, vera):
        state(page).to_have_text("Signed")
        expect(page.get_by_test_id("summary-signed")).to_contain_text("Signed by Ines Keller")
        expect(page.get_by_role("button", name="Edit this sentence")).to_have_count(0)
    expect(ines.get_by_role("button", name="Add a sentence")).to_have_count(0)
    expect(ines.get_by_test_id("summary-again")).to_be_hidden()
    assert axe.violations(ines) == []
    reopen(ines)
    expect(ines.get_by_test_id("summary-sign")).to_be_focused()
    expect(vera.get_by_test_id("summary-signed")).to_contain_text("what you see here is not signed")


def test_a_version_is_read_and_brought_back(enter):
    page = enter()
    before = page.get_by_test_id("sentence").first.locator(".sentence-text").inner_text()
    sign(page)
    reopen(page)
    edit(page, 0, "Quite another sentence.")
    page.keyboard.press("Enter")
    expect(page.locator("#summary-saved")).to_have_text("Saved")
    page.get_by_test_id("summary-versions").click()
    dialog = page.get_by_test_id("versions-dialog")
    newest = dialog.get_by_test_id("version").first
    expect(newest).to_contain_text("Signed by Ines Keller")
    assert axe.violations(page) == []
    newest.get_by_role("button").click()
    expect(dialog).to_contain_text(before)
    expect(dialog.get_by_role("button", name="All versions")).to_be_focused()
    dialog.get_by_text("Signature", exact=True).click()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Save this version").click()
    saved = json.loads(download.value.path().read_text())
    assert saved["statement"]["digest"] in dialog.inner_text()
    assert axe.violations(page) == []
    dialog.get_by_test_id("version-restore").click()
    dialog.get_by_test_id("version-sure").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_test_id("sentence").first).to_contain_text(before)
    expect(page.get_by_text("Quite another sentence.")).to_have_count(0)


def test_who_edits_what_is_being_signed_is_told(enter, problems):
    one, other = enter(), enter()
    edit(other, 0, "Written too late.")
    sign(one)
    other.keyboard.press("Enter")
    told = other.get_by_role("alert").filter(has_text="This summary is signed")
    expect(told).to_be_visible()
    expect(other.get_by_test_id("sentence-field")).to_have_value("Written too late.")
    other.get_by_test_id("sentence-field").press("Escape")
    expect(other.get_by_role("button", name="Edit this sentence")).to_have_count(0)
    assert all("409" in problem for problem in problems)  # told by the browser itself
    problems.clear()


def test_who_signs_what_is_being_edited_is_told(enter, problems):
    one, other = enter(), enter()
    one.get_by_test_id("summary-sign").click()
    edit(other, -1, "Changed in the nick of time.")
    other.keyboard.press("Enter")
    expect(other.locator("#summary-saved")).to_have_text("Saved")
    one.get_by_test_id("sign-button").click()
    told = one.get_by_test_id("sign-dialog").get_by_role("alert")
    expect(told).to_contain_text("changed meanwhile")
    one.keyboard.press("Escape")
    expect(one.get_by_text("Changed in the nick of time.")).to_be_visible()
    sign(one)
    assert all("409" in problem for problem in problems)
    problems.clear()


def test_it_is_made_again_as_one_chooses(enter):
    page = enter()
    page.keyboard.press("z")
    dialog = page.get_by_test_id("again-dialog")
    expect(dialog.get_by_label("Language")).to_be_visible()
    assert axe.violations(page) == []
    page.get_by_test_id("again-button").click()
    expect(dialog).to_be_hidden()
    state(page).to_be_visible()
    expect(page.get_by_test_id("summary-sign")).to_be_visible()


def test_what_cannot_be_fetched_is_said(enter, problems):
    page = enter()
    sign(page)
    page.route("**/versions/", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_test_id("summary-versions").click()
    told = page.get_by_test_id("versions-dialog").get_by_role("alert")
    expect(told).to_contain_text("could not be fetched")
    problems.clear()
