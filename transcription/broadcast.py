"""What everybody who watches is told about a running stream, beside what is stored."""

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Collection
from typing import Any
from uuid import UUID

from copilot.lib import latency
from copilot.lib.latency import Stage
from sessions import events
from transcription.engines.base import SAMPLE_RATE
from transcription.hypotheses import Hypotheses
from transcription.levels import BLOCK_MS, Meter, Reading
from transcription.models import SAMPLES_PER_MS, Gap, Role
from transcription.pipeline import Partial

LEVEL_SECONDS = 0.5  # between two levels
NO_AUDIO_SECONDS = 10.0  # without a sound from the candidate: something is not plugged in
ARRIVALS = 1000  # chunks whose time of arrival is remembered
LOST = {
    Gap.Reason.CONNECTION: "were lost",
    Gap.Reason.CAPTURE: "were not captured",
    Gap.Reason.RECOGNITION: "could not be recognized",
}


class Broadcast:
    """Partials, latencies, levels and notices of one stream; none is stored, none raises."""

    def __init__(self, session_id: UUID, role: str, *, origin_ms: int, position: int) -> None:
        self.off_record = False  # silence is then what is wanted
        self._session_id = session_id
        self._role = role
        self.origin_ms = origin_ms
        self._arrivals: deque[tuple[int, float]] = deque([(position, time.monotonic())], ARRIVALS)
        self._word_ms: deque[float] = deque(maxlen=20)
        self._shown: tuple[str, Partial] | None = None  # the partial that stands on the page
        self._hypotheses = Hypotheses(session_id)
        self._level: asyncio.Task[None] | None = None
        self._level_at = 0.0
        self._warned = False
        self._silent_ms = 0

    def arrived(self, through: int, at: float) -> None:
        """Remember when the audio up to sample `through` came."""
        self._arrivals.append((through, at))

    # --- words -----------------------------------------------------------------------------------

    async def partial(self, partial: Partial, role: str) -> None:
        """Show what is being said, in place of what was shown before."""
        if self._shown and self._shown[0] != role:
            await self.withdraw()
        if not partial.text and self._shown is None:
            return  # nothing to take back
        if partial.text:
            self._word_ms.append(self._delay_ms(partial.end))
        self._shown = (role, partial) if partial.text else None
        await self._show(partial, role)
        self._hypotheses.heard(role, partial.text)

    async def withdraw(self, *, unless: Collection[str] = ()) -> None:
        """Take the partial back, unless a segment of its role takes its place."""
        self._hypotheses.end()
        shown, self._shown = self._shown, None
        if shown and shown[0] not in unless:
            role, partial = shown
            await self._show(Partial("", partial.start, partial.end), role)

    async def _show(self, partial: Partial, role: str) -> None:
        body = {
            "role": role,
            "text": partial.text,
            "start_ms": self._clock_ms(partial.start),
            "end_ms": self._clock_ms(partial.end),
        }
        await events.publish(self._session_id, "partial", body)

    async def latency(self, role: str, end: int) -> None:
        """Tell how long after its audio an utterance that ended at sample `end` was stored."""
        final_ms = self._delay_ms(end)
        latency.observe(Stage.RECOGNITION, final_ms / 1000)
        body = {
            "role": role,
            "word_ms": round(statistics.median(self._word_ms)) if self._word_ms else None,
            "final_ms": round(final_ms),
        }
        await events.publish(self._session_id, "latency", body)

    def _delay_ms(self, sample: int) -> float:
        """Return how long ago the audio at `sample` arrived, in ms."""
        now = arrived = time.monotonic()
        for end, at in reversed(self._arrivals):
            if end < sample:
                break
            arrived = at
        return (now - arrived) * 1000

    def _clock_ms(self, sample: int) -> int:
        return self.origin_ms + sample // SAMPLES_PER_MS

    # --- sound -----------------------------------------------------------------------------------

    async def sound(self, meter: Meter) -> None:
        """Tell how loud it is, now and then, and when nothing has come from the candidate."""
        if meter.silent_ms >= NO_AUDIO_SECONDS * 1000:
            await self.no_audio()
        elif meter.silent_ms < max(self._silent_ms, BLOCK_MS):  # a sound came
            self._warned = False
        self._silent_ms = meter.silent_ms
        now = time.monotonic()
        busy = self._level is not None and not self._level.done()
        if busy or now - self._level_at < LEVEL_SECONDS:
            return
        reading = meter.read()
        if reading is not None:
            self._level_at = now
            # Beside the pump: where the layer is slow words do not wait for levels.
            self._level = asyncio.create_task(self._tell_level(reading, meter.silent_ms))

    async def _tell_level(self, reading: Reading, silent_ms: int) -> None:
        body = {
            "role": self._role,
            "level": reading.level,
            "clipped": reading.clipped,
            "silent_ms": silent_ms,
        }
        await events.publish(self._session_id, "level", body)

    def patience(self, meter: Meter | None) -> float | None:
        """Return for how many seconds no chunk may come until `no_audio`; None: for ever."""
        if self._warned or self._role != Role.CANDIDATE:
            return None
        return max(0.0, NO_AUDIO_SECONDS - (meter.silent_ms / 1000 if meter else 0.0))

    async def no_audio(self) -> None:
        """Warn once that the candidate cannot be heard, and again only after a sound."""
        if self._warned or self.off_record or self._role != Role.CANDIDATE:
            return
        self._warned = True
        seconds = round(NO_AUDIO_SECONDS)
        text = f"Nothing was heard from the {self._role} for {seconds} s."
        await self._notice("no_audio", seconds, text)

    async def gap(self, gap: Gap) -> None:
        """Warn that audio is missing."""
        seconds = round((gap.end_sample - gap.start_sample) / SAMPLE_RATE, 1)
        text = f"{seconds} s of the {self._role}'s audio {LOST[Gap.Reason(gap.reason)]}."
        await self._notice("gap", seconds, text)

    async def _notice(self, code: str, seconds: float, text: str) -> None:
        body: dict[str, Any] = {
            "level": "warning",
            "code": code,
            "role": self._role,
            "seconds": seconds,
            "text": text,
        }
        await events.publish(self._session_id, "notice", body)

    async def close(self) -> None:
        """Leave nothing under way behind."""
        await self._hypotheses.close()
        if self._level is not None:
            self._level.cancel()
            await asyncio.wait({self._level})
