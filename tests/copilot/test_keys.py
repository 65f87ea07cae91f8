"""Master keys: a database of other keys is refused, and keys are changed while interviews live."""

import base64
import contextlib
import fcntl
import json
import logging
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.audit.verify import Kind
from accounts.keys import rotation
from accounts.kinds import Event
from accounts.models import AuditEntry, InstallationKey, Organization
from accounts.services import create_organization
from copilot.lib.crypto import CryptoError, MasterKeys, new_key, wrapped_by
from sessions.models import Session
from tests import product
from tests.chains import broken, write
from tests.factories import go_live, make_cast, say
from transcription.models import Segment

OLD, NEW = new_key(), new_key()


def masters(**keys_by_id: bytes) -> MasterKeys:
    """Return master keys, the first of which wraps."""
    return MasterKeys(keys_by_id, next(iter(keys_by_id)))


def run(*args: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *args, stdout=out)
    return out.getvalue()


def report(*args: str) -> dict:
    return json.loads(run("--json", *args))


@pytest.fixture
def old(settings, db):
    settings.INTERVIEW_MASTER_KEYS = masters(old=OLD)
    keys.check()


@pytest.fixture
def rotating(settings, old):
    """Two organizations that the old key wraps, and a new key in front of it."""
    made = [create_organization(name=name, slug=name.lower()) for name in ("One", "Two")]
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW, old=OLD)
    return made


def wrapped_with(organization: Organization) -> str:
    organization.refresh_from_db()
    return wrapped_by(bytes(organization.wrapped_key))


# --- The keys of this database -------------------------------------------------------------------


def test_the_same_keys_are_those_of_this_database(old):
    made = bytes(InstallationKey.objects.get(name="check").wrapped_key)
    keys.check()
    assert bytes(InstallationKey.objects.get(name="check").wrapped_key) == made


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"b": NEW}, "was made with master key 'old'; INTERVIEW_MASTER_KEYS has 'b'"),
        ({"old": NEW}, "another key under the id 'old'"),
        ({"b": NEW, "old": NEW}, "another key under the id 'old'"),
    ],
)
@pytest.mark.parametrize("noted", [True, False], ids=["noted", "before keys were noted"])
def test_other_keys_are_refused_by_their_ids(settings, old, given, reason, noted):
    create_organization(name="One", slug="one")
    if not noted:
        InstallationKey.objects.all().delete()
    settings.INTERVIEW_MASTER_KEYS = masters(**given)
    with pytest.raises(ImproperlyConfigured, match=reason) as refused:
        keys.check()
    assert InstallationKey.objects.exists() == noted
    for key in (OLD, NEW):
        assert base64.b64encode(key).decode() not in str(refused.value)


def test_a_key_that_still_wraps_an_organization_may_not_be_left_out(settings, rotating):
    keys_row = InstallationKey.objects.get(name="check")
    keys_row.hold(keys_row.key())
    keys_row.save()
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW)
    with pytest.raises(ImproperlyConfigured, match="'old'"):
        keys.check()


def test_a_damaged_organization_does_not_keep_the_others_from_working(old):
    here, there = (create_organization(name=name, slug=name.lower()) for name in ("One", "Two"))
    for organization, damaged in ((here, b"\x05wrong"), (there, bytes(there.wrapped_key)[:-1])):
        Organization.objects.filter(pk=organization.pk).update(wrapped_key=damaged)
    keys.check()
    InstallationKey.objects.all().delete()  # nor one that is from before keys were noted
    create_organization(name="Three", slug="three")
    keys.check()


def test_a_damaged_proof_is_said(old):
    InstallationKey.objects.filter(name="check").update(wrapped_key=b"")
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        keys.check()


def test_nothing_is_rotated_by_keys_of_another_database(settings, rotating):
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW, old=NEW)
    with pytest.raises(ImproperlyConfigured, match="another key under the id 'old'"):
        run()


# --- Changing the keys ---------------------------------------------------------------------------


@pytest.fixture
def interview(settings, db) -> Session:
    """An interview, a second factor and an installation's audit of the time of the old key."""
    settings.INTERVIEW_MASTER_KEYS = masters(old=OLD)
    keys.check()
    cast = make_cast()
    session = go_live(cast.session)
    say(session, "before the rotation")
    for kind, name in (("totp", "secret"), ("recovery_codes", "seed")):
        data = {name: get_adapter().encrypt(f"{kind} of olga"), "used_mask": 5}
        Authenticator.objects.create(user=cast.olga, type=kind, data=data)
    write(None, 2)
    return session


