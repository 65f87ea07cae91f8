"""The socket for every path that leads nowhere."""

from channels.generic.websocket import AsyncWebsocketConsumer


class Refuse(AsyncWebsocketConsumer):
    """Refuse the handshake, so that an unknown path looks like a forbidden one."""

    async def connect(self) -> None:
        await self.close()
