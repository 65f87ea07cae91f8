"""What beat wakes."""

from celery import shared_task

from accounts import audit


@shared_task
def seal_audit() -> None:
    audit.seal_all()
