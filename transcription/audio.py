"""What audio is taken: limits of a chunk on the socket, and any file as 16 kHz mono channels.

Files are streamed: only the blocks under way are in memory, however long the recording is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import av
import av.error
import numpy as np
import numpy.typing as npt

from transcription.mp4 import declared_samples

SAMPLE_RATE = 16_000  # Hz
SAMPLE_WIDTH = 2  # bytes, s16le
MAX_FRAME_BYTES = 64 * 1024
BLOCK_SAMPLES = SAMPLE_RATE // 10  # 100 ms: what a decoded file is given out in
MAX_CHANNELS = 2
# A file may say that it is longer than what is in it by this much before it counts as cut off.
SHORTFALL_S = 1.0
SHORTFALL_RATIO = 0.05
LEAD_S = 2.0  # decoders start a bit before what is wanted of them
# Rates of recordings; with others a few bytes would last for hours, or a second for gigabytes.
RATES = range(4_000, 384_001)  # Hz
LONGEST_FRAME_S = 60  # that a decoder gives out at once; most give out milliseconds
GAP_S = 0.1  # by which time stamps may be off the samples counted
LOOK_S = 120  # of a recording that `examine` listens to
ALIKE_RATIO = 0.001  # of the energy of two channels in their difference: the same sound
MP4 = "mov"  # as FFmpeg calls it
MOST_SAMPLES = 5_000_000  # of an MP4: four hours of sound and picture have two million
RECORDING = "The recording"  # what errors call a file whose name is nobody's business
MARKS = (
    (8, b"WAVE", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (4, b"ftyp", MP4),
    (0, b"OggS", "ogg"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
)
CODECS = (
    *("aac", "alac", "flac", "mp2", "mp3", "mp3float", "opus", "libopus", "vorbis"),
    *("pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le"),
    *("pcm_f32le", "pcm_f64le", "pcm_s16be"),
)
ESTIMATED_DURATION = {"mp3", "aac", "adts"}  # formats whose header may only guess the duration


class AudioError(Exception):
    """Say what is wrong with audio: `code` for programs, `sentence` for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def check_chunk(chunk: bytes, *, whole_samples: bool = True) -> None:
    """Refuse a chunk that is too large or cuts a sample. Raises AudioError."""
    if len(chunk) > MAX_FRAME_BYTES:
        raise AudioError(
            "frame_too_large", f"A chunk of audio may have {MAX_FRAME_BYTES // 1024} KiB at most."
        )
    if whole_samples and len(chunk) % SAMPLE_WIDTH:
        raise AudioError("odd_frame", "A chunk of audio has to hold whole 16-bit samples.")


@dataclass(frozen=True, slots=True)
class Recording:
    """Give a file's audio as blocks; iterate once.

    A block is a tuple with one chunk of s16le at 16 kHz per channel, 100 ms each, the last one
    shorter. Iterating raises AudioError (damaged_audio) after the blocks that could be decoded.
    """

    channels: int
    duration_s: float | None  # as the file states it; some do not (webm from a browser)
    blocks: Generator[tuple[bytes, ...], None, None]

    def __iter__(self) -> Iterator[tuple[bytes, ...]]:
        return self.blocks


def sniff(head: bytes) -> str | None:
    """Return FFmpeg's name of the container that a file begins like; None for what is no audio."""
    for at, mark, container in MARKS:
        if head.startswith(mark, at):
            return container
    # A bare MP3 begins with a frame: eleven bits of sync, then version and layer 3.
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "mp3"
    return None


def decode_file(path: Path | str, *, mono: bool = False) -> Recording:
    """Open a wav, flac, mp3, m4a, ogg, opus, webm or mp4 file (or what else FFmpeg reads).

    One channel stays one; two channels are given apart, one speaker on each, unless `mono` mixes
    them. More are refused: which of them is whose voice would be a guess.
    Raises AudioError: not_found, empty_audio, unsupported_audio, no_audio_track, damaged_audio,
    too_many_channels.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise AudioError("not_found", f"There is no file {path.name}.")
        if path.stat().st_size == 0:
            raise AudioError("empty_audio", f"The file {path.name} is empty.")
    except OSError as error:
        raise AudioError("unsupported_audio", f"{path.name} cannot be opened as audio.") from error
    return _recording(_opened(str(path), path.name), path.name, mono, 0)


def decode(file: IO[bytes], *, container: str, mono: bool = False, start: int = 0) -> Recording:
    """Decode what a file object of unknown origin holds, from sample `start` (16 kHz) on.

    `container` is what `sniff` said: nothing else is tried, no other file or address is opened and
    none but the codecs listed here run. Raises AudioError as `decode_file` does.
    """
    return _recording(_guarded(file, container), RECORDING, mono, start)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a look at a recording tells before it is heard."""

    channels: int
    alike: bool  # both channels hold the same sound
    duration_s: float | None


