"""Who watches an interview now: a row for each open page, none for one not heard of any more.

A page that closes takes its row away. What a process that died has left behind is swept by the next
page of the interview that is heard of, and counts for nothing before that.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from sessions import events
from sessions.models import Watcher

logger = logging.getLogger(__name__)

GONE_AFTER = timedelta(seconds=90)  # a page tells of itself every 15 s
NOTED_EVERY = 30.0  # seconds; less often is not in time, more often is work for nothing
PAUSES = (0.2, 1.0)  # seconds, after which a busy database is asked again
GATHERED = 0.5  # seconds in which comings and goings are told together

_due: dict[UUID, asyncio.Task[None]] = {}  # interviews about which people are to be told


def watching(session_id: UUID) -> list[dict[str, Any]]:
    """Return the people who watch, with the number of their pages."""
    rows = _living(session_id).select_related("user").order_by("user__name", "user_id")
    users = {row.user_id: row.user for row in rows}
    pages = Counter(row.user_id for row in rows)
    return [{"id": pk, "name": user.display_name, "here": pages[pk]} for pk, user in users.items()]


def _since() -> datetime:
    return timezone.now() - GONE_AFTER


def _living(session_id: UUID) -> QuerySet[Watcher]:
    return Watcher.objects.filter(session_id=session_id, seen_at__gt=_since())


class Page:
    """One open page: comes, is heard of, goes. Nothing here waits but `go`.

    `in_database` makes a function run where the database may be asked.
    """

    def __init__(self, session_id: UUID, user_id: int, in_database: Callable[..., Any]) -> None:
        self.pk = uuid.uuid4()
        self.session_id = session_id
        self.user_id = user_id
        self._in_database = in_database
        self._turn = asyncio.Lock()
        self._noted = 0.0
        self._work: set[asyncio.Task[None]] = set()

    def come(self) -> None:
        self._noted = time.monotonic()
        self._begin(self._enter)

    def heard(self) -> None:
        if time.monotonic() - self._noted >= NOTED_EVERY:
            self._noted = time.monotonic()
            self._begin(self._touch)

    async def go(self) -> None:
        if self._noted:
            self._noted = 0.0
            await self._do(self._leave)

    def _begin(self, act: Callable[[], bool]) -> None:
        task = asyncio.create_task(self._do(act))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _do(self, act: Callable[[], bool]) -> None:
        """Do one thing after the other, and tell people where it changed who is there."""
        async with self._turn:
            for pause in (*PAUSES, None):
                try:
                    changed = await self._in_database(act)()
                    break
                except DatabaseError as error:  # who watches is no reason to end a socket
                    if pause is None:
                        logger.warning("a page's presence was not noted: %s", type(error).__name__)
                        return
                await asyncio.sleep(pause)
        if changed:
            _tell_soon(self.session_id, self._in_database)

    @transaction.atomic
    def _enter(self) -> bool:
        is_first = not self._others().exists()
        Watcher.objects.create(
            pk=self.pk, session_id=self.session_id, user_id=self.user_id, seen_at=timezone.now()
        )
        return is_first

    @transaction.atomic
    def _touch(self) -> bool:
        left_behind = Watcher.objects.filter(session_id=self.session_id, seen_at__lte=_since())
        swept, _ = left_behind.exclude(pk=self.pk).delete()
        if Watcher.objects.filter(pk=self.pk).update(seen_at=timezone.now()):
            return bool(swept)
        return self._enter() or bool(swept)

    @transaction.atomic
    def _leave(self) -> bool:
        Watcher.objects.filter(pk=self.pk).delete()
        return not self._others().exists()

    def _others(self) -> QuerySet[Watcher]:
        return _living(self.session_id).filter(user_id=self.user_id).exclude(pk=self.pk)


def _tell_soon(session_id: UUID, in_database: Callable[..., Any]) -> None:
    """Tell everybody who watches, in a moment, who they are by then."""
    if session_id not in _due or _due[session_id].done():
        _due[session_id] = asyncio.create_task(_tell(session_id, in_database))


async def _tell(session_id: UUID, in_database: Callable[..., Any]) -> None:
    try:
        await asyncio.sleep(GATHERED)
    finally:
        del _due[session_id]  # who comes from now on is told of again
    try:
        people = await in_database(watching)(session_id)
    except DatabaseError as error:
        logger.warning("who watches was not told: %s", type(error).__name__)
        return
    await events.publish(session_id, "presence", {"people": people})
