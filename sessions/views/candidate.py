"""The candidate's own page: no account, one interview, and nothing of what was said in it."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits, origin
from copilot.lib.errors import DomainError
from sessions import candidates, consents, notices, receipts
from sessions.candidates import Visit
from sessions.models import CandidateLink, CandidateRequest, ConsentRecord, Erasure, Session
from sessions.queries import language_name, off_record
from sessions.serializers import consent_json
from sessions.states import Status

TRIES = 20  # links opened in a minute, by address
TRIES_OF_ALL = 600  # that led nowhere
LOOKS = 120  # at the page in a minute, by link; it looks after itself
ACTS = 20  # in a minute, by link
SECONDS = {Status.LIVE: 5, Status.PROCESSING: 15, Status.DRAFT: 10}  # between two looks
SLOWLY = 60

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Page = Callable[[HttpRequest, Visit], HttpResponse]


def _as_candidate(view: View[P]) -> View[P]:
    """Let the candidate be who acts, even in the browser of somebody who is signed in.

    What the page says is for nobody's cache and for no search engine.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        here = replace(origin.current(), via="candidate", user_id=None, user="", token_id=None)
        with origin.acting(here):
            try:
                answer = view(request, *args, **kwargs)
            except limits.TooMany as error:
                answer = _too_many(request, error)
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return never_cache(guarded)


def _visit(page: Page) -> Callable[[HttpRequest], HttpResponse]:
    """Lead who came in by a link to a page; everybody else is told how to get one."""

    @wraps(page)
    def found(request: HttpRequest) -> HttpResponse:
        visit = candidates.find(request.COOKIES.get(candidates.COOKIE, ""))
        if visit is None:
            return _lost(request)
        return page(request, visit)

    return _as_candidate(found)


def _act(
    act: Callable[[HttpRequest, CandidateLink], None],
) -> Callable[[HttpRequest], HttpResponse]:
    """Do what a form of the page asks for, and show the page again with what came of it."""

    @wraps(act)
    def done(request: HttpRequest, visit: Visit) -> HttpResponse:
        if visit.link is None:
            return redirect("candidate")
        limits.take(f"candidate.act.{visit.link.pk}", ACTS)
        if request.POST.get("of") != str(visit.link.pk):
            # Another link was opened in this browser since.
            detail = _("This page was about another interview. Open its link once more.")
            messages.error(request, detail)
            return redirect("candidate")
        try:
            act(request, visit.link)
        except limits.TooMany:
            raise
        except DomainError as error:
            messages.error(request, error.detail)
        return redirect(_page_in(request.POST.get("language", "")))

    return require_POST(_visit(done))


# --- The pages -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD"])
@_as_candidate
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, where others could read it, into a cookie."""
    limits.take(f"candidate.{limits.place()}", TRIES)
    answer: HttpResponse
    if candidates.find(token) is None:
        limits.take("candidate", TRIES_OF_ALL)  # guesses alone: they keep no candidate out
        answer = _lost(request)
    else:
        answer = redirect("candidate")
        answer.set_cookie(
            candidates.COOKIE,
            token,
            path=reverse("candidate"),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            # Strict is not sent where a mail program led to the link.
            samesite="Lax",
        )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@require_http_methods(["GET", "HEAD"])
@_visit
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what is written down, what they were told and answered, and what they may ask for."""
    if visit.link is None:
        return render(request, "candidate/erased.html", _of_erasure(visit.erasure))
    limits.take(f"candidate.look.{visit.link.pk}", LOOKS)
    candidates.note_opened(visit.link)
    context = _context(visit.link, request.GET.get("language", ""))
    return render(request, "candidate/page.html", context)


