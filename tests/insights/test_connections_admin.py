"""ATS connections in the administration: their settings, the try, the mapping, what is left."""

import pytest
from django.core import mail

from accounts.kinds import Event
from accounts.models import AuditEntry
from insights.models import AtsConnection, AtsRemoval
from tests.admin_world import make_world, signed_in
from tests.ats.servers.generic import MAPPING, GenericServer
from tests.ats.servers.lever import LeverServer

pytestmark = pytest.mark.django_db

PLACE = "/admin/insights/atsconnection/"


@pytest.fixture
def here(settings):
    settings.INTERVIEW_OUTGOING_ALLOW = ["127.0.0.1"]
    return make_world("here")


@pytest.fixture
def client(here):
    return signed_in(here.admin)


@pytest.fixture
def lever():
    server = LeverServer()
    yield server
    server.close()


@pytest.fixture
def receiver():
    server = GenericServer()
    yield server
    server.close()


def connect(here, server, **fields):
    connection = AtsConnection(
        organization=here.organization,
        name="Ours",
        kind=server.kind,
        base_url=server.url,
        **{"options": server.options, **fields},
    )
    connection.credential = server.credential
    connection.save()
    return connection


def form_of(mapping_rows, **frame):
    given = {
        "method": "POST",
        "path": "/people/{candidate}/notes",
        "rows-TOTAL_FORMS": len(mapping_rows),
        "rows-INITIAL_FORMS": 0,
        **frame,
    }
    for number, row in enumerate(mapping_rows):
        given |= {f"rows-{number}-{name}": value for name, value in row.items()}
    return given


def test_a_system_has_its_own_settings_and_its_usual_address(client):
    form = {"name": "Lever", "kind": "lever", "secret": "key", "is_active": "on"}
    refused = client.post(f"{PLACE}add/", form).content.decode()
    assert "This system needs it." in refused
    client.post(f"{PLACE}add/", {**form, "lever_perform_as": "u1", "ashby_form_id": "not of it"})
    connection = AtsConnection.objects.get(name="Lever")
    assert connection.base_url == "https://api.lever.co"
    assert connection.options == {"perform_as": "u1"}
    page = client.get(f"{PLACE}{connection.pk}/change/").content.decode()
    assert 'value="u1"' in page
    assert "API Credentials" in page


@pytest.mark.parametrize(
    "address", ["https://10.1.2.3", "https://[::1]", "https://169.254.169.254"]
)
def test_a_private_address_is_refused_with_a_way_to_allow_it(client, address):
    form = {"name": "X", "kind": "generic", "secret": "key", "base_url": address}
    answer = client.post(f"{PLACE}add/", form)
    assert "INTERVIEW_OUTGOING_ALLOW" in answer.content.decode()
    assert not AtsConnection.objects.filter(name="X").exists()


def test_a_try_tells_who_the_key_is_or_what_to_do(client, here, lever):
    connection = connect(here, lever)
    page = client.post(f"{PLACE}{connection.pk}/try/", follow=True).content.decode()
    assert "It works: the key is of" in page
    connection.refresh_from_db()
    assert connection.checked_at is not None
    assert connection.check_error == ""
    lever.allowed = False
    page = client.post(f"{PLACE}{connection.pk}/try/", follow=True).content.decode()
    assert page.count("Ask an admin to give the key the permissions") == 2  # and in the form
    connection.refresh_from_db()
    assert connection.check_error == "no_permission"
    assert client.get(f"{PLACE}{connection.pk}/try/").status_code == 404


def test_a_mapping_is_shown_and_saved_as_it_was(client, here, receiver):
    connection = connect(here, receiver, mapping=MAPPING)
    place = f"{PLACE}{connection.pk}/mapping/"
    answer = client.get(place)
    assert "/people/candidate-1/notes" in answer.context["shown"]
    rows = answer.context["rows"].initial
    assert {"target": "about.id", "source": "target.candidate", "optional": False} in rows
    sent = [{k: v for k, v in row.items() if v is not False} for row in rows]
    client.post(place, {**form_of(sent), **answer.context["frame"].initial, "act": "save"})
    connection.refresh_from_db()
    assert connection.mapping == MAPPING
    assert AuditEntry.objects.filter(action=Event.ATS_CHANGED).exists()


def test_a_preview_answers_what_would_be_sent_and_what_is_wrong(client, here, receiver):
    connection = connect(here, receiver)
    place = f"{PLACE}{connection.pk}/mapping/"
    rows = [
        {"target": "note.body", "source": "note"},
        {"target": "note.kind", "source": "=", "constant": "interview"},
        {"target": "score", "source": "=", "constant": "4"},
        {"target": "who", "source": "data.interview.candidate"},
    ]
    ask = {"headers": {"Accept": "application/json"}}
    said = client.post(place, {**form_of(rows), "act": "preview"}, **ask).json()
    assert said["wrong"] == ""
    assert '"kind": "interview"' in said["shown"]
    assert '"score": 4' in said["shown"]
    assert "Robin Example" in said["shown"]
    twice = [*rows, {"target": "note", "source": "title"}]
    wrong = client.post(place, {**form_of(twice), "act": "preview"}, **ask).json()["wrong"]
    assert "cannot be used" in wrong
    assert client.post(place, {**form_of(rows, path="no"), "act": "save"}).status_code == 422
    connection.refresh_from_db()
    assert connection.mapping == {}
    assert receiver.requests == []


def test_a_dry_run_sends_the_made_up_interview(client, here, receiver):
    connection = connect(here, receiver, mapping=MAPPING)
    place = f"{PLACE}{connection.pk}/mapping/"
    answer = client.get(place)
    rows = [{k: v for k, v in row.items() if v} for row in answer.context["rows"].initial]
    form = {**form_of(rows), **answer.context["frame"].initial, "candidate": receiver.candidate}
    page = client.post(place, {**form, "act": "try"}).content.decode()
    assert "It was taken, with the id" in page
    (request,) = receiver.requests
    assert "Backend engineer" in request.content.decode()


def test_only_generic_connections_have_a_mapping(client, here, lever):
    assert client.get(f"{PLACE}{connect(here, lever).pk}/mapping/").status_code == 404


def test_another_organization_is_neither_tried_nor_mapped(client, here, receiver):
    there = make_world("there")
    connection = connect(there, receiver)
    assert client.post(f"{PLACE}{connection.pk}/try/").status_code == 404
    assert client.get(f"{PLACE}{connection.pk}/mapping/").status_code == 404
    assert receiver.requests == []


def test_what_is_left_over_there_is_marked_as_removed(client, here):
    removal = here.objects[AtsRemoval]
    sleeping = AtsRemoval(organization=here.organization, session_id=removal.session_id)
    sleeping.save()
    page = client.get("/admin/insights/atsremoval/").content.decode()
    assert "to be removed by hand" in page
    assert str(sleeping.pk) not in page
    detail = client.get(f"/admin/insights/atsremoval/{removal.pk}/change/").content.decode()
    assert "here-candidate" in detail
    act = {"action": "done", "_selected_action": [str(removal.pk)]}
    client.post("/admin/insights/atsremoval/", act)
    removal.refresh_from_db()
    assert (removal.state, removal.remote) == ("sent", None)
    assert mail.outbox == []
