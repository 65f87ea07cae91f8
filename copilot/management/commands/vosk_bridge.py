"""A vosk-server on this machine that is an interview: for clients with a fixed address."""

import asyncio
import contextlib
import json
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import CloseCode

from transcription.models import Role

HOST = "localhost"
AHEAD = 256 * 1024  # bytes of audio on their way, not answered yet; then the client has to wait
RELAYED_CODES = {1000, 1011, 1013, *range(4000, 5000)}  # close codes that mean something to clients


class Command(BaseCommand):
    help = (
        "Listen on ws://localhost:PORT as a vosk-server and relay every client into an interview. "
        "The API token (scope audio) comes from INTERVIEW_TOKEN or --token-file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--session", required=True, type=UUID, help="id of the interview")
        parser.add_argument("--role", choices=Role.values, default=Role.CANDIDATE.value)
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the product is")
        parser.add_argument("--port", type=int, default=2700)
        parser.add_argument("--token-file", type=Path, help="file that holds the token")

    def handle(
        self,
        *,
        session: UUID,
        role: str,
        url: str,
        port: int,
        token_file: Path | None,
        **options: Any,
    ) -> None:
        bridge = Bridge(endpoint(url, session, role), _token(token_file))
        # No page of another program may speak here: only programs, and those that name this port.
        origins = [None, f"http://{HOST}:{port}", f"http://127.0.0.1:{port}"]
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(bridge, port, origins))

    async def _serve(self, bridge: "Bridge", port: int, origins: list[Any]) -> None:
        try:
            server = await serve(bridge.relay, HOST, port, origins=origins)
        except OSError:
            raise CommandError(f"port {port} is in use; choose another with --port") from None
        async with server:
            self.stdout.write(f"Listening on ws://{HOST}:{port}. Ctrl-C ends it.")
            await server.serve_forever()


def endpoint(url: str, session: UUID, role: str) -> str:
    """Return the address of one role's socket, as Vosk clients speak it."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise CommandError("--url is the address of the product: http://… or https://…")
    path = f"{parts.path.rstrip('/')}/ws/vosk/{session}/{role}/"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def _token(file: Path | None) -> str:
    try:
        token = file.read_text().strip() if file else settings.INTERVIEW_TOKEN
    except OSError:
        raise CommandError("the token file cannot be read") from None
    if not token:
        raise CommandError("set INTERVIEW_TOKEN or name a --token-file")
    return str(token)


class Bridge:
    """Relay each client to the endpoint and back, as fast as it is heard."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._endpoint = endpoint
        self._headers = {"Authorization": f"Bearer {token}"}

    async def relay(self, client: ServerConnection) -> None:
        """Serve one client until either side closes; say what is wrong as the product does."""
        try:
            async with connect(self._endpoint, additional_headers=self._headers) as product:
                await Relay(client, product).run()
        except (InvalidHandshake, OSError, TimeoutError):
            detail = "The product does not answer, or refuses the token or the interview."
            with contextlib.suppress(ConnectionClosed):
                await client.send(json.dumps({"error": {"code": "refused", "detail": detail}}))
            await client.close(CloseCode.TRY_AGAIN_LATER)


class Relay:
    """One client's connection through to the product."""

    def __init__(self, client: ServerConnection, product: ClientConnection) -> None:
        self._client = client
        self._product = product
        self._under_way: deque[int] = deque()  # sizes of what is not answered yet
        self._answered = asyncio.Condition()

    async def run(self) -> None:
        """Relay both ways; when one side closes, close the other."""
        up = asyncio.create_task(self._up())
        try:
            await self._down()
        finally:
            up.cancel()
            await asyncio.wait({up})
        code = self._product.close_code or CloseCode.INTERNAL_ERROR
        await self._client.close(code if code in RELAYED_CODES else CloseCode.INTERNAL_ERROR)

    async def _up(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._client:
                if isinstance(message, bytes):
                    async with self._answered:
                        await self._answered.wait_for(lambda: sum(self._under_way) < AHEAD)
                    self._under_way.append(len(message))
                await self._product.send(message)
        await self._product.close()

    async def _down(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for answer in self._product:
                if self._under_way:
                    self._under_way.popleft()
                async with self._answered:
                    self._answered.notify_all()
                await self._client.send(answer)
