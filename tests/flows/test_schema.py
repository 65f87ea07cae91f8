"""The schema of the API: whole, without a warning, as it is written down, and as it is served."""

import io
import re
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from copilot import examples, schema
from insights.webhooks.kinds import Kind
from tests.factories import client_of, make_token
from tests.flows.matrix import PEOPLE, RULES, doors

ROOT = Path(__file__).resolve().parent.parent.parent
PREFIX = "api/v1/"


@pytest.fixture(scope="module")
def generated() -> dict:
    text = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=text)
    return yaml.safe_load(text.getvalue())


def operations(generated: dict) -> dict[tuple[str, str], dict]:
    return {
        (path, method): operation
        for path, methods in generated["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_made_without_a_warning_and_written_down(generated):
    assert generated["openapi"].startswith("3.1")
    written = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
    assert written == generated, "run `make openapi`"


def test_every_endpoint_is_in_it(generated):
    found = {
        ("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.removeprefix(PREFIX)), method)
        for route, method in doors()
        if route.startswith(PREFIX)
    }
    assert found == set(operations(generated))


def test_operations_are_told_apart_and_told_of(generated):
    told = operations(generated)
    ids = [operation["operationId"] for operation in told.values()]
    assert len(set(ids)) == len(ids)
    assert {tag for operation in told.values() for tag in operation["tags"]} == {
        tag["name"] for tag in generated["tags"]
    }
    for place, operation in told.items():
        assert operation["tags"] != ["Other"], place
        assert operation.get("summary"), place
        assert any(code.startswith("2") for code in operation["responses"]), place
        assert {"401", "403", "429"} <= operation["responses"].keys(), place


def test_lists_are_named_alike(generated):
    """`<resource>_<verb>`, so that generated clients have one habit; pages are `…_list`."""
    for place, operation in operations(generated).items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), place
        answer = operation["responses"].get("200", {}).get("content", {})
        shape = answer.get("application/json", {}).get("schema", {}).get("$ref", "")
        if shape.endswith("Page"):
            assert operation["operationId"].endswith("_list"), place


def fits(generated: dict, body: dict) -> list[str]:
    """Return what an example breaks of the schema of its own body."""
    whole = {**body["schema"], "components": generated["components"]}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(body["example"])
    return [error.message for error in found]


def test_each_json_body_has_an_example_that_fits(generated):
    named = set()
    for place, operation in operations(generated).items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None or "examples" in body:
            continue
        named.add(operation["operationId"])
        assert "example" in body, place
        assert fits(generated, body) == [], place
    assert named == set(examples.REQUESTS)


def test_what_webhooks_are_sent_is_in_it(generated):
    assert set(generated["webhooks"]) == set(Kind.values)
    for kind, told in generated["webhooks"].items():
        body = told["post"]["requestBody"]["content"]["application/json"]
        assert body["example"]["type"] == kind
        assert fits(generated, body) == []
        known = generated["components"]["schemas"]["WebhookData"]["properties"]
        assert body["example"]["data"].keys() <= known.keys()


def test_every_answer_of_the_access_matrix_is_in_it(generated):
    told = operations(generated)
    missing = {}
    for (route, method), row in RULES.items():
        if not route.startswith(PREFIX):
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.removeprefix(PREFIX))
        answers = {str(row.rule(person)) for person in PEOPLE}
        if unsaid := answers - told[path, method]["responses"].keys():
            missing[method, path] = unsaid
    assert missing == {}


def test_refusals_share_one_shape(generated):
    for place, operation in operations(generated).items():
        for code, answer in operation["responses"].items():
            if int(code) < 400:
                continue
            if "$ref" in answer:
                answer = generated["components"]["responses"][code]
            shapes = answer["content"]
            assert list(shapes) == ["application/problem+json"], (place, code)
            assert shapes["application/problem+json"]["schema"] == {
                "$ref": "#/components/schemas/Problem"
            }


def test_it_is_served_as_json_and_as_yaml(cast):
    token = make_token(cast.olga, cast.organization, "read")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    as_json = client.get("/api/v1/schema/")
    assert as_json.headers["Content-Type"] == "application/json"
    as_yaml = client.get("/api/v1/schema/", headers={"Accept": "application/yaml"})
    assert as_yaml.headers["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(as_yaml.content) == as_json.json()
    assert as_json.json()["info"]["title"] == "Interview Copilot"


def test_a_refusal_is_json_where_yaml_was_asked_for(db):
    refused = Client().get("/api/v1/schema/", headers={"Accept": "application/yaml"})
    assert refused.status_code == 401
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("address", ["/api/docs/", "/api/redoc/"])
def test_pages_that_show_it_are_for_people_and_load_nothing_from_elsewhere(cast, address):
    assert Client().get(address).status_code == 302
    page = client_of(cast.sam).get(address)
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "script-src" not in policy, "scripts are ours: default-src"
    assert "default-src 'self'" in policy
    assert ("unsafe-inline" in policy) == (address == "/api/redoc/")
    assert not re.findall(r"""(?:src|href)=["']https?:""", page.content.decode())


def test_it_is_made_once(db):
    assert schema.schema() is schema.schema()
