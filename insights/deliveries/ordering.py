"""Orders: the explicit act of a person to send a signed summary; once for each version and person
over there."""

import hashlib
import hmac
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.crypto import derive
from copilot.lib.errors import DomainError
from insights.ats.base import Part, Target
from insights.deliveries import connections, results
from insights.models import AtsConnection, AtsDelivery, State, Summary, SummaryVersion
from insights.summaries import versions
from sessions import access
from sessions.models import Session
from sessions.queries import has_consent
from sessions.states import Status

OPEN = (State.WAITING, State.SENDING)
PURPOSE = "ats-delivery"  # of the key that fingerprints are made with


def deliveries_of(session: Session) -> QuerySet[AtsDelivery]:
    """Return what was ordered of an interview, the newest first."""
    return session.ats_deliveries.select_related("connection", "requested_by").order_by(
        "-created_at", "pk"
    )


# --- To order ------------------------------------------------------------------------------------


@transaction.atomic
def order(
    *,
    session: Session,
    by: User,
    connection_id: UUID,
    target: dict[str, str],
    parts: Collection[str],
    version: int | None = None,
) -> tuple[AtsDelivery, bool]:
    """Put a signed summary into the outbox; return the row, and whether anything is to be sent.

    The same order again is the row that is there: parts it lacks are added, and what was called
    back goes on where it stopped, so that no part is ever sent twice. Call behind Perm.SHARE.

    Raises DomainError: not_ended, no_consent, not_signed, other_version, no_connection,
    bad_target, bad_parts, not_submitted, others_ratings.
    """
    held = access.hold(session)
    connection, signed, chosen = _checked(held, by, connection_id, target, parts, version)
    fingerprint = _fingerprint(held, connection, target, signed.number)
    row = held.ats_deliveries.select_for_update().filter(fingerprint=fingerprint).first()
    if row is None:
        row = AtsDelivery(
            session=held,
            connection=connection,
            requested_by=by,
            version=signed.number,
            parts=chosen,
            fingerprint=fingerprint,
        )
        row.target = dict(target)
    else:
        row.session, row.connection = held, connection
        added = [part for part in chosen if part not in row.parts]
        if not added and row.state != State.CANCELLED:
            return row, False
        _refuse_others_ratings(row, by, chosen)
        wanted = {*chosen, *(row.remote or {})} if row.state == State.CANCELLED else {*row.parts}
        row.parts = [part for part in Part if part in wanted | {*added}]
        if Part.SCORECARD not in (row.remote or {}):
            row.requested_by = by
    if row.state != State.SENDING:  # who is sending sees what was added when they are done
        _begin_again(row)
    row.save()
    audit.record(
        Event.ATS_ORDERED,
        organization_id=held.organization_id,
        obj=row,
        details={
            "session": str(held.pk),
            "connection": str(connection.pk),
            "version": row.version,
            "parts": row.parts,
        },
        actor=by,
    )
    return row, True


def _begin_again(row: AtsDelivery) -> None:
    now = timezone.now()
    row.state, row.error, row.finished_at = State.WAITING, "", None
    # Who was sending when it was called back may not have noticed yet.
    row.next_attempt_at = max(now, row.lease_until or now)
    row.tries = min(row.tries, 1)  # not 0: what an earlier try left is looked for first


def _checked(
    session: Session,
    by: User,
    connection_id: UUID,
    target: dict[str, str],
    parts: Collection[str],
    version: int | None,
) -> tuple[AtsConnection, SummaryVersion, list[str]]:
    if session.status != Status.ENDED:
        raise DomainError("not_ended", _("An interview is sent when it has ended."))
    if not has_consent(session):
        raise DomainError("no_consent", _("The candidate has withdrawn the consent."))
    signed = _signed(session, version)
    connection = connections.get(session.organization, connection_id)
    if not (target.get("candidate") or target.get("application")):
        raise DomainError("bad_target", _("Choose whom it is about."), status=400)
    writable = connections.parts_of(connection)
    chosen = [str(part) for part in Part if part in set(parts)]
    if not chosen or not set(parts) <= {str(part) for part in writable}:
        detail = _("Choose what is to be sent, of what the system can take.")
        raise DomainError("bad_parts", detail, status=400)
    if Part.SCORECARD in chosen and results.submitted(session, by) is None:
        detail = _("Submit your ratings first: only what is final is sent.")
        raise DomainError("not_submitted", detail)
    return connection, signed, chosen


