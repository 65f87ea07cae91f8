"""A receipt of erasure holds without this program, and falls with any change of it."""

import base64
import io
import json
import os
import subprocess
import sys
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from copilot.lib.crypto import MasterKeys
from sessions import receipts, retention
from sessions.models import Erasure
from tests.factories import client_of, go_live, make_session, say
from tests.product import ROOT

SAID = "Zanzibarworks paid me to move forty services to Kafka."
OUTSIDE = """
import json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
r = json.load(sys.stdin)
signature, key = bytes.fromhex(r.pop("signature")), bytes.fromhex(sys.argv[1])
said = json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
Ed25519PublicKey.from_public_bytes(key).verify(signature, said)
"""


@pytest.fixture
def erasure(cast):
    session = go_live(cast.session)
    say(session, SAID)
    erasure = retention.erase_now(session=session, reason="candidate", by=cast.ada)
    erasure.refresh_from_db()
    return erasure


@pytest.fixture
def receipt(erasure):
    return receipts.receipt_json(erasure)


def test_it_says_what_went_and_why_and_holds_no_content(cast, erasure, receipt):
    assert receipts.verify(receipt)
    assert receipt["interview"] == str(erasure.session_id)
    assert receipt["organization"] == str(cast.organization.pk)
    assert (receipt["reason"], receipt["removed"]["segments"]) == ("candidate", 1)
    assert receipt["unreadable_since"] <= receipt["removed_at"]
    for word in ("Zanzibar", "Daniel", "Backend", "olga"):
        assert word not in json.dumps(receipt)


def other_value(value):
    if isinstance(value, dict):
        return {**value, "segments": 2}
    return value[:-1] + ("0" if value[-1] != "0" else "1")


@pytest.mark.parametrize(
    "field",
    "format id organization interview reason unreadable_since removed_at removed covers "
    "does_not_cover public_key signature".split(),
)
def test_any_change_shows(receipt, field):
    assert set(receipt) == set(
        "format id organization interview reason unreadable_since removed_at removed covers "
        "does_not_cover public_key signature".split()
    )
    assert not receipts.verify({**receipt, field: other_value(receipt[field])})
    without = {name: value for name, value in receipt.items() if name != field}
    assert not receipts.verify(without)


def test_one_signed_by_somebody_else_does_not_hold(cast, erasure, receipt):
    forged = Erasure(**{f.attname: getattr(erasure, f.attname) for f in Erasure._meta.fields})
    forged.organization = cast.elsewhere
    receipts.sign(forged)
    said = receipts.receipt_json(forged)
    assert receipts.verify(said)
    said["organization"] = receipt["organization"]
    key = receipts.signing_key(cast.elsewhere)
    said["signature"] = key.sign(receipts.signed_bytes(said)).hex()
    assert not receipts.verify(said)


@pytest.mark.parametrize("organization", ["here", 7, None, ["x"]])
def test_one_of_an_organization_that_cannot_be_does_not_hold(cast, receipt, organization):
    said = {**receipt, "organization": organization}
    key = receipts.signing_key(cast.organization)
    said["signature"] = key.sign(receipts.signed_bytes(said)).hex()
    assert not receipts.verify(said)


def test_whoever_has_the_public_key_checks_it_without_the_program(cast, receipt):
    def check(text):
        key = receipts.public_key(cast.organization)
        return subprocess.run(
            [sys.executable, "-c", OUTSIDE, key],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            cwd="/",
        ).returncode

    assert check(json.dumps(receipt, indent=2)) == 0
    assert check(json.dumps({**receipt, "reason": "expired"})) == 1


def test_the_five_lines_are_those_of_the_handbook():
    text = (ROOT / "docs/operations.md").read_text()
    for line in OUTSIDE.strip().splitlines():
        assert line in text


def test_other_master_keys_change_nothing(cast, settings, receipt):
    before = receipts.public_key(cast.organization)
    key = cast.organization.key()
    fresh = base64.b64encode(os.urandom(32)).decode()
    settings.INTERVIEW_MASTER_KEYS = MasterKeys.parse([f"new:{fresh}"])
    cast.organization.wrapped_key = settings.INTERVIEW_MASTER_KEYS.wrap(
        key, cast.organization._place()
    )
    cast.organization.save()
    assert receipts.public_key(cast.organization) == before
    assert receipts.verify(receipt)


def test_no_two_organizations_sign_with_the_same_key(cast):
    assert receipts.public_key(cast.organization) != receipts.public_key(cast.elsewhere)


def test_without_the_organizations_key_it_is_removed_and_signed_later(cast, settings):
    right = settings.INTERVIEW_MASTER_KEYS
    other = base64.b64encode(os.urandom(32)).decode()
    settings.INTERVIEW_MASTER_KEYS = MasterKeys.parse([f"other:{other}"])
    erasure = Erasure.objects.create(
        organization=cast.organization,
        session_id=uuid.uuid4(),
        reason="expired",
        started_at=cast.session.created_at,
    )
    assert retention.run().unfinished == 1
    settings.INTERVIEW_MASTER_KEYS = right
    assert retention.run().finished == 1
    erasure.refresh_from_db()
    assert receipts.verify(receipts.receipt_json(erasure))


# --- the command ---------------------------------------------------------------------------------


def test_the_command_checks_a_file_or_what_comes_in(receipt, tmp_path, monkeypatch, capsys):
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt))
    call_command("verify_receipt", str(file))
    assert "holds" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**receipt, "removed": {}})))
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_receipt", "-")
    for text in ("[]", "{", ""):
        file.write_text(text)
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("verify_receipt", str(file))


@pytest.mark.parametrize("organization", [str(uuid.UUID(int=1)), "nobody", None])
def test_a_stranger_who_signs_for_nobody_is_not_believed(cast, receipt, tmp_path, organization):
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    forged = {**receipt, "organization": organization, "public_key": public}
    forged["signature"] = key.sign(receipts.signed_bytes(forged)).hex()
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(forged))
    with pytest.raises(CommandError, match=r"not known here|does not hold"):
        call_command("verify_receipt", str(file))


def test_a_receipt_that_says_a_thing_twice_is_none(receipt, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text('{"reason": "expired", ' + json.dumps(receipt)[1:])
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_receipt", str(file))


def test_the_command_checks_all_that_are_kept(cast, erasure, capsys):
    retention.erase_now(session=make_session(cast.olga, cast.organization), reason="person")
    call_command("verify_receipt", "--all")
    assert "2 receipt(s), 0 do not hold" in capsys.readouterr().out
    Erasure.objects.filter(pk=erasure.pk).update(reason="expired")
    with pytest.raises(CommandError, match="1 receipt"):
        call_command("verify_receipt", "--all")


# --- the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("person", "seen"), [("ada", True), ("otto", False), ("olga", None)])
def test_admins_read_those_of_their_organization_and_change_none(cast, erasure, person, seen):
    client = client_of(getattr(cast, person))
    answer = client.get("/admin/interviews/erasure/")
    assert answer.status_code == (404 if seen is None else 200)
    assert (str(erasure.session_id) in answer.content.decode()) is bool(seen)
    page = f"/admin/interviews/erasure/{erasure.pk}/change/"
    answer = client.get(page)
    assert answer.status_code == (200 if seen else 404)
    if seen:
        assert erasure.signature in answer.content.decode()
    assert client.post(page, {"reason": "expired"}).status_code in (403, 404)
    assert client.post(f"/admin/interviews/erasure/{erasure.pk}/delete/").status_code == 404
    erasure.refresh_from_db()
    assert erasure.reason == "candidate"
