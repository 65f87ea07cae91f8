# ruff: noqa: F811 - fixtures are named as they are imported
"""What is done on the live page is done by keys too: one table, listed, told by its buttons."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_analysis import (  # noqa: F401 - fixtures of the analysed interview
    enter,
    interview,
    signed_in,
    tell,
    url,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_the_list_of_keys_is_what_the_page_answers_to(enter, interview):
    page = enter(interview)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    listed = keys.locator("kbd").all_inner_texts()
    assert len(listed) == len(set(listed))
    assert {"1", "2", "3", "4", "j", "t", "c", "g", "v", "?", "u", "e", "⇧G"} <= set(listed)
    for button in page.locator("[aria-keyshortcuts]").all():
        key = button.get_attribute("aria-keyshortcuts").replace("Shift+", "⇧")
        assert key in listed
        assert button.get_attribute("title")
    page.keyboard.press("Escape")

    sam = enter(interview, "sam")
    sam.keyboard.press("?")
    keys = sam.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    assert not {"e", "d", "s", "f"} & set(keys.locator("kbd").all_inner_texts())
    sam.keyboard.press("Escape")
    sam.keyboard.press("e")
    expect(sam.locator("dialog[open]")).to_have_count(0)


def test_keys_are_silent_while_somebody_types_and_can_be_switched_off(enter, interview):
    page = enter(interview)
    page.locator("#note-text").fill("")
    page.locator("#note-text").press_sequentially("e?l")
    expect(page.locator("#note-text")).to_have_value("e?l")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#transcript").focus()

    page.keyboard.press("?")
    page.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("[aria-keyshortcuts]")).to_have_count(0)
    expect(page.locator("#help-open")).not_to_have_attribute("title", re.compile(r"\("))

    page.reload()
    expect(page.get_by_test_id("segment").first).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#help-open").click()
    page.get_by_label("Use single-key shortcuts").check()
    page.keyboard.press("Escape")
    expect(page.locator("#help-open")).to_be_focused()
    page.keyboard.press("l")
    expect(page.get_by_test_id("settings")).to_be_visible()


def test_a_card_is_reached_judged_and_left_by_keys_alone(enter, interview):
    page = enter(interview)
    page.keyboard.press("2")
    expect(page.get_by_test_id("tab-questions")).to_be_focused()
    page.keyboard.press("c")
    cards = page.locator("#panel-questions > .cards > .card")
    expect(cards.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("n")
    expect(cards).to_have_count(2)
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("p")
    expect(cards.first).to_have_attribute("data-feedback", "pinned")
    expect(cards.first).to_be_focused()
    page.keyboard.press("t")
    expect(page.get_by_test_id("transcript")).to_be_focused()


def test_a_tip_is_shown_by_focus_and_taken_away_by_escape(enter, interview):
    page = enter(interview)
    tipped = page.locator("#consent-state")
    tip = page.locator("#consent-tip")
    expect(tip).to_be_hidden()
    tipped.focus()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.locator("#engine").focus()
    expect(page.locator("#engine-tip")).to_be_visible()
    tipped.focus()
    expect(tip).to_be_visible()
    tipped.hover()
    tip.hover()  # the pointer may go onto it
    expect(tip).to_be_visible()


def test_every_act_of_the_bar_has_a_key(enter, interview):
    page = enter(interview)
    bare = [
        button.get_attribute("id") or button.inner_text()
        for button in page.locator(".topbar-acts :is(a, button):visible").all()
        if not button.get_attribute("aria-keyshortcuts")
    ]
    assert bare == []
