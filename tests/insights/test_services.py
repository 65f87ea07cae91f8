"""From stored words to stored cards: preliminary ones, analysed ones, and what replaces what."""

import pytest
from django.utils import timezone

from insights import analysis, asking, cards, instant, queries, reviews
from insights.analyzers.base import Analysis, Finding
from insights.kinds import Kind
from insights.models import AnalysisRun, AnalysisState, Insight
from sessions import access, consents, retention, services
from sessions.models import Session
from tests.factories import go_live, say
from transcription import queries as words

ANSWER = (
    "Last year our database ran out of connections during a sale. I added a connection pool and "
    "the response time went from four seconds to two hundred milliseconds."
)


@pytest.fixture
def session(cast):
    return go_live(cast.session)


def finding(segment, kind=Kind.QUESTION, content="How did you measure it?", quote=ANSWER[:30]):
    return Finding(kind, content, quote, (str(segment.pk),))


def store(session, segment, *, state="complete", source="rules", **fields):
    return cards.store_finding(
        session_id=session.pk, finding=finding(segment, **fields), state=state, source=source
    )


def hear(session, text, **where):
    segment = say(session, text, **where)
    analysis.mark_segment(session_id=session.pk)
    return segment


def test_the_rules_analyse_what_is_new_and_the_cursor_moves(session):
    segment = hear(session, ANSWER)
    analysis.analyze_session(session_id=session.pk)
    run = AnalysisRun.objects.get()
    assert (run.engine, run.error, run.after, run.through) == ("rules", "", 0, segment.sequence)
    stored = list(Insight.objects.all())
    assert stored
    assert run.findings == len(stored)
    for card in stored:
        assert card.segments == [str(segment.pk)]
        assert card.quote in ANSWER
    assert AnalysisState.objects.get().analysed_through == segment.sequence


def test_what_one_window_does_not_hold_is_read_by_the_next_runs(session, monkeypatch):
    told = [hear(session, f"{ANSWER} That was number {n}.", start=n * 160_000) for n in range(5)]
    end_of, ask = queries.window_end, analysis.ask
    monkeypatch.setattr(queries, "window_end", lambda *a, **k: end_of(*a, **k, characters=400))
    read = []

    def note(session, window, *args, **known):
        read.extend(line.id for line in window.lines)
        return ask(session, window, *args, **known)

    monkeypatch.setattr(analysis, "ask", note)
    again = 0.0
    while again is not None:
        AnalysisState.objects.update(next_due=None)
        again = analysis.analyze_session(session_id=session.pk)
    assert read == [str(segment.pk) for segment in told]
    runs = list(AnalysisRun.objects.order_by("through").values_list("after", "through"))
    assert [after for after, _ in runs] == [0, *(through for _, through in runs[:-1])]
    assert len(runs) > 2


def test_running_again_adds_nothing(session):
    hear(session, ANSWER)
    analysis.analyze_session(session_id=session.pk)
    before = set(Insight.objects.values_list("pk", "revision"))
    AnalysisState.objects.update(analysed_through=0, next_due=None)
    analysis.analyze_session(session_id=session.pk)
    assert set(Insight.objects.values_list("pk", "revision")) == before


def test_instant_cards_are_preliminary_and_then_confirmed_or_replaced(session):
    segment = hear(session, ANSWER)
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    early = list(Insight.objects.all())
    assert early
    assert {(i.state, i.source) for i in early} == {("preliminary", "pattern")}
    analysis.analyze_session(session_id=session.pk)
    assert not Insight.objects.filter(state="preliminary").exists()


@pytest.mark.parametrize("kind", [Kind.QUESTION, Kind.FACT_CHECK, Kind.TIP])
def test_a_first_look_that_comes_after_the_analysis_is_too_late(session, kind):
    segment = hear(session, ANSWER)
    analysis.analyze_session(session_id=session.pk)
    assert store(session, segment, kind=kind, state="preliminary", source="pattern") is None
    assert store(session, segment, kind=kind, state="preliminary", content="Of a run.") is not None
    later = hear(session, ANSWER, start=160_000)
    assert store(session, later, kind=kind, state="preliminary", source="pattern") is not None


def test_the_same_thing_is_said_once(session):
    segment = say(session, ANSWER)
    assert store(session, segment) is not None
    assert store(session, segment, content="  how did you MEASURE it? ") is None
    assert Insight.objects.count() == 1


def test_an_equal_finding_completes_the_preliminary_card_in_place(session):
    segment = say(session, ANSWER)
    first = store(session, segment, state="preliminary", source="pattern")
    second = store(session, segment, source="llm")
    assert second.pk == first.pk
    assert (second.state, second.source) == ("complete", "llm")
    assert second.revision > first.revision


def test_each_kind_has_its_look(session):
    segment = say(session, ANSWER)
    card = store(session, segment)
    assert card.title == "Suggested Question"
    assert card.priority == 2


def test_an_organization_can_switch_analysis_off(session):
    session.organization.analysis_enabled = False
    session.organization.save()
    segment = hear(session, ANSWER)
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    analysis.analyze_session(session_id=session.pk)
    assert not Insight.objects.exists()


