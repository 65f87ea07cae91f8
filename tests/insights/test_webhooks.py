"""What webhooks are told, and how messages get there however badly receivers behave."""

import json
import logging
import threading
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import standardwebhooks
from django.core import mail
from django.db import connection, connections, transaction
from django.urls import resolve
from django.utils import timezone

from accounts import audit
from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from insights import tasks, webhooks
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import endpoints, outbox, sending
from insights.webhooks.kinds import CHOICES, OF_ACT, Kind
from sessions import candidates, consents, retention, services
from sessions.models import CandidateRequest, Erasure
from tests.factories import go_live, make_session, make_upload, say
from tests.insights.webhook_server import Receiver
from transcription import uploads

ALLOWED = {"session", "upload", "request", "delivery", "receipt", "webhook", "url"}
PERSONAL = ("Daniel", "Reyes", "Backend", "engineer", "Quixotia", "olga", "Zanzibar")


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def hook(cast, receiver):
    """A webhook that listens to everything; its secret is `hook.told`."""
    made, secret = endpoints.create(organization=cast.organization, url=receiver.url, by=cast.ada)
    made.told = secret
    return made


def rows(**wanted):
    return list(WebhookDelivery.objects.filter(**wanted).order_by("created_at", "pk"))


def events():
    return [row.event for row in rows()]


def send_all():
    """Do what a worker does until nothing is due."""
    while due := webhooks.overdue():
        for delivery_id in due:
            tasks.send_webhook(str(delivery_id))


def one(hook, kind=Kind.SESSION_STARTED):
    """Return a message that waits."""
    webhooks.put(kind, hook.organization_id, uuid4())
    return rows()[-1]


def again(row):
    """Let the time of the next attempt be now, and try."""
    WebhookDelivery.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    tried = webhooks.deliver(row.pk)
    row.refresh_from_db()
    return tried


# --- what is told --------------------------------------------------------------------------------


def test_an_interview_is_told_from_beginning_to_receipt(cast, hook, receiver):
    session = go_live(cast.session)
    say(session, "I am Daniel Reyes from Zanzibar.")
    services.end_session(session=session)
    erasure = retention.erase_now(session=session, reason=Erasure.Reason.PERSON)
    erasure.refresh_from_db()
    assert erasure.finished_at is None or erasure.signature
    retention.finish(erasure.pk, until=float("inf"))
    send_all()
    by_type = {body["type"]: body["data"] for body in receiver.bodies}
    assert set(by_type) == {"consent.given", "session.started", "session.ended", "session.erased"}
    place = f"/api/v1/sessions/{session.pk}/"
    assert by_type["session.started"] == {"session": str(session.pk), "url": place}
    assert by_type["session.erased"] == {"session": str(session.pk), "receipt": str(erasure.pk)}
    assert {row.state for row in rows()} == {State.SENT}


def test_an_erasure_is_told_with_its_receipt_and_not_before(cast, hook):
    session = go_live(cast.session)
    services.end_session(session=session)
    WebhookDelivery.objects.all().delete()
    erasure = retention.begin(session.pk, Erasure.Reason.PERSON)
    assert events() == []
    assert retention.finish(erasure.pk, until=float("inf"))
    assert events() == ["session.erased"]
    assert retention.finish(erasure.pk, until=float("inf")) is False
    assert events() == ["session.erased"]


def test_refusal_and_withdrawal_are_told(cast, hook):
    consents.refuse(session=cast.session, method="verbal", by=cast.olga)
    other = go_live(make_session(cast.olga, cast.organization))
    consents.withdraw(session=other, method="verbal", by=cast.olga)
    assert {"consent.refused", "consent.withdrawn", "session.ended"} <= set(events())


def test_what_a_candidate_asks_is_told_by_the_interview(cast, hook):
    link, _url = candidates.make_link(session=cast.session, by=cast.olga)
    asked = candidates.ask(link=link, kind=CandidateRequest.Kind.ERASURE)
    (row,) = rows(event=Kind.CANDIDATE_ASKED)
    assert row.session_id == cast.session.pk
    assert row.body["data"]["request"] == str(asked.pk)


