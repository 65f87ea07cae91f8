"""Where utterances begin and end."""

import itertools

import numpy as np
import pytest

from transcription.endpointing import (
    FRAME,
    Ended,
    Endpointer,
    Reads,
    Rules,
    best_pause,
    reading,
)


def run(pcm, samples, offset=0, rules=None):
    endpointer = Endpointer(offset=offset, rules=rules or Rules())
    events, settled = [], [endpointer.settled]
    for first in range(0, len(pcm), samples * 2):
        events += endpointer.accept(pcm[first : first + samples * 2])
        settled.append(endpointer.settled)
    events += endpointer.flush()
    settled.append(endpointer.settled)
    return events, settled


def utterances(events):
    return [event for event in events if isinstance(event, Ended)]


@pytest.fixture(scope="module")
def turns(interview):
    audio, turns = interview
    return audio["interviewer"], [t for t in turns if t["speaker"] == "interviewer"]


def test_it_finds_the_turns_of_a_speaker(turns):
    pcm, expected = turns
    found = utterances(run(pcm, 1600)[0])
    assert len(found) == len(expected)
    for utterance, turn in zip(found, expected, strict=True):
        assert utterance.speech_start / 16_000 == pytest.approx(turn["start"], abs=0.2)
        assert utterance.speech_end / 16_000 == pytest.approx(turn["end"], abs=0.2)
        assert utterance.start <= utterance.speech_start < utterance.speech_end <= utterance.end


@pytest.mark.parametrize("samples", [1, 320, 511, 16_000])
def test_it_does_not_depend_on_the_chunk_size(turns, samples):
    pcm = turns[0][: (6 if samples > 1 else 2) * 32_000]
    assert run(pcm, samples)[0] == run(pcm, 1600)[0]


def test_it_shifts_every_position_by_the_offset(turns):
    pcm = turns[0][: 6 * 32_000]
    plain, shifted = run(pcm, 1600)[0], run(pcm, 1600, offset=123_457)[0]
    assert [(e.start, e.end, e.speech_start, e.speech_end) for e in shifted] == [
        tuple(v + 123_457 for v in (e.start, e.end, e.speech_start, e.speech_end)) for e in plain
    ]


@pytest.fixture(scope="module")
def runs(interview):
    """Give audio, events and settled positions of both roles."""
    return [(pcm, *run(pcm, 1600)) for pcm in interview[0].values()]


def test_it_settles_monotonously_and_never_inside_an_utterance(runs):
    for pcm, events, settled in runs:
        assert all(a <= b for a, b in itertools.pairwise(settled))
        assert settled[-1] == len(pcm) // 2
        for utterance in utterances(events):
            assert not any(utterance.start < s < utterance.end for s in settled)


def test_it_keeps_utterances_apart(runs):
    for _, events, _ in runs:
        found = utterances(events)
        assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("kind", ["silence", "noise", "hum"])
def test_it_hears_no_speech_where_there_is_none(tone, kind):
    events, settled = run(tone(kind, 5, level=200), 1600)
    assert events == []
    assert settled[-2] > 4 * 16_000


def test_it_asks_silero_about_few_frames_of_a_quiet_room(tone, monkeypatch):
    endpointer = Endpointer()
    asked = []
    judge = endpointer._activity._silero.probability
    monkeypatch.setattr(
        endpointer._activity,
        "_silero",
        type("Counting", (), {"probability": lambda _, x: asked.append(1) or judge(x)})(),
    )
    endpointer.accept(tone("noise", 30, level=30))
    assert len(asked) < 30 * 16_000 / FRAME / 10


def test_it_hears_speech_that_follows_a_quiet_room(turns, tone):
    pcm, expected = turns
    quiet = tone("noise", 20, level=20)
    found = utterances(run(quiet + pcm[: 6 * 32_000], 1600)[0])
    assert found[0].speech_start / 16_000 == pytest.approx(20 + expected[0]["start"], abs=0.2)


def test_it_cuts_unbroken_speech_at_a_pause_and_loses_no_sample(turns):
    speech = np.frombuffer(turns[0], "<i2")[int(0.6 * 16_000) : int(2.0 * 16_000)]
    pcm = np.tile(speech, 30).tobytes()
    rules = Rules(cap_frames=200, soft_cap_frames=10_000, end_frames=60, pause_frames=50)
    found = utterances(run(pcm, 1600, rules=rules)[0])
    assert len(found) > 3
    assert all(u.end - u.start <= 200 * FRAME for u in found)
    assert all(a.end == b.start for a, b in itertools.pairwise(found))


def test_it_ends_a_long_utterance_at_a_shorter_pause(interview):
    pcm = interview[0]["candidate"][: 22 * 32_000]  # one turn with a pause after ten seconds
    patient = utterances(run(pcm, 1600, rules=Rules(soft_cap_frames=10_000))[0])
    usual = utterances(run(pcm, 1600)[0])
    assert len(patient) == 1
    assert len(usual) == 2
    assert usual[0].speech_start == patient[0].speech_start
    assert usual[1].speech_end == patient[0].speech_end


def test_best_pause_is_in_the_middle_of_the_longest_silence_of_the_later_half():
    probabilities = [1.0] * 100
    probabilities[20:30] = [0.0] * 10
    probabilities[70:76] = [0.1] * 6
    assert 71 <= best_pause(probabilities) <= 75


def test_flush_ends_the_open_utterance_with_the_last_sample(turns):
    pcm = turns[0][: 3 * 32_000 + 500]
    events, settled = run(pcm, 1600)
    last = utterances(events)[-1]
    assert last.end <= len(pcm) // 2 == settled[-1]
    assert last.speech_end > 2.5 * 16_000


def test_flush_of_nothing_gives_nothing():
    endpointer = Endpointer(offset=77)
    assert endpointer.flush() == []
    assert endpointer.settled == 77


@pytest.mark.parametrize(
    ("reads", "silence_s"),
    [(Reads.FINISHED, 0.45), (Reads.UNKNOWN, 0.61), (Reads.UNFINISHED, 1.09)],
)
def test_how_the_words_read_says_how_long_a_pause_ends_them(turns, reads, silence_s):
    pcm = turns[0][: round(5.2 * 16_000) * 2] + bytes(3 * 32_000)
    asked = []
    endpointer = Endpointer(judge=lambda pause: asked.append(pause) or reads)
    for first in range(0, len(pcm), 1024):
        ended = utterances(endpointer.accept(pcm[first : first + 1024]))
        if ended and ended[0].speech_end > 4.5 * 16_000:
            break
    waited = (endpointer.position - ended[0].speech_end) / 16_000
    assert waited == pytest.approx(silence_s, abs=0.04)
    assert (asked[-1].start, asked[-1].end) == (ended[0].start, ended[0].end)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("Yes.", Reads.FINISHED),
        ("Two years.", Reads.FINISHED),
        ("What did you work on?", Reads.FINISHED),
        ("네, 알겠습니다.", Reads.FINISHED),
        ("I think so.", Reads.UNKNOWN),
        ("so we moved it", Reads.UNKNOWN),
        ("", Reads.UNKNOWN),
        ("We used Lambda and.", Reads.UNFINISHED),
        ("It was slow because", Reads.UNFINISHED),
        ("Before that,", Reads.UNFINISHED),
        ("If many keys...", Reads.UNFINISHED),
        ("Um.", Reads.UNFINISHED),
    ],
)
def test_it_reads_whether_a_sentence_is_finished(text, reads):
    assert reading(text, "en") is reads
