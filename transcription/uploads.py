"""An uploaded recording from its first byte to its end; `hearing` writes it down.

    receiving ──finish──► waiting ──claim──► processing ──► done, failed, cancelled
        └──► cancelled, refused, stale: nothing was heard, the interview is erased

What was received lies sealed with the session's key in a file named by the upload's id, which is
removed as soon as nobody will read it again. Whoever writes the recording down holds a lease: a
row's token and time, decided under the session's lock, so a lost, late or doubled task changes
nothing and `overdue` finds what a dead worker left behind.
"""

import io
import logging
import shutil
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from copilot.lib.sealed_file import SealedReader, appending
from sessions import access, events, notices, retention
from sessions.access import Perm
from sessions.consents import record_consent
from sessions.queries import has_consent
from sessions.services import create_session, end_session, process_session
from transcription import audio, speech
from transcription.audio import AudioError, Facts
from transcription.models import Role, Upload
from transcription.serializers import upload_json

logger = logging.getLogger(__name__)

PART_BYTES = 8 * 1024 * 1024  # of one request at most
LEAST_PART_BYTES = 64 * 1024  # of every request but the last: each becomes a record of its own
RESERVE_BYTES = 512 * 1024 * 1024  # of the disk that uploads leave alone
LONGEST_S = 4 * 3600  # of a recording
STALE = timedelta(hours=24)  # an upload that is not complete by then is forgotten
ATTEMPTS = 3  # at the same place, before it is given up
State = Upload.State
OPEN = (State.RECEIVING, State.WAITING, State.PROCESSING)
DUE = (State.WAITING, State.PROCESSING)
TWO_VOICES = [Role.INTERVIEWER.value, Role.CANDIDATE.value]


class WrongOffset(DomainError):
    """A part does not continue what was received; `received` says where to go on."""

    def __init__(self, received: int) -> None:
        super().__init__("wrong_offset", f"Go on from byte {received}.", received=received)


class Lost(Exception):
    """The lease ran out, or the upload was cancelled: somebody else decides about it now."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one recording down."""

    upload_id: UUID
    token: UUID


# --- the file ------------------------------------------------------------------------------------


def _path(upload_id: UUID) -> Path:
    return settings.INTERVIEW_UPLOADS_DIR / str(upload_id)


def _place(upload_id: UUID) -> bytes:
    return f"transcription.upload|{upload_id}|file".encode()


def open_file(upload: Upload) -> BinaryIO:
    """Open what was received for reading; raise CryptoError or OSError where it is not there."""
    key = upload.session.data_key()
    sealed = SealedReader(_path(upload.pk), key, _place(upload.pk), upload.received)
    return io.BufferedReader(sealed)


def remove_file(upload_id: UUID) -> None:
    _path(upload_id).unlink(missing_ok=True)


# --- receiving -----------------------------------------------------------------------------------


def get_upload(user: User | AnonymousUser, upload_id: UUID) -> Upload:
    """Return an upload into a session that the user may record, or raise Http404."""
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None:
        raise Http404("no such upload")
    upload.session = access.get_session(user, upload.session_id, Perm.RECORD)
    return upload


@transaction.atomic
def create_upload(
    *,
    owner: User,
    organization: Organization,
    size: int,
    title: str,
    consent: str,
    given_by: str = "",
    roles: Sequence[str] = (),
    job: str = "",
    language: str = "",
    candidate_name: str = "",
    candidate_email: str = "",
    country: str = "",
    profile: str = "",
) -> Upload:
    """Make the interview that a recording of `size` bytes is written into, consent noted.

    Raises DomainError before anything is received: forbidden, language_off, bad_method, bad_roles,
    too_large, too_many_uploads, no_space, engine_unavailable.
    """
    session = create_session(
        owner=owner,
        organization=organization,
        title=title,
        job=job,
        language=language,
        candidate_name=candidate_name,
        candidate_email=candidate_email,
        country=country,
        profile=profile,
        planned_minutes=0,  # it is over
    )
    _check_roles(roles)
    _check_room(owner, organization, size)
    speech.choose_engine(session.language)
    record_consent(
        session=session,
        noted_by=owner,
        method=consent,
        given_by=given_by,
        notice=notices.notice_for(session, recording=True),
    )
    upload = Upload.objects.create(
        session=session, created_by=owner, size=size, roles=[str(role) for role in roles]
    )
    process_session(session=session)  # from here on nobody can record into it
    audit.record(
        Event.SESSION_UPLOADED,
        organization_id=organization.pk,
        obj=session,
        details={"upload": str(upload.pk), "bytes": size},
    )
    return upload


