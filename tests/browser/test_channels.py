"""Channels of an interview in real Chromium: what goes wrong with them loses nothing."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import product
from tests.browser.conftest import LINES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CREATE = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import services
owner = User.objects.get(email="ines@northwind.example")
where = active_membership(owner).organization
for _ in range(12):
    session = services.create_session(owner=owner, organization=where, title="Channels", job="")
    print(session.pk)
"""
# Lets a test do to the browser's devices what people, cables and lids do to them.
DEVICES = """
const devices = navigator.mediaDevices;
const share = devices.getDisplayMedia.bind(devices);
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options);
    window.contexts.push(this);
  }
};
devices.getDisplayMedia = async (wanted) => {
  window.shared = await share(wanted);
  if (window.soundless) window.shared.getAudioTracks().forEach((t) => window.shared.removeTrack(t));
  return window.shared;
};
window.fallAsleep = () => {
  window.since = Date.now();
  window.asleep = window.contexts.filter((context) => context.state === "running");
  for (const context of window.asleep) {
    context.suspend();
    context.resume = () => Promise.reject(new Error("asleep"));
  }
};
window.wakeUp = async () => {
  // Long enough to be a gap: shorter ones are filled with silence.
  await new Promise((done) => setTimeout(done, 3000 - (Date.now() - window.since)));
  const slept = Date.now() - window.since;
  for (const context of window.asleep) {
    delete context.resume;
    context.resume();
  }
  return slept;
};
"""


@pytest.fixture
def served(rehearsed):
    return rehearsed


@pytest.fixture
def url(served):
    return served[0]


@pytest.fixture(scope="session")
def signed_in() -> dict:
    """The cookies of who signed in once."""
    return {}


@pytest.fixture(scope="session")
def interviews(rehearsed) -> list[str]:
    """Ids of interviews of Ines, one for each who takes it."""
    return product.run(CREATE, env=rehearsed[1]).split()


def enter(page: Page, interview: str) -> None:
    """Open the page of an interview and note the consent."""
    page.goto(f"/sessions/{interview}/")
    page.get_by_test_id("consent-button").click()
    expect(page.get_by_test_id("start-button")).to_be_enabled()


@pytest.fixture
def browser(launch):
    """A browser of one's own: what its sound devices do is the test's."""
    return launch()


@pytest.fixture
def ines(browser, sign_in, signed_in, interviews, url, problems) -> Iterator[Page]:
    """Ines at an interview of hers that can start."""
    if signed_in:
        context = browser.new_context(
            base_url=url,
            permissions=["microphone"],
            reduced_motion="reduce",
            storage_state=signed_in["state"],
        )
        page = context.new_page()
        problems.watch(page)
    else:
        page = sign_in(browser, "ines@northwind.example")
        signed_in["state"] = page.context.storage_state()
    page.add_init_script(DEVICES)
    enter(page, interviews.pop())
    yield page
    page.context.close()


def start(page: Page, source: str) -> None:
    page.get_by_label(source).check(force=True)
    page.get_by_test_id("start-button").click()


def stop(page: Page) -> None:
    page.get_by_test_id("stop-button").click()
    page.get_by_test_id("stop-confirm").click()
    page.wait_for_url("**/review/")
    page.goto(page.url.removesuffix("review/"))
    expect(page.get_by_test_id("record-state")).to_contain_text("Ended")


def line(page: Page, i: int, role: str | None = None):
    which = f'[data-role="{role}"]' if role else ""
    return page.locator(f'[data-testid="segment"]{which}').filter(has_text=LINES[i])


def said(page: Page) -> list[str]:
    return page.locator('[data-testid="segment"] .line-text').all_inner_texts()


def test_in_one_room_a_key_and_a_click_say_who_speaks(ines, problems):
    start(ines, "In one room")
    expect(line(ines, 0, "room")).to_be_visible()  # nobody has said yet, and nobody guesses
    ines.keyboard.press("s")
    first = ines.get_by_role("button", name="Interviewer", exact=True)
    second = ines.get_by_role("button", name="Candidate", exact=True)
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(line(ines, 2, "interviewer")).to_be_visible()
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(line(ines, 4, "candidate")).to_be_visible()
    stop(ines)
    expect(second).to_be_hidden()
    assert problems == []


@pytest.mark.parametrize("compressed", [False, True], ids=["samples", "webm"])
def test_a_connection_that_was_away_costs_no_word(ines, compressed):
    ines.get_by_label(re.compile("Save data")).set_checked(compressed)
    start(ines, "My microphone only")
    expect(line(ines, 0)).to_be_visible()
    ines.context.set_offline(True)
    expect(ines.get_by_test_id("banner")).to_contain_text("kept on this device")
    expect(ines.get_by_test_id("connection")).not_to_contain_text("Connected")
    ines.wait_for_timeout(2500)  # a line is spoken meanwhile
    ines.context.set_offline(False)
    expect(line(ines, 3)).to_be_visible()
    expect(ines.get_by_test_id("gap")).to_have_count(0)
    stop(ines)
    whole = said(ines)
    assert whole[:4] == LINES[:4]
    assert whole[:-1] == LINES[: len(whole) - 1]  # the last may be cut off by the stop


