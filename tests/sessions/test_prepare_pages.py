"""Preparing an interview: who may, what is kept and refused, what may be changed when, résumés."""

import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.services import change_role
from sessions import access, resumes, retention, services
from sessions.forms import preparing
from sessions.models import Guide, Session
from tests.factories import client_of, go_live, make_session, share_until
from tests.sessions.files import docx, locked, pdf

NEW = "/sessions/new/"
RESUME = "/sessions/resume/"
GIVEN = {"title": "Screening", "language": "en", "visibility": "shared"}
MAY_CREATE = {"olga", "sam", "cora", "eve", "mia", "ada", "otto"}
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]


@pytest.fixture
def olga(cast):
    return client_of(cast.olga)


@pytest.fixture
def guide(cast):
    guide = Guide.objects.create(organization=cast.organization, title="Backend")
    design = guide.competencies.create(name="Design <1>")
    design.questions.create(text="How?", minutes=20)
    design.questions.create(text="Why?", minutes=12)
    return guide


def edit(session) -> str:
    return f"/sessions/{session.pk}/edit/"


def delete(session) -> str:
    return f"/sessions/{session.pk}/delete/"


def made(answer) -> Session:
    assert answer.status_code == 302, errors(answer)
    return Session.objects.get(pk=answer.url.split("/")[2])


def errors(answer) -> list[str]:
    found = re.findall(r'class="field-error"[^>]*>\s*([^<]+)<', answer.content.decode())
    return [unescape(text).strip() for text in found]


def level_of(session, user):
    return next(row.level for row in access.sharing(session) if row.user == user)


def as_file(data: bytes, name="cv.bin"):
    file = io.BytesIO(data)
    file.name = name
    return file


# --- new -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", PEOPLE)
def test_only_who_may_hold_interviews_can_prepare_one(cast, person):
    client = client_of(getattr(cast, person))
    before = Session.objects.count()
    allowed = person in MAY_CREATE
    assert client.get(NEW).status_code == (200 if allowed else 404)
    assert client.post(NEW, GIVEN).status_code == (302 if allowed else 404)
    assert client.post(RESUME).status_code == (400 if allowed else 404)
    assert Session.objects.count() == before + allowed


def test_strangers_sign_in_first_and_forms_need_their_token(cast):
    for path in (NEW, RESUME, edit(cast.session), delete(cast.session)):
        assert Client().post(path).url.startswith("/accounts/login/?next=")
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(cast.olga)
        assert strict.post(path, GIVEN).status_code == 403


def test_everything_given_is_kept_and_leads_to_the_interview(cast, olga, guide):
    given = {
        **GIVEN,
        "candidate_name": "Maya Chen",
        "job": "Designer",
        "profile": "Line one\r\nLine two",
        "guide": guide.pk,
        "visibility": "organization",
        f"share_{cast.mia.pk}": "comment",
        f"share_{cast.vic.pk}": "view",
        f"share_{cast.sam.pk}": "",
    }
    answer = olga.post(NEW, given)
    session = made(answer)
    assert answer.url == f"/sessions/{session.pk}/"
    assert (session.title, session.job, session.candidate_name) == (
        "Screening",
        "Designer",
        "Maya Chen",
    )
    assert session.profile == "Line one\nLine two"
    assert (session.guide, session.owner, session.organization) == (
        guide,
        cast.olga,
        cast.organization,
    )
    assert (session.planned_minutes, session.visibility) == (32, "organization")
    assert level_of(session, cast.mia) == "comment"
    assert level_of(session, cast.vic) == "view"
    assert level_of(session, cast.sam) is None
    shared = AuditEntry.objects.filter(action=Event.SESSION_SHARED, object_id=str(session.pk))
    assert shared.count() == 2


