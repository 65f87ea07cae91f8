"""The pages of who answers for candidates' data: who enters, what they see, what they may do."""

import io
import json
import re
import zipfile

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.kinds import Event
from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.services import add_member
from sessions import access, candidates, consents, receipts, retention
from sessions.models import CandidateRequest, ConsentNotice, Erasure, Session
from tests.admin_world import signed_in
from tests.factories import PASSWORD, client_of, go_live, make_session

pytestmark = pytest.mark.django_db

PAGES = ("overview", "requests", "candidates", "notices", "notice", "receipts")
NAME = "Jane Miller"


def place(name, organization="here", **more):
    return reverse(f"privacy:{name}", kwargs={"organization": organization, **more})


@pytest.fixture
def ada(cast):
    """Who answers for the data of `here`, and entered the password a moment ago."""
    return signed_in(cast.ada)


@pytest.fixture
def jane(cast):
    return make_session(cast.olga, cast.organization, candidate_name=NAME, title="Engineer")


def ask(session, kind):
    link, _path = candidates.make_link(session=session, by=session.owner)
    return candidates.ask(link=link, kind=kind)


def text(answer):
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


# --- Who enters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_for_who_answers_there(cast, ada, page):
    assert ada.get(place(page)).status_code == 200
    for other in (cast.olga, cast.vic, cast.otto, cast.lea):
        assert client_of(other).get(place(page)).status_code == 404


def test_the_frame_leads_there_whom_it_may(cast, ada):
    assert ada.get("/privacy/").headers["Location"] == "/privacy/here/"
    assert 'href="/privacy/"' in ada.get("/sessions/").content.decode()
    olga = client_of(cast.olga)
    assert olga.get("/privacy/").status_code == 404
    assert 'href="/privacy/"' not in olga.get("/sessions/").content.decode()


def test_who_answers_in_two_organizations_goes_from_one_to_the_other(cast, ada):
    assert "/privacy/there/" not in ada.get(place("overview")).content.decode()
    add_member(organization=cast.elsewhere, user=cast.ada, role=Role.ADMIN)
    assert "/privacy/there/" in ada.get(place("overview")).content.decode()
    assert ada.get(place("overview", "there")).status_code == 200


# --- How it stands -------------------------------------------------------------------------------


def test_the_overview_says_what_is_kept_what_goes_and_what_waits(cast, ada, jane):
    now = timezone.now()
    Session.objects.filter(pk=jane.pk).update(
        status="ended", expires_at=now - timezone.timedelta(minutes=6)
    )
    held = make_session(cast.olga, cast.organization, title="Disputed")
    Session.objects.filter(pk=held.pk).update(legal_hold=True)
    ask(cast.session, "copy")
    shown = text(ada.get(place("overview")))
    assert "1 interview should have been erased and is still there" in shown
    assert "3 2 ready, 0 live, 1 finished" in shown
    assert "1 candidate waits for an answer" in shown
    assert re.search("Under legal hold Disputed", shown)
    assert "Interviews kept 0" in text(signed_in(cast.otto).get(place("overview", "there")))


def test_consent_that_was_withdrawn_is_told_until_it_is_given_again(cast, ada, jane):
    consents.record_consent(session=jane, noted_by=cast.olga, method="verbal")
    consents.withdraw(session=jane, method="verbal", by=cast.olga)
    assert "candidate withdrew their consent" in text(ada.get(place("overview")))
    consents.record_consent(session=jane, noted_by=cast.olga, method="verbal")
    assert "withdrew" not in text(ada.get(place("overview")))


# --- Requests ------------------------------------------------------------------------------------


def test_a_request_is_granted_or_refused_with_a_reason(cast, ada, jane):
    copy = ask(jane, "copy")
    page = ada.get(place("requests"))
    assert "A copy of what is kept" in text(page)
    refused = {"grant": "no", "why": "Ask your recruiter first."}
    assert ada.post(place("answer", request_id=copy.pk), refused).status_code == 302
    assert CandidateRequest.objects.get(pk=copy.pk).state == "refused"
    assert "Ask your recruiter first." in text(ada.get(place("requests")))
    again = ask(jane, "copy")
    ada.post(place("answer", request_id=again.pk), {"grant": "yes"})
    assert CandidateRequest.objects.get(pk=again.pk).state == "granted"


def test_granting_an_erasure_asks_who_one_is_and_erases(
    cast, jane, django_capture_on_commit_callbacks
):
    asked = ask(jane, "erasure")
    where = place("answer", request_id=asked.pk)
    unproven = signed_in(cast.ada, proven=False)
    assert unproven.post(where, {"grant": "yes"}).url.startswith("/accounts/reauthenticate/")
    assert access.session_by_id(jane.pk) is not None
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(cast.ada).post(where, {"grant": "yes"})
    assert Erasure.objects.get(session_id=jane.pk).reason == "candidate"


