"""The page after an interview, in real Chromium: its summary, its lines, a file to take away."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TITLE = "Site reliability engineer, technical interview"  # of the demo; Ines held it
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


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


def sentence(page: Page, text: str) -> Locator:
    return page.get_by_test_id("sentence").filter(has_text=text)


def edit(page: Page, text: str, words: str) -> None:
    row = sentence(page, text)
    row.hover()
    row.get_by_role("button", name="Edit this sentence").click()
    page.get_by_test_id("sentence-field").fill(words)
    page.keyboard.press("Enter")


def test_a_sentence_leads_to_its_lines(enter):
    page = enter()
    link = sentence(page, "Brings up Kubernetes").get_by_test_id("sentence-line")
    link.focus()
    expect(link.get_by_role("tooltip")).to_contain_text("forty services on Kubernetes")
    link.click()
    line = page.get_by_test_id("segment").filter(has_text="forty services on Kubernetes")
    expect(line).to_be_focused()
    expect(line).to_have_class(re.compile("lit"))


def test_the_head_says_whose_it_is_and_when_it_goes(enter):
    page = enter()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.get_by_test_id("retention")).to_contain_text(re.compile(r"in \d+ (days|hours)"))
    expect(page.get_by_role("main")).to_contain_text("Ines Keller")
    expect(page.get_by_test_id("talk")).to_contain_text(re.compile(r"\d+ % Candidate"))
    page.get_by_test_id("talk").get_by_text("As a table").click()
    expect(page.get_by_role("row").filter(has_text="Interviewer")).to_contain_text("%")


def test_what_a_person_edits_is_theirs_and_is_seen_by_others_at_once(enter):
    ines, vera = enter(), enter("vera")
    expect(vera.get_by_role("button", name="Edit this sentence")).to_have_count(0)
    expect(vera.get_by_test_id("summary-again")).to_have_count(0)
    expect(vera.get_by_role("main")).to_contain_text("Read-only")

    edit(ines, "Of the time spoken", "Mostly the candidate spoke.")
    for page in (ines, vera):
        row = sentence(page, "Mostly the candidate spoke.")
        expect(row).to_contain_text("Edited by Ines Keller")
        expect(sentence(page, "Of the time spoken")).to_have_count(0)
    expect(ines.locator("#summary-saved")).to_have_text("Saved")

    overview = ines.get_by_role("region", name="Overview")
    overview.hover()
    overview.get_by_role("button", name="Add a sentence").click()
    ines.get_by_test_id("sentence-field").fill("We met at the office.")
    ines.get_by_role("button", name="Done").click()
    expect(sentence(vera, "We met at the office.")).to_contain_text("Added by Ines Keller")

    row = sentence(ines, "We met at the office.")
    row.hover()
    row.get_by_role("button", name="Remove this sentence").click()
    expect(sentence(vera, "We met at the office.")).to_have_count(0)
    ines.get_by_role("button", name="Undo").click()
    expect(sentence(vera, "We met at the office.")).to_have_count(1)

    ines.get_by_test_id("summary-again").click()
    ines.get_by_test_id("again-button").click()
    expect(ines.get_by_test_id("again-dialog")).to_be_hidden()
    expect(ines.locator("#summary-state")).to_have_text("Edited")
    ines.reload()
    expect(sentence(ines, "Mostly the candidate spoke.")).to_have_count(1)
    expect(sentence(ines, "We met at the office.")).to_have_count(1)
    expect(sentence(ines, "Of the time spoken")).to_have_count(0)


def test_what_cannot_be_saved_stays_in_its_field_with_a_sentence(enter, problems):
    page = enter()
    refused = {"code": "summary_changed", "detail": "It was changed meanwhile."}
    answers = [
        lambda route: route.fulfill(
            status=409, content_type="application/json", body=json.dumps(refused)
        )
    ]

    def answer(route):
        if route.request.method == "PATCH" and answers:
            return answers.pop()(route)
        return route.continue_()

    page.route("**/summary/", answer)
    edit(page, "The interview lasted", "It was short.")
    field = page.get_by_test_id("sentence-field")
    expect(field).to_have_value("It was short.")
    expect(page.get_by_role("alert").filter(has_text="changed meanwhile")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(field).to_have_count(0)
    expect(sentence(page, "It was short.")).to_contain_text("Edited by Ines Keller")
    (told,) = problems  # by the browser itself, of the refusal that was wanted
    assert "409" in told
    problems.clear()


def test_escape_puts_the_sentence_back(enter):
    page = enter()
    row = sentence(page, "Brings up Kubernetes")
    row.hover()
    opener = row.get_by_role("button", name="Edit this sentence")
    opener.click()
    page.get_by_test_id("sentence-field").fill("Something else.")
    page.keyboard.press("Escape")
    expect(sentence(page, "Brings up Kubernetes")).to_have_count(1)
    expect(row.get_by_role("button", name="Edit this sentence")).to_be_focused()


def test_a_file_is_made_of_what_was_chosen(enter):
    page = enter()
    page.keyboard.press("x")
    dialog = page.get_by_test_id("export-dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Format").select_option("markdown")
    for part in ("Summary", "Transcript"):
        dialog.get_by_label(part, exact=True).uncheck()
    expect(page.get_by_test_id("export-button")).to_be_disabled()
    expect(dialog).to_contain_text("Choose what the file is to hold.")
    dialog.get_by_label("Transcript", exact=True).check()
    with page.expect_download() as download:
        page.get_by_test_id("export-button").click()
    assert re.fullmatch(r"interview-[\d-]+-[0-9a-f]{8}\.md", download.value.suggested_filename)
    text = Path(download.value.path()).read_text()
    assert "forty services on Kubernetes" in text
    assert "Of the time spoken" not in text
    expect(dialog).to_contain_text("handed to your browser")


def test_who_may_only_read_takes_nothing_away_and_sends_nothing(enter):
    page = enter("vera")
    for name in ("Export", "Send", "Share"):
        expect(page.locator(".review-acts").get_by_text(name, exact=True)).to_have_count(0)


def test_sending_says_why_it_is_not_possible(enter):
    page = enter()
    page.get_by_test_id("send-open").click()
    dialog = page.get_by_test_id("send-dialog")
    expect(dialog).to_contain_text("no applicant tracking system connected")
    expect(page.get_by_test_id("send-button")).to_be_hidden()


def test_on_a_phone_the_transcript_is_a_tab(enter):
    page = enter(**PHONE)
    expect(page.get_by_test_id("transcript")).to_be_hidden()
    sentence(page, "Brings up Kubernetes").get_by_test_id("sentence-line").tap()
    expect(page.get_by_test_id("transcript")).to_be_visible()
    expect(page.get_by_role("button", name="Transcript")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("summary")).to_be_hidden()
    page.get_by_role("button", name="Review").tap()
    expect(page.get_by_test_id("summary")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_the_ended_live_page_leads_here_and_a_draft_has_no_review(enter):
    page = enter()
    page.goto(page.url.removesuffix("review/"))
    page.get_by_test_id("banner").get_by_role("link", name="Review it").click()
    expect(page).to_have_url(re.compile(r"/review/$"))
    page.goto("/sessions/")
    draft = page.locator("a.row, .row a").filter(has_text="Backend engineer").first
    page.goto(f"{draft.get_attribute('href')}review/")
    expect(page).not_to_have_url(re.compile(r"/review/$"))


def test_a_note_and_a_bookmark_are_added_while_reviewing(enter):
    ines, vera = enter(), enter("vera")
    ines.keyboard.press("i")
    expect(ines.get_by_label("Write a note")).to_be_focused()
    ines.keyboard.type("Call the reference.")
    ines.keyboard.press("Enter")
    expect(vera.get_by_test_id("notes")).to_contain_text("Call the reference.")
    expect(vera.get_by_label("Write a note")).to_have_count(0)

    ines.get_by_test_id("segment").filter(has_text="forty services").click()
    ines.get_by_test_id("line-menu").get_by_role("button", name="Bookmark").click()
    vera.get_by_test_id("show-bookmarks").click()
    expect(vera.get_by_test_id("bookmarks")).to_contain_text("forty services")
