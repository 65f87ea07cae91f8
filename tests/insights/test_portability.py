"""A candidate's copy and an organization's export: what is in them, and what never is."""

import hashlib
import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from insights import portability, summaries
from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import AtsConnection, AtsDelivery, SentimentPoint, Summary
from sessions import candidates, consents, retention, services
from sessions.models import Erasure, Guide, Note, OffRecord, Scorecard, Session
from tests.factories import go_live, make_session, say

pytestmark = pytest.mark.django_db

SECOND = 16_000


@pytest.fixture
def held(cast):
    """An interview of Daniel Reyes with one of everything that is kept about him."""
    session = cast.session
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    competency = guide.competencies.create(name="Leading")
    competency.questions.create(text="How do you lead?")
    session.guide, session.profile = guide, "Reyes-profile"
    session.candidate_email = "daniel@example.com"
    session.save()
    go_live(session)
    line = say(session, "I led the migration to Postgres.")
    say(session, "Sorry, that was ours.", start=100 * SECOND)
    finding = Finding(Kind.HIGHLIGHT, "Led it", "I led the migration", (str(line.pk),))
    store_finding(session_id=session.pk, finding=finding, state="complete", source="rules")
    reading = {"overall": "confident", "confidence": 0.7, "indicators": ["led"]}
    SentimentPoint.objects.create(session=session, segment=line, reading=reading, revision=1)
    for author, said in ((cast.olga, "Olga-note"), (cast.cora, "Cora-note")):
        Note(session=session, author=author, text=said, at_ms=1, revision=2).save()
    OffRecord.objects.create(session=session, from_ms=80_000, to_ms=90_000, by=cast.olga)
    for author, comment in ((cast.olga, "Submitted-comment"), (cast.cora, "Draft-comment")):
        rating = {str(competency.pk): {"value": 3, "comment": comment, "segments": []}}
        card = Scorecard(session=session, author=author, ratings=rating)
        card.save()
        if author == cast.olga:
            Scorecard.objects.filter(pk=card.pk).update(submitted_at=session.created_at)
    link, _path = candidates.make_link(session=session, by=cast.olga)
    asked = candidates.ask(link=link, kind="copy")
    candidates.answer(request=asked, by=cast.olga, grant=True, why="Here it is.")
    services.end_session(session=session)
    summaries.make(session_id=session.pk)
    session = Session.objects.get(pk=session.pk)
    return SimpleNamespace(session=session, cast=cast)


