"""An upload that is erased with its interview leaves no file behind."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from transcription import uploads
from transcription.models import Upload


def on_upload_deleted(sender: object, instance: Upload, **kwargs: Any) -> None:
    upload_id = instance.pk
    transaction.on_commit(lambda: uploads.remove_file(upload_id), robust=True)


def connect() -> None:
    post_delete.connect(
        on_upload_deleted, sender=Upload, dispatch_uid="transcription.on_upload_deleted"
    )
