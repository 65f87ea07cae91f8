"""One analysis per session at a time and per interval, and always a trailing one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from insights import debounce, receivers
from insights.debounce import Later, Lease
from insights.models import AnalysisState
from tests.factories import say


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves."""

    class Clock:
        now = timezone.now()

        def pass_seconds(self, seconds):
            self.now += timedelta(seconds=seconds)

    clock = Clock()
    monkeypatch.setattr(debounce.timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def session_id(cast, settings):
    settings.INTERVIEW_ANALYSIS_INTERVAL = 5.0
    settings.INTERVIEW_ANALYSIS_LEASE = 40.0
    return cast.session.pk


def complete(lease):
    return debounce.complete(lease, debounce.owned(lease), "")


def test_the_first_segment_is_due_at_once_and_further_ones_plan_nothing_more(session_id, clock):
    assert debounce.mark(session_id, 1) == 0
    assert debounce.mark(session_id, 2) is None
    assert debounce.mark(session_id, 3) is None


def test_a_run_takes_everything_that_waits(session_id, clock):
    for sequence in (1, 2, 3):
        debounce.mark(session_id, sequence)
    lease = debounce.claim(session_id)
    assert isinstance(lease, Lease)
    assert (lease.after, lease.through) == (0, 3)


def test_nobody_else_works_while_the_lease_holds(session_id, clock):
    debounce.mark(session_id, 1)
    assert isinstance(debounce.claim(session_id), Lease)
    assert debounce.claim(session_id) is None


def test_the_next_run_waits_for_the_interval(session_id, clock):
    debounce.mark(session_id, 1)
    assert complete(debounce.claim(session_id)) is None
    clock.pass_seconds(2)
    assert debounce.mark(session_id, 2) == 3
    early = debounce.claim(session_id)
    assert isinstance(early, Later)
    assert early.seconds == 3
    clock.pass_seconds(3)
    assert isinstance(debounce.claim(session_id), Lease)


def test_what_came_during_a_run_gets_a_trailing_one(session_id, clock):
    debounce.mark(session_id, 1)
    lease = debounce.claim(session_id)
    debounce.mark(session_id, 2)
    clock.pass_seconds(1)
    assert complete(lease) == 4
    clock.pass_seconds(4)
    assert debounce.claim(session_id).after == 1


def test_a_dead_workers_lease_runs_out_and_the_sweep_finds_its_session(session_id, clock):
    debounce.mark(session_id, 1)
    dead = debounce.claim(session_id)
    assert debounce.overdue() == []
    clock.pass_seconds(41)
    assert debounce.overdue() == [session_id]
    lease = debounce.claim(session_id)
    assert lease.through == 1
    assert debounce.owned(dead) is None, "the late worker must not write any more"
    assert complete(lease) is None
    assert debounce.overdue() == []


def test_a_lost_message_is_found_by_the_sweep(session_id, clock):
    debounce.mark(session_id, 1)
    assert debounce.overdue() == []
    clock.pass_seconds(6)
    assert debounce.overdue() == [session_id]


def test_a_stale_plan_is_planned_again_by_the_next_segment(session_id, clock):
    debounce.mark(session_id, 1)
    clock.pass_seconds(6)
    assert debounce.mark(session_id, 2) == 0


def test_nothing_new_is_nothing_to_do(session_id, clock):
    assert debounce.claim(session_id) is None
    debounce.mark(session_id, 1)
    complete(debounce.claim(session_id))
    clock.pass_seconds(60)
    assert debounce.claim(session_id) is None
    assert AnalysisState.objects.get(session_id=session_id).pending_at is None
    assert debounce.settled(session_id)


def test_the_end_of_the_interview_finds_lines_that_a_crash_left_unmarked(
    live, session_id, monkeypatch
):
    with monkeypatch.context() as crash:
        crash.setattr(receivers.analysis, "mark_segment", lambda **_: None)
        say(live, "I have worked with AWS for three years.")
    assert not AnalysisState.objects.filter(session_id=session_id).exists()
    monkeypatch.setattr(receivers.tasks.analyze, "delay", lambda _: None)
    receivers.on_end(None, session_id=session_id)
    assert debounce.overdue() == []
    assert isinstance(debounce.claim(session_id), Lease)
