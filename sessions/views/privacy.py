"""Pages for who answers for candidates' data: figures, requests, candidates, notices, receipts.

Names are looked for by POST and stay out of addresses. What takes away or destroys asks for a proof
of identity first.
"""

import json
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import limits
from accounts.administration import prove
from accounts.models import Organization, User
from copilot.lib.errors import DomainError
from copilot.lib.spans import hours_in_words
from sessions import access, candidates, notices, privacy, receipts, subjects
from sessions.models import CandidateRequest, ConsentNotice, Erasure, Session
from sessions.queries import language_name

ON_A_PAGE = 50
SEARCHES_A_MINUTE = 10  # of one person: each opens every name of the organization
HOW = {
    subjects.How.EMAIL: gettext_lazy("same e-mail address"),
    subjects.How.NAME: gettext_lazy("same name"),
    subjects.How.CONSENT: gettext_lazy("gave the consent under this name"),
    subjects.How.OTHER_EMAIL: gettext_lazy("same name, other e-mail address"),
    subjects.How.MENTIONED: gettext_lazy("named in the title or profile"),
    subjects.How.NEAR: gettext_lazy("similar name or address"),
    subjects.How.UNREADABLE: gettext_lazy("cannot be opened"),
}


@never_cache
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("privacy:overview", organization=access.home_of_privacy(request.user).slug)


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest, organization: str) -> HttpResponse:
    where = access.home_of_privacy(request.user, organization)
    context: dict[str, Any] = {
        "standing": privacy.standing(where),
        "next": privacy.next_to_go(where),
        "held": privacy.held(where)[:ON_A_PAGE],
        "withdrawn": privacy.withdrawn(access.sessions_of(where)).select_related("owner")[
            :ON_A_PAGE
        ],
        "reads": notices.model_reads_along(),
        "kept": hours_in_words(where.retention_hours),
    }
    if where.retention_max_hours > where.retention_hours:
        context["longest"] = hours_in_words(where.retention_max_hours)
    return _page(request, where, "overview", context)


