"""Versions of a summary: what it said before it was overwritten, and what somebody signed.

The content of a version is {"sections", "language", "source"} with the sections as they were shown:
what was taken out, or rests on hidden lines only, is not in it. A sentence has "id", "text",
"segments", "basis", "edited", "own", "at", "by" (the name shown, empty for the program) and
"author" (who that is, as an id).
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from copilot.lib.errors import DomainError
from insights.models import Summary, SummaryVersion
from insights.serializers import lines_shown
from sessions import signatures
from sessions.models import Session

MOST = 50  # of an interview; the oldest that nobody signed go first
FORMAT = "interview-copilot/summary/1"
Why = SummaryVersion.Why

Content = dict[str, Any]


def keep(summary: Summary, *, why: str, by: User | None = None) -> SummaryVersion:
    """Keep a summary as it stands under the next number; what the newest says is not kept twice.

    The caller holds the session, and saves the summary, whose `version` moves. `by` has signed it,
    or else wrote it last.
    """
    session = summary.session
    content = content_of(summary)
    digest = digest_of(content)
    newest = session.summary_versions.order_by("-number").first()
    if newest is not None and newest.digest == digest and why != Why.SIGNED:
        return newest
    version = SummaryVersion(
        session=session,
        number=max(summary.version, newest.number if newest else 0) + 1,
        why=why,
        content=content,
        by=by or summary.edited_by,
        at=timezone.now(),
        digest=digest,
    )
    if why == Why.SIGNED:
        version.public_key = signatures.public_key(session.organization)
        version.signature = signatures.signature_of(statement(version), session.organization)
    version.save()
    summary.version = version.number
    _make_room(session)
    return version


def _make_room(session: Session) -> None:
    many = session.summary_versions.count() - MOST
    if many <= 0:
        return
    unsigned = session.summary_versions.exclude(why=Why.SIGNED).order_by("number")
    if len(oldest := list(unsigned.values_list("pk", flat=True)[:many])) < many:
        raise DomainError("too_many", _("This summary was signed too often."))
    session.summary_versions.filter(pk__in=oldest).delete()


def content_of(summary: Summary) -> Content:
    """Return what a summary says, as it is shown."""
    session = summary.session
    stored = summary.sections
    people = {s["by"] for section in stored for s in section["sentences"] if s["by"]}
    names = {user.pk: user.display_name for user in User.objects.filter(pk__in=people)}
    hidden = {str(pk) for pk in session.segments.filter(hidden=True).values_list("pk", flat=True)}
    sections = [
        {
            "key": section["key"],
            "title": section["title"],
            "sentences": [
                {
                    **{key: s[key] for key in ("id", "text", "basis", "edited", "own", "at")},
                    "segments": lines,
                    "by": names.get(s["by"], "") if s["by"] else "",
                    "author": s["by"],
                }
                for s in section["sentences"]
                if (lines := lines_shown(s, hidden)) is not None
            ],
        }
        for section in stored
    ]
    return {"sections": sections, "language": summary.language, "source": summary.source}


def digest_of(content: Content) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(signatures.canonical(content)).hexdigest()


def is_empty(content: Content) -> bool:
    return not any(section["sentences"] for section in content["sections"])


# --- what somebody signed -------------------------------------------------------------------------


def signed(session: Session) -> SummaryVersion | None:
    """Return the version that was signed last, whatever became of the summary since."""
    found = session.summary_versions.filter(why=Why.SIGNED).select_related("by")
    version: SummaryVersion | None = found.order_by("-number").first()
    if version is not None:
        version.session = session  # whose key is at hand
    return version


def statement(version: SummaryVersion) -> dict[str, Any]:
    """Return what the organization's key says of a signed version: nothing of its words."""
    return {
        "format": FORMAT,
        "organization": str(version.session.organization_id),
        "interview": str(version.session_id),
        "version": version.number,
        "digest": version.digest,
        "signed_by": version.by_id,
        "signed_at": version.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "public_key": version.public_key,
        "signature": version.signature,
    }


def verify(said: dict[str, Any], content: Content, *, expected: str = "") -> bool:
    """Tell whether a statement was signed, and is about this content; see `signatures.verify`."""
    try:
        same = said["digest"] == digest_of(content)
    except (KeyError, TypeError, ValueError):
        return False
    return same and signatures.verify(said, form=FORMAT, expected=expected)


# --- lines that were corrected since --------------------------------------------------------------


def corrections(session: Session) -> dict[str, datetime]:
    """Return when lines were put right, by the line's id."""
    rows = session.segments.filter(corrected_at__isnull=False)
    return {str(pk): at for pk, at in rows.values_list("pk", "corrected_at") if at is not None}


def outdated(sentence: dict[str, Any], corrected: dict[str, datetime]) -> bool:
    """Tell whether the program wrote a sentence before a line that it rests on was put right."""
    if sentence["edited"] or sentence["own"]:
        return False
    at = datetime.fromisoformat(sentence["at"])
    return any(i in corrected and corrected[i] > at for i in sentence["segments"])


def readable(content: Content, corrected: dict[str, datetime]) -> tuple[Content, int]:
    """Return the content without sentences that say what a line said before it was put right.

    Such words may be what the redaction missed. The number says how many are left out.
    """
    before = sum(len(section["sentences"]) for section in content["sections"])
    sections = [
        {**section, "sentences": [s for s in section["sentences"] if not outdated(s, corrected)]}
        for section in content["sections"]
    ]
    after = sum(len(section["sentences"]) for section in sections)
    return {**content, "sections": sections}, before - after


def lines_of(content: Content) -> set[str]:
    """Return the lines that any sentence rests on."""
    sentences = [s for section in content["sections"] for s in section["sentences"]]
    return {line for s in sentences for line in s["segments"]}
