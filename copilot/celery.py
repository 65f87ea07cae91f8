"""The Celery application; the beat table and all options are in settings.py."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import task_failure, worker_process_shutdown

from copilot.lib import latency
from copilot.lib.logs import describe

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "copilot.settings")

app = Celery("copilot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_failure.connect
def tell_failure(
    task_id: str, exception: BaseException, sender: Any = None, **kwargs: object
) -> None:
    """Log a failed task without its exception's message, which may quote what was said."""
    name = getattr(sender, "name", "?")
    logger.error("task %s %s failed: %s", name, task_id, describe(exception))


@worker_process_shutdown.connect
def keep_latencies(**kwargs: object) -> None:
    """Hand over what a process of the pool counted: it ends without Python's own farewell."""
    latency.flush()
