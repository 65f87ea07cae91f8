"""The guide while it is talked through: what is ticked by hearing, by people, and what is lit."""

import json
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from insights import coverage, instant, queries
from insights.analyzers.answers import STAR
from insights.analyzers.planned import asked, planned
from insights.models import Coverage
from sessions import events, services
from sessions.models import ConsentRecord, Guide
from tests.factories import go_live, say

SECOND = 16_000
INCIDENT = "Describe a production incident you had to handle."
AWS = "Tell me about your experience with AWS."
CHOICE = "How do you decide between serverless functions and containers?"
TABLE = "What is the time complexity of a lookup in a hash table, and when does it get worse?"
QUESTIONS = [INCIDENT, AWS, CHOICE, TABLE]
STORY = "Last spring checkout was down, and I was on call and my task was to bring it back."


def make_guide(organization, questions=QUESTIONS):
    guide = Guide.objects.create(organization=organization, title="Backend")
    competency = guide.competencies.create(name="Operations")
    for text in questions:
        competency.questions.create(text=text)
    return guide


@pytest.fixture
def guided(cast):
    """A running interview with a guide."""
    cast.session.guide = make_guide(cast.organization)
    cast.session.save()
    return go_live(cast.session)


@pytest.fixture
def told(monkeypatch):
    """The events that left."""
    heard = []

    def note(session_id, what, body, *_rest):
        heard.append((what, body))

    monkeypatch.setattr(events, "publish_on_commit", note)
    return heard


def hear(session, text, *, role="interviewer", at=None):
    """Let a line be heard, and noticed as it would be after its commit."""
    start = at if at is not None else 10 * (1 + session.segments.count())
    segment = say(session, text, role=role, start=start * SECOND)
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)
    return segment


def question(session, text):
    """Return a planned question as the snapshot has it."""
    plan = queries.snapshot(session)["guide"]
    return next(q for c in plan["competencies"] for q in c["questions"] if q["text"] == text)


def ticked(session):
    plan = queries.guide(session)
    return [
        q["text"] for c in plan["competencies"] for q in c["questions"] if q["asked_ms"] is not None
    ]


def put(user, session, pk, body):
    client = Client()
    client.force_login(user)
    url = f"/api/v1/sessions/{session.pk}/guide/questions/{pk}/"
    return client.put(url, json.dumps(body), content_type="application/json")


# --- what is heard -------------------------------------------------------------------------------


def test_a_question_that_is_heard_is_ticked_and_told(guided, told):
    line = hear(guided, "Okay. Could you tell me about your experience with AWS?")
    entry = question(guided, AWS)
    assert (entry["asked_in"], entry["by"]) == (str(line.pk), "heard")
    assert entry["asked_ms"] == line.start_ms
    assert ticked(guided) == [AWS]
    [body] = [body for what, body in told if what == "guide"]
    assert body["question"] == {
        key: entry[key] for key in ("id", "asked_ms", "asked_in", "by", "star")
    }
    assert body["revision"] == Coverage.objects.get().revision


def test_what_the_candidate_says_ticks_nothing(guided):
    hear(guided, AWS, role="candidate")
    assert ticked(guided) == []


def test_in_a_room_anybody_may_ask(guided):
    hear(guided, INCIDENT, role="room")
    assert ticked(guided) == [INCIDENT]


def test_a_question_said_in_two_lines_is_one(guided):
    hear(guided, "So what is the time complexity of a lookup", at=10)
    assert ticked(guided) == []
    hear(guided, "in a hash table, and when does it get worse?", at=12)
    assert ticked(guided) == [TABLE]


def test_the_first_time_counts(guided):
    line = hear(guided, AWS)
    hear(guided, "As I asked: tell me about your experience with AWS.")
    assert question(guided, AWS)["asked_in"] == str(line.pk)


def test_of_two_planned_alike_the_first_that_is_open_is_ticked(cast):
    cast.session.guide = make_guide(cast.organization, [AWS, INCIDENT, AWS])
    cast.session.save()
    session = go_live(cast.session)
    hear(session, AWS, at=10)
    assert [row.question for row in session.coverage.all()] == [question(session, AWS)["id"]]
    hear(session, "Again please.", at=12)  # together with the line before it asks nothing new
    assert session.coverage.count() == 1
    hear(session, AWS, at=100)
    assert session.coverage.count() == 2


