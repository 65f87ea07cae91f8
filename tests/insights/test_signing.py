"""Signing: what a person has read is kept as they read it, and checked without the program."""

import json
import subprocess
import sys
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.kinds import Event
from accounts.models import AuditEntry
from insights import corrections, queries, summaries
from insights.models import Summary, SummaryVersion
from insights.summaries import making, versions
from sessions import candidates, consents, retention, services, signatures
from sessions.models import Session
from tests.factories import client_of, go_live, make_token, say
from tests.product import ROOT

SECOND = 16_000
SAID = "I moved forty services to Kubernetes."
ASKED = "How does Zanzibarworks decide what gets built next?"


@pytest.fixture
def made(cast):
    """An ended interview with a draft of its summary."""
    session = go_live(cast.session)
    lines = [
        say(session, "Tell me about a migration.", role="interviewer"),
        say(session, SAID, start=20 * SECOND),
        say(session, "Do you have any questions?", role="interviewer", start=40 * SECOND),
        say(session, ASKED, start=60 * SECOND),
    ]
    services.end_session(session=session)
    session.refresh_from_db()
    assert summaries.make(session_id=session.pk)
    return SimpleNamespace(session=session, cast=cast, lines=lines)


def address(held, what=""):
    return f"/api/v1/sessions/{held.session.pk}/summary/{what}"


def see(held, what="", user=None):
    answer = client_of(user or held.cast.olga).get(address(held, what))
    assert answer.status_code == 200, answer.content
    return answer.json()


def send(held, what, user=None, method="post", **body):
    client = client_of(user or held.cast.olga)
    return getattr(client, method)(
        address(held, what), json.dumps(body), content_type="application/json"
    )


def sign(held, user=None, **body):
    body.setdefault("revision", see(held)["revision"])
    return send(held, "sign/", user, **body)


def edit(held, text, **body):
    summary = see(held)
    body.setdefault("revision", summary["revision"])
    first = next(s for part in summary["sections"] for s in part["sentences"])
    return send(held, "", method="patch", sentence=first["id"], text=text, **body)


def code(answer):
    return answer.status_code, answer.json().get("code")


# --- signing -------------------------------------------------------------------------------------


def test_what_is_signed_says_by_whom_and_is_what_was_shown(made):
    edit(made, "We spoke about Zanzibar.")
    before = see(made)
    answer = sign(made).json()
    assert answer["state"] == "signed"
    assert answer["revision"] > before["revision"]
    assert answer["sections"] == before["sections"]
    signed = answer["signed"]
    assert (signed["version"], signed["by"], signed["corrected"]) == (1, "olga", False)
    version = see(made, "versions/1/")
    assert version["digest"] == signed["digest"]
    shown = [[s["text"] for s in part["sentences"]] for part in before["sections"]]
    kept = [[s["text"] for s in part["sentences"]] for part in version["content"]["sections"]]
    assert kept == shown
    entry = AuditEntry.objects.get(action=Event.SUMMARY_SIGNED)
    assert entry.details == {"version": 1, "digest": signed["digest"]}


def test_what_was_taken_out_is_not_signed(made):
    first = see(made)["sections"][0]["sentences"][0]
    revision = see(made)["revision"]
    send(made, "", method="patch", sentence=first["id"], removed=True, revision=revision)
    sign(made)
    assert first["text"] not in json.dumps(see(made, "versions/1/"), ensure_ascii=False)


