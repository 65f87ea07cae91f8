"""`/api/v1/`: all endpoints on one screen, and the one shape of an error."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from copilot.lib.errors import DomainError
from insights import api as insights
from sessions import api as sessions

app_name = "api"
urlpatterns = [
    path("sessions/", sessions.SessionList.as_view()),
    path("sessions/<uuid:session_id>/", sessions.SessionDetail.as_view()),
    path("sessions/<uuid:session_id>/consent/", sessions.Consent.as_view()),
    path("sessions/<uuid:session_id>/start/", sessions.Start.as_view()),
    path("sessions/<uuid:session_id>/end/", sessions.End.as_view()),
    path("sessions/<uuid:session_id>/snapshot/", insights.Snapshot.as_view()),
    path("sessions/<uuid:session_id>/transcript/", insights.Transcript.as_view()),
    path("sessions/<uuid:session_id>/insights/", insights.Insights.as_view()),
    path(
        "sessions/<uuid:session_id>/insights/<uuid:insight_id>/feedback/",
        insights.Feedback.as_view(),
    ),
]


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every refusal as `{"error": {"code", "detail"}}`; leave bugs to Django."""
    if isinstance(error, DomainError):
        return _error(error.status, error.code, error.detail)
    if isinstance(error, Http404):
        return _error(404, "not_found", "There is no such thing, or it is not yours.")
    if isinstance(error, PermissionDenied):
        return _error(403, "forbidden", "You may not do this.")
    response = exception_handler(error, context)
    if response is None:
        return None
    code = error.default_code if isinstance(error, exceptions.APIException) else "error"
    if isinstance(error, exceptions.ValidationError):
        response.data = {
            "error": {"code": "invalid", "detail": "Some fields are wrong.", "fields": error.detail}
        }
    else:
        detail = getattr(error, "detail", "The request was refused.")
        response.data = {"error": {"code": code, "detail": str(detail)}}
    return response


def _error(status: int, code: str, detail: str) -> Response:
    return Response({"error": {"code": code, "detail": detail}}, status=status)
