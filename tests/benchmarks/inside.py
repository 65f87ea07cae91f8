"""Measurements inside the product's own process, on a database that is gone afterwards."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import product

PATIENCE = 900  # seconds


def measure(name: str, **settings: str) -> dict[str, Any]:
    """Run `tests.benchmarks.<name>.measured` where Django is set up; return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        env = product.environment(Path(folder), **{"LOG_LEVEL": "CRITICAL"} | settings)
        product.manage("migrate", "-v0", env=env)
        script = (
            "import json\n"
            f"from tests.benchmarks import {name}\n"
            f"print(json.dumps({name}.measured()))"
        )
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
            cwd=product.ROOT,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def told() -> Iterator[list[tuple[float, int, dict[str, Any]]]]:
    """Note every live event: when it left (`time.monotonic`), its size in bytes, and what it is."""
    from sessions import events  # only where Django is set up

    noted: list[tuple[float, int, dict[str, Any]]] = []
    send = events._send

    async def note(group: str, message: dict[str, Any], what: str) -> None:
        if "event" in message:
            event = message["event"]
            noted.append((time.monotonic(), len(json.dumps(event)), event))
        await asyncio.sleep(0)

    events._send = note
    try:
        yield noted
    finally:
        events._send = send
