"""Joining by an invitation's link, with a new account or one's own."""

import threading
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, Membership, User
from accounts.roles import Role
from tests.accounts.people import is_signed_in, page_text, sign_in, signed_in
from tests.factories import PASSWORD, Cast, make_cast

NEW = {"name": "Nora Neu", "password": "a-long-new-password"}
ADDRESS = "nora@new.example"


def invite(cast: Cast, email: str = ADDRESS, role: Role = Role.INTERVIEWER) -> str:
    """Return the path of an invitation's link."""
    _invitation, token = invitations.invite(
        organization=cast.organization, email=email, role=role, invited_by=cast.ada
    )
    return f"/accounts/invitations/{token}/"


def member(cast: Cast, email: str = ADDRESS) -> Membership | None:
    return Membership.objects.filter(organization=cast.organization, user__email=email).first()


def test_the_link_shows_who_invites_whom_as_what(client, cast):
    answer = client.get(invite(cast, role=Role.VIEWER))
    page = page_text(answer)
    assert "Join Here" in page
    assert "<strong>viewer</strong>" in page
    assert ADDRESS in page
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "strict-origin"  # the path stays here
    assert member(cast) is None


def test_somebody_new_makes_an_account_and_is_signed_in(client, cast):
    path = invite(cast)
    answer = client.post(path, NEW)
    assert answer.headers["Location"] == "/sessions/"
    assert is_signed_in(client)
    assert member(cast).role == Role.INTERVIEWER
    assert member(cast).user.name == "Nora Neu"
    assert EmailAddress.objects.get(user__email=ADDRESS).verified
    assert "this device" in page_text(client.get("/accounts/sessions/"))
    again = Client()
    assert sign_in(again, User(email=ADDRESS), NEW["password"]).headers["Location"] == "/sessions/"


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Nora", "password": "short"},
        {"name": "Nora", "password": "password123"},
        {"name": "Nora", "password": ADDRESS},
        {"name": "", "password": NEW["password"]},
        {},
    ],
)
def test_a_weak_password_or_no_name_joins_nobody(client, cast, form):
    path = invite(cast)
    answer = client.post(path, form)
    assert answer.status_code == 200
    assert not User.objects.filter(email=ADDRESS).exists()
    if form:
        assert 'aria-invalid="true"' in page_text(answer)
    assert client.post(path, NEW).status_code == 302  # the link still works


def test_the_link_works_once(client, cast):
    path = invite(cast)
    client.post(path, NEW)
    for visitor in (client, Client()):
        assert visitor.get(path).status_code == 404
        assert visitor.post(path, NEW).status_code == 404


def test_links_that_are_over_look_like_links_that_never_were(client, cast):
    paths = ["/accounts/invitations/never-was/"]
    for ending in ("expires_at", "revoked_at", "accepted_at"):
        email = f"{ending}@new.example"
        paths.append(invite(cast, email))
        Invitation.objects.filter(email=email).update(**{ending: timezone.now()})
    paths.append(invite(cast, "twice@new.example"))
    invite(cast, "twice@new.example")  # the older of two ends
    answers = [client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert len({page_text(answer) for answer in answers}) == 1
    assert "not valid any more" in page_text(answers[0])
    assert [client.post(path, NEW).status_code for path in paths] == [404] * 5
    assert not User.objects.filter(email__endswith="@new.example").exists()


def test_an_invitation_of_tomorrow_is_open(client, cast):
    path = invite(cast)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert client.get(path).status_code == 200


def test_who_has_an_account_signs_in_and_joins_with_it(client, cast):
    path = invite(cast, cast.otto.email, Role.VIEWER)
    assert f"?next={path}" in page_text(client.get(path))
    client.post(path, NEW)  # not by choosing a password for somebody else's account
    assert member(cast, cast.otto.email) is None
    assert sign_in(client, cast.otto, next=path).headers["Location"] == path
    assert "invitation-form" in page_text(client.get(path))
    assert member(cast, cast.otto.email) is None  # looking joins nobody
    assert client.post(path).headers["Location"] == "/sessions/"
    assert member(cast, cast.otto.email).role == Role.VIEWER
    assert User.objects.get(pk=cast.otto.pk).check_password(PASSWORD)


def test_somebody_else_cannot_accept(cast):
    path = invite(cast)
    other = signed_in(cast.otto)
    for answer in (other.get(path), other.post(path, NEW)):
        assert "You are signed in as otto@there.example" in page_text(answer)
        assert "/accounts/logout/" in page_text(answer)
    assert member(cast, cast.otto.email) is None
    assert not User.objects.filter(email=ADDRESS).exists()
    answer = other.post("/accounts/logout/", {"next": path})
    assert answer.headers["Location"] == path


def test_accepting_needs_the_forms_token(cast):
    path = invite(cast)
    assert Client(enforce_csrf_checks=True).post(path, NEW).status_code == 403
    assert not User.objects.filter(email=ADDRESS).exists()


@pytest.mark.django_db(transaction=True)
def test_of_several_who_accept_at_the_same_moment_one_wins():
    cast = make_cast()
    path = invite(cast)
    ready, answers = threading.Barrier(4), []

    def accept() -> None:
        client = Client()
        ready.wait()
        try:
            answers.append(client.post(path, NEW).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept) for _visitor in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(302) == 1
    assert set(answers) <= {200, 302, 404}  # who comes later: the account is there, the link over
    assert User.objects.filter(email=ADDRESS).count() == 1
    assert Membership.objects.filter(user__email=ADDRESS).count() == 1