def test_a_hold_turns_an_erasure_into_a_refusal_and_says_so(cast, ada, jane):
    asked = ask(jane, "erasure")
    Session.objects.filter(pk=jane.pk).update(legal_hold=True)
    answer = ada.post(place("answer", request_id=asked.pk), {"grant": "yes"}, follow=True)
    assert "A legal hold keeps this interview" in text(answer)
    assert access.session_by_id(jane.pk) is not None


def test_a_pause_is_answered_by_who_holds_the_interview(cast, ada, jane):
    asked = ask(go_live(jane), "pause")
    assert "Who holds the interview answers this" in text(ada.get(place("requests")))
    ada.post(place("answer", request_id=asked.pk), {"grant": "yes"})
    assert CandidateRequest.objects.get(pk=asked.pk).state == "open"


@pytest.mark.parametrize(
    ("page", "shows"), [("requests", "Grant"), ("receipts", "signature holds")]
)
def test_many_rows_cost_no_more_queries_than_one(
    cast, ada, page, shows, django_capture_on_commit_callbacks
):
    costs = []
    for more in (1, 3):
        for _ in range(more):
            ask(make_session(cast.olga, cast.organization), "copy")
            gone = make_session(cast.olga, cast.organization)
            with django_capture_on_commit_callbacks(execute=True):
                retention.erase_now(session=gone, reason=Erasure.Reason.PERSON, by=cast.ada)
        with CaptureQueriesContext(connection) as queries:
            shown = text(ada.get(place(page)))
        costs.append(len(queries))
    assert shown.count(shows) == 4
    assert costs[0] == costs[1]


def test_requests_of_another_organization_are_not_there(cast, jane):
    asked = ask(jane, "copy")
    otto = signed_in(cast.otto)
    assert "Nobody waits" in text(otto.get(place("requests", "there")))
    for where in ("here", "there"):
        answer = otto.post(place("answer", where, request_id=asked.pk), {"grant": "yes"})
        assert answer.status_code == 404


# --- One candidate -------------------------------------------------------------------------------


def test_a_search_goes_by_post_and_leaves_no_name_in_addresses(cast, ada, jane):
    answer = ada.post(place("candidates"), {"name": "jane miller"})
    page = answer.content.decode()
    assert f'value="{jane.pk}" checked' in page
    assert "jane" not in " ".join(re.findall(r'(?:href|action)="([^"]*)"', page)).lower()
    assert "Nothing is kept about this person" in text(
        signed_in(cast.otto).post(place("candidates", "there"), {"name": "Jane Miller"})
    )
    assert ada.post(place("candidates"), {}).status_code == 400


def test_the_chosen_are_exported_after_a_proof(cast, jane):
    client = signed_in(cast.ada, proven=False)
    chosen = {"interview": [str(jane.pk)]}
    asked = client.post(place("chosen"), chosen)
    assert asked.url.startswith("/accounts/reauthenticate/")
    proof = {"password": PASSWORD, "next": place("chosen")}
    shown = client.post("/accounts/reauthenticate/", proof)  # goes on by itself
    assert "1 interview chosen" in text(shown)
    answer = client.post(place("export"), chosen)
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        names = archive.namelist()
    assert [name for name in names if name.endswith("data.json")]
    assert NAME not in answer.headers["Content-Disposition"]
    entry = AuditEntry.objects.get(action=Event.SUBJECT_EXPORTED)
    assert (entry.details, entry.actor_id) == ({"interviews": 1}, cast.ada.pk)


@pytest.mark.parametrize("act", ["chosen", "export", "erase"])
def test_nothing_is_done_without_a_proof_or_to_others(cast, jane, act):
    chosen = {"interview": [str(jane.pk)], "confirm": "ERASE"}
    unproven = signed_in(cast.ada, proven=False).post(place(act), chosen)
    assert unproven.url.startswith("/accounts/reauthenticate/")
    assert signed_in(cast.olga).post(place(act), chosen).status_code == 404
    theirs = signed_in(cast.otto).post(place(act, "there"), chosen)
    assert theirs.status_code == 302
    assert theirs.url == place("candidates", "there")
    assert access.session_by_id(jane.pk) is not None


def test_erasing_wants_the_word(cast, ada, jane, django_capture_on_commit_callbacks):
    chosen = {"interview": [str(jane.pk)]}
    answer = ada.post(place("erase"), {**chosen, "confirm": "yes"})
    assert answer.status_code == 400
    assert b"Nothing was erased" in answer.content
    assert access.session_by_id(jane.pk) is not None
    with django_capture_on_commit_callbacks(execute=True):
        done = ada.post(place("erase"), {**chosen, "confirm": " erase "}, follow=True)
    assert "1 interview was erased." in text(done)
    assert access.session_by_id(jane.pk) is None


