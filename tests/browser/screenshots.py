"""Make the pictures under docs/screenshots from the running product: `make screenshots`."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests import product
from tests.browser.conftest import DEMO_PASSWORD, FLAGS

PLACE = product.ROOT / "docs" / "screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
SLOW = 90_000  # ms
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def shoot(page: Page, name: str) -> None:
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(PAINTED)  # colours follow the scheme a frame or two later
            page.screenshot(path=PLACE / f"{name}-{size}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def sign_in(page: Page, url: str, email: str) -> None:
    page.goto(url)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()


def walk(page: Page, url: str) -> None:
    page.goto(url)
    shoot(page, "sign-in")
    sign_in(page, url, "ines@northwind.example")
    expect(page.get_by_test_id("session-row").first).to_be_visible()
    shoot(page, "list")
    page.get_by_text("Backend engineer, first interview").click()
    expect(page.get_by_test_id("consent-form")).to_be_visible()
    shoot(page, "before")
    page.get_by_test_id("consent-button").click()
    expect(page.get_by_test_id("sample-button")).to_be_enabled()
    page.get_by_test_id("sample-button").click()
    expect(page.get_by_test_id("transcript")).to_contain_text("replica", timeout=SLOW)
    page.get_by_test_id("tab-questions").click()
    shoot(page, "live")
    page.get_by_test_id("stop-button").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(page.get_by_test_id("record-state")).to_contain_text("Ended", timeout=SLOW)
    page.get_by_test_id("tab-insights").click()
    shoot(page, "ended")
    page.get_by_test_id("tab-fact_check").click()
    page.get_by_test_id("ledger").locator("summary").click()
    shoot(page, "claims")
    page.get_by_test_id("tab-sentiment").click()
    expect(page.get_by_test_id("tone-summary")).to_contain_text("Confidence")
    shoot(page, "tone")


READY = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import services
sam = User.objects.get(email="sam@northwind.example")
where = active_membership(sam).organization
services.create_session(owner=sam, organization=where, title="Data engineer", job="Data engineer")
"""


def walk_devices(page: Page, phone: Page, url: str) -> None:
    """Record an interview with a second device."""
    sign_in(page, url, "sam@northwind.example")
    page.get_by_text("Data engineer").first.click()
    page.get_by_test_id("consent-button").click()
    expect(page.get_by_test_id("start-button")).to_be_enabled()
    shoot(page, "setup")
    page.get_by_label("Second device").check(force=True)
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("device-letters")).to_be_visible()
    shoot(page, "device-code")
    phone.goto(f"{url}/join/#{page.get_by_test_id('device-letters').inner_text()}")
    shoot(phone, "join")
    phone.get_by_role("button", name="Join").click()
    phone.get_by_role("button", name="Start recording").click()
    expect(phone.get_by_role("status")).to_contain_text("Recording")
    shoot(phone, "device")
    page.get_by_role("button", name="Close").click()
    expect(page.locator('[data-testid="meter"][data-role="candidate"]')).to_be_visible()
    shoot(page, "two-channels")


PLACES = {  # what an organization's admin sees
    "admin-members": "/admin/accounts/membership/",
    "admin-settings": "/admin/accounts/organization/",
    "admin-audit": "/admin/accounts/auditentry/",
    "account-second-factor": "/accounts/2fa/",
}


def walk_administration(page: Page, url: str) -> None:
    sign_in(page, url, "ada@northwind.example")
    page.get_by_text("Backend engineer, first interview").click()
    expect(page.get_by_test_id("connection")).to_contain_text("Ended")
    page.get_by_role("link", name="Share").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_test_id("share-form")).to_be_visible()
    shoot(page, "share")
    for name, place in PLACES.items():
        page.goto(url + place)
        shoot(page, name)


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    env = product.environment(Path(tempfile.mkdtemp()))
    with product.serving(env) as (url, _process), sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, chromium_sandbox=False, args=FLAGS
        )
        size = {"width": 1440, "height": 900}
        walk(browser.new_page(viewport=size), url)
        walk_administration(browser.new_page(viewport=size), url)
        product.manage("shell", "--no-imports", "-c", READY, env=env)
        walk_devices(browser.new_page(viewport=size), browser.new_page(), url)
        browser.close()
    print(f"{len(list(PLACE.glob('*.png')))} pictures in {PLACE}")


if __name__ == "__main__":
    main()
