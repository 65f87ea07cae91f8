"""The list of interviews: what a person may see, narrowed down, sorted and searched."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Self, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.queries import active_membership
from accounts.roles import Act, allows
from copilot.lib.sealed import opened
from sessions import access
from sessions.models import Guide, Session
from sessions.queries import language_name
from sessions.states import Status

PER_PAGE = 50
SEARCHED = 2000  # interviews whose sealed names a search opens, at most
STATES = [
    (Status.LIVE, _("Live"), _("Live")),
    (Status.PROCESSING, _("Being written"), _("Being written down")),
    (Status.DRAFT, _("Ready"), _("Ready to hold")),
    (Status.ENDED, _("Finished"), _("Finished")),
]
WHOSE = [("", _("Everybody's")), ("mine", _("Yours")), ("shared", _("Shared with you"))]
SORTS = [("", _("Newest first")), ("expires", _("Deleted soonest")), ("title", _("Title"))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. It holds no text: names would end up in logs and histories."""

    state: str = ""
    whose: str = ""
    language: str = ""
    guide: str = ""
    sort: str = ""
    page: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Self:
        """Take what is known and leave out the rest, so that old addresses go on working."""
        known: dict[str, set[str]] = {
            "state": {state for state, *_names in STATES},
            "whose": {value for value, _name in WHOSE},
            "sort": {value for value, _name in SORTS},
        }
        said = {name: given.get(name, "") for name in cls.__slots__}
        said |= {name: "" for name, values in known.items() if said[name] not in values}
        try:
            said["guide"] = said["guide"] and str(UUID(said["guide"]))
        except ValueError:
            said["guide"] = ""
        if not re.fullmatch("[A-Za-z-]{0,8}", said["language"]):
            said["language"] = ""
        return cls(**said)

    def address(self, **changes: str) -> str:
        """Return the query of this list with some of it changed; another list starts at page 1."""
        other = replace(self, **{"page": "", **changes})
        said = {name: getattr(other, name) for name in self.__slots__}
        return urlencode({name: value for name, value in said.items() if value})

    def narrows(self) -> bool:
        return any([self.state, self.whose, self.language, self.guide])


@never_cache
@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    """Show the list; a text to search for comes by POST, and the answer is the list."""
    user = cast("User", request.user)
    given = request.POST if request.method == "POST" else request.GET
    wanted = Wanted.of(given)
    text = request.POST.get("q", "").strip()[:200]
    if request.method == "POST" and not text:
        query = wanted.address(page=wanted.page)
        return redirect(f"{request.path}?{query}" if query else request.path)
    visible = access.sessions_visible_to(user)
    found = _narrowed(visible, wanted, user)
    searched_all = True
    if text:
        matching, searched_all = _matching(found, text)
        found = found.filter(pk__in=matching)
    narrowed = wanted.narrows() or bool(text)
    counts = dict(found.order_by().values_list("status").annotate(Count("pk")))
    if wanted.state:
        found = found.filter(status=wanted.state)
    page = Paginator(_sorted(found, wanted.sort), PER_PAGE).get_page(wanted.page)
    membership = active_membership(user)
    context = {
        "q": text,
        "wanted": wanted,
        "groups": _groups(page.object_list, wanted, user),
        "page": page,
        "turns": _turns(page, wanted),
        "tabs": _tabs(wanted, counts),
        "narrowed": narrowed,
        "searched": None if searched_all else SEARCHED,
        "choices": _choices(visible, wanted) if counts or narrowed else [],
        "organization": membership.organization if membership else None,
        "may_create": membership is not None and allows(membership.role, Act.CREATE_SESSION),
    }
    return render(request, "sessions/list.html", context)


# --- Which, in which order -----------------------------------------------------------------------


def _narrowed(visible: QuerySet[Session], wanted: Wanted, user: User) -> QuerySet[Session]:
    """Apply all but the state, whose tabs count how many there are of each."""
    found = visible.defer("profile", "plan")
    if wanted.whose == "mine":
        found = found.filter(owner=user)
    elif wanted.whose == "shared":
        found = found.exclude(owner=user)
    if wanted.language:
        found = found.filter(language=wanted.language)
    if wanted.guide:
        found = found.filter(guide=UUID(wanted.guide))
    return found