def test_ratings_are_told_when_they_are_submitted(cast, hook):
    audit.record(Event.SCORECARD_SUBMITTED, organization_id=cast.organization.pk, obj=cast.session)
    (row,) = rows()
    assert row.body["data"]["url"] == f"/api/v1/sessions/{cast.session.pk}/scorecards/"


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_a_recording_is_told_when_it_is_written_down(cast, hook, state):
    upload = make_upload(cast.olga, cast.organization)
    uploads._close(uploads._held(upload.pk), state)
    told = rows(event=Kind.UPLOAD_FINISHED)
    if state == "cancelled":
        assert told == []
    else:
        assert told[0].body["data"]["upload"] == str(upload.pk)
        assert told[0].body["data"]["url"] == f"/api/v1/uploads/{upload.pk}/"


def test_every_kind_has_an_origin():
    others = {
        Kind.SESSION_ERASED,  # with the receipt
        Kind.UPLOAD_FINISHED,  # with the end
        Kind.SUMMARY_READY,  # in `summaries.making`
        Kind.TEST,
    }
    assert set(OF_ACT.values()) | others == set(Kind)
    assert {name for name, _label in CHOICES} == set(Kind.values) - {"webhook.test"}


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_the_address_in_a_message_is_one_of_the_api(kind):
    ids = {name: str(uuid4()) for name in ("session", "upload", "webhook", "delivery")}
    place = webhooks.kinds.place_of(kind, ids)
    if kind != Kind.SESSION_ERASED:
        assert hasattr(resolve(place).func.cls, "get")


def test_messages_hold_ids_and_times_only(cast, hook, receiver):
    session = go_live(make_session(cast.olga, cast.organization, candidate_name="Quixotia"))
    say(session, "I am Daniel Reyes from Zanzibar.")
    link, _url = candidates.make_link(session=session, by=cast.olga)
    candidates.ask(link=link, kind=CandidateRequest.Kind.COPY)
    services.end_session(session=session)
    upload = make_upload(cast.olga, cast.organization, title="Zanzibar")
    uploads._close(uploads._held(upload.pk), "done")
    endpoints.test(webhook=hook)
    send_all()
    assert len(receiver.messages) >= 7
    for headers, body in receiver.messages:
        message = json.loads(body)
        assert set(message) == {"type", "timestamp", "data"}
        assert set(message["data"]) <= ALLOWED
        told = (json.dumps(headers) + body.decode()).lower()
        assert not [word for word in PERSONAL if word.lower() in told]


def test_a_webhook_hears_what_it_listens_to_in_its_organization(cast, receiver):
    only, _secret = endpoints.create(
        organization=cast.organization, url=receiver.url, by=cast.ada, events=["session.ended"]
    )
    endpoints.create(organization=cast.elsewhere, url=receiver.url, by=cast.otto)
    endpoints.create(organization=cast.organization, url=receiver.url, by=cast.ada, is_active=False)
    services.end_session(session=go_live(cast.session))
    assert [(row.webhook_id, row.event) for row in rows()] == [(only.pk, "session.ended")]


def test_without_webhooks_an_act_costs_one_query(cast, django_assert_num_queries):
    kinds = ("interviews.session", str(cast.session.pk))
    with django_assert_num_queries(1):
        webhooks.note_act(Event.SESSION_ENDED, cast.organization.pk, *kinds)
    with django_assert_num_queries(0):
        webhooks.note_act(Event.SESSION_VIEWED, cast.organization.pk, *kinds)
        webhooks.note_act(Event.SESSION_ENDED, None, *kinds)


def test_what_is_rolled_back_is_not_told(cast, hook):
    def begin_twice():
        with transaction.atomic():
            services.start_session(session=go_live(cast.session))

    with pytest.raises(DomainError):
        begin_twice()
    assert rows() == []


