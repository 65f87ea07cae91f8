"""What clients send becomes 16 kHz mono, sample for sample where it belongs."""

import threading

import numpy as np
import pytest

from tests import webm
from transcription import inputs
from transcription.audio import AudioError
from transcription.inputs import PCM, WEBM, check_format, open_input

RATE = 16_000


def code_of(call):
    with pytest.raises(AudioError) as caught:
        call()
    assert caught.value.sentence.endswith(".")
    return caught.value.code


def fed(source, data, size):
    """Feed bytes in pieces of a size; return all samples."""
    pieces = [source.accept(data[first : first + size]) for first in range(0, len(data), size)]
    return np.frombuffer(b"".join([*pieces, source.flush()]), "<i2").astype(float)


def likeness(heard, hz=440):
    """Return how much samples are the tone that began at sample 0, without the very ends."""
    tone = webm.tone(len(heard) / RATE, hz)[: len(heard)]
    inner = slice(RATE // 4, -RATE // 4)
    return np.corrcoef(heard[inner], tone[inner])[0, 1]


# --- what is taken -------------------------------------------------------------------------------


def test_it_takes_pcm_of_every_usual_rate_and_webm_and_nothing_else():
    for rate in (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000):
        check_format(PCM, rate)
    check_format(WEBM, 48_000)
    for rate in (0, -1, 7_999, 192_001, 10**30, None, "16000", True, 16_000.0, [16_000], {}):
        assert code_of(lambda rate=rate: check_format(PCM, rate)) == "bad_sample_rate"
    for encoding in ("", None, 7, "PCM_S16LE", {}, [], "flac", "webm_vorbis"):
        assert code_of(lambda e=encoding: check_format(e, RATE)) == "unsupported_encoding"


# --- PCM -----------------------------------------------------------------------------------------


def test_16_khz_passes_through_untouched():
    pcm = np.random.default_rng(1).bytes(10_000)
    source = open_input(PCM, RATE)
    assert source.accept(pcm) == pcm
    assert source.flush() == b""


@pytest.mark.parametrize("size", [1, 3, 999, 3200])
def test_a_sample_that_is_cut_waits_for_its_other_half(size):
    pcm = webm.tone(0.2).tobytes()
    assert np.array_equal(fed(open_input(PCM, RATE), pcm, size), np.frombuffer(pcm, "<i2"))


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_it_resamples_without_a_seam_or_a_shift(rate):
    pcm = webm.tone(2, rate=rate).tobytes()
    heard = fed(open_input(PCM, rate), pcm, 2 * (rate // 10) + 1)
    assert len(heard) == 2 * RATE
    assert likeness(heard) > 0.9999
    assert np.array_equal(heard, fed(open_input(PCM, rate), pcm, 997)), "however it is cut"


def test_positions_do_not_drift_within_an_hour():
    rate, seconds = 44_100, 3600
    source = open_input(PCM, rate)
    click = np.zeros(rate, np.int16)
    click[0] = 30_000
    quiet, count, last = bytes(2 * rate), 0, b""
    for second in range(seconds):
        last = source.accept(click.tobytes() if second == seconds - 1 else quiet)
        count += len(last) // 2
    rest = source.flush()
    assert count + len(rest) // 2 == seconds * RATE
    tail = np.frombuffer(last + rest, "<i2")
    at = seconds * RATE - len(tail) + int(np.argmax(np.abs(tail)))
    assert at == (seconds - 1) * RATE, "a click in the last second is where it was made"


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_it_tells_how_many_samples_bytes_will_make(rate):
    assert open_input(PCM, rate).samples(2 * rate) == RATE


# --- WebM ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded():
    return webm.record(3)


@pytest.mark.parametrize("size", [1, 100, 4096, 10**6])
def test_it_decodes_a_stream_however_it_is_cut(recorded, size):
    heard = fed(open_input(WEBM, 48_000), recorded, size)
    assert len(heard) == pytest.approx(3 * RATE, abs=400)
    assert likeness(heard[: 3 * RATE]) > 0.999


@pytest.mark.parametrize("how", [{"layout": "stereo"}, {"live": False}, {"format": "matroska"}])
def test_it_decodes_what_other_recorders_make(how):
    heard = fed(open_input(WEBM, 48_000), webm.record(3, **how), 1000)
    assert likeness(heard[: 3 * RATE]) > 0.995


def test_it_decodes_what_chromium_records(data):
    """2.4 s of MediaRecorder with a timeslice of 250 ms: clusters without a size."""
    recorded = (data / "chromium.webm").read_bytes()
    _header, clusters = webm.parts(recorded)
    assert len(clusters) == 8
    heard = fed(open_input(WEBM, 48_000), recorded, 500)
    assert len(heard) == pytest.approx(2.4 * RATE, abs=RATE // 100)
    assert np.abs(heard).max() > 0


def test_it_gives_what_can_be_decoded_without_waiting_for_more(recorded):
    header, clusters = webm.parts(recorded)
    source = open_input(WEBM, 48_000)
    assert source.accept(header) == b""
    seconds = 0.0
    for cluster in clusters[:4]:
        heard = len(source.accept(cluster)) / 2 / RATE
        assert heard > 0.4
        seconds += heard
    assert seconds == pytest.approx(2, abs=0.1)


def test_a_stream_taken_up_again_goes_on_where_it_should(recorded):
    """The header, then the cluster that holds the sample to go on from."""
    header, clusters = webm.parts(recorded)
    resume_from = round(1.3 * RATE)
    whole = fed(open_input(WEBM, 48_000), recorded, 4096)
    source = open_input(WEBM, 48_000, at=resume_from, origin=0)
    rest = fed(source, header + b"".join(clusters[2:]), 4096)
    late = RATE // 1000  # times are in whole ms
    assert 0 <= len(rest) - len(whole) + resume_from <= late
    inner = rest[RATE // 4 : -RATE // 4]
    first = resume_from + RATE // 4
    shifted = [whole[first - by : first - by + len(inner)] for by in range(late + 1)]
    assert max(np.corrcoef(inner, samples)[0, 1] for samples in shifted) > 0.999


def test_what_was_not_recorded_is_silence(recorded):
    header, clusters = webm.parts(recorded)
    without = header + b"".join(clusters[:2] + clusters[4:])
    heard = fed(open_input(WEBM, 48_000), without, 4096)
    assert len(heard) == pytest.approx(3 * RATE, abs=400)
    assert np.abs(heard[round(1.1 * RATE) : round(1.9 * RATE)]).max() < 50
    assert likeness(heard[:RATE]) > 0.99
    tail = np.abs(heard[round(2.2 * RATE) : round(2.8 * RATE)])
    assert tail.max() > 8000


def test_what_is_sent_twice_is_heard_once(recorded):
    header, clusters = webm.parts(recorded)
    twice = header + b"".join(clusters[:4] + clusters[2:])
    heard = fed(open_input(WEBM, 48_000), twice, 4096)
    assert len(heard) == pytest.approx(3 * RATE, abs=RATE // 2)


def test_a_recording_that_began_later_is_preceded_by_silence(recorded):
    heard = fed(open_input(WEBM, 48_000, at=1000, origin=1000 + RATE), recorded, 4096)
    assert len(heard) == pytest.approx(4 * RATE, abs=400)
    assert np.abs(heard[: RATE - 100]).max() < 50


def leaping(recorded):
    """Return a stream whose clusters lie an hour apart."""
    header, clusters = webm.parts(recorded)
    at = clusters[1].index(b"\xe7")
    size = clusters[1][at + 1] & 0x7F
    hour = (3_600_000).to_bytes(8)
    return (
        header + clusters[0] + clusters[1][:at] + b"\xe7\x88" + hour + clusters[1][at + 2 + size :]
    )


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda recorded: b"RIFF" + bytes(100), id="wav"),
        pytest.param(lambda recorded: np.random.default_rng(2).bytes(5000), id="noise"),
        pytest.param(lambda recorded: b"\0" * 5000, id="zeros"),
        pytest.param(lambda recorded: b"\xff" * 5000, id="ones"),
        pytest.param(lambda recorded: recorded.replace(b"A_OPUS", b"A_AAC\0"), id="other codec"),
        pytest.param(lambda recorded: webm.record(1, codec="flac", format="matroska"), id="flac"),
        pytest.param(lambda recorded: webm.record(1, layout="5.1"), id="six channels"),
        pytest.param(lambda recorded: recorded.replace(b"webm", b"wxyz", 1), id="other type"),
        pytest.param(lambda recorded: recorded.replace(b"OpusHead", b"OpusTail"), id="no head"),
        pytest.param(
            lambda recorded: webm.parts(recorded)[0] + bytes(range(256)) * 20, id="noise inside"
        ),
        pytest.param(lambda recorded: b"".join(webm.parts(recorded)[1]), id="no header"),
        pytest.param(leaping, id="leaps"),
    ],
)
def test_anything_else_is_refused_within_the_call(recorded, make):
    source = open_input(WEBM, 48_000)
    assert code_of(lambda: source.accept(make(recorded))) == "bad_webm"


def test_a_few_bytes_cannot_claim_hours():
    """Packets of one byte last for 120 ms; timestamps may leap within one chunk."""
    header, clusters = webm.parts(webm.record(0.1))
    tick = clusters[0][: clusters[0].index(b"\xa3")]
    long_silence = b"\xff\x03"  # a packet of code 3, two frames of 60 ms without data
    block = b"\xa3" + bytes([0x80 | (4 + len(long_silence))]) + b"\x81\0\0\x80" + long_silence
    stamps = [b"\xe7\x88" + leap.to_bytes(8) for leap in (0, 200_000, 400_000)]
    source = open_input(WEBM, 48_000)
    assert len(source.accept(header + tick + block * 5000)) < 2 * RATE, "all at the same time"
    source = open_input(WEBM, 48_000)
    assert code_of(lambda: source.accept(header + tick + block.join(stamps) + block)) == "bad_webm"


def test_what_lies_before_the_beginning_is_not_decoded_without_end():
    header, clusters = webm.parts(webm.record(0.1))
    tick = clusters[0][: clusters[0].index(b"\xa3")]
    minute = b"\xa3\x86\x81\0\0\x80\xff\x03" * 1000  # of silence, heard long ago
    source = open_input(WEBM, 48_000, at=RATE * 3600, origin=0)
    source.accept(header + tick)
    for _minute in range(5):  # a client may keep so much
        assert source.accept(minute) == b""
    assert code_of(lambda: source.accept(minute)) == "bad_webm"


def test_it_answers_any_damage_with_sound_or_an_audio_error(recorded):
    rng = np.random.default_rng(11)
    outcomes = set()
    for _ in range(150):
        data = bytearray(recorded)
        first = int(rng.integers(len(data)))
        data[first : first + int(rng.integers(1, 40))] = rng.bytes(int(rng.integers(40)))
        try:
            heard = fed(open_input(WEBM, 48_000), bytes(data[: int(rng.integers(len(data)))]), 3000)
            assert len(heard) <= inputs.webm.MAX_OUTPUT
            outcomes.add("heard")
        except AudioError as error:
            outcomes.add(error.code)
    assert outcomes == {"heard", "bad_webm"}


def test_it_leaves_no_thread_and_knows_none(recorded):
    before = threading.active_count()
    for cut in range(100):
        open_input(WEBM, 48_000).accept(recorded[: 181 * cut % len(recorded)])
    assert threading.active_count() == before
