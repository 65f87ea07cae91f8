"""The door: one row per person, one column per act."""

import uuid
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import identity, tokens
from accounts.models import Organization
from accounts.roles import Role
from accounts.services import add_member
from copilot.lib.errors import DomainError
from sessions import access, candidates
from sessions.access import Perm
from sessions.models import Session
from sessions.services import transfer_sessions
from tests.factories import client_of, go_live, make_session, share_until

V, C, R, S, D = Perm.VIEW, Perm.COMMENT, Perm.RECORD, Perm.SHARE, Perm.DELETE
ALL = {V, C, R, S, D}

ACCESS = {  # who → what they may do with Olga's session while it is private, shared, for everybody
    "olga": (ALL, ALL, ALL),
    "sam": (set(), {V}, {V}),
    "cora": (set(), {V, C}, {V, C}),
    "eve": (set(), set(), {V}),
    "mia": (set(), set(), {V}),
    "vic": (set(), set(), {V}),
    "ada": ({V, S, D}, {V, S, D}, {V, S, D}),
    "otto": (set(), set(), set()),
    "lea": (set(), set(), set()),
}


def allowed(user, session):
    granted = set()
    for perm in Perm:
        try:
            access.get_session(user, session.pk, perm)
            granted.add(perm)
        except Http404:
            pass
    return granted


@pytest.mark.parametrize("person", ACCESS)
def test_it_lets_in_exactly_who_belongs(cast, person):
    user = getattr(cast, person)
    for visibility, expected in zip(Session.Visibility.values, ACCESS[person], strict=True):
        Session.objects.filter(pk=cast.session.pk).update(visibility=visibility)
        assert allowed(user, cast.session) == expected, visibility
        told = access.perms_of(user, cast.session)
        assert {access.SHOWN[name] for name, yes in told.items() if yes} == expected - {D}


@pytest.mark.parametrize("person", ACCESS)
def test_a_token_reaches_what_its_person_does_but_no_other_organization(cast, person):
    user = getattr(cast, person)
    there = cast.elsewhere
    add_member(organization=there, user=user, role=Role.ADMIN)
    elsewhere = make_session(user, there)
    assert allowed(user, elsewhere) == ALL
    token = tokens.create(user=user, organization=there, name="x", scopes=["read"], days=1)[1]
    bearer = identity.of_token(token)
    assert allowed(bearer, elsewhere) == ALL
    assert allowed(bearer, cast.session) == set()


def test_it_refuses_everybody_who_is_not_signed_in(cast):
    Session.objects.filter(pk=cast.session.pk).update(visibility="organization")
    assert allowed(AnonymousUser(), cast.session) == set()


def test_it_refuses_a_deactivated_user(cast):
    cast.olga.is_active = False
    cast.olga.save()
    assert allowed(cast.olga, cast.session) == set()


def test_a_superuser_of_nowhere_sees_no_session(cast, django_user_model):
    root = django_user_model.objects.create_superuser("root@example.com", "x")
    assert allowed(root, cast.session) == set()


def test_an_owner_who_became_a_viewer_may_no_longer_record(cast):
    cast.olga.memberships.update(role="viewer")
    assert allowed(cast.olga, cast.session) == ALL - {R}


def test_a_share_ends_by_itself(cast):
    share_until(cast.session, cast.mia, timezone.now() + timedelta(hours=1))
    assert allowed(cast.mia, cast.session) == {V}
    assert access.ends_at(cast.mia, cast.session) > timezone.now()
    share_until(cast.session, cast.mia, timezone.now())
    assert allowed(cast.mia, cast.session) == set()
    assert access.ends_at(cast.mia, cast.session) is None


def test_a_share_can_become_more_and_less(cast):
    access.share(session=cast.session, colleague=cast.sam, level="comment")
    assert allowed(cast.sam, cast.session) == {V, C}
    access.share(session=cast.session, colleague=cast.sam, level="view")
    assert allowed(cast.sam, cast.session) == {V}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"level": "record"}, "bad_level"),
        ({"until": timezone.now() - timedelta(seconds=1)}, "bad_until"),
    ],
)
def test_a_wrong_share_changes_nothing(cast, given, code):
    with pytest.raises(DomainError, match=code):
        access.share(session=cast.session, colleague=cast.mia, **given)
    assert allowed(cast.mia, cast.session) == set()


