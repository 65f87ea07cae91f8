"""Whatever a system answers, an adapter returns what it promises or raises an AtsError."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.lib.outgoing import Answer
from insights.ats import ADAPTERS
from insights.ats.base import Account, AtsError, Part, Target
from tests.ats.servers.base import SHAPES
from tests.ats.servers.generic import MAPPING
from tests.ats.worlds import RESULT, SERVERS

NAMES = st.sampled_from(
    "id data results notes candidates members activities attributes fields field value name "
    "email emails success errors errorInfo code paging next links hasNext nextCursor "
    "moreDataAvailable formDefinition sections fileHandles applicationIds email_addresses "
    "candidate_id access_token job title type path options text action body".split()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def recorded(kind):
    path = SHAPES / f"{kind}.json"
    known = json.loads(path.read_text()).values() if path.exists() else []
    return [one["response"] for one in known if one["response"] is not None]


@st.composite
def spoiled(draw, kind):
    """Return a recorded answer with something else at one place in it, or anything at all."""
    known = recorded(kind)
    if not known or draw(st.integers(0, 3)) == 0:
        return draw(ANYTHING)
    whole = here = {"": json.loads(json.dumps(draw(st.sampled_from(known))))}
    key = ""
    while draw(st.booleans()) and isinstance(here[key], dict | list) and here[key]:
        here = here[key]
        key = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
    if draw(st.booleans()):
        here[key] = draw(ANYTHING)
    return whole[""]


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_odd_answer_is_an_ats_error(kind, data):
    def send(method, url, headers, content):
        if url.endswith("/token") and data.draw(st.booleans()):
            return Answer(200, {}, b'{"access_token": "x"}')
        status = data.draw(st.sampled_from([200, 200, 200, 201, 204, 302, 404, 418, 429, 503]))
        headers = data.draw(
            st.dictionaries(
                st.sampled_from(["link", "retry-after", "x-rate-limit-reset"]),
                st.sampled_from(["", "5", "-1", "nan", "inf", "soon", '<https://x>; rel="next"']),
            )
        )
        return Answer(status, headers, json.dumps(data.draw(spoiled(kind))).encode())

    server = SERVERS[kind]
    mapping = MAPPING if kind == "generic" else {}
    account = Account("https://ats.example", server.credential, server.options, mapping)
    adapter = ADAPTERS[kind](account, send)
    target = Target(server.candidate, data.draw(st.sampled_from(["", server.application])))
    part = data.draw(st.sampled_from(sorted(Part)))
    act = data.draw(st.sampled_from(["check", "find", "write", "existing", "remove"]))
    try:
        match act:
            case "check":
                assert isinstance(adapter.check(), str)
            case "find":
                wanted = data.draw(st.sampled_from(["ada@example.org", server.candidate, "Ada"]))
                found = adapter.find(wanted)
                assert all(one.candidate and isinstance(one.label, str) for one in found)
            case "write":
                told = adapter.write(part, target, RESULT)
                assert told
                assert isinstance(told, str)
            case "existing":
                assert adapter.existing(part, target, RESULT) != ""
            case "remove":
                assert adapter.remove(part, target, "7") is None
    except AtsError as error:
        waits = error.retry_after is None or 0 <= error.retry_after <= 6 * 3600
        if not waits:
            raise
