"""How long the stages of help take: counted in memory here, kept by whoever drains it.

A histogram per stage and process, of fixed size. A thread that starts with the first measurement
hands what was counted to the drain every few seconds; what the drain could not take is kept and
handed over again. A forked process starts with nothing counted and a thread of its own.
"""

import atexit
import logging
import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from enum import StrEnum

logger = logging.getLogger(__name__)

# Upper ends of the buckets in ms, about evenly spaced on a logarithmic scale; the targets of
# `insights.latency` are among them, so that they are met or missed exactly. One more bucket holds
# what took longer.
BOUNDS_MS = (
    1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 25.0, 35.0, 50.0, 75.0, 100.0, 150.0, 250.0, 400.0, 700.0,
    1_000.0, 1_200.0, 2_000.0, 3_000.0, 5_000.0, 7_000.0, 10_000.0, 15_000.0, 30_000.0, 60_000.0,
    120_000.0,
)  # fmt: skip


class Stage(StrEnum):
    RECOGNITION = "recognition"  # the last sound of an utterance arrived -> it is stored
    FIRST_CARD = "first_card"  # a line is stored -> the first card about it is stored
    ANALYSIS = "analysis"  # the newest line of a run is stored -> the run is complete
    DELIVERY = "delivery"  # an event is published -> it is given to a viewer's socket
    TOTAL = "total"  # words end -> the first card about them is given to a viewer's socket


Counts = dict[tuple[Stage, int], tuple[int, float]]  # (stage, bucket) -> (count, their sum in ms)
Drain = Callable[[Counts], None]

_lock = threading.Lock()
_counts: Counts = {}
_drain: Drain | None = None
_interval = 0.0  # seconds
_thread: threading.Thread | None = None
_stop = threading.Event()


def drain_into(drain: Drain, *, every: float) -> None:
    """Hand what is counted to `drain` every so many seconds, and once more when all ends."""
    global _drain, _interval
    _drain, _interval = drain, every


def observe(stage: Stage, seconds: float) -> None:
    """Count one measurement; cheap, from any thread. Clocks that disagree count as 0."""
    ms = max(0.0, seconds * 1000)
    key = (stage, bisect_left(BOUNDS_MS, ms))
    with _lock:
        count, total = _counts.get(key, (0, 0.0))
        _counts[key] = (count + 1, total + ms)
        if _thread is None and _drain is not None:
            _start()


def flush() -> None:
    """Hand over what is counted now; what the drain refuses stays counted."""
    if _drain is None:
        return
    with _lock:
        taken = dict(_counts)
        _counts.clear()
    if not taken:
        return
    try:
        _drain(taken)
    except Exception as error:
        # Nobody waits for these figures: they come later, or not at all.
        logger.warning("latencies were not kept: %s", type(error).__name__)
        with _lock:
            for key, (count, total) in taken.items():
                more, longer = _counts.get(key, (0, 0.0))
                _counts[key] = (count + more, total + longer)


def _start() -> None:
    global _thread
    _thread = threading.Thread(target=_flush_for_ever, name="latency", daemon=True)
    _thread.start()


def _flush_for_ever() -> None:
    while not _stop.wait(_interval):
        flush()


def _begin_anew() -> None:
    """Forget in a forked process what is its parent's: counts, thread, and a lock perhaps held."""
    global _lock, _thread
    _lock = threading.Lock()
    _thread = None
    _counts.clear()


def _end() -> None:
    _stop.set()
    flush()


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(_end)
