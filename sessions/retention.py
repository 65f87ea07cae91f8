"""How long an interview is kept, and how it goes: its key first, then, bit by bit, the rest.

`begin` destroys the key and writes an Erasure in one transaction: from there on nothing of the
interview opens, wherever a copy of it lies. `finish` removes what is left in transactions of few
rows, each of which adds to the Erasure's counts what it removed, and signs the receipt at the end.
A process that dies anywhere leaves an Erasure that the next run goes on with.

A legal hold keeps an interview from all of this, whoever asks and why.
"""

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, idempotency
from accounts.kinds import Event
from accounts.models import ApiToken, User
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from sessions import access, events, receipts
from sessions.models import Erasure, Session
from sessions.signals import Removed, session_erased, session_erasing
from sessions.states import Status

logger = logging.getLogger(__name__)

MOST = 500  # interviews that one run makes unreadable; the next one goes on
GRACE = timedelta(hours=24)  # at least, after a legal hold is lifted
TIDY = timedelta(minutes=10)  # for which the database is asked to let go of what was removed


# --- How long ------------------------------------------------------------------------------------


@transaction.atomic
def extend(*, session: Session, until: datetime, by: User) -> Session:
    """Keep the interview until then, longer or shorter than before; call behind Perm.DELETE.

    Raises DomainError: not_ended, in_the_past, too_long, erased.
    """
    held = access.hold(session)
    most = held.longest_expiry()
    if most is None:
        raise DomainError("not_ended", _("Its time begins when the interview has ended."))
    if until <= timezone.now():
        detail = _("This lies in the past. To delete the interview now, erase it.")
        raise DomainError("in_the_past", detail, status=400)
    if until > most:
        detail = _("Your organization keeps interviews no longer than that allows.")
        raise DomainError("too_long", detail, status=400)
    if held.expires_at != until:
        _set_expiry(held, until, by)
    return held


def _set_expiry(held: Session, until: datetime, by: User | None = None) -> None:
    before, held.expires_at = held.expires_at, until
    held.save(update_fields=["expires_at"])
    audit.record(
        Event.RETENTION_CHANGED,
        organization_id=held.organization_id,
        obj=held,
        details={"from": before.isoformat() if before else None, "to": until.isoformat()},
        actor=by,
    )
    events.announce_on_commit(held)


@transaction.atomic
def hold(*, session: Session, hold: bool) -> Session:
    """Keep the interview from being erased, or let its time count again; call for Act.PRIVACY.

    Where a hold is lifted too late for its time, at least `GRACE` is left to put it back.
    """
    held = access.hold(session)
    if held.legal_hold == hold:
        return held
    held.legal_hold = hold
    held.save(update_fields=["legal_hold"])
    audit.record(
        Event.LEGAL_HOLD, organization_id=held.organization_id, obj=held, details={"hold": hold}
    )
    soonest = timezone.now() + GRACE
    if not hold and held.expires_at is not None and held.expires_at < soonest:
        _set_expiry(held, soonest)
    else:
        events.announce_on_commit(held)
    return held


# --- The key -------------------------------------------------------------------------------------


@transaction.atomic
def begin(session_id: UUID, reason: str, by: User | None = None, **still: Any) -> Erasure | None:
    """Make an interview unreadable for good; None where it is held, gone or no longer `still`.

    One statement looks and destroys, so that nobody starts, keeps or erases it in between. Title
    and job go with the key: they are not sealed, and may name the candidate.
    """
    living = Session.objects.filter(
        pk=session_id, wrapped_key__isnull=False, legal_hold=False, **still
    )
    facts = living.values_list("organization_id", "status").first()
    if facts is None or not living.update(wrapped_key=None, title="", job=""):
        return None
    idempotency.forget_about(session_id)  # sealed with the organization's key, which stays
    organization_id, status = facts
    if reason == Erasure.Reason.EXPIRED and status == Status.DRAFT:
        reason = Erasure.Reason.DRAFT
    erasure = _note(session_id, organization_id, reason, by)
    audit.record(
        Event.SESSION_ERASED,
        organization_id=organization_id,
        object_type=Session._meta.label_lower,
        object_id=str(session_id),
        details={"reason": str(reason), "receipt": str(erasure.pk)},
        actor=by,
    )
    events.recheck_on_commit(session_ids=[session_id])
    return erasure


def _note(session_id: UUID, organization_id: UUID, reason: str, by: User | None = None) -> Erasure:
    facts = {
        "organization_id": organization_id,
        "reason": reason,
        "asked_by": by.pk if by else None,
        "started_at": timezone.now(),
    }
    # There is one where another process took up the same stray a moment ago, or where something
    # brought back what was erased: then its receipt is written again.
    erasure, _made = Erasure.objects.get_or_create(session_id=session_id, defaults=facts)
    if erasure.finished_at is not None:
        erasure.finished_at, erasure.public_key, erasure.signature = None, "", ""
        erasure.save(update_fields=["finished_at", "public_key", "signature"])
    return erasure


