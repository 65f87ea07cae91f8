"""The doorkeeper of a socket: lets in who may be there, and out who no longer may.

A page asks the door with every request; a socket lives for hours. So its doorkeeper asks again

- when told to: whoever changes access sends `access.check` to the people or interviews concerned,
- when a share, sign-in or token ends by itself, which is known in advance,
- once a minute, should a message have been lost.

Each time everything is fresh from the database: the person by their credentials, and the door.
"""

import asyncio
import functools
import json
import logging
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404
from django.utils import timezone

from accounts import audit, identity, limits
from accounts.kinds import Event
from accounts.limits import Slots, TooMany
from accounts.models import User
from accounts.roles import Scope
from sessions import access, events
from sessions.access import Perm
from sessions.models import Session

logger = logging.getLogger(__name__)

ACCESS_ENDED = 4403  # close codes
TOO_MANY = 4429
RETRY = timedelta(seconds=2)

database = ThreadPoolExecutor(max_workers=4, thread_name_prefix="door-db")
in_database = functools.partial(database_sync_to_async, thread_sensitive=False, executor=database)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of socket asks of people and tokens, and which limits it counts in."""

    perm: Perm
    scope: Scope
    subprotocol: str
    limits: tuple[str, ...]  # INTERVIEW_LIMIT_<each>_USER and …_ORGANIZATION


class Doorkeeper:
    """Belongs to one consumer, and is left when the connection is over, however it ends."""

    def __init__(self, consumer: Any, rule: Rule) -> None:
        self.is_open = False
        self._is_over = False
        self._consumer = consumer
        self._rule = rule
        self._session: Session | None = None
        self.may: dict[str, bool] = {}  # what a viewer may do, as the door last saw them
        self._groups: list[str] = []
        self._slots = Slots(ttl=2.5 * settings.INTERVIEW_ACCESS_INTERVAL)
        self._timer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._leave()

    # --- Coming ----------------------------------------------------------------------------------

    async def admit(self, session_id: UUID, group: str) -> None:
        """Accept the socket; else refuse the handshake, which looks the same whatever the reason.

        Over a limit it is accepted all the same, to say so before it closes.
        """
        user = self._consumer.scope["user"]
        if not user.is_authenticated:
            await self._consumer.close()
            return
        # Joined before the door is asked: what changes meanwhile is heard.
        for name in (events.person_group(user.pk), group):
            self._groups.append(name)
            await self._consumer.channel_layer.group_add(name, self._consumer.channel_name)
        try:
            ends_at = await in_database(self._enter)(user, session_id)
        except Http404:
            await self._consumer.close()
        except TooMany as error:
            await self._accept()
            await self.turn_away(error)
        else:
            self.is_open = True
            await self._accept()
            self._remind(ends_at)

    def _enter(self, user: User, session_id: UUID) -> datetime | None:
        holder = limits.holder(user)
        limits.take(f"connects.user.{holder}", settings.INTERVIEW_LIMIT_CONNECTS_USER)
        ends_at = self._ask(session_id)
        assert self._session is not None  # noqa: S101  # the door found it
        for name in self._rule.limits:
            for whose, key in (("USER", holder), ("ORGANIZATION", self._session.organization_id)):
                limit = getattr(settings, f"INTERVIEW_LIMIT_{name}_{whose}")
                self._slots.take(f"{name}.{whose}.{key}", limit)
        if self._is_over:  # who came left while this thread was still busy
            self._slots.release()
        return ends_at

    async def _accept(self) -> None:
        offered = self._consumer.scope.get("subprotocols", [])
        wanted = self._rule.subprotocol
        await self._consumer.accept(wanted if wanted in offered else None)

    # --- Staying ---------------------------------------------------------------------------------

    async def still_admits(self) -> bool:
        """Ask the door again; once it refuses, nothing more is heard here."""
        if not self.is_open:
            return False
        try:
            self._remind(await in_database(self._look_again)())
        except Http404:
            await self._leave()
        except DatabaseError as error:  # one that is down changes nobody's access: ask soon again
            logger.warning("a socket's check failed: %s", type(error).__name__)
            self._remind(timezone.now() + RETRY)
        return self.is_open

    def _look_again(self) -> datetime | None:
        assert self._session is not None  # noqa: S101  # only who was let in stays
        self._slots.renew()
        return self._ask(self._session.pk)

    def _ask(self, session_id: UUID) -> datetime | None:
        """Return when access ends by itself; raise Http404 where there is none."""
        credentials = self._consumer.scope["credentials"]
        user = identity.identify(credentials)
        channel = self._consumer.scope["url_route"]["kwargs"].get("role", "")
        if not isinstance(user, User) or not (
            user.api_token is None or user.api_token.allows(self._rule.scope, channel)
        ):
            raise Http404("nobody who may listen")
        self._session = access.get_session(user, session_id, self._rule.perm)
        if self._rule.perm is Perm.VIEW:
            self.may = access.perms_of(user, self._session)
        ends = (access.ends_at(user, self._session), identity.ends_at(credentials))
        return min((end for end in ends if end is not None), default=None)

    def _remind(self, ends_at: datetime | None) -> None:
        """Have the door asked again in a minute, or as soon as access ends by itself."""
        wait = settings.INTERVIEW_ACCESS_INTERVAL * random.uniform(0.75, 1.25)  # noqa: S311  # spread
        if ends_at is not None:
            wait = min(wait, max(0.0, (ends_at - timezone.now()).total_seconds()) + 0.05)
        self._stop_timer()
        self._timer = asyncio.create_task(self._ring(wait))

    async def _ring(self, wait: float) -> None:
        consumer = self._consumer
        while True:
            await asyncio.sleep(wait)
            try:  # among the consumer's other messages: it does one thing at a time
                await consumer.channel_layer.send(
                    consumer.channel_name, {"type": events.CHECK_TYPE}
                )
            except Exception as error:
                logger.warning("a socket's check is late: %s", type(error).__name__)
            wait = settings.INTERVIEW_ACCESS_INTERVAL

    async def note(self, event: Event) -> None:
        """Leave a trace of what is done here."""
        session = self._session
        assert session is not None  # noqa: S101  # only who was let in does something
        await in_database(audit.record_once)(
            event, organization_id=session.organization_id, obj=session
        )

    # --- Going -----------------------------------------------------------------------------------

    async def turn_away(self, error: TooMany) -> None:
        """Say which limit was reached, and close."""
        await self._leave()
        told = {
            "type": "error",
            "code": "too_many",
            "detail": error.detail,
            "retry_after": error.retry_after,
        }
        await self._consumer.send(text_data=json.dumps(told))
        await self._consumer.close(TOO_MANY)

    async def _leave(self) -> None:
        self.is_open = False
        self._stop_timer()
        self._is_over = True
        if self._session is not None:
            await in_database(self._slots.release)()
        while self._groups:
            name = self._groups.pop()
            await self._consumer.channel_layer.group_discard(name, self._consumer.channel_name)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
