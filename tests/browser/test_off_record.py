"""Off the record in real Chromium: one who holds the interview, one who watches, and a recorder."""

import re

import pytest
from playwright.sync_api import expect

from tests import product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SOON = 5_000  # ms in which others see it
CREATE = """
from datetime import timedelta
from accounts.models import User
from sessions import access
from sessions.models import Session
from tests.browser import analysed
session = access.session_by_id(analysed.create(lines=4))
started = session.started_at - timedelta(seconds=75)
Session.objects.filter(pk=session.pk).update(started_at=started)
print(session.pk)
"""
LATER = """
from datetime import timedelta
from django.utils import timezone
from sessions.models import Session
Session.objects.filter(pk="{pk}").update(started_at=timezone.now() - timedelta(seconds=75))
"""
KEPT = "I ran Kubernetes for fifteen years"
GONE = "How did you measure that it was fine?"  # at 60 s


@pytest.fixture
def path(served) -> str:
    """The page of an interview that runs for 75 s; its lines began at 0, 20, 40 and 60 s."""
    return f"/sessions/{product.run(CREATE, env=served[1])}/"


def test_what_was_said_last_goes_from_every_page_at_once(served, path, open_as, problems):
    ines, sam = open_as("ines"), open_as("sam")
    for page in (ines, sam):
        expect(page.get_by_test_id("transcript")).to_contain_text(GONE)
    button = ines.get_by_test_id("off-record")
    product.run(LATER.format(pk=path.split("/")[2]), env=served[1])  # however long that took
    button.focus()
    ines.keyboard.press("Enter")
    for page in (ines, sam):
        expect(page.get_by_test_id("record-state")).to_contain_text(
            re.compile(r"Off the record since 0:[45]\d"), timeout=SOON
        )
        expect(page.get_by_test_id("banner")).to_contain_text("Off the record since")
        expect(page.get_by_test_id("transcript")).not_to_contain_text(GONE)
        expect(page.get_by_test_id("transcript")).to_contain_text(KEPT)
    expect(button).to_be_focused()
    expect(button).to_have_accessible_name("Back on the record")
    ines.keyboard.press("Enter")
    for page in (ines, sam):
        expect(page.get_by_test_id("record-state")).not_to_contain_text("Off", timeout=SOON)
        expect(page.get_by_test_id("off-record-line")).to_have_text(
            re.compile(r"Off the record, \d")
        )
    expect(button).to_be_focused()
    ines.reload()
    expect(ines.get_by_test_id("off-record-line")).to_have_count(1)
    expect(ines.get_by_test_id("transcript")).not_to_contain_text(GONE)
    assert problems == []


def test_how_much_is_erased_is_chosen_and_remembered(open_as, problems):
    ines = open_as("ines")
    ines.get_by_role("button", name="How much is erased").click()
    ines.get_by_label("nothing").check()
    ines.keyboard.press("Escape")
    expect(ines.get_by_test_id("off-record")).to_have_accessible_name("Off the record")
    ines.reload()
    expect(ines.get_by_test_id("connection")).to_contain_text("Connected")
    ines.keyboard.press("o")
    expect(ines.get_by_test_id("record-state")).to_contain_text("Off the record since 1:")
    expect(ines.get_by_test_id("transcript")).to_contain_text(GONE)
    ines.keyboard.press("o")
    expect(ines.get_by_test_id("record-state")).not_to_contain_text("Off the record")
    assert problems == []


def test_who_only_watches_has_no_such_button(open_as):
    sam = open_as("sam")
    expect(sam.get_by_test_id("record-state")).to_be_visible()
    expect(sam.locator("#off-record-button")).to_have_count(0)
    sam.keyboard.press("o")
    expect(sam.get_by_test_id("record-state")).not_to_contain_text("Off")


def test_without_a_connection_it_says_that_it_is_still_on_the_record(open_as):
    ines = open_as("ines")
    ines.route("**/off-record/", lambda route: route.abort())
    ines.keyboard.press("o")
    expect(ines.get_by_test_id("banner")).to_contain_text("Still on the record")
    ines.unroute("**/off-record/")
    ines.keyboard.press("o")
    expect(ines.get_by_test_id("record-state")).to_contain_text("Off the record since")


def test_on_a_phone_there_is_room_for_it(open_as):
    ines = open_as("ines", viewport={"width": 390, "height": 844})
    button = ines.get_by_test_id("off-record")
    box = button.bounding_box()
    assert box["width"] >= 40
    assert box["height"] >= 40
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    button.click()
    expect(ines.get_by_test_id("record-state")).to_contain_text("Off the record")
    assert ines.evaluate("document.documentElement.scrollWidth") <= 390
