"""Sharing in real Chromium: a colleague comes, writes, and is gone again."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests import product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

QUICK = 2_000  # ms in which access ends
CREATE = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import access, consents, notes, services
owner = User.objects.get(email="ines@northwind.example")
session = services.create_session(
    owner=owner, organization=active_membership(owner).organization, title="Shared interview",
)
consents.record_consent(session=session, noted_by=owner, method="verbal")
services.start_session(session=session)
notes.add_note(session=session, author=owner, text="Began late.")
print(session.pk)
"""

KEEP_TRACKS = """
window.tracks = [];
const media = navigator.mediaDevices;
const open = media.getUserMedia.bind(media);
media.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""


@pytest.fixture
def held(served):
    """A running interview of Ines, shared with nobody; gives the path of its page."""
    return f"/sessions/{product.run(CREATE, env=served[1])}/"


def connected(page: Page) -> Page:
    expect(page.get_by_test_id("connection")).to_contain_text("Connected")
    return page


def share(page: Page, colleague: str, level: str, until: str = "") -> None:
    """Share by the dialog, which stays open."""
    if not page.get_by_role("dialog").is_visible():
        page.get_by_role("link", name="Share").click()
    form = page.get_by_test_id("share-form")
    form.get_by_label("Colleague").select_option(label=colleague)
    form.get_by_label("Access").select_option(label=level)
    form.get_by_label("Until").fill(until)
    form.get_by_role("button", name="Share").click()
    expect(page.get_by_test_id("shares")).to_contain_text(colleague)


def change_share(page: Page, colleague: str, level: str) -> None:
    row = page.get_by_test_id("shares").get_by_role("listitem").filter(has_text=colleague)
    row.locator("summary").click()
    row.get_by_label("Access").select_option(label=level)
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("button", name="Save")).to_be_hidden()


def write_note(page: Page, text: str) -> None:
    page.get_by_label("Write a note").fill(text)
    page.get_by_label("Write a note").press("Enter")
    expect(page.get_by_test_id("notes")).to_contain_text(text)
    expect(page.get_by_label("Write a note")).to_have_value("")


def expect_nothing_but(page: Page, notice: str) -> None:
    """Expect the notice soon, and nothing else: no words, no title, not even hidden."""
    expect(page.get_by_test_id("lost")).to_contain_text(notice, timeout=QUICK)
    whole = page.content()
    for word in ("Began late.", "Shared interview", "Guide"):
        assert word not in whole


def test_a_colleague_comes_writes_and_is_gone_again(browser, sign_in, held, problems):
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(held)
    connected(ines)
    day = timezone.localdate() + timedelta(days=3)
    share(ines, "Sam Okafor", "View and comment", day.isoformat())
    row = ines.get_by_test_id("shares").get_by_role("listitem").filter(has_text="Sam")
    expect(row).to_contain_text(f"Can view and comment · until {day.day} {day:%b %Y}")

    sam = sign_in(browser, "sam@northwind.example")
    expect(sam.get_by_test_id("session-row").filter(has_text="Shared interview")).to_contain_text(
        "shared with you until"
    )
    sam.goto(held)
    connected(sam)
    expect(sam.get_by_test_id("notes")).to_contain_text("Began late.")
    write_note(sam, "Ask about <b>queues</b> & retries.")
    expect(ines.get_by_test_id("note").last).to_contain_text("Ask about <b>queues</b> & retries.")
    expect(ines.get_by_test_id("note")).to_have_count(2)
    expect(sam.get_by_test_id("note")).to_have_count(2)
    ines.reload()
    expect(ines.get_by_test_id("note")).to_have_count(2)

    ines.get_by_role("link", name="Share").click()
    row.locator("summary").click()
    row.get_by_role("button", name="Remove access").click()
    expect_nothing_but(sam, "You no longer have access to this interview")
    expect(ines.get_by_test_id("share-form").get_by_label("Colleague")).to_contain_text("Sam")
    connected(ines)
    sam.get_by_role("link", name="To your interviews").click()
    expect(sam.get_by_role("heading", name="Interviews")).to_be_visible()
    expect(sam.get_by_text("Shared interview")).to_have_count(0)
    assert [p for p in problems if "404" not in p] == []


def test_who_watches_is_seen_and_who_leaves_is_not(browser, sign_in, held, problems):
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(held)
    connected(ines)
    expect(ines.get_by_test_id("people")).to_be_hidden()
    share(ines, "Sam Okafor", "View")
    ines.keyboard.press("Escape")
    sam = sign_in(browser, "sam@northwind.example")
    sam.goto(held)
    connected(sam)
    second = sam.context.new_page()
    second.goto(held)
    people = ines.get_by_role("button", name="1 other person watches")
    expect(people).to_be_visible()
    people.click()
    expect(ines.get_by_test_id("people-list").get_by_role("listitem")).to_have_text(
        [re.compile("Ines Keller \\(you\\)"), re.compile("Sam Okafor")]
    )
    second.close()
    expect(people).to_be_visible()
    sam.goto("/sessions/")
    expect(ines.get_by_test_id("people")).to_be_hidden(timeout=5_000)
    assert problems == []


def test_a_page_follows_what_its_person_may_do(browser, sign_in, held, problems):
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(held)
    connected(ines)
    share(ines, "Sam Okafor", "View")
    sam = sign_in(browser, "sam@northwind.example")
    sam.goto(held)
    connected(sam)
    expect(sam.get_by_label("Write a note")).to_have_count(0)
    expect(sam.get_by_text("Read-only: Ines Keller holds this interview")).to_be_visible()
    change_share(ines, "Sam Okafor", "View and comment")
    expect(sam.get_by_test_id("banner")).to_contain_text("you may now write")
    connected(sam)
    write_note(sam, "From now on.")
    expect(ines.get_by_test_id("note").last).to_contain_text("From now on.")
    change_share(ines, "Sam Okafor", "View")
    expect(sam.get_by_test_id("banner")).to_contain_text("no longer write")
    expect(sam.get_by_label("Write a note")).to_have_count(0)
    expect(sam.get_by_test_id("notes")).to_contain_text("From now on.")
    assert problems == []


def test_an_end_that_is_reached_closes_the_page(served, browser, sign_in, held):
    code = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from sessions import access
owner = User.objects.get(email="ines@northwind.example")
access.share(
    session=access.get_session(owner, {session!r}),
    colleague=User.objects.get(email="sam@northwind.example"),
    until=timezone.now() + timedelta(seconds=8),
)
"""
    sam = sign_in(browser, "sam@northwind.example")
    product.run(code.format(session=held.split("/")[2]), env=served[1])
    sam.goto(held)
    connected(sam)
    expect(sam.get_by_label("Write a note")).to_have_count(0)
    expect(sam.get_by_test_id("lost")).to_contain_text("no longer have access", timeout=10_000)