def test_a_title_is_enough(cast, olga):
    session = made(olga.post(NEW, GIVEN))
    assert (session.candidate_name, session.profile, session.guide) == (None, None, None)
    assert (session.planned_minutes, session.status) == (45, "draft")
    assert made(olga.post(NEW, {**GIVEN, "planned_minutes": "7"})).planned_minutes == 7


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(cast, olga, guide):
    given = {
        "title": " ",
        "candidate_name": "Maya <b>Chen</b>",
        "job": "D" * 161,
        "language": "tlh",
        "planned_minutes": "0",
        "guide": guide.pk,
        "profile": "<script>alert(1)</script>" + "x" * resumes.MOST_CHARS,
        "visibility": "world",
        f"share_{cast.mia.pk}": "comment",
    }
    answer = olga.post(NEW, given)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert len(errors(answer)) == 6
    assert "Give the interview a title." in errors(answer)
    assert f"{resumes.MOST_CHARS + 25} characters" in page
    assert 'value="Maya &lt;b&gt;Chen&lt;/b&gt;"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;xxx" in page
    assert "<script>alert" not in page
    assert f'value="{guide.pk}" selected' in page
    assert re.search(rf'share_{cast.mia.pk}".*?value="comment" selected', page, re.DOTALL)
    assert Session.objects.count() == 1


def test_guides_and_colleagues_of_others_are_refused(cast, olga):
    foreign = Guide.objects.create(organization=cast.elsewhere, title="Foreign guide")
    assert "Foreign guide" not in olga.get(NEW).content.decode()
    answer = olga.post(NEW, {**GIVEN, "guide": foreign.pk})
    assert "This guide is gone. Choose another one." in errors(answer)
    session = made(olga.post(NEW, {**GIVEN, f"share_{cast.otto.pk}": "comment"}))
    assert not access.sessions_visible_to(cast.otto).filter(pk=session.pk).exists()
    session = made(olga.post(NEW, {**GIVEN, f"share_{cast.lea.pk}": "comment"}))  # left
    assert not access.sessions_visible_to(cast.lea).filter(pk=session.pk).exists()
    assert olga.post(NEW, {**GIVEN, f"share_{cast.mia.pk}": "record"}).status_code == 400


def test_languages_have_names_and_are_the_organizations(cast, olga):
    cast.organization.languages = ["en", "de", "zh"]
    cast.organization.save()
    page = olga.get(NEW).content.decode()
    chosen = re.findall(r'<option value="(en|de|zh|fr)"( selected)?>([^<]+)<', page)
    assert chosen == [
        ("en", " selected", "English"),
        ("de", "", "German"),
        ("zh", "", "Simplified Chinese"),
    ]


def test_a_guide_shows_what_it_asks_for(cast, olga, guide):
    page = olga.get(NEW).content.decode()
    preview = page.partition('data-testid="guide-preview"')[2].partition("</div>")[0]
    assert "Design &lt;1&gt;" in preview
    assert "2 questions" in preview
    assert "32 minutes planned" in preview
    assert f'data-guide="{guide.pk}" data-minutes="32"' in page


def test_nothing_is_prepared_when_sharing_fails(cast, olga, monkeypatch):
    def refuse(**_given):
        raise RuntimeError

    monkeypatch.setattr(access, "share", refuse)
    with pytest.raises(RuntimeError):
        olga.post(NEW, {**GIVEN, f"share_{cast.mia.pk}": "view"})
    assert Session.objects.count() == 1


# --- change --------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", PEOPLE)
def test_only_who_holds_an_interview_changes_it(cast, person):
    client = client_of(getattr(cast, person))
    allowed = person == "olga"
    assert client.get(edit(cast.session)).status_code == (200 if allowed else 404)
    given = {**GIVEN, "title": "Changed"}
    assert client.post(edit(cast.session), given).status_code == (302 if allowed else 404)
    cast.session.refresh_from_db()
    assert (cast.session.title == "Changed") is allowed


def test_who_may_hold_no_interviews_any_more_changes_none(cast, olga):
    change_role(membership=cast.olga.memberships.get(), role=Role.VIEWER)
    assert olga.get(edit(cast.session)).status_code == 404


def test_a_draft_is_changed_as_a_whole_and_the_audit_names_fields_only(
    cast, olga, guide, django_capture_on_commit_callbacks
):
    before = cast.session.revision
    page = olga.get(edit(cast.session)).content.decode()
    assert 'value="Daniel Reyes"' in page
    given = {
        **GIVEN,
        "candidate_name": "Maya Chen",
        "profile": "Knows Django.",
        "guide": guide.pk,
        "visibility": "private",
        "planned_minutes": "45",
        f"share_{cast.sam.pk}": "comment",  # was: view
        f"share_{cast.mia.pk}": "view",  # was: nothing
        f"share_{cast.cora.pk}": "",  # was: comment
    }
    made(olga.post(edit(cast.session), given))
    session = Session.objects.get(pk=cast.session.pk)
    assert (session.title, session.job) == ("Screening", "")
    assert (session.candidate_name, session.profile) == ("Maya Chen", "Knows Django.")
    assert (session.guide, session.visibility) == (guide, "private")
    assert session.revision == before + 1
    people = (cast.sam, cast.mia, cast.cora)
    assert [level_of(session, person) for person in people] == ["comment", "view", None]
    entry = AuditEntry.objects.get(action=Event.SESSION_CHANGED, object_id=str(session.pk))
    assert entry.details == {"fields": ["candidate_name", "guide", "job", "profile", "title"]}


