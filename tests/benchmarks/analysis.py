"""Help in time: events to many viewers, cards of a streaming model, faults, two hours, the bank.

Words come from the scripted engine, so that recognition takes no part in what is measured.
"""

import asyncio
import json
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from websockets.asyncio.client import connect

from tests.benchmarks.figures import Figure, Report, percentile, spread, within
from tests.benchmarks.inside import measure
from tests.benchmarks.interview import send
from tests.benchmarks.served import Served, ours
from tests.insights.llm_server import LlmServer
from transcription.audio import SAMPLE_RATE

VIEWED, VIEWERS = 20, 3  # interviews, and who watches each
SPOKEN_LINES, SPOKEN_PAUSE = 4, 5.0  # lines of each, and seconds between them: fluent talk
ASKING = 8  # interviews that a model reads along
ASKING_LINES, ASKING_PAUSE = 4, 7.0  # lines, and seconds between them: no debounce is running
APART = 0.45  # seconds between the interviews: their calls do not pile up
STREAM_SECONDS, PIECES = 1.2, 24
CALM = 4.0  # seconds after the last word before listening ends
DEBOUNCE = 5.0
LINE = (
    "In case {number} I moved {number} slow reports to a replica with PostgreSQL, it maybe helped."
)


@dataclass
class Watcher:
    """One viewer's socket: what came, and when by the clock of the machine."""

    session: str
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    async def watch(self, served: Served, ready: asyncio.Event) -> None:
        url = f"{served.url.replace('http', 'ws', 1)}/ws/sessions/{self.session}/live/"
        headers = {"Authorization": f"Bearer {served.token}"}
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            ready.set()
            async for message in socket:
                self.events.append((time.time(), json.loads(message)))


async def hold(served: Served, viewers: int, seconds: float, apart: float) -> list[Watcher]:
    """Speak into all interviews, each a little later than the one before, while viewers watch."""
    watchers = [Watcher(session) for session in served.sessions for _ in range(viewers)]
    gates = [asyncio.Event() for _ in watchers]
    watching = [
        asyncio.create_task(w.watch(served, gate)) for w, gate in zip(watchers, gates, strict=True)
    ]
    for gate in gates:
        await gate.wait()
    pcm = bytes(int(seconds * SAMPLE_RATE) * 2)
    starts = [asyncio.Event() for _ in served.sessions]
    speaking = [
        asyncio.create_task(send(served, session, "candidate", pcm, start))
        for session, start in zip(served.sessions, starts, strict=True)
    ]
    await asyncio.sleep(2)  # every stream is open
    for start in starts:
        start.set()
        await asyncio.sleep(apart)
    await asyncio.gather(*speaking)
    await asyncio.sleep(CALM)
    for task in watching:
        task.cancel()
    return watchers


