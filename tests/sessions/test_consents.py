"""Consent: the newest answer counts, and a withdrawal stops what is recorded, at once."""

from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from sessions import access, candidates, consents, notices, services
from sessions.models import ConsentRecord, Session
from sessions.queries import has_consent
from sessions.signals import consent_withdrawn
from tests.factories import client_of, go_live, make_session, make_upload, say
from tests.sockets import connected
from transcription import services as transcripts
from transcription import streams, uploads
from transcription.models import Segment, Upload
from transcription.pipeline import SegmentDraft

START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
SECOND = bytes(32_000)
in_database = database_sync_to_async


def agree(session, **how):
    return consents.record_consent(
        session=session, noted_by=session.owner, **{"method": "verbal", **how}
    )


def newest(session):
    return has_consent(Session.objects.get(pk=session.pk))


# --- answers -------------------------------------------------------------------------------------


def test_the_newest_answer_counts_whatever_the_clock_says(cast):
    session = cast.session
    agree(session)
    ahead = session.consents.get()
    ConsentRecord.objects.update(given_at=timezone.now() + timedelta(hours=1))
    consents.refuse(session=session, method="verbal", by=cast.olga)
    assert not newest(session)
    agree(session)
    assert newest(session)
    times = list(session.consents.values_list("given_at", flat=True))
    assert len(set(times)) == 3
    ahead.refresh_from_db()
    assert ahead.withdrawn_at is not None  # who says no takes an earlier yes back


def test_who_said_no_is_not_recorded_until_they_say_yes(cast):
    consents.refuse(session=cast.session, method="written", by=cast.olga)
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)
    agree(cast.session)
    assert services.start_session(session=cast.session).status == "live"


def test_nobody_agrees_to_what_has_ended(live):
    services.end_session(session=live)
    with pytest.raises(DomainError, match="ended"):
        agree(live)
    assert live.consents.count() == 1


def test_the_record_keeps_what_was_shown_sealed(cast):
    cast.session.language = "de"
    cast.session.save()
    agree(cast.session, given_by=" Daniel Reyes ")
    record = ConsentRecord.objects.get()
    shown = notices.notice_for(cast.session)
    assert record.notice == {"language": "de", "country": "US", "text": shown.text}
    assert record.notice_version == shown.version
    column = ConsentRecord.objects.values_list("notice", "given_by").get()
    assert all(b"Daniel" not in bytes(cell) and b"Here" not in bytes(cell) for cell in column)


def test_there_is_nothing_to_withdraw_without_a_yes(cast):
    for _ in range(2):
        with pytest.raises(DomainError, match="no_consent"):
            consents.withdraw(session=cast.session, method="verbal", by=cast.olga)
        consents.refuse(session=cast.session, method="verbal", by=cast.olga)


def test_the_audit_says_who_answered_how(cast):
    client = client_of(cast.olga)
    path = f"/api/v1/sessions/{cast.session.pk}/consent/"
    client.post(path, {"method": "written", "given_by": "Daniel"}, "application/json")
    client.post(f"{path}withdrawn/", {"method": "verbal"}, "application/json")
    client.post(f"{path}refused/", {"method": "verbal"}, "application/json")
    kinds = [Event.CONSENT_RECORDED, Event.CONSENT_WITHDRAWN, Event.CONSENT_REFUSED]
    entries = AuditEntry.objects.filter(action__in=kinds).order_by("at")
    assert [entry.action for entry in entries] == kinds
    assert {(entry.actor_id, entry.via) for entry in entries} == {(cast.olga.pk, "api")}
    assert "Daniel" not in str([entry.details for entry in entries])


def test_the_state_says_what_was_answered_when_and_how(cast):
    client = client_of(cast.olga)
    path = f"/api/v1/sessions/{cast.session.pk}/consent/"

    def state():
        told = client.get(f"/api/v1/sessions/{cast.session.pk}/").json()["consent"]
        return told["given"], told["answer"], told["method"]

    assert state() == (False, None, "")
    answer = client.post(path, {"method": "written"}, "application/json")
    assert (answer.status_code, state()) == (201, (True, "agreed", "written"))
    answer = client.post(f"{path}withdrawn/", {"method": "verbal"}, "application/json")
    assert (answer.status_code, state()) == (200, (False, "withdrawn", "verbal"))
    answer = client.post(f"{path}refused/", {"method": "written"}, "application/json")
    assert (answer.status_code, state()) == (201, (False, "refused", "written"))
    assert answer.json()["consent"]["notice"].startswith("builtin-")


# --- withdrawal ----------------------------------------------------------------------------------


def test_a_withdrawal_ends_what_is_live_and_keeps_what_was_said(live, cast):
    line = say(live, "I led the migration.")
    consents.withdraw(session=live, method="verbal", by=cast.olga)
    assert (live.status, live.segments.get().pk) == ("ended", line.pk)
    assert live.expires_at - live.ended_at == timedelta(hours=24)
    answer = client_of(cast.olga).get(f"/api/v1/sessions/{live.pk}/summary/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")


def test_it_stands_though_something_that_should_stop_fails(live, caplog):
    def broken(sender, **kwargs):
        raise RuntimeError("Zanzibar")

    consent_withdrawn.connect(broken)
    try:
        consents.withdraw(session=live, method="verbal")
    finally:
        consent_withdrawn.disconnect(broken)
    assert (newest(live), live.status) == (False, "ended")
    assert "Zanzibar" not in caplog.text


