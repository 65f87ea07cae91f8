"""Lines put right where they stand, in real Chromium, and what others see of it."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SOON = 5_000  # ms in which others see it
CREATE = """
from sessions import access
from tests.browser import analysed
session = access.session_by_id(analysed.create(lines=4))
analysed.card(session, 1, "Kubernetes is younger than that.", kind="fact_check",
              quote="I ran Kubernetes for fifteen years, on my own.", feedback="pinned")
print(session.pk)
"""
SAID = "I ran Kubernetes for fifteen years, on my own."
MEANT = "I ran Kubernetes for five years, on my own."


@pytest.fixture
def path(served) -> str:
    return f"/sessions/{product.run(CREATE, env=served[1])}/"


def line(page: Page, number: int = 1) -> Locator:
    return page.get_by_test_id("segment").nth(number)


def menu(page: Page, act: str) -> None:
    line(page).locator(".line-text").click(position={"x": 4, "y": 4})
    page.get_by_test_id("line-menu").get_by_role("button", name=act).click()


def test_a_line_is_corrected_by_the_keyboard_and_restored(open_as, problems):
    ines, sam = open_as("ines"), open_as("sam")
    line(ines).focus()
    ines.keyboard.press("Enter")
    ines.get_by_test_id("line-menu").get_by_role("button", name="Correct…").press("Enter")
    area = ines.get_by_label("Correct what the")
    expect(area).to_be_focused()
    expect(area).to_have_value(SAID)
    area.fill(MEANT)
    area.press("Control+Enter")
    for page in (ines, sam):
        expect(line(page)).to_contain_text(MEANT, timeout=SOON)
        expect(line(page)).to_contain_text("edited")
    expect(line(ines)).to_be_focused()
    ines.keyboard.press("3")
    expect(ines.get_by_test_id("card").filter(has_text="Kubernetes is younger")).to_contain_text(
        "The line was corrected"
    )
    ines.keyboard.press("t")
    menu(ines, "Show what was recognized")
    expect(line(ines).get_by_role("note")).to_contain_text(SAID)
    menu(ines, "Restore what was recognized")
    for page in (ines, sam):
        expect(line(page)).not_to_contain_text("edited", timeout=SOON)
        expect(line(page).locator(".line-text")).to_have_text(SAID)
    assert problems == []


def test_the_speaker_is_changed(open_as, problems):
    ines = open_as("ines")
    menu(ines, "Said by: Interviewer")
    expect(line(ines)).to_have_attribute("data-role", "interviewer")
    expect(line(ines).locator(".line-speaker")).to_have_text("Interviewer")
    assert problems == []


def test_what_is_refused_is_said_beside_it_and_what_was_typed_stays(open_as):
    ines = open_as("ines")
    menu(ines, "Correct…")
    area = ines.get_by_label("Correct what the")
    area.fill("  ")
    ines.get_by_test_id("line-save").click()
    expect(line(ines).get_by_role("alert")).to_contain_text("cannot be corrected to nothing")
    ines.route("**/segments/**", lambda route: route.abort())
    area.fill(MEANT)
    ines.get_by_test_id("line-save").click()
    expect(line(ines).get_by_role("alert")).to_be_visible()
    expect(area).to_have_value(MEANT)
    area.press("Escape")
    expect(ines.get_by_test_id("line-edit")).to_have_count(0)
    expect(line(ines).locator(".line-text")).to_have_text(SAID)
    expect(line(ines)).to_be_focused()


def test_two_who_correct_the_same_line_do_not_overwrite_each_other(open_as):
    one, other = open_as("ines"), open_as("ines")
    for page in (one, other):
        menu(page, "Correct…")
    one.get_by_label("Correct what the").fill("mine")
    one.get_by_test_id("line-save").click()
    expect(line(other)).to_contain_text("mine", timeout=SOON)
    area = other.get_by_label("Correct what the")
    area.fill("yours")
    other.get_by_test_id("line-save").click()
    expect(line(other).get_by_role("alert")).to_contain_text("meanwhile")
    other.get_by_test_id("line-save").click()
    expect(line(one)).to_contain_text("yours", timeout=SOON)


def test_who_only_reads_cannot_correct(open_as):
    sam = open_as("sam")
    line(sam).locator(".line-text").click(position={"x": 4, "y": 4})
    expect(sam.get_by_test_id("line-menu")).to_be_visible()
    expect(sam.get_by_role("button", name="Correct…")).to_have_count(0)
    expect(sam.get_by_role("button", name="Said by")).to_have_count(0)


def test_nothing_lies_over_what_is_being_corrected(open_as, problems):
    ines = open_as("ines")
    jump = ines.get_by_test_id("jump-live")
    jump.evaluate("button => { button.hidden = false; }")
    expect(jump).to_be_visible()
    menu(ines, "Correct…")
    expect(ines.get_by_test_id("line-edit")).to_be_visible()
    expect(jump).to_be_hidden()
    assert problems == []
