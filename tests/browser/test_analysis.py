"""What the analysis found, in real Chromium: questions, claims, tone, and who analyses."""

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

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NARRATE = "from tests.browser.analysed import narrate; narrate()"
FIRST, SECOND, LAST = (
    "What did you do yourself, and what did others do?",
    "How did you notice that it was not fine?",
    "Which result are you proudest of, and why?",
)


@pytest.fixture(scope="module")
def watched(redis_url, tmp_path_factory):
    """The product on Redis, so that another process can tell its pages what happens."""
    redis.Redis.from_url(redis_url).flushdb()
    env = product.environment(tmp_path_factory.mktemp("watched"), REDIS_URL=redis_url)
    with product.serving(env) as (url, process):
        yield url, env, process
    redis.Redis.from_url(redis_url).flushdb()


@pytest.fixture
def url(watched):
    return watched[0]


@pytest.fixture(scope="module")
def tell(watched):
    """Let a function of `tests.browser.analysed` act on an interview; gives its answer."""
    narrator = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", NARRATE],
        cwd=product.ROOT,
        env=watched[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with narrator:

        def act(name: str, interview: str | None, *args: object, **kwargs: object) -> Any:
            print(json.dumps([name, interview, args, kwargs]), file=narrator.stdin, flush=True)
            return json.loads(narrator.stdout.readline())

        yield act


@pytest.fixture
def interview(tell) -> str:
    """The id of a running interview with some of everything found in it."""
    interview = tell("create", None)
    tell("furnish", interview)
    return interview


@pytest.fixture(scope="module")
def signed_in() -> dict:
    """The cookies of who signed in once."""
    return {}


@pytest.fixture
def enter(browser, sign_in, signed_in, url, problems) -> Iterator:
    """Open an interview as Ines, who leads it, or as Sam, who may read it."""

    def act(interview: str, person: str = "ines") -> Page:
        if person not in signed_in:
            page = sign_in(browser, f"{person}@northwind.example")
            signed_in[person] = page.context.storage_state()
        else:
            context = browser.new_context(
                base_url=url, reduced_motion="reduce", storage_state=signed_in[person]
            )
            page = context.new_page()
            problems.watch(page)
        page.goto(f"/sessions/{interview}/")
        expect(page.get_by_test_id("segment").first).to_be_visible()
        return page

    yield act
    assert problems == []


def panel(page: Page, tab: str) -> Locator:
    page.get_by_test_id(f"tab-{tab}").click()
    return page.get_by_test_id(f"panel-{tab}")


def contents(cards: Locator) -> list[str]:
    return cards.locator(".card-content").all_inner_texts()


def line(page: Page, number: int) -> Locator:
    return page.get_by_test_id("segment").nth(number)


def test_cards_of_the_newest_answer_come_first_and_of_one_answer_the_most_urgent(
    tell, enter, interview
):
    pages = [enter(interview), enter(interview, "sam")]
    for page in pages:
        cards = panel(page, "questions").get_by_test_id("card")
        expect(cards).to_have_count(3)
        assert contents(cards) == [LAST, SECOND, FIRST]
        expect(cards.nth(0)).to_contain_text("Served well before")
        expect(cards.nth(1)).to_contain_text("High priority")
    tell("card", interview, 2, "And before that?", state="preliminary")
    for page in pages:
        cards = panel(page, "questions").get_by_test_id("card")
        expect(cards).to_have_count(4)
        assert contents(cards) == [LAST, SECOND, "And before that?", FIRST]
    tell("change", interview, "card", "And before that?", state="complete", priority=3)
    tell("change", interview, "card", LAST, state="superseded")
    for page in pages:
        cards = panel(page, "questions").get_by_test_id("card")
        expect(cards).to_have_count(3)
        expect(cards.nth(1)).to_contain_text("High priority")
        assert contents(cards) == [SECOND, "And before that?", FIRST]


def test_a_question_that_was_asked_is_folded_away_and_leads_to_its_line(tell, enter, interview):
    pages = [enter(interview), enter(interview, "sam")]
    for page in pages:
        expect(page.get_by_test_id("tab-questions")).to_have_text("Questions3")
    tell("asked", interview, SECOND, 3)
    for page in pages:
        questions = panel(page, "questions")
        expect(page.get_by_test_id("tab-questions")).to_have_text("Questions2")
        fold = questions.get_by_test_id("asked")
        expect(fold.locator("summary")).to_have_text("Asked (1)")
        expect(fold.get_by_test_id("card")).to_be_hidden()
        fold.locator("summary").press("Enter")
        expect(fold.get_by_test_id("card")).to_contain_text(SECOND)
        fold.get_by_role("button", name="Asked 1:00").press("Enter")
        expect(line(page, 3)).to_be_focused()
    pages[0].reload()
    expect(panel(pages[0], "questions").get_by_test_id("asked").locator("summary")).to_be_visible()
    expect(pages[0].get_by_test_id("tab-questions")).to_have_text("Questions2")


def test_the_ledger_holds_every_claim_with_its_verdict_and_both_quotes(tell, enter, interview):
    pages = [enter(interview), enter(interview, "sam")]
    for page in pages:
        ledger = panel(page, "fact_check").get_by_test_id("ledger")
        expect(ledger.get_by_test_id("claim").first).to_be_hidden()
        ledger.locator("summary").press("Enter")
        claims = ledger.get_by_test_id("claim")
        expect(claims).to_have_count(3)
        conflict = claims.nth(0)
        for text in (
            "0:20",
            "Conflicts",
            "Fifteen years of Kubernetes",
            "Kubernetes was first released in 2014.",
            "I ran Kubernetes for fifteen years, on my own.",
            "Technology table",
            "Kubernetes, first released in June 2014",
        ):
            expect(conflict).to_contain_text(text)
        claims.nth(1).get_by_role("button", name="Earlier answer").press("Enter")
        expect(line(page, 1)).to_be_focused()
        conflict.get_by_role("button", name="0:20").press("Enter")
        expect(line(page, 1)).to_be_focused()

    ines = pages[0]
    ledger = ines.get_by_test_id("ledger")
    ledger.get_by_role("button", name="Conflicts 1").press("Space")
    expect(ledger.get_by_test_id("claim").filter(visible=True)).to_have_count(1)
    ledger.get_by_role("button", name="Conflicts 1").press("Tab")
    ines.keyboard.press("Enter")
    expect(ledger.get_by_role("button", name="Supported")).to_have_attribute("aria-pressed", "true")
    expect(ledger.get_by_test_id("claim").filter(visible=True)).to_contain_text("Error rate")

    changes = {"verdict": "unverifiable", "reason": "Said otherwise."}
    tell("change", interview, "claim", "Error rate from 4 % to 1 %", **changes)
    tell("claim", interview, 2, "It was fine")
    expect(ledger).to_contain_text("No claim has this verdict.")
    ledger.get_by_role("button", name="All").click()
    for page in pages:
        claims = page.get_by_test_id("ledger").get_by_test_id("claim")
        expect(claims).to_have_count(4)
        expect(claims.nth(1)).to_contain_text("It was fine")
        expect(claims.nth(2)).to_contain_text("Said otherwise.")


def test_the_ledger_teaches_while_it_is_empty(tell, enter):
    interview = tell("create", None)
    page = enter(interview)
    facts = panel(page, "fact_check")
    expect(facts).to_contain_text("No claim to check yet.")
    expect(facts.get_by_test_id("ledger")).to_be_hidden()
    tell("claim", interview, 1, "Ran Kubernetes")
    expect(facts).to_contain_text("Nothing to question so far.")
    expect(facts.get_by_test_id("ledger").locator("summary")).to_have_text("All claims (1)")


def test_the_tone_is_a_chart_with_keys_a_sentence_and_a_table(tell, enter, interview):
    pages = [enter(interview), enter(interview, "sam")]
    for page in pages:
        tone = panel(page, "sentiment").get_by_test_id("tone")
        expect(tone).to_contain_text("Not part of any rating or export")
        expect(page.get_by_test_id("tone-summary")).to_contain_text(
            re.compile(r"(positive|neutral|negative) wording.*Confidence \d+ %")
        )
        expect(tone).to_contain_text("Clear 2")
        marks = tone.get_by_test_id("tone-mark")
        expect(marks).to_have_count(4)
        marks.nth(0).press("ArrowRight")
        expect(marks.nth(1)).to_be_focused()
        expect(marks.nth(1)).to_have_accessible_name(
            "0:41: Negative (Hedges, Fillers). Show the line."
        )
        page.keyboard.press("Enter")
        expect(line(page, 2)).to_be_focused()
        marks.nth(1).press("End")
        expect(marks.nth(3)).to_be_focused()
        marks.nth(0).click()
        expect(line(page, 1)).to_be_focused()
        tone.locator("summary").press("Enter")
        rows = tone.locator("tbody tr")
        expect(rows).to_have_count(4)
        rows.nth(2).get_by_role("button", name="1:21").press("Enter")
        expect(line(page, 4)).to_be_focused()

    tell("speak", interview, "Right now I feel very stressed about that.", 100 * 60)
    for page in pages:
        tone = page.get_by_test_id("tone")
        expect(tone.get_by_role("button", name=re.compile("1:40:01: Stressed"))).to_be_visible()
        expect(tone.locator("tbody tr")).to_have_count(5)


def test_a_long_interview_has_no_more_marks_than_have_room(tell, enter):
    interview = tell("create", None, lines=90)
    tell("furnish_long", interview)
    tell("end", interview)
    tone = panel(enter(interview), "sentiment").get_by_test_id("tone")
    marks = tone.get_by_test_id("tone-mark")
    expect(marks.first).to_be_visible()
    assert 40 <= marks.count() <= 80
    expect(marks.nth(5)).to_have_accessible_name(re.compile(r"\d lines\. Show the last one\."))
    tone.locator("summary").click()
    expect(tone.locator("tbody tr")).to_have_count(90)


def test_where_sentiment_is_off_the_page_says_so_and_shows_none(tell, enter, interview):
    tell("allow", interview, sentiment_enabled=False)
    try:
        page = enter(interview)
        sentiment = panel(page, "sentiment")
        expect(sentiment).to_contain_text("switched off for your organization")
        expect(sentiment.get_by_test_id("tone")).to_be_hidden()
        expect(sentiment.get_by_test_id("tone-mark")).to_have_count(0)
    finally:
        tell("allow", interview, sentiment_enabled=None)


def test_the_page_says_who_analyses_and_what_keeps_the_model(tell, enter, interview):
    page = enter(interview)
    state = page.locator("#analysis-text")
    expect(state).to_have_text("Built-in rules")
    expect(page.locator("#announcer")).to_have_text("")
    slow = "The model is slow; local rules are used meanwhile."
    for engine, reason, text in (
        ("rules", "slow", slow),
        ("llm", "", "Language model"),
        ("off", "off", "Analysis is off"),
    ):
        tell("analysed_by", interview, engine, reason)
        expect(state).to_have_text(text)
        expect(page.locator("#announcer")).to_have_text(text)
    expect(page.get_by_test_id("analyse-again")).to_be_hidden()


def test_an_interview_that_is_over_is_analysed_again_on_demand(tell, enter, interview, problems):
    tell("end", interview)
    sam = enter(interview, "sam")
    expect(sam.get_by_test_id("connection")).to_contain_text("Ended")
    expect(sam.get_by_test_id("analyse-again")).to_have_count(0)
    expect(panel(sam, "sentiment").get_by_test_id("tone-mark")).to_have_count(4)

    ines = enter(interview)
    again = ines.get_by_test_id("analyse-again")
    tell("reviewed", interview)
    again.press("Enter")
    expect(ines.locator("#analysis-text")).to_contain_text("There is nothing new.")
    tell("analysed_by", interview, "rules", reviewing=True)
    for page in (ines, sam):
        expect(page.locator("#analysis-text")).to_contain_text("Reading the whole interview again.")
    tell("claim", interview, 2, "Found late")
    tell("analysed_by", interview, "rules")
    expect(ines.locator("#analysis-text")).to_have_text("Built-in rules")
    expect(panel(ines, "fact_check").locator("#ledger summary")).to_have_text("All claims (4)")

    tell("allow", interview, analysis_enabled=False)
    try:
        again.click()
        banner = ines.get_by_test_id("banner")
        expect(banner).to_have_text(re.compile("could not be analysed again: Analysis is off"))
        assert [p for p in problems if "409" not in p] == []
        problems.clear()  # a refusal is in the browser's log, whatever the page makes of it
    finally:
        tell("allow", interview, analysis_enabled=True)