def test_a_server_that_cannot_read_webm_gets_samples(ines):
    asked: list[str] = []

    def read_no_webm(socket):
        def pass_on(message):
            if isinstance(message, str) and '"start"' in message:
                asked.append(json.loads(message)["encoding"])
            if asked[-1] == "webm_opus":
                socket.send(json.dumps({"type": "error", "code": "bad_webm", "detail": ""}))
            else:
                server.send(message)

        server = socket.connect_to_server()
        socket.on_message(pass_on)

    ines.route_web_socket(re.compile("/audio/"), read_no_webm)
    ines.get_by_label(re.compile("Save data")).check()
    start(ines, "My microphone only")
    expect(line(ines, 0)).to_be_visible()
    assert asked == ["webm_opus", "pcm_s16le"]
    expect(ines.get_by_test_id("banner")).to_be_hidden()
    stop(ines)


def test_a_silence_is_no_longer_told_once_the_interview_has_ended(ines, interviews):
    sockets = []

    def keep(socket):
        socket.connect_to_server()
        sockets.append(socket)

    ines.route_web_socket(re.compile("/live/"), keep)
    enter(ines, interviews.pop())
    start(ines, "My microphone only")
    expect(line(ines, 0)).to_be_visible()
    silent = {"type": "level", "role": "candidate", "level": 0, "clipped": False}
    sockets[-1].send(json.dumps(silent | {"silent_ms": 12_000}))
    banner = ines.get_by_test_id("banner")
    expect(banner).to_contain_text("No audio from the candidate")
    expect(ines.get_by_test_id("sound-open")).to_be_visible()
    stop(ines)
    expect(banner).to_contain_text("This interview has ended")
    expect(ines.get_by_test_id("sound-open")).to_be_hidden()


def test_what_happens_to_a_shared_tab_is_told_with_a_way_on(ines, problems):
    ines.evaluate("window.soundless = true")
    start(ines, "Call in a browser tab")
    expect(ines.get_by_role("alert").filter(has_text="Also share tab audio")).to_be_visible()
    ines.evaluate("window.soundless = false")
    ines.get_by_test_id("start-button").click()
    for role in ("interviewer", "candidate"):
        expect(ines.locator(f'[data-testid="meter"][data-role="{role}"]')).to_be_visible()
    expect(line(ines, 0).first).to_be_visible()

    ines.evaluate("window.shared.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect(ines.get_by_test_id("banner")).to_contain_text("Sharing of the call tab was stopped")
    ines.get_by_role("button", name="Share again").click()
    expect(ines.get_by_role("button", name="Share again")).to_be_hidden()
    stop(ines)
    assert problems == []


def test_sleep_becomes_a_gap_and_what_follows_keeps_its_time(ines):
    start(ines, "My microphone only")
    expect(line(ines, 0)).to_be_visible()
    ines.evaluate("window.fallAsleep()")
    expect(ines.get_by_test_id("banner")).to_contain_text("delivers no sound")
    slept = ines.evaluate("window.wakeUp()")
    expect(ines.get_by_test_id("gap")).to_contain_text("the device was asleep")
    expect(ines.get_by_test_id("segment").nth(1)).to_be_visible()
    snapshot = ines.request.get(f"/api/v1{urlsplit(ines.url).path}snapshot/").json()
    [gap] = snapshot["gaps"]
    assert gap["reason"] == "capture"
    assert gap["end_ms"] - gap["start_ms"] >= slept - 500  # what the clock may be off
    stop(ines)
    rows = ines.locator("#lines li[data-id]").evaluate_all(
        "all => all.map(one => one.dataset.testid)"
    )
    before, after = rows[: rows.index("gap")], rows[rows.index("gap") + 1 :]
    assert before
    assert after
    assert LINES[1] not in said(ines)  # it would have been spoken in the time asleep


def test_a_full_server_is_told_and_the_sound_is_kept(ines, interviews):
    start(ines, "Call in a browser tab")
    expect(line(ines, 0).first).to_be_visible()
    late = ines.context.new_page()
    enter(late, interviews.pop())
    start(late, "My microphone only")
    banner = late.get_by_test_id("banner")
    expect(banner).to_contain_text("The server is full right now")
    expect(banner).to_contain_text(re.compile(r"kept on this device; trying again in \d+ s"))
    expect(late.get_by_test_id("segment")).to_have_count(0)
    stop(ines)
