"""What admins do goes through the services, with a proof of identity and a trace."""

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client

from accounts import invitations
from accounts.kinds import Event
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Organization, User
from accounts.signals import access_changed
from insights.models import AtsConnection
from sessions.models import Guide, Session
from tests.admin_world import make_world, signed_in
from tests.factories import PASSWORD, make_user

MEMBERS = "/admin/accounts/membership/"


@pytest.fixture
def here(transactional_db):
    return make_world("here")


@pytest.fixture
def client(here):
    return signed_in(here.admin)


@pytest.fixture
def announced():
    heard = set()

    def hear(sender, user_ids, **kwargs):
        heard.update(user_ids)

    access_changed.connect(hear)
    yield heard
    access_changed.disconnect(hear)


def traces(event, obj=None):
    found = AuditEntry.objects.filter(action=event.value)
    return list(found.filter(object_id=str(obj.pk)) if obj else found)


def act(client, model, action, *rows):
    place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    chosen = [row.pk for row in rows]
    data = {"action": action, "_selected_action": chosen, "confirmed": "yes"}
    return client.post(place, data, follow=True)


def test_a_role_is_changed_by_the_service(client, here, announced):
    member = here.objects[Membership]
    client.post(f"{MEMBERS}{member.pk}/change/", {"role": "viewer"})
    member.refresh_from_db()
    assert member.role == "viewer"
    (trace,) = traces(Event.ROLE_CHANGED, member)
    assert (trace.actor, trace.via) == (here.admin.email, "admin")
    assert here.interviewer.pk in announced


def test_the_last_admin_stays(client, here):
    mine = Membership.objects.get(user=here.admin)
    answer = client.post(f"{MEMBERS}{mine.pk}/change/", {"role": "viewer"}, follow=True)
    assert "needs an admin" in answer.content.decode()
    act(client, Membership, "deactivate", here.objects[Membership], mine)
    mine.refresh_from_db()
    assert (mine.role, mine.is_active) == ("admin", True)
    assert Membership.objects.get(pk=here.objects[Membership].pk).is_active  # all or none


def test_deactivating_says_first_whom_it_hits(client, here):
    member = here.objects[Membership]
    answer = client.post(MEMBERS, {"action": "deactivate", "_selected_action": member.pk})
    page = answer.content.decode()
    assert member.user.email in page
    assert here.admin.email not in page.partition("confirm-deactivate")[2]
    member.refresh_from_db()
    assert member.is_active


def test_deactivating_ends_everything_and_reactivating_brings_back(client, here):
    member, theirs = here.objects[Membership], signed_in(here.interviewer)
    assert theirs.get("/sessions/").status_code == 200
    act(client, Membership, "deactivate", member)
    member.refresh_from_db()
    assert not member.is_active
    assert theirs.get("/sessions/").status_code == 302
    assert ApiToken.objects.get().revoked_at is not None
    act(client, Membership, "reactivate", member)
    member.refresh_from_db()
    assert member.is_active
    assert traces(Event.DEACTIVATED, member)
    assert traces(Event.REACTIVATED, member)


def test_an_invitation_is_mailed_and_its_link_shown_once(client, here):
    data = {"email": "New.Person@Example.org", "role": "interviewer"}
    page = client.post("/admin/accounts/invitation/add/", data, follow=True).content.decode()
    invitation = Invitation.objects.get(email="new.person@example.org")
    (link,) = re.findall(r"http://testserver/accounts/invitations/([\w-]+)/", page)
    assert invitations.find(link) == invitation
    assert link in mail.outbox[0].body
    assert traces(Event.INVITED, invitation)
    assert link not in client.get("/admin/accounts/invitation/").content.decode()


def test_who_is_a_member_is_not_invited(client, here):
    data = {"email": here.viewer.email, "role": "admin"}
    page = client.post("/admin/accounts/invitation/add/", data, follow=True).content.decode()
    assert "is a member already" in page
    assert not Invitation.objects.filter(email=here.viewer.email).exists()


def test_an_invitation_is_sent_again_with_a_new_link_and_revoked(client, here):
    old = here.objects[Invitation]
    act(client, Invitation, "send_again", old)
    new = Invitation.objects.get(email=old.email, revoked_at=None)
    assert new.pk != old.pk
    assert len(mail.outbox) == 1
    act(client, Invitation, "revoke", new)
    new.refresh_from_db()
    assert new.revoked_at is not None
    assert traces(Event.INVITATION_REVOKED, new)


