"""Writes: open a stream, save a segment, move the durable offset, count what broke."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from copilot.lib.errors import DomainError
from sessions import access, events
from sessions.models import Session, Status
from sessions.queries import has_consent, off_record
from transcription import crosstalk, withheld
from transcription.models import SAMPLES_PER_MS, Gap, Role, Segment, Stream
from transcription.pipeline import SegmentDraft
from transcription.serializers import gap_json, segment_json
from transcription.signals import segment_saved

logger = logging.getLogger(__name__)

LATE_MS = 5000  # clocks of sound cards drift; the last words before the end are welcome
STUMBLES = 3  # so often in a row the same audio may break recognition; then it is left out


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A connection that may write: where it starts, and the token that proves it still may."""

    stream_id: int
    session_id: UUID
    role: str
    connection: UUID
    resume_from: int
    begin: int  # sample at which the first one lies that a fresh capture kept; else `resume_from`
    origin_ms: int
    gaps: tuple[Gap, ...] = ()  # what was lost between what is durable and where it starts


def may_record(session: Session, *, status: Status = Status.LIVE) -> None:
    """Raise DomainError unless audio is welcome: consent is given and the interview runs.

    A recording that was uploaded is written down in `status` PROCESSING.
    """
    if session.status == Status.ENDED:
        raise DomainError("ended", "This interview has ended; what was recorded is kept.")
    if not has_consent(session):
        raise no_consent()
    if session.status != status:
        raise DomainError("not_live", "Start the interview before sending audio.")


def no_consent() -> DomainError:
    return DomainError("no_consent", "Audio is refused without the candidate's consent.")


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
    kept: int = 0,
    missing: str = Gap.Reason.CONNECTION,
    origin_ms: int | None = None,
    asked_at: datetime | None = None,
    status: Status = Status.LIVE,
) -> OpenStream:
    """Make a connection the one writer of its stream and say from which sample it goes on.

    1. `offset` None is a fresh capture: it lands at the time at which it was `asked_at`, less the
       samples that it `kept` until then, and the connection before it may still store what it heard
       before. What is durable is not heard again.
    2. Else `offset` is the oldest sample the client still has: it resumes at what is durable, or,
       where the client does not have that, at `offset`, and what lies between is a gap: what is
       `missing` was lost with a connection or never captured.
    3. Where recognition broke down on the same audio again and again, it resumes after that.
    """
    session = access.lock_session(session_id)
    if session is None:
        raise _gone()
    may_record(session, status=status)
    waited = timezone.now() - asked_at if asked_at else timedelta()
    now_ms = int((session.elapsed() - waited).total_seconds() * 1000) - kept // SAMPLES_PER_MS
    now_ms = max(0, now_ms)
    stream, created = Stream.objects.get_or_create(
        session=session,
        role=Role(role),
        defaults={"origin_ms": now_ms if origin_ms is None else origin_ms},
    )
    begin = resume_from = stream.durable
    gaps = []
    stream.previous, stream.handed_over = None, None
    if offset is None and not created:
        begin = max(0, now_ms - stream.origin_ms) * SAMPLES_PER_MS
        resume_from = max(stream.durable, begin)
        stream.previous, stream.handed_over = stream.connection, resume_from
    elif not created:
        for reached, reason in (
            (offset or 0, Gap.Reason(missing)),
            (stream.stumbled_at if stream.stumbles >= STUMBLES else 0, Gap.Reason.RECOGNITION),
        ):
            if reached > resume_from:
                gaps.append(_add_gap(session, stream, resume_from, reached, reason))
                resume_from = reached
    if resume_from > stream.durable:
        stream.stumbles = 0
    stream.durable = resume_from
    stream.lost += sum(gap.end_sample - gap.start_sample for gap in gaps)
    stream.connection = uuid.uuid4()
    stream.engine, stream.engine_reason = engine, engine_reason[:200]
    stream.save()
    return OpenStream(
        stream_id=stream.pk,
        session_id=session_id,
        role=stream.role,
        connection=stream.connection,
        resume_from=resume_from,
        begin=begin if kept and offset is None else resume_from,
        origin_ms=stream.origin_ms,
        gaps=tuple(gaps),
    )


def _add_gap(session: Session, stream: Stream, start: int, end: int, reason: Gap.Reason) -> Gap:
    """Keep what is missing and tell everybody on commit."""
    gap = Gap.objects.create(
        session=session,
        stream=stream,
        role=stream.role,
        start_sample=start,
        end_sample=end,
        start_ms=stream.origin_ms + start // SAMPLES_PER_MS,
        end_ms=stream.origin_ms + end // SAMPLES_PER_MS,
        reason=reason,
        revision=events.next_revision(session.pk),
    )
    body = {"revision": gap.revision, "gap": gap_json(gap)}
    events.publish_on_commit(session.pk, "gap", body)
    return gap


@transaction.atomic
def save_utterance(
    *, opened: OpenStream, parts: Sequence[tuple[str, SegmentDraft]], language: str, settled: int
) -> list[Segment]:
    """Store what several people said without a pause, all of it or nothing; see `save_segment`.

    Parts that begin after the channel was handed over are left to who has it now.
    """
    saved: list[Segment | None] = []
    for place, (role, draft) in enumerate(parts):
        try:
            segment = save_segment(
                opened=opened,
                draft=draft,
                language=language,
                settled=settled if place == len(parts) - 1 else 0,
                role=role,
            )
        except DomainError as error:
            if not saved or error.code != "taken_over":
                raise
            break
        saved.append(segment)
    return [segment for segment in saved if segment is not None]