def test_without_sentiment_no_sentiment_card_is_made(session):
    session.organization.sentiment_enabled = False
    session.organization.save()
    segment = hear(session, "Honestly I was overwhelmed and it was really stressful, I hated it.")
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    analysis.analyze_session(session_id=session.pk)
    assert not Insight.objects.filter(kind="sentiment").exists()


def test_an_erased_session_is_left_alone(session):
    segment = hear(session, ANSWER)
    Session.objects.filter(pk=session.pk).update(wrapped_key=None)
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    assert analysis.analyze_session(session_id=session.pk) is None
    assert store(session, segment) is None
    assert not Insight.objects.exists()


@pytest.mark.parametrize("step", ["session_by_id", "stored_between", "context"])
def test_an_erasure_while_a_run_begins_ends_it(session, monkeypatch, step):
    hear(session, ANSWER)
    module = {"session_by_id": access, "stored_between": words, "context": queries}[step]
    real = getattr(module, step)

    def erased_meanwhile(*args, **known):
        found = real(*args, **known)
        Session.objects.filter(pk=session.pk).update(expires_at=timezone.now())
        retention.run()
        return found

    monkeypatch.setattr(module, step, erased_meanwhile)
    assert analysis.analyze_session(session_id=session.pk) is None
    assert not Insight.objects.exists()


def test_after_a_withdrawal_nothing_more_is_read(session, monkeypatch):
    segment = hear(session, ANSWER)
    session.consents.update(withdrawn_at=timezone.now())
    monkeypatch.setattr(analysis, "ask", None)  # nobody may
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    assert analysis.analyze_session(session_id=session.pk) is None
    assert not Insight.objects.exists()
    assert AnalysisRun.objects.get().engine == "off"
    services.end_session(session=session)
    assert reviews.review_session(session_id=session.pk) is None
    assert AnalysisRun.objects.count() == 1


@pytest.mark.parametrize("ended", [False, True])
def test_a_withdrawal_stops_what_is_being_read(session, monkeypatch, ended):
    segment = hear(session, ANSWER)
    found = finding(segment)

    class Slow:
        def analyze(self, window, *, emit=None):
            consents.withdraw(session=session, method="link")
            if emit:
                emit(found)
            return Analysis((found,), "rules")

    read = analysis.analyze_session
    if ended:
        read(session_id=session.pk)
        Insight.objects.all().delete()
        services.end_session(session=session)
        read = reviews.review_session
    runs = AnalysisRun.objects.count()
    monkeypatch.setattr(asking, "_rule_analyzer", Slow)
    read(session_id=session.pk)
    assert session.consents.get().withdrawn_at is not None
    assert not Insight.objects.exists()
    assert AnalysisRun.objects.count() == runs


def test_a_worker_that_lost_its_lease_writes_no_cursor(session, monkeypatch):
    hear(session, ANSWER)

    class Slow:
        def analyze(self, window, *, emit=None):
            AnalysisState.objects.update(lease_token="0" * 32)  # somebody else took over
            return Analysis((), "rules")

    monkeypatch.setattr(asking, "_rule_analyzer", Slow)
    analysis.analyze_session(session_id=session.pk)
    assert AnalysisState.objects.get().analysed_through == 0
    assert not AnalysisRun.objects.exists()


def test_nothing_that_was_said_is_readable_in_the_rows(session):
    segment = hear(session, ANSWER)
    analysis.analyze_session(session_id=session.pk)
    for card in Insight.objects.values("content", "quote", "title", "reason"):
        for value in card.values():
            assert b"connection" not in (value if isinstance(value, bytes) else str(value).encode())
    assert "connection" in Session.objects.get(pk=session.pk).segments.get(pk=segment.pk).text


def test_suggestions_about_earlier_answers_leave_unless_somebody_keeps_them(session):
    first = hear(session, ANSWER)
    analysis.analyze_session(session_id=session.pk)
    early = list(Insight.objects.filter(kind="question"))
    assert len(early) > 1
    cards.give_feedback(session=session, insight_id=early[0].pk, feedback="pinned")
    hear(session, "And what did you do then?", role="interviewer", start=32_000)
    hear(session, "We moved the API to Kubernetes because we wanted faster deploys.", start=64_000)
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=session.pk)
    living = Insight.objects.filter(kind="question").exclude(state="superseded")
    about_first = [card.pk for card in living if str(first.pk) in card.segments]
    assert about_first == [early[0].pk]
    assert living.count() > 1


def test_cards_about_what_was_said_during_a_run_outlive_it(session, monkeypatch):
    say(session, ANSWER)
    analysis.mark_segment(session_id=session.pk)

    def ask(*args, **kwargs):
        say(session, "And who worked on it with you?", role="interviewer", start=60 * 16_000)
        line = say(session, f"There were two of us. {ANSWER}", start=70 * 16_000)
        found = finding(line, content="Who did what?")
        cards.store_finding(
            session_id=session.pk, finding=found, state="preliminary", source="pattern"
        )
        return asking.Answer(Analysis((), "rules"))

    monkeypatch.setattr(analysis, "ask", ask)
    analysis.analyze_session(session_id=session.pk)
    assert "Who did what?" in [card.content for card in queries.insights_of(session)]
