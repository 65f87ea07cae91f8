"""What is sent: made of the signed version and of frozen ratings, the same at every try."""

import re
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User
from insights.ats.base import Part, Rating, Result
from insights.exports import write_pdf
from insights.exports.contents import gather
from insights.models import SummaryVersion
from insights.summaries import versions
from sessions.models import Scorecard, Session
from sessions.queries import plan_of

NEVER = {"tone", "sentiment"}  # keys of sections; there are none, and none shall travel


def mark_of(delivery_id: UUID) -> str:
    """Return the text by which what a delivery left over there is found again."""
    return f"IC-{delivery_id.hex[:12]}"


def file_name(session: Session, mark: str) -> str:
    """Return the name of the attachment; it names nobody."""
    return f"interview-{_day(session).isoformat()}-{mark}.pdf"


def result_of(
    session: Session,
    version: SummaryVersion,
    by: User | None,
    parts: list[str],
    mark: str,
    *,
    with_file: bool = False,
) -> Result:
    """Return what the parts of a delivery say; `by` ordered it, and only their ratings go along.

    `with_file`: a note may hold the file, as a mapping of JSON does.
    """
    card = submitted(session, by) if by is not None and Part.SCORECARD in parts else None
    # Without what a line said before somebody put it right: the redaction may have missed that.
    content, _left_out = versions.readable(version.content, versions.corrections(session))
    sections = [s for s in content["sections"] if s["key"] not in NEVER]
    data_parts = ("summary", "ratings") if card else ("summary",)
    title = _("Interview: %(title)s") % {"title": session.title}
    facts = _facts(session, version)
    return Result(
        title=title,
        text=_markdown(title, facts, sections),
        mark=mark,
        file_name=file_name(session, mark),
        file=attachment(session, version, by) if with_file or Part.ATTACHMENT in parts else b"",
        recommendation=(card.overall or {}).get("recommendation", "") if card else "",
        ratings=_ratings(session, card) if card else (),
        data=gather(session, by, data_parts, version=version, at=version.at),
    )


def submitted(session: Session, by: User) -> Scorecard | None:
    """Return somebody's own ratings, if they are final."""
    card = Scorecard.objects.filter(session=session, author=by, submitted_at__isnull=False).first()
    if card is not None:
        card.session = session
    return card


def attachment(session: Session, version: SummaryVersion, by: User | None) -> bytes:
    """Return the signed summary as a file, as of when it was signed: the same at every try."""
    return write_pdf(gather(session, by, ["summary"], version=version, at=version.at))


def _day(session: Session) -> date:
    return timezone.localdate(session.started_at or session.created_at)


def _facts(session: Session, version: SummaryVersion) -> list[str]:
    signer = version.by.display_name if version.by else ""
    held = _("Held by %(name)s on %(day)s.") % {
        "name": session.owner.display_name,
        "day": formats.date_format(_day(session), "DATE_FORMAT"),
    }
    signed = _("Summary signed by %(name)s on %(day)s, version %(number)d.") % {
        "name": signer,
        "day": formats.date_format(timezone.localtime(version.at), "DATE_FORMAT"),
        "number": version.number,
    }
    return [held, signed]


def _markdown(title: str, facts: list[str], sections: list[dict[str, Any]]) -> str:
    blocks = [f"# {_escaped(title)}", _escaped(" ".join(facts))]
    for section in sections:
        if section["sentences"]:
            lines = [f"- {_escaped(sentence['text'])}" for sentence in section["sentences"]]
            blocks.append("\n".join([f"## {_escaped(section['title'])}", "", *lines]))
    return "\n\n".join(blocks)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*`\[\]])", r"\\\1", text)


def _ratings(session: Session, card: Scorecard) -> tuple[Rating, ...]:
    plan = plan_of(session) or {"competencies": []}
    return tuple(
        Rating(competency["name"], rating["value"], rating.get("comment", ""))
        for competency in plan["competencies"]
        if (rating := card.ratings.get(str(competency["id"]))) and rating.get("value")
    )
