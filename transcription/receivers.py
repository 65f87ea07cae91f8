"""What is erased with an interview, files too; an upload that lost its consent ends."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete

from sessions import retention
from sessions.signals import Removed, consent_withdrawn, session_erasing
from transcription import uploads
from transcription.models import Upload


def on_upload_deleted(sender: object, instance: Upload, **kwargs: Any) -> None:
    upload_id = instance.pk
    transaction.on_commit(lambda: uploads.remove_file(upload_id), robust=True)


def on_consent_withdrawn(sender: object, session_id: UUID, **kwargs: Any) -> None:
    uploads.stop(session_id)


@transaction.atomic
def on_erasing(sender: object, session_id: UUID, limit: int, **kwargs: Any) -> Removed:
    """Remove what was recorded into an interview that is erased, the file before its row."""
    for upload_id in Upload.objects.filter(session=session_id).values_list("pk", flat=True):
        uploads.remove_file(upload_id)
    return retention.remove_rows("transcription", session_id, limit)


def connect() -> None:
    session_erasing.connect(on_erasing, dispatch_uid="transcription.on_erasing")
    consent_withdrawn.connect(
        on_consent_withdrawn, dispatch_uid="transcription.on_consent_withdrawn"
    )
    post_delete.connect(
        on_upload_deleted, sender=Upload, dispatch_uid="transcription.on_upload_deleted"
    )