def test_messages_are_sent_after_the_commit(
    cast, hook, django_capture_on_commit_callbacks, monkeypatch
):
    enqueued = []
    monkeypatch.setattr(tasks.send_webhook, "delay", enqueued.append)
    with django_capture_on_commit_callbacks(execute=True):
        go_live(cast.session)
        assert enqueued == []
    assert enqueued == [str(row.pk) for row in rows()]


# --- signatures ----------------------------------------------------------------------------------


def test_a_receiver_verifies_with_the_standard_library(cast, hook, receiver):
    row = one(hook)
    webhooks.deliver(row.pk)
    assert receiver.verified(hook.told) == row.body
    headers, body = receiver.messages[0]
    assert headers["webhook-id"] == str(row.pk)
    assert headers["Content-Type"] == "application/json"
    assert hook.told.startswith("whsec_")
    for wrong in ({**headers, "webhook-id": str(uuid4())}, {**headers, "webhook-timestamp": "1"}):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(hook.told).verify(body, wrong)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(hook.told).verify(body + b" ", headers)


def test_both_secrets_sign_during_a_rotation(hook, receiver):
    _hook, new = endpoints.rotate(webhook=hook)
    assert new != hook.told
    webhooks.deliver(one(hook).pk)
    assert receiver.verified(hook.told) == receiver.verified(new)
    past = timezone.now() - timedelta(seconds=1)
    Webhook.objects.update(old_until=past)
    webhooks.deliver(one(hook).pk)
    receiver.verified(new)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        receiver.verified(hook.told)
    webhooks.clear()
    kept = Webhook.objects.get()
    assert (kept.old_secret, kept.old_until, kept.secret) == (None, None, new)


def test_secrets_are_sealed_and_not_told(hook, caplog):
    stored = Webhook.objects.values_list("secret", flat=True).get()
    assert hook.told.encode() not in bytes(stored)
    claim = sending._claim(one(hook).pk)
    assert hook.told not in repr(claim)
    details = [entry.details for entry in AuditEntry.objects.filter(action="webhook.changed")]
    assert details == [{"change": "added"}]


def test_a_secret_that_does_not_open_is_a_failure_like_others(hook, receiver):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insights_webhook SET secret = %s", [b"damaged"])
    row = one(hook)
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (State.WAITING, "damaged")
    assert receiver.messages == []


# --- attempts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_an_arrival(hook, receiver, status):
    receiver.answers = [(status, {})]
    row = one(hook)
    assert webhooks.deliver(row.pk) == sending.Tried(None)
    row.refresh_from_db()
    assert (row.state, row.error, row.tries) == (State.SENT, "", 1)
    assert [(a["status"], a["error"]) for a in row.attempts] == [(status, "")]
    assert row.finished_at is not None
    assert webhooks.deliver(row.pk) is None
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_tried_again(hook, receiver, status):
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/"}), (200, {})]
    row = one(hook)
    tried = webhooks.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (State.WAITING, f"http_{status}")
    assert 4 <= tried.again <= 6
    hook.refresh_from_db()
    assert hook.failing_since is not None
    assert webhooks.deliver(row.pk) is None, "it is not due yet"
    again(row)
    assert (row.state, row.tries) == (State.SENT, 2)
    assert [a["status"] for a in row.attempts] == [status, 200]
    assert receiver.ids == [str(row.pk)] * 2, "a receiver knows the repeat by its id"
    hook.refresh_from_db()
    assert hook.failing_since is None


def test_pauses_grow_and_vary_until_it_is_given_up(hook, receiver):
    receiver.answers = [(500, {})]
    row = one(hook)
    waits = []
    for _try in range(sending.MOST_TRIES):
        again(row)
        if row.next_attempt_at:
            waits.append((row.next_attempt_at - timezone.now()).total_seconds())
    assert row.state == State.FAILED
    assert len(receiver.messages) == len(row.attempts) == row.tries == 10
    for wait, planned in zip(waits, sending.PAUSES, strict=True):
        assert 0.8 * planned - 5 <= wait <= 1.2 * planned
    assert len({sending._pause(3, None) for _ in range(20)}) > 1
    hook.refresh_from_db()
    assert hook.is_active, "not failing for long enough"


