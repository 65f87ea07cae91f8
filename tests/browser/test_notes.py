"""Notes, bookmarks and the menu of a line in real Chromium, by two people and more."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CREATE = """
from datetime import timedelta
from accounts.models import User
from sessions import access
from sessions.models import Session
from tests.browser import analysed
session = access.session_by_id(analysed.create(lines=4))
line = session.segments.order_by("start_ms")[1]
line.words = [["Kubernetes", 0, 1, 0.3, "cuber netties"]]
line.save()
Session.objects.filter(pk=session.pk).update(started_at=session.started_at - timedelta(seconds=33))
for name, level in (("sam", "comment"), ("vera", "view")):
    colleague = User.objects.get(email=f"{name}@northwind.example")
    access.share(session=session, colleague=colleague, level=level)
print(session.pk)
"""


@pytest.fixture
def path(served) -> str:
    """The page of a running interview: 33 s old or more, Sam may comment, Vera may read."""
    return f"/sessions/{product.run(CREATE, env=served[1])}/"


def field(page: Page) -> Locator:
    return page.get_by_label("Write a note")


def saved(page: Page) -> None:
    expect(page.get_by_test_id("note-state")).to_have_text("Saved")


def line(page: Page, number: int) -> Locator:
    return page.get_by_test_id("segment").nth(number)


def menu_of(page: Page, number: int) -> Locator:
    line(page, number).locator(".line-text").click(position={"x": 4, "y": 4})
    return page.get_by_test_id("line-menu")


def test_a_note_is_saved_as_it_is_written_and_others_read_along(open_as, problems):
    ines, sam = open_as("ines"), open_as("sam")
    sent = []
    ines.on("request", lambda request: "/notes/" in request.url and sent.append(request.method))
    ines.keyboard.press("i")
    field(ines).press_sequentially("Ask about queues, and who was on call", delay=60)
    saved(ines)
    assert sent[0] == "POST"
    assert set(sent[1:]) <= {"PATCH"}
    assert len(sent) <= 4, "what is being written is sent once a second at most"
    note = sam.get_by_test_id("note")
    expect(note).to_contain_text("Ask about queues, and who was on call")
    expect(note).to_contain_text("Ines Keller")
    expect(note).not_to_contain_text("edited")
    expect(note.get_by_role("button", name="Edit")).to_have_count(0)
    expect(ines.get_by_test_id("note")).to_have_count(0)

    field(ines).press("Enter")
    expect(field(ines)).to_have_value("")
    own = ines.get_by_test_id("note")
    expect(own).to_contain_text("Ask about queues, and who was on call")
    own.get_by_role("button", name="Edit").click()
    ines.get_by_role("textbox", name="Edit").fill("Ask about\nqueues")
    ines.get_by_role("textbox", name="Edit").press("Enter")
    expect(note.locator(".note-text")).to_have_text("Ask about\nqueues")
    expect(note).to_contain_text("edited")

    own.get_by_role("button", name="Remove").click()
    expect(note).to_have_count(0)
    ines.get_by_role("button", name="Undo").click()
    expect(note.locator(".note-text")).to_have_text("Ask about\nqueues")
    ines.reload()
    expect(own.locator(".note-text")).to_have_text("Ask about\nqueues")
    assert problems == []


def test_what_is_written_without_a_connection_is_kept_and_sent_in_order(open_as):
    ines, sam = open_as("ines"), open_as("sam")
    ines.context.set_offline(True)
    field(ines).fill("The first")
    expect(ines.get_by_test_id("note-state")).to_contain_text("no connection")
    field(ines).press("Enter")
    field(ines).fill("The second")
    expect(ines.get_by_test_id("note")).to_contain_text("Not saved yet")
    ines.context.set_offline(False)
    expect(sam.get_by_test_id("note")).to_have_count(2)
    expect(sam.get_by_test_id("note").first).to_contain_text("The first")
    expect(sam.get_by_test_id("note").last).to_contain_text("The second")
    expect(ines.get_by_test_id("note")).not_to_contain_text("Not saved yet")
    saved(ines)


def test_who_leaves_while_writing_loses_nothing(open_as, path):
    ines = open_as("ines")
    field(ines).press_sequentially("Half a thought")
    ines.goto("/sessions/")
    ines.goto(path)
    expect(ines.get_by_test_id("note")).to_contain_text("Half a thought")


def test_a_note_that_is_refused_says_so_and_keeps_its_words(open_as):
    sam = open_as("sam")
    refusal = {"code": "not_found", "detail": "There is no such thing."}
    sam.route(re.compile(r"/notes/"), lambda route: route.fulfill(status=404, json=refusal))
    field(sam).fill("Too late")
    state = sam.get_by_test_id("note-state")
    expect(state).to_have_text("Not saved: You may not write notes here any more.")
    expect(field(sam)).to_have_value("Too late")


def test_a_key_marks_what_was_said_ten_seconds_ago(open_as, problems):
    ines, sam = open_as("ines"), open_as("sam")
    ines.get_by_test_id("transcript").focus()
    ines.keyboard.press("b")
    words = ines.get_by_test_id("bookmark-form").get_by_role("textbox")
    expect(words).to_be_focused()
    ines.keyboard.type("pushed back")
    ines.keyboard.press("Enter")
    expect(ines.get_by_test_id("transcript")).to_be_focused()
    ines.get_by_test_id("show-bookmarks").click()
    own = ines.get_by_test_id("bookmark")
    minutes, seconds = own.get_by_role("time").inner_text().split(":")
    at = int(minutes) * 60 + int(seconds)
    assert at >= 33 - 10
    said = min(at // 20, 3)  # there is a line every 20 s
    for page in (ines, sam):
        flag = page.get_by_role("img", name="Bookmark by Ines Keller: pushed back")
        expect(flag).to_be_visible()
        expect(page.locator(".line-flag")).to_have_count(1)
        expect(line(page, said).locator(".line-flag")).to_have_count(1)
    sam.get_by_test_id("show-bookmarks").click()
    mark = sam.get_by_test_id("bookmark")
    expect(mark).to_contain_text("pushed back")
    mark.get_by_role("button", name="in the transcript").click()
    expect(line(sam, said)).to_be_focused()

    menu_of(sam, said).get_by_role("button", name="Bookmark", exact=True).click()
    both = re.compile("Ines Keller: pushed back Bookmark by Sam Okafor")
    expect(line(ines, said).get_by_role("img")).to_have_accessible_name(both)
    own.first.get_by_role("button", name="Remove").click()
    expect(line(sam, said).get_by_role("img")).to_have_accessible_name("Bookmark by Sam Okafor")
    assert problems == []


def test_a_bookmark_needs_no_words(open_as):
    sam = open_as("sam")
    sam.get_by_test_id("bookmark-button").click()
    sam.keyboard.press("Escape")
    expect(sam.get_by_test_id("bookmark-form")).to_have_count(0)
    sam.reload()
    expect(sam.locator(".line-flag")).to_have_count(1)
    expect(sam.locator(".line-flag")).to_have_accessible_name("Bookmark by Sam Okafor")


def test_a_line_offers_what_can_be_done_with_it(open_as, problems):
    ines = open_as("ines")
    ines.context.grant_permissions(["clipboard-read", "clipboard-write"])
    menu = menu_of(ines, 1)
    expect(menu).to_have_accessible_name("Candidate, 0:20")
    expect(menu.get_by_test_id("line-heard")).to_contain_text("Heard as “cuber netties”")
    menu.get_by_role("button", name="Copy quote").click()
    expect(menu).to_be_hidden()
    copied = "“I ran Kubernetes for fifteen years, on my own.” (Candidate, 0:20)"
    assert ines.evaluate("navigator.clipboard.readText()") == copied

    menu_of(ines, 1).get_by_role("button", name="Note on this line").click()
    expect(field(ines)).to_be_focused()
    expect(ines.get_by_text("About 0:20, Candidate")).to_be_visible()
    ines.keyboard.type("Check the years")
    ines.keyboard.press("Enter")
    note = ines.get_by_test_id("note")
    expect(note).to_contain_text("0:20")
    note.get_by_role("button", name="Show 0:20 in the transcript").click()
    expect(line(ines, 1)).to_be_focused()

    menu_of(ines, 2).get_by_role("button", name="Bookmark", exact=True).click()
    expect(line(ines, 2).get_by_role("img")).to_have_accessible_name("Bookmark by Ines Keller")
    menu_of(ines, 2).get_by_role("button", name="Remove your bookmark").click()
    expect(ines.locator(".line-flag")).to_have_count(0)
    assert problems == []


def test_lines_are_reached_and_their_menu_is_used_by_keyboard(open_as):
    ines = open_as("ines")
    ines.keyboard.press("t")
    ines.keyboard.press("ArrowUp")
    expect(line(ines, 3)).to_be_focused()
    ines.keyboard.press("ArrowUp")
    ines.keyboard.press("Enter")
    menu = ines.get_by_test_id("line-menu")
    expect(menu.get_by_role("button").first).to_be_focused()
    ines.keyboard.press("ArrowDown")
    expect(menu.get_by_role("button").nth(1)).to_be_focused()
    ines.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(line(ines, 2)).to_be_focused()
    ines.keyboard.press("Home")
    expect(line(ines, 0)).to_be_focused()
    ines.keyboard.press("Escape")
    expect(ines.get_by_test_id("transcript")).to_be_focused()


def test_text_can_be_marked_without_a_menu(open_as):
    ines = open_as("ines")
    line(ines, 1).locator(".line-text").dblclick(position={"x": 60, "y": 10})
    expect(ines.get_by_test_id("line-menu")).to_be_hidden()
    assert ines.evaluate("String(getSelection())").strip()


def test_who_reads_only_finds_nothing_to_write_with(open_as):
    vera = open_as("vera", viewport={"width": 390, "height": 844}, has_touch=True)
    expect(vera.get_by_text("Read-only: Ines Keller holds this interview")).to_be_visible()
    vera.keyboard.press("b")
    expect(vera.get_by_test_id("bookmark-form")).to_have_count(0)
    line(vera, 1).locator(".line-text").tap()
    menu = vera.get_by_test_id("line-menu")
    expect(menu.get_by_role("button")).to_have_text(["Copy quote"])
    expect(menu.get_by_test_id("line-heard")).to_be_visible()
    vera.keyboard.press("Escape")
    vera.get_by_role("button", name="Guide and notes").last.tap()
    expect(vera.get_by_text("You read along.")).to_be_visible()
    expect(vera.get_by_test_id("note-form")).to_have_count(0)