def examine(file: IO[bytes], *, container: str) -> Facts:
    """Look at a recording: its head, its length and a bit of its sound. Raises AudioError."""
    recording = decode(file, container=container)
    duration = recording.duration_s
    alike = False
    with closing(recording.blocks) as blocks:
        if recording.channels == MAX_CHANNELS:
            alike = _alike(islice(blocks, LOOK_S * SAMPLE_RATE // BLOCK_SAMPLES))
        else:
            next(blocks, None)  # damaged from the start on is told at once
    if duration is None:
        file.seek(0)
        duration = _length(_guarded(file, container))
    return Facts(recording.channels, alike, duration)


def _alike(blocks: Iterable[tuple[bytes, ...]]) -> bool:
    """Tell whether two channels hold one sound, as many phones record it; silence does not."""
    total = apart = 0.0
    for pair in blocks:
        left, right = (np.frombuffer(pcm, dtype="<i2").astype(np.float64) for pcm in pair)
        total += float(np.sum(left**2 + right**2))
        apart += float(np.sum((left - right) ** 2))
    return total > 0 and apart < ALIKE_RATIO * total


def _length(container: av.container.InputContainer) -> float | None:
    """Return where the last packet ends, in seconds; for files that do not state it."""
    end = 0.0
    with container, _damage(RECORDING, lambda: end):
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * stream.time_base))
    return end or None


def _guarded(file: IO[bytes], container: str) -> av.container.InputContainer:
    if container == MP4 and declared_samples(file) > MOST_SAMPLES:
        raise AudioError("damaged_audio", f"{RECORDING} says it has more samples than it can have.")
    options = {"protocol_whitelist": "none", "codec_whitelist": ",".join(CODECS)}
    return _opened(file, RECORDING, format=container, options=options)