@pytest.mark.parametrize(
    ("status", "said", "least", "most"),
    [
        (429, "120", 119, 121),
        (503, "600", 599, 601),
        (503, "999999", 86_399, 86_401),
        (429, "1", 3.9, 6.1),
        (429, "soon", 3.9, 6.1),
        (429, "-5", 3.9, 6.1),
        (429, "²", 3.9, 6.1),
        (429, "Wed, 01 Jan 2020 00:00:00 GMT", 3.9, 6.1),
        (429, "Fri, 01 Jan 2100 00:00:00 GMT", 86_399, 86_401),
        (500, "120", 3.9, 6.1),
    ],
)
def test_retry_after_is_honoured_within_bounds(hook, receiver, status, said, least, most):
    receiver.answers = [(status, {"Retry-After": said.encode().decode("latin-1")})]
    row = one(hook)
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    tried_at = datetime.fromisoformat(row.attempts[0]["at"])
    wait = (row.next_attempt_at - tried_at).total_seconds()
    assert least - 1 <= wait <= most + 1


def test_nobody_listens(hook, receiver):
    receiver.close()
    receiver.close = lambda: None
    row = one(hook)
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    assert (row.error, row.attempts[0]["status"]) == ("cannot_connect", None)


def test_an_address_that_became_private_is_not_asked(hook, receiver, settings):
    settings.INTERVIEW_OUTGOING_ALLOW = []
    row = one(hook)
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    assert row.error == "not_https"
    Webhook.objects.update(url="https://169.254.169.254/latest/meta-data/")
    again(row)
    assert row.error == "private_address"
    assert receiver.messages == []


def test_gone_switches_off_at_once(cast, hook, receiver, django_capture_on_commit_callbacks):
    receiver.answers = [(410, {})]
    row, waiting = one(hook), one(hook)
    with django_capture_on_commit_callbacks() as callbacks:
        webhooks.deliver(row.pk)
    _run(callbacks)
    hook.refresh_from_db()
    row.refresh_from_db()
    waiting.refresh_from_db()
    assert (hook.is_active, row.state, row.error) == (False, State.FAILED, "http_410")
    assert (waiting.state, waiting.error) == (State.CANCELLED, "switched_off")
    _off(cast, "gone")
    assert "410" in mail.outbox[0].body


def test_days_of_failure_switch_off(cast, hook, receiver, django_capture_on_commit_callbacks):
    receiver.answers = [(500, {})]
    row = one(hook)
    since = timezone.now() - endpoints.FAILING - timedelta(hours=1)
    Webhook.objects.update(failing_since=since)
    again(row)
    hook.refresh_from_db()
    assert hook.is_active, "nothing was given up yet"
    WebhookDelivery.objects.update(tries=sending.MOST_TRIES - 1)
    with django_capture_on_commit_callbacks() as callbacks:
        again(row)
    _run(callbacks)
    hook.refresh_from_db()
    assert (hook.is_active, row.state) == (False, State.FAILED)
    assert hook.disabled_at is not None
    _off(cast, "failing")
    go_live(cast.session)
    assert len(rows()) == 1, "nothing more is written for it"
    endpoints.change(webhook=hook, is_active=True)
    hook.refresh_from_db()
    assert (hook.failing_since, hook.disabled_at) == (None, None)
    receiver.answers = [(200, {})]
    replayed = endpoints.replay(delivery=row)
    again(replayed)
    assert replayed.state == State.SENT


def _run(callbacks):
    for callback in callbacks:
        callback()
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join()


def _off(cast, reason):
    (entry,) = AuditEntry.objects.filter(action=Event.WEBHOOK_DISABLED)
    assert entry.details == {"reason": reason}
    assert [message.to for message in mail.outbox] == [[cast.ada.email]]
    text = mail.outbox[0].subject + mail.outbox[0].body
    assert "127.0.0.1" in text
    assert "not-to-be-told" not in text, "an address may hold a key"
    assert "switch it on again" in text


