"""Every format of an export: what is in it, what never is, and that it can be opened."""

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import docx
import jsonschema
import pypdf
import pypdfium2
import pytest
import srt
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import AuditEntry
from insights import corrections, exports, queries, summaries
from insights.exports import bundle, paper, subtitles
from insights.exports.contents import gather
from insights.kinds import Kind
from insights.models import Coverage, Insight, SentimentPoint, SummaryVersion
from insights.summaries import versions
from sessions import receipts, services
from sessions.models import Guide, Note, OffRecord, Scorecard
from tests.factories import client_of, go_live, make_token, say

pytestmark = pytest.mark.django_db

SECOND = 16_000
SAID = "I ran ‹ORGANIZATION›'s forty services; write to ‹EMAIL›."
ARABIC = "أهلا، عملت على Kubernetes ثلاث سنوات."
CANARIES = {  # words that are stored somewhere and are never to be in a file
    "tone": "zurückhaltendzorn",
    "card": "verbitterungskarte",
    "original": "unmaskedmiller",
    "hidden": "echoedecho",
    "rating": "secretopinion",
    "draft rating": "unsubmittedview",
    "removed note": "takenbacknote",
}
SCHEMA = Path(__file__).parents[2] / "docs" / "export.schema.json"
KINDS = list(exports.FORMATS)


@pytest.fixture
def held(cast):
    session = cast.session
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    one = guide.competencies.create(name="Leading", anchors=["", "", "Leads", "", ""])
    one.questions.create(text="How do you lead?")
    session.guide = guide
    session.save()
    go_live(session)
    lines = [
        say(session, "Tell me about your work.", role="interviewer"),
        say(session, SAID, start=70 * SECOND),
        say(session, ARABIC, start=75 * SECOND),
        say(session, "=HYPERLINK(1) is what I typed.", start=80 * SECOND),
        say(session, CANARIES["hidden"], start=85 * SECOND),
    ]
    lines[4].hidden = True
    lines[4].save()
    SentimentPoint.objects.create(
        session=session,
        segment=lines[1],
        reading={"overall": CANARIES["tone"], "confidence": 0.7, "indicators": []},
        revision=1,
    )
    Insight.objects.create(
        session=session,
        kind=Kind.SENTIMENT,
        title=CANARIES["card"],
        content=CANARIES["card"],
        quote=SAID,
        reason="",
        priority=1,
        state=Insight.State.COMPLETE,
        fingerprint=b"0" * 16,
        source=Insight.Source.RULES,
        segments=[str(lines[1].pk)],
        revision=1,
    )
    question = queries.guide(session)["competencies"][0]["questions"][0]["id"]
    Coverage.objects.create(
        session=session,
        question=question,
        asked=True,
        asked_ms=0,
        star={"action": [str(lines[1].pk)]},
        revision=1,
    )
    Note.objects.create(
        session=session, author=cast.cora, text="Ask about scale.", at_ms=1, revision=2
    )
    Note.objects.create(
        session=session,
        author=cast.olga,
        text=CANARIES["removed note"],
        at_ms=1,
        removed=True,
        revision=2,
    )
    OffRecord.objects.create(session=session, from_ms=80_500, to_ms=90_000, by=cast.olga)
    now = timezone.now()
    for author, comment, at in (
        (cast.olga, "Solid.", now),
        (cast.ada, CANARIES["draft rating"], None),
    ):
        rating = {"value": 3, "comment": comment, "segments": [str(lines[1].pk)]}
        Scorecard.objects.create(
            session=session,
            author=author,
            ratings={str(one.pk): rating},
            overall={"recommendation": "yes", "text": f"{comment} Overall."},
            submitted_at=at,
        )
    rating = {"value": 2, "comment": CANARIES["rating"], "segments": []}
    Scorecard.objects.create(
        session=session, author=cast.cora, ratings={str(one.pk): rating}, submitted_at=now
    )
    services.end_session(session=session)
    corrections.correct(
        session=session, segment_id=lines[0].pk, by=cast.olga, text="Tell me about the team."
    )
    line = session.segments.get(pk=lines[0].pk)
    line.original = {**line.original, "text": CANARIES["original"]}
    line.save()
    summaries.make(session_id=session.pk)
    session.refresh_from_db()
    return SimpleNamespace(session=session, lines=lines, cast=cast)


