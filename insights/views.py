"""The page of one interview: before, during and after."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from insights import queries
from sessions import access
from sessions.services import NOTICE_VERSION


def notice() -> str:
    return _(
        "This conversation is transcribed while we talk, on our own machine. The text helps the "
        "interviewer to listen and to ask; personal details are removed before it is stored, "
        "nothing is inferred from your voice, and a person makes every decision. The transcript "
        "is deleted after the retention time. You may say no, pause or stop at any time."
    )


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
        "notice": {"text": notice(), "version": NOTICE_VERSION},
        "colleagues": [
            {"id": user.pk, "name": user.display_name, "shared": shared}
            for user, shared in colleagues
        ],
    }
    return render(request, "sessions/detail.html", context)
