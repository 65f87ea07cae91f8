"""Recordings that become interviews: received in parts, written down, forgotten."""

import errno
import io
import json
import os
import signal
import threading
import time
import urllib.request
import uuid
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

import av
import numpy as np
import pytest
from daphne.http_protocol import WebRequest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from copilot.api import MAX_BODY, SmallBodies, keep_in_memory
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from sessions import notices, retention
from sessions.models import Session
from sessions.services import end_session, start_session
from tests import product
from tests.client import ProductClient
from tests.factories import make_token, make_upload
from transcription import hearing, speech, uploads
from transcription.engines.scripted import ScriptedRecognizer
from transcription.models import Segment, Upload

pytestmark = pytest.mark.django_db(transaction=True)

LINES = [(float(second), f"line {second} has these words") for second in range(3, 24, 3)]


@pytest.fixture(autouse=True)
def _place(settings, tmp_path):
    settings.INTERVIEW_UPLOADS_DIR = tmp_path / "uploads"
    settings.INTERVIEW_ENGINES = {"en": "scripted"}
    settings.INTERVIEW_SCRIPT = str(tmp_path / "script.json")
    (tmp_path / "script.json").write_text(json.dumps(LINES))
    speech.engine_config.cache_clear()
    yield
    speech.engine_config.cache_clear()


@pytest.fixture(scope="module")
def recording():
    """Sound on two channels, 1.5 MB: two parts."""
    return sound(24, 2)


def sound(seconds, channels, codec="pcm_s16le", container="wav", same=False):
    at = np.arange(16_000 * seconds) / 16_000
    waves = [
        8000 * np.sin(2 * np.pi * (200 if same else 200 + 90 * k) * at) for k in range(channels)
    ]
    samples = np.stack(waves, axis=1).astype(np.int16).reshape(1, -1)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=16_000, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate = 16_000
        frame.pts = 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


@pytest.fixture
def olga(cast):
    cast.organization.analysis_enabled = False  # takes time, and is tested elsewhere
    cast.organization.save()
    client = Client()
    client.force_login(cast.olga)
    return client


def announce(client, size, **fields):
    body = {"title": "Recorded", "size": size, "consent": {"method": "written"}, **fields}
    return client.post("/api/v1/uploads/", json.dumps(body), content_type="application/json")


def put(client, upload, offset, content):
    address = f"/api/v1/uploads/{upload}/content/?offset={offset}"
    return client.put(address, content, content_type="application/octet-stream")


def send(client, content, part=800_000, **fields):
    """Announce and send a recording; return its id."""
    upload = announce(client, len(content), **fields).json()["id"]
    for offset in range(0, len(content), part):
        answer = put(client, upload, offset, content[offset : offset + part])
        assert answer.status_code == 200, answer.content
    return upload


def finish(client, upload):
    return client.post(f"/api/v1/uploads/{upload}/finish/")


def row(upload):
    return Upload.objects.get(pk=upload)


def ready(client, content, **fields):
    upload = send(client, content, **fields)
    answer = finish(client, upload)
    assert answer.status_code == 200, answer.content
    return row(upload)


def write_down(upload):
    while hearing.hear(upload.pk):
        pass
    upload.refresh_from_db()
    return upload


def said(session_id):
    return [
        (s.role, s.text, s.start_ms, s.end_ms, [w[:3] for w in s.words])
        for s in Segment.objects.filter(session_id=session_id).order_by("role", "start_ms")
    ]


def files():
    folder = django_settings.INTERVIEW_UPLOADS_DIR
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- receiving -----------------------------------------------------------------------------------


def test_a_broken_connection_goes_on_where_it_was(olga, recording):
    upload = announce(olga, len(recording), roles=["candidate", "interviewer"]).json()["id"]
    assert put(olga, upload, 0, recording[:800_000]).json()["received"] == 800_000
    again = put(olga, upload, 0, recording[:800_000])  # its answer was lost
    assert (again.status_code, again.json()["received"]) == (200, 800_000)
    for wrong in (700_000, 900_000):
        refused = put(olga, upload, wrong, recording[wrong : wrong + 300_000])
        assert refused.status_code == 409
        assert refused.json()["code"] == "wrong_offset"
        assert refused.json()["received"] == 800_000
    refused = finish(olga, upload)
    assert (refused.status_code, refused.json()["code"]) == (409, "incomplete")
    assert olga.get(f"/api/v1/uploads/{upload}/").json()["received"] == 800_000
    put(olga, upload, 800_000, recording[800_000:])
    with uploads.open_file(row(upload)) as file:
        assert file.read() == recording
    assert finish(olga, upload).json()["state"] == "waiting"
    assert finish(olga, upload).json()["state"] == "waiting"  # said twice
    assert row(upload).roles == ["candidate", "interviewer"]
    assert row(upload).duration_ms == 24_000
    late = put(olga, upload, len(recording), b"more")
    assert (late.status_code, late.json()["code"]) == (409, "not_receiving")


