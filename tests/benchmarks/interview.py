"""The bundled interview through the served product in English: what a viewer sees when.

Both channels are sent at the pace they were spoken; a viewer's socket notes when words come.
"""

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import connect

from tests.benchmarks.figures import ROOT, Figure, Report, spread, within
from tests.benchmarks.served import Served, ours
from tests.benchmarks.speech import TERMS, word_error_rate
from transcription.audio import SAMPLE_RATE, decode_file

SAMPLE = ROOT / "static/sample/interview_stereo.flac"
TURNS = json.loads((ROOT / "tests/data/interview.json").read_text())
ROLES = ("interviewer", "candidate")
CHUNK = SAMPLE_RATE // 10 * 2
CALM = 3.0  # seconds after the last word before listening ends
TAIL = bytes(2 * SAMPLE_RATE * 2)


class Viewer:
    """Notes what came when, in seconds since the recording began."""

    def __init__(self) -> None:
        self.began = 0.0
        self.events: list[tuple[float, dict[str, Any]]] = []

    async def watch(self, served: Served, session: str, ready: asyncio.Event) -> None:
        url = f"{served.url.replace('http', 'ws', 1)}/ws/sessions/{session}/live/"
        headers = {"Authorization": f"Bearer {served.token}"}
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            ready.set()
            async for message in socket:
                self.events.append((time.monotonic() - self.began, json.loads(message)))


async def send(served: Served, session: str, role: str, pcm: bytes, go: asyncio.Event) -> None:
    url = f"{served.url.replace('http', 'ws', 1)}/ws/sessions/{session}/audio/{role}/"
    headers = {"Authorization": f"Bearer {served.token}"}
    async with connect(url, additional_headers=headers, max_size=None, open_timeout=60) as socket:
        await socket.send(
            json.dumps({"type": "start", "encoding": "pcm_s16le", "sample_rate": SAMPLE_RATE})
        )
        while json.loads(await socket.recv())["type"] != "ready":
            pass

        async def drain() -> None:
            async for _message in socket:
                pass

        draining = asyncio.create_task(drain())
        await go.wait()
        began = time.monotonic()
        for number, first in enumerate(range(0, len(pcm), CHUNK)):
            await asyncio.sleep(max(0.0, began + (number + 1) * 0.1 - time.monotonic()))
            await socket.send(pcm[first : first + CHUNK])
        await socket.send('{"type":"stop"}')
        await draining


async def hold(served: Served, session: str, audio: dict[str, bytes]) -> Viewer:
    viewer, ready, go = Viewer(), asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(viewer.watch(served, session, ready))
    await ready.wait()
    sending = [asyncio.create_task(send(served, session, role, audio[role], go)) for role in ROLES]
    await asyncio.sleep(2)  # both recognizers are there
    viewer.began = time.monotonic()
    go.set()
    await asyncio.gather(*sending)
    await asyncio.sleep(CALM)
    watching.cancel()
    return viewer


def delays(viewer: Viewer) -> tuple[list[float], list[float]]:
    """Return, turn by turn, speech start → first partial and speech end → final, in seconds."""
    firsts, finals = [], []
    for turn in TURNS:
        partials = [
            at
            for at, event in viewer.events
            if event["type"] == "partial" and event["role"] == turn["speaker"] and event["text"]
        ]
        firsts += [at - turn["start"] for at in partials if turn["start"] < at < turn["end"]][:1]
        stored = [
            at
            for at, event in viewer.events
            if event["type"] == "segment" and event["segment"]["role"] == turn["speaker"]
        ]
        finals += [at - turn["end"] for at in stored if at > turn["end"]][:1]
    return firsts, finals


def cards(viewer: Viewer) -> list[float]:
    """Return segment event → first card about it, in seconds."""
    shown = {
        event["segment"]["id"]: at for at, event in viewer.events if event["type"] == "segment"
    }
    waits: dict[str, float] = {}
    for at, event in viewer.events:
        if event["type"] == "insight" and event["insight"]["state"] == "preliminary":
            for segment in event["insight"]["segments"]:
                if segment in shown:
                    waits.setdefault(segment, at - shown[segment])
    return list(waits.values())


def main() -> Report:
    blocks = list(decode_file(SAMPLE))
    audio = {
        role: b"".join(block[channel] for block in blocks) + TAIL
        for channel, role in enumerate(ROLES)
    }
    with ours(count=2, job=" ".join(TERMS), INTERVIEW_ENGINES="en=whisper") as served:
        short = {role: pcm[: 6 * SAMPLE_RATE * 2] for role, pcm in audio.items()}
        asyncio.run(hold(served, served.sessions[1], short))  # models are loaded and warm
        cpu = served.cpu()
        viewer = asyncio.run(hold(served, served.sessions[0], audio))
        hours = sum(len(pcm) for pcm in audio.values()) / 2 / SAMPLE_RATE / 3600
        cpu_hour = (served.cpu() - cpu) / hours
        memory = served.memory()
    firsts, finals = delays(viewer)
    waits = cards(viewer)
    figures = [
        Figure(
            "first partial after speech begins, p50 / p95",
            f"{spread(firsts, (0.5, 0.95))} s",
            "≤ 0.9 / 1.2 s",
            within(firsts, {0.5: 0.9, 0.95: 1.2}),
        ),
        Figure(
            "final after speech ends, p50 / p95",
            f"{spread(finals, (0.5, 0.95))} s",
            "≤ 0.7 / 1.2 s",
            within(finals, {0.5: 0.7, 0.95: 1.2}),
        ),
        Figure(
            "first card after its final, p95",
            f"{spread(waits, (0.95,), 1000)} ms of {len(waits)}",
            "≤ 50 ms",
            within(waits, {0.95: 0.05}),
        ),
        Figure("CPU-seconds per hour of audio (a channel), Whisper", f"{cpu_hour:.0f} s"),
        Figure("memory of the server with models, two streams", f"{memory:.0f} MB"),
    ]
    for role in ROLES:
        said = " ".join(turn["text"] for turn in TURNS if turn["speaker"] == role)
        rows = {
            event["segment"]["start_ms"]: event["segment"]["text"]
            for _at, event in viewer.events
            if event["type"] == "segment" and event["segment"]["role"] == role
        }
        rate = word_error_rate(said, " ".join(rows[start] for start in sorted(rows)))
        figures.append(Figure(f"word error rate, {role}", f"{rate:.1%}", "≤ 5 %", rate <= 0.05))
    how = (
        "The bundled two-channel interview of 88 s at real time over the sockets, Whisper base "
        "with growing partials; times are those of a viewer's socket on the same machine."
    )
    return Report("One interview, as a viewer sees it", how, figures)
