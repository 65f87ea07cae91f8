"""`copilot.audio.v1`: what our own page speaks, and every client that can resume."""

import json
from typing import Any

from accounts.roles import Scope
from copilot.lib.errors import DomainError
from sessions.access import Perm
from sessions.doorkeeper import Rule
from transcription import protocol
from transcription.admission import Busy
from transcription.consumers.base import StreamConsumer
from transcription.engines.base import SAMPLE_RATE
from transcription.inputs import PCM
from transcription.models import Role
from transcription.streams import LiveStream


class AudioConsumer(StreamConsumer):
    """`ws/sessions/<uuid>/audio/<role>/`: one channel of one interview."""

    rule = Rule(Perm.RECORD, Scope.AUDIO, protocol.SUBPROTOCOL, ("SOCKETS", "AUDIO"))
    mistakes = 0

    async def _audio(self, frame: bytes) -> None:
        protocol.check_frame(frame, whole_samples=self.encoding == PCM)
        if self.stream is None:
            raise DomainError("not_started", 'Send {"type":"start"} before audio.')
        self._put(frame)

    async def _control(self, text: str) -> None:
        match protocol.parse(text):
            case protocol.Ping():
                await self._send(type="pong")
            case protocol.Start() as start:
                await self._start(start)
            case protocol.Speaker(role, at):
                self._in_room()
                self._started().mark(role, at)
            case protocol.Stop():
                stream, self.stream = self._started(), None
                await self._send(type="stopped", durable=await stream.finish())
                await self._hang_up(1000)

    def _started(self) -> LiveStream:
        if self.stream is None:
            raise DomainError("not_started", "Nothing was started on this connection.")
        return self.stream

    def _in_room(self) -> None:
        if self.role != Role.ROOM:
            raise DomainError("bad_message", "Only in a room is said who speaks.")

    async def _start(self, start: protocol.Start) -> None:
        if self.stream is not None:
            raise DomainError("already_started", "This connection already carries audio.")
        if start.speaker is not None:
            self._in_room()
        stream = LiveStream(
            self.session_id, self.role, on_progress=self._progress, on_failure=self._answer
        )
        resume_from = await stream.open(
            offset=start.offset, kept=start.kept, missing=start.gap, speaker=start.speaker
        )
        origin = stream.begin if start.origin is None else start.origin
        self.encoding, self.sample_rate = start.encoding, start.sample_rate
        plain = (self.encoding, self.sample_rate) == (PCM, SAMPLE_RATE)
        self._listen(stream, None if plain else self._decoder(at=resume_from, origin=origin))
        engine = {"name": stream.engine.name, "reason": stream.engine.reason}
        await self._send(
            type="ready",
            resume_from=resume_from,
            begin=stream.begin,
            engine=engine,
            off_record=stream.off_record,
        )
        await self._announce()

    async def _tell_record(self, *, off: bool, seconds: int) -> None:
        await self._send(type="record", off=off, seconds=seconds)

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
        if isinstance(error, Busy):
            await self._send(type="busy", retry_after=error.retry_after)
        else:
            await self._send(type="error", code=error.code, detail=error.detail)
        if error.code in protocol.CLOSE_CODES:
            await self._hang_up(protocol.CLOSE_CODES[error.code])

    async def _send(self, **message: Any) -> None:
        await self._say(json.dumps(message))