@pytest.mark.parametrize(
    ("offset", "length", "code"),
    [
        (0, 10, "bad_part"),
        (0, 0, "bad_part"),
        (999_000, 70_000, "bad_part"),
        ("x", 9, "bad_offset"),
    ],
)
def test_parts_that_are_no_good_are_refused_and_lose_nothing(olga, recording, offset, length, code):
    upload = announce(olga, 1_000_000).json()["id"]
    put(olga, upload, 0, recording[:100_000])
    answer = put(olga, upload, offset, bytes(length))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert row(upload).received == 100_000


def test_a_part_that_was_lost_on_the_disk_is_asked_for_again(olga, recording):
    upload = announce(olga, len(recording)).json()["id"]
    put(olga, upload, 0, recording[:800_000])
    uploads.remove_file(row(upload).pk)
    refused = put(olga, upload, 800_000, recording[800_000:])
    assert refused.json()["received"] == 0
    assert put(olga, upload, 0, recording[:800_000]).status_code == 200


def test_a_part_that_the_disk_has_no_room_for_is_refused_and_can_come_again(olga, recording):
    upload = announce(olga, len(recording)).json()["id"]
    assert put(olga, upload, 0, recording[:800_000]).status_code == 200
    with patch("copilot.lib.sealed_file.os.fsync", side_effect=OSError(errno.ENOSPC, "full")):
        answer = put(olga, upload, 800_000, recording[800_000:])
    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert row(upload).received == 800_000
    assert put(olga, upload, 800_000, recording[800_000:]).status_code == 200
    assert finish(olga, upload).status_code == 200


def test_on_disk_nothing_is_in_clear_and_no_other_key_opens_it(olga, cast, recording):
    upload = row(send(olga, recording))
    folder = django_settings.INTERVIEW_UPLOADS_DIR
    path = folder / str(upload.pk)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    stored = path.read_bytes()
    assert all(recording[at : at + 16] not in stored for at in range(0, 4000, 16))
    upload.session = cast.session  # another interview, another key
    with uploads.open_file(upload) as file, pytest.raises(CryptoError):
        file.read(1)


