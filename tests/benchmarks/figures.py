"""A measured figure beside its target, and the page that keeps them."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Figure:
    """`target` is a sentence; `met` None where there is none, or it needs another machine."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        mark = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{self.name:<58} {self.value:<26} {self.target:<24} {mark}"


@dataclass(frozen=True)
class Report:
    """What one benchmark found, and how."""

    title: str
    how: str
    figures: list[Figure]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0…1) of the values lie; 0 without values."""
    if len(values) < 2:
        return values[0] if values else 0.0
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def spread(values: Sequence[float], shares: Iterable[float], scale: float = 1.0) -> str:
    return " / ".join(f"{percentile(values, share) * scale:.3g}" for share in shares)


def within(values: Sequence[float], limits: dict[float, float]) -> bool:
    """Tell whether each percentile is at or below its limit."""
    return bool(values) and all(percentile(values, s) <= limit for s, limit in limits.items())


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cpu = names[0] if names else platform.processor()
    return f"{os.cpu_count()} × {cpu}, {platform.system()}, Python {platform.python_version()}"


def write(reports: list[Report], command: str) -> None:
    """Write the page: each benchmark with its figures, the machine, the day and the command."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; the targets are those the project set itself. One machine, one",
        "run: compare ratios, and run it on yours.",
        "",
        f"- machine: {machine()}",
        f"- date: {datetime.now(UTC):%Y-%m-%d}",
        f"- command: `{command}`",
        "",
    ]
    for report in reports:
        lines += [f"## {report.title}", "", report.how, ""]
        lines += ["| figure | value | target | |", "| --- | --- | --- | --- |"]
        for f in report.figures:
            mark = {True: "met", False: "**missed**", None: ""}[f.met]
            lines.append(f"| {f.name} | {f.value} | {f.target} | {mark} |")
        lines.append("")
    PAGE.write_text("\n".join(lines))
