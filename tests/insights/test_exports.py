"""The export: what is in the file and what never is, who may take it, and the trace it leaves."""

import json
import re
from datetime import datetime
from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.kinds import Event
from accounts.models import AuditEntry
from insights import corrections, exports, queries, summaries
from insights.exports.plain import escaped
from insights.models import Coverage, SentimentPoint
from sessions import services
from sessions.models import Guide, Note, OffRecord, Scorecard
from tests.factories import client_of, go_live, say

pytestmark = pytest.mark.django_db

SECOND = 16_000
MARKED = "I wrote *everything* in <C> & C++ --> myself."


@pytest.fixture
def held(cast):
    session = cast.session
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    competency = guide.competencies.create(name="Leading", anchors=["", "", "Leads", "", ""])
    competency.questions.create(text="How do you lead?")
    session.guide = guide
    session.save()
    go_live(session)
    lines = [
        say(session, "Tell me about your work.", role="interviewer"),
        say(session, MARKED, start=70 * SECOND),
    ]
    reading = {"overall": "stressed", "confidence": 0.7, "indicators": ["hedges"]}
    SentimentPoint.objects.create(session=session, segment=lines[1], reading=reading, revision=1)
    note = Note(session=session, author=cast.cora, text="Ask about scale.", at_ms=1, revision=2)
    note.save()
    Note.objects.create(session=session, author=cast.olga, at_ms=1, removed=True, revision=2)
    OffRecord.objects.create(session=session, from_ms=80_000, to_ms=90_000, by=cast.olga)
    for author, comment in ((cast.olga, "Solid."), (cast.cora, "Hidden from Olga.")):
        ratings = {str(competency.pk): {"value": 3, "comment": comment, "segments": []}}
        Scorecard.objects.create(session=session, author=author, ratings=ratings)
    services.end_session(session=session)
    summaries.make(session_id=session.pk)
    return SimpleNamespace(session=session, lines=lines, cast=cast)


def export(held, user=None, *parts, kind="markdown"):
    client = Client()
    client.force_login(user or held.cast.olga)
    sent = {"format": kind, "parts": list(parts)}
    return client.post(f"/sessions/{held.session.pk}/export/", sent)


ALL = ("summary", "transcript", "notes", "ratings")


@pytest.mark.parametrize("kind", ["markdown", "text", "json"])
def test_it_holds_what_was_chosen(held, kind):
    answer = export(held, None, *ALL, kind=kind)
    assert answer.status_code == 200
    body = answer.content.decode()
    for text in ("Daniel Reyes", "Tell me about your work.", "Ask about scale.", "Solid.", "Leads"):
        assert text in body
    for text in ("The interview lasted", "Leading"):
        assert text in body
    only = export(held, None, "notes", kind=kind).content.decode()
    assert "Ask about scale." in only
    for text in ("Tell me about your work.", "Solid.", "The interview lasted"):
        assert text not in only


@pytest.mark.parametrize("kind", ["markdown", "text", "json", "srt", "vtt"])
def test_the_tone_and_other_peoples_ratings_are_never_in_it(held, kind):
    body = export(held, None, *ALL, kind=kind).content.decode().casefold()
    for text in ("stressed", "hedges", "sentiment", "tone", "hidden from olga"):
        assert text not in body


def test_what_was_corrected_or_hidden_is_not_in_it(held):
    line = held.lines[0]
    line.original = {"text": "Tell me about Daniel's wife.", "words": [], "role": "", "kinds": {}}
    line.corrected_at = held.session.ended_at
    line.save()
    hidden = held.lines[1]
    hidden.hidden = True
    hidden.save()
    body = export(held, None, "transcript", "summary", kind="json").content.decode()
    assert "wife" not in body
    assert "everything" not in body
    assert json.loads(body)["transcript"][0]["corrected"]


def test_json_says_where_each_sentence_comes_from(held):
    content = json.loads(export(held, None, *ALL, kind="json").content)
    assert (content["format"], content["version"]) == ("interview-copilot/export", 2)
    delete_by = datetime.fromisoformat(content["interview"]["delete_by"])
    assert delete_by == held.session.expires_at.replace(microsecond=0)
    ids = {row.get("id") for row in content["transcript"]}
    for section in content["summary"]["sections"]:
        for sentence in section["sentences"]:
            assert set(sentence["lines"]) <= ids
    missing = [row for row in content["transcript"] if "missing" in row]
    assert missing == [{"start_ms": 80_000, "end_ms": 90_000, "missing": "off_record"}]


def test_markdown_shows_what_was_said_and_is_not_written_by_it(held):
    body = export(held, None, "transcript").content.decode()
    assert r"I wrote \*everything\* in \<C\> & C++ --\> myself." in body
    assert escaped("1. # not a heading") == r"1\. \# not a heading"
    assert escaped("- a\n\n# b") == r"\- a \# b"
    for text in ("===", "---", "-", "+"):  # below a line they make a heading or a rule of it
        assert escaped(text) == f"\\{text}"
    assert escaped("&lt;b&gt; & -5 1.5") == r"\&lt;b\&gt; & -5 1.5"
    assert escaped("![x](http://e.example)").startswith(r"\!\[x\]")