def made(held, kind, *parts, by=None, **more):
    choice = exports.Choice(kind=kind, parts=parts or ("summary", "transcript"), **more)
    return exports.export(session=held.session, by=by or held.cast.olga, choice=choice)


def text_of(file):
    """Return all text of a file, also of those in it."""
    if file.name.endswith(".pdf"):
        reader = pypdf.PdfReader(io.BytesIO(file.body))
        return "\n".join(page.extract_text() for page in reader.pages) + str(reader.metadata)
    if file.name.endswith((".docx", ".zip")):
        with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
            parts = [exports.File(name, "", archive.read(name)) for name in archive.namelist()]
        return "\n".join(f"{part.name}\n{text_of(part)}" for part in parts)
    return file.body.decode("utf-8", "replace")


def sign(held):
    summary = held.session.summary
    return summaries.sign(session=held.session, by=held.cast.olga, revision=summary.revision)


ALL = ("summary", "transcript", "notes", "ratings")


@pytest.mark.parametrize("kind", [*KINDS, "bundle"])
@pytest.mark.parametrize("signed", [False, True], ids=["draft", "signed"])
def test_what_is_never_to_leave_is_in_no_format(held, kind, signed):
    if signed:
        sign(held)
    file = made(held, kind, *ALL, formats=tuple(KINDS))
    text = text_of(file)
    bare = re.sub(r"\s+", "", text).casefold()
    for what, word in CANARIES.items():
        assert word.casefold() not in bare, what
    for word in ("sentiment", "tone"):
        assert not re.search(rf"\b{word}\b", text.casefold()), word
    assert "forty" in text
    assert "‹ORGANIZATION›" in text or "&lt;" in text or kind == "docx"


@pytest.mark.parametrize("kind", ["pdf", "docx", "markdown", "text", "json"])
def test_what_was_chosen_is_in_it_and_nothing_else(held, kind):
    text = text_of(made(held, kind, *ALL))
    for word in ("Daniel Reyes", "Ask about scale.", "Solid.", "Leads", "The interview lasted"):
        assert word in text
    only = text_of(made(held, kind, "notes"))
    assert "Ask about scale." in only
    for word in ("Solid.", "The interview lasted", "forty"):
        assert word not in only


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_makes_the_same_bytes(held, kind):
    content = gather(held.session, held.cast.olga, exports.PARTS, at=held.session.ended_at)
    write = exports.FORMATS[kind][2]
    assert write(content) == write(content)


@pytest.mark.parametrize("kind", ["pdf", "docx", "markdown", "text", "json"])
def test_a_draft_says_so_and_what_was_signed_says_by_whom(held, kind):
    assert "draft" in text_of(made(held, kind, "summary")).casefold()
    version = sign(held)
    summaries.reopen(session=held.session)
    held.session.refresh_from_db()
    summaries.add_sentence(
        session=held.session,
        by=held.cast.olga,
        revision=held.session.summary.revision,
        section="facts",
        text="Later thoughts.",
    )
    signed = text_of(made(held, kind, "summary"))
    assert version.digest in re.sub(r"\s+", "", signed)
    assert "olga" in signed
    assert "Later thoughts." not in signed
    assert "Later thoughts." in text_of(made(held, kind, "summary", draft=True))


def test_of_a_signed_version_what_was_corrected_since_is_left_out(held):
    version = sign(held)
    sections = version.content["sections"]
    quoted = {i for s in sections for one in s["sentences"] for i in one["segments"]}
    line = next(one for one in held.lines if str(one.pk) in quoted)
    corrections.correct(
        session=held.session, segment_id=line.pk, by=held.cast.olga, text="Something else."
    )
    content = gather(held.session, held.cast.olga, ["summary"])
    assert content["summary"]["signed"]["left_out"] >= 1
    text = text_of(made(held, "markdown", "summary"))
    assert "left out" in text
    # Nor is it in the summary as it stands, which stays as it was signed.
    drafted = json.loads(made(held, "json", "summary", draft=True).body)["summary"]
    told = {one["text"] for part in drafted["sections"] for one in part["sentences"]}
    assert told == {
        one["text"] for part in content["summary"]["sections"] for one in part["sentences"]
    }
    with zipfile.ZipFile(io.BytesIO(made(held, "bundle", "summary").body)) as archive:
        assert "signed-summary.json" not in archive.namelist()


