"""The claims ledger: each checkable statement once, judged by rules, added to by a model."""

import pytest
from django.test import Client, TestCase
from django.utils import timezone

from insights import analysis, ledger, queries, tasks
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import AnalysisState, Claim
from sessions import services
from tests.factories import go_live, make_session, say

SECOND = 16_000
FIVE = "I have five years of experience with Kubernetes in production."
NEVER = "I have never used Kubernetes."


@pytest.fixture
def session(cast):
    return go_live(cast.session)


def hear(session, text, at=0, **where):
    segment = say(session, text, start=at * SECOND, **where)
    analysis.mark_segment(session_id=session.pk)
    return segment


def analyse(session):
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=session.pk)
    return list(Claim.objects.order_by("segment__start_ms"))


def note(session, line, *findings, after=0):
    window = queries.window(session, after=after, through=line.sequence)
    return ledger.record(session, window, findings, source="llm")


def checked(line, **given):
    given = {"verdict": "conflicts", "other_quote": "", **given}
    return Finding(Kind.FACT_CHECK, "Ask about it.", line.text, (str(line.pk),), **given)


def test_a_claim_is_entered_with_its_line_and_is_not_judged_without_grounds(session):
    line = hear(session, FIVE)
    (claim,) = analyse(session)
    assert (claim.segment, claim.verdict, claim.against) == (line, "unverifiable", "")
    assert (claim.source, claim.other_quote) == ("rules", None)
    assert claim.quote in line.text
    assert "Kubernetes" in claim.statement


def test_what_is_no_claim_is_not_entered(session):
    hear(session, "I would say that it went quite well, all in all.")
    hear(session, FIVE, at=20, role="interviewer")
    assert analyse(session) == []


def test_a_claim_told_again_is_one_claim(session):
    hear(session, FIVE)
    (claim,) = analyse(session)
    hear(session, "As I said, I have five years of experience with Kubernetes.", at=60)
    assert [(c.pk, c.revision) for c in analyse(session)] == [(claim.pk, claim.revision)]


def test_what_is_said_later_is_held_against_it_however_much_later(session):
    """The first answer is long out of the context by then; the ledger remembers it."""
    first = hear(session, FIVE)
    analyse(session)
    for n in range(40):
        hear(session, "And then we had a long talk about the garden and the weather.", at=60 + n)
    analyse(session)
    last = hear(session, NEVER, at=200)
    before, after = [c for c in analyse(session) if "Kubernetes" in c.statement]
    assert (before.segment, after.segment) == (first, last)
    assert {(c.verdict, c.against) for c in (before, after)} == {("conflicts", "answer")}
    assert (before.other_segment, after.other_segment) == (last.pk, first.pk)
    assert after.other_quote in first.text
    assert before.other_quote in last.text


def test_the_profile_supports_or_conflicts(cast):
    for profile, verdict in (
        ("Kubernetes: 5 years", "supported"),
        ("Kubernetes: 1 year", "conflicts"),
    ):
        session = go_live(make_session(cast.olga, cast.organization, profile=profile))
        hear(session, FIVE)
        analyse(session)
        claim = session.claims.get()
        assert (claim.verdict, claim.against) == (verdict, "profile")
        assert claim.other_quote in profile


def test_a_model_settles_what_rules_left_open(session):
    line = hear(session, FIVE)
    analyse(session)
    other = hear(session, "Kubernetes came to us only in spring, that was new to me.", at=60)
    note(session, other, checked(line, other_quote=other.text, reason="Differs"))
    claim = session.claims.get(segment=line)
    assert (claim.verdict, claim.against, claim.source) == ("conflicts", "answer", "llm")
    assert claim.other_segment == other.pk


def test_a_model_never_turns_round_what_rules_found(session):
    first = hear(session, FIVE)
    hear(session, "And what else do you know?", at=30, role="interviewer")
    line = hear(session, NEVER, at=60)
    analyse(session)
    found = session.claims.get(segment=line)
    assert (found.verdict, found.source) == ("conflicts", "rules")
    note(session, line, checked(line, verdict="supported", other_quote=first.text))
    again = session.claims.get(segment=line)
    assert (again.verdict, again.source, again.revision) == ("conflicts", "rules", found.revision)


def test_a_model_does_not_turn_round_what_the_profile_supports(cast):
    profile = "Kubernetes: 5 years"
    session = go_live(make_session(cast.olga, cast.organization, profile=profile))
    line = hear(session, FIVE)
    analyse(session)
    other = hear(session, "Kubernetes came to us only in spring, that was new to me.", at=60)
    assert note(session, other, checked(line, other_quote=other.text)) == []
    assert session.claims.get(segment=line).verdict == "supported"


