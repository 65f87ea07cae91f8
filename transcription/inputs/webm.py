"""WebM with Opus, as browsers record it: a stream that is decoded while it still grows.

The container is read here and not by FFmpeg, which waits for bytes that nobody has said yet and
would need a thread for every stream; only the Opus packets go to its decoder. Of Matroska it takes
the few elements that such a stream consists of and refuses all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt
import soxr

from transcription.audio import SAMPLE_RATE, AudioError
from transcription.inputs.pcm import as_pcm

ENCODING = "webm_opus"
OPUS_RATE = 48_000  # Hz, whatever was recorded
RATIO = OPUS_RATE // SAMPLE_RATE
BYTES_PER_SECOND = 4_000  # of what browsers send at 32 kbit/s
# Timestamps are rounded, tremble and drift: below these differences audio just goes on. To cut
# could hurt a word, to wait cannot.
GAP = OPUS_RATE // 10
OVERLAP = OPUS_RATE // 2
# Samples out of one call, or in vain on one connection: leaps and tiny packets can claim hours.
MAX_OUTPUT = 330 * SAMPLE_RATE
MAX_ELEMENT = 64 * 1024  # bytes; a packet of Opus has 1276 per frame at most
MAX_CHANNELS = 2
HEAD_BYTES = 19  # of an OpusHead without a channel map

EBML, SEGMENT, CLUSTER, BLOCK_GROUP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xA0
TRACKS, TRACK, AUDIO, INFO = 0x1654AE6B, 0xAE, 0xE1, 0x1549A966
MASTERS = {EBML, SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK, AUDIO, INFO}  # read, not skipped
ENDLESS = {SEGMENT, CLUSTER}  # may be of unknown size, for they are still being written
DOC_TYPE, SCALE = 0x4282, 0x2AD7B1
CODEC, CODEC_PRIVATE, CODEC_DELAY = 0x86, 0x63A2, 0x56AA
TIMESTAMP, SIMPLE_BLOCK, BLOCK = 0xE7, 0xA3, 0xA1
VOID, CRC, SEEK, CUES, TAGS = 0xEC, 0xBF, 0x114D9B74, 0x1C53BB6B, 0x1254C367
PREVIOUS_SIZE, POSITION, DURATION, REFERENCE, PADDING = 0xAB, 0xA7, 0x9B, 0xFB, 0x75A2
# What may stand between packets; before the first cluster anything may that is small.
SKIPPED = {VOID, CRC, SEEK, CUES, TAGS, PREVIOUS_SIZE, POSITION, DURATION, REFERENCE, PADDING}
WANTED = {DOC_TYPE, SCALE, CODEC, CODEC_PRIVATE, CODEC_DELAY, TIMESTAMP, SIMPLE_BLOCK, BLOCK}


def _bad(what: str) -> AudioError:
    return AudioError("bad_webm", f"This is no WebM stream with one track of Opus: {what}.")


class WebmInput:
    """Decode a WebM stream to 16 kHz mono, each packet where its timestamp says.

    The stream's audio begins at sample `at`: what lies before is dropped, and what nobody recorded
    in between is silence, so that positions stay those of the client.
    """

    def __init__(self, *, at: int, origin: int) -> None:
        self._reader = Reader()
        self._decoder: Decoder | None = None
        self._origin = origin * RATIO
        self._end = at * RATIO  # where the audio made so far ends, at 48 kHz
        self._began = False  # whether the packet before was heard
        self._made = 0  # samples that this call has made
        self._dropped = 0  # samples decoded for nothing, on the whole connection
        self._resampler = soxr.ResampleStream(OPUS_RATE, SAMPLE_RATE, 1, dtype="float32")

    def accept(self, data: bytes) -> bytes:
        """Take the next bytes, cut anywhere; return what they complete. Raises AudioError."""
        self._made = 0
        return b"".join(
            piece for packet in self._reader.read(data) for piece in self._placed(packet)
        )

    def flush(self) -> bytes:
        """Return the samples that the resampler's filter still held."""
        return self._resampled(np.zeros(0, np.float32), last=True)

    def samples(self, size: int) -> int:
        """Tell about how many samples of the stream so many bytes will make."""
        return size * SAMPLE_RATE // BYTES_PER_SECOND

    def _placed(self, packet: Packet) -> Iterator[bytes]:
        if self._decoder is None:
            self._decoder = Decoder(self._reader.head)
        sound = self._decoder.decode(packet.data)
        start = self._origin + round(packet.seconds * OPUS_RATE)
        if start - self._end > (GAP if self._began else 0):
            yield from self._silence(start - self._end)
        elif self._end - start > (OVERLAP if self._began else 0):
            early = min(self._end - start, len(sound))  # before the beginning, or sent once more
            self._drop(early)
            sound = sound[early:]
            self._began = False  # what follows has to fit exactly
        if len(sound):
            self._began = True
            yield self._taken(sound)

    def _silence(self, length: int) -> Iterator[bytes]:
        if length // RATIO > MAX_OUTPUT:
            raise _bad("its timestamps leap")
        for first in range(0, length, OPUS_RATE):
            yield self._taken(np.zeros(min(OPUS_RATE, length - first), np.float32))

    def _drop(self, samples: int) -> None:
        """Count what is decoded and not heard: no limit on what is made sees that work."""
        self._dropped += samples // RATIO
        if self._dropped > MAX_OUTPUT:
            raise _bad("it sends again what is known")

    def _taken(self, sound: npt.NDArray[np.float32]) -> bytes:
        self._end += len(sound)
        self._made += len(sound) // RATIO
        if self._made > MAX_OUTPUT:
            raise _bad("a few bytes claim to last for minutes")
        return self._resampled(sound, last=False)

    def _resampled(self, sound: npt.NDArray[np.float32], *, last: bool) -> bytes:
        return as_pcm(self._resampler.resample_chunk(sound, last=last) * 32_768)