@contextmanager
def spoken(count: int, lines: int, pause: float, **settings: str) -> Iterator[Served]:
    """Serve interviews each of which says so many lines, one each `pause` seconds."""
    script = [(pause * (n + 1), LINE.format(number=n + 1)) for n in range(lines)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(script, file)
        file.flush()
        said = {"INTERVIEW_ENGINES": "en=scripted", "INTERVIEW_SCRIPT": file.name}
        with ours(count=count, **said, **settings) as served:
            yield served


def at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


def deliveries() -> list[Figure]:
    seconds = SPOKEN_LINES * SPOKEN_PAUSE + 1
    with spoken(VIEWED, SPOKEN_LINES, SPOKEN_PAUSE) as served:
        watchers = asyncio.run(hold(served, VIEWERS, seconds, SPOKEN_PAUSE / VIEWED))
    waits = [
        came - at(event)
        for watcher in watchers
        for came, event in watcher.events
        if event["type"] in ("insight", "insight_changed")
    ]
    return [
        Figure(
            "card stored → at a viewer's socket, p50 / p95 / p99",
            f"{spread(waits, (0.5, 0.95, 0.99), 1000)} ms of {len(waits)}",
            "≤ 10 / 25 / 50 ms",
            within(waits, {0.5: 0.01, 0.95: 0.025, 0.99: 0.05}),
        )
    ]


@dataclass
class Call:
    """What the model did with one request, by the clock of the machine."""

    number: int  # of the line it was asked about
    asked: float
    first_token: float = 0.0
    first_item: float = 0.0  # the last token of the first card was sent
    ended: float = 0.0


class StreamingModel(LlmServer):
    """Streams three cards about the newest line over 1.2 s, evenly."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        super().__init__()

    def _next(self, request: dict[str, Any], headers: dict[str, str]) -> Any:
        new = request["messages"][-1]["content"].partition("NEW LINES, to analyze:")[2]
        number = int(re.findall(r"In case (\d+)", new)[-1])
        call = Call(number, time.time())
        self.calls.append(call)
        return partial(self._stream, call)

    def _stream(self, call: Call, _server: Any, http: Any) -> None:
        quote = f"In case {call.number} I moved {call.number} slow reports"
        given = {"quote": quote, "competency": "", "verdict": "", "other_quote": ""}
        items = [
            json.dumps(
                {
                    "kind": kind,
                    "content": f"{about} of case {call.number}.",
                    **given,
                    "reason": "An action with its tool",
                    "confidence": 0.9,
                }
            )
            for kind, about in (
                ("highlight", "Names the action and the tool"),
                ("insight", "Chose a replica to take load off the main database"),
                ("tip", "Ask how the success was measured"),
            )
        ]
        text = '{"items": [' + ", ".join(items) + '], "digest": "Reports were moved."}'
        first_ends = text.index(items[0]) + len(items[0])
        began, size = time.monotonic(), -(-len(text) // PIECES)
        http.begin("text/event-stream")
        for piece in range(PIECES):
            due = began + STREAM_SECONDS * (piece + 1) / PIECES
            self.released.wait(max(0.0, due - time.monotonic()))
            http.text_piece(text[piece * size : (piece + 1) * size])
            call.first_token = call.first_token or time.time()
            if not call.first_item and (piece + 1) * size >= first_ends:
                call.first_item = time.time()
        http.text_piece("", "stop")
        call.ended = time.time()
        http.event("[DONE]")


def first_cards(watchers: Iterable[Watcher]) -> list[tuple[int, float, float]]:
    """Return (number of the line, when it was stored, when its first card by the model left)."""
    found = []
    for watcher in watchers:
        lines: dict[str, tuple[int, float]] = {}
        cards: dict[str, float] = {}
        for _came, event in watcher.events:
            if event["type"] == "segment":
                number = int(re.findall(r"case (\d+)", event["segment"]["text"])[0])
                lines[event["segment"]["id"]] = (number, at(event))
            elif event["type"].startswith("insight") and event["insight"]["source"] == "llm":
                for line in event["insight"]["segments"]:
                    cards.setdefault(line, at(event))
        found += [(*lines[line], card) for line, card in cards.items() if line in lines]
    return found


def streamed() -> list[Figure]:
    model = StreamingModel()
    seconds = ASKING_LINES * ASKING_PAUSE + 1
    settings = {
        "INTERVIEW_LLM_BASE_URL": model.base_url,
        "INTERVIEW_LLM_MODEL": model.model,
        "INTERVIEW_LLM_API_KEY": "bench",
        "INTERVIEW_LLM_PREDICTION": "false",
        "INTERVIEW_ANALYSIS_INTERVAL": str(DEBOUNCE),
    }
    with spoken(ASKING, ASKING_LINES, ASKING_PAUSE, **settings) as served:
        watchers = asyncio.run(hold(served, 1, seconds, APART))
    model.close()
    calls: dict[int, list[Call]] = defaultdict(list)
    for call in sorted(model.calls, key=lambda call: call.asked):
        calls[call.number].append(call)
    waits, to_first_token, shares, first = [], [], [], []
    # The interviews say the same line one after the other, and are answered in this order.
    by_number: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for number, stored, shown in sorted(first_cards(watchers), key=lambda card: card[1]):
        by_number[number].append((stored, shown))
    for number, cards in by_number.items():
        for (stored, shown), call in zip(cards, calls[number], strict=False):
            if number == 1:
                first.append(shown - stored - (call.first_item - call.asked))
                continue
            waits.append(shown - stored - (call.first_item - call.asked))
            to_first_token.append(shown - stored - (call.first_token - call.asked))
            shares.append((shown - call.asked) / (call.ended - call.asked))
    asked = ASKING * (ASKING_LINES - 1)
    return [
        Figure(
            "line → first card of the model less its first token, p95",
            f"{spread(to_first_token, (0.95,), 1000)} ms of {len(waits)} / {asked}",
            "≤ 100 ms + debounce 5 s",
            within(to_first_token, {0.95: 0.1 + DEBOUNCE}) and len(waits) == asked,
        ),
        Figure(
            "the same with no debounce running, less its first card, p95",
            f"{spread(waits, (0.95,), 1000)} ms",
            "≤ 100 ms",
            within(waits, {0.95: 0.1}),
        ),
        Figure("the same for the first lines after a start, worst", f"{max(first):.2g} s"),
        Figure(
            "first card / whole answer of the model, p50 / p95",
            spread(shares, (0.5, 0.95)),
            "≤ 0.5",
            within(shares, {0.5: 0.5, 0.95: 0.5}),
        ),
    ]


def fallbacks() -> list[Figure]:
    settings = {"INTERVIEW_LLM_READ_TIMEOUT": "2", "INTERVIEW_LLM_TOTAL_TIMEOUT": "2.5"}
    waits = measure("faults", **settings)
    slowest = max(waits, key=lambda fault: waits[fault])
    worst = waits[slowest]
    return [
        Figure(
            f"broken model → first card, worst of {len(waits)} faults",
            f"{worst:.2f} s ({slowest})",
            "≤ 2 s",
            worst <= 2,
        )
    ]


def two_hours() -> list[Figure]:
    costs = measure("long_interview", INTERVIEW_ANALYSIS_INTERVAL="0")
    ratios = [last / first for first, last in zip(costs["first"], costs["last"], strict=True)]
    return [
        Figure(
            f"cost of a line, last / first 10 min of 2 h: {name}",
            f"{ratio:.2f} ({first:.4g} → {last:.4g})",
            "≤ 1.1 ×",
            ratio <= 1.1,
        )
        for name, ratio, first, last in zip(
            ("CPU seconds", "queries", "bytes of events"),
            ratios,
            costs["first"],
            costs["last"],
            strict=True,
        )
    ]


def suggestions() -> list[Figure]:
    times = measure("question_bank")
    return [
        Figure(
            "suggestion from a bank of 10 000 questions, p50 / p95",
            f"{spread(times, (0.5, 0.95), 1000)} ms",
            "p95 ≤ 50 ms",
            percentile(times, 0.95) <= 0.05,
        )
    ]


def main() -> Report:
    parts = (deliveries, streamed, fallbacks, two_hours, suggestions)
    how = (
        f"{VIEWED} interviews with {VIEWERS} viewers each for delivery; {ASKING} interviews read "
        f"by a model that streams three cards over {STREAM_SECONDS} s, a line each "
        f"{ASKING_PAUSE:.0f} s; every fault of a model server in turn; the lines of two hours one "
        "after the other, analysed by the rules. All on one machine, words by the scripted engine."
    )
    return Report("Help in time", how, [figure for part in parts for figure in part()])