def _signed(session: Session, version: int | None) -> SummaryVersion:
    """Return the version that counts; one that somebody looked at must still be that."""
    summary = Summary.objects.filter(session=session).only("state").first()
    newest = versions.signed(session)
    if summary is None or summary.state != Summary.State.SIGNED or newest is None:
        raise DomainError("not_signed", _("Sign the summary first: only what is signed is sent."))
    if version is not None and version != newest.number:
        detail = _("The summary was signed anew meanwhile. Look at it again before you send it.")
        raise DomainError("other_version", detail)
    return newest


def _fingerprint(
    session: Session, connection: AtsConnection, target: dict[str, str], version: int
) -> bytes:
    about = [str(connection.pk), target.get("candidate"), target.get("application"), version]
    key = derive(session.data_key(), PURPOSE)
    return hmac.new(key, json.dumps(about).encode(), hashlib.sha256).digest()[:16]


def _refuse_others_ratings(row: AtsDelivery, by: User, chosen: list[str]) -> None:
    """Let nobody's ratings go in the name of somebody else."""
    if row.requested_by_id in (None, by.pk) or Part.SCORECARD not in {*row.parts, *chosen}:
        return
    detail = _("A colleague has ordered this already, and ratings go with who orders.")
    raise DomainError("others_ratings", detail)


# --- To look first -------------------------------------------------------------------------------


def preview(
    *,
    session: Session,
    by: User,
    connection_id: UUID,
    target: dict[str, str],
    parts: Collection[str],
    version: int | None = None,
) -> dict[str, Any]:
    """Return what an order would send, as texts and facts; nothing leaves, nothing is kept.

    Raises what `order` raises, and AtsError.
    """
    connection, signed, chosen = _checked(session, by, connection_id, target, parts, version)
    mark = results.mark_of(UUID(int=0))  # as long as the one it will have
    generic = connection.kind == AtsConnection.Kind.GENERIC
    result = results.result_of(session, signed, by, chosen, mark, with_file=generic)
    whom = Target(**{key: target.get(key, "") for key in ("candidate", "application", "label")})
    adapter = connections.opened(connection)
    shown = []
    for part in chosen:
        with connections.told():
            text = adapter.shown(Part(part), whom, result)
        size = len(result.file) if part == Part.ATTACHMENT else None
        shown.append({"part": part, "text": text, "bytes": size})
    return {"version": signed.number, "parts": shown}


# --- To call back, to try again ------------------------------------------------------------------


@transaction.atomic
def cancel(*, session: Session, delivery_id: UUID, by: User | None = None) -> AtsDelivery:
    """Call an order back. What is over there already stays; what is on its way arrives.

    Raises DomainError: not_found, finished.
    """
    row = _held(session, delivery_id)
    if row.state not in OPEN:
        raise DomainError("finished", _("This is over already."))
    _cancel(row, by)
    return row


@transaction.atomic
def retry(*, session: Session, delivery_id: UUID) -> AtsDelivery:
    """Let an order that failed, or that waits, be tried now. Raises not_found, finished."""
    row = _held(session, delivery_id)
    if row.state not in (State.FAILED, State.WAITING):
        raise DomainError("finished", _("There is nothing to try again."))
    if not has_consent(row.session):
        raise DomainError("no_consent", _("The candidate has withdrawn the consent."))
    _begin_again(row)
    row.save()
    return row


def call_back_all(session_id: UUID) -> int:
    """Call back every open order, in the caller's transaction: consent or interview are gone."""
    rows = AtsDelivery.objects.select_for_update().filter(session_id=session_id, state__in=OPEN)
    rows = rows.defer("target", "remote")
    for row in rows:
        _cancel(row, None)
    return len(rows)


def _held(session: Session, delivery_id: UUID) -> AtsDelivery:
    held = access.hold(session)
    row = held.ats_deliveries.select_for_update().filter(pk=delivery_id).first()
    if row is None:
        raise DomainError("not_found", _("There is no such order."), status=404)
    row.session = held
    return row


def _cancel(row: AtsDelivery, by: User | None) -> None:
    row.state, row.finished_at, row.next_attempt_at = State.CANCELLED, timezone.now(), None
    row.lease_token = None  # whoever sends it stops; `lease_until` tells when they surely have
    row.save(update_fields=["state", "finished_at", "next_attempt_at", "lease_token"])
    audit.record(
        Event.ATS_CANCELLED,
        organization_id=row.session.organization_id,
        obj=row,
        details={"session": str(row.session_id)},
        actor=by,
    )
