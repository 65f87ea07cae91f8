"""How long a line waits for a card of an analysis when the language model is broken in each way."""

import time

from django.test import override_settings

from insights import analysis
from tests.benchmarks.inside import told
from tests.factories import create_organization, go_live, make_session, make_user, say
from tests.insights import llm_server as behave

ANSWER = (
    "I have ten years of Kubernetes and seven years of Kafka. We sort of moved things to a "
    "replica, and then it was somehow better for everybody."
)
FAULTS = {
    "429": behave.status(429, Retry_After="30"),
    "500": behave.status(500),
    "silence": behave.silent(),
    "no headers": behave.silent(after_headers=False),
    "slow drip of events": behave.drips(),
    "slow drip of bytes": behave.drips("bytes"),
    "slow drip of headers": behave.drips("headers"),
    "cut stream": behave.cut(),
    "garbage": behave.garbage(),
    "broken events": behave.broken_events(),
    "wrong schema": behave.streams('{"surprise": [1, 2]}'),
    "refusal": behave.refuses(),
    "10 MB": behave.huge(),
}


def measured() -> dict[str, float]:
    """Return by fault the seconds from the start of the analysis to its first card."""
    here = create_organization(name="Bench", slug="bench")
    olga = make_user(here, "olga")
    waits = {}
    for name, fault in [("warm", behave.streams()), *FAULTS.items()]:
        session = go_live(make_session(olga, here))
        say(session, ANSWER)
        server = behave.LlmServer()
        server.behaviour = fault
        wanted = {
            "INTERVIEW_LLM_BASE_URL": server.base_url,
            "INTERVIEW_LLM_MODEL": server.model,
            "INTERVIEW_LLM_API_KEY": "bench",
        }
        with told() as events, override_settings(**wanted):
            began = time.monotonic()
            analysis.analyze_session(session_id=session.pk)
        server.close()
        shown = (
            at - began
            for at, _size, event in events
            if "insight" in event and event["insight"]["source"] in ("rules", "llm")
        )
        waits[name] = next(shown, float("inf"))
    del waits["warm"]
    return waits
