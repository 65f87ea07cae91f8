"""What beat wakes."""

from celery import shared_task

from sessions import retention


@shared_task
def erase_expired() -> None:
    retention.erase_expired()
