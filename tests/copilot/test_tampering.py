"""Whoever can write the database, a file or the cache moves and changes what is sealed: no use."""

import itertools
import json
import os
import pickle
import re
from typing import Any

import pytest
import redis
from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from accounts.models import Organization, User
from accounts.services import create_organization
from copilot.lib.crypto import CryptoError, seal
from copilot.lib.sealed import SealedField
from copilot.lib.sealed_cache import SealedRedisCache
from insights import queries
from sessions.models import Session
from tests.factories import client_of, go_live, make_cast, make_session, make_user, say
from transcription.models import Segment, Stream
from transcription.privacy import session_redactor

FIELDS = [
    (model, field)
    for model in apps.get_models()
    for field in model._meta.concrete_fields
    if isinstance(field, SealedField)
]
SAID = "marmalade"
REASONS = re.compile(
    r"wrong key, wrong place or damaged value|not a sealed value of a known version"
)
_numbers = itertools.count(1)


# --- Rows of every model -------------------------------------------------------------------------


def make_row(model: type[models.Model], session: Session) -> Any:
    """Store a row with every sealed field filled; what else it needs is made up."""
    if model is Session:
        row = session
    else:
        wanted = {}
        for field in model._meta.concrete_fields:
            generated = field.primary_key or isinstance(field, SealedField)
            if not generated and not field.null and not field.has_default():
                wanted[field.name] = _made_up(field, session)
        row = model(**wanted)
    for field in sealed_fields(model):
        setattr(row, field.name, {"said": f"{SAID} {field.name}"})
    row.save()
    return row


def _made_up(field: models.Field, session: Session) -> Any:
    number = next(_numbers)
    if field.is_relation:
        return {
            Session: lambda: session,
            Organization: lambda: session.organization,
            User: lambda: make_user(session.organization, f"person{number}"),
            Segment: lambda: say(session, "a line", start=number * 20_000),
            Stream: lambda: Stream.objects.get_or_create(
                session=session, role="candidate", defaults={"origin_ms": 0}
            )[0],
        }.get(field.related_model, lambda: make_row(field.related_model, session))()
    if isinstance(field, models.BinaryField):
        return os.urandom(16)
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.CharField | models.TextField):
        return str(number)
    return number


def sealed_fields(model: type[models.Model]) -> list[SealedField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, SealedField)]


def write(row: models.Model, **columns: Any) -> None:
    """Change the row as somebody does who has the database and none of our program."""
    model = row._meta.model
    with connection.cursor() as cursor:
        for column, value in columns.items():
            key = model._meta.pk.get_db_prep_value(row.pk, connection)
            cursor.execute(
                f'UPDATE {model._meta.db_table} SET "{column}" = %s '  # noqa: S608  # names of ours
                f"WHERE {model._meta.pk.column} = %s",
                [value, key],
            )


def stored(row: models.Model, column: str) -> bytes:
    value = row._meta.model._base_manager.filter(pk=row.pk).values_list(column, flat=True).get()
    return bytes(value)


def read(row: models.Model, field: str) -> Any:
    return getattr(row._meta.model._base_manager.get(pk=row.pk), field)


def refused(row: models.Model, field: str, what: str) -> None:
    with pytest.raises(CryptoError) as error:
        pytest.fail(f"{what} opened: {read(row, field)}")
    assert REASONS.fullmatch(str(error.value)), what


def changed(sealed: bytes, place: int) -> bytes:
    return sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place:][1:]


@pytest.fixture
def sessions(db) -> list[Session]:
    """An interview in each of two organizations."""
    made = []
    for name in ("here", "there"):
        organization = create_organization(name=name, slug=name)
        owner = make_user(organization, "olga")
        made.append(go_live(make_session(owner, organization)))
    return made


@pytest.mark.parametrize(
    ("model", "field"), FIELDS, ids=[f"{model.__name__}.{field.name}" for model, field in FIELDS]
)
def test_a_sealed_value_opens_in_its_own_place_alone(sessions, model, field):
    here, there = sessions
    name = field.name
    row, elsewhere = make_row(model, here), make_row(model, there)
    whole = stored(row, name)
    assert read(row, name) == {"said": f"{SAID} {name}"}
    assert SAID.encode() not in whole

    write(row, **{name: stored(elsewhere, name)})
    refused(row, name, "the value of another interview")
    if model is not Session and not any(
        f.one_to_one and f.name == "session" for f in row_keys(row)
    ):
        write(row, **{name: stored(make_row(model, here), name)})
        refused(row, name, "the value of another row of the interview")
    for other in sealed_fields(model):
        if other is not field:
            write(row, **{name: stored(row, other.name)})
            refused(row, name, f"the value of {other.name}")

    plain = json.dumps(SAID).encode()
    write(row, **{name: seal(elsewhere.data_key(), plain, field.place(row))})
    refused(row, name, "a value sealed with another key")
    body = len(whole) - 16
    for place in (0, 1, 12, 13, body - 1, body, len(whole) - 1):
        write(row, **{name: changed(whole, place)})
        refused(row, name, f"byte {place} of {len(whole)}")
    for length in (0, 1, 13, 28, body, len(whole) - 1):
        write(row, **{name: whole[:length]})
        refused(row, name, f"the first {length} bytes")

    write(row, **{name: whole})
    assert read(row, name) == {"said": f"{SAID} {name}"}
    _move(row, elsewhere)
    refused(row, name, "the whole row in another interview")


def row_keys(row: models.Model) -> list[models.Field]:
    return [field for field in row._meta.concrete_fields if field.is_relation]