def _opened(source: str | IO[bytes], name: str, **how: Any) -> av.container.InputContainer:
    try:
        return av.open(source, mode="r", metadata_errors="ignore", **how)
    except av.error.InvalidDataError as error:
        raise AudioError(
            "unsupported_audio",
            f"{name} is damaged or no audio file; wav, flac, mp3, m4a, ogg, webm and mp4 are.",
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError("unsupported_audio", f"{name} cannot be opened as audio.") from error


def _recording(
    container: av.container.InputContainer, name: str, mono: bool, start: int
) -> Recording:
    try:
        channels = _channels(container, name)
    except BaseException:
        container.close()
        raise
    given = 1 if mono else channels
    stated = container.duration / av.time_base if container.duration else None
    blocks = _blocks(container, name, given, stated, start)
    return Recording(channels=given, duration_s=stated, blocks=blocks)


def _channels(container: av.container.InputContainer, name: str) -> int:
    """Return the channel count of the first audio track. Raises AudioError."""
    if not container.streams.audio:
        raise AudioError("no_audio_track", f"{name} has no audio track.")
    context = container.streams.audio[0].codec_context
    if context is None:
        raise AudioError("unsupported_audio", f"The audio of {name} has an unknown encoding.")
    channels = int(context.layout.nb_channels)
    if channels > MAX_CHANNELS:
        raise AudioError(
            "too_many_channels",
            f"{name} has {channels} channels; mix it down to one, or to two with one speaker "
            "on each.",
        )
    if channels < 1 or context.sample_rate not in RATES:
        raise AudioError("damaged_audio", f"{name} does not say what audio it holds.")
    return channels


def _blocks(
    container: av.container.InputContainer,
    name: str,
    channels: int,
    stated: float | None,
    start: int,
) -> Generator[tuple[bytes, ...], None, None]:
    layout = "mono" if channels == 1 else "stereo"
    resampler = av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
    waiting = np.zeros((channels, 0), dtype=np.int16)
    done = start  # samples given out or waiting
    with container, _damage(name, lambda: done / SAMPLE_RATE):
        position, frames = _frames(container, start)
        for samples in _resampled(frames, resampler):
            early = min(max(0, start - position), samples.shape[1])
            position += samples.shape[1]
            samples = samples[:, early:]
            done += samples.shape[1]
            waiting = np.concatenate([waiting, samples], axis=1)
            whole = waiting.shape[1] - waiting.shape[1] % BLOCK_SAMPLES
            for first in range(0, whole, BLOCK_SAMPLES):
                yield _chunks(waiting[:, first : first + BLOCK_SAMPLES])
            waiting = waiting[:, whole:]
        if waiting.shape[1]:
            yield _chunks(waiting)
    seconds = done / SAMPLE_RATE
    if done == 0:
        raise AudioError("empty_audio", f"{name} holds no sound.")
    exact = not ESTIMATED_DURATION & set(container.format.name.split(","))
    if stated is not None and exact:
        missing = stated - seconds
        if missing > max(SHORTFALL_S, SHORTFALL_RATIO * stated):
            raise _damaged(name, seconds)


def _frames(
    container: av.container.InputContainer, start: int
) -> tuple[int, Iterator[av.AudioFrame]]:
    """Return the sample (16 kHz) at which decoding begins, at most `start`, and the frames.

    Time stamps count from the first frame. Where they leave something out there is silence.
    """
    stream = container.streams.audio[0]
    first = next(container.decode(stream), None)
    if first is None:
        return 0, iter(())
    origin = float(first.time or 0.0)
    if start <= LEAD_S * SAMPLE_RATE or first.time is None:
        return 0, _steady(chain([first], container.decode(stream)), origin)
    container.seek(round((origin + start / SAMPLE_RATE - LEAD_S) * av.time_base))
    frame = next(container.decode(stream), None)
    at = round((float(frame.time) - origin) * SAMPLE_RATE) if frame and frame.time else -1
    if frame is not None and 0 <= at <= start:
        return at, _steady(chain([frame], container.decode(stream)), float(frame.time))
    container.seek(0)  # it cannot be sought in: read on from the start
    return 0, _steady(container.decode(stream), origin)


def _steady(frames: Iterable[av.AudioFrame], origin: float) -> Iterator[av.AudioFrame]:
    """Put silence where time stamps jump ahead; go on from those that jump back.

    Raises ValueError for a frame that no recording has.
    """
    done = 0  # samples of the file's own rate
    for frame in frames:
        if frame.sample_rate not in RATES or frame.samples > LONGEST_FRAME_S * frame.sample_rate:
            raise ValueError("no frame of a recording")
        if frame.time is not None:
            ahead = round((float(frame.time) - origin) * frame.sample_rate) - done
            if ahead < -GAP_S * frame.sample_rate:
                origin += ahead / frame.sample_rate
            while ahead > GAP_S * frame.sample_rate:
                silence = _silence(frame, min(ahead, frame.sample_rate))
                ahead -= silence.samples
                done += silence.samples
                yield silence
        done += frame.samples
        frame.pts = None  # the resampler counts
        yield frame


def _silence(like: av.AudioFrame, samples: int) -> av.AudioFrame:
    silence = av.AudioFrame(format=like.format, layout=like.layout, samples=samples, align=1)
    for plane in silence.planes:
        plane.update(bytes([128 if like.format.name.startswith("u8") else 0]) * plane.buffer_size)
    silence.sample_rate = like.sample_rate
    return silence


def _resampled(
    frames: Iterable[av.AudioFrame], resampler: av.AudioResampler
) -> Iterator[npt.NDArray[np.int16]]:
    """Resample frames to arrays of (channels, samples)."""
    for frame in frames:
        for piece in resampler.resample(frame):
            yield np.asarray(piece.to_ndarray(), dtype=np.int16)
    for piece in resampler.resample(None):
        yield np.asarray(piece.to_ndarray(), dtype=np.int16)


def _chunks(samples: npt.NDArray[np.int16]) -> tuple[bytes, ...]:
    return tuple(channel.astype("<i2").tobytes() for channel in samples)


@contextmanager
def _damage(name: str, position: Callable[[], float]) -> Iterator[None]:
    """Turn decoder errors into an AudioError that says how far the file could be read."""
    try:
        yield
    except (av.error.FFmpegError, ValueError) as error:
        raise _damaged(name, position()) from error


def _damaged(name: str, seconds: float) -> AudioError:
    return AudioError(
        "damaged_audio", f"{name} is damaged or cut off; it could be read for {seconds:.1f} s."
    )