class Decoder:
    """Decode packets of Opus to 48 kHz mono."""

    def __init__(self, head: bytes) -> None:
        # Its pre-skip is left to the timestamps, which count from the first sample to be heard:
        # the decoder would skip as much of every stream that is taken up in the middle.
        self._codec = av.CodecContext.create("opus", "r")
        self._codec.extradata = head[:10] + b"\0\0" + head[12:]

    def decode(self, packet: bytes) -> npt.NDArray[np.float32]:
        """Return the samples of one packet. Raises AudioError."""
        try:
            frames: list[Any] = self._codec.decode(av.Packet(packet))
        except (av.error.FFmpegError, ValueError) as error:
            raise _bad("a packet cannot be decoded") from error
        pieces = [np.asarray(frame.to_ndarray(), np.float32).mean(axis=0) for frame in frames]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of Opus and the time at which its sound begins."""

    data: bytes
    seconds: float


class Reader:
    """Read the packets of a Matroska stream, of which any number of bytes may be there yet.

    Elements are read one after the other without regard to where the one around them ends: those
    that are wanted mean the same wherever they may stand.
    """

    def __init__(self) -> None:
        self.head = b""  # the OpusHead
        self._waiting = bytearray()
        self._skip = 0  # bytes of an element that is not wanted
        self._first = True
        self._fields: dict[int, bytes] = {}
        self._cluster: int | None = None  # timestamp in ticks; None before the first
        self._tick = 0.001  # seconds
        self._delay = 0.0  # seconds

    def read(self, data: bytes) -> Iterator[Packet]:
        """Take the next bytes and give the packets that are whole now. Raises AudioError."""
        self._waiting += data
        done = 0
        try:
            while True:
                if self._skip:
                    passed = min(self._skip, len(self._waiting) - done)
                    done += passed
                    self._skip -= passed
                    if self._skip:
                        return
                header = self._header(done)
                if header is None:
                    return
                element, size, body = header
                if element in MASTERS:
                    self._enter(element)
                    done = body
                elif element not in WANTED:
                    self._skip = size
                    done = body
                elif body + size > len(self._waiting):
                    return
                else:
                    done = body + size
                    packet = self._leaf(element, bytes(self._waiting[body:done]))
                    if packet is not None:
                        yield packet
        finally:
            del self._waiting[:done]

    def _header(self, at: int) -> tuple[int, int, int] | None:
        """Return an element's id, size and where its body begins; None while that is not there."""
        element = self._number(at, keep_marker=True, longest=4)
        if element is None:
            return None
        if self._first and element[0] != EBML:
            raise _bad("it does not begin like one")
        self._first = False
        size = self._number(element[1], keep_marker=False, longest=8)
        if size is None:
            return None
        self._check(element[0], size[0])
        return element[0], size[0], size[1]

    def _number(self, at: int, *, keep_marker: bool, longest: int) -> tuple[int, int] | None:
        """Return the variable-length number at a position, −1 for "unknown", and where it ends."""
        if at >= len(self._waiting):
            return None
        length = 9 - self._waiting[at].bit_length()
        if length > longest:
            raise _bad("what follows is none of its elements")
        if at + length > len(self._waiting):
            return None
        number = int.from_bytes(self._waiting[at : at + length])
        if not keep_marker:
            marker = 1 << 7 * length
            number = -1 if number == 2 * marker - 1 else number - marker
        return number, at + length

    def _check(self, element: int, size: int) -> None:
        known = element in MASTERS | WANTED | SKIPPED or self._cluster is None
        too_large = size > MAX_ELEMENT and element not in MASTERS
        if not known or too_large or (size < 0 and element not in ENDLESS):
            raise _bad("what follows is none of its elements")

    def _enter(self, element: int) -> None:
        if element == TRACK and CODEC in self._fields:
            raise _bad("it has several tracks")
        if element == CLUSTER and not self.head:
            self._begin()

    def _begin(self) -> None:
        """Hold what the header said against what is taken, at the first cluster."""
        fields = self._fields
        if fields.get(DOC_TYPE, b"").rstrip(b"\0") not in {b"webm", b"matroska"}:
            raise _bad("it says that it is something else")
        if fields.get(CODEC, b"").rstrip(b"\0") != b"A_OPUS":
            raise _bad("its track is not Opus")
        head = fields.get(CODEC_PRIVATE, b"")
        if len(head) < HEAD_BYTES or not head.startswith(b"OpusHead"):
            raise _bad("its codec's header is missing")
        if not 1 <= head[9] <= MAX_CHANNELS or head[18]:
            raise _bad("it has more than two channels")
        self.head = head
        self._tick = _integer(fields.get(SCALE, b"\x0f\x42\x40")) / 1e9
        self._delay = _integer(fields.get(CODEC_DELAY, b"\0")) / 1e9
        if not 0 < self._tick <= 1 or self._delay > 1:
            raise _bad("its times make no sense")

    def _leaf(self, element: int, body: bytes) -> Packet | None:
        if element in {SIMPLE_BLOCK, BLOCK}:
            return self._block(body)
        if element == TIMESTAMP:
            self._cluster = _integer(body)
        elif not self.head:
            self._fields[element] = body
        return None

    def _block(self, body: bytes) -> Packet:
        if self._cluster is None or not self.head:
            raise _bad("sound comes before its header")
        # Track number, which takes one byte where there is one track; ticks; flags; the packet.
        if len(body) < 5 or not body[0] & 0x80 or body[3] & 0x06:
            raise _bad("a block cannot be read")
        ticks = self._cluster + int.from_bytes(body[1:3], signed=True)
        return Packet(body[4:], ticks * self._tick - self._delay)


def _integer(body: bytes) -> int:
    if len(body) > 8:
        raise _bad("a number is too large")
    return int.from_bytes(body)
