"""Socket clients for tests: the whole ASGI application, without a server in between."""

import json
from contextlib import asynccontextmanager
from typing import Any

from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from copilot.asgi import application

ORIGIN = b"http://127.0.0.1"
PATIENCE = 10.0  # seconds until a message counts as missing


class Socket(WebsocketCommunicator):
    """A communicator that speaks JSON and can wait for the message it is asked for."""

    hears_of_people = False  # who else watches: told beside everything else, at its own time

    async def say(self, **message: Any) -> None:
        await self.send_to(text_data=json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        while True:
            message = json.loads(await self.receive_from(timeout=PATIENCE))
            if self.hears_of_people or message.get("type") != "presence":
                return message

    async def hear_until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Return the next message of a type, dropping what comes before it."""
        while True:
            message = await self.hear()
            if message["type"] == kind and all(message.get(k) == v for k, v in wanted.items()):
                return message

    async def close_code(self) -> int:
        """Return the code the server closes with, dropping messages before it."""
        while True:
            output = await self.receive_output(timeout=PATIENCE)
            if output["type"] == "websocket.close":
                return output["code"]


@database_sync_to_async
def sign_in(user: Any) -> Client:
    """Return a browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def cookie_of(client: Client) -> str:
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


async def socket_to(
    path: str,
    user: Any = None,
    *,
    client: Client | None = None,
    token: str | None = None,
    origin: bytes | None = ORIGIN,
) -> Socket:
    """Return a socket to `path`, not yet connected: signed in as `user` or by a token.

    With a `client` it is opened by a page in that browser.
    """
    headers = [(b"host", b"127.0.0.1")]
    if origin is not None:
        headers.append((b"origin", origin))
    if user is not None:
        client = await sign_in(user)
    if client is not None:
        headers.append((b"cookie", cookie_of(client).encode()))
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    return Socket(application, path, headers)


@asynccontextmanager
async def connected(path: str, user: Any = None, **how: Any):
    socket = await socket_to(path, user, **how)
    accepted, _subprotocol = await socket.connect(timeout=PATIENCE)
    assert accepted, path
    try:
        yield socket
    finally:
        await socket.disconnect(timeout=PATIENCE)
