"""What a model answered about parts of an interview, sealed in the cache.

Making a summary goes on where it stopped, and after a correction only the part that holds it is
read again. What failed is known for a while, too.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from copilot.lib.crypto import derive
from insights import queries, sealed_cache
from insights.analyzers.notes import Note
from sessions import access
from sessions.models import Session
from transcription import queries as words

NAME = "summary"  # in the sealed cache
MOST = 60  # answers of an interview
FAILED_SECONDS = 300


class Memo:
    """The answers known when it was made, and those since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._key = derive(session.data_key(), NAME)
        oldest = time.time() - settings.INTERVIEW_ANALYSIS_CACHE
        entries = sealed_cache.kept(session, NAME) or []
        self._entries = {e["mark"]: e for e in entries if e["at"] > oldest}

    def mark(self, read: Any) -> str:
        """Return what two calls share when the same answer serves both."""
        return hmac.digest(self._key, json.dumps(read).encode(), hashlib.sha256).hex()

    def notes(self, mark: str) -> list[Note] | None:
        """Return the notes of an answer; None where there is none."""
        entry = self._entries.get(mark)
        if entry is None or entry["failed"]:
            return None
        return [Note(section, text, tuple(lines)) for section, text, lines in entry["notes"]]

    def failures(self) -> dict[str, str]:
        """Return why calls failed lately, by their marks."""
        since = time.time() - FAILED_SECONDS
        return {
            mark: entry["failed"]
            for mark, entry in self._entries.items()
            if entry["failed"] and entry["at"] > since
        }

    def keep(self, mark: str, notes: Iterable[Note], lines: Iterable[str]) -> bool:
        """Keep the notes of an answer about these lines; tell whether they were kept."""
        return self._store(mark, [[n.section, n.text, n.lines] for n in notes], "", lines)

    def keep_failure(self, mark: str, code: str) -> bool:
        return self._store(mark, [], code, ())

    @transaction.atomic
    def _store(self, mark: str, notes: list[Any], failed: str, lines: Iterable[str]) -> bool:
        """Store an answer; not one about lines that were erased, nor after a withdrawal."""
        entry = {"mark": mark, "at": time.time(), "notes": notes, "failed": failed}
        held = access.lock_session(self._session.pk)
        if held is None or not queries.may_be_analysed(held):
            return False
        if not words.erased(held).isdisjoint(lines):
            return False
        self._entries.pop(mark, None)
        self._entries = {mark: entry, **self._entries}
        kept = list(self._entries.values())[:MOST]
        sealed_cache.keep(held, NAME, kept, settings.INTERVIEW_ANALYSIS_CACHE)
        stored = sealed_cache.kept(held, NAME) or []
        return any(other["mark"] == mark for other in stored)


def try_again(session: Session) -> None:
    """Forget what failed: a person asks for another try."""
    entries = sealed_cache.kept(session, NAME) or []
    left = [entry for entry in entries if not entry["failed"]]
    if len(left) < len(entries):
        sealed_cache.keep(session, NAME, left, settings.INTERVIEW_ANALYSIS_CACHE)