# --- Notices -------------------------------------------------------------------------------------


def test_a_notice_is_previewed_published_and_retired(cast, ada):
    written = {"language": "en", "country": "de", "text": "{organization} keeps it {hours} hours."}
    shown = ada.post(place("notice"), {**written, "act": "preview"})
    assert "Here keeps it 24 hours." in text(shown)
    assert not ConsentNotice.objects.exists()
    ada.post(place("notice"), {**written, "act": "publish"})
    notice = ConsentNotice.objects.get()
    assert (str(notice), notice.created_by) == ("DE-en-1", cast.ada)
    assert "{organization} keeps it" in text(ada.get(place("notice") + "?language=en&country=DE"))
    assert "version 1 counts" in text(ada.get(place("notices")))
    theirs = signed_in(cast.otto).post(place("retire", "there", notice_id=notice.pk))
    assert theirs.status_code == 404
    ada.post(place("retire", notice_id=notice.pk))
    assert "version 1 retired" in text(ada.get(place("notices")))


def test_a_notice_that_cannot_be_published_keeps_what_was_written(ada):
    bad = {"language": "en", "country": "Q!", "text": "Mine.", "act": "publish"}
    answer = ada.post(place("notice"), bad)
    assert answer.status_code == 400
    assert b"Mine." in answer.content
    assert not ConsentNotice.objects.exists()


# --- Receipts ------------------------------------------------------------------------------------


def test_a_receipt_is_shown_and_given_to_who_may_have_it(
    cast, ada, jane, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        retention.erase_now(session=jane, reason=Erasure.Reason.PERSON, by=cast.ada)
    erasure = Erasure.objects.get()
    shown = text(ada.get(place("receipts")))
    assert "signature holds" in shown
    assert receipts.public_key(cast.organization) in shown
    given = json.loads(ada.get(place("receipt", erasure_id=erasure.pk)).content)
    assert receipts.verify(given)
    for where in ("here", "there"):
        answer = signed_in(cast.otto).get(place("receipt", where, erasure_id=erasure.pk))
        assert answer.status_code == 404
    erasure.counts = {**erasure.counts, "segments": 9}
    erasure.save()
    assert "signature does not hold" in text(ada.get(place("receipts")))


# --- The candidate's own copy --------------------------------------------------------------------


def came_in(link_path, client):
    """Let a browser open the candidate's link."""
    client.cookies[candidates.COOKIE] = link_path.rstrip("/").rpartition("/")[2]
    return client


def test_candidates_take_their_copy_once_it_is_granted_and_while_the_link_lives(cast, jane, client):
    link, path = candidates.make_link(session=jane, by=cast.olga)
    here = came_in(path, client)
    asked = candidates.ask(link=link, kind="copy")
    assert here.get("/candidate/copy/").status_code == 404
    candidates.answer(request=asked, by=cast.olga, grant=True)
    consents.record_consent(session=jane, noted_by=cast.olga, method="verbal")
    consents.withdraw(session=jane, method="link", link=link)
    answer = here.get("/candidate/copy/")  # withdrawn, and theirs all the same
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("data.json"))["extent"] == "candidate"
    assert "no-store" in answer.headers["Cache-Control"]
    entry = AuditEntry.objects.get(action=Event.CANDIDATE_COPIED)
    assert entry.object_id == str(link.pk)
    assert settings.SESSION_COOKIE_NAME not in here.cookies
    candidates.revoke_links(session=jane)
    assert here.get("/candidate/copy/").status_code == 404


def test_a_copy_of_one_interview_opens_no_other(cast, jane, client):
    link, _path = candidates.make_link(session=jane, by=cast.olga)
    asked = candidates.ask(link=link, kind="copy")
    candidates.answer(request=asked, by=cast.olga, grant=True)
    _other, path = candidates.make_link(session=cast.session, by=cast.olga)
    assert came_in(path, client).get("/candidate/copy/").status_code == 404


def test_a_copy_is_taken_by_the_candidate_whoever_else_uses_the_browser(cast, jane):
    link, path = candidates.make_link(session=jane, by=cast.olga)
    asked = candidates.ask(link=link, kind="copy")
    candidates.answer(request=asked, by=cast.olga, grant=True)
    answer = came_in(path, signed_in(cast.mia)).get("/candidate/copy/")
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    entry = AuditEntry.objects.get(action=Event.CANDIDATE_COPIED)
    assert (entry.via, entry.actor_id, entry.actor) == ("candidate", None, "")


def test_too_many_copies_are_refused_for_a_while(cast, jane, client):
    link, path = candidates.make_link(session=jane, by=cast.olga)
    asked = candidates.ask(link=link, kind="copy")
    candidates.answer(request=asked, by=cast.olga, grant=True)
    here = came_in(path, client)
    statuses = [here.get("/candidate/copy/").status_code for _again in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
