"""The two pages that show the API: from the tokens page, and with nothing from elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DEMO_PASSWORD


@pytest.fixture
def page(browser, url, problems):
    opened = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    problems.watch(opened)
    opened.foreign = []
    opened.on(
        "request",
        lambda request: (
            request.url.startswith((url, "data:", "blob:")) or opened.foreign.append(request.url)
        ),
    )
    opened.goto(f"{url}/accounts/login/")
    opened.get_by_label("E-mail").fill("ines@northwind.example")
    opened.get_by_label("Password").fill(DEMO_PASSWORD)
    opened.get_by_role("button", name="Sign in", exact=True).click()
    opened.wait_for_url("**/sessions/")
    opened.goto(f"{url}/accounts/tokens/")
    return opened


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_operation_is_tried_as_who_is_signed_in(page, problems):
    page.get_by_role("link", name="Try it").click()
    page.locator("#operations-tag-Guides").click()
    page.locator("#operations-Guides-guides_check .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("textarea.body-param__text").fill('{"questions": ["How old are you?"]}')
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
    expect(page.locator(".live-responses-table")).to_contain_text('"age"')
    assert fits(page)
    assert page.foreign == []
    assert problems == []


def test_the_reference_loads_nothing_from_elsewhere(page, problems):
    page.get_by_role("link", name="Read about the API").click()
    expect(page.locator("#redoc h1")).to_contain_text("Interview Copilot")
    expect(page.locator("#redoc")).to_contain_text("Plan an interview, start and end it")
    assert fits(page)
    assert page.foreign == []
    assert problems == []
