"""PCM of any usual rate: resampled as a stream, so that no chunk border can be heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from transcription.audio import SAMPLE_RATE, SAMPLE_WIDTH

ENCODING = "pcm_s16le"
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz
# In floats: whole numbers would be dithered, and the same audio heard differently each time.
QUALITY = "HQ"  # better than 16-bit recordings are, at half a millisecond for a second of audio


class PcmInput:
    """Resample mono s16le to 16 kHz; what is at 16 kHz already passes through untouched.

    However long it runs, the samples that came out are those that went in times the ratio of the
    rates: the resampler counts, so positions cannot drift.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._odd = b""  # a byte that waits for the other half of its sample
        self._resampler = None
        if sample_rate != SAMPLE_RATE:
            self._resampler = soxr.ResampleStream(
                sample_rate, SAMPLE_RATE, 1, dtype="float32", quality=QUALITY
            )

    def accept(self, data: bytes) -> bytes:
        """Take the next bytes; return the samples that they complete."""
        if self._odd:
            data = self._odd + data
        whole = len(data) - len(data) % SAMPLE_WIDTH
        self._odd, data = data[whole:], data[:whole]
        return self._resampled(data, last=False) if self._resampler else data

    def flush(self) -> bytes:
        """Return the samples that the resampler's filter still held."""
        return self._resampled(b"", last=True) if self._resampler else b""

    def samples(self, size: int) -> int:
        """Tell how many samples of the stream so many bytes will make."""
        return size // SAMPLE_WIDTH * SAMPLE_RATE // self._rate

    def _resampled(self, data: bytes, *, last: bool) -> bytes:
        assert self._resampler is not None  # noqa: S101  # asked only then
        samples = np.frombuffer(data, "<i2").astype(np.float32)
        return as_pcm(self._resampler.resample_chunk(samples, last=last))


def as_pcm(samples: npt.NDArray[np.float32]) -> bytes:
    """Return samples of full scale 32768 as s16le; what is louder is clipped."""
    return bytes(np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes())