def test_sharing_tells_who_has_what_until_when(cast):
    end = timezone.now() + timedelta(days=1)
    access.share(session=cast.session, colleague=cast.sam, level="view", until=end)
    found = {share.user: (share.level, share.until) for share in access.sharing(cast.session)}
    assert found[cast.sam] == ("view", end)
    assert found[cast.cora] == ("comment", None)
    assert found[cast.eve] == found[cast.mia] == (None, None)
    assert not {cast.olga, cast.lea, cast.otto} & set(found)


def test_an_organization_that_requires_a_second_factor_waits_for_it(cast):
    Organization.objects.filter(pk=cast.organization.pk).update(require_second_factor=True)
    for person in ACCESS:
        assert allowed(getattr(cast, person), cast.session) == set(), person
    Authenticator.objects.create(user=cast.olga, type="recovery_codes", data={})
    assert allowed(cast.olga, cast.session) == set()
    Authenticator.objects.create(user=cast.olga, type="totp", data={})
    assert allowed(cast.olga, cast.session) == ALL


def test_missing_and_erased_sessions_look_like_forbidden_ones(cast):
    with pytest.raises(Http404):
        access.get_session(cast.olga, uuid.uuid4())
    with pytest.raises(Http404):
        access.get_session(cast.olga, "not-a-uuid")
    Session.objects.filter(pk=cast.session.pk).update(wrapped_key=None)
    assert allowed(cast.olga, cast.session) == set()


def test_sharing_ends_at_the_organization(cast):
    with pytest.raises(DomainError, match="not_a_colleague"):
        access.share(session=cast.session, colleague=cast.otto)
    assert allowed(cast.otto, cast.session) == set()


def test_sharing_can_be_taken_back_but_not_from_the_owner(cast):
    for colleague in (cast.sam, cast.cora):
        access.unshare(session=cast.session, colleague=colleague)
        assert allowed(colleague, cast.session) == set()
    for act in (access.share, access.unshare):
        with pytest.raises(DomainError, match="owner_stays"):
            act(session=cast.session, colleague=cast.olga)
    assert allowed(cast.olga, cast.session) == ALL


def test_the_list_shows_what_the_door_opens(cast):
    for person, (_private, shared, _public) in ACCESS.items():
        visible = access.sessions_visible_to(getattr(cast, person))
        assert (cast.session in visible) == (V in shared), person


def test_the_flags_of_a_page_cost_two_queries(cast, django_assert_num_queries):
    with django_assert_num_queries(2):
        access.perms_of(cast.sam, cast.session)


def test_many_interviews_cost_no_more_queries_than_one(cast):
    olga = client_of(cast.olga)
    olga.get("/api/v1/sessions/")  # the first request of a browser asks for more
    costs = []
    for more in (1, 4):
        for _ in range(more):
            session = go_live(make_session(cast.olga, cast.organization))
            candidates.make_link(session=session, by=cast.olga)
        with CaptureQueriesContext(connection) as queries:
            listed = olga.get("/api/v1/sessions/").json()["results"]
        costs.append(len(queries))
    assert len(listed) == 6
    assert costs[0] == costs[1]
    for one in listed:
        alone = olga.get(f"/api/v1/sessions/{one['id']}/").json()
        for part in ("consent", "candidate", "off_records"):
            assert one[part] == alone[part]


def test_a_new_owner_keeps_everything_from_a_page_opened_before_the_handover(cast):
    opened_before = access.get_session(cast.ada, cast.session.pk, Perm.SHARE)
    transfer_sessions(organization=cast.organization, owner=cast.olga, to=cast.mia)
    soon = timezone.now() + timedelta(days=1)
    for change in (
        lambda: access.share(session=opened_before, colleague=cast.mia, until=soon),
        lambda: access.unshare(session=opened_before, colleague=cast.mia),
    ):
        with pytest.raises(DomainError, match="owner_stays"):
            change()
    assert allowed(cast.mia, cast.session) == ALL
    assert access.ends_at(cast.mia, cast.session) is None


def test_an_interview_that_was_erased_cannot_be_held(cast):
    with transaction.atomic():
        assert access.hold(cast.session).pk == cast.session.pk
        Session.objects.filter(pk=cast.session.pk).update(wrapped_key=None)
        with pytest.raises(DomainError) as refused:
            access.hold(cast.session)
    assert (refused.value.code, refused.value.status) == ("erased", 410)
