"""The page of one interview: before, during and after."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from insights import queries
from sessions import access, notices


@never_cache
@login_required
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    session = access.get_session(request.user, session_id)
    may = access.perms_of(request.user, session)
    boot = queries.snapshot(session)
    boot["session"]["may"] = may
    colleagues = access.sharing(session) if may["share"] else []
    context = {
        "session": session,
        "organization": session.organization,
        "boot": boot,
        "may": may,
        "notice": notices.current(),
        "colleagues": [
            {"id": user.pk, "name": user.display_name, "shared": shared}
            for user, shared in colleagues
        ],
    }
    return render(request, "sessions/detail.html", context)