def test_a_model_adds_claims_and_no_verdict_without_the_other_words(session):
    line = hear(session, "The whole ward trusted me with the night medication.")
    note(session, line, checked(line, other_quote="Nobody ever said these words."))
    claim = session.claims.get()
    assert (claim.statement, claim.source, claim.verdict) == (line.text, "llm", "unverifiable")
    assert (claim.against, claim.other_quote) == ("", None)


def test_the_page_is_told_of_changed_claims(session):
    line = hear(session, FIVE)
    analyse(session)
    known = session.claims.get().revision
    other = hear(session, "Kubernetes came to us only in spring, that was new to me.", at=60)
    session.refresh_from_db()
    before = session.revision
    changed = note(session, other, checked(line, other_quote=other.text))
    assert [claim.pk for claim in changed] == [session.claims.get(segment=line).pk]
    (body,) = queries.snapshot(session, after=before)["claims"]
    assert body["verdict"] == "conflicts"
    assert body["revision"] > before >= known


def test_nothing_of_a_claim_is_readable_in_its_row(session):
    hear(session, FIVE)
    analyse(session)
    for column in Claim.objects.values("statement", "quote", "reason").get().values():
        assert b"Kubernetes" not in bytes(column)


def test_an_echo_makes_no_claim_and_proves_none(session):
    first = hear(session, FIVE)
    hear(session, "And what else do you know?", at=30, role="interviewer")
    last = hear(session, NEVER, at=60)
    analyse(session)
    assert session.claims.filter(verdict="conflicts").exists()
    last.hidden = True
    last.save()
    hear(session, "And that was all of it for me.", at=90)
    analyse(session)
    (left,) = queries.claims_of(session)
    assert (left.segment, left.verdict, left.other_segment) == (first, "unverifiable", None)


def test_a_claim_on_an_echo_is_made_anew_on_the_line_that_was_echoed(session):
    echo = hear(session, FIVE)
    analyse(session)
    echo.hidden = True
    echo.save()
    line = hear(session, FIVE, at=30)
    analyse(session)
    (left,) = queries.claims_of(session)
    assert left.segment == line


# --- REST ----------------------------------------------------------------------------------------


def client(user):
    client = Client()
    client.force_login(user)
    return client


def test_who_sees_the_interview_reads_its_claims_and_others_do_not(cast, session):
    hear(session, FIVE)
    analyse(session)
    url = f"/api/v1/sessions/{session.pk}/claims/"
    (claim,) = client(cast.sam).get(url).json()["results"]
    assert (claim["verdict"], claim["segment"]) == (
        "unverifiable",
        str(session.segments.get().pk),
    )
    assert client(cast.otto).get(url).status_code == 404
    assert Client().get(url).status_code == 401


def test_claims_come_page_by_page_in_the_order_of_the_interview(cast, session):
    hear(session, FIVE)
    hear(session, "I have eight years of experience with Kafka.", at=60)
    analyse(session)
    olga = client(cast.olga)
    whole = olga.get(f"/api/v1/sessions/{session.pk}/claims/").json()
    assert len(whole["results"]) > 1
    assert whole["next"] is None
    found, url = [], f"/api/v1/sessions/{session.pk}/claims/?limit=1"
    while url:
        page = olga.get(url).json()
        found += page["results"]
        url = page["next"]
    assert found == whole["results"]


def test_an_interview_that_is_over_is_analysed_again_for_who_recorded_it(
    cast, session, monkeypatch
):
    asked = []
    monkeypatch.setattr(tasks.review, "delay", asked.append)
    url = f"/api/v1/sessions/{session.pk}/analyse/"
    say(session, "I have used Python for six years.")
    assert client(cast.olga).post(url).json()["code"] == "not_ended"
    services.end_session(session=session)
    for other in (cast.sam, cast.cora, cast.otto):
        assert client(other).post(url).status_code == 404
    assert asked == []
    for _time in range(3):
        with TestCase.captureOnCommitCallbacks(execute=True):
            answer = client(cast.olga).post(url)
        assert (answer.status_code, answer.json()) == (202, {"state": "queued"})
        assert asked == [str(session.pk)]


def test_without_analysis_none_is_asked_for(cast, session):
    services.end_session(session=session)
    cast.organization.analysis_enabled = False
    cast.organization.save()
    answer = client(cast.olga).post(f"/api/v1/sessions/{session.pk}/analyse/")
    assert (answer.status_code, answer.json()["code"]) == (409, "analysis_off")


def test_after_a_withdrawal_none_is_asked_for(cast, session):
    services.end_session(session=session)
    session.consents.update(withdrawn_at=timezone.now())
    answer = client(cast.olga).post(f"/api/v1/sessions/{session.pk}/analyse/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")