def test_the_panel_shows_what_the_page_shows(held):
    mine = json.loads(made(held, "json", "panel").body)
    assert [card["by"] for card in mine["panel"]] == ["cora"]
    assert CANARIES["draft rating"] not in json.dumps(mine)
    held.session.scorecards.filter(author=held.cast.cora).update(submitted_at=None)
    blind = json.loads(made(held, "json", "panel", by=held.cast.cora).body)
    assert blind["panel"] == []  # who rates sees none before their own are submitted


# --- PDF -----------------------------------------------------------------------------------------


def test_the_pdf_has_an_outline_a_language_links_and_no_name_of_a_machine(held):
    reader = pypdf.PdfReader(io.BytesIO(made(held, "pdf", *ALL).body))
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles == ["Summary", "Ratings by olga", "Notes", "Transcript"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.metadata.title == "Backend engineer"
    assert reader.metadata.author is None
    links = [
        note.get_object()
        for page in reader.pages
        for note in page.get("/Annots", ())
        if note.get_object()["/Subtype"] == "/Link"
    ]
    assert links
    last = reader.pages[-1].extract_text()
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in last
    assert "Confidential" in last
    assert "Delete by" in last


def test_scripts_are_drawn_and_what_no_font_has_becomes_a_box(held):
    assert paper.drawable("Łódź Ж Ω א ع") == "Łódź Ж Ω א ع"
    assert paper.drawable("中 \x00\u202e🙂") == f"{paper.TOFU} {paper.TOFU}"
    assert not paper.is_drawable("中")
    assert paper.is_rtl("12 שלום abc")
    assert not paper.is_rtl("abc שלום")
    long = "x" * 5000
    content = gather(held.session, held.cast.olga, ["transcript"])
    content["transcript"][0]["text"] = f"{long} 中文 {{nb}} **no** {paper.PAGES}"
    body = exports.FORMATS["pdf"][2](content)
    reader = pypdf.PdfReader(io.BytesIO(body))
    text = "".join(page.extract_text() for page in reader.pages)
    assert re.sub(r"\s", "", text).count("x") >= 5000
    assert "{nb}" in text
    assert "**no**" in text
    assert "A box stands for each letter" in text.replace("\n", " ")
    with pypdfium2.PdfDocument(body) as document:  # and another program draws every page
        sizes = [document[n].render(scale=0.2).to_pil().size for n in range(len(document))]
    assert len(set(sizes)) == 1


def test_rows_break_where_the_library_breaks_them():
    page = paper.Paper(running=("", ""), footing="", page_of="", about_pages=1)
    page.add_page()
    text = "The migration took eleven months because the payment team could not stop. " * 4
    page.set_font("plex", "", 10)
    for width in (20, 61.5, 166):
        theirs = page.multi_cell(width, 4, text, dry_run=True, output="LINES", align="L")
        assert [line.strip() for line in page._lines(text.strip(), width)] == [
            line.strip() for line in theirs if line.strip()
        ]
    page.release()


def test_an_operators_font_takes_the_place_of_boxes(held, settings):
    settings.INTERVIEW_PDF_FONTS = [str(paper.FONTS / "DejaVuSans.ttf")]
    assert [face[0] for face in paper.faces()][-1] == "added0"
    assert made(held, "pdf").body.startswith(b"%PDF-")


# --- Word ----------------------------------------------------------------------------------------


def test_the_word_document_has_headings_tables_and_bookmarks(held):
    file = made(held, "docx", *ALL)
    document = docx.Document(io.BytesIO(file.body))
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert headings == ["Summary", "Ratings by olga", "Notes", "Transcript"]
    assert document.paragraphs[0].style.name == "Title"
    facts = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert ["Candidate", "Daniel Reyes"] in facts
    known = document.core_properties
    assert (known.title, known.author) == ("Backend engineer", "Interview Copilot")
    assert known.last_modified_by == "Interview Copilot"
    assert "Confidential" in document.sections[0].footer.paragraphs[0].text
    xml = document.element.xml
    anchors = set(re.findall(r'w:anchor="(line_\w+)"', xml))
    assert anchors
    assert anchors <= set(re.findall(r'w:name="(line_\w+)"', xml))
    assert "w:bidi" in xml  # of the Arabic line
    with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if "thumbnail" in name]


