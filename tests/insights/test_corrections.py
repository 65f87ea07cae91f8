"""A line that was put right: what rested on it is marked, and its turn is read again."""

import pytest
from django.test import Client, TestCase
from django.utils import timezone

from accounts.models import AuditEntry
from insights import analysis, cards, corrections, queries, tasks
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import WITHDRAWN, AnalysisRun, AnalysisState, Claim, Insight
from tests.factories import say

SAID = "I have used Kubernetes for fifteen years on my own."
MEANT = "I have used Kubernetes for five years on my own."


@pytest.fixture
def line(live):
    line = say(live, SAID)
    analysis.mark_segment(session_id=live.pk)
    analysis.analyze_session(session_id=live.pk)
    return line


@pytest.fixture
def enqueued(monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.reread, "apply_async", lambda args, **_: asked.append(args[0]))
    return asked


def patch(user, line, **change):
    client = Client()
    client.force_login(user)
    path = f"/api/v1/sessions/{line.session_id}/segments/{line.pk}/"
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.patch(path, change, content_type="application/json")


def restore(user, line):
    client = Client()
    client.force_login(user)
    path = f"/api/v1/sessions/{line.session_id}/segments/{line.pk}/correction/"
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.delete(path)


def fifteen(session):
    """Return the claims of fifteen years that stand."""
    found = [claim for claim in queries.claims_of(session) if "15" in claim.statement]
    return [(claim.verdict, claim.stale) for claim in found]


def test_what_rests_on_a_line_is_marked_at_once(cast, live, line, enqueued):
    assert [stale for _verdict, stale in fifteen(live)] == [False]
    answer = patch(cast.olga, line, text=MEANT)
    assert answer.status_code == 200
    assert answer.json()["text"] == MEANT
    assert [stale for _verdict, stale in fifteen(live)] == [True]
    assert all(card.stale for card in queries.insights_of(live) if str(line.pk) in card.segments)
    assert enqueued == [str(live.pk)]
    patch(cast.olga, line, text=MEANT.replace("five", "six"))
    assert len(enqueued) == 1, "several corrections are one reading"


def test_read_again_what_is_said_no_more_is_withdrawn(cast, live, line, enqueued):
    cursor = queries.snapshot(live)["cursor"]
    patch(cast.olga, line, text=MEANT)
    assert corrections.reread(session_id=live.pk) is None
    assert fifteen(live) == []
    assert [c.statement for c in queries.claims_of(live) if "5" in c.statement], "what is said now"
    assert not any(claim.stale for claim in queries.claims_of(live))
    told = queries.snapshot(live, after=cursor)["claims"]
    assert WITHDRAWN in [claim["kind"] for claim in told], "pages that show it take it away"
    assert not any(card.stale for card in queries.insights_of(live))
    # It was read: nothing is left to do.
    runs = AnalysisRun.objects.count()
    corrections.reread(session_id=live.pk)
    assert AnalysisRun.objects.count() == runs


def test_restored_everything_stands_again(cast, live, line, enqueued):
    before = fifteen(live)
    shown = {card.content for card in queries.insights_of(live)}
    patch(cast.olga, line, text=MEANT)
    corrections.reread(session_id=live.pk)
    answer = restore(cast.olga, line)
    assert answer.json()["text"] == SAID
    assert answer.json()["corrected_at"] is None
    assert corrections.reread(session_id=live.pk) is None
    assert fifteen(live) == before
    by_rules = {card.content for card in queries.insights_of(live)}
    assert shown >= by_rules
    assert by_rules


def test_what_people_use_or_pinned_stays_and_says_so(cast, live, line, enqueued):
    found = Finding(Kind.QUESTION, "Which fifteen were that?", SAID[:44], (str(line.pk),))
    kept, other = (
        cards.store_finding(session_id=live.pk, finding=f, state="complete", source="rules")
        for f in (found, Finding(Kind.QUESTION, "Was it all at once?", SAID[:44], (str(line.pk),)))
    )
    cards.give_feedback(session=live, insight_id=kept.pk, feedback="pinned")
    patch(cast.olga, line, text=MEANT)
    corrections.reread(session_id=live.pk)
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.state, kept.stale) == ("complete", True)
    assert other.state == "superseded"