@pytest.mark.parametrize(
    ("settings_", "fields", "status", "code"),
    [
        ({}, {"size": 10**10}, 413, "too_large"),
        ({"INTERVIEW_LIMIT_UPLOADS_USER": 0}, {}, 429, "too_many_uploads"),
        ({"INTERVIEW_LIMIT_UPLOADS_ORGANIZATION": 0}, {}, 429, "too_many_uploads"),
        ({}, {"consent": None}, 400, "invalid"),
        ({}, {"consent": {"method": "link"}}, 400, "invalid"),
        ({}, {"roles": ["room", "candidate"]}, 400, "bad_roles"),
        ({}, {"language": "xx"}, 400, "language_off"),
        ({"INTERVIEW_ENGINES": {"en": "vosk"}}, {}, 503, "engine_unavailable"),
    ],
)
def test_what_speaks_against_it_is_said_before_a_byte_is_sent(
    olga, settings, tmp_path, settings_, fields, status, code
):
    settings.INTERVIEW_MODELS_DIR = tmp_path  # none installed
    for name, value in settings_.items():
        setattr(settings, name, value)
    speech.engine_config.cache_clear()
    before = Session.objects.count()
    answer = announce(olga, fields.pop("size", 1000), **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (Session.objects.count(), Upload.objects.count(), files()) == (before, 0, [])


def test_without_consent_and_without_room_nothing_begins(olga):
    body = {"title": "Recorded", "size": 1000}
    answer = olga.post("/api/v1/uploads/", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "no_consent")
    with patch.object(uploads, "RESERVE_BYTES", 2**60):
        answer = announce(olga, 1000)
    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert announce(olga, 1000).status_code == 201


@pytest.mark.parametrize("model", ["", "http://127.0.0.1:9"])
def test_the_candidate_agrees_to_a_notice_about_a_recording(olga, settings, model):
    settings.INTERVIEW_LLM_BASE_URL = model
    upload = Upload.objects.get(pk=announce(olga, 1000).json()["id"])
    shown = notices.notice_for(upload.session, recording=True)
    assert upload.session.consents.get().notice_version == shown.version
    assert shown.version != notices.notice_for(upload.session).version
    page = olga.get("/sessions/upload/").content.decode()
    assert all(part in page for part in shown.text.split("\n\n"))
    assert "while we talk" not in page


def test_limits_count_what_is_under_way(olga, settings):
    settings.INTERVIEW_LIMIT_UPLOADS_USER = 1
    first = announce(olga, 1000).json()["id"]
    assert announce(olga, 1000).status_code == 429
    assert olga.delete(f"/api/v1/uploads/{first}/").status_code == 204
    assert announce(olga, 1000).status_code == 201


def test_it_leaves_a_trace_and_nobody_can_record_into_it(cast):
    upload = make_upload(cast.olga, cast.organization)
    entry = AuditEntry.objects.get(action="session.uploaded")
    assert (entry.object_id, entry.details["bytes"]) == (str(upload.session_id), 1_000_000)
    session = Session.objects.get(pk=upload.session_id)
    assert session.status == "processing"
    for act in (start_session, end_session):
        with pytest.raises(DomainError) as refused:
            act(session=session)
        assert refused.value.status == 409


def test_tokens_write_by_scope_and_only_small_bodies_pass_elsewhere(cast, recording):
    headers = {"Authorization": f"Bearer {make_token(cast.olga, cast.organization, 'write')}"}
    writer = Client(headers=headers)
    upload = send(writer, recording)
    assert finish(writer, upload).status_code == 200
    reader = Client(
        headers={"Authorization": f"Bearer {make_token(cast.olga, cast.organization, 'read')}"}
    )
    assert announce(reader, 1000).status_code == 403
    assert put(reader, upload, 0, b"x").status_code == 403
    assert reader.get(f"/api/v1/uploads/{upload}/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "length", "passes"),
    [
        ("PUT", "content/", uploads.PART_BYTES, True),
        ("PUT", "content/", uploads.PART_BYTES + 1, False),
        ("POST", "content/", MAX_BODY + 1, False),
        ("PUT", "", MAX_BODY + 1, False),
        ("PUT", "finish/content/", MAX_BODY + 1, False),
    ],
)
async def test_only_parts_of_recordings_may_be_large(method, path, length, passes):
    came, answers = [], []

    async def application(scope, receive, send):
        came.append(len((await receive()).get("body", b"")))

    async def receive():
        return {"type": "http.request", "body": bytes(length), "more_body": False}

    async def send(message):
        answers.append(message.get("status"))

    for said in ([(b"content-length", str(length).encode())], []):
        scope = {
            "type": "http",
            "method": method,
            "path": f"/api/v1/uploads/{uuid.uuid4()}/{path}",
            "headers": said,
        }
        await SmallBodies(application)(scope, receive, send)
    assert came == (
        [length, length] if passes else [0]
    )  # of the second not even the length is known
    assert answers == ([] if passes else [413, None, 413, None])


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        (b"PUT", b"/api/v1/uploads/%s/content/?offset=0", uploads.PART_BYTES),
        (b"PUT", b"/api/v1/uploads/%s/%%63ontent/", uploads.PART_BYTES),
        (b"POST", b"/api/v1/uploads/%s/content/", 2_621_440),
        (b"POST", b"/join/?%s", 2_621_440),
    ],
)
def test_a_part_waits_in_memory_and_what_is_too_much_waits_nowhere(method, path, most):
    keep_in_memory()
    uri = path % str(uuid.uuid4()).encode()
    request = SimpleNamespace(channel=SimpleNamespace(_command=method, _path=uri))
    for length in (100_000_000, None):
        WebRequest.gotLength(request, length)
        for _ in range(10):
            request.content.write(bytes(1_000_000))
        assert isinstance(request.content, io.BytesIO)
        assert len(request.content.getbuffer()) == most + 1
    assert django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE > uploads.PART_BYTES


