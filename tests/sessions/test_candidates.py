"""The candidate's own page: the link to it, what it shows, what they ask for and are answered."""

import json
import threading
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.core import mail, signing
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts.kinds import Event
from accounts.limits import TooMany
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from sessions import candidates, retention, services, stretches
from sessions.models import CandidateLink, CandidateRequest, ConsentRecord, Session
from tests.factories import client_of, go_live, make_session, say
from tests.sockets import connected

pytestmark = pytest.mark.django_db

SECRETS = ["Daniel Reyes", "migration", "Cora's note", "cora", "sam@here.example", "olga@here"]
in_database = database_sync_to_async


def link_to(session, by=None):
    """Return a link and the path that opens it."""
    return candidates.make_link(session=session, by=by or session.owner)


def arrive(session):
    """Return the browser of a candidate who opened their link."""
    _link, path = link_to(session)
    browser = Client()
    assert browser.get(path).status_code == 302
    return browser


def do(browser, what, **given):
    """Send a form of the page, as it was shown."""
    page = browser.get("/candidate/").context
    form = {"of": page["link"].pk, "notice": page["notice"].mark, "language": "", **given}
    return browser.post(f"/candidate/{what}/", form, follow=True)


def text_of(answer):
    return answer.content.decode()


def settle_mail():
    """Wait for the threads that send."""
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join()


@pytest.fixture
def candidate(live):
    return arrive(live)


# --- the link ------------------------------------------------------------------------------------