def test_an_interview_lives_through_a_change_of_keys(settings, interview):
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW, old=OLD)
    say(Session.objects.get(pk=interview.pk), "the new key is in front", start=20_000)
    made = report()
    assert made["may_leave"] == ["old"]
    assert made["wrapped_anew"] == {
        "installation_keys": 1,
        "organizations": 2,
        "second_factors": 2,
    }
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW)
    keys.check()
    session = Session.objects.get(pk=interview.pk)
    say(session, "the old key is gone", start=40_000)
    texts = [segment.text for segment in Segment.objects.filter(session=session)]
    assert texts == ["before the rotation", "the new key is in front", "the old key is gone"]
    assert session.candidate_name == "Daniel Reyes"
    secrets = [
        get_adapter().decrypt(factor.data.get("secret") or factor.data["seed"])
        for factor in Authenticator.objects.order_by("type")
    ]
    assert secrets == ["recovery_codes of olga", "totp of olga"]
    assert {factor.data["used_mask"] for factor in Authenticator.objects.all()} == {5}
    write(None, 1)
    assert broken(None) is None
    assert broken(session.organization) is None


def test_without_what_was_kept_the_audit_of_the_old_key_is_not_believed(settings, interview):
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW, old=OLD)
    report()
    InstallationKey.objects.filter(name="audit:old").delete()
    settings.INTERVIEW_MASTER_KEYS = masters(new=NEW)
    assert broken(None)[0] != Kind.REMOVED
    assert broken(None) is not None


def test_an_id_that_comes_back_with_another_key_leaves_the_audit_whole(settings, interview):
    third = new_key()
    for wanted in (
        masters(new=NEW, old=OLD),
        masters(old=third, new=NEW),
        masters(new=OLD, old=third),
    ):
        settings.INTERVIEW_MASTER_KEYS = wanted
        report()
        write(None, 1)
    names = InstallationKey.objects.filter(name__startswith="audit:").values_list("name", flat=True)
    assert sorted(names) == ["audit:new", "audit:old", "audit:old:2"]
    settings.INTERVIEW_MASTER_KEYS = masters(new=OLD)
    assert broken(None) is None
    assert Session.objects.get(pk=interview.pk).candidate_name == "Daniel Reyes"


def test_a_second_run_has_nothing_to_do(rotating):
    report()
    entries = AuditEntry.objects.count()
    assert report()["wrapped_anew"] == {}
    assert AuditEntry.objects.count() == entries


def test_the_audit_has_counts_and_no_keys(rotating):
    report("--batch", "1")
    entries = AuditEntry.objects.filter(action=Event.KEYS_ROTATED).order_by("pk")
    assert [entry.details for entry in entries] == [
        {"kind": "installation_keys", "count": 1, "key": "new"},
        {"kind": "organizations", "count": 1, "key": "new"},
        {"kind": "organizations", "count": 1, "key": "new"},
    ]
    assert {entry.organization_id for entry in entries} == {None}


def test_a_dry_run_changes_nothing_and_lets_no_key_leave(rotating):
    assert "'old' wraps 1 installation_keys, 2 organizations, to be wrapped" in run("--dry-run")
    assert report("--dry-run")["may_leave"] == []
    assert [wrapped_with(organization) for organization in rotating] == ["old", "old"]
    assert not InstallationKey.objects.filter(name="audit:old").exists()
    assert not AuditEntry.objects.filter(action=Event.KEYS_ROTATED).exists()


def test_what_is_written_behind_the_run_is_found_by_the_next_pass(rotating):
    here, _there = rotating
    before = bytes(here.wrapped_key)
    steps = rotation.rotate(batch=10)
    assert next(steps).kind == "installation_keys"
    assert next(steps).count == 2
    Organization.objects.filter(pk=here.pk).update(wrapped_key=before)  # saved from an older copy
    assert [step.count for step in steps] == [1]
    assert [wrapped_with(organization) for organization in rotating] == ["new", "new"]


def test_what_does_not_open_stays_and_is_named(rotating):
    here, there = rotating
    Organization.objects.filter(pk=here.pk).update(wrapped_key=there.wrapped_key)
    out = StringIO()
    with pytest.raises(CommandError, match="not everything"):
        call_command("rotate_keys", stdout=out)
    assert "'old' must stay in INTERVIEW_MASTER_KEYS: it wraps 1 organizations" in out.getvalue()
    assert f"organizations: 1 do not open: {here.pk}" in out.getvalue()
    assert [wrapped_with(organization) for organization in rotating] == ["old", "new"]