def erase_now(*, session: Session, reason: str, by: User | None = None) -> Erasure:
    """Erase an interview whatever its time; raise DomainError `kept` under a legal hold.

    The rest goes at once too, or after the commit where the caller has a transaction open.
    """
    erasure = begin(session.pk, reason, by)
    if erasure is None:
        erasure = Erasure.objects.filter(session_id=session.pk).first()
    if erasure is None:
        raise kept()
    session.wrapped_key = None
    session.__dict__.pop("_data_key", None)
    finish_soon(erasure)
    return erasure


def kept() -> DomainError:
    detail = _("A legal hold keeps this interview: an admin has to lift it first.")
    return DomainError("kept", detail)


def discard(session: Session) -> Erasure | None:
    """Begin to erase an interview in which nothing was said; `finish_soon` removes the rest.

    None under a legal hold: then it goes once that is lifted.
    """
    Session.objects.filter(pk=session.pk).update(expires_at=timezone.now())
    return begin(session.pk, Erasure.Reason.DRAFT)


# --- The rest ------------------------------------------------------------------------------------


def finish_soon(erasure: Erasure) -> None:
    """Remove the rest now, or after the commit of a transaction that is open."""
    try:
        with transaction.atomic(durable=True):
            pass
    except RuntimeError:
        transaction.on_commit(lambda: _finish_or_log(erasure.pk), robust=True)
    else:
        _finish_or_log(erasure.pk)


def _finish_or_log(erasure_id: UUID, until: float | None = None) -> bool:
    """Finish an erasure by a time of the monotonic clock; what fails is left to the next run."""
    until = until or time.monotonic() + settings.INTERVIEW_ERASE_SECONDS
    try:
        return finish(erasure_id, until)
    except (DatabaseError, CryptoError) as error:  # the others must not wait for this one
        logger.error("erasure %s is not finished: %s", erasure_id, type(error).__name__)
        return False


def finish(erasure_id: UUID, until: float) -> bool:
    """Remove what is left, then sign the receipt; False where time, or a package, did not allow it.

    Two workers at the same one take turns, or one finds it taken: what is counted is what the same
    transaction removed.
    """
    whole = True
    while time.monotonic() < until:
        step = _remove_some(erasure_id)
        if step is None:
            return False
        whole = whole and step.whole
        if not step.more:
            return whole and _close(erasure_id)
    return False


@dataclass(frozen=True, slots=True)
class _Step:
    more: bool
    whole: bool  # nobody failed


