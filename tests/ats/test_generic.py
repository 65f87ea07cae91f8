"""The push that a mapping describes."""

import json
from contextlib import suppress

import pytest

from insights.ats.base import Account, AtsError, Part, Target
from insights.ats.generic import SOURCES, Generic, check_mapping
from tests.ats.servers.generic import MAPPING
from tests.ats.worlds import MARK, RESULT, adapter_for, deliver, target_of

WHO = Target("7", "8")


def request(body, **changed):
    account = Account("https://x.example", "", mapping={**MAPPING, "body": body, **changed})
    return Generic(account, lambda *_: pytest.fail("nothing is sent")).request(WHO, RESULT)


@pytest.mark.parametrize("server", ["generic"], indirect=True)
def test_what_arrives(server):
    told = deliver(server, Part.NOTE)
    [sent] = server.requests
    assert sent.raw == "/people/ada%2F1/notes"
    assert sent.headers["x-source"] == "interviews"
    assert sent.headers["idempotency-key"] == f"{MARK}-note"
    assert sent.json == {
        "text": sent.json["text"],
        "about": {"id": "ada/1"},
        "verdict": "yes",
        "kind": "interview",
    }
    assert sent.json["text"].endswith(MARK)
    assert [row["id"] for row in server.notes] == [told]


@pytest.mark.parametrize("server", ["generic"], indirect=True)
@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({}, "authorization", "Bearer s3cret"),
        ({"auth_scheme": "Token"}, "authorization", "Token s3cret"),
        ({"auth_scheme": "Basic"}, "authorization", "Basic czNjcmV0Og=="),
        ({"auth_header": "X-Api-Key"}, "x-api-key", "s3cret"),
    ],
)
def test_where_the_key_goes(server, options, name, value):
    adapter = adapter_for(server, options=options)
    with suppress(AtsError):  # the server knows one of these ways
        adapter.write(Part.NOTE, target_of(server), RESULT)
    assert server.requests[0].headers[name] == value
    assert name == "authorization" or "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("header", ["Host", "content-length", "X\r\nY", "a b"])
def test_where_the_key_does_not_go(header):
    account = Account("https://x.example", "key", {"auth_header": header}, MAPPING)
    with pytest.raises(AtsError, match="option_missing"):
        Generic(account, lambda *_: pytest.fail("nothing is sent"))


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        pytest.param(
            {"a": {"b": [1, None, "x", True]}}, {"a": {"b": [1, None, "x", True]}}, id="constants"
        ),
        pytest.param({"a": {"from": "target.application"}}, {"a": "8"}, id="source"),
        pytest.param(
            {"a": [{"from": "title"}]}, {"a": ["Interview: Ada, backend"]}, id="in a list"
        ),
        pytest.param({"a": {"from": "data.interview.title"}}, {"a": "Ada, backend"}, id="data"),
        pytest.param({"a": {"from": "data.summary.sections.0.key"}}, {"a": "overview"}, id="row"),
        pytest.param(
            {"a": {"from": "data.no.0", "optional": True}, "b": 1}, {"b": 1}, id="left out"
        ),
        pytest.param(
            {"a": [{"from": "data.no", "optional": True}]}, {"a": []}, id="left out of a list"
        ),
        pytest.param({"a": {"value": {"from": "title"}}}, {"a": {"from": "title"}}, id="as it is"),
        pytest.param(
            {"a": {"from": "title", "x": 1}},
            {"a": {"from": "title", "x": 1}},
            id="only like a source",
        ),
        pytest.param(
            {"a": "{{ title }} ${title} {title}"},
            {"a": "{{ title }} ${title} {title}"},
            id="no templates",
        ),
        pytest.param({"a": {"from": "file.type"}}, {"a": "application/pdf"}, id="file"),
    ],
)
def test_a_body_is_filled(body, filled):
    assert request(body).body == filled


def test_ratings_and_file_can_be_taken():
    body = request({"r": {"from": "ratings"}, "f": {"from": "file.base64"}}).body
    assert body["r"][0] == {"competency": "Databases", "value": 4, "comment": "explains trade-offs"}
    assert body["f"].startswith("JVBERi0")


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_can_be_sent(source):
    assert json.dumps(request({"a": {"from": source}}).body)


@pytest.mark.parametrize("source", ["data.interview.no", "data.summary.sections.9", "data.a.b.c"])
def test_what_is_not_there_and_not_optional_is_told(source):
    with pytest.raises(AtsError, match="field_missing"):
        request({"a": {"from": source}})


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"method": "GET"}, id="method"),
        pytest.param({"method": None}, id="no method"),
        pytest.param({"path": "people"}, id="relative path"),
        pytest.param({"path": "https://evil.example/"}, id="other place"),
        pytest.param({"path": "/{token}"}, id="unknown place"),
        pytest.param({"path": "/{{candidate}}"}, id="braces"),
        pytest.param({"path": "/{candidate.__class__}"}, id="attribute"),
        pytest.param({"path": "/a\r\nb"}, id="line break in path"),
        pytest.param({"headers": {"Host": "x"}}, id="host"),
        pytest.param({"headers": {"Authorization": "x"}}, id="authorization"),
        pytest.param({"headers": {"X": "a\r\nb"}}, id="line break in header"),
        pytest.param({"headers": {"X": 1}}, id="number in header"),
        pytest.param({"headers": {"": "x"}}, id="no name"),
        pytest.param({"headers": ["X"]}, id="list of headers"),
        pytest.param({"body": "text"}, id="text as body"),
        pytest.param({"body": {"a": {"from": "secrets"}}}, id="unknown source"),
        pytest.param(
            {"body": {"a": [{"b": {"from": "data"}}, {"from": 1}]}}, id="number as source"
        ),
        pytest.param({"id": 1}, id="number as id"),
        pytest.param({"remove": {"method": "POST", "path": "/x"}}, id="removal by post"),
        pytest.param({"remove": {"path": "/{mark}"}}, id="removal by mark"),
        pytest.param({"check": {"path": "x"}}, id="check"),
        pytest.param({"check": {}}, id="empty check"),
    ],
)
def test_a_mapping_that_cannot_work(changed):
    with pytest.raises(AtsError, match="bad_mapping"):
        check_mapping({**MAPPING, **changed})
    check_mapping(MAPPING)


def test_an_empty_mapping_is_told():
    with pytest.raises(AtsError, match="bad_mapping"):
        check_mapping({})


@pytest.mark.parametrize("server", ["generic"], indirect=True)
def test_without_an_id_the_mark_is_it(server):
    mapping = {name: value for name, value in MAPPING.items() if name != "id"}
    adapter = adapter_for(server, mapping=mapping)
    assert adapter.write(Part.NOTE, target_of(server), RESULT) == MARK


@pytest.mark.parametrize("server", ["generic"], indirect=True)
def test_without_an_address_for_it_nothing_is_removed(server):
    mapping = {name: value for name, value in MAPPING.items() if name != "remove"}
    adapter = adapter_for(server, mapping=mapping)
    assert not adapter.removes
    with pytest.raises(AtsError, match="by_hand"):
        adapter.remove(Part.NOTE, target_of(server), "1")


@pytest.mark.parametrize("server", ["generic"], indirect=True)
def test_without_an_address_for_it_somebody_answers(server):
    mapping = {name: value for name, value in MAPPING.items() if name != "check"}
    assert adapter_for(server, mapping=mapping).check() == "127.0.0.1"
    server.faults = ["broken"]
    with pytest.raises(AtsError, match="unavailable"):
        adapter_for(server, mapping=mapping).check()
