"""What can be found out by a machine about how accessible a page is."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
DESKTOP, PHONE, NARROW = (1440, 900), (390, 844), (320, 640)

# What sticks out at the end of a line of the page itself (not of what scrolls on its own).
OUTSIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const out = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && (box.right > innerWidth + 1 || box.left < -1);
  });
  const named = out.slice(-5).map((element) => element.outerHTML.slice(0, 120));
  return [`${root.scrollWidth} > ${root.clientWidth}`, ...named];
}"""


def emulate(page: Page, size: tuple[int, int], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate(PAINTED)  # colours follow the scheme a frame or two later


def show_whole(page: Page) -> None:
    """Make the window as tall as the page: what a bar covers could be scrolled to."""
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    whole = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(height, min(whole, 5000))})
    page.evaluate(PAINTED)


def violations(page: Page, context: str | None = None) -> list[str]:
    """Return what breaks a rule, each with where it is and why."""
    found = Axe().run(page, context=context, options=OPTIONS).response["violations"]
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))} - {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def outside(page: Page) -> list[str]:
    """Return what makes a page scroll sideways."""
    return page.evaluate(OUTSIDE)
