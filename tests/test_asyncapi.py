"""docs/asyncapi.yaml against the code: what the sockets say has the shapes that it promises."""

import ast
import functools
import json
import uuid
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from jsonschema import Draft7Validator, FormatChecker

from copilot.lib.errors import DomainError
from insights import analysis as insights
from insights import coverage, offrecord, summaries
from insights.kinds import LOOKS, Kind, Priority
from insights.models import Claim, Insight
from sessions import access, candidates, doorkeeper, notes, scorecards, services
from sessions import consumers as live_consumers
from sessions.models import ConsentRecord, Guide
from sessions.states import Status
from tests.factories import go_live
from tests.sockets import PATIENCE, connected
from transcription import protocol, uploads
from transcription.audio import MAX_FRAME_BYTES
from transcription.engines import registry
from transcription.engines.base import Word
from transcription.models import SAMPLES_PER_MS, Gap, Role, Upload
from transcription.pipeline import SegmentDraft
from transcription.protocol import vosk
from transcription.services import open_stream, save_segment

ROOT = Path(__file__).resolve().parent.parent
SPEC = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text())
SCHEMAS = SPEC["components"]["schemas"]
PACKAGES = ["copilot", "accounts", "sessions", "transcription", "insights"]
SPEAKERS = [  # modules that answer a recorder
    *(ROOT / "transcription/protocol").glob("*.py"),
    *(ROOT / "transcription/consumers").glob("*.py"),
    *(ROOT / f"transcription/{name}.py" for name in ("streams", "services", "admission")),
]

START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
SECOND = bytes(32_000)

formats = FormatChecker(formats=())
formats.checks("uuid", raises=(ValueError, TypeError))(UUID)


@formats.checks("date-time", raises=ValueError)
def _is_moment(value):
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


# --- reading the document ------------------------------------------------------------------------


def resolved(node):
    """Follow a local reference; what is none is given back."""
    while "$ref" in node:
        node = functools.reduce(lambda at, key: at[key], node["$ref"][2:].split("/"), SPEC)
    return node


def messages(channel, action):
    """Return the messages of a channel by type: `send` is down, `receive` is up."""
    names = [
        ref["$ref"].rsplit("/", 1)[1]
        for operation in SPEC["operations"].values()
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
        for ref in operation["messages"]
    ]
    return {name: resolved(SPEC["channels"][channel]["messages"][name]) for name in names}


def validator(schema):
    # The components come along: references are local to the document.
    whole = {"allOf": [schema], "components": SPEC["components"]}
    return Draft7Validator(whole, format_checker=formats)


ALL_MESSAGES = [
    pytest.param(name, message, id=f"{channel}-{name}")
    for channel in SPEC["channels"]
    for action in ("send", "receive")
    for name, message in messages(channel, action).items()
]


def nodes(node):
    """Give every mapping of the document below `node`, itself included."""
    if isinstance(node, dict):
        yield node
        node = node.values()
    if not isinstance(node, str):
        for child in node if hasattr(node, "__iter__") else ():
            yield from nodes(child)


def check(channel, heard):
    """Hold messages against the schema of their type; return the types."""
    schemas = messages(channel, "send")
    for message in heard:
        assert message["type"] in schemas, message
        errors = list(validator(schemas[message["type"]]["payload"]).iter_errors(message))
        assert not errors, (message, [error.message for error in errors])
    return {message["type"] for message in heard}


# --- the document itself -------------------------------------------------------------------------


def test_it_is_asyncapi_whose_references_all_lead_somewhere():
    assert SPEC["asyncapi"] == "3.0.0"
    references = [node for node in nodes(SPEC) if "$ref" in node]
    assert references
    for node in references:
        resolved(node)


def test_every_message_belongs_to_an_operation():
    for channel, described in SPEC["channels"].items():
        used = {*messages(channel, "send"), *messages(channel, "receive")}
        assert used == set(described["messages"])


@pytest.mark.parametrize("schema", [pytest.param(s, id=name) for name, s in SCHEMAS.items()])
def test_every_shared_schema_is_valid_json_schema(schema):
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(("name", "message"), ALL_MESSAGES)
def test_every_message_has_a_valid_schema_and_examples_that_fit_it(name, message):
    Draft7Validator.check_schema(message["payload"])
    if message.get("contentType") == "application/octet-stream":
        return
    assert message["examples"]
    for example in message["examples"]:
        assert example["payload"].get("type", name) == name
        validator(message["payload"]).validate(example["payload"])


