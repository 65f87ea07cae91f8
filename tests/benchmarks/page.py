"""The page of a two-hour interview: how soon it opens, and what an event costs at its end."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import product
from tests.benchmarks.figures import Figure, Report, median
from tests.browser.feeding import LONG, OPENED, SHORT, Fed, make

ROUNDS = 5
DESK = {"width": 1440, "height": 900}
SENT = """
() => performance.getEntriesByType("resource")
  .filter((one) => one.name.startsWith(location.origin + "/static/"))
  .reduce((sum, one) => [sum[0] + one.encodedBodySize, sum[1] + one.decodedBodySize], [0, 0])
"""


def _enter(browser: Browser, url: str) -> BrowserContext:
    context = browser.new_context(base_url=url, viewport=DESK)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill("ines@northwind.example")
    page.get_by_label("Password", exact=True).fill("interview-demo")
    page.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sessions/")
    context.add_init_script(OPENED)
    return context


def _opening(context: BrowserContext, session: str) -> float:
    """Return the milliseconds from the navigation until the transcript is painted."""
    page = context.new_page()
    page.goto(f"/sessions/{session}/", wait_until="commit")
    page.wait_for_function("() => window.openedAfter")
    took = float(page.evaluate("window.openedAfter"))
    page.close()
    return took


def _answer(context: BrowserContext, interview: tuple[str, int, int]) -> float:
    """Return the milliseconds of script, style and layout for one answer and all it brings."""
    fed = Fed(context.new_page(), *interview)
    fed.feed()
    return median([fed.feed() * 1000 for _ in range(ROUNDS)])


def main() -> Report:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        env = product.environment(Path(folder))
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=["--disable-gpu"]
        )
        with product.serving(env) as (url, _process):
            short, long = make(env, **SHORT), make(env, **LONG)
            ended = make(env, **LONG, end=True)
            context = _enter(browser, url)
            first = context.new_page()
            first.goto(f"/sessions/{short[0]}/", wait_until="networkidle")
            sent, raw = first.evaluate(SENT)
            first.close()
            opened = {
                name: median([_opening(context, interview[0]) for _ in range(ROUNDS)])
                for name, interview in (("short", short), ("long", long), ("ended", ended))
            }
            early, late = _answer(context, short), _answer(context, long)
        browser.close()
    return Report(
        "The page of a long interview",
        "Chromium and server on one machine, everything loaded once before; "
        f"{LONG['segments']} lines, {LONG['insights']} cards, {LONG['claims']} claims, "
        f"{LONG['tones']} tones, "
        f"beside {SHORT['segments']} lines.",
        [
            Figure("opens: 30 lines", f"{opened['short']:.0f} ms"),
            Figure(
                "opens: two hours, live", f"{opened['long']:.0f} ms", "< 1 s", opened["long"] < 1000
            ),
            Figure(
                "opens: two hours, ended",
                f"{opened['ended']:.0f} ms",
                "< 1 s",
                opened["ended"] < 1000,
            ),
            Figure("an answer and what it brings, at the beginning", f"{early:.1f} ms"),
            Figure(
                "the same after two hours",
                f"{late:.1f} ms, {late / early:.2f} ×",
                "≤ 1.1 ×",
                late <= 1.1 * early,
            ),
            Figure(
                "own scripts, styles and icons as sent (as they lie)",
                f"{sent / 1000:.0f} kB ({raw / 1000:.0f} kB)",
                "≤ 150 kB",
                sent <= 150_000,
            ),
        ],
    )