def test_a_mail_server_that_fails_leaves_the_link(client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    data = {"email": "a@b.example", "role": "viewer"}
    page = client.post("/admin/accounts/invitation/add/", data, follow=True).content.decode()
    assert "could not be sent" in page
    assert "/accounts/invitations/" in page


def test_a_token_is_revoked(client, here):
    token = here.objects[ApiToken]
    act(client, ApiToken, "revoke", token)
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert traces(Event.TOKEN_REVOKED, token)


def test_a_leavers_interviews_are_handed_over(client, here):
    leaver, session = here.objects[Membership], here.objects[Session]
    act(client, Membership, "deactivate", leaver)
    heir = make_user(here.organization, "heir")
    answer = act(client, Membership, "hand_over", leaver)
    (place, _status) = answer.redirect_chain[-1]
    page = answer.content.decode()
    assert "heir" in page
    assert here.viewer.email not in page  # viewers hold no interviews
    refused = client.post(place, {"to": Membership.objects.get(user=here.viewer).pk})
    assert refused.status_code == 200
    client.post(place, {"to": heir.memberships.get().pk})
    session.refresh_from_db()
    assert session.owner == heir
    assert traces(Event.SESSION_TRANSFERRED, session)


def test_interviews_are_not_handed_to_another_organization(client, here):
    there = make_world("there")
    place = f"/admin/interviews/session/hand-over/{here.objects[Membership].pk}/"
    client.post(place, {"to": there.objects[Membership].pk})
    assert Session.objects.get(pk=here.objects[Session].pk).owner == here.interviewer


def test_one_leaver_at_a_time(client, here):
    both = Membership.objects.filter(organization=here.organization)
    assert "Choose one person" in act(client, Membership, "hand_over", *both).content.decode()


def test_only_the_legal_hold_of_an_interview_can_be_changed(client, here):
    session = here.objects[Session]
    place = f"/admin/interviews/session/{session.pk}/change/"
    forged = {"title": "x", "owner": here.admin.pk, "status": "ended"}
    client.post(place, {**forged, "legal_hold": "on"})
    held = Session.objects.get(pk=session.pk)
    assert (held.legal_hold, held.title, held.owner) == (True, "here interview", here.interviewer)
    client.post(place, forged)
    assert not Session.objects.get(pk=session.pk).legal_hold
    assert [trace.details for trace in reversed(traces(Event.LEGAL_HOLD, session))] == [
        {"hold": True},
        {"hold": False},
    ]
    logged = LogEntry.objects.values_list("object_repr", flat=True)
    assert set(logged) == {str(session.pk)}  # the log outlives the interview and its title


SETTINGS = {
    "name": "Here",
    "country": "de",
    "language": "de",
    "languages": ["de", "en"],
    "retention_hours": "48",
    "retention_max_hours": "720",
    "draft_days": "30",
    "analysis_enabled": "on",
    "sentiment_enabled": "False",
    "llm_daily_tokens": "",
    "llm_concurrency": "8",
}


def test_settings_are_changed_and_noted(client, here, announced):
    place = f"/admin/accounts/organization/{here.organization.pk}/change/"
    client.post(place, {**SETTINGS, "slug": "forged", "require_second_factor": "on"})
    changed = Organization.objects.get(pk=here.organization.pk)
    assert (changed.country, changed.language, changed.languages) == ("DE", "de", ["de", "en"])
    assert (changed.slug, changed.sentiment_enabled) == ("here", False)
    assert changed.require_second_factor
    (trace,) = traces(Event.SETTINGS_CHANGED, changed)
    assert "require_second_factor" in trace.details["fields"]
    assert {here.interviewer.pk, here.viewer.pk} <= announced


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "Germany"),
        ("languages", ["fr"]),
        ("language", "xx"),
        ("retention_hours", "0"),
        ("retention_max_hours", "47"),  # less than the usual 48
        ("draft_days", "0"),
    ],
)
def test_senseless_settings_are_refused(client, here, field, value):
    place = f"/admin/accounts/organization/{here.organization.pk}/change/"
    assert client.post(place, {**SETTINGS, field: value}).status_code == 200
    assert Organization.objects.get(pk=here.organization.pk).country == "US"


