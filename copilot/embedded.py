"""The embedded default: a real Celery worker and beat as threads of the server's process.

Used where no REDIS_URL is given. Broker and channel layer live in memory, so work queued at a crash
is lost with the process; the analysis cursor in the database and the sweep find it again.
"""

import logging
import sys
import threading
import warnings

from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from django.conf import settings

from copilot.celery import app

logger = logging.getLogger(__name__)

_started = threading.Lock()


def start_if_wanted() -> None:
    """Start worker and beat once, where settings ask for them."""
    if settings.INTERVIEW_EMBEDDED and _started.acquire(blocking=False):
        start()


def start() -> None:
    # It is the server's process: whoever may run the server may run its worker.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=2,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    beat = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    beat.daemon = True
    beat.start()
    logger.info("worker and beat run in this process (%s)", sys.argv[0])