def test_what_the_server_says_has_no_field_that_is_unknown_or_may_be_missing():
    """Without this a schema that allows anything would fit whatever the code sends."""
    down = [messages(channel, "send") for channel in SPEC["channels"]]
    objects = [node for node in nodes([down, SCHEMAS]) if node.get("type") == "object"]
    shapes = [node for node in objects if "properties" in node]
    assert shapes
    for shape in shapes:
        assert shape["additionalProperties"] is False, shape
        optional = {"r"} if shape is SCHEMAS["Word"] else set()  # what was heard, where it differs
        assert sorted(shape["required"]) == sorted(shape["properties"].keys() - optional)
    assert [node for node in objects if node not in shapes] == [
        SCHEMAS["Segment"]["properties"]["kinds"]
    ]


# --- the document against the code ---------------------------------------------------------------


def insight_field(name):
    return SCHEMAS["Insight"]["properties"][name]["enum"]


@pytest.mark.parametrize(
    ("documented", "known"),
    [
        pytest.param(documented, set(known), id=name)
        for name, documented, known in (
            ("role", SCHEMAS["Role"]["enum"], Role.values),
            ("path", SPEC["channels"]["audio"]["parameters"]["role"]["enum"], Role.values),
            ("vosk", SPEC["channels"]["vosk"]["parameters"]["role"]["enum"], Role.values),
            ("status", SCHEMAS["SessionStatus"]["enum"], Status),
            ("consent", SCHEMAS["ConsentMethod"]["enum"], ["", *ConsentRecord.Method.values]),
            ("engine", SCHEMAS["Engine"]["properties"]["name"]["enum"], registry.BUILDERS),
            ("kind", insight_field("kind"), Kind),
            ("tab", insight_field("tab"), (look.tab for look in LOOKS.values())),
            ("icon", insight_field("icon"), (look.icon for look in LOOKS.values())),
            ("colour", insight_field("colour"), (look.colour for look in LOOKS.values())),
            ("priority", insight_field("priority"), (p.name.lower() for p in Priority)),
            ("state", insight_field("state"), Insight.State.values),
            ("source", insight_field("source"), Insight.Source.values),
            ("verdict", SCHEMAS["Claim"]["properties"]["verdict"]["enum"], Claim.Verdict.values),
            ("against", SCHEMAS["Claim"]["properties"]["against"]["enum"], Claim.Against.values),
            ("judge", SCHEMAS["Claim"]["properties"]["source"]["enum"], Insight.Source.values),
            ("reason", SCHEMAS["Gap"]["properties"]["reason"]["enum"], Gap.Reason.values),
            ("feedback", insight_field("feedback"), Insight.Feedback.values),
        )
    ],
)
def test_it_lists_the_same_choices_as_the_code(documented, known):
    assert sorted(documented) == sorted(known)


@pytest.mark.parametrize(
    ("channel", "subprotocol"),
    [("audio", protocol.SUBPROTOCOL), ("live", live_consumers.SUBPROTOCOL)],
)
def test_it_names_the_subprotocols_and_the_cookie(channel, subprotocol):
    headers = SPEC["channels"][channel]["bindings"]["ws"]["headers"]["properties"]
    assert headers["Sec-WebSocket-Protocol"]["const"] == subprotocol
    cookie = SPEC["components"]["securitySchemes"]["cookie"]
    assert cookie["name"] == django_settings.SESSION_COOKIE_NAME


def trees(paths):
    return [ast.parse(path.read_text()) for path in paths]


