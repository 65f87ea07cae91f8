"""Where one is signed in, ending that, and what holds for every account page."""

import re

import pytest
from allauth.usersessions.models import UserSession

from accounts.agents import device_name
from tests.accounts.people import is_signed_in, page_text, prove, signed_in

PAGES = [
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/tokens/",
    "/accounts/3rdparty/",
    "/accounts/logout/",
]
PROOF_FIRST = ["/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"]
ENTRANCES = ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/"]

# --- Devices -------------------------------------------------------------------------------------

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        (EDGE, "Edge on macOS"),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown browser"),
    ],
)
def test_devices_have_the_names_people_use(user_agent, name):
    assert device_name(user_agent) == name


def test_the_list_shows_ones_own_devices_and_marks_this_one(cast):
    here = signed_in(cast.olga, user_agent=FIREFOX)
    signed_in(cast.olga, user_agent=PHONE)
    signed_in(cast.sam, user_agent=EDGE)
    page = page_text(here.get("/accounts/sessions/"))
    assert page.index("Firefox on Windows") < page.index("this device") < page.index("Safari on")
    assert "Edge on macOS" not in page


def test_one_device_can_be_signed_out(cast, announced, django_capture_on_commit_callbacks):
    here, elsewhere, third = (signed_in(cast.olga) for _device in range(3))
    there = UserSession.objects.get(session_key=elsewhere.session.session_key)
    with django_capture_on_commit_callbacks(execute=True):
        here.post("/accounts/sessions/", {"end": there.pk})
    assert [is_signed_in(c) for c in (here, elsewhere, third)] == [True, False, True]
    assert announced == {cast.olga.pk}


def test_another_persons_device_cannot_be_signed_out(cast):
    here, theirs = signed_in(cast.olga), signed_in(cast.sam)
    there = UserSession.objects.get(session_key=theirs.session.session_key)
    for end in (there.pk, 10**6, "", "everything"):
        assert here.post("/accounts/sessions/", {"end": end}).status_code == 404
    assert is_signed_in(theirs)


def test_signing_out_everywhere_else_keeps_this_device(
    cast, announced, django_capture_on_commit_callbacks
):
    here, elsewhere, theirs = signed_in(cast.olga), signed_in(cast.olga), signed_in(cast.sam)
    with django_capture_on_commit_callbacks(execute=True):
        here.post("/accounts/sessions/", {"end": "others"})
    assert [is_signed_in(c) for c in (here, elsewhere, theirs)] == [True, False, True]
    assert announced == {cast.olga.pk}


def test_signing_out_everywhere_ends_this_device_too(
    cast, announced, django_capture_on_commit_callbacks
):
    here, elsewhere, theirs = signed_in(cast.olga), signed_in(cast.olga), signed_in(cast.sam)
    with django_capture_on_commit_callbacks(execute=True):
        answer = here.post("/accounts/sessions/", {"end": "all"})
    assert answer.headers["Location"] == "/accounts/login/"
    assert [is_signed_in(c) for c in (here, elsewhere, theirs)] == [False, False, True]
    assert announced == {cast.olga.pk}


def test_signing_out_is_announced_and_needs_a_post(
    cast, announced, django_capture_on_commit_callbacks
):
    here = signed_in(cast.olga)
    assert here.get("/accounts/logout/").status_code == 200
    assert is_signed_in(here)
    with django_capture_on_commit_callbacks(execute=True):
        here.post("/accounts/logout/")
    assert not is_signed_in(here)
    assert announced == {cast.olga.pk}


# --- Every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, *PROOF_FIRST])
def test_account_pages_are_for_who_is_signed_in(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", [*PAGES, *PROOF_FIRST, *ENTRANCES])
def test_pages_hold_nothing_that_the_policy_forbids_and_label_every_field(client, cast, path):
    if path not in ENTRANCES:
        client = signed_in(cast.olga)
        prove(client)
    answer = client.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    for script in re.findall(r"<script[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script, script
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        if 'type="hidden"' in field or 'name="scopes"' in field:
            continue
        label = re.search(r'id="(\w+)"', field)[1]
        assert f'for="{label}"' in page, field
