"""Three lines each: what wakes the services. Arguments are ids."""

from uuid import UUID

from celery import shared_task

from transcription import hearing, uploads


@shared_task
def hear(upload_id: str) -> None:
    """Write one slice of a recording down, and plan the next."""
    if hearing.hear(UUID(upload_id)):
        hear.delay(upload_id)


@shared_task
def sweep_uploads() -> None:
    """Go on with recordings that nobody is at, also where a worker died or a message was lost."""
    for upload_id in uploads.overdue():
        hear.delay(str(upload_id))


@shared_task
def clear_uploads() -> None:
    uploads.clear()