def _check_roles(roles: Sequence[str]) -> None:
    if len(roles) == 1 and roles[0] in Role.values:
        return
    if roles and sorted(roles) != sorted(TWO_VOICES):
        detail = "Say who speaks: one role, or interviewer and candidate in the channels' order."
        raise DomainError("bad_roles", detail, status=400)


def _check_room(owner: User, organization: Organization, size: int) -> None:
    most = settings.INTERVIEW_UPLOAD_MAX_BYTES
    if size > most:
        detail = f"A recording may have {most // 1024**2} MB at most."
        raise DomainError("too_large", detail, status=413)
    # Of several at once each waits for the one before it, else all would count too few.
    Organization.objects.select_for_update().get(pk=organization.pk)
    unfinished = Upload.objects.filter(state__in=OPEN)
    for mine, limit in (
        (unfinished.filter(created_by=owner), settings.INTERVIEW_LIMIT_UPLOADS_USER),
        (
            unfinished.filter(session__organization=organization),
            settings.INTERVIEW_LIMIT_UPLOADS_ORGANIZATION,
        ),
    ):
        if mine.count() >= limit:
            detail = "Too many recordings are under way; wait until one is written down."
            raise DomainError("too_many_uploads", detail, status=429)
    expected = unfinished.aggregate(bytes=Sum(F("size") - F("received")))["bytes"] or 0
    settings.INTERVIEW_UPLOADS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.INTERVIEW_UPLOADS_DIR).free
    if free < size + expected + RESERVE_BYTES:
        raise no_space()


def no_space() -> DomainError:
    return DomainError("no_space", "The server has no room for it at the moment.", status=507)


def take(*, upload: Upload, offset: int, content: bytes) -> Upload:
    """Append a part at exactly what was received; the same again changes nothing.

    Writes to the disk outside any transaction: live interviews must not wait for it.
    Raises DomainError: WrongOffset, bad_part, not_receiving, no_space, unsupported_audio (which
    ends it).
    """
    end = offset + len(content)
    _check_part(upload, end, len(content))
    if offset == 0 and audio.sniff(content) is None:
        _drop(upload, State.FAILED, "unsupported_audio")
        detail = "This is no recording; wav, flac, mp3, m4a, mp4, ogg, opus and webm are."
        raise DomainError("unsupported_audio", detail, status=415)
    key = upload.session.data_key()
    with appending(_path(upload.pk), key, _place(upload.pk)) as file:
        now = Upload.objects.filter(pk=upload.pk, state=State.RECEIVING).first()
        if now is None:  # ended while this part was on its way
            remove_file(upload.pk)
            raise _not_receiving()
        if end <= now.received:
            return now
        if offset != now.received:
            raise WrongOffset(now.received)
        now.media = audio.sniff(content) or "" if offset == 0 else now.media
        try:
            file.append(content, at=offset)
        except CryptoError:  # what was received is no longer there: it has to come again
            Upload.objects.filter(pk=upload.pk).update(received=0)
            raise WrongOffset(0) from None
        except OSError as error:  # what was written of the part is cut off by the next one
            logger.error("a part of a recording was not written: %s", error.strerror)
            raise no_space() from None
        kept = Upload.objects.filter(pk=upload.pk, state=State.RECEIVING, received=offset)
        if not kept.update(received=end, media=now.media):
            remove_file(upload.pk)
            raise _not_receiving()
    now.received = end
    return now


def _check_part(upload: Upload, end: int, length: int) -> None:
    if upload.state != State.RECEIVING:
        raise _not_receiving()
    if end > upload.size:
        raise DomainError("bad_part", "This is more than was announced.", status=400)
    if length > PART_BYTES or (length < LEAST_PART_BYTES and end != upload.size) or not length:
        detail = f"A part has {LEAST_PART_BYTES} to {PART_BYTES} bytes; the last may have less."
        raise DomainError("bad_part", detail, status=400)


