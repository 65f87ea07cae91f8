"""Pages: the list of interviews, sharing, and a second device's."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.agents import device_name
from accounts.limits import TooMany
from accounts.models import User
from accounts.queries import active_membership
from accounts.roles import Act, allows
from copilot.lib.errors import DomainError
from sessions import access, devices, notices, services
from sessions.access import Perm
from sessions.forms import ShareForm, share_panel
from sessions.models import Session

DEVICE_COOKIE = "device"  # on its socket
PAGE_COOKIE = "device_page"


@never_cache
@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    membership = active_membership(user)
    ends = access.shares_of(user)
    context = {
        "rows": [
            {
                "session": session,
                "mine": session.owner_id == user.pk,
                "until": ends.get(session.pk)
                if session.visibility == Session.Visibility.SHARED
                else None,
            }
            for session in access.sessions_visible_to(user)
        ],
        "organization": membership.organization if membership else None,
        "may_create": membership is not None and allows(membership.role, Act.CREATE_SESSION),
    }
    return render(request, "sessions/list.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show who has access, and change it: the visibility, or what one colleague was given."""
    session = access.get_session(request.user, session_id, Perm.SHARE)
    form = ShareForm(request.POST) if "colleague" in request.POST else None
    problem = ""
    if request.method == "POST":
        try:
            if said := _change(session, request.POST, form):
                messages.success(request, said)
                return redirect("sessions:share", session_id=session.pk)
        except DomainError as error:
            problem = error.detail
    context = {
        **share_panel(session, form),
        "problem": problem,
        "organization": session.organization,
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "sessions/share.html", context, status=status)


def _change(session: Session, given: QueryDict, form: ShareForm | None) -> str:
    """Do what was posted and say so in a sentence; an empty one if the form is wrong."""
    if form is None:
        services.set_visibility(session=session, visibility=given.get("visibility", ""))
        return _("Saved.")
    wanted = given.get("colleague", "")
    people = {str(row.user.pk): row.user for row in access.sharing(session)}
    if wanted and wanted not in people:
        raise Http404("no such colleague")
    if wanted and "remove" in given:
        access.unshare(session=session, colleague=people[wanted])
        return _("No longer shared with %s.") % people[wanted].display_name
    if not form.is_valid():
        return ""
    access.share(
        session=session,
        colleague=people[wanted],
        level=form.cleaned_data["level"],
        until=form.cleaned_data["until"],
    )
    return _("Shared with %s.") % people[wanted].display_name


# --- A second device -----------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Let a device in by its code; it needs no sign-in and sees nothing of the interview."""
    if request.method != "POST":
        return _join_page(request)
    agent = device_name(request.headers.get("User-Agent", ""))
    try:
        joined = devices.join(code=request.POST.get("code", ""), name=agent)
    except TooMany as error:
        return _join_page(request, error.detail, error.status)
    except DomainError as error:
        return _join_page(request, error.detail, error.status)
    page = reverse("device", args=[joined.session_id, joined.channel])
    answer = redirect(page)
    places = {PAGE_COOKIE: page, DEVICE_COOKIE: _socket(joined.session_id, joined.channel)}
    for name, path in places.items():  # sent nowhere else
        answer.set_cookie(
            name,
            joined.secret,
            max_age=devices.HOURS * 3600,
            path=path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )
    return answer


def _join_page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    return render(request, "sessions/join.html", {"problem": problem}, status=status)


def _socket(session_id: UUID, channel: str) -> str:
    return f"/ws/sessions/{session_id}/audio/{channel}/"


@never_cache
@require_http_methods(["GET", "HEAD"])
def device(request: HttpRequest, session_id: UUID, channel: str) -> HttpResponse:
    """Show a joined device what it records for, without saying whose interview it is."""
    secret = request.COOKIES.get(PAGE_COOKIE, "")
    session = devices.of_secret(secret, session_id, channel)
    if session is None:
        problem = _("This device is no longer part of an interview. Enter a new code to join.")
        return _join_page(request, problem, 404)
    context = {
        "channel": channel,
        "notice": notices.current().text,
        "socket_url": _socket(session_id, channel),
        "status": session.status,
    }
    return render(request, "sessions/device.html", context)
