"""A recording sent from a real browser becomes an interview."""

import re
import wave

import pytest
from playwright.sync_api import expect

from tests import product
from tests.environment import require_speech
from transcription.audio import decode_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SECONDS = 14
SLOW = 60_000  # ms


@pytest.fixture
def recorded(tmp_path):
    """The beginning of the bundled interview as a wav of two channels: two parts."""
    path = tmp_path / "call.wav"
    blocks = list(decode_file(product.ROOT / "static/sample/interview_stereo.flac"))
    left, right = (b"".join(block[channel] for block in blocks) for channel in (0, 1))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16_000)
        for at in range(0, SECONDS * 32_000, 2):
            out.writeframesraw(left[at : at + 2] + right[at : at + 2])
    return path


def test_a_recording_is_sent_over_a_broken_connection_and_written_down(
    browser, sign_in, recorded, tmp_path, problems
):
    require_speech()
    page = sign_in(browser, "ines@northwind.example")
    page.get_by_test_id("upload-link").click()
    page.wait_for_load_state()  # the page's modules are there

    page.get_by_test_id("upload-button").click()
    for said in ("Choose the recording first", "Give the interview a title", "Say how the cand"):
        expect(page.get_by_test_id("upload-form")).to_contain_text(said)
    title = page.get_by_label("Title")
    expect(page.get_by_test_id("upload-file")).to_be_focused()
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description("Give the interview a title.")
    title.fill("A")
    expect(title).to_have_attribute("aria-invalid", "false")
    no_audio = tmp_path / "notes.wav"
    no_audio.write_text("not a sound " * 20_000)
    page.get_by_test_id("upload-file").set_input_files(no_audio)
    page.get_by_label("Title").fill("A recorded call")
    page.get_by_label("Written").check()
    page.get_by_test_id("upload-button").click()
    expect(page.get_by_test_id("upload-error")).to_contain_text("no recording")
    expect(page.get_by_test_id("upload-error")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_value("A recorded call")

    failures = iter([True, False, True])
    page.route(
        "**/content/**",
        lambda route: route.abort() if next(failures, False) else route.continue_(),
    )
    page.get_by_test_id("upload-file").set_input_files(recorded)
    page.get_by_test_id("upload-button").click()
    expect(page.get_by_test_id("sending-pause")).to_contain_text("by itself")
    expect(page.get_by_test_id("sending").get_by_role("progressbar")).to_be_visible()
    page.wait_for_url(re.compile(r"/sessions/[0-9a-f-]{36}/"), timeout=SLOW)

    expect(page.locator("h1")).to_contain_text("A recorded call")
    expect(page.get_by_test_id("record-state")).to_contain_text("Ended", timeout=SLOW)
    expect(page.get_by_test_id("progress")).to_be_hidden()
    interviewer = page.locator('[data-testid="segment"][data-role="interviewer"]')
    candidate = page.locator('[data-testid="segment"][data-role="candidate"]')
    expect(interviewer.first).to_contain_text("Thanks for joining")
    expect(candidate.filter(has_text="AWS").first).to_be_visible()
    told = [problem for problem in problems if "ERR_FAILED" not in problem and "415" not in problem]
    assert told == []


def test_sending_and_writing_down_can_be_cancelled(browser, sign_in, recorded, url, problems):
    page = sign_in(browser, "ines@northwind.example")
    page.goto("/sessions/upload/")
    page.get_by_test_id("upload-file").set_input_files(recorded)
    page.get_by_label("Title").fill("A call nobody wants")
    page.get_by_role("radio", name="Spoken").check()
    page.route("**/content/**", lambda route: route.abort())  # never arrives
    page.get_by_test_id("upload-button").click()
    expect(page.get_by_test_id("sending-pause")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        page.get_by_test_id("sending-cancel").click()
    assert deleted.value.status == 204
    expect(page.get_by_test_id("upload-form")).to_be_visible()
    expect(page.get_by_test_id("upload-file")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_value("A call nobody wants")
    page.goto("/sessions/")
    expect(page.get_by_text("A call nobody wants")).to_have_count(0)
    assert [problem for problem in problems if "ERR_FAILED" not in problem] == []
