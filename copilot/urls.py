"""Every URL: pages, admin, API, health."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

import insights.urls
import sessions.urls
import transcription.urls
from copilot import api, schema
from insights import views as insight_views
from sessions.views import candidate, devices


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


session_pages = [
    *sessions.urls.urlpatterns,
    *transcription.urls.urlpatterns,
    *insights.urls.urlpatterns,
]

privacy_pages = [*sessions.urls.privacy_pages, *insights.urls.privacy_pages]

handler400 = "copilot.refusals.bad_request"
handler404 = "copilot.refusals.not_found"
handler500 = "copilot.refusals.server_error"
handler429 = "accounts.views.too_many_requests"  # allauth's limits answer with it

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="sessions:list")),
    path("sessions/", include((session_pages, "sessions"))),
    path("guides/", include((sessions.urls.guide_pages, "guides"))),
    path("privacy/", include((privacy_pages, "privacy"))),
    path("candidate/copy/", insight_views.candidate_copy, name="candidate_copy"),
    path("join/", devices.join, name="join"),
    path("join/<uuid:session_id>/<slug:channel>/", devices.device, name="device"),
    path("candidate/", candidate.page, name="candidate"),
    path("candidate/answer/", candidate.answer, name="candidate_answer"),
    path("candidate/withdraw/", candidate.withdraw, name="candidate_withdraw"),
    path("candidate/ask/", candidate.ask, name="candidate_ask"),
    path("candidate/receipt/", candidate.receipt, name="candidate_receipt"),
    path("candidate/<str:token>/", candidate.open_link, name="candidate_link"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include((api.urlpatterns, "api"))),
    path("api/docs/", schema.swagger, name="api_docs"),
    path("api/redoc/", schema.redoc, name="api_redoc"),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("metrics", insight_views.metrics),
]
