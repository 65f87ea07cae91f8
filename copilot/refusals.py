"""What Django answers where no view did: our pages, and JSON below /api/. No word of the reason."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views import defaults

from copilot.lib.problems import plain_answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_program(request):
        return plain_answer(400, "bad_request", _("The request was not understood."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_program(request):
        return plain_answer(404, "not_found", _("There is no such thing, or it is not yours."))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_program(request):
        return plain_answer(500, "broken", _("Something broke on our side."))
    return defaults.server_error(request)


def _is_program(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
