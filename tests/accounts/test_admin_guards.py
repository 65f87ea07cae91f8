"""What an admin could take away from the admin: a link, a role, a password."""

import pytest
from django.core import mail

from accounts.kinds import Event
from accounts.models import AuditEntry, Invitation, User
from accounts.signals import access_changed
from tests.admin_world import make_world, signed_in

PLACE = "/admin/accounts/invitation/"


@pytest.fixture
def here(transactional_db):
    return make_world("here")


def send_again(client, invitation):
    data = {"action": "send_again", "_selected_action": [invitation.pk]}
    return client.post(PLACE, data, follow=True)


@pytest.mark.parametrize("broken", [False, True])
def test_in_production_only_the_mailbox_gets_the_link(here, settings, broken):
    client = signed_in(here.admin)
    settings.PRODUCTION = True
    if broken:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    data = {"email": "a@b.example", "role": "viewer"}
    first = client.post(f"{PLACE}add/", data, follow=True)
    again = send_again(client, Invitation.objects.get(email="a@b.example"))
    for answer in (first, again):
        page = answer.content.decode()
        assert ("could not be sent" in page) is broken
        assert ("was mailed to a@b.example" in page) is not broken
        assert "/accounts/invitations/" not in page
    assert len(mail.outbox) == (0 if broken else 2)


@pytest.mark.parametrize(("role", "asked"), [("admin", True), ("interviewer", False)])
def test_inviting_an_admin_asks_who_is_there(here, role, asked):
    client = signed_in(here.admin, proven=False)
    open_one = here.objects[Invitation]
    Invitation.objects.filter(pk=open_one.pk).update(role=role)
    for answer in (
        client.post(f"{PLACE}add/", {"email": "a@b.example", "role": role}, follow=True),
        send_again(client, open_one),
    ):
        assert answer.redirect_chain[0][0].startswith("/accounts/reauthenticate/") is asked
    assert Invitation.objects.count() == (1 if asked else 3)
    assert len(mail.outbox) == (0 if asked else 2)


def test_a_superuser_sets_a_password_with_a_trace(here):
    announced: set[int] = set()

    def hear(sender, user_ids, **kwargs):
        announced.update(user_ids)

    access_changed.connect(hear)
    root = User.objects.create_superuser("root@example.org", "x" * 12)
    place = f"/admin/accounts/user/{here.interviewer.pk}/password/"
    word = "a-long-pass-word"
    data = {"password1": word, "password2": word, "usable_password": "true"}
    assert signed_in(here.admin).post(place, data).status_code == 404
    traces = AuditEntry.objects.filter(action=Event.PASSWORD_CHANGED)
    assert not traces.exists()
    signed_in(root).post(place, data)
    assert User.objects.get(pk=here.interviewer.pk).check_password(word)
    (trace,) = traces.filter(object_id=str(here.interviewer.pk))
    assert (trace.organization, trace.actor) == (here.organization, root.email)
    assert here.interviewer.pk in announced  # open sockets ask again


def test_a_member_is_not_invited_and_what_was_typed_stays(here):
    client = signed_in(here.admin)
    empty = client.get(f"{PLACE}add/").context["adminform"].form
    assert empty.get_initial_for_field(empty.fields["role"], "role") == "interviewer"
    count = Invitation.objects.count()
    data = {"email": here.interviewer.email.upper(), "role": "viewer"}
    form = client.post(f"{PLACE}add/", data).context["adminform"].form
    assert form.errors["email"] == ["This person is a member already."]
    assert (form["email"].value(), form["role"].value()) == (data["email"], "viewer")
    assert Invitation.objects.count() == count
