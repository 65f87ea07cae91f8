"""Two passes: one engine shows words and endpoints, Whisper writes the final text."""

import pytest

from transcription.engines.base import Hypothesis
from transcription.engines.scripted import ScriptedEngine
from transcription.engines.two_pass import TwoPassEngine
from transcription.engines.vosk import VoskEngine

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def engine(whisper):
    """Stream what a weak English model might hear of the first two questions."""
    script = (
        (
            5.2,
            "thanks for drawing us today could you tell me a bout your experience with eight of us",
        ),
    )
    return TwoPassEngine(ScriptedEngine(script), whisper)


def test_partials_come_from_the_first_pass_and_the_final_from_whisper(
    engine, interview, glossary, play
):
    audio = interview[0]["interviewer"][: 7 * 32_000]
    recognizer = engine.recognizer(language="en", glossary=glossary)
    out = play(recognizer, audio)
    assert [h.final for h in out].count(True) == 1
    assert out[-2].text.endswith("your experience with eight of")
    assert out[-1].text.endswith("your experience with AWS?")
    assert {h.engine for h in out} == {"two_pass"}
    assert " ".join(word.text for word in out[-1].words) == out[-1].text
    assert recognizer.settled == 7 * 16_000


def test_positions_start_at_the_offset(whisper, interview, play):
    script = ((105.2, "thanks for drawing us"),)
    engine = TwoPassEngine(ScriptedEngine(script), whisper)
    audio = interview[0]["interviewer"][: 6 * 32_000]
    recognizer = engine.recognizer(language="en", offset=100 * 16_000)
    final = play(recognizer, audio)[-1]
    assert 103 * 16_000 < final.start < final.end <= 105.2 * 16_000 + 1


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [("yes of course", 0.9, True), ("yes of course", 0.5, False), ("huh", 1.0, False)],
)
def test_words_that_whisper_does_not_hear_count_only_if_the_first_pass_is_sure(
    whisper, tone, play, text, confidence, kept
):
    class Streaming:
        name = "streaming"
        settled = 0

        def recognizer(self, *, language, glossary=(), offset=0):
            return self

        def accept(self, pcm, *, partials=True):
            return []

        def flush(self):
            return [Hypothesis(text, 16_000, 32_000, final=True, confidence=confidence)]

        def close(self):
            pass

    recognizer = TwoPassEngine(Streaming(), whisper).recognizer(language="en")
    out = play(recognizer, tone("noise", 3, 300))
    assert [h.text for h in out] == [text if kept else ""]
    assert out[0].final


def test_it_joins_real_vosk_and_whisper(korean_model, whisper, korean, play, tmp_path):
    engine = TwoPassEngine(VoskEngine(korean_model, cache_dir=tmp_path), whisper)
    recognizer = engine.recognizer(language="ko")
    out = play(recognizer, korean[0][: 8 * 32_000])
    recognizer.close()
    finals = [h for h in out if h.final]
    assert len(finals) == 2
    assert "컴퓨터를 공부" in finals[1].text
    assert any(not h.final for h in out[: out.index(finals[1])])
    assert finals[0].end <= finals[1].start
    assert recognizer.settled == 8 * 16_000
