"""Audio up: speaks `copilot.audio.v1` and hands everything else to LiveStream."""

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _

from accounts.kinds import Event
from accounts.roles import Scope
from copilot.lib.errors import DomainError
from sessions import events
from sessions.access import Perm
from sessions.doorkeeper import Doorkeeper, Rule
from transcription import protocol, services
from transcription.engines.base import SAMPLE_WIDTH
from transcription.streams import LiveStream

RULE = Rule(Perm.RECORD, Scope.AUDIO, protocol.SUBPROTOCOL, ("SOCKETS", "AUDIO"))

_leaving: set[asyncio.Task[None]] = set()  # streams whose last words are still being stored


class AudioConsumer(AsyncWebsocketConsumer):
    """`ws/sessions/<uuid>/audio/<role>/`: one channel of one interview."""

    door: Doorkeeper
    stream: LiveStream | None = None
    group = ""
    mistakes = 0
    closed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            async with Doorkeeper(self, RULE) as self.door:
                await super().__call__(scope, receive, send)
        finally:  # however the connection ended: servers cancel, channel layers fail
            if self.stream is not None:
                _let_go(self.stream.abandon())

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own visits a thread before each frame to close old database connections, at the
        # price of a whole chunk; whoever asks the database does that itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        route = self.scope["url_route"]["kwargs"]
        self.session_id, self.role = route["session_id"], route["role"]
        self.limit = protocol.RateLimit()
        self.group = events.recorders_group(self.session_id)
        await self.door.admit(self.session_id, self.group)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.door.is_open:
            return
        try:
            if bytes_data is not None:
                await self._audio(bytes_data)
            else:
                await self._control(protocol.parse(text_data or ""))
        except DomainError as error:
            await self._answer(error)

    async def _audio(self, frame: bytes) -> None:
        protocol.check_frame(frame)
        if self.stream is None:
            raise DomainError("not_started", 'Send {"type":"start"} before audio.')
        self.limit.take(len(frame) // SAMPLE_WIDTH)
        if frame:
            self.stream.put_nowait(frame)

    async def _control(self, message: protocol.Start | protocol.Stop | protocol.Ping) -> None:
        match message:
            case protocol.Ping():
                await self._send(type="pong")
            case protocol.Start(offset):
                await self._start(offset)
            case protocol.Stop():
                if self.stream is None:
                    raise DomainError("not_started", "Nothing was started on this connection.")
                stream, self.stream = self.stream, None
                await self._send(type="stopped", durable=await stream.finish())
                await self.close()

    async def _start(self, offset: int | None) -> None:
        if self.stream is not None:
            raise DomainError("already_started", "This connection already carries audio.")
        stream = LiveStream(
            self.session_id, self.role, on_progress=self._progress, on_failure=self._answer
        )
        resume_from = await stream.open(offset=offset)
        self.stream = stream
        engine = {"name": stream.engine.name, "reason": stream.engine.reason}
        await self._send(type="ready", resume_from=resume_from, engine=engine)
        others = {"type": "audio.opened", "role": self.role, "by": self.channel_name}
        await self.channel_layer.group_send(self.group, others)
        await self.door.note(Event.SESSION_RECORDED)

    async def _progress(self, received: int, durable: int) -> None:
        if not self.closed:
            await self._send(type="ack", received=received, durable=durable)

    async def _answer(self, error: DomainError) -> None:
        """Tell the client what is wrong; close where the stream cannot go on."""
        if self.closed:
            return
        self.mistakes += error.code not in protocol.CLOSE_CODES
        if self.mistakes > protocol.MAX_MISTAKES:
            error = DomainError("too_many_mistakes", "Too many wrong messages; connect again.")
        if error.code == "busy":
            await self._send(type="busy", retry_after=5)
        else:
            await self._send(type="error", code=error.code, detail=error.detail)
        if error.code in protocol.CLOSE_CODES:
            self.closed = True
            await self.close(protocol.CLOSE_CODES[error.code])

    async def _send(self, **message: Any) -> None:
        # Some servers raise where the client has left; its audio is stored all the same.
        with contextlib.suppress(OSError):
            await self.send(text_data=json.dumps(message))

    async def access_check(self, message: dict[str, Any]) -> None:
        """Whoever may no longer record is told so at once; what was heard is still stored."""
        if not self.door.is_open or await self.door.still_admits():
            return
        if self.stream is not None:
            stream, self.stream = self.stream, None
            _let_go(stream.finish())
        detail = _("You may no longer record this interview.")
        await self._answer(DomainError("access_ended", detail))

    async def audio_end(self, message: dict[str, Any]) -> None:
        """The interview ended elsewhere: keep the last words, then say so."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            with contextlib.suppress(DomainError):
                await stream.finish()
            await self._answer(DomainError("ended", "This interview has ended."))

    async def audio_opened(self, message: dict[str, Any]) -> None:
        """Another connection opened this channel, perhaps in another process, perhaps before us."""
        if message["by"] == self.channel_name or message["role"] != self.role:
            return
        if self.stream is not None and not await self.stream.owns():
            await self._answer(services.taken_over())


def _let_go(ending: Coroutine[Any, Any, Any]) -> None:
    """Let a stream end without a connection that waits; its words take as long as they need."""
    task = asyncio.create_task(_quietly(ending))
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)


async def _quietly(ending: Coroutine[Any, Any, Any]) -> None:
    with contextlib.suppress(DomainError):  # logged where it happened
        await ending
