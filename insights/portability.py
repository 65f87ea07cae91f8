"""What a candidate may have of an interview, and what an organization hands out about a candidate.

A copy is a ZIP with the data for programs (`data.json`), the same in plain words (`transcript.txt`,
`README.txt`) and the checksums of all (`manifest.json`). It is made in memory and passed on: what
is sealed is never on a disk in clear.

Two extents. The candidate's own copy has everything that is kept about them, what others wrote and
rated included, once it was submitted; of other people it names who held the interview and nobody
else. The organization's has the names of all who wrote, and ratings that are not submitted yet.
Neither has keys, words as they were before they were redacted, or what was said off the record.
"""

import hashlib
import json
import zipfile
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from insights import queries
from insights.exports import File
from insights.exports.writers import clock
from insights.kinds import Priority
from sessions import access
from sessions.models import SCALE, Scorecard, Session
from sessions.queries import plan_of
from transcription import queries as words
from transcription.models import Role

SCHEMA = "interview-copilot/copy/1"
MOST_SESSIONS = 500  # of one candidate, in one file
STAMP = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes


def copy_of(session: Session, *, full: bool = False) -> File:
    """Return what there is about the candidate of one interview, as a file."""
    sink = _Sink()
    with _Archive(sink) as archive:
        _put(archive, session, full=full)
    return File(_file_name(session), "application/zip", sink.take())


def export_subject(
    organization: Organization, session_ids: Collection[UUID], by: User | None
) -> tuple[str, Iterator[bytes]]:
    """Return name and bytes of one file over several interviews, and note that it was taken.

    The bytes come one interview at a time, so that memory holds no more than one. What is erased
    meanwhile is left out. `by` is None for the operator's command.
    """
    chosen = dict.fromkeys(session_ids)
    if not chosen or len(chosen) > MOST_SESSIONS:
        raise DomainError(
            "bad_choice",
            _("Choose between 1 and %(most)d interviews.") % {"most": MOST_SESSIONS},
            status=400,
        )
    known = access.sessions_of(organization).filter(pk__in=chosen).order_by("created_at", "pk")
    found = list(known.values_list("pk", flat=True))
    if not found:
        raise DomainError("erased", _("These interviews were erased."), status=410)
    audit.record(
        Event.SUBJECT_EXPORTED,
        organization_id=organization.pk,
        actor=by,
        details={"interviews": len(found)},
    )
    name = f"candidate-{timezone.localdate().isoformat()}-{len(found)}.zip"
    return name, _streamed(found)


def _streamed(session_ids: list[UUID]) -> Iterator[bytes]:
    sink = _Sink()
    with _Archive(sink) as archive:
        for session_id in session_ids:
            session = access.session_by_id(session_id)
            if session is None:
                continue
            try:
                _put(archive, session, full=True, folder=f"{_file_name(session)[:-4]}/")
            except (CryptoError, DomainError):  # erased while it was read, or tampered with
                archive.add(f"{session_id}-not-readable.txt", _("This interview does not open."))
            yield sink.take()
    yield sink.take()


# --- The file ------------------------------------------------------------------------------------


class _Sink:
    """Takes what a ZIP writes and gives it away: a file that is never on a disk."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


class _Archive:
    """A ZIP that ends with the checksums of what is in it."""

    def __init__(self, sink: _Sink) -> None:
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        self._sums: dict[str, str] = {}

    def __enter__(self) -> "_Archive":
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            manifest = {"schema": SCHEMA, "sha256": self._sums}
            self.add("manifest.json", _json(manifest))
            self._zip.close()

    def add(self, name: str, text: str) -> None:
        body = text.encode()
        self._sums[name] = hashlib.sha256(body).hexdigest()
        about = zipfile.ZipInfo(name, STAMP)
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        self._zip.writestr(about, body)


def _put(archive: _Archive, session: Session, *, full: bool, folder: str = "") -> None:
    data = gather(session, full=full)  # all of it first: half an interview is none
    archive.add(f"{folder}README.txt", _readme(data))
    archive.add(f"{folder}transcript.txt", _talk(data))
    archive.add(f"{folder}data.json", _json(data))


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _file_name(session: Session) -> str:
    """Return a name without anybody's: it stays in lists of downloads."""
    day = timezone.localdate(session.started_at or session.created_at)
    return f"interview-{day.isoformat()}-{str(session.pk)[:8]}.zip"


# --- What is in it -------------------------------------------------------------------------------


