"""What beat wakes."""

from celery import shared_task

from sessions import retention, services


@shared_task
def erase_expired() -> None:
    """End what was forgotten, then erase what is over."""
    services.end_forgotten()
    retention.run()
