"""The door: one row per person, one column per act."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from copilot.lib.errors import DomainError
from sessions import access
from sessions.access import Perm
from sessions.models import Session

V, R, S, D = Perm.VIEW, Perm.RECORD, Perm.SHARE, Perm.DELETE

ACCESS = {  # who → what they may do with Olga's private and organization-wide session
    "olga": ({V, R, S, D}, {V, R, S, D}),
    "sam": ({V}, {V}),
    "mia": (set(), {V}),
    "vic": (set(), {V}),
    "ada": ({V, S, D}, {V, S, D}),
    "otto": (set(), set()),
    "lea": (set(), set()),
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
    private, public = ACCESS[person]
    user = getattr(cast, person)
    assert allowed(user, cast.session) == private
    Session.objects.filter(pk=cast.session.pk).update(visibility="organization")
    assert allowed(user, cast.session) == public


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
    assert allowed(cast.olga, cast.session) == {V, S, D}


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
    access.unshare(session=cast.session, colleague=cast.sam)
    assert allowed(cast.sam, cast.session) == set()
    with pytest.raises(DomainError, match="owner_stays"):
        access.unshare(session=cast.session, colleague=cast.olga)
    assert allowed(cast.olga, cast.session) == {V, R, S, D}


def test_the_list_shows_what_the_door_opens(cast):
    for person, (private, _public) in ACCESS.items():
        visible = access.sessions_visible_to(getattr(cast, person))
        assert (cast.session in visible) == (V in private), person