def test_who_watches_is_told_of_a_change(cast, olga, monkeypatch):
    told = []
    monkeypatch.setattr(
        services.events,
        "publish_on_commit",
        lambda session_id, kind, body: told.append((session_id, kind, body["state"]["title"])),
    )
    made(olga.post(edit(cast.session), GIVEN))
    assert told == [(cast.session.pk, "session", "Screening")]


def test_what_equals_the_present_is_no_change(cast, olga):
    page = olga.get(edit(cast.session)).content.decode()
    given = {
        "title": cast.session.title,
        "job": cast.session.job,
        "candidate_name": "Daniel Reyes",
        "language": "en",
        "visibility": "shared",
        "planned_minutes": "45",
        f"share_{cast.sam.pk}": "view",
        f"share_{cast.cora.pk}": "comment",
    }
    assert 'value="45"' in page
    shares = AuditEntry.objects.count()
    made(olga.post(edit(cast.session), given))
    assert AuditEntry.objects.count() == shares


def test_the_end_of_a_share_outlives_a_change_of_its_level(cast, olga):
    until = timezone.now() + timedelta(days=2)
    share_until(cast.session, cast.mia, until)
    given = {**GIVEN, f"share_{cast.mia.pk}": "comment"}
    made(olga.post(edit(cast.session), given))
    share = next(row for row in access.sharing(cast.session) if row.user == cast.mia)
    assert (share.level, share.until) == ("comment", until)


def test_once_it_began_only_title_and_job_are_changed_and_then_the_title(cast, olga, guide):
    go_live(cast.session)
    page = olga.get(edit(cast.session)).content.decode()
    assert {*re.findall(r'name="(\w+)"', page)} >= {"title", "job"}
    assert not {"profile", "guide", "language", "candidate_name"} & {
        *re.findall(r'name="(\w+)"', page)
    }
    given = {**GIVEN, "job": "Lead", "guide": guide.pk, "profile": "Other", "visibility": "private"}
    session = made(olga.post(edit(cast.session), given))
    assert (session.title, session.job) == ("Screening", "Lead")
    assert (session.guide, session.profile, session.visibility) == (None, None, "shared")
    services.end_session(session=session)
    session = made(olga.post(edit(session), {**GIVEN, "title": "Over", "job": "Chief"}))
    assert (session.title, session.job) == ("Over", "Lead")


def test_a_form_that_was_open_while_the_interview_began_is_refused(cast, guide):
    form = preparing.PrepareForm(
        {**GIVEN, "guide": guide.pk, "planned_minutes": "45"},
        user=cast.olga,
        organization=cast.organization,
        session=cast.session,
    )
    assert form.is_valid()
    go_live(Session.objects.get(pk=cast.session.pk))
    with pytest.raises(services.DomainError, match="begun meanwhile"):
        form.save()
    assert Session.objects.get(pk=cast.session.pk).title == "Backend engineer"


# --- delete --------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", PEOPLE)
def test_only_the_owner_and_admins_delete_a_draft(cast, person):
    client = client_of(getattr(cast, person))
    allowed = person in {"olga", "ada"}
    assert client.get(delete(cast.session)).status_code == (200 if allowed else 404)
    answer = client.post(delete(cast.session))
    assert answer.status_code == (302 if allowed else 404)
    assert Session.objects.filter(pk=cast.session.pk).exists() is not allowed
    if allowed:
        assert "The interview was deleted." in client.get(answer.url).content.decode()


def test_looking_at_the_question_deletes_nothing(cast, olga):
    assert "Delete this interview?" in olga.get(delete(cast.session)).content.decode()
    assert Session.objects.filter(pk=cast.session.pk).exists()


