"""Time redaction on the bundled interview and on utterances full of personal data.

Run with `python -m tests.benchmarks redaction`; prints each figure beside its target.
"""

import json
import re
import statistics
import time
from collections.abc import Callable

from tests.benchmarks.figures import ROOT, Figure, Report
from transcription.redaction import Redactor

DATA = ROOT / "tests" / "data"
SIZE = 200  # characters of one final
ROUNDS = 5
TARGETS = {
    "final p50": 10.0,
    "final p95": 25.0,
    "tagged p50": 10.0,
    "tagged p95": 25.0,
    "partial p50": 1.0,
    "partial p95": 2.0,
}


def finals() -> list[str]:
    """Return texts of about 200 characters: plain technical talk mixed with personal data."""
    cases = json.loads((DATA / "redaction_cases.json").read_text(encoding="utf-8"))
    personal = [re.sub(r"[{}]", "", case["text"]) for case in cases["positive"]]
    technical = (DATA / "interview.txt").read_text(encoding="utf-8").split(". ")
    technical += cases["negative"]
    texts, current = [], ""
    for index in range(3 * len(technical)):
        source = personal if index % 4 == 3 else technical
        current += source[(index * 7) % len(source)].strip().rstrip(".") + ". "
        if len(current) >= SIZE:
            texts.append(current[:SIZE])
            current = ""
    return texts


def tagged() -> list[str]:
    """Return texts in each of which the statistical tagger has to run: the worst case."""
    tail = " and then Quillon went over to Zembrax"
    return [text[: SIZE - len(tail)].replace(". ", ", ") + tail for text in finals()]


def _times(call: Callable[[str], object], texts: list[str]) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        for text in texts:
            begin = time.perf_counter()
            call(text)
            times.append((time.perf_counter() - begin) * 1000)
    return times


def measure() -> dict[str, float]:
    """Return latencies in milliseconds, warm, of texts of 200 characters."""
    redactor = Redactor()
    redactor.warm()
    session = redactor.for_session(names=("Candice Holloway", "Bertrand Achterberg"))
    figures = {}
    for name, call, texts in (
        ("final", session.final, finals()),
        ("tagged", session.final, tagged()),
        ("partial", session.partial, finals()),
    ):
        cuts = statistics.quantiles(_times(call, texts), n=100)
        figures[f"{name} p50"], figures[f"{name} p95"] = cuts[49], cuts[94]
    return figures


def main() -> Report:
    figures = [
        Figure(f"{name}", f"{value:.2f} ms", f"≤ {TARGETS[name]:g} ms", value <= TARGETS[name])
        for name, value in measure().items()
    ]
    how = (
        "Finals of 200 characters, plain technical talk mixed with personal data, warm; “tagged” "
        "are those that need the statistical tagger."
    )
    return Report("Redaction of one text", how, figures)
