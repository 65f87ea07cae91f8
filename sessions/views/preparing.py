"""Preparing an interview: new, changed, or deleted before it was held; and reading a résumé."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import TooMany
from accounts.models import Membership, Organization, User
from accounts.queries import active_membership
from accounts.roles import Act, allows
from copilot.lib import problems
from copilot.lib.errors import DomainError
from sessions import access, resumes, services
from sessions.access import Perm
from sessions.forms.preparing import PrepareForm, minutes_of, read_resume
from sessions.models import Session
from sessions.states import Status


def _membership(request: HttpRequest) -> Membership:
    """Return by what the person may prepare interviews; raise Http404 where by nothing."""
    membership = active_membership(request.user)
    if membership is None or not allows(membership.role, Act.CREATE_SESSION):
        raise Http404("not for you")
    return membership


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    return _fill_in(request, _membership(request).organization)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, session_id: UUID) -> HttpResponse:
    session = access.get_session(request.user, session_id, Perm.RECORD)
    return _fill_in(request, session.organization, session)


def _fill_in(
    request: HttpRequest, organization: Organization, session: Session | None = None
) -> HttpResponse:
    """Show the form, save it, or show it again with what is wrong; nothing typed is lost."""
    user = cast("User", request.user)
    if request.method != "POST":
        form = PrepareForm(user=user, organization=organization, session=session)
        return _page(request, organization, session, form)
    given = request.POST.copy()
    unread = ""
    if (file := request.FILES.get("resume")) is not None:
        try:
            read = read_resume(file.read(resumes.MOST_BYTES + 1), user).text
            given["profile"] = f"{given.get('profile', '')}\n\n{read}".strip()
        except DomainError as error:
            unread = error.detail
    if "read" in given and not unread:  # a page without scripts shows what was read
        typed = {name: given[name] for name in given}
        form = PrepareForm(initial=typed, user=user, organization=organization, session=session)
        return _page(request, organization, session, form)
    form = PrepareForm(given, user=user, organization=organization, session=session)
    if form.is_valid() and not unread:
        try:
            saved = form.save()
        except DomainError as error:
            form.add_error(None, error.detail)
        else:
            return redirect("sessions:detail", session_id=saved.pk)
    if unread:
        form.add_error("resume" if "resume" in form.fields else None, unread)
    return _page(request, organization, session, form, 400)


def _page(
    request: HttpRequest,
    organization: Organization,
    session: Session | None,
    form: PrepareForm,
    status: int = 200,
) -> HttpResponse:
    draft = session is None or session.status == Status.DRAFT
    context = {
        "form": form,
        "session": session,
        "organization": organization,
        "draft": draft,
        "guides": [(guide, minutes_of(guide)) for guide in form.guides()] if draft else [],
        "most_bytes": resumes.MOST_BYTES,
        "most_chars": resumes.MOST_CHARS,
    }
    return render(request, "sessions/edit.html", context, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Delete an interview that was not held; ask first, unless the page before has asked."""
    session = access.get_session(request.user, session_id, Perm.DELETE)
    problem = ""
    if request.method == "POST":
        try:
            services.delete_draft(session=session)
        except DomainError as error:
            problem = error.detail
        else:
            messages.success(request, _("The interview was deleted."))
            return redirect("sessions:list")
    context = {
        "session": session,
        "organization": session.organization,
        "problem": problem,
        "draft": session.status == Status.DRAFT,
    }
    return render(request, "sessions/delete.html", context, status=409 if problem else 200)


@never_cache
@login_required
@require_POST
def resume(request: HttpRequest) -> JsonResponse:
    """Answer with the text of a file, for the person to read and change; nothing is stored."""
    _membership(request)
    user = cast("User", request.user)
    try:
        file = request.FILES.get("resume")
        if file is None:  # or so large that no handler took it
            raise DomainError("no_file", _("Choose a file of at most 5 MB."), status=400)
        found = read_resume(file.read(resumes.MOST_BYTES + 1), user)
    except DomainError as error:
        answer = problems.plain_answer(error.status, error.code, error.detail)
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return JsonResponse({"text": found.text, "pages": found.pages, "truncated": found.truncated})
