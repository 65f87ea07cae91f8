"""Keys and sealed words leave by no dump, pickle, repr, administration page or error page."""

import base64
import gc
import json
import pickle

import pytest
from channels_redis.core import RedisChannelLayer
from django.apps import apps
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from copilot.lib.crypto import MasterKeys, new_key
from copilot.lib.sealed import SealedField, WrappedKeyField
from sessions.models import Session
from tests import product
from tests.factories import client_of, go_live, say

SAID = "marmalade"
HELD: dict = {}
URL_PASSWORD = "pa55-of-redis"


def broken(request: HttpRequest) -> HttpResponse:
    """Fail with everything at hand that must not be shown."""
    session: Session = HELD["session"]
    organization = session.organization  # noqa: F841  # in sight of the error page
    masters: MasterKeys = HELD["masters"]
    keys = dict(masters.keys)  # noqa: F841  # see above
    data_key, words = session.data_key(), session.candidate_name  # noqa: F841  # see above
    raise RuntimeError("this view is broken")


urlpatterns = [path("broken/", broken)]


def forms(secret: bytes) -> list[str]:
    """Return what a secret looks like on a page or in a log."""
    inside = repr(secret)[2:-1]
    return [secret.hex(), base64.b64encode(secret).decode(), inside]


def secrets(session: Session) -> list[str]:
    masters = HELD["masters"]
    keys = [*masters.keys.values(), session.organization.key(), session.data_key()]
    return [SAID, *(form for key in keys for form in forms(key))]


@pytest.fixture
def held(cast, settings):
    """An interview below master keys of which no byte is a common one."""
    masters = MasterKeys({"first": new_key(), **settings.INTERVIEW_MASTER_KEYS.keys}, "first")
    settings.INTERVIEW_MASTER_KEYS = masters
    organization = cast.organization
    organization.wrapped_key = masters.wrap(organization.key(), organization._place())
    organization.save()
    cast.session.candidate_name = SAID
    cast.session.save()
    masters = MasterKeys({"first": masters.keys["first"]}, "first")  # the other one is all zeros
    HELD.update(session=Session.objects.get(pk=cast.session.pk), masters=masters)
    yield cast
    HELD.clear()


@pytest.mark.parametrize("as_text", [False, True], ids=["page", "plain text"])
def test_an_error_page_shows_no_key_and_no_words_even_where_debug_is_on(held, settings, as_text):
    settings.DEBUG = True
    settings.ROOT_URLCONF = __name__
    settings.REDIS_URL = f"redis://:{URL_PASSWORD}@127.0.0.1/0"
    client = Client(raise_request_exception=False)
    headers = {"Accept": "text/plain" if as_text else "text/html"}
    sent = {"candidate_name": SAID, "password": "correct-horse"}
    answer = client.post("/broken/?x=1", sent, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "this view is broken" in page
    if not as_text:
        assert "&lt;Session&gt;" in page
    for secret in [*secrets(HELD["session"]), "correct-horse", URL_PASSWORD]:
        assert secret not in page


def test_without_debug_it_shows_nothing_of_it(held, settings):
    settings.ROOT_URLCONF = __name__
    page = Client(raise_request_exception=False).get("/broken/").content.decode()
    assert "this view is broken" not in page
    assert "Session" not in page


@pytest.mark.parametrize(
    "model",
    [
        model
        for model in apps.get_models()
        if any(isinstance(f, SealedField | WrappedKeyField) for f in model._meta.concrete_fields)
    ],
    ids=lambda model: model.__name__,
)
def test_what_is_sealed_and_keys_leave_by_no_dump(model):
    sealed = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField | WrappedKeyField)
    ]
    for field in sealed:
        with pytest.raises(TypeError, match="does not leave by dumpdata"):
            field.value_to_string(model())


def test_a_dump_of_everything_is_refused(held, capsys):
    with pytest.raises(CommandError, match="does not leave by dumpdata") as refused:
        call_command("dumpdata")
    said = capsys.readouterr().out + str(refused.value)
    del refused
    gc.collect()  # what was being read is let go while its database is open
    for secret in secrets(HELD["session"]):
        assert secret not in said


def test_pickles_and_reprs_hold_no_key_and_no_words(held):
    session, masters = HELD["session"], HELD["masters"]
    session.data_key()
    session.profile = SAID
    session.save()
    line = say(go_live(session), SAID)
    organization = session.organization
    raw = pickle.dumps([session, organization, line])
    for secret in (SAID.encode(), session.data_key(), organization.key(), *masters.keys.values()):
        assert secret not in raw
    copy, _organization, copied_line = pickle.loads(raw)  # noqa: S301  # made three lines above
    assert (copy.profile, copied_line.text) == (SAID, SAID)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(masters)
    with pytest.raises(TypeError, match="save the row first"):
        pickle.dumps(Session(candidate_name=SAID))
    shown = repr([session, organization, masters, line])
    for secret in secrets(session):
        assert secret not in shown


def test_the_administration_shows_no_key(held):
    organization = held.organization
    page = client_of(held.ada).get(f"/admin/accounts/organization/{organization.pk}/change/")
    assert page.status_code == 200
    wrapped = [form for key in [bytes(organization.wrapped_key)] for form in forms(key)]
    for secret in [*secrets(HELD["session"]), *wrapped, "wrapped_key"]:
        assert secret not in page.content.decode()


def test_fallbacks_of_the_secret_key_reach_whatever_the_secret_key_does(tmp_path):
    new, old = "n" * 40, "o" * 40
    show = (
        "import json; from django.conf import settings as s; "
        "layer = s.CHANNEL_LAYERS['default']['CONFIG']; "
        "print(json.dumps([s.SECRET_KEY_FALLBACKS, layer['symmetric_encryption_keys']]))"
    )
    env = product.environment(
        tmp_path,
        SECRET_KEY=new,
        SECRET_KEY_FALLBACKS=old,
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    done = product.manage("shell", "--no-imports", "-c", show, env=env)
    assert json.loads(done.stdout) == [[old], [new, old]]
    short = product.manage("check", env={**env, "SECRET_KEY_FALLBACKS": "short"}, check=False)
    assert "SECRET_KEY_FALLBACKS: each is at least 32" in short.stderr


def test_live_events_lie_in_redis_sealed_and_open_with_a_fallback():
    before = RedisChannelLayer(symmetric_encryption_keys=["o" * 40])
    after = RedisChannelLayer(symmetric_encryption_keys=["n" * 40, "o" * 40])
    sealed = before.serialize({"type": "event", "text": SAID})
    assert SAID.encode() not in sealed
    assert after.deserialize(sealed)["text"] == SAID