def opened(body):
    """Return the files of a ZIP by name, the checksums of all looked at."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sums = json.loads(files["manifest.json"])["sha256"]
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "manifest.json"
    }
    return {name: content.decode() for name, content in files.items()}


def data_of(held, *, full):
    return json.loads(opened(portability.copy_of(held.session, full=full).body)["data.json"])


def test_the_candidates_copy_has_everything_that_is_kept_about_them(held):
    data = data_of(held, full=False)
    assert data["schema"] == portability.SCHEMA
    assert data["interview"]["candidate"] == {
        "name": "Daniel Reyes",
        "email": "daniel@example.com",
        "country": "",
    }
    assert data["interview"]["profile"] == "Reyes-profile"
    assert data["interview"]["held_by"] == "olga"
    assert [record["answer"] for record in data["consent"]] == ["agreed"]
    assert data["consent"][0]["notice"]["version"]
    assert [(r["kind"], r["state"], r["answer"]) for r in data["requests"]] == [
        ("copy", "granted", "Here it is.")
    ]
    rows = data["transcript"]
    assert [row.get("text", row.get("missing")) for row in rows] == [
        "I led the migration to Postgres.",
        "off_record",
        "Sorry, that was ours.",
    ]
    assert [tone["overall"] for tone in data["tone"]] == ["confident"]
    assert [card["quote"] for card in data["observations"]] == ["I led the migration"]
    assert data["summary"]["sections"]
    assert [card["ratings"][0]["comment"] for card in data["ratings"]] == ["Submitted-comment"]
    assert {note["text"] for note in data["notes"]} == {"Olga-note", "Cora-note"}


def test_the_candidates_copy_tells_what_was_signed_recommended_and_sent_where(held):
    session, cast = held.session, held.cast
    signed = summaries.sign(
        session=session, by=cast.olga, revision=Summary.objects.get(session=session).revision
    )
    connection = AtsConnection.objects.create(
        organization=cast.organization, name="Ours", kind="greenhouse", base_url="https://x.example"
    )
    AtsDelivery.objects.create(
        session=session,
        connection=connection,
        requested_by=cast.cora,
        version=signed.number,
        parts=["note"],
        target={"candidate": "c-17", "application": "", "label": "Daniel"},
        remote={"note": "n-4"},
        fingerprint=b"1" * 16,
        state="sent",
    )
    card = Scorecard.objects.get(session=session, author=cast.olga)
    card.session = session
    card.overall = {"recommendation": "yes", "text": "Overall-words"}
    card.save()
    mine, full = data_of(held, full=False), data_of(held, full=True)
    assert [(one["version"], one["sha256"]) for one in mine["signed"]] == [(1, signed.digest)]
    assert mine["signed"][0]["sections"][0]["sentences"]
    (sent,) = mine["sent"]
    assert (sent["system"], sent["as"]["candidate"], sent["there"]) == (
        "Greenhouse",
        "c-17",
        {"note": "n-4"},
    )
    assert (sent["by"], full["sent"][0]["by"]) == ("a colleague", "cora")
    assert mine["ratings"][0]["overall"] == {"recommendation": "yes", "text": "Overall-words"}


def test_the_candidates_copy_names_who_held_it_and_nobody_else(held):
    mine = "\n".join(opened(portability.copy_of(held.session).body).values())
    assert "Draft-comment" not in mine
    assert "cora" not in mine.lower().replace("cora-note", "")
    assert "here.example" not in mine  # nobody's address
    full = "\n".join(opened(portability.copy_of(held.session, full=True).body).values())
    assert "Draft-comment" in full
    assert '"by": "cora"' in full


def test_the_candidates_copy_has_no_address_of_who_held_it(held):
    held.session.owner.name = ""
    held.session.owner.save()
    session = Session.objects.get(pk=held.session.pk)
    mine = "\n".join(opened(portability.copy_of(session).body).values())
    assert held.session.owner.email not in mine
    full = "\n".join(opened(portability.copy_of(session, full=True).body).values())
    assert held.session.owner.email in full


def test_no_key_no_hash_and_no_stranger_is_in_either(held):
    make_session(held.cast.olga, held.cast.organization, candidate_name="Somebody Else")
    key = held.session.data_key()
    for full in (False, True):
        body = "\n".join(opened(portability.copy_of(held.session, full=full).body).values())
        assert "Somebody" not in body
        assert key.hex() not in body
        for name in ("fingerprint", "wrapped", "token", "password", "code_hash"):
            assert name not in body.lower()


def test_it_reads_as_plain_words(held):
    files = opened(portability.copy_of(held.session).body)
    assert "Candidate\nI led the migration to Postgres." in files["transcript.txt"]
    assert "off the record" in files["transcript.txt"]
    assert "Everything that Here keeps about one job interview." in files["README.txt"]
    assert "Sound is not kept" in files["README.txt"]


def test_what_is_erased_has_no_copy(held, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        retention.erase_now(session=held.session, reason=Erasure.Reason.PERSON)
    with pytest.raises(DomainError) as gone:
        portability.copy_of(held.session)
    assert gone.value.code == "erased"


def test_withdrawn_consent_is_told_and_hides_nothing(cast, held):
    consents.withdraw(session=held.session, method="link")
    data = data_of(held, full=False)
    assert data["consent"][0]["withdrawn_at"]
    assert len(data["transcript"]) == 3


# --- Several interviews --------------------------------------------------------------------------


def exported(cast, *sessions):
    ids = [session.pk for session in sessions]
    _name, content = portability.export_subject(cast.organization, ids, by=cast.ada)
    return content


def test_an_export_has_a_folder_for_each_interview(cast, held):
    second = make_session(cast.olga, cast.organization, candidate_name="Daniel Reyes")
    files = opened(b"".join(exported(cast, held.session, second)))
    folders = {name.partition("/")[0] for name in files if "/" in name}
    assert {folder[-8:] for folder in folders} == {
        str(held.session.pk)[:8],
        str(second.pk)[:8],
    }
    assert sum(name.endswith("data.json") for name in files) == 2


def test_an_export_holds_one_interview_at_a_time(cast, held):
    more = [make_session(cast.olga, cast.organization) for _number in range(3)]
    pieces = list(exported(cast, held.session, *more))
    assert len(pieces) == 5  # one each, and the directory
    assert all(piece.startswith(b"PK") for piece in pieces)


def test_what_goes_while_it_is_exported_is_left_out(cast, held, django_capture_on_commit_callbacks):
    second = make_session(cast.olga, cast.organization, title="Zanzibar")
    content = exported(cast, held.session, second)
    first = next(content)
    with django_capture_on_commit_callbacks(execute=True):
        retention.erase_now(session=second, reason=Erasure.Reason.PERSON)
    files = opened(first + b"".join(content))
    assert sum(name.endswith("data.json") for name in files) == 1
    assert "Zanzibar" not in "".join(files.values())


def test_one_that_does_not_open_leaves_the_others(cast, held):
    bad = make_session(cast.olga, cast.organization, candidate_name="Daniel Reyes")
    Session.objects.filter(pk=bad.pk).update(wrapped_key=b"\x01" + bytes(60))
    files = opened(b"".join(exported(cast, held.session, bad)))
    assert f"{bad.pk}-not-readable.txt" in files
    assert sum(name.endswith("data.json") for name in files) == 1


def test_an_export_is_of_ones_own_organization_and_bounded(cast, held, monkeypatch):
    theirs = make_session(cast.otto, cast.elsewhere)
    with pytest.raises(DomainError) as refused:
        exported(cast, theirs)
    assert refused.value.code == "erased"
    monkeypatch.setattr(portability, "MOST_SESSIONS", 1)
    with pytest.raises(DomainError) as too_many:
        exported(cast, held.session, theirs)
    assert too_many.value.code == "bad_choice"
    assert not AuditEntry.objects.filter(action=Event.SUBJECT_EXPORTED).exists()


def test_the_command_writes_a_file_for_its_owner_alone(cast, held, tmp_path, capsys):
    out = tmp_path / "daniel.zip"
    where = ("--organization", "here", "--email", "Daniel@Example.com", "--out", str(out))
    call_command("subject", "export", *where)
    assert out.stat().st_mode & 0o777 == 0o600
    assert any(name.endswith("transcript.txt") for name in opened(out.read_bytes()))
    said = capsys.readouterr()
    assert "aniel@" not in (said.out + said.err).replace("daniel.zip", "")
    assert AuditEntry.objects.get(action=Event.SUBJECT_EXPORTED).details == {"interviews": 1}
    with pytest.raises(CommandError, match="exists"):
        call_command("subject", "export", *where)
