"""Tells those who want to think ahead what the candidate is saying so far, now and then."""

import asyncio
import functools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from channels.db import database_sync_to_async

from transcription.models import Role
from transcription.signals import hypothesis_heard

logger = logging.getLogger(__name__)

FEWEST_WORDS = 12  # below that there is nothing to ask about yet
PAUSE_SECONDS = 4.0  # between two tellings
MOST = 3  # tellings of one utterance

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hypotheses")
_in_thread = functools.partial(database_sync_to_async, thread_sensitive=False, executor=_threads)


class Hypotheses:
    """The open utterance of one stream. Nothing waits for a telling, and none is queued."""

    def __init__(self, session_id: UUID) -> None:
        self._session_id = session_id
        self._told = 0
        self._words = 0  # of the last telling
        self._told_at = -PAUSE_SECONDS
        self._telling: asyncio.Task[None] | None = None

    def heard(self, role: str, text: str) -> None:
        """Take note of what is being said, and tell it if it is time."""
        words = len(text.split())
        now = time.monotonic()
        if (
            role == Role.CANDIDATE
            and words >= FEWEST_WORDS
            and words > self._words
            and self._told < MOST
            and now - self._told_at >= PAUSE_SECONDS
            and (self._telling is None or self._telling.done())
            and hypothesis_heard.has_listeners()
        ):
            self._told, self._words, self._told_at = self._told + 1, words, now
            self._telling = asyncio.create_task(self._tell(role, text))

    def end(self) -> None:
        """Begin a new utterance."""
        self._told = self._words = 0

    async def close(self) -> None:
        """Leave nothing under way behind."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling})

    async def _tell(self, role: str, text: str) -> None:
        try:
            results = await _in_thread(hypothesis_heard.send_robust)(
                sender=Hypotheses, session_id=self._session_id, role=role, text=text
            )
        except RuntimeError:
            return  # the process is ending and starts no threads
        for receiver, error in results:
            if isinstance(error, Exception):
                logger.error("%s failed: %s", receiver.__name__, type(error).__name__)
