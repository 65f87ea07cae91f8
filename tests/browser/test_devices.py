"""A second device in real Chromium: it joins by a code, records one channel and sees nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_channels import (  # noqa: F401  fixtures of the same served product
    browser,
    ines,
    interviews,
    served,
    signed_in,
    start,
    stop,
    url,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def phone(launch, url) -> Page:  # noqa: F811
    """A phone's browser, signed in to nothing."""
    context = launch().new_context(
        base_url=url,
        permissions=["microphone"],
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        reduced_motion="reduce",
    )
    return context.new_page()


def enter(phone: Page, code: str) -> None:
    phone.get_by_label("Code").fill(code)
    phone.get_by_role("button", name="Join").click()


def test_a_device_joins_by_its_code_and_is_the_candidates_channel(ines, phone):  # noqa: F811
    start(ines, "Second device")
    letters = ines.get_by_test_id("device-letters")
    expect(letters).to_have_text(re.compile("^[2-9A-Z]{6}$"))
    expect(ines.get_by_alt_text("QR code")).to_have_attribute("src", re.compile("^data:image/svg"))
    code = letters.inner_text()

    phone.goto("/join/")
    enter(phone, "ZZZZZZ")
    expect(phone.get_by_role("alert")).to_contain_text("not valid")
    expect(phone.get_by_label("Code")).to_have_value("ZZZZZZ")
    phone.goto("about:blank")
    phone.goto(f"/join/#{code.lower()}")  # as the QR code has it
    expect(phone).to_have_url(re.compile("/join/$"))
    phone.get_by_role("button", name="Join").click()
    device = phone.get_by_test_id("device")
    expect(device).to_contain_text("Candidate")
    expect(device).not_to_contain_text("Channels")  # the interview's title
    phone.get_by_role("button", name="Start recording").click()
    expect(phone.get_by_role("status")).to_contain_text("Recording")
    expect(phone.get_by_role("button", name="Mute")).to_be_focused()

    expect(ines.get_by_test_id("sound-dialog")).to_contain_text("joined")
    expect(ines.get_by_role("region", name="Joined devices")).to_be_focused()
    ines.get_by_role("button", name="Close").click()
    expect(ines.get_by_test_id("sound-open")).to_be_focused()
    spoken = ines.locator('[data-testid="segment"][data-role="candidate"]')
    expect(spoken.first).to_be_visible()  # what both channels say alike may be taken for echo
    own = ines.locator('[data-testid="segment"][data-role="interviewer"]')
    expect(own.nth(1)).to_be_visible()
    expect(ines.locator('[data-testid="meter"][data-role="candidate"]')).to_be_visible()

    phone.context.set_offline(True)
    expect(phone.get_by_role("status")).to_have_text("Connection lost")  # seconds are not read out
    phone.context.set_offline(False)
    expect(phone.get_by_role("status")).to_contain_text("Recording")
    phone.get_by_role("button", name="Mute").click()
    expect(phone.get_by_role("status")).to_contain_text("Muted")

    phone.once("dialog", lambda dialog: dialog.accept())
    phone.reload()
    phone.get_by_role("button", name="Start recording").click()
    expect(phone.get_by_role("status")).to_contain_text("Recording")

    ines.get_by_test_id("sound-open").click()
    ines.get_by_role("button", name=re.compile("^Remove")).click()
    expect(ines.get_by_test_id("device-add")).to_be_focused()
    expect(phone.get_by_role("status")).to_contain_text("Removed")
    phone.goto("/join/")
    enter(phone, code)
    expect(phone.get_by_role("alert")).to_contain_text("not valid")
    ines.get_by_role("button", name="Close").click()
    stop(ines)


def test_a_device_waits_for_the_interview_and_ends_with_it(ines, phone):  # noqa: F811
    ines.get_by_test_id("sound-open").click()
    ines.get_by_test_id("device-add").click()
    letters = ines.get_by_test_id("device-letters")
    expect(letters).to_have_text(re.compile("^[2-9A-Z]{6}$"))
    phone.goto("/join/")
    enter(phone, letters.inner_text())
    phone.get_by_role("button", name="Start recording").click()
    expect(phone.get_by_role("status")).to_contain_text("Waiting")
    ines.get_by_role("button", name="Close").click()
    start(ines, "My microphone only")
    expect(phone.get_by_role("status")).to_contain_text("Recording")
    spoken = ines.locator('[data-testid="segment"][data-role="candidate"]')
    expect(spoken.first).to_be_visible()  # what both channels say alike may be taken for echo
    stop(ines)
    expect(phone.get_by_role("status")).to_contain_text("Ended")
