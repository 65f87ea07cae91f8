"""Counting latencies in one process: what is drained, kept for later, and left to each process."""

import json
import subprocess
import sys
import threading

import pytest

from copilot.lib import latency
from copilot.lib.latency import BOUNDS_MS, Stage
from tests.product import ROOT

PATIENCE = 30  # seconds


@pytest.fixture
def counted(monkeypatch):
    """A process that has counted nothing and whose thread never wakes; gives what was drained."""
    drained = []
    monkeypatch.setattr(latency, "_counts", {})
    monkeypatch.setattr(latency, "_drain", drained.append)
    monkeypatch.setattr(latency, "_thread", threading.current_thread())
    return drained


def test_measurements_come_out_once_by_stage_and_bucket(counted):
    for seconds in (0.0004, 0.001, 0.0011):
        latency.observe(Stage.DELIVERY, seconds)
    latency.observe(Stage.TOTAL, 500.0)
    latency.flush()
    latency.flush()
    (counts,) = counted
    assert set(counts) == {
        (Stage.DELIVERY, 0),
        (Stage.DELIVERY, 1),
        (Stage.TOTAL, len(BOUNDS_MS)),
    }
    assert counts[Stage.DELIVERY, 0] == (2, pytest.approx(1.4))
    assert counts[Stage.TOTAL, len(BOUNDS_MS)] == (1, pytest.approx(500_000))


def test_a_time_that_lies_ahead_counts_as_none(counted):
    latency.observe(Stage.DELIVERY, -3.0)
    latency.flush()
    assert counted == [{(Stage.DELIVERY, 0): (1, 0.0)}]


def test_what_a_failing_drain_refuses_is_kept_without_growing(counted, monkeypatch):
    def fails(counts):
        raise OSError("the database is away")

    with monkeypatch.context() as away:
        away.setattr(latency, "_drain", fails)
        for _ in range(300):
            latency.observe(Stage.RECOGNITION, 0.3)
            latency.flush()
        assert len(latency._counts) == 1
    latency.observe(Stage.RECOGNITION, 0.3)
    latency.flush()
    ((count, total_ms),) = counted[0].values()
    assert (count, total_ms) == (301, pytest.approx(301 * 300))


def test_nothing_is_lost_between_threads_and_the_drain(counted):
    threads = [
        threading.Thread(target=lambda: [latency.observe(Stage.DELIVERY, 0.01) for _ in range(999)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        latency.flush()
    latency.flush()
    assert sum(count for counts in counted for count, _ms in counts.values()) == 8 * 999


def test_the_bounds_rise():
    assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))


def run(script):
    """Run a script in a process of its own; return the lines of JSON that it printed."""
    said = subprocess.run(
        [sys.executable, "-c", PRELUDE + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return [json.loads(line) for line in said.stdout.splitlines()]


PRELUDE = """
import json, os, sys, threading
from copilot.lib import latency
from copilot.lib.latency import Stage
woken = threading.Event()
def drain(counts):
    told = [len(counts), sum(count for count, _ms in counts.values())]
    os.write(1, (json.dumps(told) + "\\n").encode())
    woken.set()
"""


def test_a_thread_drains_by_itself_and_the_end_drains_the_rest():
    lines = run(
        """
latency.drain_into(drain, every=0.01)
latency.observe(Stage.TOTAL, 1)
assert woken.wait(20)
latency._interval = 1000
latency._stop.wait(0.05)  # the thread now waits for long
latency.observe(Stage.TOTAL, 2)
latency.observe(Stage.TOTAL, 2)
"""
    )
    assert sum(count for _buckets, count in lines) == 3


def test_a_forked_process_counts_only_its_own_and_drains_it():
    """The parent forks while its lock is held: the child must not wait for it."""
    lines = run(
        """
latency.drain_into(drain, every=1000)
for _ in range(100):
    latency.observe(Stage.TOTAL, 1)
with latency._lock:
    child = os.fork()
    if child == 0:
        latency._interval = 0.01
        latency.observe(Stage.TOTAL, 1)
        assert woken.wait(20)
        os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    )
    assert [count for _buckets, count in lines] == [1, 100]


def test_without_a_drain_no_thread_is_started():
    assert run("latency.observe(Stage.TOTAL, 1); print(threading.active_count())") == [1]
