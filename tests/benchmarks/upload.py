"""A recording through the REST API until it is written down: how much faster than it was spoken."""

import json
import os
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import av

from tests.benchmarks.figures import ROOT, Figure, Report
from tests.benchmarks.served import Served, ours

SAMPLE = ROOT / "static/sample/interview_stereo.flac"
REPEATS = int(os.environ.get("BENCH_UPLOAD_REPEATS", "7"))  # of the 88 s sample: ten minutes
PART = 8 * 1024 * 1024
FASTER = 10.0  # times real time


def looped(path: Path) -> float:
    """Write the sample again and again into one file; return its seconds."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=16_000, layout="stereo")
        at = 0
        for _ in range(REPEATS):
            with av.open(str(SAMPLE)) as sample:
                for frame in sample.decode(audio=0):
                    frame.pts = at
                    at += frame.samples
                    out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return at / 16_000


def call(served: Served, method: str, path: str, body: bytes, kind: str) -> Any:
    headers = {"Authorization": f"Bearer {served.token}", "Content-Type": kind}
    request = urllib.request.Request(
        f"{served.url}/api/v1/uploads/{path}", body or None, headers, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or "null")


def write_down(served: Served, recording: bytes) -> float:
    """Return the seconds from the end of the transfer until everything is written down."""
    about = {
        "title": "Bench",
        "size": len(recording),
        "roles": ["interviewer", "candidate"],
        "consent": {"method": "verbal"},
    }
    made = call(served, "POST", "", json.dumps(about).encode(), "application/json")
    for first in range(0, len(recording), PART):
        part = recording[first : first + PART]
        path = f"{made['id']}/content/?offset={first}"
        call(served, "PUT", path, part, "application/octet-stream")
    began = time.monotonic()
    call(served, "POST", f"{made['id']}/finish/", b"", "application/json")
    while True:
        state = call(served, "GET", f"{made['id']}/", b"", "application/json")
        if state["state"] == "done":
            return time.monotonic() - began
        if state["state"] == "failed":
            raise RuntimeError(state["error"])
        time.sleep(0.5)


def main() -> Report:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.flac"
        seconds = looped(path)
        recording = path.read_bytes()
    # A faster machine asks more often than people do.
    limits = {"INTERVIEW_LIMIT_API_USER": "100000", "INTERVIEW_ENGINES": "en=whisper"}
    with ours(analysis=False, **limits) as served:
        cpu = served.cpu()
        took = write_down(served, recording)
        spent = served.cpu() - cpu
    return Report(
        "A recording that was uploaded",
        f"The bundled interview {REPEATS} times ({seconds / 60:.0f} min, two channels) through the "
        "REST API, Whisper base, finals only; no other stream.",
        [
            Figure(
                "faster than real time, of one core (both channels)",
                f"{seconds / spent:.1f} ×",
                f"≥ {FASTER:g} ×",
                seconds / spent >= FASTER,
            ),
            Figure("faster than real time, as people wait", f"{seconds / took:.1f} ×"),
            Figure("CPU-seconds per hour of recording", f"{spent / seconds * 3600:.0f} s"),
        ],
    )
