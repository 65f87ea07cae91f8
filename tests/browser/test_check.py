"""The device check in real Chromium: level, test sentence, and the way on where one is needed."""

import re
import wave

import pytest
from playwright.sync_api import expect

from tests import environment, product
from transcription.audio import decode_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

REFUSED = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "{name}"));
"""
RECORDED = """bar => new Promise((done) => {
  const look = () => (bar.value > 1.5 ? done() : requestAnimationFrame(look));  // seconds
  look();
})"""


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """The interviewer of the bundled interview, from the first word on, as a wav file."""
    recording = decode_file(product.ROOT / "static/sample/interview_stereo.flac")
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        pcm = b"".join(channels[0] for channels in recording)
        file.writeframes((pcm[: 6 * 32_000] + bytes(32_000)) * 4)
    return path


def test_a_voice_is_heard_and_understood(launch, sign_in, voice, problems):
    environment.require_speech()
    page = sign_in(launch(voice), "ines@northwind.example")
    page.get_by_role("link", name="Check your sound").click()
    page.get_by_role("button", name="Use the microphone").click()
    expect(page.get_by_test_id("mic-verdict")).to_have_text("Your microphone is heard well.")
    page.get_by_test_id("say").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    verdict = page.get_by_test_id("understood-verdict")
    expect(verdict).to_have_attribute("data-state", "", timeout=15_000)  # it is being recognized
    # The fake microphone repeats the sentence: a recording may begin in its middle.
    expect(verdict).to_have_attribute("data-state", re.compile("good|fair"), timeout=30_000)
    expect(page.get_by_test_id("understood")).to_be_focused()
    expect(page.locator("#understood-text")).to_contain_text(re.compile("joining|tell me", re.I))
    page.get_by_role("link", name="Back to the interviews").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert not problems


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NotAllowedError", "was not allowed to use the microphone"),
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_a_microphone_that_cannot_be_opened_says_how_to_go_on(
    browser, sign_in, problems, name, says
):
    page = sign_in(browser, "ines@northwind.example")
    page.add_init_script(REFUSED.replace("{name}", name))
    page.goto("/sessions/check/")
    page.get_by_test_id("mic-open").click()
    expect(page.get_by_test_id("mic-verdict")).to_contain_text(says)
    expect(page.get_by_test_id("mic-verdict")).to_be_focused()
    expect(page.get_by_test_id("say")).to_be_disabled()
    expect(page.get_by_test_id("mic-open")).to_be_visible()
    assert not problems


def test_silence_is_told_from_a_voice(launch, sign_in, tmp_path, problems):
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(20 * 32_000))
    page = sign_in(launch(path), "ines@northwind.example")
    page.goto("/sessions/check/")
    page.get_by_test_id("mic-open").click()
    expect(page.get_by_test_id("mic-verdict")).to_contain_text("Nothing is heard")
    page.get_by_test_id("say").click()
    page.get_by_role("progressbar").evaluate(RECORDED)
    page.get_by_test_id("say").click()  # done already
    expect(page.get_by_test_id("understood-verdict")).not_to_have_attribute("data-state", "good")
    assert not problems
