"""What recorders may say: every field, right and wrong, of both protocols; and how much."""

import json

import pytest

from copilot.lib.errors import DomainError
from transcription import protocol
from transcription.engines.base import Word
from transcription.inputs import PCM, WEBM, open_input
from transcription.pipeline import SegmentDraft
from transcription.protocol import limits, vosk

START = {"type": "start", "encoding": PCM, "sample_rate": 16_000}
SPEAKER = {"type": "speaker", "role": "candidate", "at": 0}


def code_of(call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.detail.endswith(".")
    return caught.value.code


# --- copilot.audio.v1 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        (START, protocol.Start(None, PCM, 16_000, None, None)),
        ({**START, "sample_rate": 44_100}, protocol.Start(None, PCM, 44_100, None, None)),
        ({**START, "offset": 7}, protocol.Start(7, PCM, 16_000, None, None)),
        ({**START, "kept": 5}, protocol.Start(None, PCM, 16_000, None, None, kept=5)),
        (
            {**START, "offset": 7, "gap": "capture"},
            protocol.Start(7, PCM, 16_000, None, None, gap="capture"),
        ),
        ({"type": "start", "encoding": WEBM}, protocol.Start(None, WEBM, 48_000, None, None)),
        (
            {**START, "encoding": WEBM, "origin": 5, "offset": 9, "speaker": "candidate"},
            protocol.Start(9, WEBM, 16_000, 5, "candidate"),
        ),
        (SPEAKER, protocol.Speaker("candidate", 0)),
        ({"type": "stop", "more": 1}, protocol.Stop()),
        ({"type": "ping"}, protocol.Ping()),
    ],
    ids=str,
)
def test_it_reads_what_a_recorder_says(message, meant):
    assert protocol.parse(json.dumps(message)) == meant


