"""Whisper with growing partials, on real speech."""

import itertools

import numpy as np
import pytest

from tests.evaluation import term_errors
from transcription.endpointing import Ended, Endpointer
from transcription.engines.base import EngineUnavailable
from transcription.engines.whisper import WhisperEngine
from transcription.engines.whisper_model import WhisperModel, is_speech, supports
from transcription.glossary import terms as glossary_of
from transcription.model_store import WHISPER_LANGUAGES

pytestmark = pytest.mark.speech
SIX_SECONDS = 6 * 32_000


@pytest.fixture(scope="module")
def question(interview):
    """Give the interviewer's first question with the silence around it."""
    return interview[0]["interviewer"][:SIX_SECONDS]


@pytest.fixture(scope="module")
def heard(whisper, question, glossary, play):
    return play(whisper.recognizer(language="en-US", glossary=glossary), question)


def finals(out):
    return [h for h in out if h.final]


def test_it_writes_what_was_asked(heard):
    assert [h.text for h in finals(heard)] == [
        "Thanks for joining us today. Could you tell me about your experience with AWS?"
    ]


def test_partials_grow_towards_the_final(heard):
    partials = [h for h in heard if not h.final]
    assert len(partials) >= 3
    assert heard[-1].final
    assert len(partials[0].text) < len(partials[-1].text) <= len(heard[-1].text) + 5
    assert partials[0].end < partials[0].start + 1.5 * 16_000
    assert [p.end for p in partials] == sorted(p.end for p in partials)


