"""Schemathesis at the running server, with the project's own schema.

Of each operation: no 5xx, no status, type, header or shape that the schema does not tell. What
addresses name are real objects, made anew for each operation that writes; with the token of another
organization's admin nothing of them is answered. Always the same requests: nothing is random.
TEST_THOROUGH=1 adds those at the borders of every field, which takes a quarter of an hour.
"""

import json
import os
from pathlib import Path
from uuid import UUID

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig

from tests import product

ROOT = Path(__file__).resolve().parent.parent.parent
THOROUGH = bool(os.environ.get("TEST_THOROUGH"))
READS, WRITES = 2, 3  # requests made up by Hypothesis for each operation
FOREIGN = 1  # of those that name real objects, as many are sent by somebody else, too
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CONFIG = {
    "generation": {"deterministic": True, "allow-x00": False},
    "phases": {"coverage": {"enabled": THOROUGH, "unexpected-methods": []}},
}
STATES = ("draft", "live", "ended")
# Addresses that programs may be told to send to: nothing is sent anywhere from here.
NOWHERE = "https://receiver.invalid/"


def closed(shape: object) -> object:
    """Return a schema whose answers hold nothing that it does not name."""
    if isinstance(shape, dict):
        found = {key: closed(value) for key, value in shape.items()}
        if found.get("type") == "object" and isinstance(found.get("properties"), dict):
            found.setdefault("additionalProperties", False)
        return found
    return [closed(one) for one in shape] if isinstance(shape, list) else shape


def own_schema() -> dict[str, object]:
    """Return the schema; shapes are closed, but for refusals, which say more by code."""
    written = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
    shapes = written["components"]["schemas"]
    refusal = shapes.pop("Problem")
    written["components"]["schemas"] = {**closed(shapes), "Problem": refusal}
    return written


SCHEMA = schemathesis.openapi.from_dict(own_schema(), config=SchemathesisConfig.from_dict(CONFIG))


class Probed:
    """The served product and what operations are tried on."""

    def __init__(self, url: str, env: dict[str, str]) -> None:
        self.url = url
        self._env = env
        self.tokens = json.loads(self._run("begin()"))
        self.session = requests.Session()
        self._made: dict[str, dict[str, object]] = {}
        self._label = ""
        self.sent = self.foreign = 0

    def _run(self, call: str) -> str:
        code = f"from tests.flows import probing\nprint(probing.{call})"
        return product.run(code, env=self._env)

    def answer_to(self, case: schemathesis.Case, who: str) -> int:
        """Send a request with somebody's token; return the status of an answer that is as told."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = case.call(base_url=f"{self.url}/api/v1", headers=headers, session=self.session)
        case.validate_response(answer, checks=CHECKS)
        return answer.status_code

    def turn_to(self, operation: object) -> None:
        """Count anew; forget the objects that the operation before may have destroyed."""
        if operation.label != self._label:
            self._label = operation.label
            self.sent = self.foreign = 0
            if operation.method.upper() != "GET":
                self._made = {}

    def objects(self, state: str) -> dict[str, object]:
        """Return real ids, around an interview in this state."""
        if state not in self._made:
            self._made[state] = json.loads(self._run(f"make({state!r})"))
        return self._made[state]


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    env = product.environment(
        tmp_path_factory.mktemp("probed"),
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_LIMIT_API_USER="100000",
        INTERVIEW_LIMIT_API_ORGANIZATION="100000",
        LOG_LEVEL="ERROR",
    )
    with product.serving(env) as (url, process):
        made = Probed(url, env)
        yield made
        made.session.close()
    assert "Traceback" not in process.output


def is_id(value: object) -> bool:
    """Tell whether this is what an address takes for an id, of whatever object."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value < 10**9
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def point(case: schemathesis.Case, made: dict[str, object]) -> bool:
    """Let the address of a request name real objects; tell whether all of it does."""
    given = case.path_parameters or {}
    ids = {name: made.get(name) for name in given if is_id(given[name])}
    case.path_parameters = {**given, **{k: v for k, v in ids.items() if v is not None}}
    return bool(given) and all(ids.get(name) is not None for name in given)


def lead_nowhere(case: schemathesis.Case) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("url"), str):
        case.body["url"] = NOWHERE


def drawn(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


# What reads goes first: the same objects are there for all of it.
@pytest.mark.timeout(120)
@SCHEMA.include(method="GET").parametrize()
@drawn(READS)
def test_what_reads_answers_what_the_schema_says(probed, case):
    answers_as_told(probed, case)


@pytest.mark.timeout(120)
@SCHEMA.exclude(method="GET").parametrize()
@drawn(WRITES)
def test_what_writes_answers_what_the_schema_says(probed, case):
    answers_as_told(probed, case)


def answers_as_told(probed: Probed, case: schemathesis.Case) -> None:
    probed.turn_to(case.operation)
    state = STATES[probed.sent % len(STATES)]  # in a draft, while it is held, and afterwards
    probed.sent += 1
    is_real = point(case, probed.objects(state))
    lead_nowhere(case)
    if is_real and probed.foreign < FOREIGN:
        probed.foreign += 1
        assert probed.answer_to(case, "foreign") >= 400, f"{case.as_curl_command()} is answered"
    probed.answer_to(case, "own")
