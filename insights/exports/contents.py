"""What an export holds, as data: docs/api.md describes the shape, `schema.json` holds it.

Never part of it: the tone of anybody's wording, ratings that the reader may not see, words as they
were before they were redacted or corrected, and what was said off the record.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from insights import queries
from insights.models import SummaryVersion
from insights.summaries import versions
from sessions import scorecards
from sessions.models import SCALE, Scorecard, Session
from sessions.queries import notes_after, plan_of
from transcription import queries as words
from transcription.models import Segment
from transcription.serializers import readable_text

PARTS = ("summary", "ratings", "panel", "notes", "transcript")  # in the order they are read
FORMAT = "interview-copilot/export"
VERSION = 2

Data = dict[str, Any]


def gather(
    session: Session,
    by: User | None,
    parts: Collection[str],
    *,
    draft: bool = False,
    version: SummaryVersion | None = None,
    at: datetime | None = None,
) -> Data:
    """Return what an export of these parts holds.

    The summary is `version`, else the newest signed one; where there is none, or with `draft`, as
    it stands. Ratings are those that `by` may see; `at` is when it was exported, now by default.
    """
    content: Data = {
        "format": FORMAT,
        "version": VERSION,
        "interview": _interview(session),
        "exported_at": moment(at or timezone.now()),
        "exported_by": by.display_name if by else "",
    }
    lines = _lines(session)
    if "summary" in parts:
        signed = None if draft else version or versions.signed(session)
        content["summary"] = _summary(session, lines, signed)
    if "ratings" in parts and by is not None:
        content["ratings"] = _own_ratings(session, by, lines)
    if "panel" in parts and by is not None:
        content["panel"] = _panel(session, by, lines)
    if "notes" in parts:
        content["notes"] = _notes(session)
    if "transcript" in parts:
        content["transcript"] = _transcript(session, lines)
    return content


def moment(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in the installation's time zone."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def _interview(session: Session) -> Data:
    newest = session.consents.order_by("-given_at").first()
    return {
        "id": str(session.pk),
        "title": session.title,
        "job": session.job,
        "candidate": session.candidate_name or "",
        "interviewer": session.owner.display_name,
        "organization": session.organization.name,
        "language": session.language,
        "started_at": moment(session.started_at),
        "ended_at": moment(session.ended_at),
        "length_ms": int(session.elapsed().total_seconds() * 1000),
        "consent_at": moment(newest.given_at) if newest else None,
        "delete_by": None if session.legal_hold else moment(session.expires_at),
        "legal_hold": session.legal_hold,
    }


def _lines(session: Session) -> dict[str, Segment]:
    """Return what was said, by id in the order of speaking; what was an echo is left out."""
    rows = words.transcript(session).order_by("start_ms", "sequence")
    return {str(segment.pk): segment for segment in rows}


# --- The summary ---------------------------------------------------------------------------------


def _summary(session: Session, lines: dict[str, Segment], signed: SummaryVersion | None) -> Data:
    corrected = versions.corrections(session)
    if signed is None:
        # One that is signed is not made again where lines were put right: see below.
        made, _left_out = versions.readable(queries.summary(session), corrected)
        about: Data = {"state": "draft", "signed": None}
        language, sections = made.get("language", ""), made["sections"]
    else:
        # Without what a line said before somebody put it right: the redaction may have missed that.
        said, left_out = versions.readable(signed.content, corrected)
        about = {"state": "signed", "signed": _signature(signed, left_out)}
        language, sections = said["language"], said["sections"]
    return {
        **about,
        "language": language or session.language,
        "sections": [
            {
                "key": section["key"],
                "title": section["title"],
                "sentences": [_sentence(sentence, lines) for sentence in section["sentences"]],
            }
            for section in sections
            if section["sentences"]
        ],
    }


def _sentence(sentence: Data, lines: dict[str, Segment]) -> Data:
    known = [line for line in sentence["segments"] if line in lines]
    return {
        "text": sentence["text"],
        "lines": known,
        "at_ms": [lines[line].start_ms for line in known],
        "by": sentence["by"],  # who wrote or changed it; empty: drafted by the program
    }


def _signature(signed: SummaryVersion, left_out: int) -> Data:
    return {
        "number": signed.number,
        "by": signed.by.display_name if signed.by else "",
        "at": moment(signed.at),
        "digest": signed.digest,  # of the whole version, with what is left out here
        "left_out": left_out,  # sentences whose lines were corrected since
    }


# --- What people wrote ---------------------------------------------------------------------------


def _own_ratings(session: Session, by: User, lines: dict[str, Segment]) -> Data:
    mine = scorecards.overview(session, by)["mine"]
    return _card(session, by.display_name, mine or {}, lines)


def _panel(session: Session, by: User, lines: dict[str, Segment]) -> list[Data]:
    """Return the ratings of others who submitted, as far as one may see them."""
    others = scorecards.overview(session, by)["others"]
    return [_card(session, card["author"], card, lines) for card in others]


def _card(session: Session, name: str, card: Data, lines: dict[str, Segment]) -> Data:
    plan = plan_of(session) or {"competencies": []}
    given = card.get("ratings", {})
    overall = card.get("overall") or {}
    recommendation = overall.get("recommendation", "")
    return {
        "scale": SCALE,
        "by": name,
        "submitted_at": card.get("submitted_at"),
        "overall": {
            "recommendation": recommendation,
            "label": str(Scorecard.Recommendation(recommendation).label) if recommendation else "",
            "text": overall.get("text", ""),
        },
        "ratings": [
            {
                "competency": competency["name"],
                "value": rating.get("value"),
                "anchor": _anchor(competency, rating.get("value")),
                "comment": rating.get("comment", ""),
                "quotes": [
                    {"line": i, "at_ms": lines[i].start_ms, "text": readable_text(lines[i])}
                    for i in rating.get("segments", [])
                    if i in lines
                ],
            }
            for competency in plan["competencies"]
            if (rating := given.get(str(competency["id"])))
        ],
    }


def _anchor(competency: Data, value: int | None) -> str:
    anchors = competency["anchors"]
    return str(anchors[value - 1]) if value and len(anchors) >= value else ""


def _notes(session: Session) -> list[Data]:
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


# --- What was said -------------------------------------------------------------------------------


def _transcript(session: Session, lines: dict[str, Segment]) -> list[Data]:
    """Return the lines in the order of speaking, with what is missing in its place."""
    rows = [_line(segment) for segment in lines.values()]
    rows += [_missing(gap.start_ms, gap.end_ms, "lost") for gap in words.gaps_after(session)]
    rows += [
        _missing(stretch.from_ms, stretch.to_ms, "off_record")
        for stretch in session.off_records.filter(to_ms__isnull=False)
    ]
    rows.sort(key=lambda row: row["start_ms"])
    return rows


def _line(segment: Segment) -> Data:
    return {
        "id": str(segment.pk),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "speaker": segment.role,
        "text": readable_text(segment),
        "corrected": segment.corrected_at is not None,
    }


def _missing(start: int, end: int | None, why: str) -> Data:
    return {"start_ms": start, "end_ms": end, "missing": why}
