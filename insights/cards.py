"""Cards: said once, made better in place, taken away when they are stale, judged by people."""

import hashlib
import hmac
from uuid import UUID

from django.db import transaction

from copilot.lib.errors import DomainError
from insights import queries
from insights.analyzers.base import Finding
from insights.debounce import Lease
from insights.kinds import LOOKS, Kind
from insights.models import Insight
from insights.serializers import insight_json
from sessions import access, events
from sessions.models import Session

State = Insight.State
KEPT = (Insight.Feedback.PINNED, Insight.Feedback.USED)


def _fingerprint(session: Session, finding: Finding) -> bytes:
    """Return what makes two findings the same card: the question itself, else kind and line."""
    said = finding.data.get("key") if finding.kind != Kind.QUESTION else None
    said = said or " ".join(finding.content.casefold().split())
    return hmac.digest(session.data_key(), f"{finding.kind}|{said}".encode(), hashlib.sha256)[:16]


@transaction.atomic
def store_finding(*, session_id: UUID, finding: Finding, state: str, source: str) -> Insight | None:
    """Store one card, or turn the equal preliminary one into it; None when nothing changes."""
    session = access.lock_session(session_id)
    if session is None:
        return None
    mark = _fingerprint(session, finding)
    known = session.insights.filter(kind=finding.kind, fingerprint=mark).first()
    if known is not None and (known.state != State.PRELIMINARY or state == State.PRELIMINARY):
        return None  # said already; the same thing is said once
    look = LOOKS[finding.kind]
    insight = known or Insight(session=session, kind=finding.kind, fingerprint=mark)
    insight.title = finding.title or look.title
    insight.content = finding.content
    insight.quote = finding.quote
    insight.other_quote = finding.other_quote or None
    insight.reason = finding.reason
    insight.verdict = finding.verdict
    named = finding.competency in queries.competencies(session)
    insight.competency = finding.competency if named else ""  # stored in clear: the guide's own
    insight.priority = finding.priority or look.priority
    insight.confidence = finding.confidence
    insight.segments = list(finding.line_ids)
    insight.state, insight.source = state, source
    return _save(insight, "insight_changed" if known else "insight")


def _save(insight: Insight, event: str) -> Insight:
    insight.revision = events.next_revision(insight.session_id)
    insight.save()
    body = {"revision": insight.revision, "insight": insight_json(insight)}
    events.publish_on_commit(insight.session_id, event, body)
    return insight


def settle_preliminary(session: Session, lease: Lease) -> None:
    """Replace the preliminary cards on analysed lines by better ones, or confirm them."""
    read = session.segments.filter(sequence__gt=lease.after, sequence__lte=lease.through)
    ids = {str(pk) for pk in read.values_list("pk", flat=True)}
    cards = session.insights.exclude(state=State.SUPERSEDED)
    better = {
        (card.kind, line)
        for card in cards.filter(state=State.COMPLETE).only("kind", "segments", "session")
        for line in card.segments
    }
    for card in cards.filter(state=State.PRELIMINARY):
        if not ids.intersection(card.segments):
            continue
        replaced = any((card.kind, line) in better for line in card.segments)
        card.state = State.SUPERSEDED if replaced else State.COMPLETE
        _save(card, "insight_changed")


def drop_stale(session: Session, lease: Lease) -> None:
    """Take suggestions about earlier answers off the page once there are newer ones.

    Help for the previous question is worse than none; what somebody pinned or used stays.
    """
    read = session.segments.filter(sequence__gt=lease.after, sequence__lte=lease.through)
    ids = {str(pk) for pk in read.values_list("pk", flat=True)}
    living = session.insights.filter(kind=Kind.QUESTION).exclude(state=State.SUPERSEDED)
    cards = list(living)
    if not any(ids.intersection(card.segments) for card in cards):
        return
    for card in cards:
        if not ids.intersection(card.segments) and card.feedback not in KEPT:
            card.state = State.SUPERSEDED
            _save(card, "insight_changed")


@transaction.atomic
def give_feedback(*, session: Session, insight_id: UUID, feedback: str) -> Insight:
    """Keep what a person made of a card; raise DomainError for an unknown card or word."""
    if feedback not in Insight.Feedback.values:
        raise DomainError("bad_feedback", "Feedback is used, not_now, wrong or pinned.", status=400)
    access.lock_session(session.pk)
    insight = session.insights.filter(pk=insight_id).first()
    if insight is None:
        raise DomainError("not_found", "There is no such card.", status=404)
    insight.feedback = feedback
    return _save(insight, "insight_changed")
