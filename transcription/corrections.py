"""Lines changed after they were stored: corrected by a person, or erased off the record.

What rests on a line is `insights`'; it is told what changed.
"""

import difflib
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from sessions.models import Session, Status
from transcription.models import SAMPLES_PER_MS, Role, Segment
from transcription.pipeline import PLACEHOLDER
from transcription.privacy import session_redactor
from transcription.services import announce, signal_saved

MOST_CHARS = 2000
_NUMBERED = re.compile(r"\[([A-Z_]+)-(\d{1,6})\]")
# Hyphens and spaces without width, marks that turn the direction of writing, and what controls.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
SPEAKERS = (Role.INTERVIEWER, Role.CANDIDATE)


# --- Corrected -----------------------------------------------------------------------------------


def correct(
    *,
    session: Session,
    segment_id: UUID,
    by: User,
    text: str | None = None,
    role: str | None = None,
    revision: int | None = None,
) -> Segment | None:
    """Put right what a line says or who said it; return the line, None where nothing changes.

    What is typed is redacted like what is said. What was recognized is kept, once. `revision` is
    that of the line the person saw. Call with the session locked.
    Raises DomainError: not_correctable, not_found, changed_meanwhile, empty_line, bad_line,
    bad_role.
    """
    segment = _line(session, segment_id, revision)
    before = {"text": segment.text, "role": segment.role}
    recognized = segment.original or {
        **before,
        "words": segment.words,
        "kinds": segment.kinds,
    }
    if text is not None:
        text = _checked(text)
    if text is not None and text != segment.text:
        segment.text = _redacted(session, text)
        segment.words = aligned(segment.words, segment.text, segment.start_ms, segment.end_ms)
        segment.kinds = _kinds(segment.text)
    if role is not None and role != segment.role:
        if role not in SPEAKERS:
            detail = _("A line is the interviewer's or the candidate's.")
            raise DomainError("bad_role", detail, status=400)
        segment.role = role
    changed = [name for name, value in before.items() if getattr(segment, name) != value]
    if not changed:
        return None
    if (segment.text, segment.role) == (recognized["text"], recognized["role"]):
        return _put_back(segment, recognized, by)
    segment.original = recognized
    return _corrected(segment, by, " and ".join(changed))


def restore(*, session: Session, segment_id: UUID, by: User) -> Segment | None:
    """Give a line back what was recognized; None where it was not corrected."""
    segment = _line(session, segment_id, None)
    return _put_back(segment, segment.original, by) if segment.original else None


def _line(session: Session, segment_id: UUID, revision: int | None) -> Segment:
    if session.status not in (Status.LIVE, Status.ENDED):
        detail = _("Lines can be corrected once they are there, not while a recording is read.")
        raise DomainError("not_correctable", detail)
    segment = session.segments.filter(pk=segment_id, hidden=False).first()
    if segment is None:
        raise DomainError("not_found", _("There is no such line; it may be gone."), status=404)
    if revision is not None and revision != segment.revision:
        detail = _("Somebody changed this line meanwhile. Look at it again, then correct it.")
        raise DomainError("changed_meanwhile", detail)
    return segment


def _checked(text: str) -> str:
    # What nobody sees may come along from elsewhere, and would hide from the redaction what it is.
    text = " ".join(_UNSEEN.sub("", text).split())
    if not text:
        detail = _(
            "A line cannot be corrected to nothing. While the interview runs, going off the record"
            " erases what was said last."
        )
        raise DomainError("empty_line", detail, status=400)
    if len(text) > MOST_CHARS:
        detail = _("A line has at most %(most)d characters.") % {"most": MOST_CHARS}
        raise DomainError("bad_line", detail, status=400)
    return text


def _redacted(session: Session, text: str) -> str:
    """Return what was typed without personal details; new ones get numbers that nothing has yet."""
    redactor = session_redactor(session)
    used: Counter[str] = Counter()
    for segment in session.segments.exclude(kinds={}):
        for kind, number in _NUMBERED.findall(segment.text):
            used[kind] = max(used[kind], int(number))
    redactor.reserve(used)
    return redactor.final(text).text


def _put_back(segment: Segment, recognized: dict[str, Any], by: User) -> Segment:
    for name in ("text", "words", "role", "kinds"):
        setattr(segment, name, recognized[name])
    segment.original = None
    return _corrected(segment, by, "restored")