@pytest.mark.parametrize("name", ["offset", "origin", "kept"])
@pytest.mark.parametrize("value", [-1, 1e30, 10**30, 1.5, True, "0", [0], {}])
def test_a_sample_is_a_whole_number_within_a_day(name, value):
    assert code_of(lambda: protocol.parse(json.dumps({**START, name: value}))) == "bad_message"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({**START, "speaker": "room"}, "bad_message"),
        ({**START, "gap": "recognition"}, "bad_message"),
        ({**START, "gap": ["capture"]}, "bad_message"),
        ({**START, "speaker": ["candidate"]}, "bad_message"),
        ({**SPEAKER, "role": "boss"}, "bad_message"),
        ({**SPEAKER, "at": -1}, "bad_message"),
        ({"type": "speaker", "role": "candidate"}, "bad_message"),
        ({"type": "start", "encoding": PCM}, "bad_sample_rate"),
        ({**START, "sample_rate": 44_100.5}, "bad_sample_rate"),
        ({**START, "sample_rate": None}, "bad_sample_rate"),
        ({**START, "encoding": [WEBM]}, "unsupported_encoding"),
        ({**START, "note": "x" * 5000}, "frame_too_large"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_has_a_code(message, code):
    assert code_of(lambda: protocol.parse(json.dumps(message))) == code


# --- vosk-server's -------------------------------------------------------------------------------


def config(**fields):
    return json.dumps({"config": fields})


@pytest.mark.parametrize("text", ['{"eof":1}', '{"eof" : 1}', '{ "eof" :\n1 }'])
def test_the_end_may_be_written_in_any_way(text):
    assert vosk.parse(text, vosk.Config()) == vosk.Eof()


def test_a_config_changes_what_it_names():
    first = vosk.parse(config(sample_rate="16000", phrase_list=["EC2", "[unk]"]), vosk.Config())
    assert first == vosk.Config(16_000, words=True, alternatives=0, phrases=("EC2",))
    second = vosk.parse(config(words=0, max_alternatives=3.0), first)
    assert second == vosk.Config(16_000, words=False, alternatives=3, phrases=("EC2",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{config", "bad_json"),
        ("[1]", "bad_message"),
        ("{}", "bad_message"),
        ('{"eof":0}', "bad_message"),
        ('{"config":1}', "bad_message"),
        ('{"text":"config"}', "bad_message"),
        (config(model="/models/other"), "model_refused"),
        (config(sample_rate=100), "bad_sample_rate"),
        (config(sample_rate="fast"), "bad_sample_rate"),
        (config(sample_rate=1e300), "bad_sample_rate"),
        (config(sample_rate=True), "bad_sample_rate"),
        ('{"config":{"sample_rate":NaN}}', "bad_sample_rate"),
        ('{"config":{"sample_rate":Infinity}}', "bad_sample_rate"),
        (config(max_alternatives=-1), "bad_message"),
        (config(max_alternatives=[]), "bad_message"),
        (config(phrase_list="words"), "bad_message"),
        (config(phrase_list=[1]), "bad_message"),
        (config(phrase_list=["x" * 201]), "bad_message"),
        (config(phrase_list=["\ud800"]), "bad_message"),
        (config(phrase_list=["x"] * 201), "bad_message"),
        ("config" * 3000, "frame_too_large"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_wrong_for_vosk_has_a_code_and_ends_the_connection(text, code):
    assert code_of(lambda: vosk.parse(text, vosk.Config())) == code
    assert vosk.close_code(DomainError(code, "")) == 4400


def test_results_have_the_shape_that_clients_know():
    words = (Word("Hello", 16_000, 24_000, 0.5), Word("[NAME-1].", 24_000, 32_000, 1.0))
    draft = SegmentDraft("Hello [NAME-1].", words, 16_000, 32_000, 0.75, "scripted", {})
    told = json.loads(vosk.result([draft], vosk.Config(), since=8000))
    assert told == {
        "result": [
            {"conf": 0.5, "start": 0.5, "end": 1.0, "word": "Hello"},
            {"conf": 1.0, "start": 1.0, "end": 1.5, "word": "[NAME-1]."},
        ],
        "text": "Hello [NAME-1].",
    }
    wordless = vosk.Config(words=False, alternatives=2)
    assert json.loads(vosk.result([draft], wordless, since=0)) == {
        "alternatives": [{"confidence": 0.75, "text": "Hello [NAME-1]."}]
    }
    assert json.loads(vosk.result([], vosk.Config(), since=0)) == {"text": ""}
    assert json.loads(vosk.partial("안녕")) == {"partial": "안녕"}


# --- how much ------------------------------------------------------------------------------------


def test_a_client_may_catch_up_but_not_flood(monkeypatch):
    now = 0.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    limit = protocol.RateLimit()
    for _ in range(300):
        limit.take(1.0)
    assert code_of(lambda: [limit.take(1.0) for _ in range(100)]) == "rate_exceeded"
    now = 100.0
    for _ in range(100):
        limit.take(1.0)


def test_a_frame_counts_as_ten_milliseconds_at_least():
    limit = protocol.RateLimit()
    assert code_of(lambda: [limit.take(0.0) for _ in range(40_000)]) == "rate_exceeded"


def test_messages_are_counted_within_ten_seconds(monkeypatch):
    now = 0.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    limit = protocol.MessageLimit()
    for _ in range(50):
        limit.take()
    assert code_of(limit.take) == "too_many_messages"
    now = 10.0
    limit.take()


def test_what_comes_out_of_a_decoder_is_counted_as_well():
    class Generous:
        def accept(self, data):
            return bytes(32_000 * len(data))

        def flush(self):
            return b""

        def samples(self, size):
            return size

    checked = protocol.CheckedInput(Generous())
    assert len(checked.accept(b"x" * 300)) == 300 * 32_000
    assert code_of(lambda: checked.accept(b"x" * 60)) == "rate_exceeded"


def test_what_cannot_be_decoded_is_an_error_of_the_protocol():
    checked = protocol.CheckedInput(open_input(WEBM, 48_000))
    assert code_of(lambda: checked.accept(b"RIFF....WAVE")) == "bad_webm"
