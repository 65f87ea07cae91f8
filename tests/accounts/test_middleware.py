"""Who acts, from where and by what way; and where members go who owe a second factor."""

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import origin
from accounts.middleware import OriginMiddleware, client_address
from accounts.models import AuditEntry
from tests.factories import client_of

PAGES = ["/", "/sessions/", "/sessions/{id}/", "/admin/", "/nothing/"]


# --- From where ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),  # hearsay
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),  # the client made up the first
        (2, "10.0.0.1, 203.0.113.9, 198.51.100.2", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),  # did not come through both
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "unknown", None),
        (1, "<script>", None),
        (1, "x" * 100_000, None),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(settings, proxies, forwarded, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert client_address(forwarded, "192.0.2.1") == address


def test_without_an_address_there_is_none():
    assert client_address("", "") is None


# --- Who, and by what way ------------------------------------------------------------------------


def test_an_act_is_traced_to_its_person_address_and_way(cast, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = client_of(cast.sam)
    for path in ("/sessions/{id}/", "/api/v1/sessions/{id}/snapshot/"):
        answer = client.get(
            path.format(id=cast.session.pk), headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}
        )
        assert answer.status_code == 200
    traces = AuditEntry.objects.filter(action="session.viewed").order_by("pk")
    assert [(t.via, t.actor_id, t.actor, t.ip) for t in traces] == [
        (via, cast.sam.pk, cast.sam.email, "203.0.113.9") for via in ("web", "api")
    ]


def asked(path, user_of_request=None):
    """Return the origin as the view sees it before and after it asks for the user."""
    seen = []

    def view(request):
        seen.append(origin.current())
        seen.append(request.user.is_authenticated and origin.current())
        return HttpResponse()

    request = RequestFactory().get(path)
    request.session = user_of_request.session if user_of_request else {}
    OriginMiddleware(view)(request)
    return seen, request


@pytest.mark.parametrize(
    ("path", "via"),
    [("/sessions/", "web"), ("/api/v1/sessions/", "api"), ("/admin/", "admin"), ("/apis", "web")],
)
def test_the_way_is_told_by_the_path(cast, path, via):
    (before, after), _request = asked(path, client_of(cast.olga))
    assert (before.via, before.user_id, before.ip) == (via, None, "127.0.0.1")
    assert (after.via, after.user_id, after.user) == (via, cast.olga.pk, cast.olga.email)


def test_nobody_acts_once_the_answer_is_out(cast):
    _seen, request = asked("/sessions/", client_of(cast.olga))
    assert origin.current() == origin.Origin()
    assert request.user == cast.olga
    _seen, late = asked("/sessions/", None)
    assert not late.user.is_authenticated
    assert origin.current() == origin.Origin()


def test_whoever_is_looked_up_late_does_not_act_for_somebody_else(cast):
    request = RequestFactory().get("/sessions/")
    request.session = client_of(cast.olga).session
    OriginMiddleware(lambda request: HttpResponse())(request)
    with origin.acting(origin.Origin(via="command")):
        assert request.user == cast.olga
        assert origin.current().user_id is None


def test_what_is_for_everybody_looks_nobody_up(cast, django_assert_num_queries):
    client = client_of(cast.olga)
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200
        style = client.get("/static/css/app.css")
        assert style.status_code == 200
        style.close()


# --- A second factor that is owed ----------------------------------------------------------------


@pytest.fixture
def strict(cast):
    cast.organization.require_second_factor = True
    cast.organization.save()
    return cast


def give_factor(user):
    return Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


@pytest.mark.parametrize("path", PAGES)
def test_who_owes_a_second_factor_is_sent_to_add_it(strict, path):
    strict.olga.is_staff = strict.olga.is_superuser = True
    strict.olga.save()
    path = path.format(id=strict.session.pk)
    for send in (client_of(strict.olga).get, client_of(strict.olga).post):
        answer = send(path)
        assert (answer.status_code, answer.url) == (302, "/accounts/2fa/")


@pytest.mark.parametrize("path", PAGES)
def test_who_owes_none_is_sent_nowhere(strict, path):
    give_factor(strict.olga)
    for person in (strict.olga, strict.otto):
        answer = client_of(person).get(path.format(id=strict.session.pk))
        assert answer.headers.get("Location") != "/accounts/2fa/"


def test_a_stranger_is_sent_to_sign_in(strict):
    answer = Client().get("/sessions/")
    assert answer.url.startswith("/accounts/login/")


def test_a_recovery_code_is_no_second_factor_by_itself(strict):
    Authenticator.objects.create(user=strict.olga, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert client_of(strict.olga).get("/sessions/").url == "/accounts/2fa/"


@pytest.mark.parametrize(
    "path", ["/accounts/2fa/", "/accounts/logout/", "/accounts/password/change/", "/healthz"]
)
def test_the_way_there_is_open_and_never_leads_in_a_circle(strict, path):
    answer = client_of(strict.olga).get(path, follow=True)
    assert answer.status_code == 200
    assert len(answer.redirect_chain) < 5


def test_the_page_to_add_it_is_reached(strict):
    answer = client_of(strict.olga).get("/sessions/", follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/accounts/2fa/"


def test_the_api_does_not_redirect(strict):
    """A client of the API gets what the door says: nothing of this organization."""
    answer = client_of(strict.olga).get("/api/v1/sessions/")
    assert (answer.status_code, answer.json()["results"]) == (200, [])
