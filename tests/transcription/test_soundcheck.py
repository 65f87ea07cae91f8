"""The test sentence: what is understood is answered, and nothing of it is kept."""

import json
import logging

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests import environment
from transcription import soundcheck, speech, streams
from transcription.admission import Busy
from transcription.audio import decode_file
from transcription.models import Segment, Stream

pytestmark = pytest.mark.django_db

URL = "/api/v1/sound-check/?language=en"
SECOND = bytes(32_000)


@pytest.fixture
def olga(cast):
    cache.clear()
    client = Client()
    client.force_login(cast.olga)
    return client


@pytest.fixture
def scripted(settings, tmp_path):  # replaces the one of the same name, which says a fixed script
    """The scripted engine says what it is told at the end of the second second."""

    def says(text: str) -> None:
        script = tmp_path / "script.json"
        script.write_text(json.dumps([[2, text]]))
        settings.INTERVIEW_ENGINES = {"en": "scripted"}
        settings.INTERVIEW_SCRIPT = str(script)
        speech.engine_config.cache_clear()

    yield says
    speech.engine_config.cache_clear()


def send(client: Client, sound: bytes, url: str = URL):
    return client.post(url, sound, content_type="application/octet-stream")


def test_it_tells_which_words_of_the_sentence_were_understood(olga, scripted):
    scripted("thanks for joining us today could you tell me about your experiments at work")
    answer = send(olga, 4 * SECOND).json()
    assert answer["engine"] == "scripted"
    assert [w["t"] for w in answer["sentence"] if not w["heard"]] == ["experience"]
    assert 0.9 < answer["matched"] < 1
    assert answer["words"][0] == {"t": "thanks", "c": 1.0}
    assert answer["text"].endswith("at work")


def test_silence_is_understood_as_nothing(olga, scripted):
    scripted("never said")
    answer = send(olga, SECOND).json()
    assert (answer["text"], answer["matched"]) == ("", 0.0)


def test_nothing_of_it_is_kept(olga, scripted, caplog):
    scripted("canaries sing at work")
    with caplog.at_level(logging.DEBUG):
        assert "canaries" in send(olga, 4 * SECOND).json()["text"]
    assert "canaries" not in caplog.text
    assert not Segment.objects.exists()
    assert not Stream.objects.exists()


@pytest.mark.parametrize(
    ("sound", "language", "status", "code"),
    [
        (bytes(soundcheck.MOST_BYTES + 2), "en", 413, "too_large"),
        (bytes(1000), "en", 400, "bad_sound"),
        (SECOND + b"x", "en", 400, "bad_sound"),
        (b"", "en", 400, "bad_sound"),
        (SECOND, "xx", 400, "language_off"),
        (SECOND, "", 400, "language_off"),
    ],
)
def test_what_is_no_test_is_refused(olga, scripted, sound, language, status, code):
    scripted("words")
    answer = send(olga, sound, f"/api/v1/sound-check/?language={language}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_one_person_has_one_at_a_time_and_a_few_a_minute(olga, cast, scripted, monkeypatch):
    scripted("words")
    assert send(olga, SECOND).status_code == 200
    inside = []

    def again() -> None:
        inside.append(send(olga, SECOND).status_code)
        monkeypatch.setattr(streams, "admit_another", lambda: None)

    monkeypatch.setattr(streams, "admit_another", again)
    assert send(olga, SECOND).status_code == 200
    assert inside == [429]
    answers = {send(olga, SECOND).status_code for _ in range(soundcheck.PER_MINUTE)}
    assert answers == {200, 429}


def test_interviews_under_way_come_first(olga, scripted, monkeypatch):
    scripted("words")

    def full() -> None:
        raise Busy(5)

    monkeypatch.setattr(streams, "admit_another", full)
    answer = send(olga, SECOND)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    monkeypatch.undo()
    assert send(olga, SECOND).status_code == 200  # the place was given back


def test_who_may_hold_no_interviews_checks_nothing(cast, scripted):
    scripted("words")
    for person, status in ((cast.vic, 404), (cast.sam, 200)):
        client = Client()
        client.force_login(person)
        assert send(client, SECOND).status_code == status
        page = client.get("/sessions/check/")
        assert page.status_code == status
    assert soundcheck.sentence("en") in page.content.decode()


def test_real_speech_is_understood(olga):
    environment.require_speech()
    recording = decode_file(settings.BASE_DIR / "static/sample/interview_stereo.flac")
    sound = b"".join(channels[0] for channels in recording)[: 6 * 32_000]
    answer = send(olga, sound).json()
    assert answer["matched"] >= 0.75, answer
    assert answer["words"][0]["c"] > 0
