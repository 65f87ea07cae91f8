"""Who may open a socket at all: pages of this very origin, to paths that exist."""

from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings


class Refuse(AsyncWebsocketConsumer):
    """Refuse the handshake, so that an unknown path looks like a forbidden one."""

    async def connect(self) -> None:
        await self.close()


class SameOrigin:
    """Let in origins whose host and port are those asked for, or that CSRF_TRUSTED_ORIGINS names.

    Cookies know no ports: without this a page of another program on the same host could listen.
    Runs inside AllowedHostsOriginValidator, which keeps out hosts that are not ours.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._refuse = Refuse.as_asgi()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        known = origin in settings.CSRF_TRUSTED_ORIGINS or _same(origin, host)
        await (self._application if known else self._refuse)(scope, receive, send)


def _same(origin: str, host: str) -> bool:
    try:
        given = urlsplit(origin)
        default = {"http": 80, "https": 443}[given.scheme]
        asked = urlsplit(f"//{host}")
        return (given.hostname, given.port or default) == (asked.hostname, asked.port or default)
    except (ValueError, KeyError):
        return False