def test_the_speaker_changes_and_with_it_what_the_line_is(cast, live, line, enqueued):
    assert patch(cast.olga, line, role="interviewer").json()["role"] == "interviewer"
    assert not live.tones.filter(segment=line).exists(), "only the candidate's words have a tone"
    corrections.reread(session_id=live.pk)
    assert fifteen(live) == [], "the interviewer claims nothing"


def test_a_correction_while_it_is_read_counts_and_is_read(cast, live, line, enqueued, monkeypatch):
    patch(cast.olga, line, text=MEANT)
    real = corrections.ask

    def slow(*args, **kwargs):
        answer = real(*args, **kwargs)
        if Claim.objects.filter(stale=True).exists() and len(runs) == 0:
            runs.append(1)
            patch(cast.olga, line, text=MEANT.replace("five", "seven"))
        return answer

    runs = []
    monkeypatch.setattr(corrections, "ask", slow)
    assert corrections.reread(session_id=live.pk) == 0.0, "there is more to read"
    told = [claim.statement for claim in queries.claims_of(live)]
    assert not any(said.startswith("5 ") for said in told), "nobody says five any more"
    assert corrections.reread(session_id=live.pk) is None
    assert any("7" in claim.statement for claim in queries.claims_of(live))


def test_a_reading_that_was_lost_is_found_again(cast, live, line, enqueued):
    patch(cast.olga, line, text=MEANT)
    assert corrections.overdue() == [], "somebody is at it"
    line.refresh_from_db()
    live.segments.update(corrected_at=timezone.now() - 2 * corrections.FORGOTTEN)
    assert corrections.overdue() == [live.pk]
    corrections.reread(session_id=live.pk)
    assert corrections.overdue() == []


def test_live_analysis_and_review_are_not_disturbed(cast, live, line, enqueued):
    state = AnalysisState.objects.get()
    cursor = (state.analysed_through, state.last_sequence)
    patch(cast.olga, line, text=MEANT)
    corrections.reread(session_id=live.pk)
    state.refresh_from_db()
    assert (state.analysed_through, state.last_sequence) == cursor
    assert not AnalysisRun.objects.filter(purpose="review").exists()
    assert not queries.under_review(live)


def test_nothing_is_read_again_without_leave(cast, live, line, enqueued):
    """What the line still says stands, what it says no more goes; nothing waits for a reading."""
    assert fifteen(live)
    live.consents.update(withdrawn_at=timezone.now())
    patch(cast.olga, line, text=MEANT)
    assert corrections.reread(session_id=live.pk) is None
    assert fifteen(live) == []
    assert not any(claim.stale for claim in queries.claims_of(live))
    standing = Insight.objects.exclude(state="superseded")
    assert not any(card.stale for card in standing)
    assert all(card.quote in MEANT for card in standing if str(line.pk) in card.segments)


def test_each_change_is_told_once(cast, live, line, enqueued, monkeypatch):
    before = queries.snapshot(live)["cursor"]
    told = []
    monkeypatch.setattr(
        "sessions.events.publish_on_commit", lambda _id, _kind, body, *_: told.append(body)
    )
    patch(cast.olga, line, text=MEANT)
    corrections.reread(session_id=live.pk)
    after = queries.snapshot(live)["cursor"]
    revisions = [body["revision"] for body in told if "revision" in body]
    assert sorted(revisions) == list(range(before + 1, after + 1))


def test_the_audit_knows_which_line_and_not_what_it_says(cast, live, line, enqueued):
    patch(cast.olga, line, text=MEANT, role="interviewer")
    entry = AuditEntry.objects.get(action="session.corrected")
    assert entry.details == {"segment": str(line.pk), "what": "text and role"}