# --- what is no recording ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head", [b"%PDF-1.7", b"#EXTM3U\n", b"ffconcat version 1.0", b"RIFF0000AVI "]
)
def test_what_is_no_audio_ends_the_upload_at_its_first_bytes(olga, head):
    upload = announce(olga, 1_000_000).json()["id"]
    answer = put(olga, upload, 0, head + bytes(100_000))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_audio")
    assert not Upload.objects.exists()
    assert not Session.objects.filter(title="Recorded").exists()
    assert files() == []


def test_too_many_channels_and_no_sound_are_told_at_the_end(olga):
    for content, code in (
        (sound(2, 6), "too_many_channels"),
        (b"fLaC" + os.urandom(70_000), "unsupported_audio"),
        (sound(2, 1)[:40], "unsupported_audio"),
    ):
        upload = send(olga, content)
        answer = finish(olga, upload)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert str(upload) not in answer.content.decode()
        assert files() == []
    assert not Session.objects.filter(title="Recorded").exists()


def test_too_long_is_told_by_the_head_or_while_it_is_heard(olga, monkeypatch, recording):
    monkeypatch.setattr(uploads, "LONGEST_S", 12)
    upload = send(olga, recording)
    assert finish(olga, upload).json()["code"] == "too_long"
    monkeypatch.setattr(uploads, "LONGEST_S", 3600)
    upload = ready(olga, recording)
    monkeypatch.setattr(uploads, "LONGEST_S", 12)
    write_down(upload)
    assert (upload.state, upload.error) == ("failed", "too_long")
    assert said(upload.session_id)


def test_one_voice_on_two_channels_is_one_channel(olga):
    assert ready(olga, sound(3, 2)).roles == ["interviewer", "candidate"]
    assert ready(olga, sound(3, 2, same=True)).roles == ["room"]
    upload = ready(olga, sound(3, 2), roles=["candidate"])
    assert upload.roles == ["candidate"]
    assert {role for role, *_ in said(write_down(upload).session_id)} == {"candidate"}


# --- writing it down -----------------------------------------------------------------------------


def test_a_recording_becomes_an_interview(olga, recording):
    before = timezone.now()
    upload = write_down(ready(olga, recording))
    assert (upload.state, upload.error, upload.done_ms) == ("done", "", 24_000)
    assert files() == []
    session = Session.objects.get(pk=upload.session_id)
    assert session.status == "ended"
    assert session.elapsed() == timedelta(seconds=24)
    assert session.expires_at > before + timedelta(hours=23)
    transcript = said(session.pk)
    assert [text for _role, text, *_ in transcript] == 2 * [text for _end, text in LINES]
    assert {role for role, *_ in transcript} == {"interviewer", "candidate"}
    assert all(end - start < 3000 for _role, _text, start, end, _words in transcript)
    snapshot = olga.get(f"/api/v1/sessions/{session.pk}/snapshot/").json()
    assert snapshot["upload"]["state"] == "done"
    assert snapshot["session"]["status"] == "ended"


@pytest.mark.parametrize(("codec", "container"), [("aac", "mp4"), ("libopus", "webm")])
def test_a_packed_recording_is_heard_in_slices_as_in_one(olga, monkeypatch, codec, container):
    content = sound(24, 2, codec, container)
    whole = said(write_down(ready(olga, content)).session_id)
    assert len(whole) == 2 * len(LINES)
    monkeypatch.setattr(hearing, "SLICE_S", 0)
    upload = ready(olga, content)
    slices = 1
    while hearing.hear(upload.pk):
        slices += 1
    assert slices > 3
    assert said(upload.session_id) == whole


def test_slices_and_a_worker_that_breaks_down_change_nothing(olga, recording, monkeypatch):
    whole = said(write_down(ready(olga, recording)).session_id)
    monkeypatch.setattr(hearing, "SLICE_S", 0)
    upload = ready(olga, recording)
    heard = ScriptedRecognizer.accept
    calls = 0

    def sometimes(self, pcm, **options):
        nonlocal calls
        calls += 1
        if calls % 5 == 4:
            raise RuntimeError("broken")
        return heard(self, pcm, **options)

    monkeypatch.setattr(ScriptedRecognizer, "accept", sometimes)
    rounds = 0
    while row(upload.pk).state in uploads.DUE:
        hearing.hear(upload.pk)
        rounds += 1
    assert row(upload.pk).state == "done"
    assert rounds > 5
    assert said(upload.session_id) == whole