# --- Data ----------------------------------------------------------------------------------------


def test_json_is_what_its_schema_says(held):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    sign(held)
    for more in ({}, {"draft": True}):
        content = json.loads(made(held, "json", *exports.PARTS, **more).body)
        jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "tone": []}, schema)


def test_csv_is_harmless_and_opens(held):
    body = made(held, "csv").body
    assert body.startswith(b"\xef\xbb\xbf")
    assert body.count(b"\r\n") == len(body.splitlines())
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    texts = [row["text"] for row in rows]
    assert "'=HYPERLINK(1) is what I typed." in texts
    assert SAID in texts
    assert [row["missing"] for row in rows if row["missing"]] == ["off_record"]
    assert rows[0]["corrected"] == "yes"


def test_subtitles_parse_and_no_cue_is_too_long():
    words = " ".join(f"word{n}" for n in range(200))
    rows = [
        {"start_ms": 0, "end_ms": 60_000, "speaker": "candidate", "text": words},
        {"start_ms": 60_000, "end_ms": 60_000, "speaker": "room", "text": "<i>no</i> --> tag"},
        {"start_ms": 61_000, "end_ms": 61_002, "speaker": "interviewer", "text": "x" * 500},
    ]
    content = {"transcript": rows}
    cues = list(srt.parse(subtitles.srt(content).decode()))
    before = timedelta()
    for cue in cues:
        assert before <= cue.start < cue.end
        before = cue.end
        assert len(cue.content.split("\n")) <= 2
        assert max(map(len, cue.content.split("\n"))) <= 43
    said = " ".join(cue.content.replace("\n", " ") for cue in cues)
    assert words in said
    assert "<i>" not in said
    vtt = subtitles.vtt(content).decode()
    assert "&lt;i&gt;no&lt;/i&gt; → tag" in vtt
    assert vtt.count("-->") == len(vtt.strip().split("\n\n")) - 1


# --- The signed bundle ---------------------------------------------------------------------------


@pytest.fixture
def packed(held, tmp_path):
    sign(held)
    formats = ("pdf", "docx", "json", "vtt")
    path = tmp_path / "bundle.zip"
    path.write_bytes(made(held, "bundle", *ALL, formats=formats).body)
    return path


def test_a_bundle_holds_what_its_manifest_says_and_verifies(held, packed, capsys):
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        consent = json.loads(archive.read("consent.json"))
        for one in manifest["files"]:
            body = archive.read(one["name"])
            assert (len(body), hashlib.sha256(body).hexdigest()) == (one["bytes"], one["sha256"])
        whole = json.loads(archive.read("signed-summary.json"))
    assert {name.rpartition(".")[2] for name in names} == {"pdf", "docx", "json", "vtt"}
    assert manifest["interview"]["id"] == str(held.session.pk)
    assert manifest["summary_version"] == SummaryVersion.objects.get().number
    assert (consent[0]["answer"], consent[0]["method"]) == ("agreed", "verbal")
    assert consent[0]["withdrawn_at"] is None
    assert datetime.fromisoformat(consent[0]["given_at"])
    assert "Daniel" not in json.dumps(manifest)
    assert versions.verify(whole["statement"], whole["content"])
    call_command("verify_bundle", str(packed))
    assert "6 files hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("person", "told"), [("olga", "Robin Reyes"), ("cora", None), ("ada", None)]
)
def test_who_gave_the_consent_is_for_who_holds_the_interview(held, person, told):
    record = held.session.consents.get()
    record.given_by = "Robin Reyes"
    record.save()
    by = getattr(held.cast, person)
    body = made(held, "bundle", "transcript", formats=("json",), by=by).body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        (consent,) = json.loads(archive.read("consent.json"))
    assert consent["given_by"] == told


def test_a_bundle_is_checked_without_the_database(held, packed, django_db_blocker):
    key = receipts.public_key(held.cast.organization)
    other = receipts.public_key(held.cast.elsewhere)
    with django_db_blocker.block():
        call_command("verify_bundle", str(packed), key=key)
        with pytest.raises(CommandError, match="does not hold"):
            call_command("verify_bundle", str(packed), key=other)


def changed(content, *, without=(), twice="", **files):
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(written, "w") as new,
    ):
        for name in old.namelist():
            if name not in without:
                new.writestr(name, files.pop(name, None) or old.read(name))
        for name, body in files.items():
            new.writestr(name, body)
    return written.getvalue()