@pytest.mark.parametrize(
    "said",
    [
        "We will come to the time complexity of a lookup in a hash table later.",
        "My colleague will ask how you decide between serverless functions and containers.",
        "We decide between serverless functions and containers by cost.",
        "You told me about your experience with AWS already.",
        "I will not ask about your experience with AWS.",
        "Tell me about your experience with Azure.",
        "How do you decide between Lambda and EC2?",
        "In that production incident, who handled the customers?",
        "How did you review the incident?",
        "What is a hash table?",
        "When do you use containers?",
        "Do you use AWS?",
        "Why did the production incident take so long to handle?",
        "I have a lot of experience with AWS myself.",
        "Thanks, that is interesting.",
        "",
    ],
)
def test_what_only_looks_like_a_planned_question_ticks_nothing(said):
    assert asked(said, [planned(text) for text in QUESTIONS]) == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("So, tell me about your experience with AWS, please.", AWS),
        ("Let's start with AWS. Can you tell us a bit about your experience with AWS?", AWS),
        ("can you describe a production incident that you had to handle", INCIDENT),
        ("Tell me about a production incident you handled.", INCIDENT),
        ("I'd like to hear how you decide between containers and serverless functions.", CHOICE),
        (
            "what is the time complexity of a lookup in a hash table and when does it get worse",
            TABLE,
        ),
    ],
)
def test_a_planned_question_is_known_in_other_words(said, text):
    found = asked(said, [planned(q) for q in QUESTIONS])
    assert [[QUESTIONS[place] for place in places] for places in found] == [[text]]


def test_it_needs_no_analysis_but_consent(guided):
    guided.organization.analysis_enabled = False
    guided.organization.save()
    hear(guided, INCIDENT)
    hear(guided, STORY, role="candidate")
    assert ticked(guided) == [INCIDENT]
    assert question(guided, INCIDENT)["star"] == {}  # an answer's shape is analysis
    ConsentRecord.objects.update(withdrawn_at=guided.started_at)
    instant.note_segment(session_id=guided.pk, segment_id=_said_without_consent(guided, AWS).pk)
    assert ticked(guided) == [INCIDENT]


def _said_without_consent(session, text):
    first = session.segments.order_by("sequence").first()
    first.pk, first.text = uuid4(), text
    first.sequence, first.start_sample, first.end_sample = 9_999, 9_000_000, 9_016_000
    first.save(force_insert=True)
    return first


def test_without_a_guide_nothing_happens(live):
    hear(live, AWS)
    assert queries.snapshot(live)["guide"] is None
    assert not Coverage.objects.exists()


# --- STAR ----------------------------------------------------------------------------------------


def test_an_answer_lights_what_it_tells_of_the_question_before_it(guided, told):
    hear(guided, STORY, role="candidate")
    hear(guided, INCIDENT)
    assert question(guided, INCIDENT)["star"] == {part: [] for part in STAR}
    line = hear(guided, STORY, role="candidate")
    star = question(guided, INCIDENT)["star"]
    assert star["situation"] == star["task"] == [str(line.pk)]
    assert star["result"] == []
    bodies = [body for what, body in told if what == "guide"]
    assert bodies[-1]["question"]["star"] == star
    last = hear(guided, "We cut the error rate from four percent to one.", role="candidate")
    assert question(guided, INCIDENT)["star"]["result"] == [str(last.pk)]


def test_the_next_question_takes_the_lights(guided):
    hear(guided, INCIDENT)
    hear(guided, CHOICE)
    hear(guided, STORY, role="candidate")
    assert not any(question(guided, INCIDENT)["star"].values())
    assert question(guided, CHOICE)["star"] == {}  # it asks for no story


# --- what people say -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "status"),
    [("olga", 200), ("cora", 200), ("sam", 404), ("ada", 404), ("mia", 404), ("otto", 404)],
)
def test_who_may_comment_ticks(cast, guided, person, status):
    pk = question(guided, AWS)["id"]
    answer = put(getattr(cast, person), guided, pk, {"asked": True})
    assert answer.status_code == status
    assert ticked(guided) == ([AWS] if status == 200 else [])
    if status == 200:
        assert answer.json()["question"]["by"] == "person"
        assert answer.json()["revision"] == guided.coverage.get().revision