def test_poison_is_given_up_after_three_attempts_and_what_was_heard_stays(
    olga, recording, monkeypatch
):
    heard = ScriptedRecognizer.accept

    def poisoned(self, pcm, **options):
        if self._position > 12 * 16_000:
            raise RuntimeError("broken")
        return heard(self, pcm, **options)

    monkeypatch.setattr(ScriptedRecognizer, "accept", poisoned)
    upload = ready(olga, recording)
    rounds = 0
    while uploads.overdue():
        hearing.hear(upload.pk)
        rounds += 1
    upload.refresh_from_db()
    assert (upload.state, upload.error) == ("failed", "no_progress")
    assert rounds <= 6
    assert 0 < len(said(upload.session_id)) < 2 * len(LINES)
    assert Session.objects.get(pk=upload.session_id).status == "ended"
    assert files() == []


def test_what_a_damaged_recording_still_holds_is_kept(olga):
    content = bytearray(sound(24, 1, "flac", "flac"))
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    upload = write_down(ready(olga, bytes(content)))
    assert (upload.state, upload.error) == ("failed", "damaged_audio")
    assert 0 < len(said(upload.session_id)) < len(LINES)
    session = Session.objects.get(pk=upload.session_id)
    assert session.status == "ended"
    assert timedelta(seconds=6) < session.elapsed() < timedelta(seconds=24)
    assert files() == []


def test_a_lost_file_ends_it_in_so_many_words(olga, recording):
    upload = ready(olga, recording)
    uploads.remove_file(upload.pk)
    assert write_down(upload).error == "unreadable"


def test_one_of_two_workers_writes_it_down(olga, recording):
    upload = ready(olga, recording)
    first = uploads.claim(upload.pk)
    assert uploads.claim(upload.pk) is None
    assert hearing.hear(upload.pk) is False
    assert uploads.overdue() == []
    Upload.objects.filter(pk=upload.pk).update(lease_until=timezone.now())  # it sleeps too long
    assert uploads.overdue() == [upload.pk]
    second = uploads.claim(upload.pk)
    for late in (uploads.remember, uploads.complete):
        with pytest.raises(uploads.Lost):
            late(first, 1000)
    uploads.release(first)
    uploads.remember(second, 1000)
    assert uploads.claim(upload.pk) is None
    uploads.release(second)
    assert write_down(upload).state == "done"


def test_workers_that_race_write_every_line_once(olga, recording):
    upload = ready(olga, recording)
    together = threading.Barrier(4)
    failures = []

    def work():
        together.wait()
        try:
            hearing.hear(upload.pk)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    write_down(upload)
    assert upload.state == "done"
    assert len(said(upload.session_id)) == 2 * len(LINES)


def test_one_recording_at_a_time(olga, recording, settings):
    first, second = ready(olga, recording), ready(olga, recording)
    held = uploads.claim(first.pk)
    assert uploads.claim(second.pk) is None
    settings.INTERVIEW_UPLOAD_WORKERS = 2
    assert uploads.overdue() == [second.pk]
    settings.INTERVIEW_UPLOAD_WORKERS = 1
    uploads.release(held)
    assert uploads.overdue() == [first.pk]
    write_down(first)
    assert uploads.overdue() == [second.pk]


# --- ends ----------------------------------------------------------------------------------------


def test_cancelled_while_it_is_written_down_it_keeps_what_is_there(olga, recording, monkeypatch):
    upload = ready(olga, recording)
    remember = uploads.remember

    def cancelled(lease, done_ms):
        assert olga.delete(f"/api/v1/uploads/{upload.pk}/").status_code == 204
        remember(lease, done_ms)

    monkeypatch.setattr(uploads, "remember", cancelled)
    monkeypatch.setattr(hearing, "TELL_S", 0)
    assert hearing.hear(upload.pk) is False
    assert row(upload.pk).state == "cancelled"
    assert 0 < len(said(upload.session_id)) < len(LINES)
    assert Session.objects.get(pk=upload.session_id).status == "ended"
    assert files() == []
    assert olga.delete(f"/api/v1/uploads/{upload.pk}/").status_code == 204  # said twice
    assert hearing.hear(upload.pk) is False


def test_cancelled_while_it_is_sent_nothing_is_left(olga, recording):
    upload = announce(olga, len(recording)).json()["id"]
    put(olga, upload, 0, recording[:800_000])
    assert len(files()) == 1
    assert olga.delete(f"/api/v1/uploads/{upload}/").status_code == 204
    assert files() == []
    assert not Session.objects.filter(title="Recorded").exists()
    assert put(olga, upload, 800_000, recording[800_000:]).status_code == 404


