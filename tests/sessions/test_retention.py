"""What is over is gone: unreadable first, then removed, whoever dies; what is held stays."""

import os
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlunsplit

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from insights import memory, sealed_cache
from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import AnalysisRun, AnalysisState, Summary
from sessions import devices, notes, receipts, retention, services, tasks
from sessions.models import CandidateLink, Erasure, Session, Watcher
from sessions.signals import Removed, session_erasing
from tests import product
from tests.factories import client_of, go_live, make_session, make_upload, say
from tests.long_interviews import make_long
from transcription import uploads
from transcription.models import Gap, Segment

HOUR = timedelta(hours=1)
SAID = "Zanzibarworks paid me to move forty services to Kafka."


class Clock:
    """The time of the whole program, which stands still until it is moved."""

    def __init__(self):
        self.now = timezone.now()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def ended(cast):
    session = go_live(cast.session)
    say(session, SAID)
    return services.end_session(session=session)


def over(session, **fields):
    """Let the time of an interview be over."""
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(pk=session.pk).update(expires_at=past, **fields)


def is_there(session):
    return Session.objects.filter(pk=session.pk).exists()


def readable(session):
    return Session.objects.filter(pk=session.pk, wrapped_key__isnull=False).exists()


def left_of(session_id):
    """Return how many rows of each table still name the interview, in whatever column."""
    kept = {AuditEntry: {"object_id"}, Erasure: {"session_id"}}  # which outlive it, by its id only
    found = Counter()
    for model in apps.get_models():
        named = models.Q()
        for field in model._meta.concrete_fields:
            is_id = isinstance(field, models.UUIDField | models.CharField | models.TextField)
            is_id = is_id or field.related_model is Session
            if is_id and field.name not in kept.get(model, ()):
                named |= models.Q((field.attname, session_id))
        if named:
            found[model._meta.label] += model._base_manager.filter(named).count()
    return +found


# --- when ----------------------------------------------------------------------------------------


def test_not_a_second_before_its_time_and_within_one_run_after(cast, clock):
    session = go_live(cast.session)
    services.end_session(session=session)
    begin = clock.now
    clock.now = begin + 24 * HOUR - timedelta(seconds=1)
    tasks.erase_expired()
    assert readable(session)
    clock.now = begin + 24 * HOUR
    tasks.erase_expired()
    assert not is_there(session)
    (receipt,) = Erasure.objects.all()
    assert (receipt.reason, receipt.started_at, receipt.finished_at) == (
        "expired",
        clock.now,
        clock.now,
    )
    assert receipts.verify(receipts.receipt_json(receipt))


def test_beat_looks_often_enough_to_erase_within_five_minutes():
    entry = django_settings.CELERY_BEAT_SCHEDULE["erase-expired"]
    assert entry["task"] == "sessions.tasks.erase_expired"
    assert entry["schedule"] + django_settings.INTERVIEW_ERASE_SECONDS < 300


def test_a_draft_has_days_from_its_last_change_and_none_once_it_began(cast, clock):
    draft = make_session(cast.olga, cast.organization)
    days = timedelta(days=cast.organization.draft_days)
    assert draft.expires_at == clock.now + days
    clock.now += timedelta(days=20)
    assert services.change_session(session=draft, title="Backend").expires_at == clock.now + days
    begun = make_session(cast.olga, cast.organization)
    assert go_live(begun).expires_at is None
    clock.now += days - timedelta(seconds=1)
    retention.run()
    assert readable(draft)
    clock.now += timedelta(seconds=1)
    retention.run()
    assert (is_there(draft), readable(begun)) == (False, True)
    assert Erasure.objects.get(session_id=draft.pk).reason == "draft"


def test_drafts_from_before_get_the_days_of_new_ones_and_nothing_else_does(cast, clock):
    begun = go_live(make_session(cast.olga, cast.organization))
    Session.objects.update(expires_at=None)
    migration = import_module("sessions.migrations.0006_drafts_expire")
    migration.give_time(apps, SimpleNamespace(connection=connection))
    rows = dict(Session.objects.values_list("pk", "expires_at"))
    days = timedelta(days=cast.organization.draft_days)
    assert rows == {cast.session.pk: clock.now + days, begun.pk: None}


