"""The page of one interview: before, during and after; and what the operator's tools read."""

import hmac
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from insights import queries
from insights.metrics import exposition
from sessions import access, notices
from sessions.services import note_view


@never_cache
@login_required
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    session = access.get_session(request.user, session_id)
    note_view(session)
    may = access.perms_of(request.user, session)
    boot = queries.snapshot(session)
    boot["session"]["may"] = may
    context = {
        "session": session,
        "organization": session.organization,
        "boot": boot,
        "may": may,
        "notice": notices.current(),
    }
    return render(request, "sessions/detail.html", context)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, which comes with a token of its own; without one set there is no page."""
    token = settings.INTERVIEW_METRICS_TOKEN
    if not token:
        raise Http404
    said = request.headers.get("Authorization", "")
    if not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    text, content_type = exposition(request.headers.get("Accept", ""))
    return HttpResponse(text, content_type=content_type)
