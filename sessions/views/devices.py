"""A second device: it joins by a code, and shows nothing of the interview."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.agents import device_name
from accounts.limits import TooMany
from copilot.lib.errors import DomainError
from sessions import devices, notices

DEVICE_COOKIE = "device"  # on its socket
PAGE_COOKIE = "device_page"


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
        "notice": notices.notice_for(session),
        "socket_url": _socket(session_id, channel),
        "status": session.status,
    }
    return render(request, "sessions/device.html", context)
