# ruff: noqa: F811 - fixtures are named as they are imported
"""How much the copilot shows and when; cards that come and go take neither focus nor place."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_analysis import (  # noqa: F401 - fixtures of the analysed interview
    FIRST,
    LAST,
    SECOND,
    contents,
    enter,
    interview,
    panel,
    signed_in,
    tell,
    url,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def shown(page: Page, tab: str) -> list[str]:
    """Return what the cards of a tab say that are not folded away."""
    return contents(page.locator(f"#panel-{tab} > .cards > .card"))


def settle(page: Page, tab: str, count: int) -> None:
    expect(page.locator(f"#panel-{tab} > .cards > .card")).to_have_count(count)


def test_quiet_shows_what_is_urgent_and_counts_the_rest_eager_shows_everything(
    tell, enter, interview
):
    tell(
        "card", interview, 2, "Slow down.", kind="tip", title="Tip", priority=1, state="preliminary"
    )
    page = enter(interview)
    panel(page, "questions")
    assert shown(page, "questions") == [LAST, SECOND, FIRST]
    tips = page.get_by_test_id("panel-insights").get_by_test_id("withheld")
    page.get_by_test_id("tab-insights").click()
    expect(tips.locator("summary")).to_contain_text("1 more")

    page.keyboard.press("v")
    expect(page.locator("#announcer")).to_have_text("Copilot: Eager")
    expect(tips).to_be_hidden()
    assert "Slow down." in shown(page, "insights")

    page.keyboard.press("v")
    expect(page.locator("#announcer")).to_have_text("Copilot: Quiet")
    panel(page, "questions")
    assert shown(page, "questions") == [SECOND]
    expect(page.get_by_test_id("tab-questions")).to_have_text("Questions1")
    rest = page.get_by_test_id("panel-questions").get_by_test_id("withheld")
    rest.locator("summary").press("Enter")
    assert contents(rest.get_by_test_id("card").filter(visible=True)) == [LAST, FIRST]

    card = rest.get_by_test_id("card").filter(has_text=FIRST)
    card.get_by_role("button", name="Pin").click()
    assert shown(page, "questions") == [FIRST, SECOND]

    page.reload()
    expect(page.get_by_test_id("settings-open")).to_contain_text("Quiet")
    page.get_by_test_id("tab-questions").click()
    settle(page, "questions", 2)
    page.get_by_test_id("settings-open").click()
    page.get_by_test_id("settings").get_by_role("radio", name="Normal").check(force=True)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("settings-open")).to_be_focused()
    assert sorted(shown(page, "questions")) == sorted([FIRST, LAST, SECOND])


def test_what_comes_while_it_is_quiet_is_counted_only_and_what_is_urgent_comes(
    tell, enter, interview
):
    page = enter(interview)
    page.keyboard.press("v")
    page.keyboard.press("v")
    panel(page, "questions")
    settle(page, "questions", 1)
    tell("card", interview, 4, "And then?")
    rest = page.get_by_test_id("panel-questions").get_by_test_id("withheld")
    expect(rest.locator("summary")).to_contain_text("3 more")
    tell("card", interview, 4, "Who was hurt?", priority=3)
    settle(page, "questions", 2)
    assert shown(page, "questions") == ["Who was hurt?", SECOND]
    expect(page.locator("#announcer")).to_have_text("High priority: Suggested Question")


def test_new_cards_wait_for_a_pause_and_come_at_once_when_wanted(tell, enter, interview):
    page = enter(interview)
    page.keyboard.press("Shift+P")
    expect(page.locator("#announcer")).to_have_text("New cards wait for a pause.")
    panel(page, "questions")
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # from now on time is made here
    waiting = page.get_by_test_id("cards-waiting")

    speak(tell, interview, page)
    tell("card", interview, 4, "And then?")
    expect(waiting).to_have_text("1 waiting")
    page.clock.run_for(1400)
    speak(tell, interview, page)
    tell("card", interview, 4, "Who was hurt?", priority=3)
    settle(page, "questions", 4)
    assert "And then?" not in shown(page, "questions")
    page.clock.run_for(1400)
    expect(waiting).to_have_text("1 waiting")
    page.clock.run_for(400)
    expect(waiting).to_be_hidden()  # nobody speaks any more
    assert "And then?" in shown(page, "questions")

    speak(tell, interview, page)
    tell("card", interview, 5, "And now?")
    waiting.click()
    expect(waiting).to_be_hidden()
    assert "And now?" in shown(page, "questions")
    expect(page.get_by_test_id("settings-open")).to_be_focused()

    tell("card", interview, 5, "Never mind?")
    expect(waiting).to_have_text("1 waiting")
    tell("change", interview, "card", "Never mind?", state="superseded")
    expect(waiting).to_be_hidden()
    assert "Never mind?" not in contents(page.get_by_test_id("card"))

    tell("card", interview, 5, "Waited long enough?")
    expect(waiting).to_have_text("1 waiting")
    for _second in range(20):
        speak(tell, interview, page)
        page.clock.run_for(1000)
    page.clock.run_for(500)
    expect(waiting).to_be_hidden()
    assert "Waited long enough?" in shown(page, "questions")


def speak(tell, interview, page) -> None:
    """Let the page hear somebody speak, now."""
    words = f"and then {uuid.uuid4().hex}"
    tell("partial", interview, words)
    expect(page.get_by_test_id("partial")).to_have_text(re.compile(words))


def test_a_card_that_comes_goes_or_is_judged_never_takes_the_focus(tell, enter, interview):
    page = enter(interview)
    panel(page, "questions")
    settle(page, "questions", 3)
    cards = page.locator("#panel-questions > .cards > .card")
    middle = cards.filter(has_text=SECOND)
    use = middle.get_by_role("button", name="Use")
    use.focus()
    top = middle.bounding_box()["y"]

    tell("card", interview, 5, "Came above?", priority=3)
    settle(page, "questions", 4)
    expect(use).to_be_focused()
    tell("change", interview, "card", LAST, state="superseded")
    settle(page, "questions", 3)
    expect(use).to_be_focused()
    tell("asked", interview, FIRST, 3)
    settle(page, "questions", 2)
    expect(use).to_be_focused()
    page.keyboard.press("v")
    expect(use).to_be_focused()
    assert top - 400 < middle.bounding_box()["y"]

    tell("change", interview, "card", SECOND, state="superseded")
    settle(page, "questions", 1)
    expect(cards.first).to_be_focused()
    tell("change", interview, "card", "Came above?", state="superseded")
    settle(page, "questions", 0)
    expect(page.get_by_test_id("panel-questions")).to_be_focused()
    page.get_by_test_id("note-button").or_(page.locator("#note-text")).first.focus()
    tell("card", interview, 5, "Comes alone?", priority=3)
    settle(page, "questions", 1)
    expect(page.locator("#note-text")).to_be_focused()


def test_where_somebody_reads_stays_when_cards_are_put_above(tell, enter, interview):
    for number in range(8):
        tell("card", interview, 1, f"Question of the number {number}?")
    page = enter(interview)
    questions = panel(page, "questions")
    settle(page, "questions", 11)
    questions.evaluate("(panel) => (panel.scrollTop = 500)")
    read = page.locator("#panel-questions > .cards > .card").nth(6)
    page.mouse.move(5, 5)
    before = read.evaluate("(card) => [card.dataset.id, card.getBoundingClientRect().top]")
    tell("card", interview, 5, "Came above?")
    settle(page, "questions", 12)
    after = page.locator(f"#card-{before[0]}").evaluate("(c) => c.getBoundingClientRect().top")
    assert abs(after - before[1]) <= 1


def test_the_columns_beside_the_transcript_fold_away_and_are_counted(tell, enter, interview):
    page = enter(interview)
    wide = page.locator("#view-transcript").bounding_box()["width"]
    page.keyboard.press("Shift+C")
    page.keyboard.press("Shift+G")
    expect(page.locator("#view-copilot")).to_be_hidden()
    expect(page.get_by_test_id("guide")).to_be_hidden()
    assert page.locator("#view-transcript").bounding_box()["width"] > wide + 300
    tell("card", interview, 5, "Came unseen?")
    toggle = page.get_by_role("button", name="Copilot", exact=False, expanded=False)
    expect(toggle).to_contain_text("1")
    page.reload()
    expect(page.locator("#view-copilot")).to_be_hidden()
    page.keyboard.press("2")
    expect(page.get_by_test_id("tab-questions")).to_be_focused()
    page.keyboard.press("g")
    expect(page.get_by_test_id("guide")).to_be_focused()
    page.keyboard.press("Shift+G")
    expect(page.locator("#fold-guide")).to_be_focused()


def test_the_transcript_is_read_aloud_only_on_demand(enter, interview):
    page = enter(interview)
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "off")
    page.keyboard.press("l")
    page.get_by_label("A screen reader reads out").check()
    expect(log).to_have_attribute("aria-live", "polite")
    page.reload()
    expect(log).to_have_attribute("aria-live", "polite")
