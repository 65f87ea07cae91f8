"""Follow-ups fetched while the candidate talks: redacted, bounded, sealed, shown on the final."""

import asyncio
import json
import threading
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from insights import instant, prediction, receivers, sealed_cache, tasks
from insights.models import AnalysisRun, Insight, LlmSpending
from sessions import retention, services
from sessions.models import Session
from tests.factories import go_live, make_session, say
from tests.insights import llm_server as behave
from tests.sockets import connected
from transcription import hypotheses, speech
from transcription.hypotheses import Hypotheses
from transcription.models import Segment
from transcription.signals import hypothesis_heard

PARTIAL = "Last year our database ran out of connections so I added a connection pool in front"
FINAL = f"{PARTIAL} of it and moved the slow reports to a replica."
QUESTION = {
    "content": "Which part of the pool did you size first, and why?",
    "quote": "I added a connection pool",
    "competency": "",
}
ELSEWHERE = {**QUESTION, "content": "Why there of all places?", "quote": "words never said at all"}
UNLAWFUL = {**QUESTION, "content": "How old were you and are you married by now?"}


def predicts(*items):
    return behave.streams(json.dumps({"items": list(items) or [QUESTION]}))


@pytest.fixture
def model(settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_API_KEY = "test"
    llm_server.behaviour = predicts()
    return llm_server


def overhear(session, text=PARTIAL):
    wanted = prediction.heard(session.pk, "candidate", text)
    if wanted:
        prediction.prefetch(session.pk)
    return wanted


def finish(session, text=FINAL):
    segment = say(session, text, start=16_000 * (1 + session.segments.count()))
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)


def shown(session):
    return [card.content for card in session.insights.filter(kind="question", source="llm")]


def in_cache():
    return b" ".join(cache._cache.values())


# --- From partial to card -------------------------------------------------------------------------


def test_a_question_is_there_when_the_words_are_final(live, model):
    assert overhear(live)
    assert not live.insights.exists(), "nothing is shown while somebody talks"
    finish(live)
    card = live.insights.get(source="llm")
    assert (card.content, card.quote, card.state) == (
        QUESTION["content"],
        QUESTION["quote"],
        "preliminary",
    )
    assert len(model.requests) == 1


def test_what_was_predicted_for_other_words_is_not_shown(live, model):
    overhear(live)
    finish(live, "I would rather talk about the other project that we had at the time.")
    assert shown(live) == []


def test_unlawful_ungrounded_and_asked_questions_are_not_shown(live, model):
    model.behaviour = predicts(ELSEWHERE, UNLAWFUL, QUESTION)
    overhear(live)
    say(live, QUESTION["content"], role="interviewer")
    finish(live)
    assert shown(live) == []


def test_at_most_three_are_shown(live, model):
    asks = ("What was slow?", "How large is the pool?", "Who noticed it?", "When did it help?")
    model.behaviour = predicts(*({**QUESTION, "content": text} for text in asks))
    overhear(live)
    finish(live)
    assert 1 <= len(shown(live)) <= 3


def test_the_model_reads_redacted_words(live, model):
    live.candidate_name = "Daniel Reyes"
    live.save()
    overhear(live, f"{PARTIAL} and Priya from the team wrote to daniel.reyes@gmail.com about it")
    sent = str(model.requests[0])
    assert "connection pool" in sent
    for word in ("Priya", "daniel", "gmail"):
        assert word not in sent


def test_an_answer_that_comes_after_the_final_is_shown_then(live, model, monkeypatch):
    prediction.heard(live.pk, "candidate", PARTIAL)
    keep = prediction._keep

    def final_meanwhile(*args):
        finish(live)
        return keep(*args)

    monkeypatch.setattr(prediction, "_keep", final_meanwhile)
    prediction.prefetch(live.pk)
    assert shown(live) == [QUESTION["content"]]


# --- Sealed, for seconds, and nowhere else --------------------------------------------------------


def test_no_words_lie_in_the_cache_or_travel_in_a_task(live, model, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.predict, "apply_async", lambda *args, **known: sent.append(args))
    receivers.on_hypothesis(None, live.pk, "candidate", PARTIAL)
    assert sent == [([str(live.pk)],)]
    held = in_cache()
    assert held
    prediction.prefetch(live.pk)
    held += in_cache()
    for word in (b"connection", b"database", b"pool", b"size"):
        assert word not in held
    assert not Segment.objects.exists()
    assert not Insight.objects.exists()


def test_another_sessions_cache_entry_does_not_open(cast, live, model):
    overhear(live)
    other = go_live(make_session(cast.olga, cast.organization))
    cache.set(
        sealed_cache._name(other.pk, prediction.READY),
        cache.get(sealed_cache._name(live.pk, prediction.READY)),
        60,
    )
    finish(other)
    assert shown(other) == []


