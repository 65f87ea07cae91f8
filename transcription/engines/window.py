"""The audio of a stream that may still be needed, addressed by sample position."""

from __future__ import annotations

from transcription.engines.base import SAMPLE_WIDTH


class AudioWindow:
    """Hold s16le audio from `start` on."""

    def __init__(self, offset: int) -> None:
        self.start = offset
        self._data = bytearray()

    @property
    def end(self) -> int:
        """Position after the last sample."""
        return self.start + len(self._data) // SAMPLE_WIDTH

    def append(self, pcm: bytes) -> None:
        """Add whole samples at the end."""
        self._data += pcm

    def drop_before(self, position: int) -> None:
        """Forget what lies before `position`."""
        count = min(max(0, position - self.start), self.end - self.start)
        del self._data[: count * SAMPLE_WIDTH]
        self.start += count

    def read(self, start: int, end: int) -> bytes:
        """Return the samples from `start` to `end` as far as they are held."""
        first = max(0, start - self.start) * SAMPLE_WIDTH
        last = max(0, end - self.start) * SAMPLE_WIDTH
        return bytes(self._data[first:last])