def test_what_a_person_took_back_is_not_ticked_again_by_hearing(cast, guided):
    hear(guided, AWS)
    pk = question(guided, AWS)["id"]
    assert put(cast.cora, guided, pk, {"asked": False}).json()["question"]["asked_ms"] is None
    hear(guided, AWS)
    assert ticked(guided) == []
    assert put(cast.cora, guided, pk, {"asked": True}).status_code == 200
    assert ticked(guided) == [AWS]


def test_undone_soon_it_is_as_it_was(cast, guided):
    hear(guided, INCIDENT)
    hear(guided, STORY, role="candidate")
    before = question(guided, INCIDENT)
    for is_asked in (False, True):
        put(cast.olga, guided, before["id"], {"asked": is_asked})
    assert question(guided, INCIDENT) == {**before, "by": "person"}


def test_ticked_later_it_is_asked_now(cast, guided):
    hear(guided, INCIDENT, at=1000)
    pk = question(guided, INCIDENT)["id"]
    put(cast.olga, guided, pk, {"asked": False})
    cache.clear()
    put(cast.olga, guided, pk, {"asked": True})
    entry = question(guided, INCIDENT)
    assert entry["asked_ms"] < 1_000_000
    assert entry["asked_in"] is None


@pytest.mark.parametrize("body", [{}, {"asked": "perhaps"}, {"asked": None}])
def test_a_tick_is_yes_or_no(cast, guided, body):
    assert put(cast.olga, guided, question(guided, AWS)["id"], body).status_code == 400


def test_a_question_of_another_guide_is_not_there(cast, guided):
    assert put(cast.olga, guided, 999_999, {"asked": True}).status_code == 404
    assert not Coverage.objects.exists()


def test_nothing_was_asked_before_the_start(cast):
    cast.session.guide = make_guide(cast.organization)
    cast.session.save()
    pk = question(cast.session, AWS)["id"]
    answer = put(cast.olga, cast.session, pk, {"asked": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_started")


def test_saying_it_twice_tells_it_once(cast, guided):
    pk = question(guided, AWS)["id"]
    first = put(cast.olga, guided, pk, {"asked": True}).json()
    assert put(cast.olga, guided, pk, {"asked": True}).json() == first


# --- what does not stand any more ----------------------------------------------------------------


def test_what_rests_on_a_line_goes_with_it_and_may_be_heard_again(guided):
    line = hear(guided, INCIDENT)
    story = hear(guided, STORY, role="candidate")
    coverage.forget(guided, [story.pk])
    entry = question(guided, INCIDENT)
    assert entry["asked_in"] == str(line.pk)
    assert not any(entry["star"].values())
    coverage.forget(guided, [line.pk])
    assert ticked(guided) == []
    hear(guided, INCIDENT)
    assert ticked(guided) == [INCIDENT]


def test_what_a_person_ticked_stays_ticked(cast, guided):
    line = hear(guided, INCIDENT)
    pk = question(guided, INCIDENT)["id"]
    for is_asked in (False, True):
        put(cast.olga, guided, pk, {"asked": is_asked})
    coverage.forget(guided, [line.pk])
    entry = question(guided, INCIDENT)
    assert (entry["asked_in"], entry["by"]) == (None, "person")
    assert entry["asked_ms"] is not None


def test_forgetting_what_nothing_rests_on_tells_nothing(guided, told):
    hear(guided, INCIDENT)
    before = len(told)
    coverage.forget(guided, [uuid4()])
    assert len(told) == before


def test_what_turns_out_to_be_an_echo_is_taken_back(guided):
    line = hear(guided, INCIDENT)
    line.hidden = True
    line.save()
    hear(guided, "Good.")
    assert ticked(guided) == []


def test_an_interview_that_ends_keeps_its_ticks(cast, guided):
    hear(guided, AWS)
    services.end_session(session=guided)
    assert ticked(guided) == [AWS]
    assert (
        put(cast.olga, guided, question(guided, CHOICE)["id"], {"asked": True}).status_code == 200
    )
