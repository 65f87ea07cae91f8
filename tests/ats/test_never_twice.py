"""Whatever goes wrong, and in whatever order: after the retries exactly one is there."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.ats.base import UNKNOWN, AtsError
from tests.ats.servers.base import FAULTS
from tests.ats.worlds import MARK, PARTS, RESULT, SERVERS, STORES, adapter_for, deliver, target_of


@pytest.mark.parametrize(("kind", "part"), PARTS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=st.lists(st.sampled_from(FAULTS), max_size=6))
def test_exactly_one_is_left_there(kind, part, faults):
    server = SERVERS[kind]()
    try:
        server.faults = list(faults)
        told = deliver(server, part)
        stored = getattr(server, STORES[part])
        assert len(stored) == 1
        assert told in (UNKNOWN, str(stored[0]["id"]))
        assert (told != UNKNOWN) or kind == "workable"
    finally:
        server.close()


@pytest.mark.parametrize(("kind", "part"), PARTS)
def test_an_answer_that_never_comes_is_looked_after(kind, part):
    server = SERVERS[kind]()
    try:
        slow = adapter_for(server, seconds=0.4)
        server.faults = ["", "slow_after"] if kind == "greenhouse" else ["slow_after"]
        if part == "scorecard" and kind in ("lever", "ashby"):
            server.faults = ["", "slow_after"]  # the form is read first
        with pytest.raises(AtsError) as failed:
            slow.write(part, target_of(server), RESULT)
        assert (failed.value.code, failed.value.unsure) == ("too_slow", True)
        adapter = adapter_for(server)
        found = adapter.existing(part, target_of(server), RESULT)
        if kind == "generic":  # whoever receives knows the repeat
            found = adapter.write(part, target_of(server), RESULT)
        assert found
        assert len(getattr(server, STORES[part])) == 1
    finally:
        server.close()


@pytest.mark.parametrize("server", ["greenhouse", "lever", "ashby", "workable"], indirect=True)
def test_two_deliveries_are_told_apart(server):
    for part in ("note", "attachment"):
        assert adapter_for(server).existing(part, target_of(server), RESULT) is None
        deliver(server, part)
    assert MARK in str(server.notes)
    assert len(server.notes) == len(server.files) == 1