def test_words_carry_times_and_confidence(heard):
    final = heard[-1]
    assert " ".join(word.text for word in final.words) == final.text
    edges = [edge for word in final.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (final.start, final.end)
    assert final.start / 16_000 == pytest.approx(0.5, abs=0.3)
    assert final.end / 16_000 == pytest.approx(5.2, abs=0.3)
    could = next(word for word in final.words if word.text == "Could")
    assert could.start / 16_000 == pytest.approx(2.4, abs=0.3)  # after the pause
    assert 0.7 < final.confidence <= 1
    assert all(0 < word.confidence <= 1 for word in final.words)


@pytest.mark.parametrize("chunk_s", [0.02, 1.0])
def test_finals_do_not_depend_on_the_chunk_size(whisper, question, heard, glossary, play, chunk_s):
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    assert finals(play(recognizer, question, chunk_s)) == finals(heard)


def test_finals_do_not_depend_on_partials(whisper, question, heard, glossary, play):
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    assert play(recognizer, question, partials=False) == finals(heard)


def test_positions_start_at_the_offset(whisper, question, heard, glossary, play):
    recognizer = whisper.recognizer(language="en", glossary=glossary, offset=98_765)
    shifted = play(recognizer, question, partials=False)[0]
    original = finals(heard)[0]
    assert shifted.text == original.text
    assert shifted.start - 98_765 == original.start
    assert [w.start - 98_765 for w in shifted.words] == [w.start for w in original.words]


def test_it_resumes_from_what_is_settled_without_loss_or_repeat(whisper, question, heard, glossary):
    for stop_s in (1.0, 3.0, 5.3):
        first = whisper.recognizer(language="en", glossary=glossary)
        before = finals(first.accept(question[: round(stop_s * 16_000) * 2], partials=False))
        assert before == []
        rest = whisper.recognizer(language="en", glossary=glossary, offset=first.settled)
        after = rest.accept(question[first.settled * 2 :], partials=False) + rest.flush()
        assert [h.text for h in after] == [h.text for h in finals(heard)]
        assert rest.settled == len(question) // 2


def test_settled_grows_to_the_last_sample_and_never_enters_an_utterance(whisper, question):
    recognizer = whisper.recognizer(language="en")
    settled, out = [], []
    for first in range(0, len(question), 3200):
        out += recognizer.accept(question[first : first + 3200], partials=False)
        settled.append(recognizer.settled)
    out += recognizer.flush()
    assert settled == sorted(settled)
    assert recognizer.settled == len(question) // 2
    assert not any(h.start < s < h.end for h in out for s in settled)


@pytest.mark.parametrize("kind", ["silence", "noise", "hum", "clicks"])
@pytest.mark.parametrize("level", [60, 6000])
def test_it_invents_nothing_without_speech(whisper, tone, glossary, play, kind, level):
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    out = play(recognizer, tone(kind, 5, level))
    assert finals(out) == [h for h in finals(out) if not h.text]


@pytest.mark.parametrize("kind", ["silence", "noise", "hum", "clicks"])
@pytest.mark.parametrize("seconds", [0.2, 5, 9, 14])
def test_the_decoder_itself_gates_what_is_no_speech(whisper, tone, glossary, kind, seconds):
    model = whisper.model
    pcm = tone(kind, seconds, 3000)
    assert model.transcribe(pcm) is None
    assert model.transcribe(pcm, prompt=model.prompt(glossary)) is None


def test_words_before_a_pause_stay_while_the_rest_is_decoded(whisper, interview, glossary):
    answer = interview[0]["candidate"][16 * 32_000 : 41 * 16_000]  # "Before that", a pause, more
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    partials = []
    for first in range(0, len(answer), 3200):
        partials += [h.text for h in recognizer.accept(answer[first : first + 3200])]
    assert partials[-1].lower().startswith("before that")
    assert "everything" in partials[-1].lower()


@pytest.fixture(scope="module")
def hesitant(whisper, interview, glossary, play):
    """Give an answer with 0.6 s of silence put into the middle of its sentence."""
    answer = interview[0]["candidate"][round(7.2 * 32_000) : round(16.9 * 32_000)]
    heard = finals(play(whisper.recognizer(language="en", glossary=glossary), answer))
    mostly = next(w for h in heard for w in h.words if w.text.startswith("mostly"))
    cut = mostly.end * 2
    return answer[:cut] + bytes(round(0.6 * 16_000) * 2) + answer[cut:]


def test_a_pause_for_thought_does_not_end_a_sentence(whisper, hesitant, glossary, play):
    heard = finals(play(whisper.recognizer(language="en", glossary=glossary), hesitant))
    assert "mostly" in heard[0].text
    assert "Lambda" in heard[0].text
    # By the length of silence alone it would have.
    endpointer = Endpointer()
    cut = [e for e in [*endpointer.accept(hesitant), *endpointer.flush()] if isinstance(e, Ended)]
    assert cut[0].end < heard[0].end


def test_finals_of_hesitant_speech_depend_on_the_audio_only(whisper, hesitant, glossary, play):
    shown = play(whisper.recognizer(language="en", glossary=glossary), hesitant)
    unshown = whisper.recognizer(language="en", glossary=glossary)
    assert finals(shown) == play(unshown, hesitant, 1.0, partials=False)


def test_a_short_answer_ends_early(whisper, interview, glossary):
    answer = interview[0]["candidate"][6 * 32_000 : 8 * 32_000]  # "Sure." and half a second
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    for first in range(0, len(answer), 640):
        heard = finals(recognizer.accept(answer[first : first + 640]))
        if heard:
            break
    assert heard[0].text == "Sure."
    assert (first // 2 + 320 - heard[0].end) / 16_000 < 0.6


def test_the_vocabulary_saves_terms(whisper, interview):
    audio, turns = interview
    waves = {role: np.frombuffer(pcm, "<i2").astype(float) for role, pcm in audio.items()}
    spoken = [turn for turn in turns if "PostgreSQL" in turn["text"] or "EC2" in turn["text"]]
    vocabulary = glossary_of("Backend engineer", term_errors.PROFILE)
    plain = term_errors.errors(whisper.model, spoken, waves, [])
    helped = term_errors.errors(whisper.model, spoken, waves, vocabulary)
    assert helped < plain
    assert helped == 0


def test_the_glossary_changes_what_is_heard(whisper, interview, glossary, play):
    answer = interview[0]["candidate"][25 * 32_000 : 42 * 32_000]
    plain = play(whisper.recognizer(language="en"), answer, partials=False)
    helped = play(whisper.recognizer(language="en", glossary=glossary), answer, partials=False)
    # Which of them are heard right differs a little from one kind of CPU to another.
    heard = [{t for t in glossary if t in " ".join(h.text for h in x)} for x in (plain, helped)]
    assert heard[0] < heard[1]


def test_a_list_of_glossary_terms_is_heard_although_noise_may_set_it_off(whisper, interview):
    model = whisper.model
    aws = interview[0]["interviewer"][round(4.1 * 32_000) : round(5.4 * 32_000)]
    heard = model.transcribe(aws, prompt=model.prompt(["AWS", "with"]))
    assert heard.text.strip(".?!").endswith("AWS")


def test_a_huge_glossary_is_cut_to_what_fits(whisper, question, play):
    glossary = [f"Term{n} with many words" for n in range(500)]
    recognizer = whisper.recognizer(language="en", glossary=glossary)
    assert "experience with AWS" in play(recognizer, question, partials=False)[0].text


def test_streams_share_one_model(whisper):
    assert whisper.recognizer(language="en") is not whisper.recognizer(language="en")
    assert whisper.model._load() == whisper.model._load()


def test_gate_trusts_stock_phrases_only_when_sure():
    assert is_speech("Thank you.", -0.1, 0.05)
    assert not is_speech("Thank you.", -0.6, 0.3)
    assert not is_speech("Thank you.", -0.1, 0.5)
    assert is_speech("We used Kafka.", -0.6, 0.3)
    assert not is_speech("We used Kafka.", -1.2, 0.3)
    assert not is_speech("We used Kafka.", -0.6, 0.8)
    assert not is_speech("...", -0.1, 0.0)
    assert not is_speech("no no no no " * 20, -0.1, 0.0)


def test_it_knows_the_languages_of_the_multilingual_model(whisper):
    languages = pytest.importorskip("faster_whisper.tokenizer")._LANGUAGE_CODES
    assert set(languages) == WHISPER_LANGUAGES
    assert supports("pt-BR")
    with pytest.raises(EngineUnavailable, match="tlh"):
        whisper.recognizer(language="tlh")


def test_it_says_what_to_do_without_a_model(tmp_path):
    with pytest.raises(EngineUnavailable, match="download_model"):
        WhisperEngine(WhisperModel(tmp_path)).warm()


def test_positions_of_all_roles_are_in_order(whisper, interview, glossary, play):
    audio = interview[0]["interviewer"][: 46 * 32_000]
    out = play(whisper.recognizer(language="en", glossary=glossary), audio, partials=False)
    assert len(out) == 3
    assert all(a.end <= b.start for a, b in itertools.pairwise(out))