def test_what_nobody_ends_is_ended_so_that_its_time_counts(cast, clock, settings):
    session = go_live(cast.session)
    begin = clock.now
    clock.now = begin + timedelta(hours=settings.INTERVIEW_MAX_HOURS)
    tasks.erase_expired()
    session.refresh_from_db()
    assert session.status == "live"
    clock.now += timedelta(seconds=1)
    tasks.erase_expired()
    session.refresh_from_db()
    assert (session.status, session.expires_at) == ("ended", clock.now + 24 * HOUR)
    assert AuditEntry.objects.get(action="session.ended").via == "system"
    clock.now += 24 * HOUR
    tasks.erase_expired()
    assert not is_there(session)


def test_what_an_organization_keeps_from_now_on_changes_nothing_that_has_ended(cast, clock, ended):
    before = ended.expires_at
    cast.organization.retention_hours = 1
    cast.organization.save()
    later = services.end_session(session=go_live(make_session(cast.olga, cast.organization)))
    ended.refresh_from_db()
    assert ended.expires_at == before
    assert later.expires_at == clock.now + HOUR


def test_what_is_kept_longer_after_the_run_listed_it_stays(cast, ended, monkeypatch):
    over(ended)
    listed = retention.due

    def due():
        found = listed()
        Session.objects.filter(pk=ended.pk).update(expires_at=timezone.now() + HOUR)
        return found

    monkeypatch.setattr(retention, "due", due)
    report = retention.run()
    assert ([item.session_id for item in report.due], report.begun) == ([ended.pk], 0)
    assert readable(ended)


def test_what_is_held_takes_no_place_in_the_list(cast, ended):
    over(ended)
    held = make_session(cast.olga, cast.organization)
    Session.objects.filter(pk=held.pk).update(expires_at=timezone.now() - 9 * HOUR, legal_hold=True)
    assert [item.session_id for item in retention.due(1)] == [ended.pk]


# --- moving it -----------------------------------------------------------------------------------


def test_its_time_is_moved_within_what_the_organization_allows(cast, clock, ended):
    most = ended.ended_at + timedelta(hours=cast.organization.retention_max_hours)
    for until, code in (
        (most + timedelta(seconds=1), "too_long"),
        (clock.now, "in_the_past"),
    ):
        with pytest.raises(DomainError, match=code):
            retention.extend(session=ended, until=until, by=cast.olga)
    assert retention.extend(session=ended, until=most, by=cast.olga).expires_at == most
    clock.now = most - timedelta(seconds=1)
    retention.run()
    assert readable(ended)
    soon = most - timedelta(milliseconds=500)
    retention.extend(session=ended, until=soon, by=cast.ada)  # shorter is allowed as well
    clock.now = soon
    retention.run()
    assert not is_there(ended)
    changes = AuditEntry.objects.filter(action="session.retention_changed").order_by("pk")
    assert [entry.details["to"] for entry in changes] == [most.isoformat(), soon.isoformat()]
    assert [entry.actor_id for entry in changes] == [cast.olga.pk, cast.ada.pk]


def test_what_runs_has_no_time_to_move_and_a_draft_has_its_own(cast, clock):
    days = timedelta(days=cast.organization.draft_days)
    until = clock.now + days - HOUR
    moved = retention.extend(session=cast.session, until=until, by=cast.olga)
    assert (moved.expires_at, moved.longest_expiry()) == (until, clock.now + days)
    with pytest.raises(DomainError, match="not_ended"):
        retention.extend(session=go_live(cast.session), until=until, by=cast.olga)


@pytest.mark.parametrize("person", ["olga", "ada", "sam", "vic", "otto"])
def test_over_rest_its_owner_and_admins_move_it_and_erase_it(cast, ended, person):
    client = client_of(getattr(cast, person))
    until = (timezone.now() + 48 * HOUR).isoformat()
    place = f"/api/v1/sessions/{ended.pk}/"
    answer = client.patch(
        f"{place}retention/", {"expires_at": until}, content_type="application/json"
    )
    allowed = person in ("olga", "ada")
    assert answer.status_code == (200 if allowed else 404)
    if allowed:
        said = answer.json()["retention"]
        assert (said["expires_at"], said["hold"]) == (until, False)
        assert answer.json()["expires_at"] == until
        assert said["longest"] == ended.longest_expiry().isoformat()
    assert client.delete(place).status_code == (204 if allowed else 404)
    assert is_there(ended) is not allowed
    if allowed:
        erasure = Erasure.objects.get()
        assert (erasure.reason, erasure.asked_by) == ("person", getattr(cast, person).pk)