def test_words_that_come_after_it_are_refused_replays_as_well(live):
    opened = transcripts.open_stream(session_id=live.pk, role="candidate", offset=0, origin_ms=0)
    draft = SegmentDraft("I led it.", (), 0, 16_000, 0.9, "scripted", {})
    later = SegmentDraft("And more.", (), 16_000, 32_000, 0.9, "scripted", {})
    transcripts.save_segment(opened=opened, draft=draft, language="en")
    consents.withdraw(session=live, method="link")
    for said in (draft, later):
        with pytest.raises(DomainError, match="no_consent"):
            transcripts.save_segment(opened=opened, draft=said, language="en")
    assert live.segments.count() == 1


@pytest.mark.parametrize("waiting", [False, True])
def test_it_stops_a_recording_that_is_written_down_and_erases_nothing(
    cast, waiting, django_capture_on_commit_callbacks
):
    upload = make_upload(cast.olga, cast.organization)
    if waiting:
        Upload.objects.update(state="waiting", roles=["room"], received=upload.size)
        lease = uploads.claim(upload.pk)
    path = uploads._path(upload.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sealed")
    with django_capture_on_commit_callbacks(execute=True):
        consents.withdraw(session=upload.session, method="verbal", by=cast.olga)
    upload.refresh_from_db()
    assert (upload.state, upload.session.status) == ("cancelled", "ended")
    assert upload.session.expires_at is not None
    assert not path.exists()
    if waiting:
        with pytest.raises(uploads.Lost):
            uploads.remember(lease, 5_000)


def test_a_recording_whose_stop_was_missed_is_not_taken_up(cast):
    upload = make_upload(cast.olga, cast.organization)
    Upload.objects.update(state="waiting", roles=["room"], received=upload.size)
    ConsentRecord.objects.update(withdrawn_at=timezone.now())
    assert uploads.claim(upload.pk) is None
    upload.refresh_from_db()
    assert upload.state == "cancelled"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("hush")
async def test_the_candidate_stops_it_while_audio_is_sent(scripted, cast, client):
    """Both channels send; the candidate withdraws on their page; nothing is stored after that."""
    session = cast.session
    await in_database(go_live)(session)
    _link, path = await in_database(candidates.make_link)(session=session, by=cast.olga)
    page = await in_database(client.get)(path, follow=True)
    of = page.context["link"].pk
    audio = f"/ws/sessions/{session.pk}/audio"
    async with (
        connected(f"/ws/sessions/{session.pk}/live/", cast.sam) as watching,
        connected(f"{audio}/candidate/", cast.olga) as one,
        connected(f"{audio}/interviewer/", cast.olga) as other,
    ):
        for socket in (one, other):
            await socket.say(**START)
            await socket.hear_until("ready")
            for _ in range(3):
                await socket.send_to(bytes_data=SECOND)
            await socket.hear_until("ack", durable=2 * 16_000)
        before = await Segment.objects.filter(session=session).acount()
        assert before == 2
        answer = await in_database(client.post)("/candidate/withdraw/", {"of": of})
        assert answer.status_code == 302
        for socket in (one, other):
            await socket.send_to(bytes_data=SECOND * 2)
            assert (await socket.hear_until("error"))["code"] == "no_consent"
            assert await socket.close_code() == 4403
        told = (await watching.hear_until("session"))["state"]
        while told.get("status") != "ended":
            told = (await watching.hear_until("session"))["state"]
        assert told["consent"]["answer"] == "withdrawn"
    assert await Segment.objects.filter(session=session).acount() == before
    async with connected(f"{audio}/candidate/", cast.olga) as late:
        await late.say(**START)
        assert (await late.hear())["code"] == "ended"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("hush")
async def test_a_stream_that_was_not_told_stops_at_its_next_words(scripted, cast, monkeypatch):
    """The message to the recorders may be lost: what is heard then is neither shown nor kept."""
    monkeypatch.setattr(streams, "HEED_SECONDS", 0)
    await in_database(go_live)(cast.session)
    async with connected(f"/ws/sessions/{cast.session.pk}/audio/candidate/", cast.olga) as socket:
        await socket.say(**START)
        await socket.hear_until("ready")
        await ConsentRecord.objects.aupdate(withdrawn_at=timezone.now())
        await socket.send_to(bytes_data=SECOND)  # not a whole utterance
        assert (await socket.hear_until("error"))["code"] == "no_consent"
        assert await socket.close_code() == 4403
    assert not await Segment.objects.filter(session=cast.session).aexists()


def test_a_withdrawal_before_the_start_leaves_a_draft(cast):
    session = make_session(cast.olga, cast.organization)
    agree(session)
    consents.withdraw(session=session, method="written", by=cast.olga)
    assert session.status == "draft"
    agree(session)
    assert services.start_session(session=session).status == "live"


def test_a_start_that_waited_for_a_refusal_finds_no_consent(cast, monkeypatch):
    """The answer holds the interview's row: who waits for it reads what came of it."""
    agree(cast.session)
    lock = access.lock_session

    def waited(session_id):
        monkeypatch.setattr(access, "lock_session", lock)
        consents.refuse(session=cast.session, method="link")
        return lock(session_id)

    monkeypatch.setattr(access, "lock_session", waited)
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)
    assert Session.objects.get(pk=cast.session.pk).status == "draft"