def _sorted(found: QuerySet[Session], sort: str) -> QuerySet[Session]:
    """Sort so that pages never overlap; what is live comes first in every order."""
    ranks = {state: rank for rank, (state, *_names) in enumerate(STATES)}
    if sort:
        ranks = {Status.LIVE: 0}
    found = found.annotate(
        rank=Case(
            *(When(status=state, then=Value(rank)) for state, rank in ranks.items()),
            default=Value(len(STATES)),
            output_field=IntegerField(),
        )
    )
    if sort == "expires":
        return found.order_by("rank", F("expires_at").asc(nulls_last=True), "-created_at", "pk")
    if sort == "title":
        return found.order_by("rank", Lower("title"), "pk")
    return found.order_by("rank", "-created_at", "pk")


def _matching(found: QuerySet[Session], text: str) -> tuple[list[UUID], bool]:
    """Return the interviews in which every word of a text occurs; and whether all were looked at.

    Names of candidates are sealed, each with the key of its interview, so no index can find them:
    they are opened in memory, of nothing but what the person may see. That takes about 0.2 ms an
    interview, hence the limit; retention keeps most installations far below it.
    """
    words = _plain(text).split()
    newest = list(found.order_by("-created_at", "pk")[: SEARCHED + 1])
    matching = []
    for session in newest[:SEARCHED]:
        owner = session.owner
        name = opened([session], lambda session: session.candidate_name or "")
        said = [session.title, session.job, owner.name, owner.email, *name]
        whole = _plain("\n".join(said))
        if all(word in whole for word in words):
            matching.append(session.pk)
    return matching, len(newest) <= SEARCHED


def _plain(text: str) -> str:
    """Return a text without case and accents: who looks for "jose" means José."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


# --- What the page shows -------------------------------------------------------------------------


def _groups(found: Any, wanted: Wanted, user: User) -> list[dict[str, Any]]:
    """Return the rows below headings: by state, or what is live and the rest in another order."""
    headings: dict[str, str] = {state: str(name) for state, _tab, name in STATES}
    ends = access.shares_of(user)
    groups: dict[str, list[dict[str, Any]]] = {}
    for session in found:
        other = bool(wanted.sort) and session.status != Status.LIVE
        heading = str(_("Interviews")) if other else headings[session.status]
        shared = session.visibility == Session.Visibility.SHARED
        row = {
            "session": session,
            "mine": session.owner_id == user.pk,
            "until": ends.get(session.pk) if shared else None,
            "language": language_name(session.language),
        }
        groups.setdefault(heading, []).append(row)
    return [{"heading": heading, "rows": rows} for heading, rows in groups.items()]


def _tabs(wanted: Wanted, counts: dict[str, int]) -> list[dict[str, Any]]:
    tabs: list[dict[str, Any]] = [{"value": "", "name": _("All"), "count": sum(counts.values())}]
    tabs += [{"value": s, "name": name, "count": counts.get(s, 0)} for s, name, _long in STATES]
    for tab in tabs:
        tab["address"] = wanted.address(state=tab["value"])
    return [tab for tab in tabs if tab["count"] or tab["value"] in ("", wanted.state)]


def _turns(page: Page[Session], wanted: Wanted) -> list[dict[str, Any]]:
    """Return where to turn to from this page."""
    turns = []
    if page.has_previous():
        turns.append({"name": _("Previous"), "page": page.previous_page_number()})
    if page.has_next():
        turns.append({"name": _("Next"), "page": page.next_page_number()})
    return [{**turn, "address": wanted.address(page=str(turn["page"]))} for turn in turns]


def _choices(visible: QuerySet[Session], wanted: Wanted) -> list[dict[str, Any]]:
    """Return the filters of the form; one that leaves no choice is left out."""
    plain = visible.order_by()
    spoken = {*plain.values_list("language", flat=True).distinct(), wanted.language} - {""}
    languages = sorted(((code, language_name(code)) for code in spoken), key=lambda c: c[1])
    used = Guide.objects.filter(pk__in=plain.exclude(guide=None).values("guide"))
    guides = [(str(pk), title) for pk, title in used.values_list("pk", "title")]
    found: list[dict[str, Any]] = [
        {"name": "whose", "label": _("Whose"), "options": WHOSE},
        {"name": "language", "label": _("Language"), "options": [("", _("Any")), *languages]},
        {"name": "guide", "label": _("Guide"), "options": [("", _("Any")), *guides]},
        {"name": "sort", "label": _("Order"), "options": SORTS},
    ]
    for choice in found:
        choice["value"] = getattr(wanted, choice["name"])
    return [choice for choice in found if choice["value"] or len(choice["options"]) > 2]