# --- legal hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("person", "status"), [("ada", 200), ("olga", 404), ("otto", 404)])
def test_only_who_answers_for_candidates_sets_a_hold(cast, ended, person, status):
    place = f"/api/v1/sessions/{ended.pk}/hold/"
    client = client_of(getattr(cast, person))
    answer = client.post(place, {"hold": True}, content_type="application/json")
    assert answer.status_code == status
    ended.refresh_from_db()
    assert ended.legal_hold is (status == 200)


def test_a_hold_wins_over_every_way_to_erase(cast, ended, clock):
    draft = make_session(cast.olga, cast.organization)
    upload = make_upload(cast.olga, cast.organization)
    for session in (ended, draft, upload.session):
        retention.hold(session=session, hold=True)
    uploads.cancel(upload=upload)
    clock.now += timedelta(days=400)
    retention.run()
    for reason in Erasure.Reason.values:
        with pytest.raises(DomainError, match="kept"):
            retention.erase_now(session=ended, reason=reason, by=cast.ada)
    with pytest.raises(DomainError, match="kept"):
        services.delete_draft(session=draft)
    assert client_of(cast.ada).delete(f"/api/v1/sessions/{ended.pk}/").status_code == 409
    assert all(readable(session) for session in (ended, draft, upload.session))
    assert [item.held for item in retention.due()] == [True] * 3
    assert not Erasure.objects.exists()


def test_a_hold_that_is_lifted_leaves_a_day_to_put_it_back(ended, clock):
    retention.hold(session=ended, hold=True)
    clock.now += 48 * HOUR
    retention.hold(session=ended, hold=False)
    clock.now += 24 * HOUR - timedelta(seconds=1)
    retention.run()
    assert readable(ended)
    clock.now += timedelta(seconds=1)
    retention.run()
    assert not is_there(ended)


# --- how -----------------------------------------------------------------------------------------


def fill(cast, session):
    """Put something into every kind of place that an interview has; return what there is of it."""
    line = say(session, SAID)
    say(session, "And then I measured it.", start=32_000)
    Gap.objects.create(
        session=session, stream=line.stream, role="candidate", revision=9,
        start_sample=1, end_sample=2, start_ms=1, end_ms=2,
    )  # fmt: skip
    found = Finding(Kind.QUESTION, "Which part?", SAID, (str(line.pk),))
    store_finding(session_id=session.pk, finding=found, state="complete", source="rules")
    AnalysisState.objects.create(session=session, last_sequence=9)
    AnalysisRun.objects.create(session=session, after=0, through=9, engine="rules")
    Summary.objects.create(session=session, sections=[], revision=9)
    notes.add_note(session=session, author=cast.olga, text="Ask.")
    Watcher.objects.create(session=session, user=cast.sam, seen_at=timezone.now())
    CandidateLink.objects.create(session=session, made_by=cast.olga)
    _row, code = devices.make_code(session=session, channel="room", by=cast.olga)
    devices.join(code=code, name="Phone")
    LogEntry.objects.create(
        user=cast.ada,
        content_type=ContentType.objects.get_for_model(Session),
        object_id=str(session.pk),
        object_repr=str(session.pk),
        action_flag=CHANGE,
    )
    sealed_cache.keep(session, memory.NAME, SAID, 3600)


def test_nothing_of_it_is_left_but_a_receipt_that_counts_it(cast):
    session = go_live(cast.session)
    fill(cast, session)
    there = left_of(session.pk)
    held = session.data_key()
    name = sealed_cache._name(session.pk, memory.NAME)
    assert cache.get(name) is not None
    erasure = retention.erase_now(session=session, reason="person", by=cast.olga)
    assert left_of(session.pk) == Counter()
    assert cache.get(name) is None
    erasure.refresh_from_db()
    assert sum(erasure.counts.values()) == sum(there.values())
    assert erasure.counts["segments"] == 2
    assert erasure.counts["permissions"] > 5
    for kind in (
        "consents candidate_links device_codes devices watchers notes gaps streams insights "
        "analysis runs summary log_entries interviews"
    ).split():
        assert erasure.counts[kind] == 1, kind
    assert receipts.verify(receipts.receipt_json(erasure))
    assert held.hex() not in str(erasure.__dict__)
    for model in (Erasure, AuditEntry):
        assert "Zanzibar" not in str(list(model.objects.values()))


def test_the_file_of_an_upload_goes_too(cast):
    upload = make_upload(cast.olga, cast.organization)
    folder = django_settings.INTERVIEW_UPLOADS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(upload.pk)).write_bytes(b"sealed")
    retention.erase_now(session=upload.session, reason="subject")
    assert not (folder / str(upload.pk)).exists()
    assert Erasure.objects.get().counts["upload"] == 1


