"""`/api/v1/`: all endpoints on one screen, and the one shape of an error."""

import io
import json
import logging
import re
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts import api as accounts
from accounts import limits
from accounts.models import User
from accounts.queries import memberships_of, organizations_requiring_more
from copilot import schema
from copilot.lib import problems
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from insights import api as insights
from sessions import api as sessions
from sessions.resumes import MOST_BYTES
from transcription import api as transcription
from transcription.uploads import PART_BYTES

logger = logging.getLogger(__name__)

MAX_BODY = 1_000_000
PARTS = re.compile(r"/api/v1/uploads/[0-9a-f-]{36}/content/")  # of recordings may be larger
RESUMES = re.compile(r"/sessions/(new|resume|[0-9a-f-]{36}/edit)/")  # so may forms with a file

app_name = "api"
urlpatterns = [
    path("me/", accounts.Me.as_view()),
    path("tokens/", accounts.Tokens.as_view()),
    path("tokens/<uuid:token_id>/", accounts.Token.as_view()),
    path("sessions/", sessions.SessionList.as_view()),
    path("sessions/<uuid:session_id>/", sessions.SessionDetail.as_view()),
    path("sessions/<uuid:session_id>/consents/", sessions.Consents.as_view()),
    path("sessions/<uuid:session_id>/consent/", sessions.Consent.as_view()),
    path("sessions/<uuid:session_id>/consent/refused/", sessions.ConsentRefused.as_view()),
    path("sessions/<uuid:session_id>/consent/withdrawn/", sessions.ConsentWithdrawn.as_view()),
    path("sessions/<uuid:session_id>/consent/notice/", sessions.ConsentNotice.as_view()),
    path("sessions/<uuid:session_id>/candidate-link/", sessions.CandidateLink.as_view()),
    path(
        "sessions/<uuid:session_id>/requests/<uuid:request_id>/",
        sessions.CandidateRequest.as_view(),
    ),
    path("sessions/<uuid:session_id>/shares/", sessions.Shares.as_view()),
    path("sessions/<uuid:session_id>/shares/<int:user_id>/", sessions.OneShare.as_view()),
    path("sessions/<uuid:session_id>/visibility/", sessions.Visibility.as_view()),
    path("sessions/<uuid:session_id>/start/", sessions.Start.as_view()),
    path("sessions/<uuid:session_id>/end/", sessions.End.as_view()),
    path("sessions/<uuid:session_id>/retention/", sessions.Retention.as_view()),
    path("sessions/<uuid:session_id>/hold/", sessions.Hold.as_view()),
    path("sessions/<uuid:session_id>/devices/", sessions.Devices.as_view()),
    path("sessions/<uuid:session_id>/devices/<uuid:device_id>/", sessions.Device.as_view()),
    path("sessions/<uuid:session_id>/notes/", sessions.Notes.as_view()),
    path("sessions/<uuid:session_id>/notes/<uuid:note_id>/", sessions.OneNote.as_view()),
    path("sessions/<uuid:session_id>/scorecards/", sessions.Scorecards.as_view()),
    path("sessions/<uuid:session_id>/scorecards/panel/", sessions.ScorecardPanel.as_view()),
    path("sessions/<uuid:session_id>/scorecards/mine/", sessions.MyScorecard.as_view()),
    path("sessions/<uuid:session_id>/scorecards/mine/submit/", sessions.SubmitScorecard.as_view()),
    path("sessions/<uuid:session_id>/off-record/", insights.OffRecord.as_view()),
    path("sessions/<uuid:session_id>/segments/<uuid:segment_id>/", insights.Line.as_view()),
    path(
        "sessions/<uuid:session_id>/segments/<uuid:segment_id>/correction/",
        insights.Correction.as_view(),
    ),
    path("sessions/<uuid:session_id>/snapshot/", insights.Snapshot.as_view()),
    path(
        "sessions/<uuid:session_id>/guide/questions/<int:question>/",
        insights.PlannedQuestion.as_view(),
    ),
    path("sessions/<uuid:session_id>/transcript/", insights.Transcript.as_view()),
    path("sessions/<uuid:session_id>/insights/", insights.Insights.as_view()),
    path(
        "sessions/<uuid:session_id>/insights/<uuid:insight_id>/feedback/",
        insights.Feedback.as_view(),
    ),
    path("sessions/<uuid:session_id>/claims/", insights.Claims.as_view()),
    path("sessions/<uuid:session_id>/tones/", insights.Tones.as_view()),
    path("sessions/<uuid:session_id>/analyse/", insights.Analyse.as_view()),
    path("summary-templates/", insights.SummaryTemplates.as_view()),
    path("sessions/<uuid:session_id>/summary/", insights.Summary.as_view()),
    path("sessions/<uuid:session_id>/summary/sign/", insights.SignSummary.as_view()),
    path("sessions/<uuid:session_id>/summary/reopen/", insights.ReopenSummary.as_view()),
    path("sessions/<uuid:session_id>/summary/versions/", insights.SummaryVersions.as_view()),
    path(
        "sessions/<uuid:session_id>/summary/versions/<int:number>/",
        insights.OneSummaryVersion.as_view(),
    ),
    path(
        "sessions/<uuid:session_id>/summary/versions/<int:number>/restore/",
        insights.RestoreSummary.as_view(),
    ),
    path("sessions/<uuid:session_id>/analytics/", insights.Analytics.as_view()),
    path("sessions/<uuid:session_id>/exports/", insights.Exports.as_view()),
    path("ats/connections/", insights.ats.Connections.as_view()),
    path(
        "sessions/<uuid:session_id>/ats/connections/<uuid:connection_id>/candidates/",
        insights.ats.Candidates.as_view(),
    ),
    path("sessions/<uuid:session_id>/ats/preview/", insights.ats.Preview.as_view()),
    path("sessions/<uuid:session_id>/ats/deliveries/", insights.ats.Deliveries.as_view()),
    path(
        "sessions/<uuid:session_id>/ats/deliveries/<uuid:delivery_id>/retry/",
        insights.ats.Retry.as_view(),
    ),
    path(
        "sessions/<uuid:session_id>/ats/deliveries/<uuid:delivery_id>/cancel/",
        insights.ats.Cancel.as_view(),
    ),
    path("guides/", sessions.Guides.as_view()),
    path("guides/check/", insights.GuideCheck.as_view()),
    path("guides/<uuid:guide_id>/", sessions.Guide.as_view()),
    path("uploads/", transcription.Uploads.as_view()),
    path("uploads/<uuid:upload_id>/", transcription.Upload.as_view()),
    path("uploads/<uuid:upload_id>/content/", transcription.Content.as_view()),
    path("uploads/<uuid:upload_id>/finish/", transcription.Finish.as_view()),
    path("sound-check/", transcription.SoundCheck.as_view()),
    path("webhooks/", insights.webhooks.Webhooks.as_view()),
    path("webhooks/<uuid:webhook_id>/", insights.webhooks.OneWebhook.as_view()),
    path("webhooks/<uuid:webhook_id>/rotate/", insights.webhooks.RotateWebhook.as_view()),
    path("webhooks/<uuid:webhook_id>/test/", insights.webhooks.TestWebhook.as_view()),
    path("webhooks/<uuid:webhook_id>/deliveries/", insights.webhooks.WebhookDeliveries.as_view()),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/<uuid:message_id>/",
        insights.webhooks.OneWebhookDelivery.as_view(),
    ),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/<uuid:message_id>/replay/",
        insights.webhooks.ReplayWebhookDelivery.as_view(),
    ),
    path("schema/", schema.Schema.as_view(), name="schema"),
]


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every refusal as problem details; leave bugs to Django."""
    try:
        if isinstance(error, exceptions.NotAuthenticated):
            limits.take_as_nobody()
    except limits.TooMany as too_many:
        error = too_many
    if isinstance(error, DomainError):
        response = problems.answer(error.status, error.code, error.detail, **error.more)
        if isinstance(error, limits.TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    if isinstance(error, CryptoError):
        logger.error("what is asked for does not open", exc_info=error)
        detail = _("What is stored here is damaged and cannot be opened.")
        return problems.answer(500, "damaged", detail)
    if isinstance(error, RecursionError):  # JSON nested deeper than the parser goes
        return problems.answer(400, "parse_error", _("This JSON is nested too deeply."))
    if isinstance(error, Http404):
        if _waits_for_second_factor(context["request"].user):
            detail = _("Your organization requires a second factor. Add it in your account.")
            return problems.answer(403, "second_factor_required", detail)
        return problems.answer(404, "not_found", _("There is no such thing, or it is not yours."))
    if isinstance(error, PermissionDenied):
        return problems.answer(403, "forbidden", _("You may not do this."))
    answer = exception_handler(error, context)
    if answer is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        detail = _("Some fields are wrong.")
        refused = problems.answer(answer.status_code, "invalid", detail, fields=error.detail)
    else:
        detail = getattr(error, "detail", _("The request was refused."))
        code = getattr(detail, "code", "error")
        refused = problems.answer(answer.status_code, code, str(detail))
    for name, value in answer.headers.items():  # WWW-Authenticate, Retry-After, Allow
        if name.lower() != "content-type":
            refused.headers[name] = value
    return refused


def _waits_for_second_factor(user: User | AnonymousUser) -> bool:
    """Tell whether nothing but a second factor is missing, to see anything at all."""
    return not memberships_of(user) and bool(organizations_requiring_more(user))


class SmallBodies:
    """Refuse bodies of the API that are too large, before Django reads them whole."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._application(scope, receive, send)
            return
        part = _is_part(scope["method"], scope["path"])
        most = PART_BYTES if part else MAX_BODY
        received = 0

        async def counted() -> dict[str, Any]:
            nonlocal received
            message: dict[str, Any] = await receive()
            received += len(message.get("body", b""))
            # Django takes it for a client that left, and answers nothing.
            return message if received <= most else {"type": "http.disconnect"}

        said = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = not said.isdigit() or len(said) > 9 or int(said) > most
        if not too_large:
            await self._application(scope, counted, send)
        if too_large or received > most:
            await _refuse_body(send, most)