def test_the_words_of_versions_are_sealed(made):
    edit(made, "Zanzibar it was.")
    sign(made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM insights_summaryversion")
        stored = " ".join(repr(value) for row in cursor.fetchall() for value in row)
    assert "Zanzibar" not in stored


@pytest.mark.parametrize("person", ["sam", "cora", "ada", "mia", "otto"])
def test_only_who_holds_the_interview_signs(made, person):
    user = getattr(made.cast, person)
    revision = see(made)["revision"]
    assert sign(made, user, revision=revision).status_code == 404
    assert send(made, "reopen/", user).status_code == 404
    assert not SummaryVersion.objects.exists()


def test_what_was_changed_meanwhile_is_read_again_before_it_is_signed(made):
    old = see(made)["revision"]
    edit(made, "Mine.")
    assert code(sign(made, revision=old)) == (409, "summary_changed")
    assert see(made)["state"] == "edited"


def test_of_two_who_sign_one_wins(made):
    revision = see(made)["revision"]
    assert sign(made, revision=revision).status_code == 200
    assert code(sign(made, revision=revision)) == (409, "signed")
    assert SummaryVersion.objects.count() == 1


def test_what_is_being_made_is_not_signed(made):
    summaries.begin(session_id=made.session.pk)
    assert code(sign(made)) == (409, "summary_making")


def test_what_does_not_exist_yet_is_not_signed(made):
    Summary.objects.all().delete()
    assert code(sign(made, revision=0)) == (409, "no_summary")


def test_nothing_is_not_signed(made):
    for part in see(made)["sections"]:
        for one in part["sentences"]:
            revision = see(made)["revision"]
            send(made, "", method="patch", sentence=one["id"], removed=True, revision=revision)
    assert code(sign(made)) == (409, "summary_empty")


def test_after_a_withdrawal_nothing_is_signed_or_shown(made):
    edit(made, "Mine.")
    sign(made)
    revision = see(made)["revision"]
    consents.withdraw(session=made.session, method="verbal", by=made.cast.olga)
    assert code(send(made, "sign/", revision=revision)) == (409, "no_consent")
    assert code(send(made, "reopen/")) == (409, "no_consent")
    for what in ("versions/", "versions/1/"):
        assert code(client_of(made.cast.olga).get(address(made, what))) == (409, "no_consent")


def test_after_a_withdrawal_a_kept_answer_shows_nothing_either(made):
    edit(made, "Mine.")
    client, body = client_of(made.cast.olga), json.dumps({"revision": see(made)["revision"]})

    def once(path, body, key):
        return client.post(
            path, body, content_type="application/json", headers={"Idempotency-Key": key}
        )

    assert "Mine." in once(address(made, "sign/"), body, "sign").content.decode()
    withdrawn = f"/api/v1/sessions/{made.session.pk}/consent/withdrawn/"
    for replayed in (False, True):
        answer = once(withdrawn, json.dumps({"method": "verbal"}), "withdraw")
        assert answer.status_code == 200
        assert ("Idempotency-Replayed" in answer.headers) is replayed
    assert code(once(address(made, "sign/"), body, "sign")) == (409, "no_consent")


@pytest.mark.parametrize("body", [{}, {"revision": -1}, {"revision": "x"}], ids=str)
def test_signing_names_what_was_read(made, body):
    assert code(send(made, "sign/", **body)) == (400, "invalid")


def test_a_line_that_was_corrected_is_read_again_before_it_is_signed(made):
    correct(made)
    assert code(sign(made)) == (409, "summary_making")
    summaries.make(session_id=made.session.pk)
    assert sign(made).status_code == 200


def correct(held, place=3, text="How do you choose what gets built?"):
    corrections.correct(
        session=held.session, segment_id=held.lines[place].pk, by=held.cast.olga, text=text
    )


# --- what is signed stays ------------------------------------------------------------------------


def test_what_is_signed_is_neither_edited_nor_made_again(made):
    sign(made)
    version = see(made, "versions/1/")
    assert code(edit(made, "Other.")) == (409, "signed")
    assert code(send(made, "")) == (409, "signed")
    restored = send(made, "versions/1/restore/", revision=see(made)["revision"])
    assert code(restored) == (409, "signed")
    assert see(made, "versions/1/") == version
    assert see(made)["state"] == "signed"


def test_what_was_read_before_somebody_signed_is_refused_with_that_reason(made):
    old = see(made)["revision"]
    sign(made)
    assert code(edit(made, "Other.", revision=old)) == (409, "signed")


def test_a_draft_that_comes_late_leaves_the_signed_one_alone(made):
    before = see(made)["sections"]
    sign(made)
    Session.objects.update(planned_minutes=95)  # the draft says how long was planned
    summaries.make(session_id=made.session.pk)
    assert see(made)["sections"] == before
    making._fail(made.session.pk)
    assert see(made)["state"] == "signed"


def test_lines_corrected_since_are_told_and_change_nothing(made):
    sign(made)
    before = see(made, "versions/1/")
    correct(made)
    assert not summaries.due(made.session.pk)
    summaries.renew(made.session)
    assert see(made)["signed"]["corrected"]
    assert see(made)["state"] == "signed"
    assert see(made, "versions/1/")["content"] == before["content"]


def test_who_only_reads_does_not_read_what_a_line_said_before_it_was_corrected(made):
    """It may be what the redaction missed, and the signed summary is not made again."""
    sign(made)
    whole = see(made, "versions/1/", made.cast.sam)
    assert "Zanzibar" in json.dumps(whole)
    assert whole["statement"]["digest"] == whole["digest"]
    correct(made)
    assert "Zanzibar" not in json.dumps(see(made, user=made.cast.sam))
    version = see(made, "versions/1/", made.cast.sam)
    assert "Zanzibar" not in json.dumps(version)
    assert version["withheld"] >= 1
    assert version["statement"] is None
    for what in ("", "versions/1/"):
        assert "Zanzibar" in json.dumps(see(made, what))


def test_a_correction_of_another_line_is_not_told(made):
    sign(made)
    correct(made, 0, "Tell me of a migration.")
    quoted = versions.lines_of(see(made, "versions/1/")["content"])
    assert see(made)["signed"]["corrected"] == (str(made.lines[0].pk) in quoted)


def test_taken_up_again_it_is_a_draft_and_the_signed_version_stays(made):
    sign(made)
    version = see(made, "versions/1/")
    answer = send(made, "reopen/").json()
    assert answer["state"] == "draft"
    assert answer["signed"]["version"] == 1
    assert edit(made, "Other.").status_code == 200
    assert see(made, "versions/1/") == version
    assert sign(made).json()["signed"]["version"] == 2
    assert AuditEntry.objects.get(action=Event.SUMMARY_REOPENED).details == {"version": 1}


def test_an_edited_one_is_an_edited_one_again(made):
    edit(made, "Mine.")
    sign(made)
    assert send(made, "reopen/").json()["state"] == "edited"


def test_what_is_not_signed_is_not_taken_up_again(made):
    assert code(send(made, "reopen/")) == (409, "not_signed")


def test_taken_up_again_it_is_made_again_where_lines_were_corrected(made):
    sign(made)
    correct(made)
    send(made, "reopen/")
    assert summaries.due(made.session.pk)


def test_each_change_is_told_without_words(made, monkeypatch):
    told = []
    monkeypatch.setattr(
        "sessions.events.publish_on_commit", lambda _id, kind, body: told.append((kind, body))
    )
    sign(made)
    send(made, "reopen/")
    assert [(kind, body["state"]) for kind, body in told] == [
        ("summary", "signed"),
        ("summary", "draft"),
    ]
    assert queries.snapshot(made.session)["summary"]["state"] == "draft"


def test_a_token_that_only_reads_does_not_sign(made):
    bearer = make_token(made.cast.olga, made.cast.organization, "read")
    client = client_of(made.cast.olga)
    client.logout()
    answer = client.post(
        address(made, "sign/"),
        json.dumps({"revision": see(made)["revision"]}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}"},
    )
    assert answer.status_code == 403


def test_erased_with_the_interview(made):
    sign(made)
    retention.erase_now(session=made.session, reason="person", by=made.cast.olga)
    assert not SummaryVersion.objects.exists()


# --- the signature -------------------------------------------------------------------------------

OUTSIDE = """
import hashlib, json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
version = json.load(sys.stdin)
def plain(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
said = version["statement"]
assert said["digest"] == hashlib.sha256(plain(version["content"])).hexdigest()
signature, key = bytes.fromhex(said.pop("signature")), bytes.fromhex(sys.argv[1])
Ed25519PublicKey.from_public_bytes(key).verify(signature, plain(said))
"""


def test_the_lines_are_those_of_the_handbook():
    text = (ROOT / "docs/operations.md").read_text()
    for line in OUTSIDE.strip().splitlines():
        assert line in text


@pytest.fixture
def version(made):
    edit(made, "Sie sprach über „Kübernetes“.")
    sign(made)
    return see(made, "versions/1/")


def holds(version, **more):
    return versions.verify(version["statement"], version["content"], **more)


def test_it_holds_and_falls_with_any_change(made, version):
    assert holds(version)
    assert holds(version, expected=signatures.public_key(made.cast.organization))
    assert not holds(version, expected=signatures.public_key(made.cast.elsewhere))
    for name, value in version["statement"].items():
        other = (
            value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1] != "0" else "1")
        )
        assert not holds({**version, "statement": {**version["statement"], name: other}}), name
    changed = json.loads(json.dumps(version["content"]))
    changed["sections"][0]["sentences"][0]["text"] += "!"
    assert not holds({**version, "content": changed})