def test_a_log_line_holds_no_address(hook, receiver, caplog):
    with caplog.at_level(logging.DEBUG):
        webhooks.deliver(one(hook).pk)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("insights")]
    assert ours
    assert not [line for line in ours if "not-to-be-told" in line or "whsec_" in line]


# --- several at once -----------------------------------------------------------------------------


def in_thread(work, *args):
    def run():
        try:
            results.append(work(*args))
        finally:
            connections.close_all()

    results = []
    thread = threading.Thread(target=run)
    thread.results = results
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_sends(hook, receiver):
    receiver.gate = threading.Event()
    row = one(hook)
    first = in_thread(webhooks.deliver, row.pk)
    assert receiver.reached.acquire(timeout=30)
    others = [in_thread(webhooks.deliver, row.pk) for _ in range(3)]
    for thread in others:
        thread.join(30)
    assert [thread.results for thread in others] == [[None]] * 3
    receiver.gate.set()
    first.join(30)
    assert first.results == [sending.Tried(None)]
    assert len(receiver.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_a_slow_webhook_holds_up_only_itself(cast, hook, receiver):
    receiver.gate = threading.Event()
    quick = Receiver()
    try:
        slow = [one(hook) for _ in range(4)]
        under_way = [in_thread(webhooks.deliver, row.pk) for row in slow[: outbox.AT_ONCE]]
        for _thread in under_way:
            assert receiver.reached.acquire(timeout=30)
        assert webhooks.deliver(slow[2].pk) is None, "there is no room for a third"
        assert webhooks.overdue() == []
        other, _secret = endpoints.create(organization=cast.elsewhere, url=quick.url, by=cast.otto)
        row = one(other)
        assert webhooks.overdue() == [row.pk]
        assert webhooks.next_due() == row.pk
        assert webhooks.deliver(row.pk) == sending.Tried(None)
        assert len(quick.messages) == 1
        receiver.gate.set()
        for thread in under_way:
            thread.join(30)
        assert len(webhooks.overdue()) == 2
        send_all()
        assert sorted(receiver.ids) == sorted(str(row.pk) for row in slow)
    finally:
        quick.close()


def test_one_that_fails_gets_one_at_a_time(hook):
    waiting = [one(hook) for _ in range(3)]
    assert len(webhooks.overdue()) == outbox.AT_ONCE
    Webhook.objects.update(failing_since=timezone.now())
    assert webhooks.overdue() == [waiting[0].pk]
    assert sending._claim(waiting[0].pk)
    assert sending._claim(waiting[1].pk) is None


def test_threads_are_left_for_the_analysis(cast, receiver, settings):
    settings.INTERVIEW_ANALYSIS_WORKERS = 4
    claims = []
    for _ in range(3):
        made, _secret = endpoints.create(
            organization=cast.organization, url=receiver.url, by=cast.ada
        )
        body = outbox.body_of(Kind.TEST, {"webhook": str(made.pk)})
        claims.append(sending._claim(outbox.put_to(made, Kind.TEST, body).pk))
    assert [claim is not None for claim in claims] == [True, True, False]


def test_who_dies_in_the_middle_is_taken_over(hook, receiver):
    row = one(hook)
    lost = sending._claim(row.pk)
    assert webhooks.overdue() == []
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.update(lease_until=past)
    assert webhooks.overdue() == [row.pk]
    tasks.sweep_webhooks()
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries) == (State.SENT, 2)
    assert [a["error"] for a in row.attempts] == ["worker_lost", ""]
    assert receiver.ids == [str(row.pk)]
    sending._finish(lost, sending.Outcome(500, "http_500", 1))
    row.refresh_from_db()
    assert row.state == State.SENT, "what the lost one says counts no more"


