"""The outbox of an ATS: ordered by a person, sent once, called back, taken back."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import AuditEntry, IdempotentRequest
from copilot.lib.errors import DomainError
from insights import ats, deliveries, summaries, tasks
from insights.deliveries import backoff, removals
from insights.models import AtsConnection, AtsDelivery, AtsRemoval, Summary
from insights.summaries import signing
from sessions import consents, retention, services
from sessions.models import Erasure, Guide, Scorecard, Session
from tests.factories import client_of, go_live, make_token, say
from tests.insights.far_side import CREDENTIAL, FarSide, FarSideAdapter

SECOND = 16_000
TARGET = {"candidate": "p1", "application": "a1", "label": "Daniel Reyes"}
MARKED = "I led the zephyrqua migration of forty services."


@pytest.fixture
def far(settings, monkeypatch):
    settings.INTERVIEW_OUTGOING_ALLOW = ["127.0.0.1"]
    monkeypatch.setitem(ats.ADAPTERS, "lever", FarSideAdapter)
    side = FarSide()
    yield side
    side.close()


@pytest.fixture
def world(cast, far):
    return make_world(cast, far)


def make_world(cast, far):
    session = cast.session
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    competency = guide.competencies.create(name="Leading", anchors=["", "", "Leads", "", ""])
    competency.questions.create(text="How do you lead?")
    session.guide = guide
    session.save()
    go_live(session)
    say(session, "Tell me about your work.", role="interviewer")
    say(session, MARKED, start=70 * SECOND)
    for author in (cast.olga, cast.cora):
        ratings = {str(competency.pk): {"value": 3, "comment": f"{author}", "segments": []}}
        Scorecard.objects.create(session=session, author=author, ratings=ratings)
    services.end_session(session=session)
    summaries.make(session_id=session.pk)
    connection = AtsConnection(
        organization=cast.organization, name="Ours", kind="lever", base_url=far.url
    )
    connection.credential = CREDENTIAL
    connection.save()
    session.refresh_from_db()
    return SimpleNamespace(session=session, cast=cast, connection=connection, far=far)


def sign(world):
    made = Summary.objects.get(session=world.session)
    return signing.sign(session=world.session, by=world.cast.olga, revision=made.revision)


def order(world, *parts, by=None, target=TARGET, version=None):
    return deliveries.order(
        session=world.session,
        by=by or world.cast.olga,
        connection_id=world.connection.pk,
        target=target,
        parts=parts or ("note",),
        version=version,
    )[0]


def events(*wanted):
    return list(
        AuditEntry.objects.filter(action__in=wanted).order_by("pk").values_list("action", flat=True)
    )


def due(row):
    """Let what is planned for later be due now; tell how much later that was."""
    row.refresh_from_db()
    left = row.next_attempt_at - timezone.now()
    type(row).objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    return left


def state(row):
    row.refresh_from_db()
    return row.state, row.error


pytestmark = pytest.mark.django_db


# --- To order ------------------------------------------------------------------------------------


def test_what_is_signed_goes_over_once(world):
    version = sign(world)
    row = order(world, "note", "attachment")
    deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")
    assert world.far.parts() == ["note", "attachment"]
    note, attachment = world.far.kept.values()
    assert "# Interview: Backend engineer" in note["what"]
    assert f"version {version.number}" in note["what"]
    assert note["mark"] in attachment["what"][0]
    assert set(row.remote) == {"note", "attachment"}
    assert events(Event.ATS_ORDERED, Event.ATS_PUSHED) == ["ats.ordered", "ats.pushed"]

    again, fresh = deliveries.order(
        session=world.session,
        by=world.cast.ada,
        connection_id=world.connection.pk,
        target=TARGET,
        parts=["note"],
    )
    assert (again.pk, fresh) == (row.pk, False)
    deliveries.deliver(row.pk)
    assert world.far.parts() == ["note", "attachment"]


def test_parts_that_were_left_out_are_added_to_the_same_order(world):
    sign(world)
    row = order(world, "note")
    deliveries.deliver(row.pk)
    Scorecard.objects.filter(author=world.cast.olga).update(submitted_at=timezone.now())
    assert order(world, "scorecard").pk == row.pk
    deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")
    assert world.far.parts() == ["note", "scorecard"]
    (ratings,) = (item for item in world.far.kept.values() if item["part"] == "scorecard")
    assert ratings["what"][1] == ["Leading"]


def test_the_same_version_goes_to_somebody_else_and_a_new_one_to_the_same(world):
    sign(world)
    rows = {order(world).pk, order(world, target={**TARGET, "candidate": "p2"}).pk}
    signing.reopen(session=world.session)
    sign(world)
    rows.add(order(world).pk)
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda w: None, "not_signed"),
        (lambda w: (sign(w), signing.reopen(session=w.session)), "not_signed"),
        (lambda w: (sign(w), consents.withdraw(session=w.session, method="verbal")), "no_consent"),
        (lambda w: (sign(w), AtsConnection.objects.update(is_active=False)), "no_connection"),
        (
            lambda w: (sign(w), AtsConnection.objects.update(organization=w.cast.elsewhere)),
            "no_connection",
        ),
    ],
    ids=["unsigned", "reopened", "withdrawn", "switched-off", "foreign"],
)
def test_what_may_not_be_sent_is_not_ordered(world, break_it, code):
    break_it(world)
    with pytest.raises(DomainError) as refused:
        order(world)
    assert refused.value.code == code
    assert not AtsDelivery.objects.exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"target": {"candidate": "", "application": ""}}, "bad_target"),
        ({"parts": []}, "bad_parts"),
        ({"parts": ["note", "recording"]}, "bad_parts"),
        ({"parts": ["scorecard"]}, "not_submitted"),
        ({"version": 99}, "other_version"),
    ],
    ids=["nobody", "nothing", "unknown", "unsubmitted", "other-version"],
)
def test_an_order_that_makes_no_sense_is_refused(world, given, code):
    sign(world)
    wanted = {"target": TARGET, "parts": ["note"], "version": None, **given}
    with pytest.raises(DomainError) as refused:
        deliveries.order(
            session=world.session,
            by=world.cast.olga,
            connection_id=world.connection.pk,
            **wanted,
        )
    assert refused.value.code == code


def test_nobodys_ratings_go_in_the_name_of_a_colleague(world):
    sign(world)
    Scorecard.objects.update(submitted_at=timezone.now())
    Scorecard.objects.filter(author=world.cast.cora).update(author=world.cast.ada)
    order(world, "note", "scorecard", by=world.cast.ada)
    with pytest.raises(DomainError) as refused:
        order(world, "attachment", by=world.cast.olga)
    assert refused.value.code == "others_ratings"


def test_a_preview_says_what_goes_and_lets_nothing_go(world):
    version = sign(world)
    shown = deliveries.preview(
        session=world.session,
        by=world.cast.olga,
        connection_id=world.connection.pk,
        target=TARGET,
        parts=["attachment", "note"],
    )
    assert shown["version"] == version.number
    note, attachment = shown["parts"]
    assert attachment["bytes"] > 100
    assert (world.far.paths, AtsDelivery.objects.count()) == ([], 0)
    row = order(world, "note", "attachment")
    deliveries.deliver(row.pk)
    assert next(iter(world.far.kept.values()))["what"] == note["text"]


def test_what_a_corrected_line_said_does_not_leave(world):
    version = sign(world)
    line = world.session.segments.get(role="candidate")
    section = {"key": "overview", "title": "Overview"}
    told = [
        {"id": "1", "text": "zephyrqua", "segments": [str(line.pk)], "edited": False, "own": False},
        {"id": "2", "text": "kept", "segments": [], "edited": True, "own": True},
    ]
    for sentence in told:
        sentence.update(at="2026-01-01T00:00:00+00:00", by="", basis=[], author=None)
    version.content = {**version.content, "sections": [{**section, "sentences": told}]}
    version.save()
    type(line).objects.filter(pk=line.pk).update(corrected_at=timezone.now())
    deliveries.deliver(order(world).pk)
    sent = b"".join(world.far.bodies)
    assert b"kept" in sent
    assert b"zephyrqua" not in sent


# --- To send -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        ["cut"],
        [503, "cut"],
        ["cut", 503],
        [201, "cut"],
        [201, 503, "cut"],
        [429, "cut", 503],
        [503, 503, 503, 503],
    ],
    ids=lambda script: "-".join(map(str, script)),
)
def test_whatever_fails_everything_is_there_once(world, script):
    sign(world)
    Scorecard.objects.update(submitted_at=timezone.now())
    world.far.script = script
    row = order(world, "note", "attachment", "scorecard")
    deliveries.deliver(row.pk)
    while state(row)[0] == "waiting":
        due(row)
        deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")
    assert world.far.parts() == ["note", "attachment", "scorecard"]
    assert row.remote == {item["part"]: key for key, item in world.far.kept.items()}


def test_the_wait_grows_and_is_never_shorter_than_asked(world):
    sign(world)
    world.far.script = [429, 503, 503]
    world.far.retry_after = "5000"
    row = order(world)
    waits = []
    for _try in range(3):
        deliveries.deliver(row.pk)
        waits.append(due(row))
    asked, second, third = waits
    assert timedelta(seconds=4990) < asked <= timedelta(seconds=5000)
    assert timedelta(seconds=110) < second < third
    assert row.error == "broken"


def test_all_tries_take_about_a_day():
    longest = sum(
        (backoff.pause(tries) for tries in range(1, backoff.MOST_TRIES)), start=timedelta()
    )
    assert timedelta(hours=18) < longest < timedelta(hours=30)


def test_what_never_works_is_given_up_and_goes_on_when_a_person_wants(world):
    sign(world)
    row = order(world)
    world.far.script = [503] * backoff.MOST_TRIES
    for _try in range(backoff.MOST_TRIES):
        assert state(row)[0] == "waiting"
        due(row)
        deliveries.deliver(row.pk)
    assert state(row) == ("failed", "broken")
    assert events(Event.ATS_FAILED) == ["ats.failed"]
    deliveries.retry(session=world.session, delivery_id=row.pk)
    deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")


def test_what_cannot_work_is_not_tried_again(world):
    sign(world)
    row = order(world)
    world.far.script = [403]
    deliveries.deliver(row.pk)
    assert state(row) == ("failed", "bad_credential")
    assert not AtsRemoval.objects.exists()  # nothing can be there
    assert deliveries.delivery_json(row)["error"]["fix"]


def test_a_worker_that_died_is_taken_over_and_nothing_comes_twice(world):
    sign(world)
    row = order(world, "note", "attachment")

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:  # it dies before it can write down what it sent
        patch.setattr(deliveries.sending, "_keep", lambda *_args: die())
        with pytest.raises(Killed):
            deliveries.deliver(row.pk)
    assert state(row) == ("sending", "")
    assert deliveries.overdue() == []
    deliveries.deliver(row.pk)
    assert world.far.parts() == ["note"]
    AtsDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deliveries.overdue() == [row.pk]
    deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")
    assert world.far.parts() == ["note", "attachment"]


def test_a_connection_that_was_switched_off_ends_the_order(world):
    sign(world)
    row = order(world)
    AtsConnection.objects.update(is_active=False)
    deliveries.deliver(row.pk)
    assert state(row) == ("failed", "no_connection")


@pytest.mark.parametrize("why", ["taken up again", "signed anew", "left"])
def test_an_order_that_waits_goes_no_more_once_it_is_not_what_is_signed(world, why):
    sign(world)
    row = order(world, by=world.cast.ada)
    if why == "left":
        world.cast.ada.memberships.update(is_active=False)
    else:
        signing.reopen(session=world.session)
    if why == "signed anew":
        sign(world)
    deliveries.deliver(row.pk)
    assert state(row) == ("failed", "not_wanted")
    assert world.far.parts() == []


# --- To call back --------------------------------------------------------------------------------


def test_what_was_called_back_goes_on_where_it_stopped(world):
    sign(world)
    row = order(world, "note", "attachment")
    world.far.script = [201, 503]
    deliveries.deliver(row.pk)
    deliveries.cancel(session=world.session, delivery_id=row.pk, by=world.cast.olga)
    deliveries.deliver(row.pk)
    assert state(row)[0] == "cancelled"
    with pytest.raises(DomainError):
        deliveries.retry(session=world.session, delivery_id=row.pk)
    assert order(world, "attachment").pk == row.pk
    deliveries.deliver(row.pk)
    assert state(row) == ("sent", "")
    assert world.far.parts() == ["note", "attachment"]


def test_a_withdrawal_calls_back_what_waits(world):
    sign(world)
    row = order(world)
    consents.withdraw(session=world.session, method="verbal")
    deliveries.deliver(row.pk)
    assert state(row)[0] == "cancelled"
    assert world.far.paths == []
    assert events(Event.ATS_CANCELLED) == ["ats.cancelled"]
    with pytest.raises(DomainError):
        order(world)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["withdrawn", "erased"])
def test_nothing_more_goes_once_it_is_taken_back(cast, far, ending):
    world = make_world(cast, far)
    sign(world)
    row = order(world, "note", "attachment")
    arrived, ended = threading.Event(), threading.Event()

    def meanwhile() -> None:
        arrived.set()
        assert ended.wait(20)

    far.script = [meanwhile]

    def send() -> None:
        try:
            deliveries.deliver(row.pk)
        finally:
            database.close()

    worker = threading.Thread(target=send)
    worker.start()
    assert arrived.wait(20)
    if ending == "withdrawn":
        consents.withdraw(session=world.session, method="verbal")
    else:
        retention.erase_now(session=world.session, reason=Erasure.Reason.PERSON)
    ended.set()
    worker.join(20)
    assert far.parts() == ["note"]  # which was on its way already
    if ending == "withdrawn":
        assert (state(row)[0], set(row.remote)) == ("cancelled", {"note"})
        return
    removal = AtsRemoval.objects.get()
    AtsRemoval.objects.update(next_attempt_at=timezone.now())
    removals.remove(removal.pk)
    assert far.parts() == []


# --- To take back --------------------------------------------------------------------------------


def erase(world):
    retention.erase_now(session=world.session, reason=Erasure.Reason.PERSON)
    assert not Session.objects.filter(pk=world.session.pk).exists()
    AtsRemoval.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())


def test_what_was_sent_goes_with_the_interview(world):
    sign(world)
    row = order(world, "note")
    deliveries.deliver(row.pk)
    assert removals.overdue() == []
    assert not removals.visible().exists()
    erase(world)
    assert not AtsDelivery.objects.exists()
    assert removals.overdue() == [row.pk]
    world.far.script = [503]
    removals.remove(row.pk)
    removal = AtsRemoval.objects.get()
    assert state(removal) == ("waiting", "broken")
    due(removal)
    removals.remove(row.pk)
    assert state(removal) == ("sent", "")
    assert (removal.remote, world.far.parts()) == (None, [])
    assert events(Event.ATS_REMOVED) == ["ats.removed"]
    AtsRemoval.objects.update(finished_at=timezone.now() - timedelta(days=91))
    assert removals.clear() == 1


def test_what_may_have_arrived_is_looked_for_and_taken_back(world):
    sign(world)
    row = order(world)
    world.far.script = ["cut"]
    deliveries.deliver(row.pk)
    assert (world.far.parts(), row.remote) == (["note"], None)
    erase(world)
    removals.remove(row.pk)
    assert world.far.parts() == []
    assert state(AtsRemoval.objects.get()) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_what_no_program_can_take_back_is_left_to_the_admins(cast, far):
    world = make_world(cast, far)
    sign(world)
    row = order(world, "note", "attachment")
    deliveries.deliver(row.pk)
    erase(world)
    removals.remove(row.pk)
    removal = AtsRemoval.objects.get()
    assert state(removal) == ("failed", "by_hand")
    assert set(removal.remote["parts"]) == {"attachment"}
    assert far.parts() == ["attachment"]
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(10)
    (message,) = mail.outbox
    assert message.to == [cast.ada.email]
    assert "Daniel" not in message.subject + message.body
    assert "p1" not in message.body
    assert removals.done_by_hand(removal)
    assert not removals.done_by_hand(removal)
    assert (state(removal)[0], removal.remote) == ("sent", None)


def test_what_went_through_a_connection_that_was_deleted_is_left_to_people(world):
    sign(world)
    row = order(world)
    deliveries.deliver(row.pk)
    world.connection.delete()
    erase(world)
    removals.remove(row.pk)
    removal = AtsRemoval.objects.get()
    assert state(removal) == ("failed", "by_hand")
    assert removal.remote["system"] == "Ours"


# --- REST ----------------------------------------------------------------------------------------


@pytest.fixture
def api(world):
    client = client_of(world.cast.olga)
    base = f"/api/v1/sessions/{world.session.pk}/ats"

    def ask(path, body=None, who=None):
        browser = client_of(who) if who else client
        if body is None:
            return browser.get(f"{base}{path}")
        return browser.post(f"{base}{path}", body, content_type="application/json")

    return ask


def test_the_way_of_the_page(world, api, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(tasks.deliver, "delay", lambda pk: deliveries.deliver(pk))
    version = sign(world)
    (found,) = client_of(world.cast.olga).get("/api/v1/ats/connections/").json()["results"]
    assert found["parts"] == ["note", "attachment", "scorecard"]
    assert CREDENTIAL not in str(found)
    path = f"/connections/{found['id']}/candidates/"
    (person,) = api(path, {"q": "Daniel"}).json()["results"]
    wanted = {"connection": found["id"], "target": person, "parts": ["note"]}
    assert "Held by olga" in api("/preview/", wanted).json()["parts"][0]["text"]
    with django_capture_on_commit_callbacks(execute=True):
        made = api("/deliveries/", {**wanted, "version": version.number})
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    assert api("/deliveries/", wanted).status_code == 200
    (listed,) = api("/deliveries/").json()["results"]
    assert (listed["state"], listed["done"]) == ("sent", ["note"])
    assert listed["target"]["label"] == "Daniel Reyes"
    assert len(world.far.kept) == 1


def test_what_is_found_or_only_looked_at_is_not_kept(world):
    """Nor is anybody outside asked inside a transaction, as with a key that counts."""
    sign(world)
    client = client_of(world.cast.olga)
    base = f"/api/v1/sessions/{world.session.pk}/ats"
    wanted = {"connection": str(world.connection.pk), "target": TARGET, "parts": ["note"]}
    for path, body in (
        (f"/connections/{world.connection.pk}/candidates/", {"q": "Daniel"}),
        ("/preview/", wanted),
    ):
        for _time in range(2):
            answer = client.post(
                f"{base}{path}",
                body,
                content_type="application/json",
                headers={"Idempotency-Key": "one"},
            )
            assert answer.status_code == 200
            assert "Idempotency-Replayed" not in answer.headers
    assert IdempotentRequest.objects.count() == 0


def test_a_key_that_does_not_open_ends_its_orders_and_keeps_no_other_from_working(world):
    other = AtsConnection(
        organization=world.cast.organization, name="Other", kind="lever", base_url=world.far.url
    )
    other.credential = CREDENTIAL
    other.save()
    sign(world)
    row = order(world)
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE insights_atsconnection SET credential = %s WHERE name = %s", [b"\x01x", "Ours"]
        )
    deliveries.deliver(row.pk)
    assert state(row) == ("failed", "bad_credential")
    listed = client_of(world.cast.olga).get("/api/v1/ats/connections/").json()["results"]
    assert {one["name"]: bool(one["parts"]) for one in listed} == {"Ours": False, "Other": True}


def test_what_the_other_side_refuses_is_told_with_a_way_to_fix_it(world, api):
    world.connection.credential = "another"
    world.connection.save()
    path = f"/connections/{world.connection.pk}/candidates/"
    answer = api(path, {"q": "Daniel"})
    assert answer.status_code == 409
    said = answer.json()
    assert (said["code"], said["reason"]) == ("ats_failed", "bad_credential")
    assert said["fix"]
    assert "Daniel" not in str(said)


@pytest.mark.parametrize("who", ["sam", "cora", "mia", "otto"])
def test_only_who_decides_who_sees_it_may_send(world, api, who):
    person = getattr(world.cast, who)
    wanted = {"connection": str(world.connection.pk), "target": TARGET, "parts": ["note"]}
    for path, body in (
        ("/deliveries/", None),
        ("/deliveries/", wanted),
        ("/preview/", wanted),
        (f"/connections/{world.connection.pk}/candidates/", {"q": "x"}),
        (f"/deliveries/{uuid4()}/retry/", {}),
        (f"/deliveries/{uuid4()}/cancel/", {}),
    ):
        assert api(path, body, person).status_code == 404


def test_orders_are_called_back_and_tried_again(world, api):
    sign(world)
    row = order(world)
    assert api(f"/deliveries/{row.pk}/cancel/", {}).json()["state"] == "cancelled"
    refused = api(f"/deliveries/{row.pk}/cancel/", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "finished")
    AtsDelivery.objects.update(state="failed", error="broken")
    assert api(f"/deliveries/{row.pk}/retry/", {}).json()["state"] == "waiting"
    assert api(f"/deliveries/{uuid4()}/retry/", {}).status_code == 404


def test_a_token_that_reads_orders_nothing(world):
    raw = make_token(world.cast.olga, world.cast.organization, "read")
    answer = Client().post(
        f"/api/v1/sessions/{world.session.pk}/ats/deliveries/",
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {raw}"},
    )
    assert answer.status_code == 403
