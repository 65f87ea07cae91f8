"""What happens to accounts on the real pages leaves a trace."""

import json

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from accounts.audit.chain import facts
from accounts.identity import Credentials, identify
from accounts.kinds import Event
from accounts.models import AuditEntry, Organization, User
from accounts.signals import access_changed
from tests.factories import PASSWORD, Cast


def entries(organization: Organization | None, event: Event | None = None) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(organization=organization).order_by("pk")
    return list(found.filter(action=event) if event else found)


def sign_in(client, email: str, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def test_a_sign_in_and_a_sign_out_leave_a_trace(client, cast: Cast):
    assert sign_in(client, cast.olga.email).status_code == 302
    (entry,) = entries(cast.organization, Event.SIGNED_IN)
    assert (entry.actor_id, entry.object_id) == (cast.olga.pk, str(cast.olga.pk))
    assert entry.details == {"method": "password", "second_factor": None}
    client.post(reverse("account_logout"))
    (entry,) = entries(cast.organization, Event.SIGNED_OUT)
    assert entry.actor_id == cast.olga.pk
    assert entries(None) == entries(cast.elsewhere, Event.SIGNED_IN) == []


def enter_code(client, secret: str):
    code = hotp_value(secret, next(yield_hotp_counters_from_time()))
    return client.post(reverse("mfa_authenticate"), {"code": f"{code:06}"})


def test_a_second_factor_is_named(client, cast: Cast):
    secret = generate_totp_secret()
    TOTP.activate(cast.olga, secret)
    sign_in(client, cast.olga.email)
    assert entries(cast.organization, Event.SIGNED_IN) == []  # half a sign-in is none
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    (failed,) = entries(cast.organization, Event.SIGN_IN_FAILED)
    assert (failed.object_id, failed.details) == (str(cast.olga.pk), {"step": "totp"})
    enter_code(client, secret)
    (entry,) = entries(cast.organization, Event.SIGNED_IN)
    assert entry.details == {"method": "password", "second_factor": "totp"}


def test_a_failed_sign_in_to_a_known_account_is_noted_with_it(client, cast: Cast):
    sign_in(client, cast.olga.email.upper(), "wrong-password")
    (entry,) = entries(cast.organization, Event.SIGN_IN_FAILED)
    assert (entry.actor_id, entry.object_id) == (None, str(cast.olga.pk))
    assert entries(cast.organization, Event.SIGNED_IN) == []
    assert entries(None) == []


def test_a_failed_sign_in_to_no_account_does_not_keep_what_was_typed(client, cast: Cast):
    sign_in(client, "my-password@typed.example", "wrong-password")
    (entry,) = entries(None)
    assert entry.action == Event.SIGN_IN_FAILED
    assert "typed" not in json.dumps(facts(entry))
    assert entries(cast.organization, Event.SIGN_IN_FAILED) == []


@pytest.fixture
def told(db):
    """Collect whose access is said to have changed."""
    told: list[frozenset[int]] = []

    def hear(user_ids, **kwargs):
        told.append(user_ids)

    access_changed.connect(hear)
    yield told
    access_changed.disconnect(hear)


def test_a_changed_password_leaves_a_trace_and_is_told(
    client, cast: Cast, told, django_capture_on_commit_callbacks
):
    sign_in(client, cast.olga.email)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            reverse("account_change_password"),
            {
                "oldpassword": PASSWORD,
                "password1": "another-long-one",
                "password2": "another-long-one",
            },
        )
    assert answer.status_code == 302
    (entry,) = entries(cast.organization, Event.PASSWORD_CHANGED)
    assert entry.details == {"reset": False}
    assert frozenset({cast.olga.pk}) in told


def test_a_removed_second_factor_leaves_a_trace_and_is_told(
    client, cast: Cast, told, django_capture_on_commit_callbacks
):
    secret = generate_totp_secret()
    TOTP.activate(cast.olga, secret)
    sign_in(client, cast.olga.email)
    enter_code(client, secret)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=cast.olga).exists()
    (entry,) = entries(cast.organization, Event.SECOND_FACTOR_REMOVED)
    assert (entry.actor_id, entry.details) == (cast.olga.pk, {"type": "totp"})
    assert frozenset({cast.olga.pk}) in told


@pytest.mark.django_db(transaction=True)
def test_who_hears_of_a_sign_out_finds_the_sign_in_gone(client, cast: Cast):
    sign_in(client, cast.olga.email)
    credentials = Credentials(session_key=client.session.session_key)
    assert identify(credentials) == cast.olga
    found = []

    def ask_again(user_ids, **kwargs):
        found.append(identify(credentials).is_authenticated)

    access_changed.connect(ask_again)
    try:
        client.post(reverse("account_logout"))
    finally:
        access_changed.disconnect(ask_again)
    assert found
    assert not any(found)


@pytest.mark.parametrize(
    ("step", "method"),
    [
        ({"method": "mfa", "type": "webauthn", "id": 1, "passwordless": True}, "passkey"),
        ({"method": "socialaccount", "provider": "northwind", "uid": "someone"}, "northwind"),
        ({"method": "password_reset", "email": "somebody@typed.example"}, "password_reset"),
    ],
)
def test_other_ways_in_are_named(rf, cast: Cast, step, method):
    request = rf.get("/")
    request.session = SessionStore()
    record_authentication(request, cast.olga, "password")  # given up before the second factor
    record_authentication(request, cast.olga, **step)
    user_logged_in.send(sender=User, request=request, user=cast.olga)
    (entry,) = entries(cast.organization, Event.SIGNED_IN)
    assert entry.details == {"method": method, "second_factor": None}
