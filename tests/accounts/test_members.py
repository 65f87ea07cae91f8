"""Members: joining, roles, leaving; whoever loses a right loses it at once."""

import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import identity, invitations, tokens
from accounts.models import ApiToken, AuditEntry, Invitation, User
from accounts.queries import active_membership, may, organizations_managed_by
from accounts.roles import Act, Role, Scope
from accounts.services import add_member, change_role, deactivate, end_sign_ins, reactivate
from copilot.lib.errors import DomainError
from sessions import access
from sessions.models import Session
from sessions.services import transfer_sessions
from tests.factories import PASSWORD, make_session, make_token


def membership(user):
    return user.memberships.get()


def audited(action, **fields):
    return AuditEntry.objects.filter(action=action, **fields).exists()


# --- Roles ---------------------------------------------------------------------------------------


def test_a_role_decides_what_one_may_do(cast):
    assert may(cast.mia, Act.CREATE_SESSION)
    change_role(membership=membership(cast.mia), role=Role.VIEWER)
    assert not may(cast.mia, Act.CREATE_SESSION)
    assert audited("member.role_changed", details__user=cast.mia.pk, details__to="viewer")


def test_admins_are_staff_as_long_as_they_are_admins(cast):
    change_role(membership=membership(cast.mia), role=Role.ADMIN)
    cast.mia.refresh_from_db()
    assert cast.mia.is_staff
    assert not cast.mia.is_superuser
    change_role(membership=membership(cast.mia), role=Role.INTERVIEWER)
    cast.mia.refresh_from_db()
    assert not cast.mia.is_staff
    assert list(organizations_managed_by(cast.mia)) == []
    assert list(organizations_managed_by(cast.ada)) == [cast.organization]


def test_the_last_admin_stays(cast):
    for act in (
        lambda: change_role(membership=membership(cast.ada), role=Role.INTERVIEWER),
        lambda: deactivate(membership=membership(cast.ada)),
    ):
        with pytest.raises(DomainError, match="last_admin"):
            act()
    change_role(membership=membership(cast.mia), role=Role.ADMIN)
    deactivate(membership=membership(cast.ada))
    assert not active_membership(cast.ada)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_leave_one(cast):
    change_role(membership=membership(cast.mia), role=Role.ADMIN)
    start = threading.Barrier(2)

    def demote(user):
        try:
            held = membership(user)
            start.wait(10)
            change_role(membership=held, role=Role.VIEWER)
        except DomainError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=[user]) for user in (cast.ada, cast.mia)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert cast.organization.memberships.filter(role="admin", is_active=True).count() == 1


def test_a_superuser_needs_the_second_factor_an_organization_requires(cast):
    root = User.objects.create_superuser("root@example.com", "x")
    assert set(organizations_managed_by(root)) == {cast.organization, cast.elsewhere}
    cast.organization.require_second_factor = True
    cast.organization.save()
    assert set(organizations_managed_by(root)) == {cast.elsewhere}
    Authenticator.objects.create(user=root, type="totp", data={})
    assert set(organizations_managed_by(root)) == {cast.organization, cast.elsewhere}


# --- Leaving -------------------------------------------------------------------------------------


def test_a_deactivated_member_is_out_everywhere_at_once(cast):
    client = Client()
    client.force_login(cast.sam)
    raw = make_token(cast.sam, cast.organization, "read")
    assert client.get("/sessions/").status_code == 200
    assert tokens.find(raw)
    deactivate(membership=membership(cast.sam))
    assert client.get("/sessions/").status_code == 302
    assert tokens.find(raw) is None
    assert not access.sessions_visible_to(cast.sam).exists()
    assert audited("member.deactivated", details__user=cast.sam.pk)


def test_a_member_of_two_organizations_keeps_the_other(cast):
    add_member(organization=cast.elsewhere, user=cast.sam, role=Role.INTERVIEWER)
    client = Client()
    client.force_login(cast.sam)
    kept = make_token(cast.sam, cast.elsewhere, "read")
    deactivate(membership=cast.sam.memberships.get(organization=cast.organization))
    assert client.get("/sessions/").status_code == 200
    assert tokens.find(kept)
    assert not access.sessions_visible_to(cast.sam).exists()


def test_who_comes_back_finds_what_was_shared_but_no_old_token(cast):
    raw = make_token(cast.sam, cast.organization, "read")
    deactivate(membership=membership(cast.sam))
    reactivate(membership=membership(cast.sam))
    assert list(access.sessions_visible_to(cast.sam)) == [cast.session]
    assert tokens.find(raw) is None


def test_signing_out_everywhere_ends_every_sign_in(cast):
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(cast.sam)
    other = Client()
    other.force_login(cast.mia)
    end_sign_ins(cast.sam)
    assert [client.get("/sessions/").status_code for client in clients] == [302, 302]
    assert other.get("/sessions/").status_code == 200


