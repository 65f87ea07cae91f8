"""Rights that changed in accounts reach open sockets; mail that is erased with an interview."""

from typing import Any
from uuid import UUID

from accounts.signals import access_changed
from sessions import candidates, events
from sessions.signals import Removed, session_erasing


def on_access_changed(sender: object, user_ids: frozenset[int], **kwargs: Any) -> None:
    events.recheck_on_commit(user_ids=user_ids)


def on_erasing(sender: object, session_id: UUID, **kwargs: Any) -> Removed:
    mails = candidates.forget_mails(session_id)
    return Removed({"mails": mails} if mails else {})


def connect() -> None:
    session_erasing.connect(on_erasing, dispatch_uid="sessions.on_erasing")
    access_changed.connect(on_access_changed, dispatch_uid="sessions.on_access_changed")
