"""One driver for every server of vosk-server's protocol: real-time streams, timed replies."""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from websockets.asyncio.client import connect

from transcription.audio import SAMPLE_RATE, decode_file

BLOCK = SAMPLE_RATE // 10  # samples: 100 ms
CHUNK = 2 * BLOCK  # bytes
SPOKEN = 200  # RMS of 100 ms above which somebody speaks
PAUSE = 6  # blocks
Samples = npt.NDArray[np.int16]


@dataclass
class Heard:
    """What came back on one stream; times in seconds."""

    lags: list[float] = field(default_factory=list)  # from chunk sent to its reply
    speech_lags: list[float] = field(default_factory=list)  # of chunks somebody spoke in
    finals: list[str] = field(default_factory=list)


def conversation(path: Path, seconds: float) -> tuple[bytes, bytes]:
    """Return two channels on which the sentences of a recording take turns, repeated to length.

    Somebody speaks nearly all the time, as in an interview: longer pauses are cut to PAUSE. Who
    listens has the faint noise of a microphone, not zeros.
    """
    pcm = np.frombuffer(b"".join(block[0] for block in decode_file(path)), "<i2")
    rng = np.random.default_rng(5)
    channels: tuple[list[Samples], list[Samples]] = ([], [])
    speaker, quiet = 0, 0
    for first in range(0, len(pcm) - BLOCK, BLOCK):
        block = pcm[first : first + BLOCK]
        is_loud = loudness(block) > SPOKEN
        if is_loud and quiet > PAUSE:  # the other one goes on
            speaker = 1 - speaker
        quiet = 0 if is_loud else quiet + 1
        if quiet > PAUSE:
            continue
        channels[speaker].append(block)
        channels[1 - speaker].append(rng.normal(0, 3, BLOCK).round().astype("<i2"))
    length = int(seconds * SAMPLE_RATE)
    whole = [np.concatenate(blocks) for blocks in channels]
    repeats = length // len(whole[0]) + 1
    left, right = (np.tile(channel, repeats)[:length].tobytes() for channel in whole)
    return left, right


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))


def spoken_chunks(pcm: bytes) -> list[bool]:
    samples = np.frombuffer(pcm, "<i2")
    return [loudness(samples[i : i + BLOCK]) > SPOKEN for i in range(0, len(samples), BLOCK)]


async def stream(url: str, pcm: bytes, *, token: str = "", start_in: float = 0.0) -> Heard:
    """Send one channel at the pace it was spoken; every chunk has one reply, in order."""
    heard = Heard()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sent: deque[tuple[float, bool]] = deque()
    spoken = spoken_chunks(pcm)
    async with connect(url, additional_headers=headers, max_size=None, open_timeout=60) as socket:
        await socket.send(json.dumps({"config": {"sample_rate": SAMPLE_RATE}}))

        async def listen() -> None:
            async for message in socket:
                reply = json.loads(message)
                if "error" in reply:
                    raise RuntimeError(str(reply["error"]))
                if reply.get("text"):
                    heard.finals.append(reply["text"])
                if not sent:
                    return  # the answer to the end
                at, was_spoken = sent.popleft()
                heard.lags.append(time.monotonic() - at)
                if was_spoken:
                    heard.speech_lags.append(heard.lags[-1])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(start_in)
        began = time.monotonic()
        for number, first in enumerate(range(0, len(pcm), CHUNK)):
            wait = began + (number + 1) * 0.1 - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            sent.append((time.monotonic(), spoken[number]))
            await socket.send(pcm[first : first + CHUNK])
            if listening.done():
                break
        if not listening.done():
            await socket.send('{"eof" : 1}')
        async with asyncio.timeout(60):
            await listening
    return heard


async def streams(
    urls: list[str], channels: tuple[bytes, bytes], *, token: str = ""
) -> list[Heard]:
    """Run one stream for each URL at once, left and right in turn, spread over 100 ms and more."""
    return await asyncio.gather(
        *(
            stream(url, channels[n % 2], token=token, start_in=0.37 * (n // 2) + 0.05 * (n % 2))
            for n, url in enumerate(urls)
        )
    )
