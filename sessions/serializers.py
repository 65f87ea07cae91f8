"""The one JSON shape of a session and of its guide: REST, snapshot and live events use it."""

from typing import Any

from accounts.models import ApiToken
from sessions.models import ConsentRecord, Guide, Note, Session


def consent_json(record: ConsentRecord | None) -> dict[str, Any]:
    if record is None:
        return {"given": False, "at": None, "method": ""}
    return {"given": True, "at": record.given_at.isoformat(), "method": record.method}


def session_json(session: Session) -> dict[str, Any]:
    """Return what everybody who may view the session may know about it."""

    def iso(name: str) -> str | None:
        value = getattr(session, name)
        return value.isoformat() if value else None

    consent = session.consents.filter(withdrawn_at__isnull=True).order_by("-given_at").first()
    return {
        "id": str(session.pk),
        "title": session.title,
        "job": session.job,
        "language": session.language,
        "status": session.status,
        "owner": session.owner.display_name,
        "consent": consent_json(consent),
        "started_at": iso("started_at"),
        "ended_at": iso("ended_at"),
        "expires_at": iso("expires_at"),
        "planned_minutes": session.planned_minutes,
        "sentiment": session.organization.sentiment,
        "sample": session.is_sample,
        "revision": session.revision,
    }


def note_json(note: Note) -> dict[str, Any]:
    return {
        "id": str(note.pk),
        "author": note.author.display_name,
        "text": note.text,
        "at_ms": note.at_ms,
        "created_at": note.created_at.isoformat(),
    }


def guide_json(guide: Guide | None) -> dict[str, Any] | None:
    if guide is None:
        return None
    return {
        "title": guide.title,
        "competencies": [
            {
                "id": competency.pk,
                "name": competency.name,
                "questions": [
                    {"id": q.pk, "text": q.text, "minutes": q.minutes, "asked_at": None}
                    for q in competency.questions.all()
                ],
            }
            for competency in guide.competencies.prefetch_related("questions")
        ],
    }


def device_json(device: ApiToken) -> dict[str, Any]:
    return {
        "id": str(device.pk),
        "channel": device.channel,
        "name": device.name,
        "joined_at": device.created_at.isoformat(),
    }
