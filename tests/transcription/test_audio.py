"""Audio that is taken and audio that is refused."""

import contextlib
import io
import tracemalloc
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from transcription import audio
from transcription.audio import AudioError, check_chunk, decode_file
from transcription.mp4 import declared_samples

FORMATS = [
    ("a.wav", "pcm_s16le", 44_100),
    ("a.flac", "flac", 48_000),
    ("a.mp3", "libmp3lame", 44_100),
    ("a.m4a", "aac", 44_100),
    ("a.ogg", "libopus", 48_000),
    ("a.opus", "libopus", 48_000),
    ("a.webm", "libopus", 48_000),
    ("a.mp4", "aac", 48_000),
    ("phone.wav", "pcm_mulaw", 8_000),
]


def code_of(call):
    with pytest.raises(AudioError) as caught:
        call()
    assert caught.value.sentence.endswith(".")
    assert str(caught.value) == caught.value.sentence
    return caught.value.code


def strongest_hz(pcm):
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return np.argmax(np.abs(np.fft.rfft(samples))) * 16_000 / len(samples)


def test_it_takes_every_chunk_of_whole_samples_up_to_the_limit_and_no_other():
    rng = np.random.default_rng(3)
    edge = audio.MAX_FRAME_BYTES
    for size in [
        0,
        1,
        2,
        3,
        edge - 1,
        edge,
        edge + 1,
        edge + 2,
        *rng.integers(0, 3 * edge, 200),
    ]:
        chunk = bytes(size)
        if size > edge:
            assert code_of(lambda chunk=chunk: check_chunk(chunk)) == "frame_too_large"
        elif size % 2:
            assert code_of(lambda chunk=chunk: check_chunk(chunk)) == "odd_frame"
        else:
            check_chunk(chunk)


@pytest.mark.parametrize(("name", "codec", "rate"), FORMATS)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_it_decodes_the_usual_formats_to_16_khz_with_channels_apart(
    tmp_path, write_audio, name, codec, rate, layout
):
    path = write_audio(tmp_path / name, codec, rate=rate, layout=layout, seconds=1.2)
    recording = decode_file(path)
    blocks = list(recording)
    channels = 1 if layout == "mono" else 2
    assert recording.channels == channels
    assert {len(block) for block in blocks} == {channels}
    assert {len(chunk) for block in blocks[:-1] for chunk in block} == {3200}
    for channel in range(channels):
        pcm = b"".join(block[channel] for block in blocks)
        assert len(pcm) / 32_000 == pytest.approx(1.2, abs=0.05)
        assert strongest_hz(pcm) == pytest.approx(250 * (channel + 1), abs=5)
    assert recording.duration_s == pytest.approx(1.2, abs=0.05)


def test_it_mixes_two_channels_when_asked(tmp_path, write_audio):
    path = write_audio(tmp_path / "a.wav", "pcm_s16le", layout="stereo")
    recording = decode_file(path, mono=True)
    assert recording.channels == 1
    assert {len(block) for block in recording} == {1}


def test_it_refuses_more_than_two_channels(tmp_path, write_audio):
    path = write_audio(tmp_path / "six.wav", "pcm_s16le", layout="5.1")
    assert code_of(lambda: decode_file(path)) == "too_many_channels"


def test_it_refuses_what_holds_no_audio(tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.mp3").write_bytes(b"These are words, not sound.\n" * 300)
    (tmp_path / "random.bin").write_bytes(np.random.default_rng(5).bytes(100_000))
    with wave.open(str(tmp_path / "none.wav"), "wb") as header_only:
        header_only.setparams((1, 2, 16_000, 0, "NONE", ""))
    with av.open(str(tmp_path / "picture.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])

    def code(name):
        return code_of(lambda: list(decode_file(tmp_path / name)))

    assert code("absent.wav") == "not_found"
    assert code("empty.wav") == "empty_audio"
    assert code("none.wav") == "empty_audio"
    assert code("text.mp3") == "unsupported_audio"
    assert code("random.bin") == "unsupported_audio"
    assert code("picture.mp4") == "no_audio_track"


def test_it_gives_what_a_damaged_file_holds_and_then_says_so(tmp_path, write_audio):
    whole = write_audio(tmp_path / "a.flac", "flac", seconds=6).read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    blocks = []

    def read():
        blocks.extend(decode_file(tmp_path / "cut.flac"))

    assert code_of(read) == "damaged_audio"
    assert 10 < len(blocks) < 50


def test_it_answers_any_damage_with_audio_or_an_audio_error(tmp_path, write_audio):
    rng = np.random.default_rng(11)
    for name, codec, rate in FORMATS:
        whole = write_audio(tmp_path / name, codec, rate=rate, seconds=0.5).read_bytes()
        for _ in range(8):
            data = bytearray(whole)
            first = int(rng.integers(len(data)))
            data[first : first + int(rng.integers(1, 400))] = rng.bytes(int(rng.integers(200)))
            path = tmp_path / f"bad-{name}"
            path.write_bytes(data[: int(rng.integers(len(data) + 1))])
            heard = []
            with contextlib.suppress(AudioError):
                heard.extend(chunk for block in decode_file(path) for chunk in block)
            assert all(len(chunk) % 2 == 0 for chunk in heard)


def test_it_never_holds_a_whole_file(tmp_path, write_audio):
    path = write_audio(tmp_path / "long.flac", "flac", rate=16_000, seconds=120)
    tracemalloc.start()
    try:
        total = sum(len(block[0]) for block in decode_file(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 120 * 32_000
    assert peak < 400_000


@pytest.mark.parametrize("rate", [1, 500_000_000])
def test_a_rate_that_nobody_records_at_is_refused_before_it_fills_the_memory(rate):
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        for second in (0, 3):  # between them lies silence: 3 GB of it at the higher rate
            frame = av.AudioFrame.from_ndarray(
                np.ones((1, 8000), np.int16), format="s16", layout="mono"
            )
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), second * rate
            out.mux(stream.encode(frame))
    file.seek(0)
    tracemalloc.start()
    assert code_of(lambda: audio.examine(file, container="matroska")) == "damaged_audio"
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def an_mp4(codec="aac", **options):
    """Return a second of sound as an MP4 (or QuickTime, for PCM) file."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov" if codec.startswith("pcm") else "mp4", **options) as out:
        stream = out.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.ones((1, 16_000), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = 16_000, 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return file


@pytest.mark.parametrize("mark", [b"stsz", b"trun"])
def test_an_mp4_that_declares_more_than_it_can_have_is_refused_before_it_is_opened(mark):
    options = {"movflags": "frag_keyframe+empty_moov"} if mark == b"trun" else {}
    file = an_mp4(options=options)
    assert 10 < declared_samples(file) < 30  # a second has 16 of AAC
    assert audio.examine(file, container="mov").channels == 1
    raw = bytearray(file.getvalue())
    count = raw.rindex(mark) + (8 if mark == b"trun" else 12)
    raw[count : count + 4] = (80_000_000).to_bytes(4, "big")
    bomb = io.BytesIO(raw)
    tracemalloc.start()
    assert code_of(lambda: audio.examine(bomb, container="mov")) == "damaged_audio"
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_plain_samples_in_an_mp4_do_not_count():
    file = an_mp4("pcm_s16le")
    assert declared_samples(file) == 0
    assert audio.examine(file, container="mov").channels == 1


def test_boxes_that_make_no_sense_end_the_count():
    for raw in (b"", b"\0\0\0\1moov", b"\0\0\0\7moov", b"\xff\xff\xff\xffmoov" + b"\0" * 30):
        assert declared_samples(io.BytesIO(raw)) == 0
