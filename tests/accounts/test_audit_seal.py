"""The seal: a crash loses nothing, and many at once make one whole chain."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, tasks
from accounts.audit import chain
from accounts.audit.verify import LATE
from accounts.kinds import Event
from accounts.models import AuditHead
from accounts.services import create_organization
from tests.chains import broken, report, sealed


def fail(*args: object, **kwargs: object) -> None:
    raise RuntimeError("killed")


@pytest.mark.django_db(transaction=True)
def test_after_a_crash_between_commit_and_seal_the_next_act_seals_both(monkeypatch):
    here = create_organization(name="Here", slug="here")
    with monkeypatch.context() as crash:
        crash.setattr(audit, "seal", fail)
        audit.record(Event.INVITED, organization_id=here.pk)
    assert sealed(here) == []
    audit.record(Event.JOINED, organization_id=here.pk)
    assert [one.action for one in sealed(here)] == [Event.INVITED, Event.JOINED]
    assert broken(here) is None


@pytest.mark.django_db(transaction=True)
def test_a_crash_inside_the_seal_leaves_nothing_half_done_and_the_beat_repairs(monkeypatch):
    here = create_organization(name="Here", slug="here")
    with monkeypatch.context() as crash:
        crash.setattr(AuditHead, "save", fail)
        audit.record(Event.INVITED, organization_id=here.pk)
        audit.record(Event.INVITED, organization_id=None)
    assert sealed(here) == sealed(None) == []
    tasks.seal_audit()
    for organization in (here, None):
        assert [one.sequence for one in sealed(organization)] == [1]
        assert broken(organization) is None


def test_what_waits_too_long_for_its_seal_is_told(db, monkeypatch):
    here = create_organization(name="Here", slug="here")
    audit.record(Event.INVITED, organization_id=here.pk)
    assert report(here).late == 0
    future = timezone.now() + 1.1 * LATE
    monkeypatch.setattr("accounts.audit.verify.timezone.now", lambda: future)
    assert report(here).late == 1
    chain.seal(here.pk)
    assert report(here).late == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_whole_chain():
    here = create_organization(name="Here", slug="here")
    there = create_organization(name="There", slug="there")
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def act(number: int) -> None:
        try:
            start.wait(20)
            for turn in range(15):
                with transaction.atomic():
                    audit.record(Event.INVITED, organization_id=here.pk, object_id=str(number))
                    if turn % 3 == 0:
                        audit.record(Event.INVITED, organization_id=there.pk)
                    if turn % 5 == 4:
                        transaction.set_rollback(True)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    for organization, count in ((here, 6 * 12), (there, 6 * 4)):
        found = report(organization)
        assert (found.entries, found.head, found.broken) == (count, count, None)


@pytest.mark.django_db(transaction=True)
def test_what_commits_later_is_sealed_later():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    here = create_organization(name="Here", slug="here")
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                audit.record(Event.INVITED, organization_id=here.pk)
                written.set()
                go_on.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    audit.record(Event.JOINED, organization_id=here.pk)  # does not wait for the other
    go_on.set()
    thread.join(20)
    first, second = sealed(here)
    assert (first.action, second.action) == (Event.JOINED, Event.INVITED)
    assert first.pk > second.pk
    assert broken(here) is None