def _not_receiving() -> DomainError:
    return DomainError("not_receiving", "Nothing more is received for this recording.")


def finish(*, upload: Upload) -> Upload:
    """Look at a recording that was received whole and let it be written down.

    Raises DomainError: incomplete, not_receiving; and what makes it useless, which ends it:
    too_long and the codes of AudioError.
    """
    if upload.state in (*DUE, State.DONE):
        return upload
    if upload.state != State.RECEIVING:
        raise _not_receiving()
    if upload.received < upload.size:
        raise DomainError("incomplete", f"{upload.size - upload.received} bytes are missing.")
    try:
        facts = _examine(upload)
    except AudioError as error:
        _drop(upload, State.FAILED, error.code)
        raise DomainError(error.code, error.sentence, status=422) from None
    with transaction.atomic():
        held = _held(upload.pk)
        if held is None or held.state != State.RECEIVING:
            raise _not_receiving()
        held.state = State.WAITING
        held.roles = _roles(held.roles, facts)
        held.duration_ms = round(facts.duration_s * 1000) if facts.duration_s else None
        _announce(held)
    return held


def _examine(upload: Upload) -> Facts:
    try:
        with open_file(upload) as file:
            facts = audio.examine(file, container=upload.media)
    except (CryptoError, OSError):
        raise AudioError("unreadable", "The server lost the recording; send it again.") from None
    if (facts.duration_s or 0) > LONGEST_S:
        raise too_long()
    return facts


def too_long() -> AudioError:
    return AudioError("too_long", f"A recording may last {LONGEST_S // 3600} hours at most.")


def _roles(given: Sequence[str], facts: Facts) -> list[str]:
    """Return who speaks on which channel; what two voices share is a room's."""
    if facts.channels == 2 and not facts.alike and len(given) != 1:
        return [*given] or TWO_VOICES
    return [*given] if len(given) == 1 else [Role.ROOM.value]


def cancel(*, upload: Upload) -> None:
    """Forget the recording; what was written down of it stays, an interview without words goes."""
    if upload.state == State.RECEIVING:
        _drop(upload, State.CANCELLED)
        return
    with transaction.atomic():
        held = _held(upload.pk)
        if held is not None and held.state in DUE:
            _close(held, State.CANCELLED)


def stop(session_id: UUID) -> None:
    """Cancel what is uploaded into a session: the candidate agrees no longer.

    The interview ends, with whatever words it has; to erase it is for somebody to choose. Call with
    the session locked.
    """
    open_ones = Upload.objects.filter(session_id=session_id, state__in=OPEN)
    for upload_id in open_ones.values_list("pk", flat=True):
        held = _held(upload_id)
        if held is not None and held.state in OPEN:
            _close(held, State.CANCELLED, "consent_withdrawn")


def _drop(upload: Upload, state: str, error: str = "") -> None:
    """End an upload that was never complete, and the interview with it."""
    open_one = Upload.objects.filter(pk=upload.pk, state=State.RECEIVING)
    with transaction.atomic():  # of the two, neither without the other
        ended = open_one.update(state=state, error=error, finished_at=timezone.now())
        erasure = retention.discard(upload.session) if ended else None
    if ended:
        remove_file(upload.pk)
    if erasure:
        retention.finish_soon(erasure)


# --- writing it down -----------------------------------------------------------------------------


@transaction.atomic
def claim(upload_id: UUID) -> Lease | None:
    """Take the lease; None where there is nothing to do, somebody is at it or no place is free.

    An upload whose workers died or failed again and again at the same place is given up here.
    """
    held = _held(upload_id)
    if held is None or held.state not in DUE or _leased().filter(pk=held.pk).exists():
        return None
    if not has_consent(held.session):
        _close(held, State.CANCELLED, "consent_withdrawn")
        return None
    if held.attempts >= ATTEMPTS:
        _close(held, State.FAILED, "no_progress")
        return None
    if _leased().count() >= settings.INTERVIEW_UPLOAD_WORKERS:
        return None
    held.attempts += 1
    held.state = State.PROCESSING
    held.lease = uuid.uuid4()
    held.lease_until = _until()
    _announce(held)
    return Lease(held.pk, held.lease)


