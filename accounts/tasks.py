"""What beat wakes."""

from celery import shared_task

from accounts import audit, idempotency


@shared_task
def seal_audit() -> None:
    audit.seal_all()


@shared_task
def forget_answers() -> None:
    idempotency.forget_old()
