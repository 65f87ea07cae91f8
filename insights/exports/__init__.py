"""An interview as a file that somebody takes away: an explicit act, and one that leaves a trace.

Never part of it: the tone of anybody's wording, other people's ratings, words as they were before
they were redacted or corrected, and what was said off the record.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from insights import queries
from insights.exports.writers import WRITERS
from sessions.models import SCALE, Scorecard, Session
from sessions.queries import notes_after, plan_of
from sessions.states import Status
from transcription import queries as words
from transcription.models import Segment
from transcription.serializers import readable_text

PARTS = ("summary", "transcript", "notes", "ratings")
FORMATS = {
    "markdown": ("md", "text/markdown"),
    "text": ("txt", "text/plain"),
    "json": ("json", "application/json"),
    "srt": ("srt", "application/x-subrip"),
    "vtt": ("vtt", "text/vtt"),
}
SUBTITLES = ("srt", "vtt")  # formats that hold the transcript and nothing else
VERSION = 1


@dataclass(frozen=True, slots=True)
class File:
    name: str  # holds no name of anybody: it stays in lists of downloads
    content_type: str
    body: bytes = field(repr=False)


@transaction.atomic
def export(*, session: Session, by: User, parts: Collection[str], kind: str) -> File:
    """Return the chosen parts of a finished interview as a file, and note who took it away."""
    if session.status != Status.ENDED:
        raise DomainError("not_ended", _("An interview is exported when it has ended."))
    if kind not in FORMATS:
        raise DomainError("bad_format", _("Choose a format."), status=400)
    chosen = ["transcript"] if kind in SUBTITLES else [part for part in PARTS if part in parts]
    if not chosen or not set(parts) <= set(PARTS):
        raise DomainError("bad_parts", _("Choose what the file is to hold."), status=400)
    content = gather(session, by, chosen)
    ending, content_type = FORMATS[kind]
    body = WRITERS[kind](content)
    audit.record(
        Event.SESSION_EXPORTED,
        organization_id=session.organization_id,
        obj=session,
        details={"format": kind, "parts": chosen},
    )
    day = timezone.localdate(session.started_at or session.created_at)
    name = f"interview-{day.isoformat()}-{str(session.pk)[:8]}.{ending}"
    return File(name, f"{content_type}; charset=utf-8", body.encode())


# --- what is in it -------------------------------------------------------------------------------


def gather(session: Session, by: User, parts: Collection[str]) -> dict[str, Any]:
    """Return what an export holds, as data."""
    content: dict[str, Any] = {
        "version": VERSION,
        "interview": {
            "title": session.title,
            "job": session.job,
            "candidate": session.candidate_name or "",
            "interviewer": session.owner.display_name,
            "language": session.language,
            "started_at": _iso(session.started_at),
            "ended_at": _iso(session.ended_at),
            "delete_by": None if session.legal_hold else _iso(session.expires_at),
        },
        "exported_at": _iso(timezone.now()),
        "exported_by": by.display_name,
    }
    makers = {"summary": _summary, "transcript": _transcript, "notes": _notes, "ratings": _ratings}
    for part in parts:
        content[part] = makers[part](session, by)
    return content


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _summary(session: Session, _by: User) -> list[dict[str, Any]]:
    sections = queries.summary(session)["sections"]
    return [
        {
            "title": section["title"],
            "sentences": [
                {
                    "text": sentence["text"],
                    "lines": sentence["segments"],
                    "by": sentence["by"],  # empty: drafted by the machine
                }
                for sentence in section["sentences"]
            ],
        }
        for section in sections
        if section["sentences"]
    ]


def _transcript(session: Session, _by: User) -> list[dict[str, Any]]:
    """Return the lines in the order of speaking, with what is missing in its place."""
    rows = [_line(segment) for segment in words.transcript(session)]
    rows += [_missing(gap.start_ms, gap.end_ms, "lost") for gap in words.gaps_after(session)]
    rows += [
        _missing(stretch.from_ms, stretch.to_ms, "off_record")
        for stretch in session.off_records.filter(to_ms__isnull=False)
    ]
    rows.sort(key=lambda row: row["start_ms"])
    return rows


def _line(segment: Segment) -> dict[str, Any]:
    return {
        "id": str(segment.pk),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "speaker": segment.role,
        "text": readable_text(segment),
        "corrected": segment.corrected_at is not None,
    }


def _missing(start: int, end: int | None, why: str) -> dict[str, Any]:
    return {"start_ms": start, "end_ms": end, "missing": why}


def _notes(session: Session, _by: User) -> list[dict[str, Any]]:
    kept = notes_after(session).filter(removed=False).order_by("at_ms", "created_at")
    return [
        {
            "kind": note.kind,
            "author": note.author.display_name,
            "at_ms": note.at_ms,
            "text": note.text or "",
        }
        for note in kept
    ]


def _ratings(session: Session, by: User) -> dict[str, Any]:
    """Return one's own ratings: those of others are theirs to hand out."""
    card = Scorecard.objects.filter(session=session, author=by).first()
    plan = plan_of(session)
    if card is None or plan is None:
        return {"scale": SCALE, "by": by.display_name, "submitted_at": None, "ratings": []}
    card.session = session
    given = card.ratings
    ratings = [
        {
            "competency": competency["name"],
            "value": rating.get("value"),
            "anchor": _anchor(competency, rating.get("value")),
            "comment": rating.get("comment", ""),
        }
        for competency in plan["competencies"]
        if (rating := given.get(str(competency["id"])))
    ]
    submitted = _iso(card.submitted_at)
    name = by.display_name
    return {"scale": SCALE, "by": name, "submitted_at": submitted, "ratings": ratings}


def _anchor(competency: dict[str, Any], value: int | None) -> str:
    return str(competency["anchors"][value - 1]) if value else ""
