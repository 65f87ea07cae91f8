"""Signing in, staying in and being put out: the pages as a person's browser asks for them."""

import re
import time
from types import SimpleNamespace

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from accounts.models import User
from tests.accounts.people import (
    SECRET,
    add_totp,
    code,
    is_signed_in,
    link,
    mails,
    page_text,
    prove,
    sign_in,
    signed_in,
)
from tests.factories import PASSWORD, make_user

NEW = "another-long-password"


def later(monkeypatch, seconds: int) -> None:
    clock = SimpleNamespace(time=lambda: time.time() + seconds)
    clock.monotonic, clock.sleep = time.monotonic, time.sleep
    monkeypatch.setattr(ratelimit, "time", clock)


# --- The sign-in page ----------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["olga@here.example", "Olga@Here.EXAMPLE", " olga@here.example "])
def test_the_case_of_the_address_does_not_matter(client, cast, typed):
    client.post("/accounts/login/", {"login": typed, "password": PASSWORD})
    assert is_signed_in(client)


def test_wrong_password_and_unknown_address_look_the_same(client, cast):
    wrong = sign_in(client, cast.olga, "wrong-password")
    stranger = sign_in(client, User(email="nobody@here.example"), "wrong-password")
    assert wrong.status_code == stranger.status_code == 200
    assert "do not belong together" in page_text(wrong)
    assert page_text(wrong).replace("olga", "nobody") == page_text(stranger)
    assert not is_signed_in(client)


def test_an_account_switched_off_tells_only_who_knows_the_password(client, cast):
    User.objects.filter(pk=cast.olga.pk).update(is_active=False)
    assert "do not belong together" in page_text(sign_in(client, cast.olga, "wrong-password"))
    assert sign_in(client, cast.olga).headers["Location"] == "/accounts/inactive/"
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/accounts/tokens/", "/accounts/tokens/"),
        ("https://evil.example/", "/sessions/"),
        ("//evil.example/", "/sessions/"),
    ],
)
def test_after_signing_in_one_goes_on_here_and_nowhere_else(client, cast, wanted, reached):
    assert sign_in(client, cast.olga, next=wanted).headers["Location"] == reached


def test_nobody_signs_up(client, db):
    form = {"email": "new@here.example", "password1": PASSWORD}
    assert "by invitation" in page_text(client.get("/accounts/signup/"))
    assert "by invitation" in page_text(client.post("/accounts/signup/", form))
    assert not User.objects.exists()


# --- Lock-out ------------------------------------------------------------------------------------


@pytest.fixture
def locked(client, cast):
    for _attempt in range(5):
        assert sign_in(client, cast.olga, "wrong-password").status_code == 200
    return cast.olga


def test_after_five_wrong_passwords_even_the_right_one_is_refused(client, cast, locked):
    answer = sign_in(client, locked)
    assert answer.status_code == 429
    assert 540 < int(answer.headers["Retry-After"]) <= 600
    assert "Try again in 10 minutes" in page_text(answer)
    assert not is_signed_in(client)
    assert sign_in(client, cast.sam).headers["Location"] == "/sessions/"  # nobody else


def test_the_lock_holds_whatever_the_host_is_called(client, cast, locked):
    for host in ("localhost", "localhost:1", "127.0.0.1:2", "LOCALHOST:3"):
        form = {"login": f" {locked.email.upper()} ", "password": PASSWORD}
        answer = client.post("/accounts/login/", form, headers={"host": host})
        assert answer.status_code == 429


def test_an_unknown_address_is_locked_out_alike(client, cast):
    stranger = User(email="nobody@here.example")
    answers = [sign_in(client, stranger, "wrong-password").status_code for _attempt in range(6)]
    assert answers == [200] * 5 + [429]


def test_the_lock_opens_with_time(client, locked, monkeypatch):
    later(monkeypatch, 590)
    assert sign_in(client, locked).status_code == 429
    later(monkeypatch, 601)
    assert sign_in(client, locked).status_code == 302


def test_a_new_password_opens_the_lock(client, locked):
    client.post("/accounts/password/reset/", {"email": locked.email})
    choose_password(client, link(mails()[0]))
    assert sign_in(client, locked, NEW).headers["Location"] == "/sessions/"


