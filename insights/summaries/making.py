"""Making a summary, and making it again without touching what a person wrote."""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from insights import debounce, queries, webhooks
from insights.models import Summary, SummaryTemplate, SummaryVersion
from insights.summaries import languages, memo, versions
from insights.summaries.composing import BY_MODEL, Composed, Wanted, compose
from insights.summaries.model import Asking, Gone, Later
from insights.summaries.shapes import Section, Sentence
from sessions import access, events
from sessions.models import Session
from sessions.queries import has_consent
from sessions.states import Status

logger = logging.getLogger(__name__)

State = Summary.State
STALE = timedelta(seconds=60)  # who makes one and says nothing for so long has died
MOST_STEPS = 500  # of one making, waits included; then the rules write what is missing
TRIES = 3  # to draft it while more is said of what it is made of

Stored = dict[str, Any]  # a section or a sentence as it is stored


def check(session: Session) -> None:
    """Raise DomainError where there can be no summary."""
    if session.status != Status.ENDED:
        raise DomainError("not_ended", _("The summary is made when the interview has ended."))
    if not has_consent(session):
        detail = _("The candidate has withdrawn the consent; no summary is made.")
        raise DomainError("no_consent", detail)


def refuse_signed(summary: Summary | None) -> None:
    """Raise DomainError `signed` where somebody has signed what would be changed."""
    if summary is not None and summary.state == State.SIGNED:
        detail = _("This summary is signed and stays as it is. Take it up again to change it.")
        raise DomainError("signed", detail)


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
    if summary.state == State.SIGNED:
        return False
    if summary.state == State.MAKING:
        return _is_dead(summary)
    if summary.state == State.DRAFT and _more_is_known(session, summary.revision):
        return True
    return summary.state != State.FAILED and corrected_since(session, summary)


def _is_dead(summary: Summary) -> bool:
    """Tell whether whoever makes it has died: they say so before each call of a model."""
    longest = timedelta(seconds=settings.INTERVIEW_LLM_TOTAL_TIMEOUT)
    return summary.updated_at < timezone.now() - STALE - longest


def _more_is_known(session: Session, revision: int) -> bool:
    made_of = (session.segments, session.insights, session.claims, session.coverage)
    return any(rows.filter(revision__gt=revision).exists() for rows in made_of)


def corrected_since(session: Session, summary: Summary) -> bool:
    """Tell whether lines were corrected, which the summary may quote as they were."""
    corrected = session.segments.filter(corrected_at__gt=summary.made_at)
    return summary.made_at is not None and corrected.exists()


def renew(session: Session) -> None:
    """Make a summary again at once that may quote lines as they were before they were corrected."""
    summary = _of(session)
    if summary is None or summary.state == State.SIGNED:
        return
    if corrected_since(session, summary):
        _make(session.pk, Asking.NEVER)


@transaction.atomic
def begin(*, session_id: UUID, **change: Any) -> bool:
    """Tell that a summary is being made; return whether a task is to follow: nobody is at it.

    `change` is another `language` or `template` (None: the program's own order). Whoever is at it
    makes it like that.
    """
    session = access.lock_session(session_id)
    if session is None:
        return False
    check(session)
    summary = _of(session)
    refuse_signed(summary)
    at_work = summary is not None and summary.state == State.MAKING and not _is_dead(summary)
    summary = summary or _new(session)
    if "language" in change:
        summary.language = languages.checked(change["language"], session)
    if "template" in change:
        summary.template = change["template"]
    memo.try_again(session)
    if at_work:
        Summary.objects.filter(pk=summary.pk).update(
            language=summary.language, template=summary.template
        )
        return False
    summary.state = State.MAKING
    keep(summary)
    return True


def make(*, session_id: UUID) -> bool:
    """Make the summary, or make it again, in one go; tell whether there is one now.

    What a person edited, added or removed stays as it is.
    """
    return _make(session_id, Asking.ALWAYS)


def go_on(*, session_id: UUID, step: int = 0, tries: int = 0) -> Later | None:
    """Make the summary as far as one call of a model goes; return when to go on, None at the end.

    `tries` of that call have failed before. What the model could not be asked after many steps is
    left to the rules.
    """
    try:
        asking = Asking.ONCE if step < MOST_STEPS else Asking.NEVER
        _make(session_id, asking, tries)
    except Later as later:
        return later
    return None


def _make(session_id: UUID, asking: Asking, tries: int = 0) -> bool:
    for attempt in range(1, TRIES + 1):
        session = access.session_by_id(session_id)
        if session is None or session.status != Status.ENDED or not has_consent(session):
            return False
        wanted = _wanted(session)
        try:
            composed = compose(
                session,
                wanted,
                asking=asking,
                tries=tries,
                begin=lambda: _say_begun(session_id),
            )
        except Later:
            raise
        except Gone:
            return False
        except Exception as error:
            logger.error("no summary: %s", type(error).__name__)
            _fail(session_id)
            return False
        last = attempt == TRIES
        stored = _store(session_id, composed, wanted=wanted, read=session.revision, last=last)
        if stored is not None:
            return stored
    return False