@transaction.atomic
def _remove_some(erasure_id: UUID) -> _Step | None:
    """Remove a bounded number of rows and count them; None where another worker is at it."""
    erasure = _taken(erasure_id)
    if erasure is None:
        return None
    # What rests on a row goes with it: quarters keep the whole below the limit.
    share = max(1, settings.INTERVIEW_ERASE_BATCH // 4)
    counts = Counter(erasure.counts)
    more, failed = False, False
    asked = session_erasing.send_robust(sender=Session, session_id=erasure.session_id, limit=share)
    for receiver, answer in asked:
        if isinstance(answer, Removed):
            counts.update(answer.counts)
            more = more or answer.more
        else:
            failed = True
            name = getattr(receiver, "__module__", "?")
            logger.error("%s did not erase: %s", name, type(answer).__name__)
    if not more and not failed:
        own = _remove_own(erasure.session_id, share)
        counts.update(own.counts)
        more = own.more
    erasure.counts = dict(counts)
    erasure.save(update_fields=["counts"])
    return _Step(more, not failed)


def _taken(erasure_id: UUID) -> Erasure | None:
    """Hold an unfinished erasure; None where it is finished or somebody holds it."""
    free = Erasure.objects.select_for_update(skip_locked=True, of=("self",))
    return free.filter(pk=erasure_id, finished_at=None).first()


def remove_rows(app: str, session_id: UUID, limit: int) -> Removed:
    """Remove up to `limit` rows that an app keeps of an interview, and what rests on them."""
    counts: Counter[str] = Counter()
    # Backwards, since a model rests on earlier ones: else a stream would take all its lines along.
    for model in reversed(list(apps.get_app_config(app).get_models())):
        of_session = [f.name for f in model._meta.fields if f.related_model is Session]
        for name in of_session:
            rows = model._base_manager.filter(**{name: session_id})
            chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
            if not chosen:
                continue
            counts.update(_deleted(model._base_manager.filter(pk__in=chosen)))
            limit -= len(chosen)
            if limit <= 0:
                return Removed(counts, more=True)
    return Removed(counts)


def _deleted(rows: models.QuerySet[Any]) -> Counter[str]:
    """Delete rows; return how many went by kind, those included that rested on them."""
    _total, by_model = rows.delete()
    counts: Counter[str] = Counter()
    for label, count in by_model.items():
        counts[_kind(apps.get_model(label))] += count
    return counts


def _kind(model: type[models.Model]) -> str:
    """Return what rows of a model are called in a receipt: as the interview calls them."""
    for relation in Session._meta.related_objects:
        if relation.related_model is model:
            return str(relation.related_name or "permissions")
    return {Session: "interviews", ApiToken: "devices", LogEntry: "log_entries"}.get(
        model, model._meta.model_name or ""
    )


def _remove_own(session_id: UUID, limit: int) -> Removed:
    """Remove what this package keeps, and at the very end the interview itself."""
    removed = remove_rows(Session._meta.app_label, session_id, limit)
    if removed.more:
        return removed
    counts = Counter(removed.counts)
    counts.update(_deleted(ApiToken.objects.filter(bound_to=session_id)))
    kind = ContentType.objects.get_for_model(Session)
    counts.update(_deleted(LogEntry.objects.filter(content_type=kind, object_id=str(session_id))))
    # Held first: whoever is about to add a row waits, and finds that there is nothing to add to.
    list(Session.objects.select_for_update().filter(pk=session_id).values_list("pk"))
    counts.update(_deleted(Session.objects.filter(pk=session_id)))
    return Removed(counts)


@transaction.atomic
def _close(erasure_id: UUID) -> bool:
    """Write the receipt; False where somebody else does, or something is left."""
    erasure = _taken(erasure_id)
    if erasure is None or Session.objects.filter(pk=erasure.session_id).exists():
        return False
    erasure.finished_at = timezone.now()
    receipts.sign(erasure)
    erasure.save(update_fields=["finished_at", "public_key", "signature"])
    session_erased.send(
        sender=Session,
        organization_id=erasure.organization_id,
        session_id=erasure.session_id,
        receipt_id=erasure.pk,
    )
    return True


# --- The run -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """An interview whose time is over."""

    session_id: UUID
    organization: str  # its short name
    since: datetime
    held: bool  # a legal hold keeps it


@dataclass(slots=True)
class Report:
    """What a run found and did, or would have done."""

    due: list[Due] = field(default_factory=list)
    begun: int = 0  # unreadable since this run
    finished: int = 0  # removed by this run
    unfinished: int = 0  # unreadable, with something left for the next run


def due(limit: int = MOST) -> list[Due]:
    """Return the interviews whose time is over, the longest overdue first."""
    over = Session.objects.filter(expires_at__lte=timezone.now(), wrapped_key__isnull=False)
    rows = over.order_by("legal_hold", "expires_at", "pk").values_list(
        "pk", "organization__slug", "expires_at", "legal_hold"
    )
    return [Due(pk, slug, since, held) for pk, slug, since, held in rows[:limit] if since]


def run(*, dry_run: bool = False) -> Report:
    """Make everything unreadable whose time is over, then remove, as far as time allows.

    In this order: a long removal keeps nothing readable that should not be.
    """
    until = time.monotonic() + settings.INTERVIEW_ERASE_SECONDS
    report = Report(due=due())
    if dry_run:
        report.unfinished = _unfinished().count()
        return report
    for session_id in [item.session_id for item in report.due if not item.held]:
        report.begun += _begin_or_log(session_id)
    _note_strays()
    for erasure_id in list(_unfinished().values_list("pk", flat=True)):
        report.finished += _finish_or_log(erasure_id, until)
        if time.monotonic() >= until:
            break
    report.unfinished = _unfinished().count()
    if Erasure.objects.filter(finished_at__gt=timezone.now() - TIDY).exists():
        _tidy()
    if report.begun or report.finished:
        text = "%d interview(s) made unreadable, %d removed, %d left for the next run"
        logger.info(text, report.begun, report.finished, report.unfinished)
    return report


def _begin_or_log(session_id: UUID) -> bool:
    try:
        now = timezone.now()
        return begin(session_id, Erasure.Reason.EXPIRED, expires_at__lte=now) is not None
    except DatabaseError as error:
        logger.error("session %s not erased: %s", session_id, type(error).__name__)
        return False


def _unfinished() -> models.QuerySet[Erasure]:
    return Erasure.objects.filter(finished_at=None).order_by("started_at", "pk")


def _note_strays() -> None:
    """Take up what has no key and no erasure under way, as an earlier version left it."""
    keyless = Session.objects.filter(wrapped_key__isnull=True)
    strays = keyless.exclude(pk__in=_unfinished().order_by().values("session_id"))
    for session_id, organization_id in list(strays.values_list("pk", "organization_id")):
        _note(session_id, organization_id, Erasure.Reason.EXPIRED)


def _tidy() -> None:
    """Let the database give up the bytes of what was deleted, as far as it does so when asked.

    SQLite overwrites what is deleted (`secure_delete`); its log still has it until it is emptied.
    Postgres keeps deleted rows until they are vacuumed. Readers may be in the way of both: later
    runs ask again for a while.
    """
    if connection.in_atomic_block:
        return
    ask = {
        "sqlite": "PRAGMA wal_checkpoint(TRUNCATE)",
        "postgresql": f"VACUUM {connection.ops.quote_name(Session._meta.db_table)}",
    }.get(connection.vendor)
    if ask is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(ask)
    except DatabaseError as error:
        logger.warning("the database was not tidied: %s", type(error).__name__)
