"""Pages: the list of interviews, and sharing."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.queries import active_membership
from copilot.lib.errors import DomainError
from sessions import access


@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    membership = active_membership(request.user)
    context = {
        "sessions": access.sessions_visible_to(request.user),
        "organization": membership.organization if membership else None,
    }
    return render(request, "sessions/list.html", context)


@login_required
@require_POST
def share(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Share with one colleague, or take it back with `remove`."""
    session = access.get_session(request.user, session_id, access.Perm.SHARE)
    wanted = request.POST.get("colleague", "")
    colleague = next((u for u, _shared in access.sharing(session) if str(u.pk) == wanted), None)
    if colleague is None:
        raise Http404("no such colleague")
    try:
        if "remove" in request.POST:
            access.unshare(session=session, colleague=colleague)
            messages.success(request, _("No longer shared with %s.") % colleague.display_name)
        else:
            access.share(session=session, colleague=colleague)
            messages.success(request, _("Shared with %s.") % colleague.display_name)
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("sessions:detail", session_id=session.pk)
