"""An interview as a file that somebody takes away: an explicit act, and one that leaves a trace.

What is in it is gathered as data first (`contents`), which the formats then write. Making a file
takes up to some seconds for a long interview, so no transaction is open meanwhile; whether it may
still be handed out is asked at the end, under the interview's lock.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from accounts import audit, limits
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from insights import summaries
from insights.exports import bundle, plain, subtitles
from insights.exports.contents import PARTS, Data, gather
from insights.exports.table import table
from insights.models import SummaryVersion
from insights.summaries import versions
from sessions import access
from sessions.access import Perm
from sessions.models import Session
from sessions.queries import has_consent
from sessions.states import Status

__all__ = [
    "EXPORTS_A_MINUTE",
    "FORMATS",
    "IN_BUNDLE",
    "KINDS",
    "PARTS",
    "Choice",
    "File",
    "check",
    "export",
    "make",
    "session_to_take",
    "signed_pdf",
    "take_turn",
    "write_pdf",
]

Writer = Callable[[Data], bytes]


def _json(content: Data) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def write_pdf(content: Data) -> bytes:
    """Return the file. What sets pages takes long to import: processes begin without it."""
    from insights.exports.pdf import pdf

    return pdf(content)


def write_word(content: Data) -> bytes:
    """Return the file, by what is imported late as well."""
    from insights.exports.word import word

    return word(content)


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMATS: dict[str, tuple[str, str, Writer]] = {  # ending, content type, who writes it
    "pdf": ("pdf", "application/pdf", write_pdf),
    "docx": ("docx", WORD, write_word),
    "markdown": ("md", "text/markdown; charset=utf-8", plain.markdown),
    "text": ("txt", "text/plain; charset=utf-8", plain.text),
    "json": ("json", "application/json; charset=utf-8", _json),
    "csv": ("csv", "text/csv; charset=utf-8", table),
    "srt": ("srt", "application/x-subrip; charset=utf-8", subtitles.srt),
    "vtt": ("vtt", "text/vtt; charset=utf-8", subtitles.vtt),
}
TRANSCRIPT_ONLY = frozenset({"csv", "srt", "vtt"})
EXPORTS_A_MINUTE = 20  # of one person: each reads a whole interview
BUNDLE = "bundle"
KINDS = (*FORMATS, BUNDLE)
IN_BUNDLE = ("pdf", "json")  # where nobody says what a bundle is to hold


@dataclass(frozen=True, slots=True)
class File:
    name: str  # holds no name of anybody: it stays in lists of downloads
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a file is to hold. `draft`: the summary as it stands, also where a version is signed."""

    kind: str
    parts: Collection[str]
    formats: Collection[str] = IN_BUNDLE  # of a bundle
    draft: bool = False
    language: str = ""  # of the file's own words; empty: the reader's

    def checked(self) -> "Choice":
        """Return the choice with its parts in order; raise DomainError for what makes no sense."""
        if self.kind not in KINDS:
            raise DomainError("bad_format", _("Choose a format."), status=400)
        formats = [name for name in FORMATS if name in self.formats]
        if self.kind == BUNDLE and (not formats or not set(self.formats) <= FORMATS.keys()):
            raise DomainError("bad_format", _("Choose the formats of the bundle."), status=400)
        parts = [part for part in PARTS if part in self.parts]
        if self.kind in TRANSCRIPT_ONLY:
            parts = ["transcript"]
        if not parts or not set(self.parts) <= set(PARTS):
            raise DomainError("bad_parts", _("Choose what the file is to hold."), status=400)
        if self.language and self.language not in _languages():
            raise DomainError("bad_language", _("No file is written in this language."), status=400)
        return Choice(self.kind, parts, formats, self.draft, self.language)


def _languages() -> set[str]:
    return {code for code, _name in settings.LANGUAGES}


def session_to_take(user: User | AnonymousUser, session_id: UUID) -> Session:
    """Return the session for who may comment on it, or decides who gets to see it."""
    try:
        return access.get_session(user, session_id, Perm.COMMENT)
    except Http404:
        return access.get_session(user, session_id, Perm.SHARE)


def take_turn(by: User) -> None:
    """Count one more file of a person; raise TooMany above the limit."""
    limits.take(f"export.{by.pk}", EXPORTS_A_MINUTE)


def check(session: Session) -> None:
    """Raise DomainError where nothing of an interview may be taken away."""
    if session.status != Status.ENDED:
        raise DomainError("not_ended", _("An interview is exported when it has ended."))
    if not has_consent(session):
        detail = _("The candidate has withdrawn the consent; nothing is exported any more.")
        raise DomainError("no_consent", detail)


def export(*, session: Session, by: User, choice: Choice) -> File:
    """Return what was chosen of a finished interview as a file, and note who took it away."""
    check(session)
    choice = choice.checked()
    made = make(session=session, by=by, choice=choice)
    details: dict[str, Any] = {"format": choice.kind, "parts": list(choice.parts)}
    if choice.kind == BUNDLE:
        details["formats"] = list(choice.formats)
    with transaction.atomic():
        check(access.hold(session))  # withdrawn or erased while it was made
        audit.record(
            Event.SESSION_EXPORTED,
            organization_id=session.organization_id,
            obj=session,
            details=details,
        )
    return made


def make(*, session: Session, by: User, choice: Choice) -> File:
    """Return the file that `export` hands out, and note nothing."""
    name = _name(session)
    if "summary" in choice.parts:
        summaries.renew(session)  # what it quotes may have been corrected
    with override(choice.language or get_language()):
        content = gather(session, by, choice.parts, draft=choice.draft)
        if choice.kind == BUNDLE:
            body = _bundle(session, by, choice, content, name)
            return File(f"{name}.zip", "application/zip", body)
        ending, content_type, write = FORMATS[choice.kind]
        return File(f"{name}.{ending}", content_type, write(content))


def signed_pdf(session: Session, version: SummaryVersion) -> bytes:
    """Return a signed summary as PDF, as of its signature: the same bytes each time."""
    return write_pdf(gather(session, None, ["summary"], version=version, at=version.at))


def _name(session: Session) -> str:
    day = timezone.localdate(session.started_at or session.created_at)
    return f"interview-{day.isoformat()}-{str(session.pk)[:8]}"


def _bundle(session: Session, by: User, choice: Choice, content: Data, name: str) -> bytes:
    files = {}
    for kind in choice.formats:
        if kind not in TRANSCRIPT_ONLY or "transcript" in choice.parts:
            ending, _type, write = FORMATS[kind]
            files[f"{name}.{ending}"] = write(content)
    if not files:
        raise DomainError("bad_parts", _("Subtitles and tables need the transcript."), status=400)
    holds = access.perms_of(by, session)["record"]  # as where the API tells of consents
    files["consent.json"] = bundle.consent(session, names=holds)
    signed = content.get("summary", {}).get("signed")
    if signed and not signed["left_out"]:  # whole, as it was signed
        version = versions.signed(session)
        if version is not None and version.number == signed["number"]:
            whole = {"statement": versions.statement(version), "content": version.content}
            files["signed-summary.json"] = _json(whole)
    about = {
        "exported_at": content["exported_at"],
        "parts": list(choice.parts),
        "summary_version": signed["number"] if signed else None,
    }
    return bundle.pack(files, session, about)