def test_keys_are_not_told(rotating, caplog):
    caplog.set_level(logging.DEBUG)
    said = run("--dry-run") + run() + caplog.text
    for key in (OLD, NEW, rotating[0].key()):
        for form in (key.hex(), base64.b64encode(key).decode(), repr(key)):
            assert form not in said


def test_an_organizations_key_opens_for_no_other(rotating):
    here, there = rotating
    here.wrapped_key = there.wrapped_key
    with pytest.raises(CryptoError, match=r"^wrong key, wrong place or damaged value$"):
        here.key()


# --- Processes -----------------------------------------------------------------------------------

pytestmark = pytest.mark.timeout(240)
COUNT = 150  # organizations; a line about each is more than a pipe holds
PIPE = 4096
SECRET = "tests-only-" + "s" * 40
SETUP = f"""
from django.core.management import call_command
from django.db import transaction
from accounts import keys
from accounts.services import create_organization
call_command("migrate", verbosity=0)
keys.check()
with transaction.atomic():
    for number in range({COUNT}):
        create_organization(name=f"Number {{number}}", slug=f"n{{number}}")
"""


def entry(key_id: str, key: bytes) -> str:
    return f"{key_id}:{base64.b64encode(key).decode()}"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    env = product.environment(
        folder, SECRET_KEY=SECRET, INTERVIEW_MASTER_KEYS=entry("old", OLD), LOG_LEVEL="ERROR"
    )
    product.manage("shell", "--no-imports", "-c", SETUP, env=env)
    return env, folder


def test_whatever_serves_refuses_a_database_of_other_keys(installation):
    env, folder = installation
    env = {**env, "INTERVIEW_MASTER_KEYS": entry("b", NEW)}
    before = (folder / "db.sqlite3").read_bytes()
    python = [sys.executable, "-m"]
    port = str(product.free_port())
    starting = {
        "prepare": [sys.executable, "manage.py", "prepare"],
        "daphne": [*python, "daphne", "-v", "0", "-p", port, "copilot.asgi:application"],
        "worker": [*python, "celery", "-A", "copilot", "worker", "--loglevel", "WARNING"],
        "beat": [*python, "celery", "-A", "copilot", "beat", "-s", str(folder / "beat")],
    }
    started = {name: product.Process(*command, env=env) for name, command in starting.items()}
    for name, process in started.items():
        assert process.popen.wait(product.PATIENCE) != 0, name
        process.end()
        reason = "was made with master key 'old'; INTERVIEW_MASTER_KEYS has 'b'"
        assert reason in process.output, (name, process.output)
        assert "Traceback" not in process.output, (name, process.output)
    assert (folder / "db.sqlite3").read_bytes() == before


def test_a_lost_key_file_stops_before_anything_is_written(installation, tmp_path):
    _env, folder = installation
    shutil.copytree(folder, tmp_path / "var")
    done = product.manage("prepare", env=product.environment(tmp_path / "var"), check=False)
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "keys.json is missing" in line
    assert "restore it from a backup" in line
    assert not (tmp_path / "var/keys.json").exists()


def test_a_rotation_that_was_killed_is_gone_on_with(installation, tmp_path):
    env, folder = installation
    shutil.copytree(folder, tmp_path / "var")
    env = {
        **env,
        "INTERVIEW_DATA_DIR": str(tmp_path / "var"),
        "INTERVIEW_MASTER_KEYS": f"{entry('new', NEW)},{entry('old', OLD)}",
    }
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)  # it waits for us when that is full
    command = [sys.executable, "manage.py", "rotate_keys", "--batch", "1"]
    process = subprocess.Popen(command, cwd=product.ROOT, env=env, stdout=writing)
    os.close(writing)
    assert select.select([reading], [], [], product.PATIENCE)[0]
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.close(reading)

    with contextlib.closing(sqlite3.connect(tmp_path / "var/db.sqlite3")) as database:
        rows = database.execute("SELECT wrapped_key FROM accounts_organization").fetchall()
    assert Counter(wrapped_by(key) for (key,) in rows)["old"] > 0
    whole = json.loads(product.manage("rotate_keys", "--json", env=env).stdout)
    assert 0 < whole["wrapped_anew"]["organizations"] <= COUNT
    assert whole["may_leave"] == ["old"]
    assert whole["in_use"] == {"new": {"installation_keys": 2, "organizations": COUNT}}
    env["INTERVIEW_MASTER_KEYS"] = entry("new", NEW)
    done = product.manage("verify_audit", env=env)
    assert "BROKEN" not in done.stdout