def test_unreadable_comes_first_even_where_nothing_can_be_removed(cast, ended, settings):
    others = [make_session(cast.olga, cast.organization) for _ in range(3)]
    settings.INTERVIEW_ERASE_SECONDS = 0  # no time for more than the keys
    for session in (ended, *others):
        over(session)
    report = retention.run()
    assert (report.begun, report.finished, report.unfinished) == (4, 0, 4)
    assert Segment.objects.filter(session=ended.pk).exists()
    row = Session.objects.get(pk=ended.pk)
    assert (row.wrapped_key, row.title, row.job) == (None, "", "")
    assert client_of(cast.olga).get(f"/api/v1/sessions/{ended.pk}/").status_code == 404
    assert (
        str(ended.pk) not in client_of(cast.ada).get("/admin/interviews/session/").content.decode()
    )
    settings.INTERVIEW_ERASE_SECONDS = 40
    assert retention.run().finished == 4
    assert not any(is_there(session) for session in (ended, *others))


def test_no_transaction_removes_more_rows_than_the_batch(cast, settings):
    settings.INTERVIEW_ERASE_BATCH = 40
    session = make_long(cast.session, segments=120, insights=30, claims=10, tones=40, notes=5)
    seen = []

    def count(sender, session_id, **kwargs):
        seen.append(sum(left_of(session_id).values()))
        return Removed()

    session_erasing.connect(count)
    try:
        retention.erase_now(session=session, reason="person")
    finally:
        session_erasing.disconnect(count)
    assert not is_there(session)
    steps = [before - after for before, after in pairwise(seen)]
    assert len(steps) > 5
    assert max(steps) <= 40


def test_what_fails_in_one_package_stops_no_other_and_is_done_in_the_next_run(cast, caplog):
    session = go_live(cast.session)
    fill(cast, session)

    def broken(sender, **kwargs):
        raise RuntimeError(SAID)

    session_erasing.connect(broken)
    try:
        erasure = retention.erase_now(session=session, reason="person")
        assert not Segment.objects.filter(session=session.pk).exists()
        assert (is_there(session), readable(session)) == (True, False)
        assert retention.run().unfinished == 1
    finally:
        session_erasing.disconnect(broken)
    assert "RuntimeError" in caplog.text
    assert "Zanzibar" not in caplog.text
    assert retention.run().finished == 1
    assert left_of(session.pk) == Counter()
    erasure.refresh_from_db()
    assert erasure.counts["segments"] == 2
    assert receipts.verify(receipts.receipt_json(erasure))


