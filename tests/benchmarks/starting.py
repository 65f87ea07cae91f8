"""How long `make run` takes once everything is installed."""

import subprocess
import tempfile
import time
from pathlib import Path

from tests import product
from tests.benchmarks.figures import ROOT, Figure, Report


def start_seconds(env: dict[str, str]) -> float:
    """Return the seconds from the command to the first answer."""
    port = product.free_port()
    began = time.monotonic()
    process = product.Process("deploy/run.sh", env={**env, "PORT": str(port)})
    try:
        product.wait_until_up(f"http://127.0.0.1:{port}", process)
        return time.monotonic() - began
    finally:
        process.end()


def main() -> Report:
    subprocess.run(["deploy/install.sh"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        env = product.environment(Path(folder))
        first, second = start_seconds(env), start_seconds(env)
    return Report(
        "Starting",
        "`make run` with everything installed, until the first answer; first with no data.",
        [
            Figure("first start, empty data directory", f"{first:.1f} s"),
            Figure("second start", f"{second:.1f} s", "≤ 10 s", second <= 10),
        ],
    )
