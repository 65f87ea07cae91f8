"""The guide editor in real Chromium: by keyboard, by pointer, with a colleague in the way."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DEMO_PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

FILE = {
    "format": "interview-copilot.guide",
    "version": 1,
    "title": "Imported",
    "competencies": [
        {"name": "Design", "questions": [{"text": "How would you cut it?", "minutes": 9}]}
    ],
}


@pytest.fixture
def ines(browser, sign_in) -> Page:
    return sign_in(browser, "ines@northwind.example")


def save(page: Page) -> None:
    page.get_by_test_id("guide-save").click()
    expect(page.get_by_test_id("guide-state")).to_have_text("Saved")


def make(page: Page, title: str, questions: list[str]) -> str:
    """Make a guide by the API of the page; return its address."""
    asked = [{"text": text, "minutes": 5} for text in questions]
    plan = {"title": title, "competencies": [{"name": "Design", "questions": asked}]}
    return page.evaluate(
        """async (plan) => {
          const { act } = await import("/static/js/api.js");
          return `/guides/${(await act("/api/v1/guides/", plan)).id}/`;
        }""",
        plan,
    )


def questions(page: Page) -> list[str]:
    return page.locator("[data-field=text]").evaluate_all("boxes => boxes.map((b) => b.value)")


def test_a_guide_is_built_from_nothing_by_keyboard(ines, problems):
    ines.goto("/guides/")
    ines.get_by_test_id("guide-new").press("Enter")
    keys = ines.keyboard
    expect(ines.get_by_label("Title")).to_be_focused()
    keys.type("Keyboard guide")
    keys.press("Enter")
    expect(ines.get_by_label("Name of the competency")).to_be_focused()
    keys.type("Ownership")
    keys.press("Enter")
    keys.type("What was yours?")
    keys.press("Enter")
    keys.type("What came of it?")
    keys.press("Tab")
    keys.type("12")
    expect(ines.get_by_test_id("guide-total")).to_have_text("2 questions · 17 min in all")
    keys.press("Alt+ArrowUp")
    expect(ines.get_by_label("Planned minutes").first).to_be_focused()  # it moved with its question
    assert questions(ines) == ["What came of it?", "What was yours?"]
    expect(ines.locator("#announcer")).to_have_text("Moved to place 1 of 2 in Ownership")
    keys.press("Alt+ArrowUp")
    expect(ines.locator("#announcer")).to_have_text("It cannot go further")
    expect(ines.get_by_test_id("guide-state")).to_have_text("Not saved yet")
    keys.press("Control+s")
    expect(ines.get_by_test_id("guide-state")).to_have_text("Saved")
    expect(ines).to_have_url(re.compile(r"/guides/[0-9a-f-]{36}/$"))
    ines.reload()
    expect(ines.get_by_label("Title")).to_have_value("Keyboard guide")
    assert questions(ines) == ["What came of it?", "What was yours?"]
    expect(ines.get_by_label("Planned minutes").first).to_have_value("12")
    assert problems == []


def test_questions_go_to_another_competency_and_come_back(ines, problems):
    ines.goto(make(ines, "Two parts", ["One?", "Two?"]))
    ines.get_by_test_id("add-competency").click()
    ines.keyboard.type("Second")
    second = ines.get_by_role("group", name="Competency 2: Second")
    empty = second.get_by_role("group", name="Question 1")
    empty.get_by_role("button", name="Remove the question").click()
    expect(second.get_by_role("button", name="Add a question")).to_be_focused()
    two = ines.get_by_role("group", name="Question 2").get_by_label("Question", exact=True)
    two.press("Alt+ArrowDown")
    expect(second.get_by_label("Question", exact=True)).to_have_value("Two?")
    expect(second.get_by_label("Question", exact=True)).to_be_focused()
    ines.keyboard.press("Alt+ArrowUp")
    assert questions(ines) == ["One?", "Two?"]
    expect(second.get_by_label("Question", exact=True)).to_have_count(0)
    save(ines)
    assert problems == []


def test_what_is_dragged_lands_where_it_is_let_go(ines, problems):
    ines.goto(make(ines, "Dragged", ["One?", "Two?", "Three?"]))
    grips = ines.get_by_role("button", name="Move this question")
    start, end = grips.first.bounding_box(), grips.last.bounding_box()
    mouse = ines.mouse
    mouse.move(start["x"] + 10, start["y"] + 10)
    mouse.down()
    mouse.move(end["x"] + 10, end["y"] + end["height"] - 2, steps=8)
    assert questions(ines) == ["Two?", "Three?", "One?"]
    ines.keyboard.press("Escape")
    assert questions(ines) == ["One?", "Two?", "Three?"]
    mouse.up()
    mouse.move(start["x"] + 10, start["y"] + 10)
    mouse.down()
    mouse.move(end["x"] + 10, end["y"] + end["height"] - 2, steps=8)
    mouse.up()
    save(ines)
    ines.reload()
    expect(ines.get_by_label("Title")).to_have_value("Dragged")
    assert questions(ines) == ["Two?", "Three?", "One?"]
    assert problems == []


def test_a_removal_is_undone_and_unsaved_changes_are_guarded(ines, problems):
    ines.goto(make(ines, "Undone", ["One?", "Two?"]))
    ines.get_by_role("button", name="Remove the competency").click()
    expect(ines.get_by_test_id("guide-total")).to_have_text("0 questions · 0 min in all")
    asked = []
    ines.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    ines.get_by_role("link", name="Interviews").click(no_wait_after=True)
    expect(ines.get_by_test_id("guide-state")).to_have_text("Changes not saved")
    assert asked == ["beforeunload"]
    ines.get_by_test_id("guide-undo").click()
    expect(ines.get_by_label("Name of the competency")).to_be_focused()
    assert questions(ines) == ["One?", "Two?"]
    expect(ines.get_by_test_id("guide-state")).to_have_text("Saved")
    ines.get_by_role("link", name="Interviews").click()  # nothing to guard any more
    expect(ines).to_have_url(re.compile("/sessions/"))
    assert problems == []


def test_mistakes_are_said_beside_their_place_and_nothing_is_lost(ines, problems):
    ines.goto(make(ines, "Mistakes", ["One?"]))
    ines.get_by_role("button", name="Add a question").click()
    ines.get_by_label("What to look for").fill("x" * 401)
    ines.get_by_test_id("guide-save").click()
    state = ines.get_by_test_id("guide-state")
    expect(state).to_have_text("Not saved: 2 places have to be mended")
    about = ines.get_by_label("What to look for")
    expect(about).to_be_focused()
    expect(ines.get_by_text("At most 400 characters; this has 401.")).to_be_visible()
    wrong = ines.get_by_role("group", name="Question 2")
    expect(wrong.get_by_text("Write the question, or remove it.")).to_be_visible()
    about.fill("short")
    expect(ines.get_by_text("At most 400 characters")).to_have_count(0)
    wrong.get_by_label("Question", exact=True).fill("Two?")
    save(ines)
    refused = [text for text in problems if "400" in text]  # the browser notes the answer
    assert problems == refused
    assert len(refused) == 1


def test_unlawful_questions_are_marked_with_the_reason(ines, problems):
    ines.goto(make(ines, "Lawful", ["How old are you?", "How would you shard it?"]))
    first = ines.get_by_role("group", name="Question 1").get_by_label("Question", exact=True)
    expect(first).to_have_accessible_description(re.compile("This asks about age"))
    expect(ines.get_by_text("The law protects candidates")).to_have_count(1)
    first.fill("What have you learnt last year?")
    expect(ines.get_by_text("The law protects candidates").locator("visible=true")).to_have_count(0)
    assert problems == []


def test_two_people_at_once_lose_nothing(browser, sign_in, ines, problems):
    place = make(ines, "Both", ["One?"])
    ines.goto(place)
    expect(ines.get_by_test_id("guide-state")).to_have_text("Saved")
    ada = sign_in(browser, "ada@northwind.example")
    ada.goto(place)
    ada.get_by_label("Title").fill("Both, by Ada")
    save(ada)
    ines.get_by_label("Question", exact=True).fill("One, by Ines?")
    ines.get_by_test_id("guide-save").click()
    expect(ines.get_by_test_id("conflict")).to_contain_text("Yours is still here")
    expect(ines.get_by_test_id("conflict")).to_be_focused()
    ines.get_by_role("button", name="Keep mine as a copy").click()
    expect(ines.get_by_test_id("guide-state")).to_have_text("Saved")
    assert not ines.url.endswith(place)
    ines.goto(place)
    expect(ines.get_by_label("Title")).to_have_value("Both, by Ada")
    ada.get_by_label("Title").fill("Ada again")
    save(ada)
    ines.get_by_label("Title").fill("Mine")
    ines.get_by_test_id("guide-save").click()
    ines.get_by_role("button", name="Replace it with mine").click()
    expect(ines.get_by_test_id("guide-state")).to_have_text("Saved")
    ada.reload()
    expect(ada.get_by_label("Title")).to_have_value("Mine")
    assert [text for text in problems if "409" not in text] == []


def test_a_file_opens_in_the_editor_and_goes_out_again(ines, problems):
    ines.goto("/guides/")
    ines.get_by_text("Import", exact=True).click()
    content = json.dumps(FILE).encode()
    ines.get_by_test_id("guide-file").set_input_files(
        {"name": "guide.json", "mimeType": "application/json", "buffer": content}
    )
    ines.get_by_role("button", name="Open it").click()
    expect(ines.get_by_text("Nothing is stored until you save it.")).to_be_visible()
    expect(ines.get_by_label("Planned minutes")).to_have_value("9")
    expect(ines.get_by_test_id("guide-state")).to_have_text("Not saved yet")
    save(ines)
    with ines.expect_download() as download:
        ines.get_by_role("link", name="Export JSON").click()
    written = json.loads(download.value.path().read_text())
    assert written["title"] == "Imported"
    assert written["competencies"][0]["questions"] == FILE["competencies"][0]["questions"]
    ines.get_by_test_id("guide-delete").click()
    ines.get_by_test_id("delete-confirm").click()
    expect(ines.get_by_text("The guide was deleted.")).to_be_visible()
    expect(ines.get_by_text("Imported")).to_have_count(0)
    assert problems == []


def test_a_colleagues_guide_is_read_and_copied(browser, sign_in, ines, problems):
    place = make(ines, "Of Ines", ["One?"])
    sam = sign_in(browser, "sam@northwind.example", java_script_enabled=True)
    sam.goto(place)
    expect(sam.get_by_test_id("guide-read")).to_contain_text("One?")
    expect(sam.get_by_test_id("guide-editor")).to_have_count(0)
    sam.get_by_test_id("guide-copy").click()
    expect(sam.get_by_label("Title")).to_have_value("Copy of Of Ines")
    assert problems == []


def test_who_was_signed_out_signs_in_elsewhere_and_saves_here(ines, problems):
    ines.goto(make(ines, "Long work", ["One?"]))
    ines.get_by_label("Question", exact=True).fill("Much later?")
    ines.context.clear_cookies()
    ines.get_by_test_id("guide-save").click()
    expect(ines.get_by_test_id("guide-state")).to_contain_text("You are signed out.")
    other = ines.context.new_page()
    other.goto("/")
    other.get_by_label("E-mail").fill("ines@northwind.example")
    other.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    other.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()
    expect(other).to_have_url(re.compile("/sessions/"))
    save(ines)
    assert [text for text in problems if "401" not in text and "403" not in text] == []