def test_in_a_callers_transaction_the_rest_waits_for_its_commit(
    ended, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        retention.erase_now(session=ended, reason="candidate")
        assert (is_there(ended), readable(ended)) == (True, False)
    assert not is_there(ended)


def test_what_an_earlier_version_left_without_a_key_is_removed(ended):
    Session.objects.filter(pk=ended.pk).update(wrapped_key=None)
    assert retention.run().finished == 1
    assert not is_there(ended)


@pytest.mark.django_db(transaction=True)
def test_what_is_finished_is_not_signed_again(ended):
    erasure = retention.erase_now(session=ended, reason="person")
    retention.erase_now(session=ended, reason="candidate")
    before = Erasure.objects.values().get()
    assert retention.finish(erasure.pk, time.monotonic() + 9) is False
    assert Erasure.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_an_old_copy_brings_no_key_back(ended):
    old = Session.objects.get(pk=ended.pk)
    retention.begin(ended.pk, Erasure.Reason.PERSON)
    old.save()
    assert Session.objects.get(pk=ended.pk).wrapped_key is None


def test_what_came_back_after_its_receipt_goes_again(ended):
    erasure = retention.erase_now(session=Session.objects.get(pk=ended.pk), reason="person")
    ended.save(force_insert=True)  # as from a backup that was restored in part
    over(ended)
    assert retention.run().finished == 1
    assert left_of(ended.pk) == Counter()
    erasure.refresh_from_db()
    assert erasure.counts["interviews"] == 2
    assert receipts.verify(receipts.receipt_json(erasure))


def test_whoever_was_about_to_start_it_finds_it_gone(cast):
    stale = Session.objects.get(pk=cast.session.pk)
    over(cast.session)
    retention.run()
    with pytest.raises(DomainError):
        go_live(stale)


# --- several processes ---------------------------------------------------------------------------


def prepared(env_dir):
    """Return an environment in which the product works on the database of these tests."""
    env = product.environment(
        env_dir,
        SECRET_KEY="tests-only-" + "x" * 40,
        INTERVIEW_MASTER_KEYS=f"tests:{b64encode(bytes(32)).decode()}",
        INTERVIEW_ERASE_BATCH="4",
    )
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        (env_dir / "db.sqlite3").symlink_to(database["NAME"])
        return env
    who = quote(database["USER"]) + (
        ":" + quote(database["PASSWORD"]) if database["PASSWORD"] else ""
    )
    place = f"{who}@{database['HOST']}:{database['PORT'] or 5432}"
    return {**env, "DATABASE_URL": urlunsplit(("postgres", place, f"/{database['NAME']}", "", ""))}


def patiently(look, what):
    """Return the first answer that is true."""
    deadline = time.monotonic() + product.PATIENCE
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        threading.Event().wait(0.005)
    raise AssertionError(f"never came: {what}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(180)
def test_killed_in_the_middle_the_next_run_finishes_and_counts_right(cast, tmp_path, caplog):
    session = make_long(
        cast.session, segments=300, insights=60, claims=20, tones=60, notes=10, end=True
    )
    upload = make_upload(cast.olga, cast.organization)
    folder = django_settings.INTERVIEW_UPLOADS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(upload.pk)).write_bytes(b"sealed")
    there = sum(left_of(session.pk).values())
    over(session)
    lines = Segment.objects.filter(session=session.pk)
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "erase_expired"],
        cwd=product.ROOT,
        env=prepared(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        patiently(lambda: lines.count() < 280, "the first lines removed")
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert 0 < lines.count() < 280, "it was quicker than the kill"
    assert not readable(session)
    assert Erasure.objects.get().finished_at is None
    over(upload.session)
    assert retention.run().finished == 2
    assert "not tidied" not in caplog.text
    assert left_of(session.pk) == Counter()
    assert not (folder / str(upload.pk)).exists()
    receipt = Erasure.objects.get(session_id=session.pk)
    assert sum(receipt.counts.values()) == there
    assert (receipt.counts["segments"], receipt.counts["insights"]) == (300, 60)
    assert receipts.verify(receipts.receipt_json(receipt))


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_erase_once(cast, settings):
    settings.INTERVIEW_ERASE_BATCH = 8
    session = make_long(
        cast.session, segments=60, insights=12, claims=4, tones=12, notes=4, end=True
    )
    others = [make_session(cast.olga, cast.organization) for _ in range(3)]
    there = sum(left_of(session.pk).values())
    for one in (session, *others):
        over(one)
    together = threading.Barrier(2)

    def work():
        try:
            together.wait()
            return retention.run()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        reports = [work.result() for work in [pool.submit(work) for _ in range(2)]]
    assert sum(report.begun for report in reports) == 4
    retention.run()  # what one left because the other was at it
    assert Erasure.objects.exclude(finished_at=None).count() == 4
    assert left_of(session.pk) == Counter()
    assert sum(Erasure.objects.get(session_id=session.pk).counts.values()) == there
    assert AuditEntry.objects.filter(action="session.erased").count() == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_neither_key_nor_ciphertext_is_left_in_the_files_of_the_database(cast):
    session = go_live(cast.session)
    line = Segment.objects.get(pk=say(session, SAID).pk)
    secrets = [bytes(session.wrapped_key), bytes(line.__dict__["text"])]
    path = Path(str(connection.settings_dict["NAME"]))
    files = [path, path.with_name(path.name + "-wal")]

    def found():
        return sum(secret in file.read_bytes() for file in files for secret in secrets)

    assert found() >= 2
    services.end_session(session=session)
    over(session)
    assert retention.run().finished == 1
    assert found() == 0


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_what_would_go_and_changes_nothing_until_it_is_told_to(
    cast, ended, capsys
):
    held = make_session(cast.olga, cast.organization)
    over(ended)
    over(held, legal_hold=True)
    call_command("erase_expired", "--dry-run")
    said = capsys.readouterr().out
    assert f"{ended.pk} here since" in said
    assert f"{held.pk} here since" in said
    assert "1 would be erased" in said
    assert "kept by a legal hold" in said
    assert readable(ended)
    assert not Erasure.objects.exists()
    call_command("erase_expired", "--json")
    assert '"finished": 1' in capsys.readouterr().out
    assert not is_there(ended)
    assert is_there(held)


def test_the_command_fails_where_something_is_left(ended, settings):
    settings.INTERVIEW_ERASE_SECONDS = 0
    over(ended)
    with pytest.raises(CommandError, match="1 erasure"):
        call_command("erase_expired")
