"""Cards: said once, superseded in place, dropped when stale, marked as asked, judged by people."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from insights import cards, said
from insights.analyzers.base import Finding
from insights.debounce import Lease
from insights.kinds import Kind
from insights.models import Insight
from insights.queries import insights_of
from sessions import events
from tests.factories import go_live, make_session, say
from transcription import queries as words

ANSWER = "We moved the sessions to Redis because the old store was far too slow for us."
SECOND = 16_000
QUESTION = "How did you measure that the new store was faster?"


@pytest.fixture
def session(cast):
    return go_live(cast.session)


@pytest.fixture
def line(session):
    return say(session, ANSWER)


def store(session, *lines, kind=Kind.QUESTION, content=QUESTION, quote=ANSWER, **given):
    source = given.pop("source", "rules")
    state = given.pop("state", "complete")
    found = Finding(kind, content, quote, tuple(str(line.pk) for line in lines), **given)
    return cards.store_finding(session_id=session.pk, finding=found, state=state, source=source)


def lease(session, after=0):
    return Lease(session.pk, session.pk, after, words.last_sequence(session))


def drop(session):
    cards.drop_stale(session)


def alive(session):
    return {card.pk for card in insights_of(session)}


def feedback(session, card, word):
    return cards.give_feedback(session=session, insight_id=card.pk, feedback=word)


# --- said once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["pattern", "rules", "llm"])
def test_the_same_question_in_other_words_is_said_once(session, line, source):
    store(session, line, source="llm")
    later = say(session, "It was the same on the other service.", start=40 * SECOND)
    assert store(session, later, content="How was it measured?", source=source) is not None
    same = "How did you measure that the new store was quicker?"
    assert store(session, later, content=same, source=source) is None


def test_what_differs_in_a_number_is_said_as_well(session, line):
    for years in (5, 8):
        content = f"Says {years} years of Redis. Ask which projects make up that time."
        assert store(session, line, kind=Kind.FACT_CHECK, content=content) is not None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.TIP, 2), (Kind.WARNING, 2), (Kind.HIGHLIGHT, 2), (Kind.FACT_CHECK, 1)],
)
def test_what_rules_word_alike_about_another_line_is_another_thing(session, line, kind, expected):
    other = say(session, "Then somebody changed the limits.", start=40 * SECOND)
    for where, key in ((line, "a"), (other, "b")):
        store(
            session, where, kind=kind, content="Vague so far.", quote=where.text, data={"key": key}
        )
    assert Insight.objects.count() == expected


def test_two_analyzers_warn_of_one_sentence_once(session, line):
    rules = "Wording to look into. Ask for the other side."
    assert store(session, line, kind=Kind.WARNING, content=rules, data={"key": "a"})
    model = "Puts the blame on earlier colleagues."
    card = store(session, line, kind=Kind.WARNING, content=model, source="llm", data={"key": "b"})
    assert card.content == model
    assert Insight.objects.count() == 1


@pytest.mark.parametrize(("years", "expected"), [("seven", 1), ("nine", 2)])
def test_two_analyzers_check_one_figure_of_a_line_once(session, line, years, expected):
    rules = "Says 7 years of Kafka, but the profile says 2 years. Ask which is right."
    store(session, line, kind=Kind.FACT_CHECK, content=rules, data={"key": "a"})
    model = f"Claims {years} years with Kafka where the profile lists two; clarify."
    store(session, line, kind=Kind.FACT_CHECK, content=model, source="llm", data={"key": "b"})
    assert Insight.objects.filter(kind="fact_check").count() == expected


@pytest.mark.parametrize("source", ["rules", "llm"])
def test_what_somebody_called_wrong_does_not_come_back(session, line, source):
    card = store(session, line)
    feedback(session, card, "wrong")
    other = "How did you measure that the new store was quicker?"
    assert store(session, line, content=other, source=source) is None
    assert store(session, line, source=source) is None


def test_one_interview_knows_nothing_of_another(cast, session, line):
    other = go_live(make_session(cast.olga, cast.organization))
    assert store(session, line) is not None
    assert store(other, say(other, ANSWER)) is not None


def test_a_card_costs_the_same_however_many_there_are(session, line):
    names = [f"{a}{b}" for a in "bcdfghklmnprst" for b in ("ano", "elo", "iru", "otu", "uma")]

    def cost(content):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert store(session, line, content=content) is not None
        return len(queries)

    first = [cost(f"What about the {name}?") for name in names[:10]]
    for name in names[10:-10]:
        store(session, line, content=f"What about the {name}?")
    last = [cost(f"What about the {name}?") for name in names[-10:]]
    assert max(last) <= max(first)
    memory = said._memory(session.pk)
    assert len(memory.cards) == len(names) - 1  # the last is read when the next one comes


# --- superseded in place -------------------------------------------------------------------------


def test_a_better_card_takes_the_place_of_the_first_look(session, line):
    early = store(session, line, state="preliminary", source="pattern")
    better = "Which figures showed that Redis was worth it?"
    late = store(session, line, content=better, source="llm")
    assert (late.pk, late.content, late.state) == (early.pk, better, "complete")
    assert late.created_at == early.created_at


def test_a_question_of_the_rules_does_not_change_the_words_of_a_first_look(session, line):
    early = store(session, line, state="preliminary", source="pattern")
    other = store(session, line, content="What did you give up with that choice?", source="rules")
    assert other.pk != early.pk
    again = store(session, line, source="rules")
    assert (again.pk, again.content, again.state) == (early.pk, early.content, "complete")


def test_a_first_look_at_another_line_stays(session, line):
    early = store(session, line, state="preliminary", source="pattern")
    other = say(session, "Then we wrote it all down.", start=40 * SECOND)
    late = store(session, other, content="Who reads what you wrote down?", source="llm")
    assert late.pk != early.pk


def test_a_first_look_beside_a_better_card_of_a_run_that_died_goes(session, line):
    better = store(session, line)
    first = store(session, line, content="How slow?", state="preliminary", source="pattern")
    say(session, "And we wrote about it.", start=40 * SECOND)
    assert alive(session) == {better.pk, first.pk}
    cards.settle_preliminary(session, lease(session))
    assert alive(session) == {better.pk}


def test_a_fact_check_takes_only_the_place_of_one_on_the_same_words(session):
    line = say(session, "I have five years of Redis. We cut the costs by ten percent last year.")
    redis, costs = "I have five years of Redis.", "We cut the costs by ten percent last year."
    early = store(
        session,
        line,
        kind=Kind.FACT_CHECK,
        content="Says 5 years of Redis.",
        quote=redis,
        state="preliminary",
        source="pattern",
    )
    about_costs = store(
        session, line, kind=Kind.FACT_CHECK, content="Ten percent saved?", quote=costs, source="llm"
    )
    assert about_costs.pk != early.pk
    about_redis = store(
        session, line, kind=Kind.FACT_CHECK, content="Redis since when?", quote=redis, source="llm"
    )
    assert about_redis.pk == early.pk


@pytest.mark.parametrize("word", ["used", "pinned"])
def test_what_somebody_keeps_is_not_replaced_under_their_eyes(session, line, word):
    early = store(session, line, state="preliminary", source="pattern")
    feedback(session, early, word)
    assert store(session, line, source="llm") is None
    other = store(session, line, content="Who decided to move to Redis?", source="llm")
    assert other.pk != early.pk
    early.refresh_from_db()
    assert (early.content, early.feedback) == (QUESTION, word)
    cards.settle_preliminary(session, lease(session))
    early.refresh_from_db()
    assert early.state == "complete"


def test_rules_do_not_reword_what_a_model_said(session, line):
    store(session, line, source="llm")
    worded = "How did you measure that the new store was quicker?"
    assert store(session, line, content=worded, source="rules") is None


def test_a_model_rewords_what_rules_said(session, line):
    early = store(session, line, source="rules")
    worded = "How did you measure that the new store was quicker?"
    assert store(session, line, content=worded, source="llm").pk == early.pk


def test_a_tip_is_never_more_than_preliminary(session, line):
    tip = store(session, line, kind=Kind.TIP, content="Ask for an example.", data={"key": "a"})
    assert tip.state == "preliminary"
    cards.settle_preliminary(session, lease(session))
    tip.refresh_from_db()
    assert tip.state == "preliminary"


def test_a_first_look_is_confirmed_once_its_line_was_read_and_not_before(session, line):
    card = store(session, line, state="preliminary", source="pattern")
    unread = say(session, "And we wrote about it.", start=40 * SECOND)
    other = store(session, unread, content="Who read it?", state="preliminary", source="pattern")
    both = store(session, line, unread, content="Why?", state="preliminary", kind=Kind.FACT_CHECK)
    read = Lease(session.pk, session.pk, 0, line.sequence)
    cards.settle_preliminary(session, read)
    for seen in (card, other, both):
        seen.refresh_from_db()
    assert (card.state, other.state, both.state) == ("complete", "preliminary", "preliminary")


# --- dropped when stale --------------------------------------------------------------------------


@pytest.fixture
def next_answer(session, line):
    """Go on to the next question and return its answer; call it to say it."""

    def answer(n=1):
        say(
            session,
            "Thank you. And who else worked on it?",
            role="interviewer",
            start=n * 60 * SECOND,
        )
        text = f"In part {n} there were two of us and we shared the work by service."
        return say(session, text, start=(n * 60 + 10) * SECOND)

    return answer


def test_help_for_the_last_question_goes_when_the_next_one_is_answered(session, line, next_answer):
    question = store(session, line)
    tip = store(session, line, kind=Kind.TIP, content="Ask for a figure.", data={"key": "a"})
    fact = store(session, line, kind=Kind.FACT_CHECK, content="Slow: how slow?")
    drop(session)
    assert alive(session) == {question.pk, tip.pk, fact.pk}
    next_answer()
    drop(session)
    assert alive(session) == {fact.pk}


def test_a_question_that_is_only_asked_yet_takes_nothing_away(session, line):
    card = store(session, line)
    say(session, "Thank you. And who else worked on it?", role="interviewer", start=60 * SECOND)
    say(session, "Hm.", start=70 * SECOND)
    drop(session)
    assert alive(session) == {card.pk}


@pytest.mark.parametrize("kept", ["used", "pinned", "asked"])
def test_what_was_kept_or_asked_stays(session, line, next_answer, kept):
    card = store(session, line)
    if kept == "asked":
        asking = say(session, QUESTION, role="interviewer", start=50 * SECOND)
        assert cards.note_asked(session, asking)
    else:
        feedback(session, card, kept)
    next_answer()
    drop(session)
    assert alive(session) == {card.pk}


def test_stress_is_told_of_for_three_answers(session, line, next_answer):
    card = store(session, line, kind=Kind.SENTIMENT, content="Consider a brief break.")
    next_answer(1)
    next_answer(2)
    drop(session)
    assert alive(session) == {card.pk}
    next_answer(3)
    drop(session)
    assert alive(session) == set()


@pytest.mark.parametrize(("kind", "most"), [(Kind.QUESTION, 5), (Kind.TIP, 3)])
def test_of_one_answer_the_newest_few_are_shown(session, line, kind, most):
    topics = ("limits", "costs", "alerts", "backups", "replicas", "keys", "clients")
    made = [
        store(session, line, kind=kind, content=f"What about the {t}?", data={"key": t}).pk
        for t in topics
    ]
    drop(session)
    assert alive(session) == set(made[-most:])


def test_what_was_set_aside_takes_nobodys_place(session, line):
    topics = ("limits", "costs", "alerts", "backups", "replicas", "keys")
    made = [store(session, line, content=f"What about the {topic}?") for topic in topics]
    feedback(session, made[-1], "not_now")
    drop(session)
    assert alive(session) == {card.pk for card in made}


def test_what_was_taken_away_is_not_said_again(session, line, next_answer):
    store(session, line)
    answer = next_answer()
    drop(session)
    assert store(session, answer, source="llm") is None


# --- lines that turn out to be an echo -----------------------------------------------------------


def hide(session, segment, text=""):
    """Turn a line into an echo, or leave some other words of it."""
    segment.hidden = not text
    segment.text = text or segment.text
    with transaction.atomic():
        segment.revision = events.next_revision(session.pk)
        segment.save()


def test_cards_about_an_echo_are_taken_back(session, line):
    other = say(session, "We wrote it all down in the end.", start=40 * SECOND)
    gone = store(session, line, kind=Kind.FACT_CHECK, content="Was it slow?")
    stays = store(session, other, kind=Kind.FACT_CHECK, content="Was it written?", quote=other.text)
    hide(session, line)
    cards.settle_preliminary(session, lease(session))
    assert alive(session) == {stays.pk}
    gone.refresh_from_db()
    assert gone.state == "superseded"


def test_cards_whose_quoted_words_were_an_echo_are_taken_back(session, line):
    text = "We moved the sessions to Redis"
    gone = store(session, line, kind=Kind.FACT_CHECK, content="Slow?", quote="far too slow for us.")
    stays = store(session, line, kind=Kind.FACT_CHECK, content="To Redis: when?", quote=text)
    hide(session, line, text)
    cards.settle_preliminary(session, lease(session))
    assert alive(session) == {stays.pk}
    assert gone.pk not in alive(session)


@pytest.mark.parametrize("kind", [Kind.FACT_CHECK, Kind.QUESTION])
@pytest.mark.parametrize("taken_back", [True, False], ids=["taken back", "not yet"])
def test_a_card_about_an_echo_goes_over_to_the_line_that_was_echoed(
    session, line, kind, taken_back
):
    card = store(session, line, kind=kind)
    hide(session, line)
    if taken_back:
        cards.settle_preliminary(session, lease(session))
    echoed = say(session, ANSWER, start=40 * SECOND)
    store(session, echoed, kind=kind)
    cards.settle_preliminary(session, lease(session))
    (left,) = insights_of(session)
    assert (left.pk, left.state, left.segments) == (card.pk, "complete", [str(echoed.pk)])


def test_a_card_about_an_echo_that_was_called_wrong_stays_away(session, line):
    feedback(session, store(session, line), "wrong")
    hide(session, line)
    assert store(session, say(session, ANSWER, start=40 * SECOND)) is None


def test_a_question_asked_by_an_echo_was_not_asked(session, line):
    card = store(session, line)
    asking = say(session, QUESTION, role="interviewer", start=50 * SECOND)
    cards.note_asked(session, asking)
    hide(session, asking)
    cards.settle_preliminary(session, lease(session))
    card.refresh_from_db()
    assert card.asked_in is None


# --- asked ---------------------------------------------------------------------------------------


def ask(session, *texts, at=50):
    """Say the lines of the interviewer two seconds apart; return what the last one asked."""
    asked = []
    for n, text in enumerate(texts):
        line = say(session, text, role="interviewer", start=(at + 2 * n) * SECOND)
        asked = cards.note_asked(session, line)
    return asked


@pytest.mark.parametrize(
    "texts",
    [
        (QUESTION,),
        ("Okay, and how was it measured that the store was faster?",),
        ("so tell me how did you measure", "that the new store was faster"),
    ],
    ids=["word for word", "in other words", "in two lines"],
)
def test_a_suggested_question_that_is_asked_is_marked(session, line, texts):
    card = store(session, line)
    assert [asked.pk for asked in ask(session, *texts)] == [card.pk]
    card.refresh_from_db()
    assert session.segments.get(pk=card.asked_in).text == texts[-1]


def test_marking_twice_changes_nothing(session, line):
    card = store(session, line)
    ask(session, QUESTION)
    card.refresh_from_db()
    before = card.asked_in, card.revision
    again = session.segments.get(pk=card.asked_in)
    assert cards.note_asked(session, again) == []
    card.refresh_from_db()
    assert (card.asked_in, card.revision) == before


@pytest.mark.parametrize(
    "text", ["I see. Who else worked on that?", "That was fast.", "How did you measure the load?"]
)
def test_another_question_marks_nothing(session, line, text):
    store(session, line)
    assert ask(session, text) == []


def test_the_candidate_asks_no_suggested_question(session, line):
    store(session, line)
    echoed = say(session, QUESTION, start=50 * SECOND)
    assert cards.note_asked(session, echoed) == []


def test_two_lines_with_an_answer_between_are_no_one_question(session, line):
    store(session, line)
    say(session, "so how did you measure", role="interviewer", start=50 * SECOND)
    say(session, "Yes, well.", start=52 * SECOND)
    assert ask(session, "that the store was new", at=54) == []
