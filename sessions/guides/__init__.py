"""Guides: what an interview should cover. Written as a whole, by whoever they belong to.

Interviews that were begun keep their guide as it was then; those prepared follow it.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib.errors import DomainError
from sessions import access
from sessions.guides.checks import TITLE_CHARS, checked
from sessions.models import Competency, Guide, Question
from sessions.serializers import plan_json
from sessions.states import Status


@transaction.atomic
def create(
    *, organization: Organization, by: User, plan: Any, of_organization: bool = False
) -> Guide:
    """Keep a new guide; raise Refused with what is wrong with the plan."""
    if not may(by, Act.CREATE_SESSION, organization.pk):
        raise DomainError("forbidden", _("Your role may not write guides."), status=403)
    wanted = checked(plan)
    guide = Guide.objects.create(
        organization=organization,
        title=wanted["title"],
        owner=None if of_organization and may(by, Act.MANAGE, organization.pk) else by,
    )
    _write(guide, wanted)
    _trace(guide, wanted, "created")
    return guide


@transaction.atomic
def change(
    *, guide: Guide, by: User, plan: Any, seen: str, of_organization: bool | None = None
) -> Guide:
    """Put a whole guide in place of what it was when `by` saw it; `seen` is its `updated_at`.

    Raise DomainError `changed_meanwhile` where somebody was faster. `of_organization` makes it the
    organization's, or `by`'s own again; it is for who manages the organization.
    """
    wanted = checked(plan)
    held = access.lock_guide(guide.pk)
    if held is None:
        raise DomainError("deleted", _("This guide was deleted meanwhile."), status=410)
    if held.updated_at.isoformat() != seen:
        raise DomainError("changed_meanwhile", _("Somebody else changed this guide meanwhile."))
    held.title = wanted["title"]
    owned_by_all = held.owner_id is None
    if of_organization not in (None, owned_by_all) and may(by, Act.MANAGE, held.organization_id):
        held.owner = None if of_organization else by
    held.save()
    _write(held, wanted)
    _trace(held, wanted, "changed")
    return held


@transaction.atomic
def copy(*, guide: Guide, by: User) -> Guide:
    """Make a guide of one's own from one that may be seen."""
    if not may(by, Act.CREATE_SESSION, guide.organization_id):
        raise DomainError("forbidden", _("Your role may not write guides."), status=403)
    plan = plan_json(guide)
    title = (_("Copy of %s") % guide.title)[:TITLE_CHARS]
    made = Guide.objects.create(organization=guide.organization, title=title, owner=by)
    _write(made, plan)
    _trace(made, plan, "copied")
    return made


@transaction.atomic
def delete(*, guide: Guide) -> int:
    """Delete a guide; return how many prepared interviews have none from now on."""
    count = drafts_of(guide)
    audit.record(
        Event.GUIDE_DELETED,
        organization_id=guide.organization_id,
        obj=guide,
        details={"drafts": count},
    )
    guide.delete()
    return count


def drafts_of(guide: Guide) -> int:
    """Return how many interviews are prepared with this guide and not begun."""
    count: int = guide.session_set.filter(status=Status.DRAFT).count()
    return count


def note_change(guide: Guide) -> None:
    """Leave the trace of a change that was made elsewhere, in Django's admin."""
    _trace(guide, plan_json(guide), "changed")


def _trace(guide: Guide, plan: dict[str, Any], how: str) -> None:
    audit.record(
        Event.GUIDE_CHANGED,
        organization_id=guide.organization_id,
        obj=guide,
        details={
            "act": how,
            "competencies": len(plan["competencies"]),
            "questions": sum(len(c["questions"]) for c in plan["competencies"]),
        },
    )


def _write(guide: Guide, plan: dict[str, Any]) -> None:
    """Store competencies and questions; what stays keeps its id, ids of other guides mean nothing.

    A question may go to another competency; what the plan does not name is deleted.
    """
    known = {competency.pk: competency for competency in guide.competencies.all()}
    asked = {q.pk: q for q in Question.objects.filter(competency__guide=guide)}
    new: list[Question] = []
    old: list[Question] = []
    for place, entry in enumerate(plan["competencies"]):
        competency = known.pop(entry["id"], None) or Competency(guide=guide)
        competency.name = entry["name"]
        competency.description = entry["description"]
        competency.anchors = entry["anchors"] if any(entry["anchors"]) else []
        competency.position = place
        competency.save()
        for number, wanted in enumerate(entry["questions"]):
            question = asked.pop(wanted["id"], None)
            (old if question else new).append(question := question or Question())
            question.competency = competency
            question.text, question.minutes = wanted["text"], wanted["minutes"]
            question.position = number
    Question.objects.filter(pk__in=asked).delete()
    Question.objects.bulk_update(old, ["competency", "text", "minutes", "position"])
    Question.objects.bulk_create(new)
    guide.competencies.filter(pk__in=known).delete()