def leased(lease: Lease) -> Upload:
    """Return the upload of a lease with its session; raise Lost."""
    upload = Upload.objects.filter(pk=lease.upload_id, lease=lease.token).first()
    session = access.session_by_id(upload.session_id) if upload else None
    if upload is None or session is None:
        raise Lost
    upload.session = session
    return upload


@transaction.atomic
def remember(lease: Lease, done_ms: int) -> None:
    """Note how far the recording is written down, tell who watches, renew the lease; raise Lost."""
    held = _owned(lease)
    if done_ms > held.done_ms:
        held.done_ms, held.attempts = done_ms, 0
    held.lease_until = _until()
    _announce(held)


@transaction.atomic
def release(lease: Lease) -> None:
    """Give the lease back, so that whoever comes next goes on; nothing if it is lost already."""
    with suppress(Lost):
        held = _owned(lease)
        held.lease = held.lease_until = None
        held.save(update_fields=["lease", "lease_until"])


@transaction.atomic
def complete(lease: Lease, done_ms: int, error: str = "") -> None:
    """End the interview that was written down, to its end or to an error; raise Lost."""
    held = _owned(lease)
    held.done_ms = max(held.done_ms, done_ms)
    if not error:
        held.duration_ms = held.done_ms
    _close(held, State.FAILED if error else State.DONE, error)


def overdue() -> list[UUID]:
    """Return the uploads to go on with, the oldest first, as many as there are free places."""
    free = settings.INTERVIEW_UPLOAD_WORKERS - _leased().count()
    if free <= 0:
        return []
    due = Upload.objects.filter(state__in=DUE).exclude(pk__in=_leased().values("pk"))
    return list(due.order_by("created_at").values_list("pk", flat=True)[:free])


def clear() -> None:
    """Forget uploads that were never completed, and files that belong to no open upload."""
    late = Upload.objects.filter(state=State.RECEIVING, created_at__lt=timezone.now() - STALE)
    for upload in late.select_related("session"):
        _drop(upload, State.CANCELLED)
    kept = _kept()  # before asking who wants them: one that comes meanwhile is not among them
    wanted = Upload.objects.filter(state__in=OPEN).values_list("pk", flat=True)
    for upload_id in kept.difference(wanted):
        remove_file(upload_id)
        logger.info("the file of an upload that is over was removed")


def _kept() -> set[UUID]:
    """Return the uploads whose files are there; what has another name is not ours to remove."""
    ids = set()
    with suppress(FileNotFoundError):
        for path in settings.INTERVIEW_UPLOADS_DIR.iterdir():
            with suppress(ValueError):
                ids.add(UUID(path.name))
    return ids


def _leased() -> QuerySet[Upload]:
    return Upload.objects.filter(state=State.PROCESSING, lease_until__gt=timezone.now())


def _until() -> datetime:
    return timezone.now() + timedelta(seconds=settings.INTERVIEW_UPLOAD_LEASE)


def _held(upload_id: UUID) -> Upload | None:
    """Lock an upload and its session, in this order; None when they are gone."""
    session_id = Upload.objects.filter(pk=upload_id).values_list("session_id", flat=True).first()
    session = access.lock_session(session_id) if session_id else None
    upload = Upload.objects.select_for_update().filter(pk=upload_id).first() if session else None
    if upload is None or session is None:
        return None
    upload.session = session
    return upload


def _owned(lease: Lease) -> Upload:
    held = _held(lease.upload_id)
    if held is None or held.lease != lease.token or held.state != State.PROCESSING:
        raise Lost
    return held


def _close(held: Upload, state: str, error: str = "") -> None:
    held.state, held.error = state, error
    held.lease = held.lease_until = None
    held.finished_at = timezone.now()
    _announce(held)
    end_session(session=held.session, lasted=timedelta(milliseconds=held.done_ms))
    transaction.on_commit(lambda: remove_file(held.pk), robust=True)


def _announce(held: Upload) -> None:
    """Store a change and show it to everybody who watches, once committed."""
    held.revision = events.next_revision(held.session_id)
    held.save()
    body = {"revision": held.revision, "upload": upload_json(held)}
    events.publish_on_commit(held.session_id, "upload", body)
