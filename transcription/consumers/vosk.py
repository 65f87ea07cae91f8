"""vosk-server's protocol, so that its clients stream into an interview as they are."""

from collections.abc import Sequence

from accounts.roles import Scope
from copilot.lib.errors import DomainError
from sessions.access import Perm
from sessions.doorkeeper import Rule
from transcription import protocol
from transcription.consumers.base import StreamConsumer
from transcription.pipeline import Output, Partial, SegmentDraft
from transcription.protocol import vosk
from transcription.streams import LiveStream


class VoskConsumer(StreamConsumer):
    """`ws/vosk/<uuid>/<role>/`: each piece of audio is answered once, when it has been heard.

    Such a client keeps nothing that it sent: a new connection is a fresh capture.
    """

    rule = Rule(Perm.RECORD, Scope.AUDIO, "", ("SOCKETS", "AUDIO"))
    config = vosk.Config()
    begin: int | None = None  # sample of the stream at which this connection begins
    unanswered = 0  # pieces of audio
    shown = ""  # the last partial
    rest: tuple[SegmentDraft, ...] = ()  # words that no piece of audio is left to answer with

    async def _audio(self, frame: bytes) -> None:
        protocol.check_frame(frame, whole_samples=False)  # a file or a pipe is cut anywhere
        if self.stream is None:
            await self._start(offset=None)
        self._put(frame)
        self.unanswered += 1

    async def _control(self, text: str) -> None:
        match vosk.parse(text, self.config):
            case vosk.Config() as config:
                if self.begin is None:  # later it is too late, with vosk-server as well
                    self.config = config
            case vosk.Reset():
                reached = await self._finish()
                if reached is not None:
                    await self._start(offset=reached)
            case vosk.Eof():
                await self._finish()
                await self._hang_up(1000)

    async def _start(self, offset: int | None) -> None:
        self.sample_rate = self.config.sample_rate
        stream = LiveStream(
            self.session_id,
            self.role,
            on_progress=_nothing,
            on_failure=self._answer,
            on_output=self._heard,
            vocabulary=self.config.phrases,
        )
        resume_from = await stream.open(offset=offset)
        if self.begin is None:
            self.begin = resume_from
        self._listen(stream, self._decoder(at=resume_from))
        await self._announce()

    async def _finish(self) -> int | None:
        """Answer with the last result; return the sample that was reached, None without audio."""
        stream, self.stream = self.stream, None
        if stream is not None:
            await stream.finish()
        rest, self.rest, self.shown = self.rest, (), ""
        await self._say(self._result(rest))
        return None if stream is None else stream.received

    async def _heard(self, outputs: Sequence[Output]) -> None:
        drafts = []
        for output in outputs:
            if isinstance(output, Partial):
                self.shown = output.text
            else:
                drafts.append(output)
                self.shown = ""
        if not self.unanswered:
            self.rest += tuple(drafts)
            return
        self.unanswered -= 1
        if not self.closed:
            await self._say(self._result(drafts) if drafts else vosk.partial(self.shown))

    def _result(self, drafts: Sequence[SegmentDraft]) -> str:
        return vosk.result(drafts, self.config, since=self.begin or 0)

    async def _answer(self, error: DomainError) -> None:
        if not self.closed:
            await self._say(vosk.error(error))
            await self._hang_up(vosk.close_code(error))


async def _nothing(received: int, durable: int) -> None:
    """Tell no progress: what a client gets is the answers to its audio."""
