"""The guide in real Chromium: ticked while one asks, lit by the answers, rated by people."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from playwright.sync_api import Locator, Page, expect

from tests import product
from tests.browser.guided import ANCHORS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TALK = "from tests.browser.guided import talk; talk()"
AWS, INCIDENT, CHOICE = 0, 1, 2  # places of the questions in the guide


@pytest.fixture(scope="module")
def talked(redis_url, tmp_path_factory):
    """The product on Redis, and another process in which people talk."""
    redis.Redis.from_url(redis_url).flushdb()
    env = product.environment(tmp_path_factory.mktemp("guided"), REDIS_URL=redis_url)
    with product.serving(env) as (url, process):
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", TALK]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=product.ROOT, env=env, **pipes) as talker:
            yield url, env, process, talker
    redis.Redis.from_url(redis_url).flushdb()


@pytest.fixture
def url(talked):
    return talked[0]


@pytest.fixture
def tell(talked):
    """Let a function of `tests.browser.guided` act on an interview; gives its answer."""

    def act(name: str, interview: str | None, *args: object) -> Any:
        talker = talked[3]
        print(json.dumps([name, interview, args]), file=talker.stdin, flush=True)
        return json.loads(talker.stdout.readline())

    return act


@pytest.fixture
def enter(browser, sign_in, problems) -> Iterator:
    """Open an interview as somebody of the demo."""

    def act(interview: str, person: str = "ines", **context: object) -> Page:
        page = sign_in(browser, f"{person}@northwind.example", **context)
        page.goto(f"/sessions/{interview}/")
        expect(page.get_by_test_id("guide")).to_be_attached()
        return page

    yield act
    assert problems == []


def planned(page: Page, place: int) -> Locator:
    return page.get_by_test_id("planned").nth(place)


def tick(page: Page, place: int) -> Locator:
    return planned(page, place).locator(".tick")


def rating(page: Page) -> Locator:
    return page.locator("fieldset.rating").first


def test_what_is_asked_is_ticked_for_everybody_and_the_answer_lights_its_parts(tell, enter):
    interview = tell("create", None)
    ines, sam = enter(interview), enter(interview, "sam")
    tell("hear", interview, "interviewer", "So, tell me about your experience with AWS.")
    for page in (ines, sam):
        expect(planned(page, AWS)).to_have_attribute("aria-current", "true")
        expect(planned(page, AWS)).to_have_class(re.compile("asked"))
        expect(page.locator(".guide-progress")).to_contain_text("1 of 5 asked")
    tell("hear", interview, "interviewer", "Describe a production incident you had to handle.")
    for page in (ines, sam):
        expect(planned(page, INCIDENT)).to_have_attribute("aria-current", "true")
        expect(planned(page, AWS)).not_to_have_attribute("aria-current", "true")
        expect(planned(page, INCIDENT).locator(".star-part")).to_have_count(4)
        expect(planned(page, INCIDENT).locator(".star-part.lit")).to_have_count(0)
        expect(planned(page, AWS).locator(".star-part.lit")).to_have_count(0)
    story = "Last spring checkout was down, and I was on call and my task was to bring it back."
    tell("hear", interview, "candidate", story)
    for page in (ines, sam):
        lit = planned(page, INCIDENT).locator(".star-part.lit")
        expect(lit.first).to_contain_text("Situation")
        lit.first.click()
        expect(page.get_by_test_id("segment").filter(has_text=story)).to_be_focused()
    sam.reload()
    expect(planned(sam, INCIDENT).locator(".star-part.lit").first).to_be_visible()


def test_a_tick_is_undone_and_stays_undone(tell, enter):
    interview = tell("create", None)
    ines, sam = enter(interview), enter(interview, "sam")
    tell("hear", interview, "interviewer", "So, tell me about your experience with AWS.")
    expect(tick(ines, AWS)).to_have_attribute("aria-pressed", "true")
    tick(ines, AWS).click()
    expect(tick(ines, AWS)).to_have_attribute("aria-pressed", "false")
    expect(planned(sam, AWS)).not_to_have_class(re.compile("asked"))
    tell("hear", interview, "interviewer", "Well: tell me about your experience with AWS.")
    tell("hear", interview, "interviewer", "Describe a production incident you had to handle.")
    expect(planned(sam, INCIDENT)).to_have_class(re.compile("asked"))
    expect(planned(sam, AWS)).not_to_have_class(re.compile("asked"))
    assert sam.locator("button.tick").count() == 0  # who reads ticks nothing


def test_the_guide_goes_by_keyboard(tell, enter):
    interview = tell("create", None)
    ines = enter(interview)
    expect(tick(ines, AWS)).to_be_enabled()
    ines.keyboard.press("]")
    expect(tick(ines, AWS)).to_be_focused()
    ines.keyboard.press("]")
    ines.keyboard.press("k")
    expect(tick(ines, INCIDENT)).to_have_attribute("aria-pressed", "true")
    expect(planned(ines, INCIDENT)).to_have_attribute("aria-current", "true")
    ines.keyboard.press("[")
    expect(tick(ines, AWS)).to_be_focused()
    expect(rating(ines).get_by_role("radio").first).to_be_enabled()
    ines.keyboard.press("r")
    ines.keyboard.press("4")
    expect(rating(ines).get_by_role("radio").nth(3)).to_be_checked()
    expect(rating(ines)).to_contain_text("Designs it for others")
    ines.keyboard.press("Delete")
    expect(rating(ines).get_by_role("radio", checked=True)).to_have_count(0)
    expect(rating(ines)).to_contain_text("Not rated")


def test_a_rating_is_saved_as_one_goes_and_read_by_nobody_else(tell, enter):
    interview = tell("create", None, "comment")
    ines, sam = enter(interview), enter(interview, "sam")
    expect(rating(ines).get_by_role("radio", checked=True)).to_have_count(0)
    rating(ines).locator(".rating-value").nth(2).click()
    rating(ines).get_by_role("button", name="Comment").click()
    rating(ines).get_by_role("textbox").fill("Knows where it breaks.")
    expect(rating(ines).get_by_test_id("rating-state")).to_have_text("Saved")
    ines.reload()
    expect(rating(ines).get_by_role("radio").nth(2)).to_be_checked()
    rating(ines).get_by_role("button", name="Comment").click()
    expect(rating(ines).get_by_role("textbox")).to_have_value("Knows where it breaks.")
    expect(rating(sam).get_by_role("radio", checked=True)).to_have_count(0)
    seen = sam.request.get(f"/api/v1/sessions/{interview}/scorecards/").text()
    assert "breaks" not in seen
    assert json.loads(seen)["waiting"] == 1


def test_those_of_others_are_shown_beside_ones_own_once_both_are_submitted(tell, enter):
    interview = tell("create", None, "comment")
    tell("hear", interview, "candidate", "I have run services on AWS for three years.")
    ines, sam = enter(interview), enter(interview, "sam")
    line = ines.get_by_test_id("segment").first
    line.click()
    ines.get_by_test_id("line-menu").get_by_role("button", name="Quote in a rating").click()
    ines.get_by_role("dialog").get_by_role("button", name="Cloud and operations").click()
    expect(rating(ines).locator(".rating-line")).to_have_count(1)
    rating(ines).locator(".rating-value").nth(3).click()
    expect(rating(ines).get_by_test_id("rating-state")).to_have_text("Saved")
    tell("end", interview)
    for page, value in ((ines, 3), (sam, 1)):
        page.goto(f"/sessions/{interview}/review/")
        form = page.locator("fieldset.rating.full").first
        expect(form.get_by_role("radio").first).to_be_enabled()
        form.locator(".rating-value").nth(value).click()
        page.get_by_test_id("overall").get_by_text(
            "Yes" if value == 3 else "No", exact=True
        ).click()
        page.get_by_test_id("overall").get_by_label("Why").fill(f"Because of {value}.")
        expect(page.get_by_test_id("panel")).to_be_hidden()
        assert "Because of 3." not in page.content() or page is ines
        page.get_by_test_id("ratings-submit").click()
        page.get_by_test_id("ratings-confirm").click()
        expect(page.get_by_test_id("ratings-submit")).to_be_hidden()
        expect(form.get_by_role("radio").first).to_be_disabled()
    for page in (sam, ines):  # told at once
        table = page.get_by_test_id("panel")
        expect(table.get_by_role("columnheader")).to_contain_text(["Ines Keller", "Sam Okafor"])
        expect(table.get_by_test_id("panel-overall")).to_contain_text("Because of 3.")
        expect(table.get_by_test_id("panel-overall")).to_contain_text("Because of 1.")
        row = table.get_by_test_id("panel-row").first
        expect(row).to_contain_text("2 steps apart")
        value = row.locator("button.rating-number").first
        value.focus()
        expect(value.get_by_role("tooltip")).to_contain_text(ANCHORS[3])
    row.locator(".rating-line").first.click()
    expect(ines.locator(".lit")).to_be_visible()
    expect(ines.locator("fieldset.rating.full").first.locator("q")).to_have_count(1)


def test_what_is_not_saved_says_so_and_is_sent_once_it_can_be(tell, enter, problems):
    interview = tell("create", None)
    ines = enter(interview)
    expect(rating(ines).get_by_role("radio").first).to_be_enabled()
    ines.route("**/scorecards/mine/", lambda route: route.abort())
    rating(ines).locator(".rating-value").nth(4).click()
    expect(rating(ines).get_by_test_id("rating-state")).to_contain_text("Not saved yet")
    ines.unroute("**/scorecards/mine/")
    expect(rating(ines).get_by_test_id("rating-state")).to_have_text("Saved")
    [failed] = problems
    assert "ERR_FAILED" in failed
    problems.clear()


def test_what_is_changed_last_survives_a_reload(tell, enter):
    interview = tell("create", None)
    ines = enter(interview)
    expect(rating(ines).get_by_role("radio").first).to_be_enabled()
    rating(ines).locator(".rating-value").nth(1).click()
    ines.reload()  # before the pause after which it is saved
    expect(rating(ines).get_by_role("radio").nth(1)).to_be_checked()


def test_without_a_guide_it_says_how_to_get_one(tell, enter):
    interview = tell("unguided", None)
    ines = enter(interview)
    ines.get_by_test_id("guide").get_by_role("link", name="Choose a guide").click()
    expect(ines).to_have_url(re.compile(f"/sessions/{interview}/edit/"))


def test_it_fits_a_phone_and_runs_from_right_to_left(tell, enter):
    interview = tell("create", None)
    tell("hear", interview, "interviewer", "Describe a production incident you had to handle.")
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    ines = enter(interview, **phone)
    ines.get_by_role("button", name="Guide and notes").click()
    for direction in ("ltr", "rtl"):
        ines.evaluate("way => (document.documentElement.dir = way)", direction)
        body = ines.get_by_test_id("guide").locator(".column-body").first
        assert body.evaluate("body => body.scrollWidth <= body.clientWidth")
    number = rating(ines).locator(".rating-number").first.bounding_box()
    assert min(number["width"], number["height"]) >= 40
