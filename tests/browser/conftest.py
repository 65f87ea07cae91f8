"""A served product, real Chromium, and people signed in to it."""

import json

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import product

DEMO_PASSWORD = "interview-demo"
LINES = [
    f"we talk about {thing}"
    for thing in (
        "apples bridges candles doors engines forests gardens hammers islands jackets kettles "
        "ladders mirrors needles oranges pencils quilts rivers shelves tables umbrellas violins"
    ).split()
]
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The product on the embedded default with its demo data; gives its URL and environment."""
    env = product.environment(tmp_path_factory.mktemp("served"))
    with product.serving(env) as (url, process):
        yield url, env, process


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory):
    """The product where the scripted engine speaks: every two seconds a line, on every channel."""
    place = tmp_path_factory.mktemp("rehearsed")
    script = place / "script.json"
    script.write_text(json.dumps([[2 * (i + 1), line] for i, line in enumerate(LINES)]))
    env = product.environment(
        place,
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(script),
        INTERVIEW_MAX_STREAMS="2",
    )
    with product.serving(env) as (url, process):
        yield url, env, process


@pytest.fixture(scope="session")
def url(served) -> str:
    return served[0]


@pytest.fixture(scope="module")
def playwright_driver():
    """Playwright's driver, not longer: its event loop is in the way of asyncio tests."""
    with sync_playwright() as driver:
        expect.set_options(timeout=15_000)
        yield driver


@pytest.fixture
def launch(playwright_driver, chromium):
    """Start Chromium; `microphone` is a wav file that its fake microphone plays once."""
    opened: list[Browser] = []

    def start(microphone=None) -> Browser:
        flags = [*FLAGS]
        if microphone:
            flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
        browser = playwright_driver.chromium.launch(
            executable_path=chromium, chromium_sandbox=False, args=flags
        )
        opened.append(browser)
        return browser

    yield start
    for browser in opened:
        browser.close()


@pytest.fixture(scope="module")
def one_browser(playwright_driver, chromium):
    """Chromium, started once a file."""
    running = playwright_driver.chromium.launch(
        executable_path=chromium, chromium_sandbox=False, args=FLAGS
    )
    yield running
    running.close()


@pytest.fixture
def browser(one_browser):
    """A browser in which nobody is signed in; what a test opens in it is closed with the test."""
    yield one_browser
    for context in one_browser.contexts:
        context.close()


class Problems(list):
    """What the browser complained about: script errors, CSP violations, failed requests."""

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: message.type == "error" and self.append(f"console: {message.text}"),
        )


@pytest.fixture
def problems():
    return Problems()


@pytest.fixture(scope="module")
def tickets():
    """The cookies of who signed in once in this file: a password takes half a second."""
    return {}


@pytest.fixture
def sign_in(url, problems, tickets):
    """Open a context in a browser and sign a person in; returns the page with their list."""

    def act(browser: Browser, email: str, **context: object) -> Page:
        opened: BrowserContext = browser.new_context(
            base_url=url,
            permissions=["microphone"],
            reduced_motion="reduce",
            storage_state=tickets.get((url, email)),
            **context,
        )
        page = opened.new_page()
        problems.watch(page)
        page.goto("/")
        if page.url == f"{url}/sessions/":
            return page
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        page.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{url}/sessions/")
        tickets[url, email] = opened.storage_state()
        return page

    return act


@pytest.fixture
def open_as(browser, sign_in, path):
    """Open the page of the module's own `path` as one of the demo's people, connected."""

    def act(name: str, **context: object) -> Page:
        page = sign_in(browser, f"{name}@northwind.example", **context)
        page.goto(path)
        expect(page.get_by_test_id("connection")).to_contain_text("Connected")
        return page

    return act