@require_http_methods(["GET", "HEAD"])
@_visit
def receipt(request: HttpRequest, visit: Visit) -> HttpResponse:
    if visit.erasure is None:
        return redirect("candidate")
    answer = JsonResponse(
        receipts.receipt_json(visit.erasure), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="receipt-of-erasure.json"'
    return answer


@_act
def answer(request: HttpRequest, link: CandidateLink) -> None:
    """Take the candidate's yes or no to the notice that they read."""
    given = request.POST
    session = link.session
    notice = _notice(session, given.get("language", ""))
    if given.get("notice") != notice.mark:
        detail = _("The notice is another one now. Please read it and answer again.")
        raise DomainError("notice_changed", detail)
    said: dict[str, Any] = {
        "session": session,
        "method": ConsentRecord.Method.LINK,
        "link": link,
        "given_by": given.get("name", ""),
        "notice": notice,
    }
    match given.get("answer"):
        case "yes":
            consents.record_consent(**said)
        case "no":
            consents.refuse(**said)
        case _:
            raise DomainError("no_answer", _("Say yes or no."), status=400)


@_act
def withdraw(request: HttpRequest, link: CandidateLink) -> None:
    consents.withdraw(session=link.session, method=ConsentRecord.Method.LINK, link=link)


@_act
def ask(request: HttpRequest, link: CandidateLink) -> None:
    where = request.build_absolute_uri(reverse("sessions:detail", args=[link.session_id]))
    candidates.ask(link=link, kind=request.POST.get("kind", ""), page_url=where)


# --- What they show ------------------------------------------------------------------------------


def _context(link: CandidateLink, language: str) -> dict[str, Any]:
    session = link.session
    notice = _notice(session, language)
    consent = consent_json(session)
    newest = _newest_requests(session)
    status = Status(session.status)
    off = status == Status.LIVE and any(end is None for _from, end in off_record(session))
    return {
        "link": link,
        "session": session,
        "organization": session.organization,
        "interviewer": session.owner.name,  # an e-mail address is not for them to know
        "notice": notice,
        "languages": [(code, language_name(code)) for code in notices.languages_for(session)],
        "consent": session.consents.order_by("-given_at").first(),
        "answer": consent["answer"],
        "may_answer": status != Status.ENDED,
        "state": "off" if off else status.value,
        "asks": [_ask(kind, newest.get(kind), status) for kind in CandidateRequest.Kind],
        "copy_url": _copy_url(newest.get(CandidateRequest.Kind.COPY)),
        "seconds": SECONDS.get(status, SLOWLY),
        "marks": {
            "state": f"{status.value} {off} {session.expires_at}",
            "answer": f"{consent['answer']} {consent['at']} {status.value} {notice.mark}",
            "asks": " ".join(f"{r.pk} {r.state}" for r in newest.values()) + f" {status.value}",
        },
    }


def _of_erasure(erasure: Erasure | None) -> dict[str, Any]:
    return {"erasure": erasure, "organization": erasure.organization if erasure else None}


def _ask(
    kind: CandidateRequest.Kind, request: CandidateRequest | None, status: Status
) -> dict[str, Any]:
    open_now = request is not None and request.state == CandidateRequest.State.OPEN
    possible = kind != CandidateRequest.Kind.PAUSE or status == Status.LIVE
    granted = request is not None and request.state == CandidateRequest.State.GRANTED
    again = kind == CandidateRequest.Kind.PAUSE or not granted
    return {
        "kind": kind.value,
        "request": request if possible else None,
        "may": possible and not open_now and again,
        "shown": possible,
    }


def _newest_requests(session: Session) -> dict[str, CandidateRequest]:
    return {request.kind: request for request in session.requests.order_by("asked_at")}


def _notice(session: Session, language: str) -> notices.Notice:
    wanted = language if language in notices.languages_for(session) else ""
    recording = notices.of_recording(session)
    return notices.notice_for(session, recording=recording, language=wanted)


def _copy_url(request: CandidateRequest | None) -> str:
    granted = request is not None and request.state == CandidateRequest.State.GRANTED
    return reverse("candidate_copy") if granted else ""


def _page_in(language: str) -> str:
    page = reverse("candidate")
    return f"{page}?language={language}" if language in notices.built_in() else page


def _lost(request: HttpRequest) -> HttpResponse:
    return render(request, "candidate/lost.html", status=404)


def _too_many(request: HttpRequest, error: limits.TooMany) -> HttpResponse:
    context = {"minutes": math.ceil(error.retry_after / 60)}
    answer = render(request, "429.html", context, status=429)
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer
