"""What Django answers where no view did: our pages, and JSON below /api/. No word of the reason."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_program(request):
        return _error(400, "bad_request", _("The request was not understood."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_program(request):
        return _error(404, "not_found", _("There is no such thing, or it is not yours."))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_program(request):
        return _error(500, "broken", _("Something broke on our side."))
    return defaults.server_error(request)


def _is_program(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _error(status: int, code: str, detail: str) -> HttpResponse:
    answer = JsonResponse({"error": {"code": code, "detail": detail}}, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
