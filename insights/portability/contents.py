"""What is kept about the candidate of an interview, as data; docs/privacy.md has its parts."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from insights import queries
from insights.kinds import Priority
from insights.models import SummaryVersion
from insights.portability.archive import SCHEMA
from sessions.models import SCALE, Scorecard, Session
from sessions.queries import plan_of
from transcription import queries as words


def gather(session: Session, *, full: bool) -> dict[str, Any]:
    """Return what is kept about the candidate of an interview, as data; docs/privacy.md has it."""
    return {
        "schema": SCHEMA,
        "extent": "organization" if full else "candidate",
        "made_at": iso(timezone.now()),
        "organization": {
            "name": session.organization.name,
            "country": session.organization.country,
            "contact": session.organization.privacy_contact,
            "keeps_names": session.organization.keep_names,
        },
        "interview": _facts(session, full),
        "consent": [
            _consent(record, full) for record in session.consents.select_related("noted_by")
        ],
        "links": [
            {
                "made_at": iso(link.created_at),
                "mailed_at": iso(link.mailed_at),
                "opened_at": iso(link.opened_at),
                "revoked_at": iso(link.revoked_at),
            }
            for link in session.candidate_links.order_by("created_at")
        ],
        "requests": [
            {
                "kind": asked.kind,
                "state": asked.state,
                "asked_at": iso(asked.asked_at),
                "answered_at": iso(asked.answered_at),
                "answer": asked.answer or "",
            }
            for asked in session.requests.all()
        ],
        "transcript": _transcript(session),
        "questions": _questions(session),
        "observations": _observations(session),
        "claims": _claims(session),
        "tone": _tones(session),
        "summary": _summary(session, full),
        "signed": _signed(session, full),
        "sent": _sent(session, full),
        "ratings": _ratings(session, full),
        "notes": _notes(session, full),
        "recording": _recording(session),
    }


def iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _facts(session: Session, full: bool) -> dict[str, Any]:
    return {
        "id": str(session.pk),
        "title": session.title,
        "job": session.job,
        "language": session.language,
        "status": session.status,
        "held_by": _who(session.owner, session, full),
        "candidate": {
            "name": session.candidate_name or "",
            "email": session.candidate_email or "",
            "country": session.country,
        },
        "profile": session.profile or "",
        "created_at": iso(session.created_at),
        "started_at": iso(session.started_at),
        "ended_at": iso(session.ended_at),
        "delete_by": None if session.legal_hold else iso(session.expires_at),
        "legal_hold": session.legal_hold,
    }


def _who(person: User | None, session: Session, full: bool) -> str:
    """Return how somebody is named in a copy: candidates read who held it and no other name.

    Nor do they read an address, which stands for a name where there is none.
    """
    if person is None:
        return ""
    if full:
        return person.display_name
    return (person.name if person.pk == session.owner_id else "") or _("a colleague")


def _consent(record: Any, full: bool) -> dict[str, Any]:
    return {
        "answer": record.answer,
        "notice": {"version": record.notice_version, "shown": record.notice},
        "method": record.method,
        "given_by": record.given_by or "",
        "given_at": iso(record.given_at),
        "noted_by": _who(record.noted_by, record.session, full),
        "withdrawn_at": iso(record.withdrawn_at),
        "withdrawn_method": record.withdrawn_method,
    }


def _transcript(session: Session) -> list[dict[str, Any]]:
    """Return the lines of both in the order of speaking, with what is missing in its place."""
    rows: list[dict[str, Any]] = [
        {
            "id": str(line.pk),
            "start_ms": line.start_ms,
            "end_ms": line.end_ms,
            "speaker": line.role,
            "text": line.text,
            "redacted": line.kinds,  # how many of which kind
            "corrected_from": (line.original or {}).get("text"),
        }
        for line in words.transcript(session)
    ]
    rows += [
        {"start_ms": gap.start_ms, "end_ms": gap.end_ms, "missing": "lost"}
        for gap in words.gaps_after(session)
    ]
    rows += [
        {"start_ms": stretch.from_ms, "end_ms": stretch.to_ms, "missing": "off_record"}
        for stretch in session.off_records.all()
    ]
    return sorted(rows, key=lambda row: row["start_ms"])


def _questions(session: Session) -> list[dict[str, Any]]:
    """Return the planned questions that were put, and which parts of a story the answer had."""
    plan = plan_of(session) or {"competencies": []}
    texts = {
        question["id"]: (competency["name"], question["text"])
        for competency in plan["competencies"]
        for question in competency["questions"]
    }
    return [
        {
            "competency": texts[row.question][0],
            "question": texts[row.question][1],
            "asked_ms": row.asked_ms,
            "parts": row.star,  # {part: lines that show it}
        }
        for row in session.coverage.filter(asked=True).order_by("asked_ms")
        if row.question in texts
    ]


def _observations(session: Session) -> list[dict[str, Any]]:
    return [
        {
            "kind": card.kind,
            "title": card.title,
            "text": card.content,
            "quote": card.quote,
            "other_quote": card.other_quote or "",
            "reason": card.reason,
            "verdict": card.verdict,
            "competency": card.competency,
            "priority": Priority(card.priority).name.lower(),
            "made_by": card.source,
            "state": card.state,
            "used": card.feedback,
            "lines": card.segments,
            "made_at": iso(card.created_at),
        }
        for card in session.insights.all()
    ]


def _claims(session: Session) -> list[dict[str, Any]]:
    return [
        {
            "kind": claim.kind,
            "statement": claim.statement,
            "quote": claim.quote,
            "verdict": claim.verdict,
            "compared_with": claim.against,
            "reason": claim.reason,
            "other_quote": claim.other_quote or "",
            "made_by": claim.source,
            "line": str(claim.segment_id),
        }
        for claim in session.claims.all()
    ]


def _tones(session: Session) -> list[dict[str, Any]]:
    """Return the tone of each line's wording, also where an organization shows it no more."""
    points = session.tones.select_related("segment").order_by("segment__end_ms")
    return [{"line": str(point.segment_id), **point.reading} for point in points]


