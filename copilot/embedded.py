"""The embedded default: a real Celery worker and beat as threads of the server's process.

Used where no REDIS_URL is given. Broker and channel layer live in memory, so work queued at a crash
is lost with the process; the analysis cursor in the database and the sweep find it again.
"""

import logging
import sys
import threading
import warnings

from celery.beat import EmbeddedService
from celery.platforms import EX_OK, SecurityWarning
from celery.worker import state
from django.conf import settings

from copilot.celery import app
from transcription import hearing

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0  # for the worker to let go of its queue

_started = threading.Lock()
_worker: threading.Thread | None = None


def start_if_wanted() -> None:
    """Start worker and beat once, where settings ask for them."""
    if settings.INTERVIEW_EMBEDDED and _started.acquire(blocking=False):
        start()


def threads() -> int:
    """Return how many tasks run at the same time: recordings never keep analysis waiting."""
    return settings.INTERVIEW_ANALYSIS_WORKERS + settings.INTERVIEW_UPLOAD_WORKERS + 1


def start() -> None:
    global _worker
    # It is the server's process: whoever may run the server may run its worker.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=threads(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )
    _worker = threading.Thread(target=worker.start, name="celery-worker", daemon=True)
    _worker.start()
    beat = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    beat.daemon = True
    beat.start()
    logger.info("worker and beat run in this process (%s)", sys.argv[0])


def stop() -> None:
    """End the worker before the interpreter does, which would cut it off in native code."""
    hearing.stop()
    if _worker is not None:
        state.should_stop = EX_OK
        _worker.join(STOP_SECONDS)