def _corrected(segment: Segment, by: User, what: str) -> Segment:
    """Store a changed line. Also of one that was put back is known when: it is to be read anew."""
    segment.corrected_at, segment.corrected_by = timezone.now(), by
    announce(segment, "segment_changed")
    audit.record(
        Event.TRANSCRIPT_CORRECTED,
        organization_id=segment.session.organization_id,
        obj=segment.session,
        details={"segment": str(segment.pk), "what": what},
    )
    return segment


def aligned(words: list[list[Any]], text: str, start_ms: int, end_ms: int) -> list[list[Any]]:
    """Return the words of a text: equal ones keep their times, others share the time between.

    Of lines whose words are not known there is nothing to keep.
    """
    if not words:
        return []
    old, new = [word[0] for word in words], text.split()
    found: list[list[Any]] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            found += words[i:j]
            continue
        since = words[i - 1][2] if i else start_ms
        until = words[j][1] if j < len(words) else end_ms
        until, count = max(since, until), m - k
        for n in range(count):
            begin = since + (until - since) * n // count
            found.append([new[k + n], begin, since + (until - since) * (n + 1) // count, 1.0])
    return found


# --- Erased --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Erased:
    """A line whose words are gone; `text` is what it said, for finding what quotes it."""

    id: UUID
    sequence: int
    at: datetime  # when it was stored
    text: str = field(repr=False)


def erase(*, session: Session, since_ms: int) -> list[Erased]:
    """Take the words back that were said since a time on the interview's clock; say which lines.

    Of a line around it the first part becomes a line of its own: what rested on the whole goes with
    the old one, and the part is read like anything new. Call with the session locked.
    """
    gone = []
    for segment in session.segments.filter(end_ms__gt=since_ms, erased=False):
        gone.append(Erased(segment.pk, segment.sequence, segment.created_at, segment.text))
        head = None if segment.hidden else _head(segment, since_ms)
        _wipe(segment, since_ms if head else segment.start_ms)
        if head is not None:
            announce(head, "segment")
            _signal_on_commit(session.pk, head.pk)
    return gone


def _head(segment: Segment, since_ms: int) -> Segment | None:
    """Return the words of a line that ended before, as a line that is not stored yet."""
    words = _before(segment.words, since_ms)
    if not words:
        return None
    text = " ".join(word[0] for word in words)
    original = segment.original
    if original is not None:
        kept = _before(original["words"], since_ms)
        spoken = " ".join(word[0] for word in kept)
        original = {**original, "text": spoken, "words": kept, "kinds": _kinds(spoken)}
    return Segment(
        session=segment.session,
        stream=segment.stream,
        role=segment.role,
        start_sample=segment.start_sample,
        end_sample=_sample(segment, words[-1][2]),
        start_ms=segment.start_ms,
        end_ms=words[-1][2],
        text=text,
        words=words,
        confidence=segment.confidence,
        level=segment.level,
        engine=segment.engine,
        language=segment.language,
        kinds=_kinds(text),
        original=original,
        corrected_at=segment.corrected_at,
        corrected_by_id=segment.corrected_by_id,
    )


def _before(words: list[list[Any]], since_ms: int) -> list[list[Any]]:
    """Return the words up to the first one that goes on after a time: later ones are not alone."""
    kept = []
    for word in words:
        if max(word[1] + 1, word[2]) > since_ms:
            break
        kept.append(word)
    return kept


def _wipe(segment: Segment, since_ms: int) -> None:
    if since_ms > segment.start_ms:  # its beginning is another row's now
        segment.start_sample = max(segment.start_sample + 1, _sample(segment, since_ms))
        segment.start_ms = since_ms
    segment.text, segment.words, segment.kinds, segment.original = "", [], {}, None
    segment.confidence, segment.level = 0.0, None
    segment.corrected_at = segment.corrected_by = None
    segment.erased = segment.hidden = True
    announce(segment, "segment_changed")


def _sample(segment: Segment, at_ms: int) -> int:
    return max(0, at_ms - segment.stream.origin_ms) * SAMPLES_PER_MS


def _kinds(text: str) -> dict[str, int]:
    return dict(Counter(PLACEHOLDER.findall(text)))


def _signal_on_commit(session_id: UUID, segment_id: UUID) -> None:
    transaction.on_commit(lambda: signal_saved(session_id, segment_id), robust=True)