ATS = {
    "name": "Lever",
    "kind": "lever",
    "base_url": "https://lever.example/v1",
    "lever_perform_as": "user-1",
    "is_active": "on",
}


def test_a_credential_goes_in_and_never_comes_out(client, here):
    client.post("/admin/insights/atsconnection/add/", {**ATS, "secret": "s3cret-key"})
    connection = AtsConnection.objects.get(name="Lever")
    assert connection.credential == "s3cret-key"
    place = f"/admin/insights/atsconnection/{connection.pk}/change/"
    page = client.get(place).content.decode()
    assert "s3cret-key" not in page
    assert "stored" in page
    client.post(place, {**ATS, "name": "Lever EU", "secret": ""})
    connection.refresh_from_db()
    assert (connection.name, connection.credential) == ("Lever EU", "s3cret-key")
    client.post(place.replace("change", "delete"), {"post": "yes"})
    assert not AtsConnection.objects.filter(pk=connection.pk).exists()
    noted = [trace.details["change"] for trace in reversed(traces(Event.ATS_CHANGED, connection))]
    assert noted == ["added", "changed", "removed"]


def test_a_stored_credential_does_not_follow_to_another_host(client, here):
    connection = here.objects[AtsConnection]
    place = f"/admin/insights/atsconnection/{connection.pk}/change/"
    answer = client.post(place, {**ATS, "base_url": "https://evil.example", "secret": ""})
    assert "enter its credential" in answer.content.decode()
    connection.refresh_from_db()
    assert connection.base_url == "https://ats.example"


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("https://ats.example", True),
        ("http://127.0.0.1:9000", True),  # which the operator allows here
        ("http://localhost:9000", False),
        ("https://10.0.0.5", False),
        ("http://ats.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://user:word@ats.example", False),
        ("ftp://ats.example", False),
    ],
)
def test_addresses_are_public_or_allowed_by_the_operator(client, settings, address, accepted):
    settings.INTERVIEW_OUTGOING_ALLOW = ["127.0.0.1"]
    client.post("/admin/insights/atsconnection/add/", {**ATS, "base_url": address, "secret": "x"})
    assert AtsConnection.objects.filter(name="Lever").exists() is accepted


def test_a_guide_is_edited_on_one_page(client, here):
    guide = here.objects[Guide]
    competency = guide.competencies.get()
    question = competency.questions.get()
    data = {
        "title": "New title",
        "competencies-TOTAL_FORMS": 2,
        "competencies-INITIAL_FORMS": 1,
        "competencies-0-id": competency.pk,
        "competencies-0-guide": guide.pk,
        "competencies-0-name": "Changed",
        "competencies-0-position": 0,
        "competencies-0-questions-TOTAL_FORMS": 2,
        "competencies-0-questions-INITIAL_FORMS": 1,
        "competencies-0-questions-0-id": question.pk,
        "competencies-0-questions-0-competency": competency.pk,
        "competencies-0-questions-0-text": "Changed?",
        "competencies-0-questions-0-minutes": 3,
        "competencies-0-questions-0-position": 0,
        "competencies-0-questions-1-text": "New?",
        "competencies-0-questions-1-minutes": 4,
        "competencies-0-questions-1-position": "",
        "competencies-1-guide": guide.pk,
        "competencies-1-name": "Added",
        "competencies-1-position": 1,
        "competencies-1-questions-TOTAL_FORMS": 1,
        "competencies-1-questions-INITIAL_FORMS": 0,
        "competencies-1-questions-0-text": "First?",
        "competencies-1-questions-0-minutes": 5,
        "competencies-1-questions-0-position": 0,
    }
    place = f"/admin/interviews/guide/{guide.pk}/change/"
    answer = client.post(place, data)
    assert answer.status_code == 302, answer.content.decode()
    stored = {
        c.name: list(c.questions.values_list("text", flat=True)) for c in guide.competencies.all()
    }
    assert stored == {"Changed": ["Changed?", "New?"], "Added": ["First?"]}
    assert competency.questions.get(text="New?").position == 1  # an empty place is the last
    data["competencies-0-questions-0-text"] = ""
    assert "This field is required" in client.post(place, data).content.decode()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_filtered_audit_is_exported_and_that_is_noted(client, here, kind):
    make_world("there")
    data = {"format": kind, "filters": f"action={Event.JOINED.value}"}
    answer = client.post("/admin/accounts/auditentry/export/", data)
    text = b"".join(answer.streaming_content).decode()
    assert Event.JOINED.value in text
    assert Event.INVITED.value not in text
    lines = text.strip().splitlines()
    assert len(lines) == 3 + (kind == "csv")
    if kind == "jsonl":
        assert {json.loads(line)["organization"] for line in lines} == {str(here.organization.pk)}
    (trace,) = traces(Event.AUDIT_EXPORTED)
    assert (trace.organization, trace.details) == (here.organization, {"format": kind})