def test_a_leavers_interviews_go_to_a_colleague(cast):
    second = make_session(cast.olga, cast.organization)
    foreign = make_session(cast.otto, cast.elsewhere)
    deactivate(membership=membership(cast.olga))
    count = transfer_sessions(organization=cast.organization, owner=cast.olga, to=cast.sam)
    assert count == 2
    for session in Session.objects.filter(pk__in=[cast.session.pk, second.pk]):
        assert session.owner == cast.sam
        assert all(access.perms_of(cast.sam, session).values())
        assert not any(access.perms_of(cast.olga, session).values())
    assert access.get_session(cast.cora, cast.session.pk)  # shares stay
    assert Session.objects.get(pk=foreign.pk).owner == cast.otto
    assert audited("session.transferred", object_id=str(second.pk))


@pytest.mark.parametrize("heir", ["vic", "otto", "lea", "olga"])
def test_interviews_go_only_to_somebody_who_may_hold_them(cast, heir):
    with pytest.raises(DomainError, match="bad_heir"):
        transfer_sessions(organization=cast.organization, owner=cast.olga, to=getattr(cast, heir))
    assert Session.objects.get(pk=cast.session.pk).owner == cast.olga


# --- Invitations ---------------------------------------------------------------------------------


@pytest.fixture
def invited(cast):
    return invitations.invite(
        organization=cast.organization,
        email="New@Example.com ",
        role="interviewer",
        invited_by=cast.ada,
    )


def test_somebody_new_joins_by_the_link(cast, invited):
    invitation, token = invited
    assert invitations.find(token) == invitation
    user = invitations.accept_as_new(invitation=invitation, name="Nia", password=PASSWORD)
    assert (user.email, membership(user).role) == ("new@example.com", "interviewer")
    assert user.check_password(PASSWORD)
    assert audited("member.invited", object_id=str(invitation.pk))
    assert audited("member.joined", actor="new@example.com")


def test_an_invitation_works_once(cast, invited):
    invitation, token = invited
    invitations.accept_as_new(invitation=invitation, name="Nia", password=PASSWORD)
    assert invitations.find(token) is None
    user = User.objects.get(email="new@example.com")
    deactivate(membership=membership(user))
    with pytest.raises(DomainError, match="invitation_over"):
        invitations.accept(invitation=invitation, user=user)
    assert not active_membership(user)


def test_an_expired_or_revoked_invitation_is_over(cast, invited):
    invitation, token = invited
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    assert invitations.find(token) is None
    with pytest.raises(DomainError, match="invitation_over"):
        invitations.accept_as_new(invitation=invitation, name="", password=PASSWORD)
    assert not User.objects.filter(email="new@example.com").exists()
    later = timezone.now() + timedelta(hours=1)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=later)
    assert invitations.find(token)
    invitations.revoke(invitation=invitation)
    assert invitations.find(token) is None


def test_a_newer_invitation_ends_the_older(cast, invited):
    again = invitations.invite(
        organization=cast.organization,
        email="new@example.com",
        role="viewer",
        invited_by=cast.ada,
    )
    assert invitations.find(invited[1]) is None
    assert invitations.find(again[1]) == again[0]


def test_an_invitation_is_for_one_address(cast, invited):
    with pytest.raises(DomainError, match="wrong_person"):
        invitations.accept(invitation=invited[0], user=cast.otto)
    assert not active_membership(cast.otto, cast.organization.pk)


def test_somebody_with_an_account_elsewhere_may_join(cast):
    invitation, _token = invitations.invite(
        organization=cast.organization, email=cast.otto.email, role="viewer", invited_by=cast.ada
    )
    with pytest.raises(DomainError, match="account_exists"):
        invitations.accept_as_new(invitation=invitation, name="", password=PASSWORD)
    invitations.accept(invitation=invitation, user=cast.otto)
    assert active_membership(cast.otto, cast.organization.pk).role == "viewer"


@pytest.mark.parametrize("ending", ["demoted", "deactivated"])
def test_who_is_no_admin_any_more_does_not_come_back_by_an_own_link(cast, invited, ending):
    _own, token = invited
    add_member(organization=cast.organization, user=cast.mia, role=Role.ADMIN)
    _other, kept = invitations.invite(
        organization=cast.organization, email="b@x.example", role="viewer", invited_by=cast.mia
    )
    if ending == "demoted":
        change_role(membership=membership(cast.ada), role=Role.INTERVIEWER)
    else:
        deactivate(membership=membership(cast.ada))
    assert invitations.find(token) is None
    assert audited("member.invitation_revoked", object_id=str(invited[0].pk))
    assert invitations.find(kept) is not None


