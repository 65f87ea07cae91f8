"""Vosk really streams, shown with the Korean model of the package registry."""

import itertools
import json

import pytest

from transcription.engines.base import EngineUnavailable
from transcription.engines.vosk import ENDPOINT_RULES, VoskEngine, with_rules

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def vosk(korean_model, tmp_path_factory):
    engine = VoskEngine(korean_model, cache_dir=tmp_path_factory.mktemp("linked"))
    engine.warm()
    return engine


@pytest.fixture(scope="module")
def heard(vosk, korean):
    """Play the recording in 100 ms chunks; give what came and the settled positions."""
    recognizer = vosk.recognizer(language="ko")
    out, settled = [], [recognizer.settled]
    for first in range(0, len(korean[0]), 3200):
        out += recognizer.accept(korean[0][first : first + 3200])
        settled.append(recognizer.settled)
    out += recognizer.flush()
    settled.append(recognizer.settled)
    recognizer.close()
    return out, settled


def test_it_shows_growing_partials_before_each_final(heard):
    groups = [
        list(group) for final, group in itertools.groupby(heard[0], lambda h: h.final) if not final
    ]
    assert len(groups) >= 3
    for group in groups:
        assert len(group[-1].text) >= len(group[0].text)
        assert all(a.text != b.text for a, b in itertools.pairwise(group))
    assert sum(len(group) > 1 for group in groups) >= 3


def test_it_hears_the_sentences(heard, korean, error_rate):
    finals = [h for h in heard[0] if h.final]
    text = " ".join(h.text for h in finals)
    assert len(finals) >= 4
    assert "컴퓨터" in text
    assert error_rate("".join(korean[1]), text, characters=True) < 0.3


def test_words_have_times_in_order_within_their_final(heard):
    finals = [h for h in heard[0] if h.final]
    for final in finals:
        assert " ".join(word.text for word in final.words) == final.text
        edges = [edge for word in final.words for edge in (word.start, word.end)]
        assert edges == sorted(edges)
        assert (edges[0], edges[-1]) == (final.start, final.end)
        assert all(0 <= word.confidence <= 1 for word in final.words)
    assert all(a.end <= b.start for a, b in itertools.pairwise(finals))


def test_it_settles_monotonously_and_to_the_last_sample(heard, korean):
    out, settled = heard
    assert settled == sorted(settled)
    assert settled[-1] == len(korean[0]) // 2
    for final in (h for h in out if h.final):
        assert not any(final.start < s < final.end for s in settled)


def test_positions_start_at_the_offset_also_on_a_used_recognizer(vosk, heard, korean, play):
    first_final = next(h for h in heard[0] if h.final)
    recognizer = vosk.recognizer(language="ko", offset=50_000)
    out = play(recognizer, korean[0][: 6 * 32_000], 0.25)
    recognizer.close()
    shifted = next(h for h in out if h.final)
    assert shifted.start - 50_000 == pytest.approx(first_final.start, abs=1600)
    assert shifted.end - 50_000 == pytest.approx(first_final.end, abs=1600)


def test_a_pooled_recognizer_has_forgotten_the_stream_before(vosk, korean, play):
    used = vosk.recognizer(language="ko")
    used.accept(korean[0][: 4 * 32_000])  # in the middle of a sentence
    used.close()
    recognizer = vosk.recognizer(language="ko")
    assert play(recognizer, bytes(3 * 32_000)) == []
    recognizer.close()


def test_it_keeps_time_and_words_when_recognizers_are_recycled(korean_model, korean, play):
    engine = VoskEngine(korean_model, recycle_after_s=5)
    recognizer = engine.recognizer(language="ko")
    audio = korean[0][: 12 * 32_000]
    finals = [h for h in play(recognizer, audio) if h.final]
    recognizer.close()
    assert "컴퓨터" in " ".join(h.text for h in finals)
    assert all(a.end <= b.start for a, b in itertools.pairwise(finals))
    assert finals[-1].end <= len(audio) // 2
    assert finals[-1].start / 16_000 == pytest.approx(8.3, abs=0.3)  # after two recyclings


def test_silence_and_close_give_nothing(vosk, tone, play):
    recognizer = vosk.recognizer(language="ko")
    assert play(recognizer, tone("silence", 6)) == []
    assert recognizer.settled == 6 * 16_000
    recognizer.close()
    recognizer.close()


def test_it_sets_quicker_endpoints_in_a_linked_copy(korean_model, tmp_path):
    linked = with_rules(korean_model, tmp_path)
    conf = (linked / "conf" / "model.conf").read_text()
    assert linked != korean_model
    for rule, value in ENDPOINT_RULES.items():
        assert conf.count(rule) == 1
        assert f"{rule}={value}\n" in conf
    assert (linked / "conf" / "mfcc.conf").read_bytes() == (
        korean_model / "conf" / "mfcc.conf"
    ).read_bytes()
    assert (linked / "am").resolve() == (korean_model / "am").resolve()
    assert with_rules(korean_model, tmp_path) == linked


def test_it_says_what_to_do_without_a_model(tmp_path):
    with pytest.raises(EngineUnavailable, match="download_model"):
        VoskEngine(tmp_path / "none").warm()
    (tmp_path / "bad" / "am").mkdir(parents=True)
    (tmp_path / "bad" / "am" / "final.mdl").write_bytes(json.dumps({}).encode())
    with pytest.raises(EngineUnavailable, match="damaged"):
        VoskEngine(tmp_path / "bad").warm()


def test_silence_does_not_reach_kaldi_and_positions_stay_exact(vosk, heard, korean, tone):
    first = next(h for h in heard[0] if h.final)
    recognizer = vosk.recognizer(language="ko")
    decoder = recognizer._required()
    fed = decoder.fed
    out = recognizer.accept(tone("noise", 20, 20))
    assert decoder.fed - fed < 16_000
    assert 18 * 16_000 < recognizer.settled <= 20 * 16_000
    out += recognizer.accept(korean[0][: 4 * 32_000])
    out += recognizer.flush()
    recognizer.close()
    final = next(h for h in out if h.final)
    assert final.start - 20 * 16_000 == pytest.approx(first.start, abs=3200)
    assert recognizer.settled == 24 * 16_000


def test_the_first_words_do_not_depend_on_the_chunk_size(vosk, korean, play):
    found = []
    for chunk_s in (0.02, 1.0):
        recognizer = vosk.recognizer(language="ko")
        out = play(recognizer, korean[0][: 3 * 32_000], chunk_s)
        recognizer.close()
        found.append(next(h for h in out if h.final))
    assert found[0].text == found[1].text
    assert found[0].start == pytest.approx(found[1].start, abs=800)
