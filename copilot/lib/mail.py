"""Mail that nobody waits for: sent after the commit, in a thread of its own.

Without a mail server mails are files of the data directory, which can be taken back.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

logger = logging.getLogger(__name__)


def send_on_commit(*, kind: str, subject: str, text: str, to: Sequence[str]) -> None:
    """Send one mail to each address, so that nobody reads who else got it.

    `kind` is what the log calls it where it cannot be sent.
    """
    mails = [EmailMessage(subject, text, to=[address]) for address in to]

    def start() -> None:
        Thread(target=_deliver, args=[mails, kind], name="mail").start()

    transaction.on_commit(start, robust=True)


def _deliver(mails: Sequence[EmailMessage], kind: str) -> None:
    for mail in mails:
        try:
            mail.send()
        except Exception as error:  # mail servers fail in many ways
            logger.error("mail %s could not be sent: %s", kind, type(error).__name__)


def remove_files(marks: Sequence[str]) -> int:
    """Remove the mails in files that hold one of the marks, a link say; return how many."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not folder or not marks:
        return 0
    wanted = [mark.encode() for mark in marks]
    found = [
        path
        for path in Path(folder).glob("*.log")
        if any(mark in path.read_bytes() for mark in wanted)
    ]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
