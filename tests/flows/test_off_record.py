"""Off the record: nothing that was said meanwhile, or taken back, is anywhere; for nobody."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, models
from django.test import Client, TestCase
from django.utils import timezone

from accounts.models import AuditEntry
from copilot.lib.sealed import SealedField
from insights import analysis, cards, prediction, queries, sealed_cache, tasks
from insights.analyzers.base import Finding
from insights.kinds import Kind
from insights.models import AnalysisState
from sessions.models import Session
from tests.factories import make_token
from tests.insights import llm_server as behave
from tests.sockets import connected
from transcription.engines.base import Word
from transcription.models import Segment, Stream
from transcription.pipeline import SegmentDraft
from transcription.services import open_stream, save_segment

MS = 16  # samples
WORD_MS = 500
CANARY = "zanzibar"
LASTED = 60  # seconds the interview runs already


@pytest.fixture
def running(live):
    """An interview that began a minute ago."""
    started = timezone.now() - timedelta(seconds=LASTED)
    Session.objects.filter(pk=live.pk).update(started_at=started)
    live.refresh_from_db()
    return live


def say(session, text, *, at_ms, role="candidate"):
    """Store a line of which each word takes half a second."""
    opened = open_stream(session_id=session.pk, role=role, offset=0, origin_ms=0)
    first = at_ms * MS
    words = tuple(
        Word(word, first + n * WORD_MS * MS, first + (n + 1) * WORD_MS * MS, 0.9)
        for n, word in enumerate(text.split())
    )
    draft = SegmentDraft(text, words, first, words[-1].end, 0.9, "scripted", {})
    return save_segment(opened=opened, draft=draft, language="en")


def api_of(user):
    client = Client()
    client.force_login(user)
    return client


def go_off(user, session, seconds=0):
    return api_of(user).post(
        f"/api/v1/sessions/{session.pk}/off-record/",
        {"seconds": seconds},
        content_type="application/json",
    )


def go_on(user, session):
    return api_of(user).delete(f"/api/v1/sessions/{session.pk}/off-record/")


def texts(session):
    return [line.text for line in session.segments.filter(hidden=False)]


def everything(session):
    """Return all that is stored, sealed fields opened, and what the cache keeps, as one text."""
    found = []
    for model in apps.get_models():
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                sealed = isinstance(field, SealedField)
                if sealed or isinstance(
                    field, models.CharField | models.TextField | models.JSONField
                ):
                    found.append(json.dumps(getattr(row, field.attname), default=str))
    names = ("memory", prediction.HEARD, prediction.READY, "profile", "job")
    found += [json.dumps(sealed_cache.kept(session, name)) for name in names]
    return "\n".join(found).casefold()


def test_who_may_not_record_takes_nothing_off_the_record(cast, running):
    for person in (cast.sam, cast.cora, cast.ada, cast.mia, cast.otto):
        assert go_off(person, running).status_code == 404
        assert go_on(person, running).status_code == 404
    assert not running.off_records.exists()
    token = make_token(cast.olga, cast.organization, "read")
    answer = Client(headers={"authorization": f"Bearer {token}"}).post(
        f"/api/v1/sessions/{running.pk}/off-record/", {}, content_type="application/json"
    )
    assert answer.status_code == 403


def test_only_an_interview_that_runs_goes_off_the_record_and_only_once(cast):
    assert go_off(cast.olga, cast.session).json()["code"] == "not_live"


def test_it_begins_some_seconds_ago_and_ends_on_demand(cast, running):
    answer = go_off(cast.olga, running, 10)
    assert answer.status_code == 200
    since = answer.json()["off_record"]["since_ms"]
    assert LASTED * 1000 - 10_000 <= since < LASTED * 1000 - 5000
    assert go_off(cast.olga, running).json()["code"] == "already_off"
    assert go_off(cast.olga, running, 121).status_code == 400
    answer = go_on(cast.olga, running)
    assert answer.json()["off_record"] is None
    (stretch,) = answer.json()["off_records"]
    assert stretch["to_ms"] >= stretch["from_ms"] + 10_000
    assert go_on(cast.olga, running).json()["code"] == "not_off"
    # The next one does not reach into it, however much is taken back.
    since = go_off(cast.olga, running, 60).json()["off_record"]["since_ms"]
    assert since == stretch["to_ms"]


def test_ending_the_interview_ends_it(cast, running):
    go_off(cast.olga, running)
    api_of(cast.olga).post(f"/api/v1/sessions/{running.pk}/end/")
    assert running.off_records.get().to_ms is not None
    assert go_off(cast.olga, running).json()["code"] == "not_live"


def test_the_audit_knows_seconds_and_no_more(cast, running):
    say(running, f"we met in {CANARY}", at_ms=58_000)
    go_off(cast.olga, running, 30)
    go_on(cast.olga, running)
    events = dict(
        AuditEntry.objects.filter(action__endswith="_record").values_list("action", "details")
    )
    assert events["session.off_record"] == {"erased": 30}
    assert set(events["session.on_record"]) == {"seconds"}


def test_what_is_said_meanwhile_is_not_stored_and_counts_as_heard(cast, running):
    go_off(cast.olga, running)
    since = running.off_records.get().from_ms
    assert say(running, f"my salary is {CANARY}", at_ms=since + 1000) is None
    stream = Stream.objects.get()
    assert stream.durable == (since + 1000 + 4 * WORD_MS) * MS, "else it is sent again for ever"
    assert not running.segments.exists()


def test_of_what_lies_around_it_only_the_words_outside_are_kept(cast, running):
    running.off_records.create(from_ms=11_000, to_ms=12_000, by=cast.olga)
    last = say(running, f"one two {CANARY} {CANARY} five six", at_ms=10_000)
    assert texts(running) == ["one two", "five six"]
    assert last.text == "five six"
    assert last.start_ms == 12_000
    # The same sound again, after a connection was lost: nothing comes of it.
    assert say(running, f"one two {CANARY} {CANARY} five six", at_ms=10_000) is None
    assert texts(running) == ["one two", "five six"]


def test_words_without_times_go_where_they_touch_it(cast, running):
    running.off_records.create(from_ms=11_000, to_ms=12_000, by=cast.olga)
    opened = open_stream(session_id=running.pk, role="candidate", offset=0, origin_ms=0)
    draft = SegmentDraft(CANARY, (), 10_000 * MS, 13_000 * MS, 0.9, "scripted", {})
    assert save_segment(opened=opened, draft=draft, language="en") is None


@pytest.fixture
def told(running, django_capture_on_commit_callbacks):
    """Lines that stay, one that goes half and one that goes, with all that is made of them."""
    with django_capture_on_commit_callbacks(execute=True):
        say(running, "I have used Kubernetes for fifteen years at work", at_ms=20_000)
        say(running, f"I built the cluster before {CANARY} paid me a million", at_ms=48_000)
        say(running, f"I have used Django for nine years at {CANARY}", at_ms=54_000)
        say(running, f"Did you like {CANARY} then", at_ms=59_000, role="interviewer")
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=running.pk)
    return running


def test_what_was_said_last_is_taken_back_with_all_that_was_made_of_it(
    cast, told, django_capture_on_commit_callbacks, monkeypatch
):
    keep, half, gone, asked = told.segments.order_by("start_ms")
    told.notes.create(author=cast.olga, kind="bookmark", at_ms=55_000, segment=gone.pk, revision=0)
    assert told.claims.filter(segment=gone).exists()
    assert told.insights.exists()
    assert CANARY in everything(told), "else nothing is shown"
    # Half a line: "I built the cluster before" ends at 50.5 s.
    monkeypatch.setattr(Session, "elapsed", lambda _self: timedelta(milliseconds=60_550))
    with django_capture_on_commit_callbacks():
        assert go_off(cast.olga, told, 10).status_code == 200
    assert CANARY not in everything(told)
    assert texts(told) == [keep.text, "I built the cluster before"]
    for line in (half, gone, asked):
        line.refresh_from_db()
        assert line.erased
        assert line.hidden
        assert (line.text, line.words) == ("", [])
    assert not told.claims.filter(segment=gone).exists()
    assert told.claims.filter(segment=keep).exists()
    assert not told.tones.filter(segment=gone).exists()
    assert told.notes.get().segment is None


def test_pages_hear_of_every_change_and_a_snapshot_tells_the_same(
    cast, told, django_capture_on_commit_callbacks, monkeypatch
):
    before = queries.snapshot(told)
    sent = []
    monkeypatch.setattr(
        "sessions.events.publish_on_commit", lambda _id, kind, body, *_: sent.append((kind, body))
    )
    go_off(cast.olga, told, 30)
    after = queries.snapshot(told, after=before["cursor"])
    revisions = sorted(
        body.get("revision") or body["state"]["revision"]
        for _kind, body in sent
        if "revision" in body or "revision" in body.get("state", {})
    )
    assert revisions == list(range(before["cursor"] + 1, after["cursor"] + 1)), "no hole"
    assert CANARY not in json.dumps(sent, default=str)
    assert CANARY not in json.dumps(after, default=str)
    assert [s["erased"] for s in after["segments"]] == [True, True, True]
    assert after["off_records"] == after["session"]["off_records"] != []


def test_what_somebody_pinned_before_stays_and_what_a_model_wrote_since_goes(cast, running):
    line = say(running, "I ran the payments team", at_ms=20_000)

    def card(content, quote, segment, source):
        return cards.store_finding(
            session_id=running.pk,
            finding=Finding(Kind.QUESTION, content, quote, (str(segment.pk),)),
            state="complete",
            source=source,
        )

    pinned = card("What did the team do?", "payments team", line, "llm")
    gone = say(running, f"we sold {CANARY} then", at_ms=58_000)
    cards.give_feedback(session=running, insight_id=pinned.pk, feedback="pinned")
    late = card("Who were they with?", "payments team", line, "llm")
    by_rule = card("How large was it?", "payments team", line, "rules")
    about = card(f"Why {CANARY}?", f"sold {CANARY}", gone, "rules")
    go_off(cast.olga, running, 10)
    for row in (pinned, late, by_rule, about):
        row.refresh_from_db()
    assert (pinned.state, pinned.content) == ("complete", "What did the team do?")
    assert (by_rule.state, by_rule.content) == ("complete", "How large was it?")
    assert (late.state, late.content, late.quote) == ("superseded", "", "")
    assert (about.state, about.content, about.quote) == ("superseded", "", "")


@pytest.fixture
def llm_server():
    server = behave.LlmServer()
    yield server
    server.close()


@pytest.fixture
def configured(settings, llm_server):
    settings.INTERVIEW_LLM_BASE_URL = llm_server.base_url
    settings.INTERVIEW_LLM_MODEL = llm_server.model
    settings.INTERVIEW_LLM_API_KEY = "test"
    return llm_server


@pytest.mark.django_db(transaction=True)
def test_an_analysis_under_way_stores_nothing_of_it(cast, running, configured):
    """The model has been sent the line; its answer comes when the line is gone."""
    say(running, "I added a connection pool and that helped", at_ms=20_000)
    say(running, f"I moved the slow reports to {CANARY} then", at_ms=57_000)
    analysis.mark_segment(session_id=running.pk)
    item = {**behave.HIGHLIGHT, "quote": "I added a connection pool", "content": f"Knows {CANARY}."}
    told = behave.answer(item, digest=f"{CANARY} was told.")

    def slow(server, http):
        server.reached.set()
        assert server.released.wait(20)
        behave.streams(told)(server, http)

    configured.behaviour = slow
    worker = threading.Thread(
        target=lambda: (analysis.analyze_session(session_id=running.pk), connection.close())
    )
    worker.start()
    try:
        assert configured.reached.wait(20)
        assert go_off(cast.olga, running, 10).status_code == 200
    finally:
        configured.released.set()
        worker.join(20)
    assert configured.requests, "the model was asked"
    assert CANARY not in everything(running)
    state = AnalysisState.objects.get()
    assert (state.digest, state.lease_token) == (None, None)
    # What is left is read anew.
    configured.behaviour = behave.streams(behave.answer({**item, "content": "Names the fix."}))
    AnalysisState.objects.update(next_due=None)
    analysis.analyze_session(session_id=running.pk)
    assert "Names the fix." in [card.content for card in running.insights.all()]


def test_no_analysis_follows_up_what_was_being_said(cast, running, settings, configured):
    settings.INTERVIEW_LLM_PREDICTION = True
    words = f"I was telling you about {CANARY} and the way we did things over there"
    assert prediction.heard(running.pk, "candidate", words)
    go_off(cast.olga, running)
    assert sealed_cache.kept(running, prediction.HEARD) is None
    assert not prediction.heard(running.pk, "candidate", words)
    assert sealed_cache.kept(running, prediction.HEARD) is None
    prediction.prefetch(running.pk)
    assert configured.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_being_stored_meanwhile_is_held_to_it(cast, running):
    """Whoever is second to hold the interview sees what the first has done."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    begun = threading.Barrier(2)
    failures = []

    def store():
        try:
            begun.wait(10)
            for n in range(20):
                say(running, f"number {n} {CANARY}", at_ms=58_000 + 100 * n)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=store)
    worker.start()
    begun.wait(10)
    go_off(cast.olga, running, 30)
    worker.join(30)
    assert failures == []
    assert CANARY not in everything(running)