def _summary(session: Session, full: bool) -> dict[str, Any]:
    made = queries.summary(session)
    sections = []
    for section in made["sections"]:
        sentences = [
            {
                "text": sentence["text"],
                "lines": sentence["segments"],
                "by": sentence["by"] if full or not sentence["by"] else _("a person"),
            }
            for sentence in section["sentences"]
        ]
        if sentences:
            sections.append({"title": section["title"], "sentences": sentences})
    return {"state": made["state"] if sections else "", "sections": sections}


def _signed(session: Session, full: bool) -> list[dict[str, Any]]:
    """Return the summaries as people signed them, the oldest first."""
    versions = session.summary_versions.filter(why=SummaryVersion.Why.SIGNED)
    return [
        {
            "version": version.number,
            "by": _who(version.by, session, full),
            "at": iso(version.at),
            "sha256": version.digest,
            "sections": [
                {
                    "title": section["title"],
                    "sentences": [sentence["text"] for sentence in section["sentences"]],
                }
                for section in version.content["sections"]
            ],
        }
        for version in versions.select_related("by").order_by("number")
    ]


def _sent(session: Session, full: bool) -> list[dict[str, Any]]:
    """Return which systems a signed summary went to, or is to, and who is meant over there."""
    orders = session.ats_deliveries.select_related("connection", "requested_by")
    return [
        {
            "system": order.connection.get_kind_display() if order.connection else "",
            "version": order.version,
            "parts": order.parts,
            "as": order.target,
            "there": order.remote or {},
            "state": order.state,
            "by": _who(order.requested_by, session, full),
            "ordered_at": iso(order.created_at),
            "finished_at": iso(order.finished_at),
        }
        for order in orders.order_by("created_at")
    ]


def _ratings(session: Session, full: bool) -> list[dict[str, Any]]:
    plan = plan_of(session) or {"competencies": []}
    names = {str(competency["id"]): competency["name"] for competency in plan["competencies"]}
    cards = Scorecard.objects.filter(session=session).select_related("author")
    if not full:
        cards = cards.filter(submitted_at__isnull=False)
    found = []
    for card in cards.order_by("submitted_at", "pk"):
        card.session = session  # whose key is at hand
        ratings = [
            {
                "competency": names.get(key, ""),
                "value": rating.get("value"),
                "of": SCALE,
                "comment": rating.get("comment", ""),
                "lines": rating.get("segments", []),
            }
            for key, rating in card.ratings.items()
        ]
        by = _who(card.author, session, full)
        found.append(
            {
                "by": by,
                "submitted_at": iso(card.submitted_at),
                "ratings": ratings,
                "overall": card.overall or {"recommendation": "", "text": ""},
            }
        )
    return found


def _notes(session: Session, full: bool) -> list[dict[str, Any]]:
    return [
        {
            "kind": note.kind,
            "by": _who(note.author, session, full),
            "at_ms": note.at_ms,
            "text": note.text or "",
        }
        for note in session.notes.filter(removed=False).select_related("author").order_by("at_ms")
    ]


def _recording(session: Session) -> dict[str, Any] | None:
    """Return what is known of the recording it was made of; the recording itself is not kept."""
    upload = words.upload_of(session)
    if upload is None:
        return None
    return {
        "state": upload.state,
        "bytes": upload.size,
        "kind": upload.media,
        "duration_ms": upload.duration_ms,
        "received_at": iso(upload.created_at),
    }