def test_the_token_leaves_the_address_and_no_page_tells_it(cast):
    link, path = link_to(cast.session)
    browser = Client()
    answer = browser.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/candidate/")
    assert answer["Referrer-Policy"] == "no-referrer"
    cookie = answer.cookies["candidate"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/candidate/", True, "Lax")
    page = browser.get("/candidate/")
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    token = path.split("/")[-2]
    assert token not in text_of(page)
    assert str(link.pk) not in path  # who reads the database cannot make one


def test_what_is_wrong_with_a_link_nobody_can_tell(cast, settings):
    def made():
        return link_to(make_session(cast.olga, cast.organization))

    texts = set()
    link, path = made()
    link.revoked_at = timezone.now()
    link.save()
    revoked = path
    link, path = made()
    link.expires_at = timezone.now() - timedelta(seconds=1)
    link.save()
    over = path
    first = link_to(cast.session)[1]
    link_to(cast.session)  # voids the first
    good = made()[1]
    foreign = f"/candidate/{good.split('/')[-2][:-2]}AA/"
    for path in (revoked, over, first, foreign, "/candidate/nonsense/", "/candidate/"):
        answer = Client().get(path)
        assert answer.status_code == 404, path
        assert not answer.cookies.get("candidate")
        texts.add(answer.context and answer.templates[0].name)
    assert texts == {"candidate/lost.html"}
    assert Client().get(good).status_code == 302


def test_a_link_signed_for_something_else_is_none(cast):
    _link, path = link_to(cast.session)
    ids = path.split("/")[-2].split(":")[0]
    for salt in ("sessions.device", "django.core.signing.Signer"):
        forged = signing.Signer(salt=salt).sign(ids)
        assert Client().get(f"/candidate/{forged}/").status_code == 404
    assert candidates.find(signing.Signer(salt=candidates.SALT).sign("AAAA")) is None


def test_a_revoked_link_ends_the_page_that_is_open(cast):
    browser = arrive(cast.session)
    assert browser.get("/candidate/").status_code == 200
    path = f"/api/v1/sessions/{cast.session.pk}/candidate-link/"
    assert client_of(cast.olga).delete(path).status_code == 204
    assert browser.get("/candidate/").status_code == 404
    assert browser.post("/candidate/withdraw/", {}).status_code == 404
    assert AuditEntry.objects.filter(action=Event.CANDIDATE_UNLINKED).count() == 1


def test_who_guesses_is_held_up(client):
    answers = [client.get(f"/candidate/guess{n}/").status_code for n in range(22)]
    assert answers[:20] == [404] * 20
    assert answers[20:] == [429] * 2


def test_guesses_of_others_keep_no_candidate_out(cast, client, monkeypatch):
    monkeypatch.setattr("sessions.views.candidate.TRIES_OF_ALL", 2)
    answers = [client.get(f"/candidate/guess{n}/").status_code for n in range(3)]
    assert answers == [404, 404, 429]
    assert client.get(link_to(cast.session)[1]).status_code == 302


@pytest.mark.parametrize(
    ("person", "status"), [("olga", 201), ("sam", 404), ("ada", 404), ("otto", 404)]
)
def test_who_holds_the_interview_makes_the_link(cast, person, status):
    path = f"/api/v1/sessions/{cast.session.pk}/candidate-link/"
    answer = client_of(getattr(cast, person)).post(path, {}, "application/json")
    assert answer.status_code == status
    assert CandidateLink.objects.count() == (status == 201)
    if status == 201:
        made = answer.json()
        assert made["url"].startswith("http://testserver/candidate/")
        assert Client().get(made["url"].removeprefix("http://testserver")).status_code == 302
        told = client_of(cast.sam).get(f"/api/v1/sessions/{cast.session.pk}/").json()
        assert told["candidate"]["link"]["id"] == made["id"]
        assert "url" not in told["candidate"]["link"]


def test_the_link_is_mailed_without_a_name_in_the_subject(cast, django_capture_on_commit_callbacks):
    path = f"/api/v1/sessions/{cast.session.pk}/candidate-link/"
    owner = client_of(cast.olga)
    assert owner.post(path, {"mail": True}, "application/json").status_code == 400
    assert not CandidateLink.objects.exists()  # no link that reached nobody
    with django_capture_on_commit_callbacks(execute=True):
        sent = owner.post(path, {"mail": True, "email": "d.reyes@home.example"}, "application/json")
    settle_mail()
    (letter,) = mail.outbox
    assert letter.to == ["d.reyes@home.example"]
    assert letter.subject == "Your interview with Here"
    assert sent.json()["url"] in letter.body
    assert "Daniel" not in letter.body
    assert sent.json()["mailed_at"] is not None
    assert Session.objects.get(pk=cast.session.pk).candidate_email == "d.reyes@home.example"


def test_a_mail_in_a_file_is_found_whatever_key_signed_its_link(cast, settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path
    link, path = link_to(cast.session)
    CandidateLink.objects.update(mailed_at=timezone.now())
    (tmp_path / "mail.log").write_text(f"To: d.reyes@home.example\n\nhttps://here.example{path}\n")
    (tmp_path / "other.log").write_text("another")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    assert candidates.find(path.split("/")[-2]).link == link
    assert candidates.forget_mails(cast.session.pk) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["other.log"]


def test_the_first_look_is_noted_once_as_the_candidates(cast):
    browser = arrive(cast.session)
    browser.force_login(cast.mia)  # whoever else uses this browser
    for _ in range(2):
        browser.get("/candidate/")
    entry = AuditEntry.objects.get(action=Event.CANDIDATE_READ)
    assert (entry.via, entry.actor_id, entry.actor) == ("candidate", None, "")
    assert CandidateLink.objects.get().opened_at is not None


# --- the page ------------------------------------------------------------------------------------


def test_it_shows_the_notice_and_nothing_of_what_was_said(cast, live):
    say(live, "I led the migration.")
    live.notes.create(author=cast.cora, text="Cora's note", at_ms=0, revision=1)
    page = text_of(arrive(live).get("/candidate/"))
    assert "Here would like to write down this conversation" in page
    assert "Backend engineer" in page
    assert "It is being written down now" in page
    assert [word for word in SECRETS if word in page] == []


def test_the_notice_is_in_the_interviews_language_or_a_chosen_one(cast):
    Session.objects.filter(pk=cast.session.pk).update(language="de")
    browser = arrive(cast.session)
    assert '<div class="candidate-notice" lang="de"' in text_of(browser.get("/candidate/"))
    french = text_of(browser.get("/candidate/?language=fr"))
    assert '<div class="candidate-notice" lang="fr"' in french
    assert 'lang="de"' in text_of(browser.get("/candidate/?language=../x"))


def test_they_agree_to_what_they_read(cast):
    browser = arrive(cast.session)
    page = browser.get("/candidate/?language=fr").context
    answer = do(
        browser, "answer", answer="yes", name="D. Reyes", language="fr", notice=page["notice"].mark
    )
    assert "You agreed" in text_of(answer)
    record = ConsentRecord.objects.get()
    assert (record.method, record.noted_by, record.given_by) == ("link", None, "D. Reyes")
    assert (record.link, record.notice["language"]) == (page["link"], "fr")
    entry = AuditEntry.objects.get(action=Event.CONSENT_RECORDED)
    assert (entry.via, entry.actor_id) == ("candidate", None)
    assert services.start_session(session=cast.session).status == "live"


def test_they_say_no_and_may_change_their_mind(cast):
    browser = arrive(cast.session)
    assert "You said no" in text_of(do(browser, "answer", answer="no"))
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)
    assert "You agreed" in text_of(do(browser, "answer", answer="yes"))


def test_an_answer_to_another_notice_is_not_taken(cast):
    browser = arrive(cast.session)
    before = browser.get("/candidate/").context["notice"].mark
    cast.organization.retention_hours = 480
    cast.organization.save()
    answer = do(browser, "answer", answer="yes", notice=before)
    assert "Please read it and answer again" in text_of(answer)
    assert not ConsentRecord.objects.exists()


def test_they_withdraw_and_the_interview_ends(candidate, live):
    assert "You withdrew your consent" in text_of(do(candidate, "withdraw"))
    live.refresh_from_db()
    assert live.status == "ended"
    record = ConsentRecord.objects.get()
    assert (record.withdrawn_method, record.withdrawn_by) == ("link", None)
    again = text_of(do(candidate, "withdraw"))
    assert "There is no consent that could be withdrawn" in again


def test_a_page_about_another_interview_does_nothing(cast, live):
    browser = arrive(live)
    shown = browser.get("/candidate/").context["link"].pk
    other = make_session(cast.olga, cast.organization)
    go_live(other)
    browser.get(link_to(other)[1])  # in the same browser
    answer = browser.post("/candidate/withdraw/", {"of": shown}, follow=True)
    assert "about another interview" in text_of(answer)
    assert not ConsentRecord.objects.filter(withdrawn_at__isnull=False).exists()


def test_its_forms_need_the_pages_own_token(live):
    browser = Client(enforce_csrf_checks=True)
    browser.get(link_to(live)[1])
    of = browser.get("/candidate/").context["link"].pk
    assert browser.post("/candidate/withdraw/", {"of": of}).status_code == 403
    assert not ConsentRecord.objects.filter(withdrawn_at__isnull=False).exists()


# --- what they ask for ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_pause_is_told_to_the_interviewer_at_once(cast):
    await in_database(go_live)(cast.session)
    browser = await in_database(arrive)(cast.session)
    await in_database(browser.get)("/candidate/")
    async with connected(f"/ws/sessions/{cast.session.pk}/live/", cast.olga) as watching:
        answer = await in_database(do)(browser, "ask", kind="pause")
        assert "It is not answered yet" in text_of(answer)
        state = (await watching.hear_until("session"))["state"]
        (asked,) = state["candidate"]["requests"]
        assert (asked["kind"], asked["state"]) == ("pause", "open")
        notice = await watching.hear_until("notice")
        assert (notice["code"], notice["level"]) == ("pause_asked", "warning")

    def off():
        stretches.begin(session=Session.objects.get(pk=cast.session.pk), by=cast.olga, seconds=0)
        return text_of(browser.get("/candidate/"))

    page = await in_database(off)()
    assert "Off the record" in page
    assert "Granted" in page


def test_a_pause_is_for_what_is_live(cast):
    answer = do(arrive(cast.session), "ask", kind="pause")
    assert "The interview is not being recorded" in text_of(answer)
    assert not CandidateRequest.objects.exists()


@pytest.mark.parametrize("kind", ["erasure", "copy"])
def test_who_may_decide_is_mailed_without_names_or_words(
    cast, candidate, kind, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # asked twice it is one request
            do(candidate, "ask", kind=kind)
    settle_mail()
    assert sorted(letter.to[0] for letter in mail.outbox) == [cast.ada.email, cast.olga.email]
    letter = mail.outbox[0]
    assert f"/sessions/{cast.session.pk}/" in letter.body
    assert "Daniel" not in letter.subject + letter.body
    request = CandidateRequest.objects.get()
    assert (request.kind, request.state) == (kind, "open")
    assert list(candidates.open_requests(cast.organization)) == [request]
    assert not candidates.open_requests(cast.elsewhere).exists()
    entry = AuditEntry.objects.get(action=Event.CANDIDATE_ASKED)
    assert (entry.via, entry.details) == ("candidate", {"kind": kind})


def ask(live, kind):
    return candidates.ask(link=link_to(live)[0], kind=kind)


def reply(person, request, **given):
    path = f"/api/v1/sessions/{request.session_id}/requests/{request.pk}/"
    return client_of(person).post(path, given, "application/json")


@pytest.mark.parametrize(
    ("kind", "may"), [("pause", {"olga"}), ("copy", {"olga", "ada"}), ("erasure", {"olga", "ada"})]
)
def test_who_may_answer_what(cast, live, kind, may):
    request = ask(live, kind)
    for person in ("sam", "cora", "mia", "vic", "otto", "ada", "olga"):
        if person not in may:
            assert reply(getattr(cast, person), request, grant=False).status_code == 404, person
    assert CandidateRequest.objects.get().state == "open"
    for person in sorted(may):
        CandidateRequest.objects.update(state="open")
        assert reply(getattr(cast, person), request, grant=False).json()["state"] == "refused"
        answer = reply(getattr(cast, person), request, grant=True)
        assert (answer.status_code, answer.json()["code"]) == (409, "answered")


def test_a_refusal_says_why_on_their_page_and_they_may_ask_again(cast, candidate, live):
    do(candidate, "ask", kind="copy")
    request = CandidateRequest.objects.get()
    assert (
        reply(cast.olga, request, grant=False, why="We wait for the last talk.").status_code == 200
    )
    page = text_of(candidate.get("/candidate/"))
    assert "Declined" in page
    assert "We wait for the last talk." in page
    stored = CandidateRequest.objects.values_list("answer", flat=True).get()
    assert b"last talk" not in bytes(stored)
    do(candidate, "ask", kind="copy")
    assert CandidateRequest.objects.filter(state="open").count() == 1


def test_a_granted_copy_can_be_fetched(cast, candidate, live):
    do(candidate, "ask", kind="copy")
    assert "candidate-copy" not in text_of(candidate.get("/candidate/"))
    reply(cast.ada, CandidateRequest.objects.get(), grant=True)
    assert 'href="/candidate/copy/"' in text_of(candidate.get("/candidate/"))


@pytest.mark.django_db(transaction=True)
def test_a_granted_erasure_leaves_the_receipt_behind_their_link(cast):
    services.end_session(session=go_live(cast.session))
    browser = arrive(cast.session)
    do(browser, "ask", kind="erasure")
    path = f"/api/v1/sessions/{cast.session.pk}/"
    answer = reply(cast.olga, CandidateRequest.objects.get(), grant=True)
    assert (answer.status_code, answer.json()["state"]) == (200, "granted")
    assert client_of(cast.olga).get(path).status_code == 404
    assert not Session.objects.filter(pk=cast.session.pk).exists()
    page = text_of(browser.get("/candidate/"))
    assert "Your interview was erased" in page
    receipt = json.loads(browser.get("/candidate/receipt/").content)
    assert (receipt["interview"], receipt["reason"]) == (str(cast.session.pk), "candidate")
    assert receipt["signature"]
    assert "Daniel" not in str(receipt)
    assert browser.post("/candidate/ask/", {"kind": "copy"}).status_code == 302  # nothing is left


def test_neither_mails_to_a_candidate_nor_what_they_ask_for_are_without_end(live):
    link, path = link_to(live)
    for _time in range(candidates.MAILS):
        candidates.mail_link(link=link, url=path, address="daniel@there.example")
    with pytest.raises(TooMany):
        candidates.mail_link(link=link, url=path)
    for _time in range(candidates.ASKED):
        candidates.ask(link=link, kind="copy")
        CandidateRequest.objects.update(state="refused")
    with pytest.raises(TooMany):
        candidates.ask(link=link, kind="copy")


def test_there_is_no_receipt_of_what_is_not_erased(candidate):
    assert candidate.get("/candidate/receipt/").status_code == 302


def test_a_legal_hold_refuses_an_erasure_in_neutral_words(cast, candidate, live):
    retention.hold(session=live, hold=True)
    do(candidate, "ask", kind="erasure")
    answer = reply(cast.ada, CandidateRequest.objects.get(), grant=True)
    assert answer.json()["state"] == "refused"
    assert Session.objects.filter(pk=live.pk, wrapped_key__isnull=False).exists()
    page = text_of(candidate.get("/candidate/"))
    assert "The law requires that this is kept for the time being" in page
    assert "hold" not in page.lower()


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_fails_was_not_granted(cast, monkeypatch):
    request = ask(go_live(cast.session), "erasure")

    def dies(**_given):
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(retention, "erase_now", dies)
        with pytest.raises(DatabaseError):
            candidates.answer(request=request, by=cast.olga, grant=True)
    request = CandidateRequest.objects.get()
    assert request.state == "open"
    assert candidates.answer(request=request, by=cast.olga, grant=True).state == "granted"
    assert not Session.objects.filter(pk=cast.session.pk).exists()