def calls(tree, *names):
    """Give the calls of functions or methods with one of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if getattr(called, "attr", getattr(called, "id", "")) in names:
                yield node


def texts(node):
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}


def raised(tree, *names):
    return set().union(*(texts(call.args[0]) for call in calls(tree, *names)))


def published(tree):
    """Return the event types that a module publishes, also where a function is told which."""
    types = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in calls(function, "publish", "publish_on_commit"):
            if not call.args:  # of a notice for candidates, by names
                continue
            given = call.args[1]
            if isinstance(given, ast.Name):
                position = [a.arg for a in function.args.args].index(given.id)
                told = [texts(c.args[position]) for c in calls(tree, function.name)]
            else:
                told = [texts(given)]
            assert any(told), ast.unparse(call)
            types.update(*told)
    return types


def test_it_describes_the_events_that_the_code_publishes_and_no_others():
    sources = trees(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    emitted = set().union(*(published(tree) for tree in sources))
    to_one_socket = {"pong", "error", "access"}
    assert emitted == messages("live", "send").keys() - to_one_socket


def test_it_lists_the_errors_that_the_code_raises_and_no_others():
    # `busy` is a message of its own, and of a model only clients of vosk-server speak.
    documented = {*SCHEMAS["ErrorCode"]["enum"], "busy", "model_refused"}
    codes = set().union(*(raised(tree, "DomainError", "__init__") for tree in trees(SPEAKERS)))
    (audio,) = trees([ROOT / "transcription/audio.py"])
    checks = [n for n in audio.body if getattr(n, "name", "") == "check_chunk"]
    checks += trees((ROOT / "transcription/inputs").glob("*.py"))
    codes.update(*(raised(part, "AudioError") for part in checks))
    assert codes == documented
    assert documented >= protocol.CLOSE_CODES.keys()


def test_it_says_which_errors_close_the_socket_and_with_what():
    table = SPEC["channels"]["audio"]["x-close-codes"]
    closing = {error: int(code) for code, row in table.items() for error in row["errors"]}
    assert closing == {**protocol.CLOSE_CODES, "too_many": doorkeeper.TOO_MANY}
    assert sum(len(row["errors"]) for row in table.values()) == len(closing)
    assert set(map(int, table)) == {1000, *closing.values()}
    assert protocol.CLOSE_CODES["access_ended"] == doorkeeper.ACCESS_ENDED
    live = set(map(int, SPEC["channels"]["live"]["x-close-codes"]))
    assert live == {doorkeeper.ACCESS_ENDED, doorkeeper.TOO_MANY}


@pytest.mark.parametrize(
    "message",
    [
        START,
        {**START, "offset": None},
        {**START, "offset": 0},
        {**START, "offset": protocol.MAX_OFFSET},
        {**START, "offset": protocol.MAX_OFFSET + 1},
        {**START, "offset": -1},
        {**START, "offset": "0"},
        {**START, "offset": True},
        {**START, "offset": 1, "gap": "capture"},
        {**START, "gap": None},
        {**START, "gap": "recognition"},
        {**START, "kept": 0},
        {**START, "kept": None},
        {**START, "kept": -1},
        {**START, "encoding": "webm_opus"},
        {"type": "start", "encoding": "webm_opus", "origin": 0, "offset": 1},
        {"type": "start", "encoding": "pcm_s16le"},
        {**START, "encoding": "opus"},
        {**START, "sample_rate": 48_000},
        {**START, "sample_rate": 7_999},
        {**START, "sample_rate": 192_001},
        {**START, "sample_rate": None},
        {**START, "origin": -1},
        {**START, "speaker": "candidate"},
        {**START, "speaker": None},
        {**START, "speaker": "room"},
        {"type": "speaker", "role": "interviewer", "at": 7},
        {"type": "speaker", "role": "room", "at": 7},
        {"type": "speaker", "role": "interviewer"},
        {**START, "client": "a newer one"},
        {"type": "start"},
        {"type": "stop"},
        {"type": "ping", "n": 1},
        {"type": "sing"},
        {},
    ],
    ids=json.dumps,
)
def test_it_takes_from_a_recorder_what_the_code_takes(message):
    try:
        protocol.parse(json.dumps(message))
    except DomainError:
        taken = False
    else:
        taken = True
    up = messages("audio", "receive")
    schema = up.get(message.get("type"), {"payload": False})["payload"]
    assert validator(schema).is_valid(message) is taken


@pytest.mark.parametrize(
    "message",
    [
        {"config": {}},
        {"config": {"sample_rate": 16_000.0, "words": 0, "max_alternatives": 3, "other": 1}},
        {"config": {"sample_rate": 7_999}},
        {"config": {"max_alternatives": 101}},
        {"config": {"model": "other"}},
        {"config": {"phrase_list": ["EC2"]}},
        {"config": {"phrase_list": [1]}},
        {"config": 1},
        {"eof": 1},
        {"reset": 1},
        {},
    ],
    ids=json.dumps,
)
def test_it_takes_from_a_vosk_client_what_the_code_takes(message):
    try:
        vosk.parse(json.dumps(message), vosk.Config())
    except DomainError:
        taken = False
    else:
        taken = True
    up = [up["payload"] for up in messages("vosk", "receive").values() if "contentType" not in up]
    assert any(validator(schema).is_valid(message) for schema in up) is taken


@pytest.mark.parametrize(("channel", "name"), [("audio", "chunk"), ("vosk", "audio")])
def test_it_states_the_largest_chunk(channel, name):
    assert messages(channel, "receive")[name]["payload"]["maxLength"] == MAX_FRAME_BYTES


# --- the document against what is said -----------------------------------------------------------

recorded = pytest.mark.django_db(transaction=True)


def address(channel, session):
    path = SPEC["channels"][channel]["address"]
    return path.format(session=session.pk, role="candidate")


def has(message, wanted):
    """Tell whether a message has these fields, at every depth."""
    return all(
        has(message.get(name, {}), value) if isinstance(value, dict) else message.get(name) == value
        for name, value in wanted.items()
    )


async def hear_until(socket, heard, **wanted):
    """Collect messages up to the one that is waited for."""
    heard.append(await socket.hear())
    while not has(heard[-1], wanted):
        heard.append(await socket.hear())


async def record(session, user, seconds, **start):
    """Record so many seconds; return everything that the server says to the recorder."""
    heard = []
    async with connected(address("audio", session), user) as socket:
        await socket.say(**START, **start)
        await hear_until(socket, heard, type="ready")
        for _ in range(seconds):
            await socket.send_to(bytes_data=SECOND)
        await socket.say(type="stop")
        await hear_until(socket, heard, type="stopped")
        closing = await socket.receive_output(timeout=PATIENCE)
        assert (closing["type"], closing.get("code", 1000)) == ("websocket.close", 1000)
    return heard


@recorded
async def test_it_describes_all_that_a_recorder_hears(scripted, cast, settings):
    heard = []
    await database_sync_to_async(go_live)(cast.session)
    async with connected(address("audio", cast.session), cast.olga) as socket:
        await socket.say(type="ping")
        await hear_until(socket, heard, type="pong")
        await socket.send_to(text_data="{")
        await hear_until(socket, heard, type="error", code="bad_json")
        await database_sync_to_async(offrecord.begin)(
            session=cast.session, by=cast.olga, seconds=30
        )
        await hear_until(socket, heard, type="record", off=True)
        await database_sync_to_async(offrecord.end)(session=cast.session)
        await hear_until(socket, heard, type="record", off=False)
    heard += await record(cast.session, cast.olga, 3)
    settings.INTERVIEW_MAX_STREAMS = 0
    async with connected(address("audio", cast.session), cast.olga) as socket:
        await socket.say(**START)
        await hear_until(socket, heard, type="busy")
    assert check("audio", heard) == messages("audio", "send").keys()


@recorded
async def test_it_describes_all_that_a_vosk_client_hears(scripted, cast):
    heard = []
    await database_sync_to_async(go_live)(cast.session)
    wordless, model = {"words": 0}, {"model": "other"}
    for config in (
        {},
        wordless,
        {"max_alternatives": 1},
        {**wordless, "max_alternatives": 1},
        model,
    ):
        async with connected(address("vosk", cast.session), cast.olga) as socket:
            await socket.say(config={"sample_rate": 16_000, **config})
            if config is not model:
                for _ in range(3):
                    await socket.send_to(bytes_data=SECOND)
                    heard.append(await socket.hear())
                await socket.say(eof=1)
            heard.append(await socket.hear())
    kinds = messages("vosk", "send")
    for answer in heard:
        (kind,) = answer.keys() & kinds.keys() or {"result"}
        assert not list(validator(kinds[kind]["payload"]).iter_errors(answer)), answer
    seen = {name for answer in heard for name in answer}
    assert seen == {"partial", "result", "text", "alternatives", "error"}


def echo(session):
    """Say something on one channel that another hears too, and louder."""
    at_ms = None  # on the interview's clock
    for role, level in (("candidate", -40.0), ("interviewer", -20.0)):
        opened = open_stream(session_id=session.pk, role=role, offset=None, origin_ms=at_ms)
        at_ms = opened.origin_ms + opened.resume_from // SAMPLES_PER_MS
        starts = [opened.resume_from + n * 5000 for n in range(3)]
        words = tuple(Word("echo", start, start + 4000, 1.0) for start in starts)
        draft = SegmentDraft(
            "echo echo echo", words, starts[0], words[-1].end, 1.0, "scripted", {}, level
        )
        save_segment(opened=opened, draft=draft, language="en")


def write_down_a_second(session):
    """Let a recording go on as if this session were made of one."""
    upload = Upload.objects.create(
        session=session,
        created_by=session.owner,
        size=1,
        state=Upload.State.PROCESSING,
        lease=uuid.uuid4(),
    )
    uploads.remember(uploads.Lease(upload.pk, upload.lease), 1000)


def with_a_guide(session):
    """Give an interview a guide of one question, which asks for a story."""
    guide = Guide.objects.create(organization=session.organization, title="Guide")
    operations = guide.competencies.create(name="Operations")
    operations.questions.create(text="Tell me about a time you failed.")
    session.guide = guide
    session.save()


def talk_through(session, person):
    """Tick the question of the guide, take it back, and rate its competency."""
    (competency,) = session.plan["competencies"]
    (question,) = competency["questions"]
    for is_asked in (True, False):
        coverage.tick(session=session, question=question["id"], is_asked=is_asked)
    rating = {str(competency["id"]): {"value": 3}}
    scorecards.save(session=session, author=person, ratings=rating)


def write_beside(session, cast):
    """Write a note, change it and take it back; mark a moment; let a viewer write as well."""
    note = notes.add_note(session=session, author=cast.cora, text="Ask about scale.")
    own = {"session": session, "author": cast.cora, "note_id": note.pk}
    notes.change_note(**own, text="Ask about load.")
    notes.remove_note(**own)
    line = session.segments.first()
    notes.add_note(session=session, author=cast.cora, kind="bookmark", segment=line.pk)
    access.share(session=session, colleague=cast.sam, level="comment")


def ask_for_a_pause(session):
    link, _path = candidates.make_link(session=session, by=session.owner)
    candidates.ask(link=link, kind="pause")


@recorded
async def test_it_describes_all_that_a_viewer_of_an_interview_hears(scripted, cast):
    heard = []
    session = cast.session
    async with connected(address("live", session), cast.sam) as socket:
        socket.hears_of_people = True
        await socket.send_to(text_data='{"type":"ping"}')
        await hear_until(socket, heard, type="pong")
        await hear_until(socket, heard, type="presence")
        await database_sync_to_async(with_a_guide)(session)
        await database_sync_to_async(go_live)(session)
        await database_sync_to_async(talk_through)(session, cast.cora)
        await record(session, cast.olga, 7)
        await record(session, cast.olga, 11, offset=8 * 16_000)  # the eighth second was lost
        await database_sync_to_async(echo)(session)
        await database_sync_to_async(write_down_a_second)(session)
        await database_sync_to_async(insights.analyze_session)(session_id=session.pk)
        await database_sync_to_async(write_beside)(session, cast)
        await database_sync_to_async(ask_for_a_pause)(session)
        await database_sync_to_async(services.end_session)(session=session)
        await hear_until(socket, heard, type="session", state={"status": "ended"})
        await database_sync_to_async(summaries.make)(session_id=session.pk)
        await hear_until(socket, heard, type="summary")
        for _ in range(live_consumers.CHATTER):
            await socket.say(type="ping")
        await hear_until(socket, heard, type="error", code="too_many")
    kinds = check("live", heard)
    assert kinds == messages("live", "send").keys()
    of = {kind: [event for event in heard if event["type"] == kind] for kind in kinds}
    variants = messages("live", "send")["notice"]["payload"]["oneOf"]
    codes = {resolved(variant)["properties"]["code"]["const"] for variant in variants}
    assert {event["code"] for event in of["notice"]} == codes
    assert {"analysis" in event["state"] for event in of["session"]} == {True, False}
    assert any(event["segment"]["words"] for event in of["segment"])
    assert any(event["segment"]["kinds"] for event in of["segment"])
