"""An interview in real Chromium, as the people in it see it."""

import json
import re
import wave

import pytest
from playwright.sync_api import Page, expect

from tests import product
from tests.environment import require_speech
from transcription.audio import decode_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SLOW = 60_000  # ms: words come after they were spoken
CREATE = """
from accounts.models import User
from accounts.queries import active_membership
from sessions import access, services
owner = User.objects.get(email="ines@northwind.example")
session = services.create_session(
    owner=owner, organization=active_membership(owner).organization, title={title!r},
    job="Backend engineer: AWS, Django, PostgreSQL, Redis", is_sample=True,
)
access.share(session=session, colleague=User.objects.get(email="sam@northwind.example"))
print(session.pk)
"""
STRANGER = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
elsewhere = create_organization(name="Elsewhere", slug="elsewhere")
user = User.objects.create_user("otto@elsewhere.example", "interview-demo", name="Otto")
add_member(organization=elsewhere, user=user, role=Role.ADMIN)
"""


@pytest.fixture(scope="module", autouse=True)
def _speech():
    require_speech()


@pytest.fixture
def ready(served):
    """A ready interview of Ines, shared with Sam; gives the path of its page."""
    return f"/sessions/{product.run(CREATE.format(title='Browser test'), env=served[1])}/"


@pytest.fixture(scope="session")
def channels(tmp_path_factory):
    """The beginning of the bundled interview: interviewer and candidate, a wav file each."""
    place = tmp_path_factory.mktemp("audio")
    recording = list(decode_file(product.ROOT / "static/sample/interview_stereo.flac"))
    paths = []
    for i, role in enumerate(("interviewer", "candidate")):
        pcm = b"".join(chunk[i] for chunk in recording)
        paths.append(place / f"{role}.wav")
        with wave.open(str(paths[-1]), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            out.writeframes(pcm[: 20 * 32_000])
    return paths


# Chromium has one fake sound for all tabs; this one plays a file instead.
SHARE = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const context = new AudioContext();
  const sound = await (await fetch("/candidate.wav")).arrayBuffer();
  const source = new AudioBufferSourceNode(context, {
    buffer: await context.decodeAudioData(sound),
  });
  const shared = context.createMediaStreamDestination();
  source.connect(shared);
  source.start();
  return shared.stream;
};
"""


def consent(page: Page) -> None:
    page.get_by_test_id("consent-button").click()
    expect(page.get_by_test_id("start-button")).to_be_enabled()


def lines(page: Page, role: str | None = None):
    shown = page.get_by_test_id("segment")
    return page.locator(f'[data-testid="segment"][data-role="{role}"]') if role else shown


def seen(page: Page) -> dict[str, list[str]]:
    """Return the ids of what the page shows."""
    return {
        kind: sorted(
            page.get_by_test_id(kind).evaluate_all("all => all.map(one => one.dataset.id)")
        )
        for kind in ("segment", "card")
    }


def cards(page: Page, tab: str):
    return page.get_by_test_id(f"panel-{tab}").get_by_test_id("card")


def stop(page: Page) -> None:
    page.get_by_test_id("stop-button").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("End")).click()
    page.wait_for_url("**/review/", timeout=SLOW)
    page.goto(page.url.removesuffix("review/"))
    expect(page.get_by_test_id("record-state")).to_contain_text("Ended", timeout=SLOW)


def test_the_sample_interview_is_seen_by_owner_and_colleague_alike(
    browser, launch, sign_in, ready, problems
):
    ines = sign_in(browser, "ines@northwind.example")
    ines.goto(ready)
    expect(ines.get_by_test_id("start-button")).to_be_disabled()
    sam = sign_in(launch(), "sam@northwind.example")
    sam.goto(ready)
    expect(sam.get_by_test_id("start-button")).to_have_count(0)

    consent(ines)
    ines.get_by_test_id("sample-button").click()
    expect(ines.get_by_test_id("partial").filter(has_text=re.compile(r"\w")).first).to_be_visible(
        timeout=SLOW
    )
    for page in (ines, sam):
        expect(lines(page, "interviewer").first).to_contain_text("Thanks for joining", timeout=SLOW)
        answer = lines(page, "candidate").filter(has_text="AWS")
        expect(answer.first).to_be_visible(timeout=SLOW)
        expect(cards(page, "questions").first).to_be_attached(timeout=SLOW)
        expect(cards(page, "insights").first).to_be_attached(timeout=SLOW)
    expect(ines.get_by_test_id("word-delay")).to_contain_text("s")

    stop(ines)
    expect(sam.get_by_test_id("record-state")).to_contain_text("Ended", timeout=SLOW)
    expect(ines.get_by_test_id("partial").filter(has_text=re.compile(r"\w"))).to_have_count(0)

    ines.reload()
    sam.reload()
    expect(lines(ines).first).to_be_visible()
    expect(lines(sam).first).to_be_visible()
    assert seen(ines) == seen(sam)
    assert seen(ines)["segment"]
    assert problems == []


def test_microphone_and_call_tab_become_two_roles_and_cards_that_a_reload_keeps(
    served, launch, browser, sign_in, ready, channels, problems
):
    interviewer, candidate = channels
    ines = sign_in(launch(interviewer), "ines@northwind.example")
    ines.route("**/candidate.wav", lambda route: route.fulfill(path=candidate))
    ines.add_init_script(SHARE)
    ines.goto(ready)
    consent(ines)
    ines.get_by_label("Call in a browser tab").check(force=True)
    ines.get_by_test_id("start-button").click()
    expect(lines(ines, "interviewer").first).to_contain_text("joining", timeout=SLOW)
    answer = lines(ines, "candidate").filter(has_text=re.compile("AWS|EC2"))
    expect(answer.first).to_be_visible(timeout=SLOW)
    expect(ines.get_by_test_id("card").first).to_be_attached(timeout=SLOW)
    stop(ines)
    before = seen(ines)
    assert before["segment"]
    assert before["card"]
    ines.reload()
    expect(lines(ines).first).to_be_visible()
    assert seen(ines)["segment"] == before["segment"]
    assert set(seen(ines)["card"]) >= set(before["card"]) - _superseded(ines)

    product.run(STRANGER, env=served[1])
    otto = sign_in(browser, "otto@elsewhere.example")
    assert otto.goto(ready).status == 404
    expect(otto.get_by_test_id("segment")).to_have_count(0)
    snapshot = f"/api/v1{ready}snapshot/"
    assert otto.request.get(snapshot).status == 404
    assert [p for p in problems if "404" not in p] == []


def _superseded(page: Page) -> set[str]:
    """Return the cards that the trailing analysis replaced since the page was left."""
    answer = page.request.get(f"/api/v1/sessions/{page.url.split('/sessions/')[1]}snapshot/")
    insights = json.loads(answer.text())["insights"]
    return {card["id"] for card in insights if card["state"] == "superseded"}


def test_somebody_who_is_not_signed_in_is_asked_to(browser, url, ready):
    page = browser.new_page()
    page.goto(f"{url}{ready}")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/sessions/"))


def test_a_wrong_password_is_told_in_words(browser, url):
    page = browser.new_page()
    page.goto(url)
    page.get_by_label("E-mail").fill("ines@northwind.example")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_test_id("login-form").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
