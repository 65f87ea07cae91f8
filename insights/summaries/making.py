"""Making a summary, and making it again without touching what a person wrote."""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from insights import debounce
from insights.models import Insight, Summary
from insights.summaries.draft import Section, Sentence, draft
from sessions import access, events
from sessions.models import Session
from sessions.queries import has_consent
from sessions.states import Status

logger = logging.getLogger(__name__)

State = Summary.State
STALE = timedelta(seconds=60)  # who makes one for so long has died
TRIES = 3  # to draft it while more is said of what it is made of

Stored = dict[str, Any]  # a section or a sentence as it is stored


def check(session: Session) -> None:
    """Raise DomainError where there can be no summary."""
    if session.status != Status.ENDED:
        raise DomainError("not_ended", _("The summary is made when the interview has ended."))
    if not has_consent(session):
        detail = _("The candidate has withdrawn the consent; no summary is made.")
        raise DomainError("no_consent", detail)


def due(session_id: UUID) -> bool:
    """Tell whether a summary is to be made: none is there, nobody is at it, or more is known now.

    What a person has edited is made again only when they say so, or correct lines: what these said
    before is not to be read in the other sentences.
    """
    session = access.session_by_id(session_id)
    if session is None or session.status != Status.ENDED or not has_consent(session):
        return False
    if not debounce.settled(session_id):
        return False  # whoever reads the last lines comes here again
    summary = Summary.objects.filter(session=session).first()
    if summary is None:
        return True
    if summary.state == State.MAKING:
        return summary.updated_at < timezone.now() - STALE
    if summary.state == State.DRAFT and _more_is_known(session, summary.revision):
        return True
    return summary.state != State.FAILED and _corrected_since(session, summary)


def _more_is_known(session: Session, revision: int) -> bool:
    made_of = (session.segments, session.insights, session.claims, session.coverage)
    return any(rows.filter(revision__gt=revision).exists() for rows in made_of)


def _corrected_since(session: Session, summary: Summary) -> bool:
    """Tell whether lines were corrected, which the summary may quote as they were."""
    corrected = session.segments.filter(corrected_at__gt=summary.made_at)
    return summary.made_at is not None and corrected.exists()


def renew(session: Session) -> None:
    """Make a summary again at once that may quote lines as they were before they were corrected."""
    summary = _of(session)
    if summary is not None and _corrected_since(session, summary):
        make(session_id=session.pk)


@transaction.atomic
def begin(*, session_id: UUID) -> bool:
    """Tell that a summary is being made; return whether a task is to follow: nobody is at it."""
    session = access.lock_session(session_id)
    if session is None:
        return False
    check(session)
    summary = _of(session)
    if summary is None:
        summary = Summary(session=session, sections=[])
    elif summary.state == State.MAKING and summary.updated_at > timezone.now() - STALE:
        return False
    summary.state = State.MAKING
    keep(summary)
    return True


def make(*, session_id: UUID) -> bool:
    """Make the summary, or make it again; tell whether there is one now.

    What a person edited, added or removed stays as it is.
    """
    for attempt in range(1, TRIES + 1):
        session = access.session_by_id(session_id)
        if session is None or session.status != Status.ENDED or not has_consent(session):
            return False
        try:
            sections = draft(session)
        except Exception as error:
            logger.error("no summary: %s", type(error).__name__)
            _fail(session_id)
            return False
        stored = _store(session_id, sections, read=session.revision, last=attempt == TRIES)
        if stored is not None:
            return stored
    return False


@transaction.atomic
def _store(session_id: UUID, sections: list[Section], *, read: int, last: bool) -> bool | None:
    """Store a draft of what stood at revision `read`; None where it is out of date by now.

    The last one may miss what came meanwhile, but quotes no line as it was before its correction.
    """
    session = access.lock_session(session_id)
    if session is None:
        return False
    if session.segments.filter(revision__gt=read, corrected_at__isnull=False).exists():
        return None
    if not last and _more_is_known(session, read):
        return None
    summary = _of(session) or Summary(session=session, sections=[], state=State.DRAFT)
    before = summary.sections
    corrected = session.segments.filter(corrected_at__isnull=False)
    times = corrected.values_list("pk", "corrected_at")
    since = {str(pk): at.isoformat() for pk, at in times if at is not None}
    summary.sections = merged(before, sections, since)
    edited = any(_touched(s) for section in summary.sections for s in section["sentences"])
    state = State.EDITED if edited else State.DRAFT
    if summary.made_at and summary.sections == before and summary.state == state:
        if _corrected_since(session, summary):  # and nothing of it rested on that
            Summary.objects.filter(pk=summary.pk).update(made_at=timezone.now())
        return True
    summary.state, summary.source = state, Insight.Source.RULES
    summary.made_at = timezone.now()
    keep(summary)
    return True


@transaction.atomic
def _fail(session_id: UUID) -> None:
    session = access.lock_session(session_id)
    if session is None:
        return
    summary = _of(session) or Summary(session=session, sections=[])
    summary.state = State.FAILED
    keep(summary)


def _of(session: Session) -> Summary | None:
    summary = Summary.objects.filter(session=session).first()
    if summary is not None:
        summary.session = session  # whose key is at hand
    return summary


def keep(summary: Summary) -> None:
    """Store a summary under the next revision, and tell that it changed; the words are fetched."""
    summary.revision = events.next_revision(summary.session_id)
    summary.save()
    body = {"revision": summary.revision, "state": summary.state}
    events.publish_on_commit(summary.session_id, "summary", body)


# --- what was there, and what the draft says now --------------------------------------------------


def merged(
    before: list[Stored], sections: list[Section], corrected: Mapping[str, str]
) -> list[Stored]:
    """Return the sections of a new draft with everything a person did to the one before.

    `corrected` says when lines were put right.
    """
    old = {section["key"]: section for section in before}
    now = timezone.now().isoformat()
    result = []
    for section in sections:
        known = old.pop(section.key, {"sentences": []})["sentences"]
        by_basis = {sentence["basis"]: sentence for sentence in known if not sentence["own"]}
        made = [_again(by_basis.pop(s.basis, None), s, now, corrected) for s in section.sentences]
        kept = [s for s in known if s["own"] or (s["basis"] in by_basis and _touched(s))]
        result.append({"key": section.key, "title": section.title, "sentences": [*made, *kept]})
    for section_left in old.values():  # of a part that the draft has no more
        touched = [sentence for sentence in section_left["sentences"] if _touched(sentence)]
        if touched:
            result.append({**section_left, "sentences": touched})
    return result


def _touched(sentence: Stored) -> bool:
    return bool(sentence["edited"] or sentence["own"] or sentence["removed"])


def _again(known: Stored | None, new: Sentence, now: str, corrected: Mapping[str, str]) -> Stored:
    """Return the sentence as a person left it, as it was, or as it is now.

    One that was only taken out is out still, but would come back in with the words of now.
    """
    if known is not None and (known["edited"] or known["own"]):
        return known
    segments = list(new.segments)
    outdated = known is not None and any(corrected.get(i, "") > known["at"] for i in segments)
    if (
        not outdated
        and known is not None
        and (known["text"], known["segments"]) == (new.text, segments)
    ):
        return known
    return {
        "id": known["id"] if known else str(uuid.uuid4()),
        "text": new.text,
        "segments": segments,
        "basis": new.basis,
        "edited": False,
        "own": False,
        "removed": bool(known and known["removed"]),
        "by": None,
        "at": now,
    }