@transaction.atomic
def save_segment(
    *,
    opened: OpenStream,
    draft: SegmentDraft,
    language: str,
    settled: int = 0,
    role: str | None = None,
) -> Segment | None:
    """Store one utterance and tell the world on commit; None for a replay.

    `settled` is the sample up to which nothing more is to be heard: past the utterance's end where
    the recognizer's last word ends before its sound does. `role` says who spoke in a room.
    What another channel heard better is left out, and hidden where nothing else was said. What was
    said off the record is let go, and counts as settled: an utterance around it is stored in parts,
    the last of which is returned; None where nothing is left.

    Raises DomainError: taken_over, no_consent (it was withdrawn), ended (said after the end, or the
    session was erased).
    """
    session = access.lock_session(opened.session_id)
    if session is None:
        raise _gone()
    if not has_consent(session):
        raise no_consent()
    stream, writes = _held(opened, draft.start)
    if writes and draft.end <= stream.durable:
        return None  # stored by an earlier connection: a replay changes nothing
    through = max(draft.end, settled, stream.durable)
    if not writes:
        draft = _before(draft, stream.handed_over or 0)
    segment = None
    for part in withheld.kept(draft, off_record(session), stream.origin_ms):
        segment = _store(session, _segment(session, stream, part, language, role or stream.role))
    if writes:
        Stream.objects.filter(pk=stream.pk).update(durable=through, stumbles=0)
    return segment


def _store(session: Session, segment: Segment) -> Segment:
    over_ms = session.elapsed().total_seconds() * 1000 + LATE_MS
    if session.status == Status.ENDED and segment.start_ms > over_ms:
        raise DomainError("ended", "This interview has ended; what was said before is kept.")
    echoing = crosstalk.settle(segment)
    announce(segment, "segment_changed" if segment.hidden else "segment")
    for older in echoing:
        announce(older, "segment_changed")
    if not segment.hidden:
        session_id, segment_id = session.pk, segment.pk
        transaction.on_commit(lambda: signal_saved(session_id, segment_id), robust=True)
    return segment


def _before(draft: SegmentDraft, sample: int) -> SegmentDraft:
    """Leave out the words that begin later: the connection that took over hears them."""
    places = [at for at, word in enumerate(draft.words) if word.start < sample]
    return draft.only(places) if 0 < len(places) < len(draft.words) else draft


def _segment(
    session: Session, stream: Stream, draft: SegmentDraft, language: str, role: str
) -> Segment:
    """Return an utterance as a row that is not stored yet."""

    def on_clock(sample: int) -> int:
        return stream.origin_ms + sample // SAMPLES_PER_MS

    levels: list[float | None] = [*draft.levels] or [None] * len(draft.words)
    words: list[list[Any]] = []
    for word, level in zip(draft.words, levels, strict=True):
        heard = word.heard if word.heard != word.text else ""
        words.append(
            [word.text, on_clock(word.start), on_clock(word.end), round(word.confidence, 2)]
        )
        words[-1] += [heard, round(level)] if level is not None else [heard] if heard else []
    return Segment(
        session=session,
        stream=stream,
        role=role,
        start_sample=draft.start,
        end_sample=draft.end,
        start_ms=on_clock(draft.start),
        end_ms=on_clock(draft.end),
        text=draft.text,
        words=words,
        confidence=draft.confidence,
        engine=draft.engine,
        language=language,
        kinds=draft.kinds,
        level=draft.level,
    )


def announce(segment: Segment, event: str) -> None:
    """Store a new or changed segment under the next revision; tell everybody on commit."""
    segment.revision = events.next_revision(segment.session_id)
    if segment._state.adding:
        segment.sequence = segment.revision
        segment.save(force_insert=True)
    else:
        segment.save()
    body = {"revision": segment.revision, "segment": segment_json(segment)}
    events.publish_on_commit(segment.session_id, event, body)


def signal_saved(session_id: UUID, segment_id: UUID) -> None:
    """Let others make something of a segment, once it is committed; what fails stops nobody."""
    results: list[tuple[Any, Any]] = segment_saved.send_robust(
        sender=Segment, session_id=session_id, segment_id=segment_id
    )
    for receiver, error in results:
        if isinstance(error, Exception):
            logger.error("%s failed: %s", receiver.__name__, type(error).__name__)


@transaction.atomic
def settle(*, opened: OpenStream, through: int) -> int:
    """Remember that everything before sample `through` is stored or silence; return what is."""
    stream, writes = _held(opened, through - 1)
    if writes and through > stream.durable:
        Stream.objects.filter(pk=stream.pk).update(durable=through, stumbles=0)
    return max(through, stream.durable) if writes else through


def stumble(*, opened: OpenStream, at: int) -> None:
    """Count that recognition broke down on the audio between what is durable and sample `at`."""
    Stream.objects.filter(pk=opened.stream_id, connection=opened.connection).update(
        stumbles=F("stumbles") + 1, stumbled_at=at
    )


def owns(opened: OpenStream) -> bool:
    return Stream.objects.filter(pk=opened.stream_id, connection=opened.connection).exists()


def hands_over(opened: OpenStream) -> bool:
    """Tell whether a fresh capture took over, so that the last words may still be stored."""
    return Stream.objects.filter(pk=opened.stream_id, previous=opened.connection).exists()


def _held(opened: OpenStream, at: int) -> tuple[Stream, bool]:
    """Return the stream and whether this connection is its one writer.

    Else it is the one before and `at` lies before the sample at which it handed over.
    """
    stream = Stream.objects.select_for_update().filter(pk=opened.stream_id).first()
    if stream is None:
        raise _gone()
    if stream.connection == opened.connection:
        return stream, True
    if stream.previous == opened.connection and at < (stream.handed_over or 0):
        return stream, False
    raise taken_over()
