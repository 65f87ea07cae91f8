"""Events down: a read-only forwarder that knows nothing of segments or insights."""

import contextlib
import json
import time
from collections import deque
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts.kinds import Event
from accounts.limits import TooMany
from accounts.roles import Scope
from sessions import events, presence
from sessions.access import Perm
from sessions.doorkeeper import ACCESS_ENDED, Doorkeeper, Rule, in_database

SUBPROTOCOL = "copilot.live.v1"
RULE = Rule(Perm.VIEW, Scope.READ, SUBPROTOCOL, ("SOCKETS",))
CHATTER = 20  # messages that a viewer may send
CHATTER_SECONDS = 10


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """`ws/sessions/<uuid>/live/`: every event of one session, for everybody who may view it."""

    door: Doorkeeper
    page: presence.Page | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.heard_at: deque[float] = deque(maxlen=CHATTER)
        async with Doorkeeper(self, RULE) as self.door:
            try:
                await super().__call__(scope, receive, send)
            finally:
                await self.leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own visits a thread before each event to close old database connections, one
        # thread for all viewers; only the doorkeeper asks the database, and does that itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        session_id = self.scope["url_route"]["kwargs"]["session_id"]
        await self.door.admit(session_id, events.group_name(session_id))
        if self.door.is_open:
            await self.door.note(Event.SESSION_VIEWED)
            self.page = presence.Page(session_id, self.scope["user"].pk, in_database)
            self.page.come()

    async def leave(self) -> None:
        if self.page is not None:
            await self.page.go()

    async def access_check(self, message: dict[str, Any]) -> None:
        """Close once access has ended; else say what the person may do, where that has changed."""
        if not self.door.is_open:
            return
        before = self.door.may
        if not await self.door.still_admits():
            await self.close(ACCESS_ENDED)
            await self.leave()
        elif self.door.may != before:
            session_id = self.scope["url_route"]["kwargs"]["session_id"]
            await self.send_json(events.envelope(session_id, "access", {"may": self.door.may}))

    async def receive(self, text_data: str | None = None, **kwargs: Any) -> None:
        """Answer pings; anything else that a viewer sends is ignored, but not without end."""
        if not self.door.is_open:
            return
        now = time.monotonic()
        if len(self.heard_at) == CHATTER and now - self.heard_at[0] < CHATTER_SECONDS:
            await self.door.turn_away(TooMany(CHATTER_SECONDS))
            return
        self.heard_at.append(now)
        if text_data and len(text_data) < 100:
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(text_data)
                if isinstance(message, dict) and message.get("type") == "ping":
                    await self.send_json({"type": "pong"})
        if self.page is not None:
            self.page.heard()

    async def live_event(self, message: dict[str, Any]) -> None:
        if self.door.is_open:
            await self.send_json(message["event"])
            events.delivered(message)
