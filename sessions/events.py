"""The megaphone: the only place that puts live events on the channel layer."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from copilot.lib import latency
from copilot.lib.latency import Stage
from sessions.models import Session
from sessions.serializers import session_json

logger = logging.getLogger(__name__)

VERSION = 1
PATIENCE = 2.0  # seconds for the channel layer to take a message
MESSAGE_TYPE = "live.event"  # LiveConsumer.live_event
CHECK_TYPE = "access.check"  # both consumers' access_check


def group_name(session_id: UUID | str) -> str:
    return f"session.{UUID(str(session_id)).hex}"


def recorders_group(session_id: UUID | str) -> str:
    return f"recorders.{UUID(str(session_id)).hex}"


def person_group(user_id: int) -> str:
    return f"person.{user_id}"


def envelope(session_id: UUID | str, event_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return one live event; `body` holds what is particular to its type."""
    return {
        "v": VERSION,
        "id": uuid.uuid4().hex,
        "session": str(session_id),
        "at": timezone.now().isoformat(),
        "type": event_type,
        **body,
    }


async def publish(
    session_id: UUID | str, event_type: str, body: dict[str, Any], said_at: float | None = None
) -> None:
    """Send now, for what is never stored: partials, latencies, notices."""
    message = {
        "type": MESSAGE_TYPE,
        "event": envelope(session_id, event_type, body),
        "published_at": time.time(),
        "said_at": said_at,
    }
    await _send(group_name(session_id), message, event_type)


def delivered(message: dict[str, Any]) -> None:
    """Count how long an event took that was given to a viewer's socket.

    By the clocks of the two processes: on several machines they have to agree.
    """
    now = time.time()
    latency.observe(Stage.DELIVERY, now - message["published_at"])
    if message["said_at"] is not None:
        latency.observe(Stage.TOTAL, now - message["said_at"])


async def _send(group: str, message: dict[str, Any], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await get_channel_layer().group_send(group, message)
    except Exception as error:
        # Viewers catch up from the snapshot; a broken layer must never stop the recording.
        logger.warning("live event %s not sent: %s", what, type(error).__name__)


def _on_commit(send: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
    # On a loop of its own: the server's may be busy, or stopped for good while this thread commits,
    # and who waits for a stopped loop keeps the process from ending.
    in_own_loop = async_to_sync(send, force_new_loop=True)

    def send_now() -> None:
        try:
            in_own_loop(*args)
        except RuntimeError as error:
            # A process that is ending starts no loops; who watches catches up from the snapshot.
            logger.warning("a live event was not sent: %s", type(error).__name__)

    transaction.on_commit(send_now, robust=True)


def publish_on_commit(
    session_id: UUID | str, event_type: str, body: dict[str, Any], said_at: float | None = None
) -> None:
    """Send once the surrounding transaction has committed, and never if it rolls back.

    `said_at` (as of `time.time`) is when the words ended that the event is the first help about.
    """
    _on_commit(publish, session_id, event_type, body, said_at)


def announce_on_commit(session: Session) -> None:
    """Tell everybody who watches what the session looks like after this transaction."""
    session.revision = next_revision(session.pk)
    publish_on_commit(session.pk, "session", {"state": session_json(session)})


def stop_recorders_on_commit(session_id: UUID | str, *, at_once: bool = False) -> None:
    """Tell every recorder of the session, once committed, that the interview has ended.

    `at_once`: the candidate agrees no longer, and what was heard and is not stored yet is let go.
    """
    message = {"type": "audio.end", "at_once": at_once}
    _on_commit(_send, recorders_group(session_id), message, "audio.end")


def withhold_on_commit(session_id: UUID | str, *, off: bool, seconds: int = 0) -> None:
    """Tell every recorder of the session, once committed, that it is off the record, or on again.

    Of what they keep the last `seconds` go as well.
    """
    message = {"type": "audio.record", "off": off, "seconds": seconds}
    _on_commit(_send, recorders_group(session_id), message, "audio.record")


def recheck_on_commit(
    *, user_ids: Iterable[int] = (), session_ids: Iterable[UUID | str] = ()
) -> None:
    """Let the open sockets of these people, and on these sessions, ask again once committed."""
    groups = [person_group(user_id) for user_id in user_ids]
    for session_id in session_ids:
        groups += [group_name(session_id), recorders_group(session_id)]
    if groups:
        _on_commit(_check, groups)


async def _check(groups: list[str]) -> None:
    for group in groups:
        await _send(group, {"type": CHECK_TYPE}, CHECK_TYPE)


def next_revision(session_id: UUID) -> int:
    """Count up the session's revision inside the caller's transaction and return it.

    The update holds the session's row until commit, so revisions become visible in order: a reader
    that has seen N has seen everything below N.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("next_revision needs a transaction")
    Session.objects.filter(pk=session_id).update(revision=F("revision") + 1)
    return Session.objects.values_list("revision", flat=True).get(pk=session_id)
