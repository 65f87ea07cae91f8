"""What a person makes of a draft: words of their own, and what does not belong there."""

import uuid
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from insights.models import Summary, SummaryVersion
from insights.summaries import versions
from insights.summaries.making import State, Stored, check, keep, refuse_signed
from sessions import access
from sessions.models import Session

CHARS = 1000  # a sentence
MOST_OWN = 100  # sentences that people add
EDIT_SECONDS = 900  # in which all edits of one person are one act


@transaction.atomic
def edit_sentence(
    *, session: Session, by: User, revision: int, sentence_id: UUID, text: str
) -> Summary:
    """Put a person's words in place of a sentence; whose they are stays visible."""
    summary = _take_over(session, revision, by)
    sentence = _find(summary, sentence_id)
    text = _checked(text)
    if text != sentence["text"]:
        sentence |= {"text": text, "edited": True, **_signed(by)}
    return save_edited(summary, by)


@transaction.atomic
def remove_sentence(
    *, session: Session, by: User, revision: int, sentence_id: UUID, removed: bool
) -> Summary:
    """Take a sentence out, or back in; one that was taken out does not come with the next draft."""
    summary = _take_over(session, revision, by)
    _find(summary, sentence_id)["removed"] = removed
    return save_edited(summary, by)


@transaction.atomic
def add_sentence(
    *, session: Session, by: User, revision: int, section: str, text: str
) -> tuple[Summary, str]:
    """Add a person's own sentence to the end of a section; return its id as well."""
    summary = _take_over(session, revision, by)
    found = next((s for s in summary.sections if s["key"] == section), None)
    if found is None:
        raise DomainError("not_found", _("There is no such section."), status=404)
    own = [s for part in summary.sections for s in part["sentences"] if s["own"]]
    if len(own) >= MOST_OWN:
        detail = _("A summary holds at most %d sentences of your own.") % MOST_OWN
        raise DomainError("too_many", detail)
    sentence = {
        "id": str(uuid.uuid4()),
        "text": _checked(text),
        "segments": [],
        "basis": "",
        "edited": False,
        "own": True,
        "removed": False,
        **_signed(by),
    }
    found["sentences"].append(sentence)
    return save_edited(summary, by), str(sentence["id"])


def hold(session: Session, revision: int) -> Summary:
    """Return the summary under the session's lock; raise DomainError if it is another by now.

    What is signed is refused as that, whatever somebody had looked at.
    """
    held = access.hold(session)
    check(held)
    summary = Summary.objects.filter(session=held).first()
    if summary is None or not summary.made_at:
        raise DomainError("no_summary", _("The summary is still being made."))
    summary.session = held
    refuse_signed(summary)
    if summary.revision != revision:
        detail = _("The summary was changed meanwhile. Look at it, then save yours again.")
        raise DomainError("summary_changed", detail)
    # Opened once: every reading of a sealed field makes another copy.
    summary.sections = summary.sections
    return summary


def _take_over(session: Session, revision: int, by: User) -> Summary:
    """Return the summary to edit; what somebody else wrote last is kept as they left it."""
    summary = hold(session, revision)
    if summary.edited_by_id not in (None, by.pk):
        versions.keep(summary, why=SummaryVersion.Why.EDITED)
    return summary


def _find(summary: Summary, sentence_id: UUID) -> Stored:
    for section in summary.sections:
        for sentence in section["sentences"]:
            if sentence["id"] == str(sentence_id):
                found: Stored = sentence
                return found
    raise DomainError("not_found", _("There is no such sentence any more."), status=404)


def _checked(text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > CHARS:
        detail = _("A sentence has between 1 and %d characters.") % CHARS
        raise DomainError("bad_sentence", detail, status=400)
    return text


def _signed(by: User) -> dict[str, Any]:
    return {"by": by.pk, "at": timezone.now().isoformat()}


def save_edited(summary: Summary, by: User) -> Summary:
    """Store what a person made of a summary."""
    summary.edited_by = by
    if summary.state != State.MAKING:
        summary.state = State.EDITED
    keep(summary)
    audit.record_once(
        Event.SUMMARY_EDITED,
        organization_id=summary.session.organization_id,
        obj=summary.session,
        seconds=EDIT_SECONDS,
    )
    return summary