def _wanted(session: Session) -> Wanted:
    summary = _of(session) or _new(session)
    return Wanted(summary.language, summary.template)


def _new(session: Session) -> Summary:
    """Return a summary that is not stored yet, like the organization's default template."""
    templates = SummaryTemplate.objects.filter(organization=session.organization_id)
    return Summary(session=session, sections=[], template=templates.filter(is_default=True).first())


@transaction.atomic
def _say_begun(session_id: UUID) -> bool:
    """Say that somebody is at it; tell whether a model may still be asked."""
    session = access.lock_session(session_id)
    if session is None or not queries.may_be_analysed(session):
        return False
    summary = _of(session) or _new(session)
    if summary.state == State.SIGNED:
        return False
    if summary.state == State.MAKING and not summary._state.adding:
        Summary.objects.filter(pk=summary.pk).update(updated_at=timezone.now())
        return True
    summary.state = State.MAKING
    keep(summary)
    return True


@transaction.atomic
def _store(
    session_id: UUID, composed: Composed, *, wanted: Wanted, read: int, last: bool
) -> bool | None:
    """Store a draft of what stood at revision `read`; None where it is out of date by now.

    The last one may miss what came meanwhile, but quotes no line as it was before its correction.
    """
    session = access.lock_session(session_id)
    if session is None or not has_consent(session):
        return False
    if session.segments.filter(revision__gt=read, corrected_at__isnull=False).exists():
        return None
    if not last and _more_is_known(session, read):
        return None
    summary = _of(session) or _new(session)
    if summary.state == State.SIGNED:  # while this was drafted
        return True
    if not wanted.is_of(summary.language, summary.template_id):
        return None
    before = summary.sections
    corrected = session.segments.filter(corrected_at__isnull=False)
    times = corrected.values_list("pk", "corrected_at")
    since = {str(pk): at.isoformat() for pk, at in times if at is not None}
    after = merged(before, composed.sections, since)
    edited = any(is_touched(s) for section in after for s in section["sentences"])
    state = State.EDITED if edited else State.DRAFT
    if summary.made_at and after == before and summary.state == state:
        if corrected_since(session, summary):  # and nothing of it rested on that
            Summary.objects.filter(pk=summary.pk).update(made_at=timezone.now())
        return True
    if summary.made_at and summary.state != State.DRAFT:  # which only the program wrote
        versions.keep(summary, why=SummaryVersion.Why.MADE)
    summary.sections = after
    summary.state, summary.source = state, composed.source
    summary.made_at = timezone.now()
    keep(summary)
    webhooks.put(webhooks.kinds.Kind.SUMMARY_READY, session.organization_id, session_id)
    return True


@transaction.atomic
def _fail(session_id: UUID) -> None:
    session = access.lock_session(session_id)
    if session is None:
        return
    summary = _of(session) or _new(session)
    if summary.state == State.SIGNED:
        return
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

    `corrected` says when lines were put right. A section that the draft has no more stays where a
    person wrote in it, after the one it followed.
    """
    old = {section["key"]: section for section in before}
    now = timezone.now().isoformat()
    result = []
    for section in sections:
        known = old.pop(section.key, {"sentences": []})["sentences"]
        by_basis = _by_basis(known, section.sentences)
        made = [_again(by_basis.pop(s.basis, None), s, now, corrected) for s in section.sentences]
        kept = [s for s in known if s["own"] or (s["basis"] in by_basis and is_touched(s))]
        result.append({"key": section.key, "title": section.title, "sentences": [*made, *kept]})
    keys = [section["key"] for section in before]
    for key, section_left in old.items():
        touched = [sentence for sentence in section_left["sentences"] if is_touched(sentence)]
        if touched:
            followed = set(keys[: keys.index(key)])
            places = [n for n, section in enumerate(result, start=1) if section["key"] in followed]
            result.insert(max(places, default=0), {**section_left, "sentences": touched})
    return result


def _by_basis(known: list[Stored], new: list[Sentence]) -> dict[str, Stored]:
    """Return the program's sentences by what they were made from.

    A model words and cuts anew each time: what a person edited or took out of it is found again by
    its lines, of which half have to be the same.
    """
    by_basis = {sentence["basis"]: sentence for sentence in known if not sentence["own"]}
    for sentence in new:
        if sentence.basis in by_basis or not sentence.basis.startswith(BY_MODEL):
            continue
        lines = set(sentence.segments)
        bases = {one.basis for one in new}
        for basis, other in by_basis.items():
            others = set(other["segments"])
            same = len(lines & others) * 2 >= len(lines | others)
            if basis.startswith(BY_MODEL) and basis not in bases and is_touched(other) and same:
                by_basis[sentence.basis] = by_basis.pop(basis)
                break
    return by_basis


def is_touched(sentence: Stored) -> bool:
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