def _is_part(method: str, path: str) -> bool:
    return method == "PUT" and PARTS.fullmatch(path) is not None


def _most_of_body(method: str, path: str) -> int:
    if _is_part(method, path):
        return PART_BYTES
    if method == "POST" and RESUMES.fullmatch(path):
        return MOST_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # the form around it, too
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class Held(io.BytesIO):
    """A body in memory. What is too much is let go but for a byte, by which it is known."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._room = most + 1

    def write(self, data: Any) -> int:
        taken = super().write(data[: self._room])
        self._room -= taken
        return taken


def keep_in_memory() -> None:
    """Let daphne keep the body of a request in memory, as long as it may be one.

    Twisted would write what has 100 kB or more to a temporary file: sound, in clear, and as much
    of it as anybody likes to send.
    """

    def prepare(request: WebRequest, length: int | None) -> None:
        # Of the request itself method and path are told only once its body is there.
        method, uri = request.channel._command, request.channel._path
        path = unquote(uri.partition(b"?")[0].decode("latin-1"))
        request.content = Held(_most_of_body(method.decode("latin-1"), path))

    WebRequest.gotLength = prepare


async def _refuse_body(send: Any, most: int) -> None:
    detail = _("A request holds at most %(size)d bytes.") % {"size": most}
    body = json.dumps(problems.problem(413, "too_large", detail)).encode()
    headers = [
        (b"content-type", problems.CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
