"""Writes: open a stream, save a segment, move the durable offset."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from copilot.lib.errors import DomainError
from sessions import access, events
from sessions.models import Session, Status
from sessions.services import has_consent
from transcription.models import SAMPLES_PER_MS, Role, Segment, Stream
from transcription.pipeline import SegmentDraft
from transcription.serializers import segment_json
from transcription.signals import segment_saved

logger = logging.getLogger(__name__)

LATE_MS = 5000  # clocks of sound cards drift; the last words before the end are welcome


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A connection that may write: where it starts, and the token that proves it still may."""

    stream_id: int
    session_id: UUID
    role: str
    connection: UUID
    resume_from: int
    origin_ms: int
    lost: int  # samples between what is durable and what the client still had


def may_record(session: Session) -> None:
    """Raise DomainError unless audio is welcome: consent is given and the interview runs."""
    if session.status == Status.ENDED:
        raise DomainError("ended", "This interview has ended; what was recorded is kept.")
    if not has_consent(session):
        raise DomainError("no_consent", "Audio is refused until the candidate's consent is noted.")
    if session.status != Status.LIVE:
        raise DomainError("not_live", "Start the interview before sending audio.")


def taken_over() -> DomainError:
    return DomainError("taken_over", "Another connection records this channel now.")


def _gone() -> DomainError:
    return DomainError("ended", "This interview no longer exists.")


@transaction.atomic
def open_stream(
    *,
    session_id: UUID,
    role: str,
    offset: int | None,
    engine: str = "",
    engine_reason: str = "",
    origin_ms: int | None = None,
    asked_at: datetime | None = None,
) -> OpenStream:
    """Make a connection the one writer of its stream and say from which sample it goes on.

    1. `offset` None is a fresh capture: it lands at the time at which it was `asked_at`.
    2. Else `offset` is the oldest sample the client still has: it resumes at what is durable, or,
       where the client no longer has that, at `offset`, and what lies between counts as lost.
    """
    session = access.lock_session(session_id)
    if session is None:
        raise _gone()
    may_record(session)
    waited = timezone.now() - asked_at if asked_at else timedelta()
    now_ms = max(0, int((session.elapsed() - waited).total_seconds() * 1000))
    stream, created = Stream.objects.get_or_create(
        session=session,
        role=Role(role),
        defaults={"origin_ms": now_ms if origin_ms is None else origin_ms},
    )
    lost = 0
    if created:
        resume_from = 0
    elif offset is None:
        resume_from = max(stream.durable, (now_ms - stream.origin_ms) * SAMPLES_PER_MS)
    else:
        resume_from = max(stream.durable, offset)
        lost = resume_from - stream.durable
    stream.durable = resume_from
    stream.lost += lost
    stream.connection = uuid.uuid4()
    stream.engine, stream.engine_reason = engine, engine_reason[:200]
    stream.save()
    return OpenStream(
        stream.pk, session_id, stream.role, stream.connection, resume_from, stream.origin_ms, lost
    )


@transaction.atomic
def save_segment(
    *, opened: OpenStream, draft: SegmentDraft, language: str, settled: int = 0
) -> Segment | None:
    """Store one utterance and tell the world on commit; None for a replay.

    `settled` is the sample up to which nothing more is to be heard: past the utterance's end where
    the recognizer's last word ends before its sound does.

    Raises DomainError: taken_over, ended (said after the end, or the session was erased).
    """
    session = access.lock_session(opened.session_id)
    if session is None:
        raise _gone()
    stream = _owned(opened)
    if draft.end <= stream.durable:
        return None  # stored by an earlier connection: a replay changes nothing

    def on_clock(sample: int) -> int:
        return stream.origin_ms + sample // SAMPLES_PER_MS

    over_ms = session.elapsed().total_seconds() * 1000 + LATE_MS
    if session.status == Status.ENDED and on_clock(draft.start) > over_ms:
        raise DomainError("ended", "This interview has ended; what was said before is kept.")
    revision = events.next_revision(session.pk)
    segment = Segment(
        session=session,
        stream=stream,
        role=stream.role,
        start_sample=draft.start,
        end_sample=draft.end,
        start_ms=on_clock(draft.start),
        end_ms=on_clock(draft.end),
        text=draft.text,
        words=[
            [w.text, on_clock(w.start), on_clock(w.end), round(w.confidence, 2)]
            + ([w.heard] if w.heard and w.heard != w.text else [])
            for w in draft.words
        ],
        confidence=draft.confidence,
        engine=draft.engine,
        language=language,
        kinds=draft.kinds,
        level=draft.level,
        sequence=revision,
        revision=revision,
    )
    segment.save(force_insert=True)
    Stream.objects.filter(pk=stream.pk).update(durable=max(draft.end, settled))
    events.publish_on_commit(
        session.pk, "segment", {"revision": revision, "segment": segment_json(segment)}
    )
    transaction.on_commit(lambda: _signal(session.pk, segment.pk), robust=True)
    return segment


def _signal(session_id: UUID, segment_id: UUID) -> None:
    results: list[tuple[Any, Any]] = segment_saved.send_robust(
        sender=Segment, session_id=session_id, segment_id=segment_id
    )
    for receiver, error in results:
        if isinstance(error, Exception):
            logger.error("%s failed: %s", receiver.__name__, type(error).__name__)


@transaction.atomic
def settle(*, opened: OpenStream, through: int) -> int:
    """Remember that everything before sample `through` is stored or silence; return what is."""
    stream = _owned(opened)
    if through > stream.durable:
        Stream.objects.filter(pk=stream.pk).update(durable=through)
    return max(through, stream.durable)


def owns(opened: OpenStream) -> bool:
    return Stream.objects.filter(pk=opened.stream_id, connection=opened.connection).exists()


def _owned(opened: OpenStream) -> Stream:
    stream = Stream.objects.select_for_update().filter(pk=opened.stream_id).first()
    if stream is None:
        raise _gone()
    if stream.connection != opened.connection:
        raise taken_over()
    return stream
