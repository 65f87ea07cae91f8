"""One connection that carries one channel of one interview, whatever protocol it speaks."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _

from accounts.kinds import Event
from copilot.lib.errors import DomainError
from sessions import events
from sessions.doorkeeper import Doorkeeper, Rule
from transcription import inputs, protocol, services
from transcription.engines.base import SAMPLE_RATE
from transcription.protocol.limits import seconds_in
from transcription.streams import LiveStream

_leaving: set[asyncio.Task[None]] = set()  # streams whose last words are still being stored


class StreamConsumer(AsyncWebsocketConsumer):
    """Who may record, one stream, and its end; what is said to the client is the protocol's.

    A protocol has a `rule`, reads frames in `_audio` and `_control`, and tells errors in `_answer`.
    """

    rule: Rule
    door: Doorkeeper
    stream: LiveStream | None = None
    encoding = inputs.PCM
    sample_rate = SAMPLE_RATE  # Hz
    group = ""
    closed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            async with Doorkeeper(self, self.rule) as self.door:
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
        self.audio_limit = protocol.RateLimit()
        self.message_limit = protocol.MessageLimit()
        self.group = events.recorders_group(self.session_id)
        await self.door.admit(self.session_id, self.group)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.door.is_open or self.closed:
            return
        try:
            if bytes_data is not None:
                await self._audio(bytes_data)
            else:
                self.message_limit.take()
                await self._control(text_data or "")
        except DomainError as error:
            await self._answer(error)

    async def _audio(self, frame: bytes) -> None:
        raise NotImplementedError

    async def _control(self, text: str) -> None:
        raise NotImplementedError

    async def _answer(self, error: DomainError) -> None:
        raise NotImplementedError

    def _put(self, frame: bytes) -> None:
        """Hand a frame to the stream; raise DomainError where it cannot be audio or is too much."""
        assert self.stream is not None  # noqa: S101  # the protocols start one first
        self.audio_limit.take(seconds_in(frame, self.encoding, self.sample_rate))
        self.stream.put_nowait(frame)

    def _decoder(self, *, at: int, origin: int | None = None) -> protocol.CheckedInput:
        """Return what reads the client's bytes, the first of which belongs at sample `at`."""
        read = inputs.open_input(self.encoding, self.sample_rate, at=at, origin=origin)
        return protocol.CheckedInput(read)

    def _listen(self, stream: LiveStream, decoder: protocol.CheckedInput | None) -> None:
        """Let audio in; without a decoder it is 16 kHz PCM, as everything behind the socket."""
        stream.input = decoder
        self.stream = stream

    async def _announce(self) -> None:
        """Tell other connections of this channel, in whatever process, and the audit."""
        others = {"type": "audio.opened", "role": self.role, "by": self.channel_name}
        await self.channel_layer.group_send(self.group, others)
        await self.door.note(Event.SESSION_RECORDED)

    async def _say(self, text: str) -> None:
        # Some servers raise where the client has left; its audio is stored all the same.
        with contextlib.suppress(OSError):
            await self.send(text_data=text)

    async def _hang_up(self, code: int) -> None:
        self.closed = True
        await self.close(code)

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
        """The interview ended elsewhere: keep the last words, then say so.

        Where the candidate agrees no longer there are no last words.
        """
        if self.stream is not None:
            stream, self.stream = self.stream, None
            if message.get("at_once"):
                await stream.drop()
                await self._answer(services.no_consent())
                return
            with contextlib.suppress(DomainError):
                await stream.finish()
            await self._answer(DomainError("ended", "This interview has ended."))

    async def audio_record(self, message: dict[str, Any]) -> None:
        """The interview went off the record, or on again: show nothing of what is being said."""
        if self.stream is not None:
            await self.stream.heed()
        if self.door.is_open and not self.closed:
            await self._tell_record(off=message["off"], seconds=message["seconds"])

    async def _tell_record(self, *, off: bool, seconds: int) -> None:
        """Tell the client, where its protocol has words for it."""

    async def audio_opened(self, message: dict[str, Any]) -> None:
        """Another connection opened this channel, perhaps in another process, perhaps before us."""
        if message["by"] == self.channel_name or message["role"] != self.role:
            return
        if self.stream is not None:
            await self.stream.yield_if_taken()


def _let_go(ending: Coroutine[Any, Any, Any]) -> None:
    """Let a stream end without a connection that waits; its words take as long as they need."""
    task = asyncio.create_task(_quietly(ending))
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)


async def _quietly(ending: Coroutine[Any, Any, Any]) -> None:
    with contextlib.suppress(DomainError):  # logged where it happened
        await ending
