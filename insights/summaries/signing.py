"""Signing a summary, taking a signed one up again, and bringing an earlier version back.

What is signed is kept as a version that nobody changes, with the organization's signature. The
summary itself stays as it is until somebody takes it up again.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from insights.models import Summary, SummaryVersion
from insights.summaries import versions
from insights.summaries.editing import hold, save_edited
from insights.summaries.making import State, check, corrected_since, is_touched, keep
from sessions import access
from sessions.models import Session

Why = SummaryVersion.Why


@transaction.atomic
def sign(*, session: Session, by: User, revision: int) -> SummaryVersion:
    """Keep what a person has read as signed by them; raise DomainError for anything else."""
    summary = hold(session, revision)
    _refuse_unfinished(summary)
    if versions.is_empty(versions.content_of(summary)):
        raise DomainError("summary_empty", _("There is nothing in this summary to sign."))
    version = versions.keep(summary, why=Why.SIGNED, by=by)
    summary.state = State.SIGNED
    summary.signed_by, summary.signed_at = by, version.at
    keep(summary)
    audit.record(
        Event.SUMMARY_SIGNED,
        organization_id=summary.session.organization_id,
        obj=summary.session,
        details={"version": version.number, "digest": version.digest},
    )
    return version


@transaction.atomic
def reopen(*, session: Session) -> Summary:
    """Make a signed summary a draft again; the version that was signed stays."""
    held = access.hold(session)
    check(held)
    summary = Summary.objects.filter(session=held).first()
    if summary is None or summary.state != State.SIGNED:
        raise DomainError("not_signed", _("This summary is not signed."))
    summary.session = held
    edited = any(is_touched(s) for section in summary.sections for s in section["sentences"])
    summary.state = State.EDITED if edited else State.DRAFT
    summary.signed_by = summary.signed_at = None
    keep(summary)
    audit.record(
        Event.SUMMARY_REOPENED,
        organization_id=held.organization_id,
        obj=held,
        details={"version": summary.version},
    )
    return summary


@transaction.atomic
def restore(*, session: Session, by: User, revision: int, number: int) -> Summary:
    """Bring the sentences of a version back; what they take the place of is kept as a version.

    What a line said before it was put right stays away: such a sentence is as it is now.
    """
    summary = hold(session, revision)
    _refuse_unfinished(summary)
    version = session.summary_versions.filter(number=number).first()
    if version is None:
        raise DomainError("not_found", _("There is no such version any more."), status=404)
    version.session = summary.session  # whose key is at hand
    content = version.content
    versions.keep(summary, why=Why.MADE)
    summary.sections = _restored(summary, content)
    summary.language, summary.source = content["language"], content["source"]
    summary.made_at = timezone.now()
    return save_edited(summary, by)


def _refuse_unfinished(summary: Summary) -> None:
    """Refuse while the summary is being made, or is to be: its lines say something else by now."""
    if summary.state == State.MAKING or corrected_since(summary.session, summary):
        raise DomainError("summary_making", _("The summary is being made. Wait until it is there."))


def _restored(summary: Summary, content: versions.Content) -> list[dict[str, Any]]:
    """Return the sections of a version as they are stored.

    Of the summary's own sentences those of the program stay out of sight, so that the next draft
    does not bring back what the version did not have.
    """
    corrected = versions.corrections(summary.session)
    now = {s["basis"]: s for part in summary.sections for s in part["sentences"] if not s["own"]}
    restored, shown = [], set()
    for section in content["sections"]:
        sentences = []
        for s in section["sentences"]:
            shown.add(s["basis"])
            if not versions.outdated(s, corrected):
                sentences.append(_stored(s))
            elif s["basis"] in now:
                sentences.append({**now[s["basis"]], "removed": False})
        restored.append({"key": section["key"], "title": section["title"], "sentences": sentences})
    places = {section["key"]: section for section in restored}
    for part in summary.sections:
        out = [s for s in part["sentences"] if not s["own"] and s["basis"] not in shown]
        if part["key"] not in places:
            restored.append({"key": part["key"], "title": part["title"], "sentences": []})
            places[part["key"]] = restored[-1]
        places[part["key"]]["sentences"] += [{**s, "removed": True} for s in out]
    return restored


def _stored(shown: dict[str, Any]) -> dict[str, Any]:
    kept = {k: shown[k] for k in ("id", "text", "segments", "basis", "edited", "own", "at")}
    return {**kept, "removed": False, "by": shown["author"]}
