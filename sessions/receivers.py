"""What somebody may do changed in accounts: their open sockets ask the door again."""

from typing import Any

from accounts.signals import access_changed
from sessions import events


def on_access_changed(sender: object, user_ids: frozenset[int], **kwargs: Any) -> None:
    events.recheck_on_commit(user_ids=user_ids)


def connect() -> None:
    access_changed.connect(on_access_changed, dispatch_uid="sessions.on_access_changed")
