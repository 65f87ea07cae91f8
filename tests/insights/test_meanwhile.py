"""What changes between reading a line and storing what was made of it: the line as it is counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from insights import analysis, cards, corrections, coverage, ledger, offrecord, queries, tones
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import Claim
from tests.factories import go_live, say
from tests.insights.test_coverage import AWS, INCIDENT, SECOND, STORY, hear, make_guide, question
from tests.insights.test_ledger import FIVE, NEVER
from transcription.models import Segment

SAID = "I have used Kubernetes for fifteen years on my own."
MEANT = "I have used Kubernetes for five years on my own."


@pytest.fixture
def guided(cast):
    cast.session.guide = make_guide(cast.organization)
    cast.session.save()
    return go_live(cast.session)


def as_read(line):
    """Return a line as somebody holds it who read it before it changed."""
    return Segment.objects.select_related("session__organization").get(pk=line.pk)


def put_right(cast, line, **change):
    session = line.session
    corrections.correct(session=session, segment_id=line.pk, by=cast.olga, **change)


# --- heard before, noted after -------------------------------------------------------------------


def test_a_question_taken_back_while_it_is_heard_is_not_ticked(cast, guided):
    line = as_read(say(guided, AWS, role="interviewer", start=0))
    offrecord.begin(session=guided, by=cast.olga, seconds=120)
    coverage.note(guided, line)
    assert not guided.coverage.filter(asked=True).exists()


def test_a_question_put_right_while_it_is_heard_is_not_ticked(cast, guided):
    line = as_read(say(guided, AWS, role="interviewer", start=0))
    put_right(cast, line, text="We will now talk about something else.")
    coverage.note(guided, line)
    assert not guided.coverage.filter(asked=True).exists()


def test_a_suggested_question_put_right_while_it_is_heard_was_not_asked(cast, guided):
    answer = say(guided, SAID, start=0)
    found = Finding(Kind.QUESTION, "What did you use Kubernetes for?", SAID, (str(answer.pk),))
    card = cards.store_finding(
        session_id=guided.pk, finding=found, state="complete", source="rules"
    )
    text = "What did you use Kubernetes for?"
    line = as_read(say(guided, text, role="interviewer", start=10 * SECOND))
    put_right(cast, line, text="Thank you, that is good to know.")
    assert cards.note_asked(guided, line) == []
    card.refresh_from_db()
    assert card.asked_in is None


def test_the_tone_is_that_of_whoever_speaks(cast, guided):
    line = as_read(say(guided, "I really loved that wonderful project.", start=0))
    put_right(cast, line, role="interviewer")
    assert tones.note(guided, line) is None
    assert not guided.tones.exists()


def test_a_claim_that_was_put_right_while_it_was_read_is_not_entered(cast, live, monkeypatch):
    line = say(live, SAID)
    analysis.mark_segment(session_id=live.pk)
    real = analysis.ask

    def slow(*args, **kwargs):
        answer = real(*args, **kwargs)
        put_right(cast, line, text=MEANT)
        return answer

    monkeypatch.setattr(analysis, "ask", slow)
    analysis.analyze_session(session_id=live.pk)
    assert corrections.reread(session_id=live.pk) is None
    told = [claim.statement for claim in queries.claims_of(live)]
    assert any("5" in said for said in told)
    assert not any("15" in said for said in told), "nobody says so"
    assert not Claim.objects.filter(stale=True).exclude(kind="withdrawn").exists()


def test_a_card_of_words_that_were_put_right_meanwhile_is_not_shown(cast, live):
    line = say(live, SAID)
    put_right(cast, line, text=MEANT)
    found = Finding(Kind.HIGHLIGHT, "Fifteen years", SAID[:44], (str(line.pk),))
    stored = cards.store_finding(
        session_id=live.pk, finding=found, state="complete", source="rules"
    )
    assert stored is None
    found = Finding(Kind.HIGHLIGHT, "Five years", MEANT, (str(line.pk),))
    assert cards.store_finding(session_id=live.pk, finding=found, state="complete", source="rules")


# --- put right, and what rests on it -------------------------------------------------------------


def test_a_slip_in_a_question_does_not_put_out_the_lights_of_its_answer(cast, guided):
    asked = hear(guided, INCIDENT, at=10)
    answer = hear(guided, STORY, role="candidate", at=20)
    lit = question(guided, INCIDENT)["star"]
    assert lit["situation"] == [str(answer.pk)]
    put_right(cast, asked, text=INCIDENT.replace("production", "Production"))
    assert question(guided, INCIDENT)["star"] == lit


def test_an_answer_goes_to_a_question_that_was_stored_after_it(guided):
    hear(guided, AWS, at=10)
    story = hear(guided, STORY, role="candidate", at=40)
    hear(guided, INCIDENT, at=30)
    assert question(guided, INCIDENT)["star"]["situation"] == [str(story.pk)]
    assert not any(question(guided, AWS)["star"].values())


def test_of_two_lines_put_right_each_is_read_before_its_claims_stand(cast, live):
    lines = [say(live, FIVE, start=0), say(live, NEVER, start=100 * SECOND)]
    against = {"other_quote": FIVE, "line_ids": (str(lines[1].pk),), "quote": NEVER}
    found = Finding(Kind.FACT_CHECK, "", verdict="conflicts", **against)
    window = queries.window(live, after=0, through=lines[1].sequence)
    ledger.record(live, window, [found], source="llm")
    assert [c.verdict for c in live.claims.filter(segment=lines[1])] == ["conflicts"]
    put_right(cast, lines[0], text=FIVE.replace("Kubernetes", "Ansible"))
    put_right(cast, lines[1], text="That is all I can say about it.")
    while corrections.reread(session_id=live.pk) is not None:
        pass
    standing = queries.claims_of(live)
    assert not [c for c in standing if c.segment_id == lines[1].pk]
    assert not any(c.stale for c in standing)


def test_a_card_waits_for_no_line_that_was_put_right_and_then_taken_back(cast, live):
    first, last = say(live, FIVE, start=0), say(live, SAID, start=2 * SECOND)
    ids = (str(first.pk), str(last.pk))
    found = Finding(Kind.HIGHLIGHT, "Years of it", FIVE, ids)
    card = cards.store_finding(session_id=live.pk, finding=found, state="complete", source="rules")
    put_right(cast, last, text=MEANT)
    card.refresh_from_db()
    assert card.stale
    live.started_at = timezone.now() - timedelta(seconds=2)
    live.save()
    offrecord.begin(session=live, by=cast.olga, seconds=0)
    card.refresh_from_db()
    assert (card.segments, card.stale) == ([str(first.pk)], False)