def test_what_is_never_completed_and_what_belongs_to_nobody_is_removed(olga, recording):
    late, fresh = send(olga, recording), send(olga, recording)
    orphan = django_settings.INTERVIEW_UPLOADS_DIR / "11111111-1111-1111-1111-111111111111"
    orphan.write_bytes(b"x")
    foreign = django_settings.INTERVIEW_UPLOADS_DIR / "somebody's"  # the folder was not ours alone
    (foreign / "folder").mkdir(parents=True)
    (foreign.parent / "thesis.txt").write_text("five years of work")
    Upload.objects.filter(pk=late).update(created_at=timezone.now() - timedelta(hours=25))
    uploads.clear()
    assert files() == sorted([fresh, "somebody's", "thesis.txt"])
    assert [str(upload.pk) for upload in Upload.objects.all()] == [fresh]


def test_erasing_the_interview_removes_the_file(olga, recording):
    upload = ready(olga, recording)
    lease = uploads.claim(upload.pk)
    Session.objects.filter(pk=upload.session_id).update(expires_at=timezone.now())
    assert retention.run().finished == 1
    assert files() == []
    with pytest.raises(uploads.Lost):
        uploads.remember(lease, 1000)
    assert hearing.hear(upload.pk) is False


# --- the served product --------------------------------------------------------------------------

SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
here = create_organization(name="Q", slug="q")
user = User.objects.create_user("olga@q.example", "interview-demo", name="Olga Q")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
"""
MINUTES = 4
LONG = [(float(second), f"line {second} has these words") for second in range(3, MINUTES * 60, 3)]


def patiently(look, what):
    """Return the first answer that is true."""
    deadline = time.monotonic() + product.PATIENCE
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        threading.Event().wait(0.05)
    raise AssertionError(f"never came: {what}")


@pytest.mark.timeout(240)
def test_killed_in_the_middle_it_is_written_down_like_uninterrupted(tmp_path):
    script = tmp_path / "long.json"
    script.write_text(json.dumps(LONG))
    env = product.environment(
        tmp_path,
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(script),
        INTERVIEW_SWEEP_INTERVAL="0.5",
        INTERVIEW_UPLOAD_LEASE="2",
    )
    product.manage("migrate", "-v0", env=env)
    product.manage("shell", "--no-imports", "-c", SETUP, env=env)
    content = sound(MINUTES * 60, 1, "flac", "flac")
    with product.serving(env, prepare=False) as (url, process):
        olga = ProductClient(url, "olga@q.example")
        upload, session = send_to_product(olga, content)
        state = patiently(lambda: reached(olga, upload, 0.3), "a part written down")
        assert state["state"] == "processing", "it was quicker than the kill"
        process.end(signal.SIGKILL)
    assert os.listdir(tmp_path / "uploads") == [upload]
    with product.serving(env, prepare=False) as (url, _process):
        olga = ProductClient(url, "olga@q.example")
        done = patiently(lambda: reached(olga, upload, 2), "the end")
        assert (done["state"], done["error"]) == ("done", "")
        segments = olga.get(f"/sessions/{session}/snapshot/")["segments"]
        assert [(s["text"], s["end_ms"]) for s in segments] == [
            (text, round(end * 1000)) for end, text in LONG
        ]
    assert os.listdir(tmp_path / "uploads") == []


def send_to_product(client, content):
    made = client.post(
        "/uploads/", {"title": "T", "size": len(content), "consent": {"method": "written"}}
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "X-CSRFToken": client.cookies["csrftoken"],
        "Referer": client.url,
    }
    for offset in range(0, len(content), uploads.PART_BYTES):
        part = content[offset : offset + uploads.PART_BYTES]
        address = f"{client.url}/api/v1/uploads/{made['id']}/content/?offset={offset}"
        request = urllib.request.Request(address, part, headers, method="PUT")
        with client._opener.open(request, timeout=60) as answer:
            assert json.load(answer)["received"] == offset + len(part)
    client.post(f"/uploads/{made['id']}/finish/", {})
    return made["id"], made["session"]


def reached(client, upload, share):
    """Return the upload once so much of it is written down, or it is over."""
    now = client.get(f"/uploads/{upload}/")
    over = now["state"] not in {"waiting", "processing"}
    return now if over or now["done_ms"] >= share * MINUTES * 60_000 else None