@pytest.mark.django_db(transaction=True)
def test_an_erasure_during_the_call_leaves_nothing_readable(live, model):
    model.behaviour = behave.streams(json.dumps({"items": [QUESTION]}), wait_after="quote")
    assert prediction.heard(live.pk, "candidate", PARTIAL)
    worker = threading.Thread(
        target=lambda: (prediction.prefetch(live.pk), connection.close()), daemon=True
    )
    worker.start()
    assert model.reached.wait(20)
    Session.objects.filter(pk=live.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert retention.run().finished == 1
    model.released.set()
    worker.join(20)
    assert not worker.is_alive()
    assert cache.get(sealed_cache._name(live.pk, prediction.READY)) is None
    assert cache.get(sealed_cache._name(live.pk, prediction.HEARD)) is None
    assert not AnalysisRun.objects.exists()
    assert LlmSpending.objects.get().calls == 1, "what it cost is the organization's"


# --- When nothing is fetched ----------------------------------------------------------------------


def analysis_off(session, settings):
    session.organization.analysis_enabled = False
    session.organization.save()


def consent_withdrawn(session, settings):
    session.consents.update(withdrawn_at=timezone.now())


def ended(session, settings):
    services.end_session(session=session)


def switched_off(session, settings):
    settings.INTERVIEW_LLM_PREDICTION = False


def no_model(session, settings):
    settings.INTERVIEW_LLM_BASE_URL = settings.INTERVIEW_LLM_API_KEY = ""


NEVER = [analysis_off, consent_withdrawn, ended, switched_off, no_model]


@pytest.mark.parametrize("why", NEVER, ids=lambda why: why.__name__)
def test_nothing_is_kept_or_fetched(live, model, settings, why):
    why(live, settings)
    assert not prediction.heard(live.pk, "candidate", PARTIAL)
    assert cache.get(sealed_cache._name(live.pk, prediction.HEARD)) is None


@pytest.mark.parametrize("why", NEVER, ids=lambda why: why.__name__)
def test_what_changes_before_the_task_runs_counts(live, model, settings, why):
    assert prediction.heard(live.pk, "candidate", PARTIAL)
    why(live, settings)
    prediction.prefetch(live.pk)
    assert model.requests == []


def test_a_draft_and_the_interviewers_words_are_left_alone(cast, live, model):
    draft = make_session(cast.olga, cast.organization)
    assert not prediction.heard(draft.pk, "candidate", PARTIAL)
    assert not prediction.heard(live.pk, "interviewer", PARTIAL)


def test_one_call_at_a_time(live, model):
    cache.set(prediction._busy(live.pk), True, 60)
    assert not prediction.heard(live.pk, "candidate", PARTIAL)
    prediction.prefetch(live.pk)
    assert model.requests == []


def test_the_same_words_are_asked_about_once(live, model):
    overhear(live)
    prediction.prefetch(live.pk)
    assert len(model.requests) == 1


def ran(session, **figures):
    AnalysisRun.objects.create(
        session=session, after=0, through=0, purpose="prediction", engine="llm", **figures
    )


def test_an_interview_has_so_many_calls(live, model):
    ran(live, calls=prediction.MOST_CALLS - 1)
    overhear(live)
    overhear(live)
    assert len(model.requests) == 1
    assert AnalysisRun.objects.latest("pk").purpose == "prediction"


def test_predictions_have_a_share_of_the_budget(live, model):
    live.organization.llm_daily_tokens = 1000
    live.organization.save()
    ran(live, calls=1, tokens_in=200, tokens_out=49)
    overhear(live)
    overhear(live)
    assert len(model.requests) == 1
    spent = LlmSpending.objects.get()
    assert spent.tokens_in + spent.tokens_out < 1000, "the rest is for the analysis"


@pytest.mark.parametrize(
    "behaviour",
    [behave.status(500), behave.status(429), behave.garbage(), behave.refuses(), behave.cut(0)],
    ids=["500", "429", "garbage", "refusal", "cut"],
)
def test_a_model_that_fails_costs_a_prediction_and_nothing_else(live, model, behaviour):
    model.behaviour = behaviour
    overhear(live)
    finish(live)
    assert live.insights.filter(source="pattern").exists()
    assert AnalysisRun.objects.get().error
    assert cache.get(prediction._busy(live.pk)) is None


# --- From the stream ------------------------------------------------------------------------------


@pytest.fixture
def told():
    heard = []

    def note(session_id, role, text, **kwargs):
        heard.append(text)

    hypothesis_heard.connect(note)
    yield heard
    hypothesis_heard.disconnect(note)


async def growing(live, words, *, role="candidate", pause=0.0, monkeypatch):
    monkeypatch.setattr(hypotheses, "PAUSE_SECONDS", pause)
    open_utterance = Hypotheses(live.pk)
    for length in words:
        open_utterance.heard(role, " ".join(["word"] * length))
        if open_utterance._telling is not None:
            await open_utterance._telling
    return open_utterance


@pytest.mark.django_db(transaction=True)
async def test_long_partials_are_told_three_times_an_utterance(live, told, monkeypatch):
    utterance = await growing(live, range(1, 31), monkeypatch=monkeypatch)
    assert [len(text.split()) for text in told] == [12, 13, 14]
    utterance.end()
    utterance.heard("candidate", " ".join(["word"] * 12))
    await utterance._telling
    assert len(told) == 4


@pytest.mark.django_db(transaction=True)
async def test_a_pause_lies_between_two_tellings(live, told, monkeypatch):
    await growing(live, range(10, 40), pause=60.0, monkeypatch=monkeypatch)
    assert len(told) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["interviewer", "room"])
