"""Who is let in when the machine is full or slow, and what gives way first."""

import pytest

from transcription.admission import Busy, Lag, admit, partial_interval


def lag(wait, *, seconds=10.0, end=100.0, chunk=0.1):
    """Return a stream whose chunks have each waited so long, for so many seconds until `end`."""
    made = Lag()
    for n in range(round(seconds / chunk)):
        now = end - seconds + (n + 1) * chunk
        made.begin(now - wait)
        made.end(now)
    return made


def refused(lags, *, limit=8, resuming=False, now=100.0):
    with pytest.raises(Busy) as caught:
        admit(lags, limit=limit, resuming=resuming, now=now)
    assert caught.value.code == "busy"
    assert 5 <= caught.value.retry_after <= 60
    return caught.value.retry_after


def test_an_idle_machine_lets_in_as_many_as_the_limit():
    admit([], limit=1, resuming=False, now=0.0)
    admit([Lag()] * 7, limit=8, resuming=False, now=0.0)
    refused([Lag()] * 8)


def test_who_resumes_gets_a_place_that_nobody_else_gets():
    admit([Lag()] * 8, limit=8, resuming=True, now=0.0)
    admit([Lag()] * 9, limit=8, resuming=True, now=0.0)
    refused([Lag()] * 10, resuming=True)
    admit([lag(9.0)] * 2, limit=8, resuming=True, now=100.0)


def test_a_machine_that_falls_behind_lets_in_nobody_new():
    fine = [lag(0.1) for _ in range(3)]
    admit(fine, limit=8, resuming=False, now=100.0)
    refused([*fine, lag(2.5)])


@pytest.mark.parametrize(("wait", "seconds"), [(1.9, 60.0), (6.0, 2.5)])
def test_a_little_behind_or_for_a_moment_is_no_reason(wait, seconds):
    admit([lag(wait, seconds=seconds)], limit=8, resuming=False, now=100.0)


def test_a_breath_in_between_starts_the_count_again():
    late = lag(2.5)
    late.begin(100.0)
    late.end(100.1)
    late.begin(98.0)
    late.end(100.2)
    admit([late], limit=8, resuming=False, now=100.2)


def test_a_stream_that_is_stuck_in_one_chunk_counts():
    stuck = lag(0.1)
    stuck.begin(100.0)
    admit([stuck], limit=8, resuming=False, now=103.0)
    refused([stuck], now=105.5)


def test_who_was_behind_and_fell_silent_holds_up_nobody():
    admit([lag(9.0)], limit=8, resuming=False, now=103.0)


def test_who_sends_again_what_it_kept_is_not_behind():
    """Eight seconds are always under way, and pass in one."""
    admit([lag(1.0, seconds=40.0)], limit=8, resuming=False, now=100.0)


def test_the_further_behind_the_later_to_come_again():
    waits = [refused([lag(wait, seconds=60.0)]) for wait in (2.5, 6.0, 12.0, 40.0)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] == 60


def test_partials_thin_out_for_everybody_as_the_slowest_falls_behind():
    assert partial_interval([], 100.0) == 0.0
    assert partial_interval([lag(0.05), lag(0.4)], 100.0) == 0.0
    crowded = [partial_interval([lag(0.05), lag(wait)], 100.0) for wait in (0.6, 1.0, 2.0)]
    assert crowded == pytest.approx([1.2, 2.0, 4.0], rel=0.1)


def test_one_slow_chunk_among_many_thins_out_nothing():
    once = lag(0.05)
    once.begin(99.0)
    once.end(100.0)
    assert partial_interval([once], 100.0) == 0.0