def _page(
    request: HttpRequest,
    where: Organization,
    name: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    frame = {
        "organization": where,
        "organizations": access.organizations_of_privacy(request.user),
        "place": name,
        "waiting": candidates.open_requests(where).count(),
    }
    return render(request, f"privacy/{name}.html", {**context, **frame}, status=status)


# --- What candidates ask for ---------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def request_list(request: HttpRequest, organization: str) -> HttpResponse:
    where = access.home_of_privacy(request.user, organization)
    asked = _asked(where)
    answered = asked.exclude(state=CandidateRequest.State.OPEN).order_by("-answered_at")
    waiting = list(candidates.open_requests(where).select_related("session__organization"))
    by = cast("User", request.user)
    context = {
        "open": [
            {"asked": row, "may": candidates.may_answer(by, row, privacy=True)} for row in waiting
        ],
        "most_why": candidates.MOST_WHY,
        "answered": Paginator(answered, ON_A_PAGE).get_page(request.GET.get("page")),
    }
    return _page(request, where, "requests", context)


def _asked(where: Organization) -> Any:
    kept = access.sessions_of(where)
    rows = CandidateRequest.objects.filter(session__in=kept)
    return rows.select_related("session__organization", "session__owner", "answered_by")


@never_cache
@login_required
@require_POST
def answer(request: HttpRequest, organization: str, request_id: UUID) -> HttpResponse:
    """Grant or refuse what a candidate asked for; an erasure wants a proof of identity."""
    where = access.home_of_privacy(request.user, organization)
    asked = _asked(where).filter(pk=request_id).first()
    if asked is None:
        raise Http404("no such request")
    grant = request.POST.get("grant") == "yes"
    if grant and asked.kind == CandidateRequest.Kind.ERASURE:
        prove(request)
    by = cast("User", request.user)
    try:
        done = candidates.answer(request=asked, by=by, grant=grant, why=request.POST.get("why", ""))
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        if grant and done.state == CandidateRequest.State.REFUSED:
            messages.error(request, _("A legal hold keeps this interview; the candidate reads so."))
        else:
            messages.success(request, _("The candidate was answered."))
    return redirect("privacy:requests", organization=where.slug)


# --- One candidate -------------------------------------------------------------------------------


@never_cache
@login_required
def candidate_search(request: HttpRequest, organization: str) -> HttpResponse:
    """Look for everything about one candidate; the names are in the body of the request."""
    where = access.home_of_privacy(request.user, organization)
    if request.method != "POST":
        return _page(request, where, "candidates", {})
    name = request.POST.get("name", "")[:200]
    email = request.POST.get("email", "")[:254]
    context: dict[str, Any] = {"name": name, "email": email}
    try:
        limits.take(f"subjects.{request.user.pk}", SEARCHES_A_MINUTE)
        found = subjects.find(where, name=name, email=email)
    except DomainError as error:
        return _page(
            request, where, "candidates", {**context, "problem": error.detail}, status=error.status
        )
    context["found"] = [{"match": match, "how": HOW[match.how]} for match in found]
    context["sure"] = sum(match.sure for match in found)
    return _page(request, where, "candidates", context)


@never_cache
@login_required
def chosen(request: HttpRequest, organization: str) -> HttpResponse:
    """Show the chosen interviews with what may be done to all of them."""
    where = access.home_of_privacy(request.user, organization)
    sessions = _chosen(where, request.POST)
    if not sessions:
        if request.method == "POST":
            messages.error(request, _("Choose at least one interview."))
        return redirect("privacy:candidates", organization=where.slug)
    prove(request)
    return _chosen_page(request, where, sessions)


def _chosen_page(
    request: HttpRequest,
    where: Organization,
    sessions: list[Session],
    *,
    problem: str = "",
) -> HttpResponse:
    context = {
        "sessions": sessions,
        "goes": sum(not session.legal_hold for session in sessions),
        "held": sum(session.legal_hold for session in sessions),
        "word": _("ERASE"),
        "problem": problem,
    }
    return _page(request, where, "chosen", context, status=400 if problem else 200)


def _chosen(where: Organization, given: QueryDict) -> list[Session]:
    ids = {found for found in map(_id, given.getlist("interview")) if found is not None}
    rows = access.sessions_of(where).filter(pk__in=ids).select_related("owner")
    return list(rows.defer("profile", "plan").order_by("-created_at"))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@never_cache
@login_required
def erase(request: HttpRequest, organization: str) -> HttpResponse:
    """Erase the chosen interviews once the word was typed that says so."""
    where = access.home_of_privacy(request.user, organization)
    sessions = _chosen(where, request.POST)
    if not sessions:
        return redirect("privacy:candidates", organization=where.slug)
    prove(request)
    if request.POST.get("confirm", "").strip().casefold() != _("ERASE").casefold():
        problem = _("Type %(word)s to go on. Nothing was erased.") % {"word": _("ERASE")}
        return _chosen_page(request, where, sessions, problem=problem)
    ids = [session.pk for session in sessions]
    done = subjects.erase(where, ids, by=cast("User", request.user))
    count = len(done.erased)
    text = ngettext("%d interview was erased.", "%d interviews were erased.", count) % count
    if done.held:
        kept = len(done.held)
        text += " " + (
            ngettext(
                "%d is under a legal hold and stays.",
                "%d are under a legal hold and stay.",
                kept,
            )
            % kept
        )
    messages.success(request, text)
    return redirect("privacy:receipts", organization=where.slug)


# --- Notices -------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def notice_list(request: HttpRequest, organization: str) -> HttpResponse:
    where = access.home_of_privacy(request.user, organization)
    own = list(ConsentNotice.objects.filter(organization=where).select_related("created_by"))
    seen: set[tuple[str, str]] = set()
    rows = []
    for row in own:  # of each country and language the newest first
        place = (row.country, row.language)
        counts = row.retired_at is None and place not in seen
        if counts:
            seen.add(place)
        rows.append({"notice": row, "counts": counts, "language": language_name(row.language)})
    spoken = dict.fromkeys([where.language, *where.languages])
    shown = [
        {"language": language_name(code), "code": code, "notice": notice}
        for code in spoken
        for notice in [notices.notice_of(where, language=code)]
    ]
    return _page(request, where, "notices", {"rows": rows, "shown": shown})


@never_cache
@login_required
def notice_editor(request: HttpRequest, organization: str) -> HttpResponse:
    """Show the editor, with a preview of what candidates read; publish what was written."""
    where = access.home_of_privacy(request.user, organization)
    posted = request.method == "POST"
    given = request.POST if posted else request.GET
    languages = sorted({where.language, *where.languages, *notices.built_in()})
    language = given.get("language", where.language)
    language = language if language in languages else where.language
    country = given.get("country", "").strip().upper()[:2]
    text = request.POST.get("text", "") if posted else _starting_text(where, country, language)
    context: dict[str, Any] = {
        "languages": [(code, language_name(code)) for code in languages],
        "language": language,
        "country": country,
        "text": text,
        "most": notices.MOST_CHARS,
    }
    if posted and request.POST.get("act") == "publish":
        try:
            notices.publish(
                organization=where,
                country=country,
                language=language,
                text=text,
                by=cast("User", request.user),
            )
        except DomainError as error:
            context["problem"] = error.detail
            return _page(request, where, "notice", context, status=error.status)
        messages.success(request, _("Candidates read the new text from now on."))
        return redirect("privacy:notices", organization=where.slug)
    if posted and text.strip():
        context["preview"] = notices.preview(where, country=country, language=language, text=text)
    return _page(request, where, "notice", context)


def _starting_text(where: Organization, country: str, language: str) -> str:
    """Return the newest text of one's own for this place, else what candidates read there now."""
    own = notices.in_force(where).filter(country=country, language=language)
    newest = own.order_by("-number").first()
    if newest is not None:
        return newest.text
    return notices.notice_of(where, language=language, country=country).text


@never_cache
@login_required
@require_POST
def notice_retire(request: HttpRequest, organization: str, notice_id: UUID) -> HttpResponse:
    where = access.home_of_privacy(request.user, organization)
    notice = ConsentNotice.objects.filter(pk=notice_id, organization=where).first()
    if notice is None:
        raise Http404("no such notice")
    notices.retire(notice=notice, by=cast("User", request.user))
    messages.success(request, _("The version is retired; records of who agreed to it stay."))
    return redirect("privacy:notices", organization=where.slug)


# --- Receipts ------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def receipt_list(request: HttpRequest, organization: str) -> HttpResponse:
    where = access.home_of_privacy(request.user, organization)
    erasures = Erasure.objects.filter(organization=where)
    erasures = erasures.order_by(F("finished_at").desc(nulls_first=True), "-started_at")
    public_key = receipts.public_key(where)
    page = Paginator(erasures, ON_A_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "erasure": erasure,
            "removed": sum(erasure.counts.values()),
            "holds": bool(erasure.signature)
            and receipts.verify(receipts.receipt_json(erasure), expected=public_key),
        }
        for erasure in page.object_list
    ]
    context = {"page": page, "rows": rows, "public_key": public_key}
    return _page(request, where, "receipts", context)


@never_cache
@login_required
@require_safe
def receipt(request: HttpRequest, organization: str, erasure_id: UUID) -> HttpResponse:
    """Give a receipt as a file that anybody can check."""
    where = access.home_of_privacy(request.user, organization)
    erasure = Erasure.objects.filter(pk=erasure_id, organization=where).first()
    if erasure is None or not erasure.signature:
        raise Http404("no such receipt")
    body = json.dumps(receipts.receipt_json(erasure), ensure_ascii=False, indent=2) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="receipt-{erasure.pk}.json"'}
    return HttpResponse(body, content_type="application/json", headers=headers)