def gather(session: Session, *, full: bool) -> dict[str, Any]:
    """Return what is kept about the candidate of an interview, as data; docs/privacy.md has it."""
    return {
        "schema": SCHEMA,
        "extent": "organization" if full else "candidate",
        "made_at": _iso(timezone.now()),
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
                "made_at": _iso(link.created_at),
                "mailed_at": _iso(link.mailed_at),
                "opened_at": _iso(link.opened_at),
                "revoked_at": _iso(link.revoked_at),
            }
            for link in session.candidate_links.order_by("created_at")
        ],
        "requests": [
            {
                "kind": asked.kind,
                "state": asked.state,
                "asked_at": _iso(asked.asked_at),
                "answered_at": _iso(asked.answered_at),
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
        "ratings": _ratings(session, full),
        "notes": _notes(session, full),
        "recording": _recording(session),
    }


def _iso(moment: Any) -> str | None:
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
        "created_at": _iso(session.created_at),
        "started_at": _iso(session.started_at),
        "ended_at": _iso(session.ended_at),
        "delete_by": None if session.legal_hold else _iso(session.expires_at),
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
        "given_at": _iso(record.given_at),
        "noted_by": _who(record.noted_by, record.session, full),
        "withdrawn_at": _iso(record.withdrawn_at),
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
            "made_at": _iso(card.created_at),
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
        found.append({"by": by, "submitted_at": _iso(card.submitted_at), "ratings": ratings})
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
        "received_at": _iso(upload.created_at),
    }


# --- In plain words ------------------------------------------------------------------------------


def _readme(data: dict[str, Any]) -> str:
    about, organization = data["interview"], data["organization"]
    lines = [
        _("Everything that %(organization)s keeps about one job interview.")
        % {"organization": organization["name"]},
        "",
        f"{_('Interview')}: {about['title']}",
        f"{_('Held by')}: {about['held_by']}",
        f"{_('Began')}: {_day(about['started_at']) or _('not yet')}",
        f"{_('Deleted by itself')}: {_kept(about)}",
        f"{_('Copied')}: {_day(data['made_at'])} (UTC)",
    ]
    if organization["contact"]:
        lines.append(f"{_('Questions about your data')}: {organization['contact']}")
    lines += ["", _("What is in this file"), ""]
    lines += [f"  {name}: {text}" for name, text in _parts()]
    lines += [
        "",
        _("How to read it"),
        "",
        _("Sound is not kept. What was said was written down by a program and may be wrong."),
        _(
            "Personal details were taken out before anything was kept, as far as they were "
            "recognized; a name in brackets, like [EMAIL], stands in their place."
        ),
        *([_("Names of people were left in.")] if organization["keeps_names"] else []),
        _("What was said off the record is not kept."),
        _(
            "Observations, claims and the tone of wording were made by a program from the words "
            "alone. Nothing is inferred from a voice, and no program decides about anybody."
        ),
    ]
    if data["extent"] == "candidate":
        lines.append(
            _("Of other people only who held the interview is named, and drafts are left out.")
        )
    return "\n".join(lines) + "\n"


def _parts() -> list[tuple[str, str]]:
    return [
        ("transcript.txt", _("what was said, to be read")),
        ("data.json", _("all of it, for programs; its parts are:")),
        ("  interview", _("title, job, times; name, address and profile as they were noted")),
        ("  consent", _("what the candidate was told and answered, when and how")),
        ("  links, requests", _("the candidate's page, what was asked for there and the answers")),
        ("  transcript", _("every line with its time, and where something is missing")),
        ("  questions", _("planned questions that were put, and what the answers covered")),
        ("  observations, claims, tone", _("what programs noted beside the words")),
        ("  summary, ratings, notes", _("what people and the program wrote down")),
        ("  recording", _("what is known of an uploaded recording; it is deleted itself")),
        ("manifest.json", _("checksums (SHA-256) that show whether a file was changed")),
    ]


def _kept(about: dict[str, Any]) -> str:
    if about["legal_hold"]:
        return _("not before a legal hold ends")
    return _day(about["delete_by"]) or _("a while after its end")


def _day(iso: str | None) -> str:
    return iso[:16].replace("T", " ") if iso else ""


def _talk(data: dict[str, Any]) -> str:
    lines = [data["interview"]["title"], ""]
    if not data["transcript"]:
        lines.append(_("Nothing was said, or nothing of it is kept."))
    speaker = ""
    for row in data["transcript"]:
        if "missing" in row:
            until = clock(row["end_ms"]) if row["end_ms"] is not None else "…"
            why = _("off the record") if row["missing"] == "off_record" else _("not recorded")
            lines += ["", f"({clock(row['start_ms'])} – {until}: {why})"]
            speaker = ""
            continue
        if row["speaker"] != speaker:
            speaker = row["speaker"]
            lines += ["", f"{clock(row['start_ms'])} {Role(speaker).label}"]
        lines.append(row["text"])
    return "\n".join(lines) + "\n"
