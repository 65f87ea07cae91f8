"""Whoever follows an interview by its events knows at any time what a fresh snapshot tells."""

import itertools

import pytest

from insights import analysis, corrections, coverage, instant, offrecord, queries, summaries
from sessions import events, notes, services
from sessions.models import Note
from tests.factories import go_live, say
from tests.insights.test_coverage import AWS, INCIDENT, SECOND, STORY, make_guide
from tests.insights.test_ledger import FIVE, NEVER

KINDS = {
    "segment": "segments",
    "segment_changed": "segments",
    "insight": "insights",
    "insight_changed": "insights",
    "claim": "claims",
    "tone": "tones",
    "note": "notes",
}


class Follower:
    """What static/js/store.js does with a snapshot and the events after it."""

    def __init__(self, snapshot):
        self.cursor = snapshot["cursor"]
        self.known = {kind: {} for kind in KINDS.values()}
        self.guide = {
            q["id"]: (0, q) for c in snapshot["guide"]["competencies"] for q in c["questions"]
        }
        self.session, self.summary = snapshot["session"], snapshot["summary"]
        for kind, rows in self.known.items():
            rows.update((row["id"], row) for row in snapshot[kind])

    def hear(self, what, body):
        if what in KINDS:
            one = body[what.removesuffix("_changed")]
            revision = one["revision"]
            known = self.known[KINDS[what]].get(one["id"])
            if known is None or known["revision"] < revision:
                self.known[KINDS[what]][one["id"]] = one
        elif what == "guide":
            revision = body["revision"]
            at, before = self.guide[body["question"]["id"]]
            if revision > at:
                self.guide[body["question"]["id"]] = revision, {**before, **body["question"]}
        elif what == "summary":
            revision, self.summary = body["revision"], body
        elif what == "session":
            revision = body["state"].get("revision")
            self.session = {**self.session, **body["state"]}
        else:
            return
        if revision is not None:
            assert revision == self.cursor + 1, f"a hole before {what}"
            self.cursor = revision

    def shown(self):
        """Return what stands on the page."""
        rows = self.known
        lines = {i for i, line in rows["segments"].items() if not line["hidden"]}
        return {
            "segments": {i: rows["segments"][i] for i in lines},
            "insights": {i: c for i, c in rows["insights"].items() if c["state"] != "superseded"},
            "claims": {
                i: c
                for i, c in rows["claims"].items()
                if c["segment"] in lines and c["kind"] != "withdrawn"
            },
            "tones": {
                i: t
                for i, t in rows["tones"].items()
                if t["segment"] in lines and rows["segments"][t["segment"]]["role"] == "candidate"
            },
            "notes": {i: n for i, n in rows["notes"].items() if not n["removed"]},
            "guide": {pk: question for pk, (_at, question) in self.guide.items()},
            "off": (self.session["off_record"], self.session["off_records"]),
            "summary": self.summary and (self.summary["state"], self.summary["revision"]),
        }


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr(
        events, "publish_on_commit", lambda _id, what, body, *_: heard.append((what, body))
    )
    return heard


def acts(cast, session):
    """Do one thing after the other to an interview."""
    places = itertools.count()

    def hear(text, role="candidate"):
        line = say(session, text, role=role, start=10 * next(places) * SECOND)
        instant.note_segment(session_id=session.pk, segment_id=line.pk)
        return line

    def analyse():
        analysis.mark_segment(session_id=session.pk)
        session.analysis.__class__.objects.update(next_due=None)
        analysis.analyze_session(session_id=session.pk)

    def correct(line, **change):
        corrections.correct(session=session, segment_id=line.pk, by=cast.olga, **change)
        corrections.reread(session_id=session.pk)

    questions = [q["id"] for c in queries.guide(session)["competencies"] for q in c["questions"]]
    asked = hear(INCIDENT, "interviewer")
    yield
    hear(STORY)
    five = hear(FIVE)
    analyse()
    yield
    note = notes.add_note(session=session, author=cast.olga, text="strong", segment=five.pk)
    mark = notes.add_note(session=session, author=cast.cora, kind=Note.Kind.BOOKMARK)
    notes.change_note(session=session, author=cast.olga, note_id=note.pk, text="stronger")
    yield
    coverage.tick(session=session, question=questions[1], is_asked=True)
    coverage.tick(session=session, question=questions[1], is_asked=False)
    coverage.tick(session=session, question=questions[0], is_asked=False)
    coverage.tick(session=session, question=questions[0], is_asked=True)
    yield
    correct(five, text=NEVER)
    correct(asked, text=INCIDENT.replace("production", "Production"))
    yield
    corrections.restore(session=session, segment_id=five.pk, by=cast.olga)
    corrections.reread(session_id=session.pk)
    correct(hear("I really loved that wonderful project with all of them."), role="interviewer")
    yield
    notes.remove_note(session=session, author=cast.cora, note_id=mark.pk)
    hear(AWS, "interviewer")
    analyse()
    offrecord.begin(session=session, by=cast.olga, seconds=0)
    offrecord.end(session=session)
    yield
    offrecord.begin(session=session, by=cast.olga, seconds=120)
    yield
    session.refresh_from_db()
    services.end_session(session=session)
    analyse()
    yield
    summaries.make(session_id=session.pk)
    summaries.begin(session_id=session.pk)
    summaries.make(session_id=session.pk)
    yield


def test_events_without_a_hole_tell_what_a_fresh_snapshot_does(cast, told):
    assert cast.organization.sentiment
    cast.session.guide = make_guide(cast.organization)
    cast.session.save()
    session = go_live(cast.session)
    followers = [Follower(queries.snapshot(session))]
    told.clear()
    for _step in acts(cast, session):
        for follower, (what, body) in itertools.product(followers, told):
            follower.hear(what, body)
        told.clear()
        fresh = Follower(queries.snapshot(session))
        for follower in followers:
            assert follower.cursor == fresh.cursor
            assert follower.shown() == fresh.shown()
        followers.append(fresh)