def test_tampering_is_told(packed):
    content = packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        manifest = archive.read("manifest.json")
        signature = json.loads(archive.read("signature.json"))
    wrong = {
        "another file": changed(content, **{"consent.json": b"[]"}),
        "one more": changed(content, **{"more.txt": b"x"}),
        "one less": changed(content, without=["consent.json"]),
        "no manifest": changed(content, without=["manifest.json"]),
        "another manifest": changed(content, **{"manifest.json": manifest + b" "}),
        "another signature": changed(
            content, **{"signature.json": json.dumps({**signature, "interview": "x"}).encode()}
        ),
        "half of it": content[: len(content) // 2],
        "none": b"PK",
        "a name twice": changed(content, **{"signature.json": b'{"format":1,"format":2}'}),
    }
    bundle.verify(content)
    for body in wrong.values():
        with pytest.raises(bundle.Broken):
            bundle.verify(body)


def test_a_bundle_of_subtitles_needs_the_transcript(held):
    answer = client_of(held.cast.olga).post(
        f"/sessions/{held.session.pk}/export/",
        {"format": "bundle", "formats": ["vtt"], "parts": ["notes"]},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parts")


# --- REST ----------------------------------------------------------------------------------------


def post(held, person, body, **headers):
    token = make_token(person, held.cast.organization, "read", "write")
    return client_of(person).post(
        f"/api/v1/sessions/{held.session.pk}/exports/",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )


PDF = {"format": "pdf", "parts": ["summary"]}


def test_the_api_answers_the_file_and_notes_it(held):
    answer = post(held, held.cast.cora, PDF, Accept="application/pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert re.fullmatch(
        r'attachment; filename="interview-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.pdf"',
        answer["Content-Disposition"],
    )
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"%PDF-")
    entry = AuditEntry.objects.get(action=Event.SESSION_EXPORTED)
    assert entry.details == {"format": "pdf", "parts": ["summary"]}
    zipped = post(held, held.cast.olga, {**PDF, "format": "bundle", "formats": ["json"]})
    assert zipped["Content-Type"] == "application/zip"


def test_who_may_only_view_gets_no_file_from_the_api(held):
    for person in (held.cast.sam, held.cast.mia, held.cast.eve, held.cast.vic):
        assert post(held, person, PDF).status_code == 404
    assert not AuditEntry.objects.filter(action=Event.SESSION_EXPORTED).exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"format": "exe", "parts": ["summary"]}, "bad_format"),
        ({"format": "bundle", "formats": ["exe"], "parts": ["summary"]}, "bad_format"),
        ({"format": "bundle", "formats": [], "parts": ["summary"]}, "bad_format"),
        ({"format": "pdf", "parts": []}, "bad_parts"),
        ({"format": "pdf", "parts": ["tone"]}, "bad_parts"),
        ({"format": "pdf", "parts": ["summary"], "language": "tlh"}, "bad_language"),
        ({"parts": ["summary"]}, "invalid"),
        ({"format": "pdf", "parts": "summary"}, "invalid"),
    ],
    ids=["format", "bundled", "empty-bundle", "nothing", "tone", "language", "none", "no-list"],
)
def test_the_api_refuses_with_a_problem(held, body, code):
    answer = post(held, held.cast.olga, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_the_api_refuses_after_withdrawal_and_above_the_limit(held, monkeypatch):
    monkeypatch.setattr(exports, "EXPORTS_A_MINUTE", 1)
    assert post(held, held.cast.olga, PDF).status_code == 200
    assert post(held, held.cast.olga, PDF).status_code == 429
    held.session.consents.update(withdrawn_at=held.session.ended_at)
    answer = post(held, held.cast.cora, PDF)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")


def test_what_is_withdrawn_while_the_file_is_made_does_not_leave(held, monkeypatch):
    wrote = exports.FORMATS["text"]

    def slow(content):
        held.session.consents.update(withdrawn_at=timezone.now())
        return wrote[2](content)

    monkeypatch.setitem(exports.FORMATS, "text", (*wrote[:2], slow))
    answer = post(held, held.cast.olga, {"format": "text", "parts": ["notes"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")
    assert not AuditEntry.objects.filter(action=Event.SESSION_EXPORTED).exists()