def test_a_receipt_is_no_signed_summary(made, version):
    statement = {**version["statement"], "format": "interview-copilot/erasure/1"}
    statement["signature"] = signatures.signature_of(statement, made.cast.organization)
    assert signatures.verify(statement, form="interview-copilot/erasure/1")
    assert not holds({**version, "statement": statement})


def test_whoever_has_the_public_key_checks_it_without_the_program(made, version):
    def check(text):
        key = signatures.public_key(made.cast.organization)
        command = [sys.executable, "-c", OUTSIDE, key]
        done = subprocess.run(
            command, input=text, text=True, capture_output=True, check=False, cwd="/"
        )
        return done.returncode

    assert check(json.dumps(version)) == 0
    version["content"]["sections"].pop()
    assert check(json.dumps(version)) == 1


def verify(*args):
    said = StringIO()
    call_command("verify_summary", *args, stdout=said)
    return said.getvalue()


def test_the_command_checks_a_file_and_all_that_are_kept(made, version, tmp_path):
    file = tmp_path / "version.json"
    file.write_text(json.dumps(version))
    assert "holds" in verify(str(file))
    assert "holds" in verify(str(file), "--key", signatures.public_key(made.cast.organization))
    assert "1 signed version(s), 0 do not hold" in verify("--all")
    with pytest.raises(CommandError, match="does not hold"):
        verify(str(file), "--key", signatures.public_key(made.cast.elsewhere))
    version["content"]["language"] = "xx"
    file.write_text(json.dumps(version))
    with pytest.raises(CommandError, match="does not hold"):
        verify(str(file))
    SummaryVersion.objects.update(number=7)
    with pytest.raises(CommandError, match="1 signed version"):
        verify("--all")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"statement": 3, "content": 4}'], ids=repr)
def test_the_command_refuses_what_is_no_signed_summary(db, text, tmp_path):
    file = tmp_path / "version.json"
    file.write_text(text)
    with pytest.raises(CommandError, match="cannot be read as a signed summary"):
        verify(str(file))


def test_the_command_says_where_nobody_is_known_who_signed(made, version, tmp_path):
    statement = version["statement"]
    statement["organization"] = "0e4f3c52-8a53-4c1e-9a54-0d8f5a5b7f10"
    statement["signature"] = signatures.signature_of(statement, made.cast.organization)
    file = tmp_path / "version.json"
    file.write_text(json.dumps(version))
    with pytest.raises(CommandError, match="not known here"):
        verify(str(file))
    assert "holds" in verify(str(file), "--key", signatures.public_key(made.cast.organization))


def test_candidates_read_nothing_of_it(made, version):
    """The link of a candidate opens no API."""
    link, _raw = candidates.make_link(session=made.session, by=made.cast.olga)
    assert link is not None
    client = client_of(made.cast.olga)
    client.logout()
    assert client.get(address(made, "versions/1/")).status_code == 401