def test_an_old_link_does_not_bring_a_deactivated_member_back(cast, invited):
    invitation, token = invited
    nora = User.objects.create_user(invitation.email, PASSWORD)
    joined = add_member(organization=cast.organization, user=nora, role=Role.VIEWER)  # another way
    for ended in (False, True):
        if ended:
            deactivate(membership=joined)
        with pytest.raises(DomainError, match="member already"):
            invitations.accept(invitation=invitations.find(token), user=nora)
        joined.refresh_from_db()
        assert (joined.role, joined.is_active) == (Role.VIEWER, not ended)


def test_a_weak_password_does_not_use_the_invitation_up(cast, invited):
    invitation, token = invited
    with pytest.raises(ValidationError):
        invitations.accept_as_new(invitation=invitation, name="Nia", password="password12")
    assert invitations.find(token)


@pytest.mark.parametrize("person", ["mia", "vic", "otto", "lea"])
def test_only_admins_of_the_organization_invite(cast, person):
    with pytest.raises(DomainError, match="forbidden"):
        invitations.invite(
            organization=cast.organization,
            email="new@example.com",
            role="admin",
            invited_by=getattr(cast, person),
        )


@pytest.mark.parametrize("person", ["mia", "lea"])
def test_members_and_former_members_are_not_invited(cast, person):
    with pytest.raises(DomainError, match="already_member"):
        invitations.invite(
            organization=cast.organization,
            email=getattr(cast, person).email,
            role="viewer",
            invited_by=cast.ada,
        )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_joins(cast, invited):
    invitation, _token = invited
    start, made = threading.Barrier(2), []

    def join():
        try:
            start.wait(10)
            made.append(
                invitations.accept_as_new(invitation=invitation, name="Nia", password=PASSWORD)
            )
        except DomainError as error:
            made.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=join) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(outcome).__name__ for outcome in made) == ["User", "str"]
    assert User.objects.filter(email="new@example.com").count() == 1


# --- Tokens --------------------------------------------------------------------------------------


def test_a_token_stands_for_its_person_and_is_stored_as_a_hash(cast):
    token, raw = tokens.create(
        user=cast.olga,
        organization=cast.organization,
        name="exporter",
        scopes=[Scope.READ, Scope.READ],
        days=7,
    )
    user = identity.of_token(raw)
    assert (user, user.api_token) == (cast.olga, token)
    assert token.allows(Scope.READ)
    assert not token.allows(Scope.WRITE)
    stored = ApiToken.objects.values().get()
    assert raw not in str(stored)
    assert stored["prefix"] == raw[:8]
    assert audited("token.created", object_id=str(token.pk))


@pytest.mark.parametrize("how", ["expired", "revoked", "member left", "account ended", "wrong"])
def test_a_token_that_ended_stands_for_nobody(cast, how):
    raw = make_token(cast.sam, cast.organization, "read")
    token = ApiToken.objects.get()
    assert identity.of_token(raw).is_authenticated
    match how:
        case "expired":
            ApiToken.objects.update(expires_at=timezone.now())
        case "revoked":
            tokens.revoke(token=token)
        case "member left":
            deactivate(membership=membership(cast.sam))
        case "account ended":
            User.objects.filter(pk=cast.sam.pk).update(is_active=False)
        case "wrong":
            raw = raw[:-1] + ("a" if raw[-1] != "a" else "b")
    assert not identity.of_token(raw).is_authenticated
    by_id = identity.identify(identity.Credentials(token_id=token.pk))
    assert by_id.is_authenticated is (how == "wrong")


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"name": " "}, {"days": 0}, {"days": 366}], ids=str
)
def test_a_token_needs_a_name_a_scope_and_an_end(cast, wrong):
    given = {"name": "x", "scopes": ["read"], "days": 1, **wrong}
    with pytest.raises(DomainError, match="invalid"):
        tokens.create(user=cast.olga, organization=cast.organization, **given)


def test_tokens_are_made_by_members_not_by_tokens(cast):
    with pytest.raises(DomainError, match="not_a_member"):
        make_token(cast.otto, cast.organization, "read")
    bearer = identity.of_token(make_token(cast.olga, cast.organization, "write"))
    with pytest.raises(DomainError, match="no_token_by_token"):
        make_token(bearer, cast.organization, "write")
    assert ApiToken.objects.count() == 1


def test_one_person_has_so_many_living_tokens(cast, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_LIVING", 1)
    make_token(cast.olga, cast.organization, "read")
    with pytest.raises(DomainError, match="too_many_tokens"):
        make_token(cast.olga, cast.organization, "read")
    tokens.revoke(token=ApiToken.objects.get())
    assert make_token(cast.olga, cast.organization, "read")
