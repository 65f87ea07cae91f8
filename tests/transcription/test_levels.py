"""How loud sound is, whatever its pieces."""

import numpy as np
import pytest

from transcription.levels import BLOCK, KEPT, Meter

SECOND = 16_000


def sine(decibels, seconds=1.0):
    """Return s16le whose level is so many dBFS."""
    samples = np.sin(2 * np.pi * 200 * np.arange(round(seconds * SECOND)) / SECOND)
    return (samples * np.sqrt(2) * 32_768 * 10 ** (decibels / 20)).astype("<i2").tobytes()


@pytest.mark.parametrize("chunk", [2, 320, 3200, 5000, 32_000])
def test_it_knows_how_loud_each_stretch_was_whatever_the_chunks(chunk):
    meter = Meter(position=7 * SECOND)
    pcm = sine(-20) + bytes(SECOND * 2) + sine(-40)
    for first in range(0, len(pcm), chunk):
        meter.hear(pcm[first : first + chunk])
    assert meter.between(7 * SECOND, 8 * SECOND) == pytest.approx(-20, abs=0.1)
    assert meter.between(9 * SECOND, 10 * SECOND) == pytest.approx(-40, abs=0.1)
    assert meter.between(7 * SECOND, 9 * SECOND) == pytest.approx(-20, abs=0.1), "pauses count"
    assert meter.between(8 * SECOND, 9 * SECOND) is None
    assert meter.silent_ms == 0


def test_it_remembers_two_minutes():
    meter = Meter()
    meter.hear(sine(-20, 1))
    for _ in range(KEPT // 10):
        meter.hear(sine(-40, 1))
    assert meter.between(0, SECOND) is None
    assert meter.between(SECOND, 2 * SECOND) == pytest.approx(-40, abs=0.1)


@pytest.mark.parametrize(("decibels", "level"), [(-60, 0.0), (-30, 0.5), (-6, 0.9), (-80, 0.0)])
def test_a_reading_goes_from_sixty_below_to_full_scale(decibels, level):
    meter = Meter()
    assert meter.read() is None
    meter.hear(sine(decibels, 0.5))
    assert meter.read().level == pytest.approx(level, abs=0.01)
    assert meter.read() is None, "it was read"


def test_it_tells_clipping_from_loudness():
    meter = Meter()
    meter.hear(sine(-4))
    assert not meter.read().clipped
    louder = np.frombuffer(sine(-4), "<i2") * 2.0
    meter.hear(np.clip(louder, -32_768, 32_767).astype("<i2").tobytes())
    assert meter.read().clipped


def test_silence_is_counted_until_a_sound_comes():
    meter = Meter()
    meter.hear(sine(-54, 3))
    assert meter.silent_ms == 3000
    meter.hear(sine(-52, BLOCK / SECOND))
    assert meter.silent_ms == 0
