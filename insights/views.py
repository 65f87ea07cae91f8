"""The page of one interview: before, during and after; and what the operator's tools read."""

import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, limits, origin
from accounts.administration import prove
from accounts.kinds import Event
from accounts.models import User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib import problems
from copilot.lib.errors import DomainError
from insights import deliveries, exports, portability, summaries
from insights.metrics import exposition
from insights.opening import opening
from sessions import access, candidates, notices
from sessions.access import Perm
from sessions.models import CandidateRequest, Session
from sessions.queries import has_consent
from sessions.services import note_view
from sessions.states import Status

Page = Callable[[HttpRequest, UUID], HttpResponse]

COPIES_A_MINUTE = 4  # by one link


def _or_erased(page: Page) -> Page:
    """Let who reaches for an erased interview of their organization know that it was erased."""

    @wraps(page)
    def view(request: HttpRequest, session_id: UUID) -> HttpResponse:
        try:
            return page(request, session_id)
        except Http404:
            erasure = access.erasure_of(request.user, session_id)
            if erasure is None:
                raise
        context: dict[str, Any] = {"erasure": erasure, "organization": erasure.organization}
        if erasure.signature and may(request.user, Act.PRIVACY, erasure.organization_id):
            place = [erasure.organization.slug, erasure.pk]
            context["receipt_url"] = reverse("privacy:receipt", args=place)
        return render(request, "sessions/erased.html", context, status=410)

    return view


def _may_more(request: HttpRequest, session: Session) -> dict[str, bool]:
    """Return who may end its being kept, and who may hold it."""
    deletable = access.sessions_with(request.user, Perm.DELETE)
    return {
        "may_erase": deletable.filter(pk=session.pk).exists(),
        "may_hold": may(request.user, Act.PRIVACY, session.organization_id),
    }


def _opened(request: HttpRequest, session: Session) -> dict[str, Any]:
    """Note that the interview is read, and return what both of its pages begin with."""
    note_view(session)
    perms = access.perms_of(request.user, session)
    boot = opening(session)
    boot["session"]["may"] = perms
    return {
        "session": session,
        "organization": session.organization,
        "boot": boot,
        "may": perms,
        **_may_more(request, session),
    }


@never_cache
@login_required
@_or_erased
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    session = access.get_session(request.user, session_id)
    context = {**_opened(request, session), "notice": notices.notice_for(session)}
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


@never_cache
@login_required
@_or_erased
def review_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show what a finished interview came to; before its end there is only its page."""
    session = access.get_session(request.user, session_id)
    if session.status not in (Status.ENDED, Status.PROCESSING):
        return redirect("sessions:detail", session_id=session.pk)
    shown = _opened(request, session)
    context = {
        **shown,
        "consent": shown["boot"]["session"]["consent"],
        "minutes": round(session.elapsed().total_seconds() / 60),
        "languages": sorted({session.organization.language, *session.organization.languages}),
        "may_export": shown["may"]["comment"] or shown["may"]["share"],
        "export_off": not has_consent(session),
        "signed_number": getattr(summaries.signed(session), "number", 0),
        "connections": [str(c.pk) for c in deliveries.connections.active(session.organization)],
    }
    return render(request, "sessions/review.html", context)


@never_cache
@login_required
@require_POST
def export(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Answer the chosen parts as a file; who may only read takes nothing away."""
    session = exports.session_to_take(request.user, session_id)
    given = request.POST
    try:
        exports.take_turn(cast("User", request.user))
        choice = exports.Choice(
            kind=given.get("format", ""),
            parts=set(given.getlist("parts")),
            formats=set(given.getlist("formats")) or exports.IN_BUNDLE,
            draft=given.get("draft") == "1",
        )
        made = exports.export(session=session, by=cast("User", request.user), choice=choice)
    except DomainError as error:
        answer = problems.plain_answer(error.status, error.code, error.detail)
        if isinstance(error, limits.TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return HttpResponse(made.body, content_type=made.content_type, headers=headers)


# --- What a candidate may have -------------------------------------------------------------------


@never_cache
@login_required
@require_POST
def export_subject(request: HttpRequest, organization: str) -> HttpResponseBase:
    """Answer everything about one candidate, of the interviews chosen, as one file."""
    where = access.home_of_privacy(request.user, organization)
    prove(request)
    try:
        ids = [UUID(text) for text in request.POST.getlist("interview")]
    except ValueError:
        raise Http404("no such interview") from None
    try:
        exports.take_turn(cast("User", request.user))
        name, content = portability.export_subject(where, ids, by=cast("User", request.user))
    except DomainError as error:
        messages.error(request, error.detail)
        return redirect("privacy:candidates", organization=where.slug)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(
        _streamed(request, content), content_type="application/zip", headers=headers
    )


def _streamed(
    request: HttpRequest, content: Iterator[bytes]
) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Give bytes the way the server takes them without first collecting them all."""

    def another() -> bytes | None:
        return next(content, None)

    async def one_by_one() -> AsyncIterator[bytes]:
        while (piece := await sync_to_async(another)()) is not None:
            yield piece

    return one_by_one() if isinstance(request, ASGIRequest) else content


@never_cache
@require_safe
def candidate_copy(request: HttpRequest) -> HttpResponse:
    """Answer the candidate's own copy, where they asked for one and it was granted.

    Whether they agree to be recorded, still or at all, has no part in it.
    """
    link = candidates.of_cookies(request.COOKIES)
    granted = CandidateRequest.State.GRANTED
    wanted = CandidateRequest.Kind.COPY
    if link is None or not link.session.requests.filter(kind=wanted, state=granted).exists():
        raise Http404("no copy for you")
    session = link.session
    try:
        limits.take(f"copy.{link.pk}", COPIES_A_MINUTE)
    except limits.TooMany as error:
        answer = render(request, "429.html", {"minutes": 1}, status=429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    made = portability.copy_of(session)
    # The candidate acts, also in the browser of somebody who is signed in.
    here = replace(origin.current(), via="candidate", user_id=None, user="", token_id=None)
    with origin.acting(here):
        audit.record(
            Event.CANDIDATE_COPIED,
            organization_id=session.organization_id,
            obj=link,
            details={"bytes": len(made.body)},
        )
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "X-Robots-Tag": "noindex, nofollow",
    }
    return HttpResponse(made.body, content_type=made.content_type, headers=headers)