def test_too_many_requests_from_one_address_are_told_to_wait(client, db):
    answers = [client.post("/accounts/login/", {}) for _attempt in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert "Try again in 1 minute." in page_text(answers[-1])


# --- A new password ------------------------------------------------------------------------------


def choose_password(client, path: str):
    page = client.get(path, follow=True)
    action = page.redirect_chain[-1][0] if page.redirect_chain else path
    return client.post(action, {"password1": NEW, "password2": NEW})


class DeadServer(BaseEmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("nobody listens")


@pytest.mark.parametrize("backend", [None, f"{__name__}.DeadServer"])
def test_asking_for_a_new_password_does_not_tell_who_has_an_account(
    client, cast, settings, backend
):
    settings.EMAIL_BACKEND = backend or settings.EMAIL_BACKEND
    known = client.post("/accounts/password/reset/", {"email": cast.olga.email}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "no@here.example"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert page_text(known) == page_text(unknown)
    assert [m.to for m in mails()] == ([] if backend else [[cast.olga.email]])


def test_a_reset_link_works_once_and_ends_every_sign_in(client, cast):
    elsewhere = signed_in(cast.olga)
    client.post("/accounts/password/reset/", {"email": "OLGA@here.example"})
    path = link(mails()[0])
    assert choose_password(client, path).status_code == 302
    assert not is_signed_in(elsewhere)
    assert "not valid any more" in page_text(Client().get(path, follow=True))
    assert "do not belong together" in page_text(sign_in(client, cast.olga))
    assert sign_in(client, cast.olga, NEW).status_code == 302


def test_a_weak_password_is_refused(client, cast):
    client.post("/accounts/password/reset/", {"email": cast.olga.email})
    page = client.get(link(mails()[0]), follow=True)
    short = {"password1": "short", "password2": "short"}
    answer = client.post(page.redirect_chain[-1][0], short)
    assert 'aria-invalid="true"' in page_text(answer)
    assert sign_in(client, cast.olga).status_code == 302


def test_changing_the_password_ends_the_other_devices(
    cast, announced, django_capture_on_commit_callbacks
):
    here, elsewhere = signed_in(cast.olga), signed_in(cast.olga)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert cast.olga.pk in announced
    assert [m.subject for m in mails()] == ["Your password was changed"]


def test_changing_the_password_needs_the_old_one(cast):
    here = signed_in(cast.olga)
    form = {"oldpassword": "wrong-password", "password1": NEW, "password2": NEW}
    assert "This is not your password." in page_text(here.post("/accounts/password/change/", form))
    assert User.objects.get(pk=cast.olga.pk).check_password(PASSWORD)


def test_who_signs_in_at_a_provider_gets_no_password_around_it(client, cast, settings):
    settings.INTERVIEW_OIDC = [{"id": "here-id", "name": "Here ID", "organization": "here"}]
    SocialAccount.objects.create(user=cast.olga, provider="here-id", uid="1")
    cast.olga.set_unusable_password()
    cast.olga.save()
    client.post("/accounts/password/reset/", {"email": cast.olga.email})
    assert "you sign in with Here ID" in mails()[0].body
    assert "/password/reset/key/" not in mails()[0].body
    client.force_login(cast.olga)
    form = {"password1": NEW, "password2": NEW}
    assert "has no password" in page_text(client.post("/accounts/password/set/", form))
    assert not User.objects.get(pk=cast.olga.pk).has_usable_password()


# --- The e-mail address --------------------------------------------------------------------------


def change_email(client, address: str):
    prove(client)
    return client.post("/accounts/email/", {"email": address, "action_add": ""}, follow=True)


def test_a_new_address_needs_proof_and_counts_once_it_is_confirmed(cast):
    here = signed_in(cast.olga)
    answer = here.post("/accounts/email/", {"email": "o@here.example", "action_add": ""})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert "We sent a link" in page_text(change_email(here, "o@here.example"))
    assert sign_in(Client(), User(email="olga@here.example")).status_code == 302
    here.post(link(mails()[0]))
    assert User.objects.get(pk=cast.olga.pk).email == "o@here.example"
    assert "do not belong" in page_text(sign_in(Client(), User(email="olga@here.example")))
    assert sign_in(Client(), User(email="o@here.example")).status_code == 302


def test_somebody_elses_address_cannot_be_taken(cast):
    here = signed_in(cast.olga)
    change_email(here, cast.sam.email)
    answer = here.post(link(mails()[-1]), follow=True)
    assert "cannot be used" in page_text(answer)
    assert User.objects.get(pk=cast.olga.pk).email == cast.olga.email
    assert is_signed_in(signed_in(cast.sam))


def test_an_address_that_was_taken_away_gets_no_reset_link(client, cast):
    signed_in(cast.olga)
    User.objects.filter(pk=cast.olga.pk).update(email="o@here.example")
    client.post("/accounts/password/reset/", {"email": "olga@here.example"})
    assert mails() == []
    newcomer = make_user(cast.organization, "olga")  # the address is given to somebody else
    assert is_signed_in(signed_in(newcomer))


# --- The second factor ---------------------------------------------------------------------------


def test_with_an_authenticator_app_the_password_is_not_enough(client, cast):
    add_totp(cast.olga)
    assert sign_in(client, cast.olga).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)
    assert "This code is not right" in page_text(
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    )
    assert not is_signed_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": code()}).status_code == 302
    assert is_signed_in(client)


def test_a_code_works_once(client, cast):
    add_totp(cast.olga)
    now = code()
    for number, answer in ((1, 302), (2, 200)):
        client = Client()
        sign_in(client, cast.olga)
        assert client.post("/accounts/2fa/authenticate/", {"code": now}).status_code == answer, (
            number
        )


def test_after_five_wrong_codes_even_the_right_one_is_refused(client, cast):
    add_totp(cast.olga)
    sign_in(client, cast.olga)
    for _attempt in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 540
    assert not is_signed_in(client)


def test_a_recovery_code_replaces_the_app_once(cast):
    add_totp(cast.olga)
    recovery = Authenticator.objects.get(user=cast.olga, type="recovery_codes")
    spare = recovery.wrap().get_unused_codes()[0]
    for answer in (302, 200):
        client = Client()
        sign_in(client, cast.olga)
        assert client.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == answer


def test_secrets_of_second_factors_lie_sealed(cast):
    app = add_totp(cast.olga)
    recovery = Authenticator.objects.get(user=cast.olga, type="recovery_codes").wrap()
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored
    assert not any(spare in stored for spare in recovery.get_unused_codes())
    assert app.wrap().validate_code(code())


def test_setting_up_an_app_needs_proof_and_a_right_code(cast):
    here = signed_in(cast.olga)
    answer = here.get("/accounts/2fa/totp/activate/")
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    prove(here)
    secret = re.search(r'totp-secret">(\w+)<', page_text(here.get("/accounts/2fa/totp/activate/")))[
        1
    ]
    assert here.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.exists()
    right = {"code": code(secret=secret)}
    assert here.post("/accounts/2fa/totp/activate/", right).status_code == 302
    assert {a.type for a in Authenticator.objects.filter(user=cast.olga)} == {
        "totp",
        "recovery_codes",
    }


@pytest.fixture
def strict(cast):
    cast.organization.require_second_factor = True
    cast.organization.save()
    return cast


def test_the_page_says_which_organization_requires_a_second_factor(strict):
    page = signed_in(strict.olga).get("/sessions/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/2fa/"
    assert "<strong>Here</strong> requires a second factor" in page_text(page)
    assert "requires a second factor" not in page_text(signed_in(strict.otto).get("/accounts/2fa/"))


def remove_factors(user: User, *factors: Authenticator) -> None:
    here = Client()
    here.force_login(user)
    paths = {"totp": "totp/deactivate", "webauthn": "webauthn/keys/{}/remove"}
    here.post("/accounts/2fa/reauthenticate/", {"code": code(), "next": "/accounts/2fa/"})
    for factor in factors:
        here.post(f"/accounts/2fa/{paths[factor.type].format(factor.pk)}/")


@pytest.mark.parametrize("types", [["totp"], ["totp", "webauthn"], ["webauthn", "totp"]])
@pytest.mark.parametrize("required", [True, False])
def test_the_last_second_factor_stays_while_an_organization_requires_one(strict, types, required):
    strict.organization.require_second_factor = required
    strict.organization.save()
    factors = {"totp": add_totp(strict.olga)}
    if "webauthn" in types:
        data = {"name": "key", "credential": {}}
        factors["webauthn"] = Authenticator.objects.create(
            user=strict.olga, type="webauthn", data=data
        )
    remove_factors(strict.olga, *[factors[kind] for kind in types])
    left = Authenticator.objects.filter(user=strict.olga).exclude(type="recovery_codes")
    assert [factor.type for factor in left] == (types[-1:] if required else [])


def test_a_passkey_of_somebody_else_cannot_be_removed(cast):
    add_totp(cast.olga)
    theirs = Authenticator.objects.create(user=cast.sam, type="webauthn", data={"name": "key"})
    remove_factors(cast.olga, theirs)
    assert Authenticator.objects.filter(pk=theirs.pk).exists()
