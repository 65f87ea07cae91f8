"""Every URL: pages, admin, API, health."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

import insights.urls
import sessions.urls
import transcription.urls
from copilot import api
from insights import views as insight_views
from sessions import views as session_views


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


session_pages = [
    *sessions.urls.urlpatterns,
    *transcription.urls.urlpatterns,
    *insights.urls.urlpatterns,
]

handler429 = "accounts.views.too_many_requests"  # allauth's limits answer with it

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="sessions:list")),
    path("sessions/", include((session_pages, "sessions"))),
    path("join/", session_views.join, name="join"),
    path("join/<uuid:session_id>/<slug:channel>/", session_views.device, name="device"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include((api.urlpatterns, "api"))),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("metrics", insight_views.metrics),
]