def test_what_was_held_or_is_held_back_by_law_is_not_deleted(cast, olga):
    kept = make_session(cast.olga, cast.organization, title="Kept")
    retention.hold(session=kept, hold=True)
    answer = olga.post(delete(kept))
    assert answer.status_code == 409
    assert "legal hold" in answer.content.decode()
    go_live(cast.session)
    assert olga.post(delete(cast.session)).status_code == 409
    services.end_session(session=cast.session)
    assert olga.post(delete(cast.session)).status_code == 409
    assert Session.objects.filter(pk__in=[kept.pk, cast.session.pk]).count() == 2
    kept.refresh_from_db()
    assert kept.expires_at > timezone.now() + timedelta(days=29)


# --- résumés -------------------------------------------------------------------------------------


def sent(client, data: bytes):
    return client.post(RESUME, {"resume": as_file(data)})


@pytest.mark.parametrize("data", [pdf(["Knows Django"]), docx("Knows Django"), b"Knows Django"])
def test_a_resume_comes_back_as_text_and_is_stored_nowhere(cast, olga, data):
    answer = sent(olga, data)
    assert answer.status_code == 200
    assert answer.json()["text"] == "Knows Django"
    assert "no-store" in answer.headers["Cache-Control"]
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (locked(pdf(["Secret"]), "x"), "encrypted"),
        (b"<html><body>Secret</body></html>", "unsupported"),
        (b"x" * (resumes.MOST_BYTES + 1), "too_large"),
        (b"%PDF-1.4 Secret", "broken"),
        (b"PK\x03\x04Secret", "broken"),
    ],
)
def test_files_without_text_are_refused_with_a_sentence_that_names_none_of_it(
    cast, olga, caplog, data, code
):
    answer = sent(olga, data)
    error = answer.json()
    assert (answer.status_code, error["code"]) == (422, code)
    assert error["detail"] == str(preparing.UNREADABLE[code])
    assert "Secret" not in answer.content.decode()
    assert "Secret" not in caplog.text


def test_a_request_without_a_file_is_told_so(cast, olga):
    answer = olga.post(RESUME, {"resume": "text"})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_file")


def test_nothing_sent_is_written_to_a_disk(cast, olga, settings, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a file was made")

    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", refuse)
    answer = sent(olga, b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert (answer.status_code, answer.json()["code"]) == (400, "no_file")


def test_a_person_sends_ten_a_minute(cast, olga, monkeypatch):
    monkeypatch.setattr(resumes, "read", lambda data: resumes.Resume("Text", 0, truncated=False))
    answers = [sent(olga, b"x") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert sent(client_of(cast.sam), b"x").status_code == 200


def test_few_are_read_at_once_and_places_are_given_back(cast, olga, monkeypatch):
    monkeypatch.setattr(preparing, "RESUMES_AT_ONCE", 1)
    inside = []

    def read(data):
        inside.append(sent(client_of(cast.sam), b"x").status_code if data == b"outer" else 0)
        return resumes.Resume("Text", 0, truncated=False)

    monkeypatch.setattr(resumes, "read", read)
    assert sent(olga, b"outer").status_code == 200
    assert inside == [429]
    assert sent(olga, b"x").status_code == 200


def test_without_scripts_the_form_reads_the_file_first(cast, olga):
    given = {**GIVEN, "profile": "Typed", "read": "1", "resume": as_file(pdf(["Knows Django"]))}
    answer = olga.post(NEW, given)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Typed\n\nKnows Django</textarea>" in page
    assert 'value="Screening"' in page
    assert errors(answer) == []
    assert Session.objects.count() == 1


def test_without_scripts_a_file_sent_with_the_form_goes_into_the_profile(cast, olga):
    session = made(olga.post(NEW, {**GIVEN, "resume": as_file(docx("Knows Django"))}))
    assert session.profile == "Knows Django"


def test_a_bad_file_keeps_what_was_typed_and_prepares_nothing(cast, olga):
    given = {**GIVEN, "profile": "Typed", "resume": as_file(b"<html>")}
    answer = olga.post(NEW, given)
    assert answer.status_code == 400
    assert "Only PDF, DOCX and plain text can be read." in errors(answer)
    assert "Typed</textarea>" in answer.content.decode()
    assert Session.objects.count() == 1
