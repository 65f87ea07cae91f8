"""Reads about a session the caller already passed the door for."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language_info

from copilot.lib.sealed import opened
from sessions.models import ConsentRecord, Note, Session
from sessions.serializers import plan_json


def language_name(code: str) -> str:
    """Return what a spoken language is called in the reader's language."""
    try:
        name: str = get_language_info("zh-hans" if code == "zh" else code)["name_translated"]
    except KeyError:  # none that Django knows
        return code
    return name


def plan_of(session: Session) -> dict[str, Any] | None:
    """Return the guide of an interview, from its beginning on as it was then; None without one.

    The shape is that of `sessions.serializers.plan_json`.
    """
    plan: dict[str, Any] | None = next(iter(opened([session], lambda s: s.plan)), None)
    if plan is None and session.guide is not None:
        plan = plan_json(session.guide)
    return plan


def has_consent(session: Session) -> bool:
    """Tell whether the candidate's newest answer is yes, and stands: one row, nothing opened."""
    answers = session.consents.order_by("-given_at").values_list("answer", "withdrawn_at")
    return answers.first() == (ConsentRecord.Answer.AGREED.value, None)


def off_record(session: Session) -> list[tuple[int, int | None]]:
    """Return the stretches (from, to) of which nothing is kept; an open one has no end yet."""
    return list(session.off_records.values_list("from_ms", "to_ms"))


def notes_after(session: Session, revision: int = 0) -> QuerySet[Note]:
    """Return the notes changed after a revision; from the beginning, those that are still there."""
    notes = session.notes.filter(revision__gt=revision).select_related("author")
    return notes if revision else notes.filter(removed=False)