def test_the_audit_is_not_exported_by_a_link(client):
    for answer in (
        client.get("/admin/accounts/auditentry/export/?format=csv"),
        client.post("/admin/accounts/auditentry/export/", {"format": "exe"}),
    ):
        assert answer.status_code == 302
    assert traces(Event.AUDIT_EXPORTED) == []


@pytest.mark.parametrize(
    ("place", "data"),
    [
        (MEMBERS, {"action": "deactivate", "confirmed": "yes"}),
        (MEMBERS, {"action": "reactivate"}),
        ("/admin/accounts/apitoken/", {"action": "revoke"}),
        ("/admin/accounts/auditentry/export/", {"format": "csv"}),
    ],
)
def test_dangerous_acts_ask_who_is_there(here, place, data):
    client = signed_in(here.admin, proven=False)
    chosen = [here.objects[Membership].pk, here.objects[ApiToken].pk]
    model = ApiToken if "token" in place else Membership
    answer = client.post(place, {**data, "_selected_action": [here.objects[model].pk]})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Membership.objects.get(pk=chosen[0]).is_active
    assert ApiToken.objects.get(pk=chosen[1]).revoked_at is None
    assert traces(Event.AUDIT_EXPORTED) == []


def test_the_act_goes_on_after_the_password(here):
    client = Client(enforce_csrf_checks=True)
    client.force_login(here.admin)
    place = f"{MEMBERS}{here.objects[Membership].pk}/change/"

    def token(answer):
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.content.decode())[1]

    data = {"role": "viewer", "csrfmiddlewaretoken": token(client.get(place))}
    asked = client.post(place, data, follow=True)
    assert here.objects[Membership].role == Membership.objects.get(user=here.interviewer).role
    again = asked.redirect_chain[-1][0]
    client.post(again, {"password": PASSWORD, "csrfmiddlewaretoken": token(asked)})
    assert Membership.objects.get(user=here.interviewer).role == "viewer"


def test_a_credential_does_not_wait_in_the_session_store(here):
    client = signed_in(here.admin, proven=False)
    answer = client.post("/admin/insights/atsconnection/add/", {**ATS, "secret": "s3cret-key"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert "s3cret-key" not in json.dumps(dict(client.session))


def test_a_superuser_makes_an_organization_and_its_first_admin(db):
    root = User.objects.create_superuser("root@example.org", "x" * 12)
    client = signed_in(root)
    client.post("/admin/accounts/organization/add/", {**SETTINGS, "name": "New", "slug": "new"})
    new = Organization.objects.get(slug="new")
    assert len(new.key()) == 32
    data = {"email": "first@new.example", "role": "admin", "organization": new.pk}
    client.post("/admin/accounts/invitation/add/", data)
    assert Invitation.objects.get(email="first@new.example").organization == new


def test_accounts_are_for_superusers_and_saved_lower_case(client, here):
    root = User.objects.create_superuser("root@example.org", "x" * 12)
    word = "a-long-pass-word"
    data = {"email": "Big@Example.org", "name": "B", "password1": word, "password2": word}
    assert client.post("/admin/accounts/user/add/", data).status_code == 404
    data["usable_password"] = "true"
    answer = signed_in(root).post("/admin/accounts/user/add/", data)
    assert answer.status_code == 302, answer.content.decode()
    assert User.objects.get(name="B").email == "big@example.org"
