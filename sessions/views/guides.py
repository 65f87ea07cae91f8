"""Guides: the list, the page of one, and the ways in and out of them. Saving is the API's."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.queries import may
from accounts.roles import Act
from sessions import access, guides
from sessions.guides import files
from sessions.guides.example import example
from sessions.models import SCALE, Competency, Guide
from sessions.serializers import guide_json, plan_json

ON_A_PAGE = 50
KINDS = {
    "json": (files.as_json, "application/json"),
    "csv": (files.as_csv, "text/csv; charset=utf-8"),
}
EMPTY: dict[str, Any] = {"title": "", "competencies": []}


@never_cache
@login_required
@require_safe
def guide_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, problems: list[str] | None = None) -> HttpResponse:
    organization = access.home_of_guides(request.user)
    visible = access.guides_visible_to(request.user)
    wanted = " ".join(request.GET.get("q", "").replace("\0", "").split())[:80]
    rows = Paginator(_counted(_matching(visible, wanted)), ON_A_PAGE)
    context = {
        "rows": rows.get_page(request.GET.get("page")),
        "wanted": wanted,
        "any": bool(wanted) and visible.exists(),
        "problems": problems,
        "organization": organization,
    }
    return render(request, "guides/list.html", context, status=400 if problems else 200)


def _matching(found: QuerySet[Guide], wanted: str) -> QuerySet[Guide]:
    """Narrow down to guides with all the words, in their title or a competency's name."""
    for word in wanted.split():
        named = Competency.objects.filter(name__icontains=word).values("guide")
        found = found.filter(Q(title__icontains=word) | Q(pk__in=named))
    return found


def _counted(found: QuerySet[Guide]) -> QuerySet[Guide]:
    return found.annotate(
        parts=Count("competencies", distinct=True),
        asked=Count("competencies__questions"),
        minutes=Sum("competencies__questions__minutes", default=0),
    ).order_by("title", "pk")


@never_cache
@login_required
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """Show the editor with nothing in it, or with the example."""
    return _editor(request, example() if "example" in request.GET else EMPTY)


@never_cache
@login_required
@require_POST
def take_in(request: HttpRequest) -> HttpResponse:
    """Show the editor with what a file holds; nothing is stored before somebody saves it."""
    access.home_of_guides(request.user)
    file = request.FILES.get("file")
    if file is None:
        return _list(request, [_("Choose a file with a guide.")])
    try:
        # One byte more than may be tells that it is too large.
        plan = files.read(file.read(files.MOST_BYTES + 1))
    except files.Unreadable as error:
        return _list(request, error.problems)
    return _editor(request, plan, imported=True)


def _editor(request: HttpRequest, plan: dict[str, Any], *, imported: bool = False) -> HttpResponse:
    """Show the editor with a plan that is not stored yet."""
    organization = access.home_of_guides(request.user)
    given = {**plan, "of_organization": False}
    context = {"imported": imported, "may_edit": True, **_frame(given)}
    context["may_manage"] = may(request.user, Act.MANAGE, organization.pk)
    return render(request, "guides/guide.html", {**context, "organization": organization})


@never_cache
@login_required
@require_safe
def guide_page(request: HttpRequest, guide_id: UUID) -> HttpResponse:
    guide = access.get_guide(request.user, guide_id)
    may_edit = access.guides_changeable_by(request.user).filter(pk=guide.pk).exists()
    context = {
        "guide": guide,
        "organization": guide.organization,
        "may_edit": may_edit,
        "may_manage": may(request.user, Act.MANAGE, guide.organization_id),
        "drafts": guides.drafts_of(guide) if may_edit else 0,
        **_frame({**guide_json(guide), "of_organization": guide.owner_id is None}),
    }
    return render(request, "guides/guide.html", context)


def _frame(plan: dict[str, Any]) -> dict[str, Any]:
    asked = [question for part in plan["competencies"] for question in part["questions"]]
    return {
        "plan": plan,
        "asked": len(asked),
        "minutes": sum(question["minutes"] for question in asked),
        "values": range(1, SCALE + 1),
    }


@never_cache
@login_required
@require_safe
def export(request: HttpRequest, guide_id: UUID, kind: str) -> HttpResponse:
    """Give the guide as a file."""
    guide = access.get_guide(request.user, guide_id)
    write, content_type = KINDS[kind]
    response = HttpResponse(write(plan_json(guide)), content_type=content_type)
    name = slugify(guide.title)[:60] or "guide"
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


@never_cache
@login_required
@require_POST
def copy(request: HttpRequest, guide_id: UUID) -> HttpResponse:
    guide = access.get_guide(request.user, guide_id)
    made = guides.copy(guide=guide, by=cast("User", request.user))
    messages.success(request, _("This copy is yours to change."))
    return redirect("guides:edit", guide_id=made.pk)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, guide_id: UUID) -> HttpResponse:
    """Ask before a guide is deleted, then delete it."""
    guide = access.get_guide(request.user, guide_id, edit=True)
    if request.method == "POST":
        drafts = guides.delete(guide=guide)
        messages.success(request, _("The guide was deleted.") + _without_guide(drafts))
        return redirect("guides:list")
    context = {"guide": guide, "drafts": guides.drafts_of(guide)}
    return render(request, "guides/delete.html", {**context, "organization": guide.organization})


def _without_guide(drafts: int) -> str:
    if not drafts:
        return ""
    sentence = ngettext(
        "%d prepared interview has no guide now.",
        "%d prepared interviews have no guide now.",
        drafts,
    )
    return " " + sentence % drafts
