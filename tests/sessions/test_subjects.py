"""Everything about one candidate: who is found and how, and what erasing does and leaves."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from sessions import access, subjects
from sessions.models import Erasure, Session
from sessions.subjects import How, canonical
from tests.factories import go_live, make_session

pytestmark = pytest.mark.django_db


def interview(cast, name="", email="", **fields):
    session = make_session(cast.olga, cast.organization, candidate_name=name, **fields)
    if email:
        session.candidate_email = email
        session.save()
    return session


def find(cast, **wanted):
    return {match.session.pk: match.how for match in subjects.find(cast.organization, **wanted)}


def test_a_name_is_found_whatever_its_case_accents_and_order(cast):
    written = ("José Álvarez Núñez", "ALVAREZ NUNEZ, Jose", "Dr. jose  alvarez-nunez")
    ids = {interview(cast, name).pk for name in written}
    interview(cast, "Josephine Alvarado")
    assert find(cast, name="jose álvarez nuñez") == dict.fromkeys(ids, How.NAME)


@pytest.mark.parametrize(
    ("wanted", "written", "how"),
    [
        ("Jane Doe", "Jane Deo", None),  # another name of three letters
        ("Jane Miller", "Jane Milller", How.NEAR),
        ("Jane Miller", "J. Miller", How.NEAR),
        ("Jane Miller", "Jane Rose Miller", How.NEAR),
        ("Jörg Müller", "Joerg Mueller", How.NEAR),
        ("Jane Miller", "John Miller", None),
        ("Jane Miller", "J. M.", None),
        ("Miller", "Jane Miller", How.NEAR),
        ("Søren Łuczak", "Soren Luczak", How.NAME),
        ("O’Neil Strauß", "oneil strauss", How.NAME),
        ("王小明", "王小明", How.NAME),
    ],
)
def test_names_that_resemble_are_marked_as_such(cast, wanted, written, how):
    session = interview(cast, written)
    assert find(cast, name=wanted).get(session.pk) == how


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jane.Miller@Example.COM", "jane.miller@example.com", True),
        ("jane+jobs@example.com", "jane@example.com", True),
        ("j.a.n.e@gmail.com", "jane@googlemail.com", True),
        ("j.ane@example.com", "jane@example.com", False),
        ("jane@bücher.example", "jane@xn--bcher-kva.example", True),
        ("jane", "jane", True),  # no address at all, and nothing is found by it
    ],
)
def test_an_address_has_one_spelling(one, other, same):
    assert (canonical(one) == canonical(other)) is same
    assert bool(canonical(one)) is ("@" in one)


def test_it_says_how_each_was_found_the_surest_first(cast):
    address = interview(cast, "J.", "Jane@Example.com")
    other = interview(cast, "Jane Miller", "jane.m@elsewhere.example")
    named = interview(cast, "Miller, Jane")
    title = interview(cast, title="Engineer: Jane Miller")
    profile = interview(cast, profile="Reach me: jane@example.com. Go, Rust.")
    consented = go_live(interview(cast))
    consented.consents.all().delete()
    consented.consents.create(
        notice_version="1", method="verbal", given_by="jane miller", noted_by=cast.olga
    )
    found = subjects.find(cast.organization, name="Jane Miller", email="jane@example.com")
    assert [(match.session.pk, match.how) for match in found] == [
        (address.pk, How.EMAIL),
        (named.pk, How.NAME),
        (consented.pk, How.CONSENT),
        (other.pk, How.OTHER_EMAIL),
        (profile.pk, How.MENTIONED),
        (title.pk, How.MENTIONED),
    ]
    assert [match.sure for match in found] == [True, True, True, False, False, False]


def test_a_mailbox_with_one_address_for_each_candidate_is_not_sure(cast):
    jane, bob = (interview(cast, "", f"jobs+{who}@agency.example") for who in ("jane", "bob"))
    found = subjects.find(cast.organization, email="Jobs+Jane@agency.example")
    assert [(match.session.pk, match.how, match.sure) for match in found] == [
        (jane.pk, How.EMAIL, True),
        (bob.pk, How.NEAR, False),
    ]
    assert set(find(cast, email="jobs@agency.example").values()) == {How.EMAIL}


def test_who_consented_under_the_name_with_another_address_is_not_sure(cast):
    session = go_live(interview(cast, "", "jane.m@elsewhere.example"))
    session.consents.all().delete()
    session.consents.create(notice_version="1", method="link", given_by="Jane Miller")
    found = subjects.find(cast.organization, name="Jane Miller", email="jane@example.com")
    assert [(match.how, match.sure) for match in found] == [(How.OTHER_EMAIL, False)]
    assert find(cast, name="Jane Miller") == {session.pk: How.CONSENT}


def test_nothing_of_another_organization_is_found(cast):
    theirs = make_session(cast.otto, cast.elsewhere, candidate_name="Jane Miller")
    assert find(cast, name="Jane Miller") == {}
    done = subjects.erase(cast.organization, [theirs.pk], by=cast.ada)
    assert (done.erased, done.missing) == ([], 1)
    assert access.session_by_id(theirs.pk) is not None


def test_one_that_was_tampered_with_does_not_hide_the_others(cast):
    good, bad = interview(cast, "Jane Miller"), interview(cast, "Jane Miller")
    other = bytes(Session.objects.values_list("wrapped_key", flat=True).get(pk=good.pk))
    Session.objects.filter(pk=bad.pk).update(wrapped_key=other)
    found = find(cast, name="Jane Miller")
    assert (found[good.pk], found[bad.pk]) == (How.NAME, How.UNREADABLE)


def test_it_wants_a_name_or_an_address(cast):
    for wanted in ({}, {"name": " ", "email": "  "}, {"name": "–"}, {"email": "jane"}):
        with pytest.raises(DomainError) as refused:
            find(cast, **wanted)
        assert refused.value.code == "who"


def test_a_search_leaves_counts_and_no_name(cast):
    interview(cast, "Jane Miller")
    find(cast, name="Jane Miller")
    entry = AuditEntry.objects.get(action=Event.SUBJECT_SEARCHED)
    assert entry.details == {"by": ["name"], "sure": 1, "others": 0}
    assert entry.object_id == ""


def test_a_search_asks_the_database_by_chunks(cast, monkeypatch):
    monkeypatch.setattr(subjects, "CHUNK", 2)
    for _number in range(7):
        interview(cast, "Jane Miller")
    with CaptureQueriesContext(connection) as queries:
        assert len(find(cast, name="Jane Miller")) == 7
    asked = [q["sql"] for q in queries if '"interviews_consentrecord"' in q["sql"]]
    assert len(asked) == 4  # of two interviews each


def test_erasing_takes_all_but_what_is_held_and_leaves_receipts(
    cast, django_capture_on_commit_callbacks
):
    gone, live, held = (interview(cast, "Jane Miller") for _number in range(3))
    go_live(live)
    Session.objects.filter(pk=held.pk).update(legal_hold=True)
    other = interview(cast, "John Smith")
    with django_capture_on_commit_callbacks(execute=True):
        done = subjects.erase(cast.organization, [gone.pk, live.pk, held.pk], by=cast.ada)
    assert (set(done.erased), done.held, done.missing) == ({gone.pk, live.pk}, [held.pk], 0)
    assert find(cast, name="Jane Miller") == {held.pk: How.NAME}
    assert access.session_by_id(other.pk) is not None
    receipts = Erasure.objects.filter(reason=Erasure.Reason.SUBJECT, asked_by=cast.ada.pk)
    assert set(receipts.values_list("session_id", flat=True)) == {gone.pk, live.pk}
    entry = AuditEntry.objects.get(action=Event.SUBJECT_ERASED)
    assert entry.details == {"erased": 2, "held": 1, "missing": 0}


# --- By command ----------------------------------------------------------------------------------


def subject(act, *more):
    call_command("subject", act, "--organization", "here", "--name", "Jane Miller", *more)


def test_the_command_erases_what_is_sure(cast, capsys, django_capture_on_commit_callbacks):
    sure, near = interview(cast, "Jane Miller"), interview(cast, "J. Miller")
    with django_capture_on_commit_callbacks(execute=True):
        subject("erase", "--yes")
    assert access.session_by_id(sure.pk) is None
    assert access.session_by_id(near.pk) is not None
    said = capsys.readouterr()
    assert "1 erased, 0 under a legal hold" in said.out
    assert "Miller" not in said.out + said.err


def test_the_command_erases_nothing_without_the_word(cast, monkeypatch):
    session = interview(cast, "Jane Miller")
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    with pytest.raises(CommandError, match="nothing was erased"):
        subject("erase")
    assert access.session_by_id(session.pk) is not None


def test_the_command_takes_only_what_was_found(cast):
    other = interview(cast, "John Smith")
    interview(cast, "Jane Miller")
    with pytest.raises(CommandError, match="not among what was found"):
        subject("erase", "--yes", "--interview", str(other.pk))
    assert access.session_by_id(other.pk) is not None


def test_the_command_knows_its_organizations(cast):
    with pytest.raises(CommandError, match="no organization 'nowhere'"):
        call_command("subject", "find", "--organization", "nowhere", "--name", "Jane")
