"""What breaks says so, and nothing of what it was about."""

import json

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import include, path
from rest_framework.views import APIView

import copilot.urls
from tests.product import environment, manage

CANARY = "vermilion walrus"


def breaks(error):
    def view(request):
        spoken = CANARY  # noqa: F841  # a local variable, as a debug page would show
        raise error

    return view


class Endpoint(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request):
        raise ValueError(CANARY)


errors = {400: SuspiciousOperation(CANARY), 404: Http404(CANARY), 500: ValueError(CANARY)}
handler400 = copilot.urls.handler400
handler404 = copilot.urls.handler404
handler500 = copilot.urls.handler500
urlpatterns = [
    *[path(f"broken/{code}/", breaks(error)) for code, error in errors.items()],
    *[path(f"api/broken/{code}/", breaks(error)) for code, error in errors.items()],
    path("api/endpoint/", Endpoint.as_view()),
    path("", include("copilot.urls")),
]


@pytest.fixture
def browser(settings, db):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("code", errors)
def test_a_page_that_breaks_shows_ours(browser, code):
    answer = browser.get(f"/broken/{code}/")
    assert answer.status_code == code
    page = answer.content.decode()
    assert f'<p class="problem-code">{code}</p>' in page
    assert "walrus" not in page
    assert "Error" not in page


@pytest.mark.parametrize(
    ("where", "code"),
    [*[(f"/api/broken/{code}/", code) for code in errors], ("/api/endpoint/", 500)],
)
def test_an_endpoint_that_breaks_answers_in_json(browser, where, code):
    answer = browser.get(where)
    assert answer.status_code == code
    assert "walrus" not in answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    refused = json.loads(answer.content)
    assert set(refused) == {"type", "title", "status", "detail", "code"}
    assert refused["status"] == answer.status_code
    assert refused["type"].endswith(f":{refused['code']}")


def test_production_starts_with_no_debug_pages(tmp_path):
    env = environment(tmp_path, INTERVIEW_MODE="production", DEBUG="1")
    refused = manage("check", env=env, check=False)
    assert refused.returncode != 0
    assert "DEBUG shows what was said on error pages" in refused.stderr


def test_start_up_that_fails_tells_why_without_the_values(tmp_path):
    secret = "walrus" * 4
    env = environment(tmp_path, INTERVIEW_MASTER_KEYS=f"a:{secret}")
    refused = manage("check", env=env, check=False)
    assert refused.returncode != 0
    assert "INTERVIEW_MASTER_KEYS" in refused.stderr
    assert secret not in refused.stdout + refused.stderr
