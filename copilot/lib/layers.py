"""The channel layer of a single process, safe to send to from worker threads."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import InMemoryChannelLayer


class ThreadsafeInMemoryChannelLayer(InMemoryChannelLayer):
    """Runs every call on the event loop that owns the receivers.

    Channels' own in-memory layer puts into an asyncio queue from whatever thread it is called in;
    the receiver then wakes only when its loop next does (measured: up to a second later).
    """

    _owner: asyncio.AbstractEventLoop | None = None

    def claim(self) -> None:
        """Make the running loop the owner, unless a living one is already."""
        if self._owner is None or self._owner.is_closed():
            self._owner = asyncio.get_running_loop()

    async def receive(self, channel: str) -> Any:
        self.claim()
        return await super().receive(channel)

    async def group_add(self, group: str, channel: str) -> None:
        self.claim()
        await super().group_add(group, channel)

    async def _on_owner(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        owner = self._owner
        call: Any = function(*args)
        if owner is None or not owner.is_running() or asyncio.get_running_loop() is owner:
            await call
        else:
            # Not waited for: a loop that is busy or about to stop would hold the sender. Calls of
            # one sender arrive in their order all the same.
            asyncio.run_coroutine_threadsafe(call, owner)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._on_owner(super().send, channel, message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._on_owner(super().group_send, group, message)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._on_owner(super().group_discard, group, channel)