def test_signing_out_elsewhere_empties_the_page_and_stops_the_recording(launch, url, sign_in, held):
    ines = sign_in(launch(), "ines@northwind.example")
    ines.add_init_script(KEEP_TRACKS)
    ines.goto(held)
    connected(ines)
    ines.get_by_label("In one room").check(force=True)
    ines.get_by_test_id("start-button").click()
    expect(ines.get_by_test_id("record-state")).to_have_text("Recording")
    assert ines.evaluate("window.tracks.map((track) => track.readyState)") == ["live"]
    other = ines.context.new_page()
    other.goto("/sessions/")
    other.get_by_role("button", name="Sign out").first.click()
    expect_nothing_but(ines, "You were signed out")
    ines.wait_for_function("window.tracks.every((track) => track.readyState === 'ended')")
    ines.get_by_role("link", name="Sign in").click()
    expect(ines).to_have_url(f"{url}/accounts/login/?next={held}")


def test_sharing_works_without_scripts(browser, sign_in, held):
    ines = sign_in(browser, "ines@northwind.example", java_script_enabled=False)
    ines.goto(held)
    ines.get_by_role("link", name="Share").click()
    form = ines.get_by_test_id("share-form")
    form.get_by_label("Colleague").select_option(label="Vera Lind")
    form.get_by_role("button", name="Share").click()
    expect(ines.get_by_text("Shared with Vera Lind.")).to_be_visible()
    ines.get_by_role("button", name="Private").click()
    expect(ines.get_by_text("cannot open it until you change that")).to_be_visible()
    expect(ines.get_by_role("button", name="Private")).to_have_attribute("aria-pressed", "true")
    ines.get_by_text("Vera Lind").first.click()
    ines.get_by_role("button", name="Remove access").click()
    expect(ines.get_by_text("No longer shared with Vera Lind.")).to_be_visible()


def close_once(page: Page, close_code: int, **message: object) -> None:
    """Let the first live socket be closed with a code, and all others through."""
    closed = []

    def handle(socket) -> None:
        if closed:
            socket.connect_to_server()
            return
        closed.append(close_code)
        if message:
            socket.send(json.dumps(message))
        socket.close(code=close_code)

    page.route_web_socket(re.compile("/live/"), handle)


def test_too_many_windows_are_told_and_tried_again(browser, sign_in, held):
    ines = sign_in(browser, "ines@northwind.example")
    close_once(ines, 4429, type="error", code="too_many", detail="Too many.", retry_after=2)
    ines.goto(held)
    expect(ines.get_by_test_id("banner")).to_contain_text("too many windows")
    expect(ines.get_by_test_id("notes")).to_contain_text("Began late.")
    connected(ines)
    expect(ines.get_by_test_id("banner")).to_be_hidden()


def test_a_page_whose_person_still_has_access_goes_on(browser, sign_in, held):
    ines = sign_in(browser, "ines@northwind.example")
    close_once(ines, 4403)
    ines.goto(held)
    connected(ines)
    expect(ines.get_by_test_id("notes")).to_contain_text("Began late.")
    expect(ines.get_by_test_id("lost")).to_have_count(0)
