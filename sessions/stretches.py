"""Off the record: stretches of an interview of which nothing is stored, shown or analysed.

What has to go of what was stored before is `insights.offrecord`'s; it begins and ends stretches.
"""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from sessions import events
from sessions.models import CandidateRequest, OffRecord, Session
from sessions.serializers import session_json
from sessions.states import Status

MOST_SECONDS = 120  # that may be taken back


def begin(*, session: Session, by: User, seconds: int) -> OffRecord:
    """Open a stretch that began so many seconds ago; call with the session locked.

    It never reaches into an earlier one. Raises DomainError: not_live, already_off.
    """
    if session.status != Status.LIVE:
        raise DomainError("not_live", _("Only an interview that runs can go off the record."))
    earlier = list(session.off_records.all())
    if any(stretch.to_ms is None for stretch in earlier):
        raise DomainError("already_off", _("The interview is off the record already."))
    ended = max((stretch.to_ms or 0 for stretch in earlier), default=0)
    since = _now_ms(session) - 1000 * max(0, min(seconds, MOST_SECONDS))
    stretch = OffRecord.objects.create(session=session, from_ms=max(0, ended, since), by=by)
    asked = session.requests.filter(kind=CandidateRequest.Kind.PAUSE)
    asked.filter(state=CandidateRequest.State.OPEN).update(
        state=CandidateRequest.State.GRANTED, answered_at=timezone.now(), answered_by=by
    )
    _trace(Event.OFF_RECORD, session, erased=seconds)
    events.withhold_on_commit(session.pk, off=True, seconds=seconds)
    return stretch


def close(session: Session) -> OffRecord | None:
    """End the stretch that is open; None where none is. Call with the session locked."""
    stretch = session.off_records.filter(to_ms=None).first()
    if stretch is None:
        return None
    stretch.to_ms = max(stretch.from_ms, _now_ms(session))
    stretch.save(update_fields=["to_ms"])
    _trace(Event.ON_RECORD, session, seconds=round((stretch.to_ms - stretch.from_ms) / 1000))
    events.withhold_on_commit(session.pk, off=False)
    return stretch


def announce(session: Session) -> None:
    """Tell everybody who watches how the record stands after this transaction."""
    session.revision = events.next_revision(session.pk)
    events.publish_on_commit(session.pk, "session", {"state": session_json(session)})


def _now_ms(session: Session) -> int:
    return int(session.elapsed().total_seconds() * 1000)


def _trace(event: Event, session: Session, **seconds: int) -> None:
    audit.record(event, organization_id=session.organization_id, obj=session, details=seconds)