def _move(row: Any, elsewhere: Any) -> None:
    """Put the row where the other one is: below its interview, or its organization."""
    names = {field.name for field in row_keys(row)}  # a session_id alone says what is gone
    column = "session_id" if "session" in names else "organization_id"
    target = getattr(elsewhere, column)
    if row._meta.model is not Session:
        elsewhere.delete()
    key = target.hex if connection.vendor == "sqlite" else target
    write(row, **{column: key})


def test_the_key_of_another_interview_opens_nothing(sessions):
    here, there = sessions
    there.organization = here.organization
    neighbour = make_session(here.owner, here.organization, candidate_name=SAID)
    for taken in (stored(there, "wrapped_key"), stored(neighbour, "wrapped_key")):
        session = make_session(here.owner, here.organization, candidate_name=SAID)
        write(session, wrapped_key=taken)
        refused(session, "candidate_name", "another interview's key")
        with pytest.raises(CryptoError, match=REASONS):
            Session.objects.get(pk=session.pk).data_key()


# --- The cache -----------------------------------------------------------------------------------

pytest_redis = pytest.mark.service


class Trap:
    """What a planted pickle would do."""

    sprung = False

    def __reduce__(self) -> Any:
        return (setattr, (Trap, "sprung", True))


@pytest.fixture
def sealed_cache(redis_url):
    name = f"tampering{os.getpid()}"
    yield (
        SealedRedisCache(redis_url, {"KEY_PREFIX": name, "TIMEOUT": 60}),
        (client := redis.Redis.from_url(redis_url)),
        lambda key: f"{name}:1:{key}",
    )
    for key in client.scan_iter(f"{name}:*"):
        client.delete(key)
    client.close()


@pytest_redis
def test_the_cache_keeps_what_it_is_given(sealed_cache):
    cache, client, name = sealed_cache
    values = {"text": SAID, "flag": True, "none": None, "list": [1.5, ("a",)], "bytes": b"\x01x"}
    cache.set_many(values)
    assert cache.get_many(values) == values
    assert {key: cache.get(key, "nothing") for key in values} == values
    assert not cache.add("text", "another")
    assert cache.add("fresh", "one")
    assert cache.get("fresh") == "one"
    assert cache.get("unknown", "default") == "default"
    cache.set("count", -1)
    assert (cache.incr("count"), cache.incr("count", 5), cache.get("count")) == (0, 5, 5)
    dump = b"".join(client.get(name(key)) for key in values)
    assert SAID.encode() not in dump
    assert b"\x80\x05" not in dump  # how a pickle begins


@pytest_redis
def test_what_is_moved_changed_or_planted_in_the_cache_is_a_miss(sealed_cache):
    cache, client, name = sealed_cache
    cache.set("one", SAID)
    sealed = client.get(name("one"))
    planted = {
        "moved": sealed,
        "changed": changed(sealed, 20),
        "cut": sealed[:-1],
        "empty": b"",
        "pickle": pickle.dumps(Trap()),
        "number": b"1e5",
    }
    for key, value in planted.items():
        client.set(name(key), value)
    assert {key: cache.get(key, "miss") for key in planted} == dict.fromkeys(planted, "miss")
    assert cache.get_many(planted) == {}
    assert not Trap.sprung


@pytest_redis
def test_a_changed_secret_key_opens_what_its_fallback_sealed(sealed_cache, settings):
    cache, _client, _name = sealed_cache
    cache.set("one", SAID)
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another-" + "y" * 40
    assert cache.get("one") is None
    settings.SECRET_KEY_FALLBACKS = [before]
    assert cache.get("one") == SAID


# --- Damaged rows and the pages around them ------------------------------------------------------


@pytest.fixture
def damaged(db):
    """An interview of three lines, the second of which is damaged."""
    cast = make_cast()
    session = go_live(cast.session)
    lines = [say(session, f"line {n}", start=n * 20_000) for n in range(3)]
    write(lines[1], text=changed(stored(lines[1], "text"), 20))
    return cast, session, lines


@pytest.mark.parametrize("page", ["snapshot/", "transcript/", "transcript/?from=0"])
def test_a_damaged_line_says_so_and_the_others_are_read(damaged, caplog, page):
    cast, session, lines = damaged
    answer = client_of(cast.olga).get(f"/api/v1/sessions/{session.pk}/{page}")
    body = answer.json()
    texts = [line["text"] for line in body.get("segments", body.get("results"))]
    assert texts == ["line 0", "This line is damaged and cannot be opened.", "line 2"]
    assert f"transcription.segment {lines[1].pk}: text does not open" in caplog.text
    assert "line 1" not in caplog.text


def test_the_page_of_the_interview_opens_too(damaged):
    cast, session, _lines = damaged
    answer = client_of(cast.olga).get(f"/sessions/{session.pk}/")
    assert answer.status_code == 200
    assert "This line is damaged" in answer.content.decode()


def test_what_rests_on_words_goes_on_without_the_damaged_line(damaged):
    _cast, session, _lines = damaged
    read = queries.window(session, after=0, through=99)
    assert [line.text for line in read.lines] == ["line 0", "line 2"]
    assert [line.text for line in queries.context(session, 99)] == ["line 0", "line 2"]


def test_nothing_is_redacted_without_a_name_that_does_not_open(damaged):
    _cast, session, _lines = damaged
    write(session, candidate_name=stored(session, "candidate_name")[:-1])
    with pytest.raises(CryptoError, match=REASONS):
        session_redactor(Session.objects.get(pk=session.pk))


def test_an_interview_whose_key_is_damaged_shows_nothing_but_that(damaged):
    cast, session, _lines = damaged
    write(session, wrapped_key=stored(session, "wrapped_key")[:-1])
    client = client_of(cast.olga)
    answer = client.get(f"/api/v1/sessions/{session.pk}/transcript/")
    assert {line["text"] for line in answer.json()["results"]} == {
        "This line is damaged and cannot be opened."
    }
    assert client.get("/sessions/").status_code == 200
