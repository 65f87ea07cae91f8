"""Rights that changed in accounts reach open sockets; what is kept elsewhere of an interview."""

from typing import Any
from uuid import UUID

from accounts.models import User
from accounts.signals import access_changed, answer_kept, answer_repeated
from sessions import access, candidates, events
from sessions.signals import Removed, session_erasing


def on_access_changed(sender: object, user_ids: frozenset[int], **kwargs: Any) -> None:
    events.recheck_on_commit(user_ids=user_ids)


def on_erasing(sender: object, session_id: UUID, **kwargs: Any) -> Removed:
    mails = candidates.forget_mails(session_id)
    return Removed({"mails": mails} if mails else {})


def on_answer_kept(sender: object, session_id: UUID, **kwargs: Any) -> bool:
    """Hold the interview: who erases it waits, and finds the answer about it."""
    return access.lock_session(session_id) is not None


def on_answer_repeated(sender: object, session_id: UUID, user: User, **kwargs: Any) -> None:
    access.get_session(user, session_id)


def connect() -> None:
    answer_kept.connect(on_answer_kept, dispatch_uid="sessions.on_answer_kept")
    answer_repeated.connect(on_answer_repeated, dispatch_uid="sessions.on_answer_repeated")
    session_erasing.connect(on_erasing, dispatch_uid="sessions.on_erasing")
    access_changed.connect(on_access_changed, dispatch_uid="sessions.on_access_changed")
