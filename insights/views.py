"""The page of one interview: before, during and after."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from insights import queries
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