def test_subtitles_are_well_formed(held):
    srt = export(held, None, kind="srt").content.decode()
    cues = srt.strip().split("\n\n")
    assert len(cues) == 2
    number, times, text = cues[1].split("\n", 2)
    assert number == "2"
    assert re.fullmatch(r"00:01:1\d,\d{3} --> 00:01:1\d,\d{3}", times)
    assert text == "Candidate: I wrote *everything* in <\u2060C> &\nC++ → myself."
    vtt = export(held, None, kind="vtt").content.decode()
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert "<v Candidate>I wrote *everything* in &lt;C&gt; &amp; C++ →\nmyself." in vtt


def test_the_file_names_nobody_and_is_kept_nowhere(held):
    answer = export(held, None, "transcript")
    assert re.fullmatch(
        r'attachment; filename="interview-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.md"',
        answer["Content-Disposition"],
    )
    assert "no-store" in answer["Cache-Control"]


def test_it_leaves_a_trace_without_words(held):
    export(held, None, "notes", "summary", kind="text")
    entry = AuditEntry.objects.get(action=Event.SESSION_EXPORTED)
    assert entry.details == {"format": "text", "parts": ["summary", "notes"]}
    assert entry.actor_id == held.cast.olga.pk


def test_who_may_comment_or_share_takes_it_and_who_may_read_does_not(held):
    cast = held.cast
    for person in (cast.olga, cast.cora, cast.ada):
        assert export(held, person, "transcript").status_code == 200
    for person in (cast.sam, cast.eve, cast.mia, cast.otto):
        assert export(held, person, "transcript").status_code == 404
    assert AuditEntry.objects.filter(action=Event.SESSION_EXPORTED).count() == 3
    own = json.loads(export(held, cast.cora, "ratings", kind="json").content)
    assert own["ratings"]["ratings"][0]["comment"] == "Hidden from Olga."
    none = json.loads(export(held, cast.ada, "ratings", kind="json").content)
    assert none["ratings"]["ratings"] == []


@pytest.mark.parametrize(
    ("parts", "kind", "code"),
    [
        ((), "markdown", "bad_parts"),
        (("secrets",), "markdown", "bad_parts"),
        (("transcript", "tone"), "json", "bad_parts"),
        (("transcript",), "exe", "bad_format"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(held, parts, kind, code):
    answer = export(held, None, *parts, kind=kind)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert not AuditEntry.objects.filter(action=Event.SESSION_EXPORTED).exists()


def test_a_running_interview_is_not_exported(cast):
    running = SimpleNamespace(session=go_live(cast.session), cast=cast)
    answer = export(running, None, "transcript")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ended")


def test_how_a_line_read_before_it_was_corrected_is_in_no_part_of_it(held):
    """Not in the summary either, which was made of it: also not where somebody edited the rest."""
    guide = queries.guide(held.session)
    question = guide["competencies"][0]["questions"][0]["id"]
    star = {"action": [str(held.lines[1].pk)]}
    told = {"asked": True, "asked_ms": 0, "star": star, "revision": 1}
    Coverage.objects.create(session=held.session, question=question, **told)
    summaries.make(session_id=held.session.pk)
    assert "everything" in export(held, None, "summary").content.decode()
    summary = queries.summary(held.session)
    change = {"session": held.session, "by": held.cast.olga, "revision": summary["revision"]}
    summaries.add_sentence(**change, section="facts", text="Mine.")
    corrections.correct(
        session=held.session, segment_id=held.lines[1].pk, by=held.cast.olga, text="I wrote tests."
    )
    assert summaries.due(held.session.pk)
    body = export(held, None, "summary", "transcript").content.decode()
    assert "everything" not in body
    assert "Mine." in body
    assert not summaries.due(held.session.pk)


@pytest.mark.parametrize("part", ["summary", "transcript", "notes", "ratings"])
def test_without_consent_nothing_leaves_and_the_page_says_why(held, part):
    held.session.consents.update(withdrawn_at=held.session.ended_at)
    answer = export(held, None, part)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")
    assert not AuditEntry.objects.filter(action=Event.SESSION_EXPORTED).exists()
    page = client_of(held.cast.olga).get(f"/sessions/{held.session.pk}/review/").content.decode()
    assert "export-open" not in page
    assert "nothing is exported or sent any more" in page


def test_one_person_takes_only_so_many_in_a_minute(held, monkeypatch):
    monkeypatch.setattr(exports, "EXPORTS_A_MINUTE", 1)
    assert export(held, None, "notes").status_code == 200
    answer = export(held, None, "notes")
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert export(held, held.cast.cora, "notes").status_code == 200
