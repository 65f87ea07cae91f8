"""Preparing interviews in real Chromium: find, create from a résumé, edit, delete."""

import os
import re

import pytest
from playwright.sync_api import Page, expect

from tests import product
from tests.sessions.files import docx, pdf, with_part

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CREATE = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import services
owner = User.objects.get(email="ines@northwind.example")
session = services.create_session(
    owner=owner, organization=active_membership(owner).organization,
    title={title!r}, candidate_name={name!r},
)
print(session.pk)
"""


def row(page: Page, title: str):
    return page.get_by_test_id("session-row").filter(has_text=title)


def resume(page: Page, data: bytes, name: str = "cv.pdf") -> None:
    page.get_by_test_id("resume-file").set_input_files(
        {"name": name, "mimeType": "application/pdf", "buffer": data}
    )


def test_a_search_stays_out_of_addresses_and_comes_back(served, browser, sign_in, problems):
    product.run(CREATE.format(title="Found by name", name="Zoë Quandt"), env=served[1])
    page = sign_in(browser, "ines@northwind.example")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_test_id("search").fill("zoe quandt")
    page.get_by_test_id("search").press("Enter")
    expect(page.get_by_test_id("session-row")).to_have_count(1)
    expect(row(page, "Found by name")).to_contain_text("Zoë Quandt")
    expect(page.get_by_test_id("found-count")).to_contain_text("1 interview found")
    expect(page.get_by_test_id("search")).to_be_focused()

    states = page.get_by_test_id("states")
    states.get_by_role("button", name="Ready").click()
    expect(states.get_by_role("button", name="Ready")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"\?state=draft$"))
    row(page, "Found by name").click()
    expect(page.get_by_role("heading", name="Found by name")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("search")).to_have_value("zoe quandt")
    expect(page.get_by_test_id("session-row")).to_have_count(1)

    page.get_by_test_id("search").fill("<b>nobody</b>")
    page.get_by_test_id("show").click()
    expect(page.get_by_test_id("empty")).to_contain_text("“<b>nobody</b>”")
    page.get_by_role("link", name="Show all interviews").click()
    expect(page.get_by_test_id("search")).to_have_value("")
    expect(row(page, "Found by name")).to_be_visible()
    assert not [url for url in asked if "quandt" in url.lower() or "nobody" in url]
    assert problems == []


def test_filters_lead_to_addresses_that_can_be_kept(browser, sign_in, problems):
    page = sign_in(browser, "ines@northwind.example", java_script_enabled=False)
    page.get_by_label("Order").select_option(label="Title")
    page.get_by_label("Whose").select_option(label="Yours")
    page.get_by_test_id("show").click()
    expect(page).to_have_url(re.compile(r"\?whose=mine&sort=title$"))
    page.get_by_test_id("states").get_by_role("link", name="Finished").click()
    expect(page).to_have_url(re.compile(r"\?state=ended&whose=mine&sort=title$"))
    expect(page.get_by_test_id("session-row").first).to_contain_text("Finished")
    page.get_by_test_id("search").fill("reyes")
    page.get_by_test_id("show").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No interview matches")
    page.get_by_test_id("states").get_by_role("button", name="All").click()
    expect(page.get_by_test_id("session-row").first).to_contain_text("Daniel Reyes")
    assert problems == []


def test_an_interview_is_prepared_from_a_resume_changed_and_deleted(browser, sign_in, problems):
    page = sign_in(browser, "ines@northwind.example")
    page.get_by_test_id("new-link").click()
    page.get_by_label("Guide").select_option(label="Backend engineer")
    expect(page.locator("[data-guide]:visible")).to_contain_text("System design")
    minutes = page.get_by_label("Planned minutes").input_value()
    assert int(minutes) > 0

    resume(page, b"<html>no</html>")
    expect(page.get_by_test_id("file-error")).to_contain_text("Only PDF, DOCX and plain text")
    resume(page, pdf(["Built queues with Redis"]))
    expect(page.get_by_role("textbox", name="Profile")).to_have_value("Built queues with Redis")
    expect(page.get_by_test_id("file-error")).to_be_hidden()
    expect(page.get_by_test_id("reading")).to_contain_text("Please look through it")
    expect(page.get_by_test_id("profile-count")).to_have_text("23 of 20,000 characters")
    resume(page, docx("Speaks Spanish"), "cv.docx")
    page.get_by_role("button", name="Add below it").click()
    profile = page.get_by_role("textbox", name="Profile")
    expect(profile).to_have_value("Built queues with Redis\n\nSpeaks Spanish")
    expect(profile).to_be_focused()

    page.get_by_text("Colleagues").click()
    page.get_by_label("Sam Okafor").select_option(label="View and comment")
    expect(page.get_by_test_id("shared-count")).to_have_text("1")
    page.get_by_test_id("save-button").click()  # without a title
    expect(page.get_by_test_id("problems")).to_be_visible()
    title = page.get_by_label("Title")
    expect(title).to_be_focused()
    expect(title).to_have_accessible_description("Give the interview a title.")
    expect(page.get_by_role("textbox", name="Profile")).to_have_value(re.compile("Speaks Spanish"))
    expect(page.get_by_label("Sam Okafor")).to_have_value("comment")
    expect(page.locator("[data-guide]:visible")).to_contain_text("System design")
    title.fill("Prepared <i>well</i>")
    page.get_by_test_id("save-button").click()

    expect(page.get_by_role("heading", name="Prepared <i>well</i>")).to_be_visible()
    page.get_by_test_id("edit-open").click()
    expect(page.get_by_label("Planned minutes")).to_have_value(minutes)
    page.get_by_label("Title").fill("Prepared better")
    page.get_by_test_id("save-button").click()
    expect(page.get_by_role("heading", name="Prepared better")).to_be_visible()
    sam = sign_in(browser, "sam@northwind.example")
    expect(row(sam, "Prepared better")).to_have_count(1)

    page.get_by_test_id("edit-open").click()
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_test_id("delete-dialog")
    dialog.get_by_role("link", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    dialog.get_by_test_id("delete-confirm").click()
    expect(page.get_by_text("The interview was deleted.")).to_be_visible()
    expect(row(page, "Prepared better")).to_have_count(0)
    assert [p for p in problems if not re.search(r"40[09]|422", p)] == []


def test_a_file_can_be_read_without_scripts(browser, sign_in, problems):
    page = sign_in(browser, "ines@northwind.example", java_script_enabled=False)
    page.goto("/sessions/new/")
    page.get_by_label("Title").fill("Without scripts")
    # larger than any other form may be
    photo = os.urandom(3_000_000)
    resume(page, with_part(docx("Speaks Spanish"), "word/media/photo.jpg", photo), "cv.docx")
    page.get_by_role("button", name="Read the file into the profile").click()
    expect(page.get_by_label("Title")).to_have_value("Without scripts")
    expect(page.get_by_role("textbox", name="Profile")).to_have_value("Speaks Spanish")
    assert problems == []


def test_the_pages_fit_a_phone_and_a_large_type(browser, sign_in, problems):
    page = sign_in(browser, "ines@northwind.example", viewport={"width": 390, "height": 844})
    for path in ("/sessions/", "/sessions/new/"):
        page.goto(path)
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} px wide at {width}"
    small = page.evaluate(
        """[...document.querySelectorAll("main :is(button, a.button, input, select)")]
           .filter((e) => e.offsetParent && !e.matches(".visually-hidden, [type=radio]"))
           .filter((e) => e.getBoundingClientRect().height < 39.9).map((e) => e.outerHTML)"""
    )
    assert small == []
    assert problems == []