async def test_watchers_hear_it_and_no_words_after_it(hush, scripted, cast, settings, tmp_path):
    """While it lasts recorders are told, and what the scripted engine says reaches nobody."""
    from channels.db import database_sync_to_async

    from tests.factories import go_live
    from transcription import speech

    script = tmp_path / "script.json"
    script.write_text(json.dumps([[2 * (n + 1), f"{CANARY} number {n}"] for n in range(30)]))
    settings.INTERVIEW_SCRIPT = str(script)
    speech.engine_config.cache_clear()
    session = await database_sync_to_async(go_live)(cast.session)
    path = f"/ws/sessions/{session.pk}"
    async with (
        connected(f"{path}/audio/candidate/", cast.olga) as audio,
        connected(f"{path}/live/", cast.sam) as watcher,
    ):
        await audio.say(type="start", encoding="pcm_s16le", sample_rate=16_000)
        ready = await audio.hear_until("ready")
        assert ready["off_record"] is False

        async def sound(seconds):
            for _ in range(seconds):
                await audio.send_to(bytes_data=b"\1\0" * 16_000)

        await sound(3)
        await watcher.hear_until("segment")
        answer = await database_sync_to_async(go_off)(cast.olga, session, 120)
        assert answer.status_code == 200
        assert (await audio.hear_until("record")) == {"type": "record", "off": True, "seconds": 120}
        state = (await watcher.hear_until("session"))["state"]
        assert state["off_record"] == {"since_ms": 0}
        await sound(8)
        await audio.say(type="stop")
        await audio.hear_until("stopped")
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not await watcher.receive_nothing(0.2, 0.02):
            message = await watcher.receive_json_from()
            assert CANARY not in json.dumps(message), message["type"]
    left = await database_sync_to_async(lambda: [s.text for s in Segment.objects.all()])()
    assert not any(left)
    assert await database_sync_to_async(lambda: Stream.objects.get().durable)() > 0


async def test_a_recorder_that_comes_meanwhile_is_told(hush, scripted, cast):
    from channels.db import database_sync_to_async

    from tests.factories import go_live

    session = await database_sync_to_async(go_live)(cast.session)
    await database_sync_to_async(go_off)(cast.olga, session)
    async with connected(f"/ws/sessions/{session.pk}/audio/candidate/", cast.olga) as audio:
        await audio.say(type="start", encoding="pcm_s16le", sample_rate=16_000)
        assert (await audio.hear_until("ready"))["off_record"] is True
        await database_sync_to_async(go_on)(cast.olga, session)
        assert (await audio.hear_until("record"))["off"] is False


def test_the_analysis_starts_over_where_it_was_broken_off(cast, running, monkeypatch):
    say(running, "I added a connection pool", at_ms=20_000)
    analysis.mark_segment(session_id=running.pk)
    asked = []
    monkeypatch.setattr(tasks.analyze, "apply_async", lambda args, **_: asked.append(args))
    with TestCase.captureOnCommitCallbacks(execute=True):
        go_off(cast.olga, running, 10)
    assert asked == [[str(running.pk)]]
    cache.clear()
