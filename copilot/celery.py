"""The Celery application; the beat table and all options are in settings.py."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    task_failure,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_shutdown,
)

from copilot import tracing
from copilot.lib import latency

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "copilot.settings")

app = Celery("copilot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**kwargs: object) -> None:
    """Leave logging as settings.py has it: Celery's own would print what is raised and given."""


@worker_init.connect
@beat_init.connect
def check_keys(**kwargs: object) -> None:
    """Refuse a database that was made with other keys; a SystemExit is all that Celery lets by."""
    from accounts import keys  # its models are loaded by now

    keys.stop_unless_ours()


@task_prerun.connect
def begin(
    task_id: str = "", task: Any = None, args: Any = (), kwargs: Any = None, **_more: object
) -> None:
    tracing.begin_task(task_id, task, args, kwargs or {})


@task_postrun.connect
def end(**kwargs: object) -> None:
    tracing.end_task()


@task_failure.connect
def tell_failure(
    task_id: str, exception: BaseException, sender: Any = None, **kwargs: object
) -> None:
    """Log a failed task without its exception's message, which may quote what was said."""
    name = getattr(sender, "name", "?")
    logger.error("task %s %s failed", name, task_id, exc_info=exception)


@worker_process_shutdown.connect
def keep_latencies(**kwargs: object) -> None:
    """Hand over what a process of the pool counted: it ends without Python's own farewell."""
    latency.flush()
