# ruff: noqa: F811 - fixtures are named as they are imported
"""Pages written from right to left, zoomed, without colours of their own or without motion."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.test_accessibility import (  # noqa: F401 - fixtures of the same pages
    enter,
    signed_in,
    world,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PATHS = [
    "/sessions/",
    "/sessions/new/",
    "/sessions/{live}/",
    "/sessions/{over}/review/",
    "/guides/",
]
ZOOMED = {"200 %": (640, 450), "400 %": (320, 256)}  # what is left of 1280 pixels
# Pairs of neighbours in the heads of the page that lie on each other.
OVERLAPS = """() => {
  const out = [];
  const bars = ".topbar, .topbar-acts, .topbar-state, .column-head, .site-header, .page-head";
  const flows = (one) => getComputedStyle(one).position !== "absolute";
  for (const row of document.querySelectorAll(`${bars}, .tabs`)) {
    const boxes = [...row.children].filter((one) => one.checkVisibility() && flows(one));
    boxes.forEach((one, i) => {
      const a = one.getBoundingClientRect();
      for (const other of boxes.slice(i + 1)) {
        const b = other.getBoundingClientRect();
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 2 && high > 2) out.push(`${one.className} over ${other.className}`);
      }
    });
  }
  return out;
}"""


def wrong(page: Page) -> list[str]:
    return axe.outside(page) + page.evaluate(OVERLAPS)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_from_right_to_left_has_its_room(enter, path):
    page = enter("ines", path)
    page.evaluate("document.dir = 'rtl'")
    for size in (axe.DESKTOP, axe.PHONE, axe.NARROW):
        axe.emulate(page, size, "light")
        assert wrong(page) == []
    if "live" in path:
        axe.emulate(page, axe.DESKTOP, "light")
        guide, copilot = (
            page.locator(f"#view-{one}").bounding_box() for one in ("guide", "copilot")
        )
        assert guide["x"] > copilot["x"]
        page.get_by_test_id("tab-insights").press("ArrowLeft")
        expect(page.get_by_test_id("tab-questions")).to_be_focused()


@pytest.mark.parametrize("zoom", ZOOMED)
def test_the_live_page_is_whole_when_it_is_zoomed(enter, zoom):
    page = enter("ines", "/sessions/{live}/")
    expect(page.get_by_test_id("segment").first).to_be_visible()
    axe.emulate(page, ZOOMED[zoom], "light")
    for view in ("transcript", "copilot", "guide"):
        page.locator(f'[data-show="{view}"]').click()
        assert wrong(page) == []
    page.locator('[data-show="transcript"]').click()
    last = page.get_by_test_id("segment").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    page.get_by_test_id("stop-button").scroll_into_view_if_needed()
    page.get_by_test_id("stop-button").click()
    expect(page.get_by_test_id("stop-confirm")).to_be_visible()


def test_states_are_seen_without_colours_and_nothing_moves_where_no_motion_is_wanted(enter):
    page = enter("ines", "/sessions/{live}/")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    ground = "(tab) => getComputedStyle(tab).backgroundColor"
    chosen = page.get_by_test_id("tab-insights").evaluate(ground)
    assert chosen != page.get_by_test_id("tab-questions").evaluate(ground)
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    page.wait_for_function(f"{moving} === 0")
