"""The one JSON shape of a session and of its guide: REST, snapshot and live events use it."""

from typing import Any

from accounts.models import ApiToken
from sessions.models import (
    SCALE,
    CandidateLink,
    CandidateRequest,
    ConsentRecord,
    Guide,
    Note,
    OffRecord,
    Session,
)
from sessions.states import Status


def consent_json(session: Session) -> dict[str, Any]:
    """Return what the candidate answered last; `notice` is the version they were told."""
    newest = max(session.consents.all(), key=lambda record: record.given_at, default=None)
    if newest is None:
        return {"given": False, "answer": None, "at": None, "method": "", "notice": ""}
    answer, at, method = newest.answer, newest.given_at, newest.method
    if newest.withdrawn_at is not None:
        answer, at, method = "withdrawn", newest.withdrawn_at, newest.withdrawn_method
    return {
        "given": answer == ConsentRecord.Answer.AGREED,
        "answer": answer,
        "at": at.isoformat(),
        "method": method,
        "notice": newest.notice_version,
    }


def consent_record_json(record: ConsentRecord, *, names: bool) -> dict[str, Any]:
    """Return one answer of the candidate; with `names` who gave it, as somebody noted it."""
    withdrawn = record.withdrawn_at
    return {
        "id": str(record.pk),
        "answer": record.answer,
        "at": record.given_at.isoformat(),
        "method": record.method,
        "given_by": (record.given_by or "") if names else None,
        "noted_by": record.noted_by.display_name if record.noted_by else None,
        "notice": record.notice_version,
        "withdrawn_at": withdrawn.isoformat() if withdrawn else None,
        "withdrawn_method": record.withdrawn_method,
        "withdrawn_by": record.withdrawn_by.display_name if record.withdrawn_by else None,
    }


def candidate_json(session: Session) -> dict[str, Any]:
    """Return the candidate's link, which is told to nobody twice, and what they wait for."""
    link = next((one for one in session.candidate_links.all() if one.revoked_at is None), None)
    waiting = [one for one in session.requests.all() if one.state == CandidateRequest.State.OPEN]
    if session.status != Status.LIVE:
        waiting = [one for one in waiting if one.kind != CandidateRequest.Kind.PAUSE]
    return {
        "link": link_json(link) if link else None,
        "requests": [request_json(one) for one in waiting],
    }


def link_json(link: CandidateLink) -> dict[str, Any]:
    return {
        "id": str(link.pk),
        "made_at": link.created_at.isoformat(),
        "opened_at": link.opened_at.isoformat() if link.opened_at else None,
        "mailed_at": link.mailed_at.isoformat() if link.mailed_at else None,
    }


def request_json(request: CandidateRequest) -> dict[str, Any]:
    return {
        "id": str(request.pk),
        "kind": request.kind,
        "state": request.state,
        "asked_at": request.asked_at.isoformat(),
    }


def retention_json(session: Session) -> dict[str, Any]:
    """Return until when it is kept, how far that may be moved, and whether a hold keeps it."""
    longest = session.longest_expiry()
    if longest and session.status == Status.DRAFT:
        # It moves on with time; told by the day, what did not change looks the same.
        day = longest.replace(hour=0, minute=0, second=0, microsecond=0)
        longest = max(day, session.expires_at or day)
    return {
        "expires_at": session.expires_at.isoformat() if session.expires_at else None,
        "longest": longest.isoformat() if longest else None,
        "hold": session.legal_hold,
    }


def session_json(session: Session) -> dict[str, Any]:
    """Return what everybody who may view the session may know about it."""

    def iso(name: str) -> str | None:
        value = getattr(session, name)
        return value.isoformat() if value else None

    stretches = [] if session.status == Status.DRAFT else list(session.off_records.all())
    since = next((stretch.from_ms for stretch in stretches if stretch.to_ms is None), None)
    return {
        "id": str(session.pk),
        "title": session.title,
        "job": session.job,
        "language": session.language,
        "status": session.status,
        "owner": session.owner.display_name,
        "consent": consent_json(session),
        "candidate": candidate_json(session),
        "started_at": iso("started_at"),
        "ended_at": iso("ended_at"),
        "expires_at": iso("expires_at"),
        "retention": retention_json(session),
        "planned_minutes": session.planned_minutes,
        "sentiment": session.organization.sentiment,
        "sample": session.is_sample,
        "off_record": None if since is None else {"since_ms": since},
        "off_records": [off_record_json(stretch) for stretch in stretches],
        "revision": session.revision,
    }


# What the JSON of a session reads beside its row; a list fetches it at once.
RELATED = ("consents", "candidate_links", "requests", "off_records")


def listed_json(session: Session) -> dict[str, Any]:
    """Return one of a list."""
    return {
        **session_json(session),
        "created_at": session.created_at.isoformat(),
        "visibility": session.visibility,
    }


def detail_json(session: Session, may: dict[str, bool]) -> dict[str, Any]:
    """Return an interview for one person, to who holds it with what was prepared."""
    return {
        **listed_json(session),
        "may": may,
        "prepared": _prepared_json(session) if may["record"] else None,
    }


def _prepared_json(session: Session) -> dict[str, Any]:
    return {
        "candidate_name": session.candidate_name or "",
        "candidate_email": session.candidate_email or "",
        "country": session.country,
        "guide": str(session.guide_id) if session.guide_id else None,
        "profile": session.profile or "",
    }


def off_record_json(stretch: OffRecord) -> dict[str, Any]:
    return {"id": str(stretch.pk), "from_ms": stretch.from_ms, "to_ms": stretch.to_ms}


def note_json(note: Note) -> dict[str, Any]:
    return {
        "id": str(note.pk),
        "kind": note.kind,
        "author": note.author.display_name,
        "author_id": note.author_id,
        "text": note.text or "",
        "at_ms": note.at_ms,
        "segment": str(note.segment) if note.segment else None,
        "removed": note.removed,
        "revision": note.revision,
        "created_at": note.created_at.isoformat(),
        "edited_at": note.edited_at.isoformat() if note.edited_at else None,
    }


def plan_json(guide: Guide) -> dict[str, Any]:
    """Return what a guide plans; `anchors` are SCALE texts, from the worst value to the best."""
    return {
        "title": guide.title,
        "competencies": [
            {
                "id": competency.pk,
                "name": competency.name,
                "description": competency.description,
                "anchors": [*competency.anchors, *[""] * SCALE][:SCALE],
                "questions": [
                    {"id": question.pk, "text": question.text, "minutes": question.minutes}
                    for question in competency.questions.all()
                ],
            }
            for competency in guide.competencies.prefetch_related("questions")
        ],
    }


def guide_head_json(guide: Guide) -> dict[str, Any]:
    """Return whose a guide is, and by `updated_at` which state of it this is."""
    return {
        "id": str(guide.pk),
        "title": guide.title,
        "owner": guide.owner.display_name if guide.owner else None,
        "updated_at": guide.updated_at.isoformat(),
    }


def guide_json(guide: Guide) -> dict[str, Any]:
    return {**guide_head_json(guide), **plan_json(guide)}


def device_json(device: ApiToken) -> dict[str, Any]:
    return {
        "id": str(device.pk),
        "channel": device.channel,
        "name": device.name,
        "joined_at": device.created_at.isoformat(),
    }
