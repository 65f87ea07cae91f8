"""Make the pictures under docs/screenshots from the running product: `make screenshots`."""

import re
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
    page.wait_for_url(re.compile(r"/sessions/$"))


def walk(page: Page, url: str) -> None:
    """Hold the demo's interview from its preparation to its review."""
    page.goto(url)
    shoot(page, "sign-in")
    sign_in(page, url, "ines@northwind.example")
    expect(page.get_by_test_id("session-row").first).to_be_visible()
    shoot(page, "list")
    prepare(page, url)
    page.goto(f"{url}/sessions/")
    page.get_by_text("Backend engineer, first interview").click()
    expect(page.get_by_test_id("consent-form")).to_be_visible()
    shoot(page, "before")
    page.get_by_test_id("consent-button").click()
    expect(page.get_by_test_id("sample-button")).to_be_enabled()
    page.get_by_test_id("sample-button").click()
    expect(page.get_by_test_id("transcript")).to_contain_text("replica", timeout=SLOW)
    page.get_by_test_id("tab-questions").click()
    shoot(page, "live")
    page.keyboard.press("?")
    shoot(page, "shortcuts")
    page.keyboard.press("Escape")
    page.get_by_test_id("stop-button").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    page.wait_for_url("**/review/", timeout=SLOW)
    expect(page.get_by_test_id("sentence").first).to_be_visible(timeout=SLOW)
    shoot(page, "review")
    page.get_by_test_id("retention-open").click()
    shoot(page, "retention")
    page.keyboard.press("Escape")
    page.get_by_test_id("export-open").click()
    shoot(page, "export")
    page.goto(page.url.removesuffix("review/"))
    expect(page.get_by_test_id("record-state")).to_contain_text("Ended", timeout=SLOW)
    page.get_by_test_id("tab-insights").click()
    shoot(page, "ended")
    page.get_by_test_id("tab-fact_check").click()
    page.get_by_test_id("ledger").locator("summary").click()
    shoot(page, "claims")
    page.get_by_test_id("tab-sentiment").click()
    expect(page.get_by_test_id("tone-summary")).to_contain_text("Confidence")
    shoot(page, "tone")


def prepare(page: Page, url: str) -> None:
    """Show what there is to do before an interview."""
    for name, place in BEFORE.items():
        page.goto(url + place)
        shoot(page, name)
    page.goto(f"{url}/guides/")
    page.get_by_test_id("guide-row").first.click()
    expect(page.locator("main h1")).to_be_visible()
    shoot(page, "guide")


BEFORE = {
    "new": "/sessions/new/",
    "upload": "/sessions/upload/",
    "check": "/sessions/check/",
    "guides": "/guides/",
    "guide-editor": "/guides/new/?example",
    "not-found": "/sessions/00000000-0000-0000-0000-000000000000/",
}

READY = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import services
sam = User.objects.get(email="sam@northwind.example")
where = active_membership(sam).organization
services.create_session(owner=sam, organization=where, title="Data engineer", job="Data engineer")
"""


def walk_devices(page: Page, phone: Page, url: str) -> None:
    """Record an interview with a second device, and go off the record."""
    sign_in(page, url, "sam@northwind.example")
    page.get_by_text("Data engineer").first.click()
    page.get_by_text("Their own page").click()
    page.get_by_test_id("link-make").click()
    link = page.get_by_test_id("link-url")
    expect(link).to_have_value(re.compile("/candidate/"))
    link.scroll_into_view_if_needed()
    shoot(page, "candidate-link")
    phone.goto(link.input_value())
    expect(phone.get_by_test_id("notice")).to_be_visible()
    shoot(phone, "candidate")
    phone.get_by_test_id("candidate-yes").click()
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
    page.get_by_test_id("off-record").click()
    expect(page.get_by_test_id("record-state")).to_contain_text("Off the record")
    shoot(page, "off-record")
    page.get_by_test_id("off-record").click()
    phone.goto(f"{url}/candidate/")
    phone.get_by_role("button", name="Ask for a pause").click()
    expect(page.get_by_test_id("banner")).to_contain_text("asks for a pause")
    shoot(page, "candidate-asks")
    page.get_by_role("button", name="Not now").click()
    page.get_by_test_id("consent-state").click()
    page.get_by_test_id("withdraw-open").click()
    shoot(page, "withdrawal")
    page.get_by_test_id("withdraw-confirm").click()
    page.get_by_role("button", name="Erase now").click()
    expect(page.get_by_test_id("erase-dialog")).to_be_visible()
    shoot(page, "erase")
    page.get_by_test_id("erase-word").fill("erase")
    page.get_by_test_id("erase-confirm").click()
    expect(page.get_by_test_id("erased")).to_be_visible()
    shoot(page, "erased")


PLACES = {  # what an organization's admin sees
    "admin": "/admin/",
    "admin-members": "/admin/accounts/membership/",
    "admin-guides": "/admin/interviews/guide/",
    "admin-settings": "/admin/accounts/organization/",
    "admin-audit": "/admin/accounts/auditentry/",
    "privacy": "/privacy/northwind/",
    "privacy-requests": "/privacy/northwind/requests/",
    "privacy-candidate": "/privacy/northwind/candidates/",
    "privacy-notices": "/privacy/northwind/notices/",
    "privacy-receipts": "/privacy/northwind/receipts/",
    "account": "/accounts/password/change/",
    "account-second-factor": "/accounts/2fa/",
    "account-tokens": "/accounts/tokens/",
    "account-devices": "/accounts/sessions/",
}


def walk_administration(page: Page, url: str) -> None:
    sign_in(page, url, "ada@northwind.example")
    page.get_by_text("Backend engineer, first interview").click()
    expect(page.get_by_test_id("retention")).to_be_visible()
    page.wait_for_load_state("networkidle")  # the dialog is the script's
    page.get_by_role("link", name="Share").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_test_id("share-form")).to_be_visible()
    shoot(page, "share")
    for name, place in PLACES.items():
        page.goto(url + place)
        shoot(page, name)


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    for old in PLACE.glob("*.png"):
        old.unlink()
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