async def test_only_the_candidates_words_are_told(live, told, monkeypatch, role):
    await growing(live, range(1, 31), role=role, monkeypatch=monkeypatch)
    assert told == []


@pytest.mark.django_db(transaction=True)
async def test_words_that_did_not_grow_are_not_told_again(live, told, monkeypatch):
    await growing(live, [14, 14, 13, 14, 15], monkeypatch=monkeypatch)
    assert [len(text.split()) for text in told] == [14, 15]


@pytest.mark.django_db(transaction=True)
async def test_who_fails_to_listen_breaks_nothing(live, told, monkeypatch, caplog):
    def broken(**kwargs):
        raise RuntimeError("what was said")

    hypothesis_heard.connect(broken)
    try:
        await growing(live, [20], monkeypatch=monkeypatch)
    finally:
        hypothesis_heard.disconnect(broken)
    assert len(told) == 1
    assert "broken failed: RuntimeError" in caplog.text


# --- The whole way --------------------------------------------------------------------------------

START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
SPOKEN = (
    "Last year our database ran out of connections and Priya called me at night so "
    "I added a connection pool and moved the slow reports to a replica."
)


@pytest.fixture
def talking(cast, settings, tmp_path):
    """Let the scripted engine say one long answer, whose last word ends in second 12."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps([[12.0, SPOKEN]]))
    settings.INTERVIEW_SCRIPT = str(script)
    settings.INTERVIEW_ENGINES = {"en": "scripted"}
    speech.engine_config.cache_clear()
    go_live(cast.session)
    yield cast
    speech.engine_config.cache_clear()


@database_sync_to_async
def until(condition):
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it never came")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("hush")
async def test_the_model_is_asked_while_the_candidate_talks_and_answers_on_the_final(
    talking, model, monkeypatch
):
    session = talking.session
    # The worker's part on the thread that heard; `analyze` stays in the queue.
    monkeypatch.setattr(tasks.predict, "apply_async", lambda args, **_: tasks.predict(*args))
    question = {**QUESTION, "quote": "our database ran out of connections"}
    model.behaviour = behave.streams(json.dumps({"items": [question]}), wait_after="items")
    second = bytes(32_000)
    live = f"/ws/sessions/{session.pk}/live/"
    path = f"/ws/sessions/{session.pk}/audio/candidate/"
    async with connected(live, talking.olga) as page, connected(path, talking.olga) as audio:
        await audio.say(**START)
        await audio.hear_until("ready")
        for _ in range(10):
            await audio.send_to(bytes_data=second)
            await audio.hear_until("ack")
        assert await asyncio.to_thread(model.reached.wait, 20)
        asked = str(model.requests[0])
        assert "ran out of connections" in asked
        assert "Priya" not in asked
        assert not await database_sync_to_async(Segment.objects.exists)()
        model.released.set()
        await until(AnalysisRun.objects.filter(purpose="prediction").exists)
        assert not await database_sync_to_async(Insight.objects.exists)()
        assert b"connection" not in in_cache()
        for _ in range(2):
            await audio.send_to(bytes_data=second)
        await audio.say(type="stop")
        await audio.hear_until("stopped")
        final = await page.hear_until("segment")
        card = (await page.hear_until("insight"))["insight"]
        while card["source"] != "llm":
            card = (await page.hear_until("insight"))["insight"]
    assert (card["content"], card["state"]) == (QUESTION["content"], "preliminary")
    assert card["quote"] in final["segment"]["text"]
