"""Stream an audio file through the pipeline as if it were spoken, and print what comes of it."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from copilot import embedded
from copilot.lib.errors import DomainError
from insights import debounce
from sessions import access, consents, events, services
from sessions.models import ConsentRecord, Session, Status
from sessions.queries import has_consent
from transcription.audio import AudioError, Recording, decode_file
from transcription.engines.base import SAMPLE_RATE, SAMPLE_WIDTH
from transcription.models import Role
from transcription.streams import LiveStream, in_database

ANALYSIS_PATIENCE = 60.0  # seconds to wait for the last analysis
BAR = 30  # characters
LAST = "replay.last"


class Command(BaseCommand):
    help = (
        "Stream FILE (wav, flac, mp3, m4a, ogg, webm, mp4; mono or one role per channel) into an "
        "interview, at real time or --fast, and print transcript and insights as they come."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--session", required=True, help="id of a ready or running interview")
        parser.add_argument("--fast", action="store_true", help="as fast as the machine can")
        parser.add_argument("--json", action="store_true", help="print events as JSON lines")
        parser.add_argument(
            "--roles",
            default="interviewer,candidate",
            help="who speaks on which channel; of a mono file the first counts",
        )
        parser.add_argument(
            "--consent",
            choices=[m.value for m in ConsentRecord.Method],
            help="note how the candidate agreed, where that is not noted yet",
        )
        parser.add_argument("--by", metavar="EMAIL", help="who notes the consent")
        parser.add_argument("--end", action="store_true", help="end the interview afterwards")

    def handle(self, *, file: str, session: str, **options: Any) -> None:
        try:
            recording = decode_file(file)
            roles = _roles(options["roles"], recording.channels)
            live = _ready(session, options["consent"], options["by"])
            embedded.start_if_wanted()
            asyncio.run(self._replay(recording, roles, live, options))
        except (AudioError, DomainError) as error:
            code = error.code
            sentence = error.sentence if isinstance(error, AudioError) else error.detail
            raise CommandError(f"{sentence} [{code}]") from None
        except KeyboardInterrupt:
            raise CommandError("interrupted; what was said so far is kept") from None

    async def _replay(
        self, recording: Recording, roles: list[str], session: Session, options: dict[str, Any]
    ) -> None:
        printer = Printer(self, recording.duration_s, as_json=options["json"], fast=options["fast"])
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(events.group_name(session.pk), channel)
        listening = asyncio.create_task(_listen(layer, channel, printer))
        try:
            await self._speak(recording, roles, session, printer, fast=options["fast"])
            await _analysed(session.pk)
            if options["end"]:
                await in_database(services.end_session)(session=session)
            await layer.send(channel, {"type": LAST})
            await asyncio.wait_for(listening, 10)
        finally:
            listening.cancel()
        printer.summary()

    async def _speak(
        self,
        recording: Recording,
        roles: list[str],
        session: Session,
        printer: "Printer",
        *,
        fast: bool,
    ) -> None:
        failed: list[DomainError] = []

        async def on_progress(received: int, durable: int) -> None:
            return None

        async def on_failure(error: DomainError) -> None:
            failed.append(error)

        streams = [
            LiveStream(session.pk, role, on_progress=on_progress, on_failure=on_failure)
            for role in roles
        ]
        elapsed = int((await in_database(_elapsed)(session.pk)) * 1000)
        for stream in streams:
            await stream.open(offset=None, origin_ms=elapsed)
        printer.engine(streams[0].engine.name, streams[0].engine.reason)
        began = time.monotonic()
        spoken = 0.0
        try:
            for blocks in recording:
                for stream, pcm in zip(streams, blocks, strict=True):
                    await stream.put(pcm)
                spoken += len(blocks[0]) / SAMPLE_WIDTH / SAMPLE_RATE
                printer.progress(spoken)
                if not fast:
                    await asyncio.sleep(max(0.0, began + spoken - time.monotonic()))
        finally:  # of a damaged file, what could be decoded is kept
            for stream in streams:
                await stream.finish()
        if failed:
            raise failed[0]
        printer.spoken(spoken, time.monotonic() - began)


def _roles(given: str, channels: int) -> list[str]:
    roles = [role.strip() for role in given.split(",")][:channels]
    unknown = [role for role in roles if role not in Role.values]
    if unknown or len(roles) < channels or len(set(roles)) < len(roles):
        raise DomainError(
            "bad_roles", f"Name {channels} different role(s) of {', '.join(Role.values)}."
        )
    return roles


def _ready(session_id: str, consent: str | None, by: str | None) -> Session:
    """Return the running session; note the consent and start it where that was asked for."""
    try:
        session = access.session_by_id(UUID(session_id))
    except ValueError:
        session = None
    if session is None:
        raise DomainError("not_found", "There is no interview with this id.")
    if session.status == Status.ENDED:
        raise DomainError("ended", "This interview has ended; what was recorded is kept.")
    if consent and not has_consent(session):
        person = User.objects.filter(email=(by or "").strip().lower()).first()
        if person is None:
            raise DomainError("who", "Say with --by EMAIL who notes the consent.")
        if not access.perms_of(person, session)["record"]:
            raise DomainError("forbidden", "This person may not record the interview.")
        consents.record_consent(session=session, noted_by=person, method=consent)
    if session.status == Status.DRAFT:
        services.start_session(session=session)
    return session


def _elapsed(session_id: UUID) -> float:
    session = access.session_by_id(session_id)
    return session.elapsed().total_seconds() if session else 0.0


async def _listen(layer: Any, channel: str, printer: "Printer") -> None:
    """Print events until the marker comes that is sent to this channel alone, after all of them."""
    while (message := await layer.receive(channel))["type"] != LAST:
        printer.event(message["event"])


async def _analysed(session_id: UUID) -> None:
    """Wait until everything that was said has been analysed, or patience ends."""
    deadline = time.monotonic() + ANALYSIS_PATIENCE
    while time.monotonic() < deadline:
        if await in_database(debounce.settled)(session_id):
            return
        await asyncio.sleep(0.1)


class Printer:
    """Write events for people (lines over a progress bar) or for programs (JSON lines)."""

    def __init__(
        self, command: BaseCommand, seconds: float | None, *, as_json: bool, fast: bool
    ) -> None:
        self._out, self._err = command.stdout, command.stderr
        self._seconds = seconds
        self._json = as_json
        self._fast = fast
        self._bar = not as_json and sys.stderr.isatty()
        self._bar_at = 0.0
        self._counts: dict[str, int] = {}
        self._word_ms: list[float] = []
        self._final_ms: list[float] = []
        self._heard = self._took = 0.0

    def engine(self, name: str, reason: str) -> None:
        if not self._json:
            self._line(f"engine: {name} ({reason})")

    def event(self, event: dict[str, Any]) -> None:
        self._counts[event["type"]] = self._counts.get(event["type"], 0) + 1
        if event["type"] == "latency":
            self._final_ms.append(event["final_ms"])
            if event["word_ms"] is not None:
                self._word_ms.append(event["word_ms"])
        if self._json:
            self._out.write(json.dumps(event, ensure_ascii=False))
        elif event["type"] == "segment":
            segment = event["segment"]
            minutes, seconds = divmod(segment["start_ms"] // 1000, 60)
            self._line(f"{minutes:02}:{seconds:02}  {segment['speaker']:<11}  {segment['text']}")
        elif event["type"] == "insight":
            card = event["insight"]
            mark = " (preliminary)" if card["state"] == "preliminary" else ""
            self._line(f"       * {card['title']}{mark}: {card['content']}")

    def progress(self, spoken: float) -> None:
        if not self._bar or time.monotonic() - self._bar_at < 0.1:
            return
        self._bar_at = time.monotonic()
        if self._seconds is None:
            self._err.write(f"\r{spoken:6.1f} s", ending="")
            return
        bar = "#" * round(min(1.0, spoken / self._seconds) * BAR)
        self._err.write(f"\r[{bar:<{BAR}}] {spoken:6.1f} s of {self._seconds:.1f}", ending="")

    def spoken(self, seconds: float, took: float) -> None:
        self._heard, self._took = seconds, took

    def summary(self) -> None:
        figures = {
            "audio_seconds": round(self._heard, 1),
            "took_seconds": round(self._took, 1),
            "pace": "fast: delays include waiting in the queue" if self._fast else "real time",
            "segments": self._counts.get("segment", 0),
            "insights": self._counts.get("insight", 0),
            "partials": self._counts.get("partial", 0),
            "word_ms": _percentiles(self._word_ms),
            "final_ms": _percentiles(self._final_ms),
        }
        if self._json:
            self._out.write(json.dumps({"type": "summary", **figures}))
            return
        self._line("")
        for name, value in figures.items():
            shown = (
                ", ".join(f"{k} {v} ms" for k, v in value.items()) or "none"
                if isinstance(value, dict)
                else value
            )
            self._line(f"{name.replace('_', ' '):<14} {shown}")

    def _line(self, text: str) -> None:
        if self._bar:
            self._err.write("\r" + " " * (BAR + 30) + "\r", ending="")
        self._out.write(text)


def _percentiles(values: Iterable[float]) -> dict[str, int]:
    """Return p50, p95 and the maximum of delays in ms; empty without values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    p95 = ordered[-1]
    if len(ordered) > 1:
        p95 = statistics.quantiles(ordered, n=20, method="inclusive")[-1]
    return {"p50": round(statistics.median(ordered)), "p95": round(p95), "max": round(ordered[-1])}