def test_a_message_that_kills_workers_is_given_up(hook, receiver):
    row = one(hook)
    for _try in range(sending.MOST_TRIES):
        assert sending._claim(row.pk)
        WebhookDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sending._claim(row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.error) == (State.FAILED, "worker_lost")


def test_a_task_goes_on_with_the_next_message(hook, receiver, monkeypatch):
    enqueued = []
    monkeypatch.setattr(tasks.send_webhook, "delay", enqueued.append)
    first, second = one(hook), one(hook)
    tasks.send_webhook(str(first.pk))
    assert enqueued == [str(second.pk)]


# --- what admins do ------------------------------------------------------------------------------


def test_a_test_is_sent_once_and_means_nothing(cast, receiver):
    quiet, _secret = endpoints.create(
        organization=cast.organization, url=receiver.url, by=cast.ada, events=["session.ended"]
    )
    receiver.answers = [(500, {})]
    row = endpoints.test(webhook=quiet)
    assert webhooks.deliver(row.pk) == sending.Tried(None)
    row.refresh_from_db()
    quiet.refresh_from_db()
    assert (row.state, row.error, quiet.failing_since) == (State.FAILED, "http_500", None)
    assert receiver.bodies[0]["type"] == "webhook.test"


def test_a_replay_is_a_message_of_its_own(hook, receiver):
    row = one(hook)
    with pytest.raises(DomainError, match="not_finished"):
        endpoints.replay(delivery=row)
    webhooks.deliver(row.pk)
    row.refresh_from_db()
    new = endpoints.replay(delivery=row)
    webhooks.deliver(new.pk)
    assert (new.replay_of, new.body) == (row, row.body)
    assert receiver.ids == [str(row.pk), str(new.pk)]
    assert receiver.bodies[0] == receiver.bodies[1]
    (entry,) = AuditEntry.objects.filter(action=Event.WEBHOOK_REPLAYED)
    assert entry.details == {"delivery": str(row.pk), "event": row.event}


def test_who_is_switched_off_gets_nothing(hook, receiver):
    row = one(hook)
    endpoints.change(webhook=hook, is_active=False)
    assert webhooks.overdue() == []
    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert webhooks.deliver(row.pk) is None
    for act in (lambda: endpoints.test(webhook=hook), lambda: endpoints.replay(delivery=row)):
        with pytest.raises(DomainError, match="webhook_off"):
            act()
    assert receiver.messages == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "not_https"),
        ("https://10.0.0.1/", "private_address"),
        ("https://[::1]/", "private_address"),
        ("https://a:b@example.com/", "password_in_address"),
        ("https://2130706433/", "bad_address"),
        ("hello", "bad_address"),
    ],
)
def test_addresses_are_judged_when_they_are_typed(cast, hook, url, code):
    with pytest.raises(DomainError) as refused:
        endpoints.create(organization=cast.organization, url=url, by=cast.ada)
    assert refused.value.code == code
    with pytest.raises(DomainError) as refused:
        endpoints.change(webhook=hook, url=url)
    assert refused.value.code == code


def test_an_organization_has_a_bounded_number(cast, receiver):
    def make(organization):
        endpoints.create(organization=organization, url=receiver.url, by=cast.ada)

    for _ in range(endpoints.MOST):
        make(cast.organization)
    with pytest.raises(DomainError, match="too_many_webhooks"):
        make(cast.organization)
    make(cast.elsewhere)


def test_what_is_done_is_forgotten_after_a_month(hook, receiver):
    old, new, waiting = one(hook), one(hook), one(hook)
    for row in (old, new):
        webhooks.deliver(row.pk)
    month = timezone.now() - outbox.KEPT - timedelta(hours=1)
    WebhookDelivery.objects.filter(pk=old.pk).update(finished_at=month)
    assert webhooks.clear() == 1
    assert {row.pk for row in rows()} == {new.pk, waiting.pk}


def test_it_goes_with_its_organization(hook):
    one(hook)
    endpoints.remove(webhook=hook)
    assert rows() == []
