"""What an interviewer reaches for is where it was, on every screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CREATE = """
from tests.browser.guided import create
from sessions.models import Session
pk = create()
Session.objects.filter(pk=pk).update(title="Backend engineer, first interview")
print(pk)
"""
# Recording shows all of these at once, a page that only reads along none of them.
SHOW_ALL = """() => {
  for (const id of ["off-record", "timer", "meters", "word-delay", "people"])
    document.getElementById(id).hidden = false;
  document.getElementById("word-delay-text").textContent = "1.2 s";
  document.getElementById("people").innerHTML = '<span class="face">SO</span>'.repeat(3);
  document.getElementById("meters").innerHTML = ["Interviewer", "Candidate"].map((name) =>
    `<div class="meter"><span class="meter-name">${name}</span><span class="level"></span></div>`,
  ).join("");
}"""
CUT = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
PAST_EDGE = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def live(served) -> str:
    """An interview by a guide that is being held; gives the path of its page."""
    return f"/sessions/{product.run(CREATE, env=served[1]).split()[-1]}/"


@pytest.fixture
def page(browser, sign_in, live, problems) -> Iterator[Page]:
    """The page of who holds the interview."""
    page = sign_in(browser, "ines@northwind.example", viewport={"width": 1280, "height": 720})
    page.goto(live)
    expect(page.get_by_test_id("stop-button")).to_be_visible()
    yield page
    assert problems == []


@pytest.mark.parametrize("width", [1920, 1440, 1024, 390])
def test_the_top_bar_holds_all_of_a_recording(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate(SHOW_ALL)
    assert page.evaluate(PAST_EDGE) <= 0
    stop = page.get_by_test_id("stop-button").bounding_box()
    assert stop["x"] + stop["width"] <= width
    title = page.locator(".topbar-title").bounding_box()
    assert title["y"] < stop["y"] + stop["height"] / 2 < title["y"] + title["height"]
    if width > 390:
        assert page.locator(".topbar-title h1").evaluate_all(CUT) == []
    assert page.locator(".topbar").bounding_box()["height"] <= (100 if width > 1000 else 160)


def test_nothing_scrolls_the_top_bar_away(page):
    page.get_by_role("radio", name="5").last.focus()
    page.evaluate("scrollTo(0, 10_000)")
    expect(page.get_by_test_id("stop-button")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0


def test_a_thumb_reaches_notes_and_people(page, sign_in, browser, live):
    sign_in(browser, "sam@northwind.example").goto(live)
    expect(page.get_by_test_id("people")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Guide and notes").last.click()
    for target in (
        page.get_by_role("button", name="Notes", exact=True),
        page.get_by_test_id("show-bookmarks"),
        page.get_by_test_id("people"),
        page.get_by_test_id("stop-button"),
    ):
        assert target.bounding_box()["height"] >= 40


def test_an_admin_finds_account_and_places_on_a_phone(browser, sign_in, problems):
    page = sign_in(browser, "ada@northwind.example", viewport={"width": 390, "height": 844})
    brand, account = (
        page.locator(".brand").bounding_box(),
        page.locator(".site-user").bounding_box(),
    )
    middles = [box["y"] + box["height"] / 2 for box in (brand, account)]
    assert abs(middles[0] - middles[1]) < 4
    assert account["x"] > 250
    expect(page.get_by_role("link", name="Administration")).to_be_in_viewport(ratio=1)
    assert page.evaluate(PAST_EDGE) <= 0
    assert problems == []
