"""Events down: a read-only forwarder that knows nothing of segments or insights."""

import contextlib
import json
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http import Http404

from sessions import access, events

SUBPROTOCOL = "copilot.live.v1"


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """`ws/sessions/<uuid>/live/`: every event of one session, for everybody who may view it."""

    group = ""

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own visits a thread before each event to close old database connections, one
        # thread for all viewers; only `connect` asks the database, and does that itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        session_id = self.scope["url_route"]["kwargs"]["session_id"]
        try:
            await database_sync_to_async(access.get_session)(self.scope["user"], session_id)
        except Http404:
            await self.close()  # before accept: a refused handshake, whatever the reason
            return
        self.group = events.group_name(session_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        offered = self.scope.get("subprotocols", [])
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, **kwargs: Any) -> None:
        """Answer pings; anything else that a viewer sends is ignored."""
        if text_data and len(text_data) < 100:
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(text_data)
                if isinstance(message, dict) and message.get("type") == "ping":
                    await self.send_json({"type": "pong"})

    async def live_event(self, message: dict[str, Any]) -> None:
        await self.send_json(message["event"])
