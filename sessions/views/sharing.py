"""Who has access to an interview, and since when no longer."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from copilot.lib.errors import DomainError
from sessions import access, services
from sessions.access import Perm
from sessions.forms.sharing import ShareForm, share_panel
from sessions.models import Session


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
