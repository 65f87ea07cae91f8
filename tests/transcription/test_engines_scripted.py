"""The scripted engine says its lines by sample position."""

import itertools

import pytest

from transcription.engines.base import Engine, Recognizer
from transcription.engines.scripted import ScriptedEngine

SCRIPT = ((2.0, "good morning everybody"), (5.0, "shall we begin"))


@pytest.fixture
def engine() -> Engine:
    return ScriptedEngine(SCRIPT)


def finals(out):
    return [(h.text, h.start, h.end) for h in out if h.final]


def test_it_grows_partials_and_then_says_the_line(engine, play):
    recognizer: Recognizer = engine.recognizer(language="en")
    out = play(recognizer, bytes(6 * 32_000))
    first = [h.text for h in out if h.start < 32_000]
    assert first == ["good", "good morning", "good morning everybody"]
    assert [h.final for h in out if h.start < 32_000] == [False, False, True]
    assert [f[0] for f in finals(out)] == ["good morning everybody", "shall we begin"]
    assert [f[2] for f in finals(out)] == [32_000, 80_000]


@pytest.mark.parametrize("chunk_s", [0.02, 0.1, 1.0, 10.0])
def test_finals_do_not_depend_on_the_chunk_size(engine, play, chunk_s):
    audio = bytes(6 * 32_000)
    usual = finals(play(engine.recognizer(language="en"), audio))
    assert finals(play(engine.recognizer(language="en"), audio, chunk_s)) == usual


def test_words_cover_the_line_in_order(engine, play):
    for final in play(engine.recognizer(language="en"), bytes(6 * 32_000)):
        assert " ".join(word.text for word in final.words) == final.text
        assert all(a.end == b.start for a, b in itertools.pairwise(final.words))


def test_it_resumes_at_any_settled_sample_without_loss_or_repeat(engine, play):
    audio = bytes(6 * 32_000)
    whole = finals(play(engine.recognizer(language="en"), audio))
    for stop in range(0, 6 * 16_000, 4_000):
        first = engine.recognizer(language="en")
        heard = finals(first.accept(audio[: stop * 2]))
        second = engine.recognizer(language="en", offset=first.settled)
        assert heard + finals(play(second, audio[first.settled * 2 :])) == whole


def test_flush_says_what_was_spoken_of_the_line(engine):
    recognizer = engine.recognizer(language="en")
    recognizer.accept(bytes(round(1.7 * 32_000)), partials=False)
    assert [h.text for h in recognizer.flush()] == ["good morning"]
    assert recognizer.settled == round(1.7 * 16_000)


def test_it_leaves_partials_out_on_request(engine):
    recognizer = engine.recognizer(language="en")
    assert recognizer.accept(bytes(round(1.7 * 32_000)), partials=False) == []
