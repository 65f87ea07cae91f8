"""What the redactor of a session is told about the people in it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import create_organization
from sessions import access
from tests.factories import make_session, make_user
from transcription.privacy import session_redactor

pytestmark = pytest.mark.django_db
LABEL = re.compile(r"\[[A-Z]+-\d+\]")


@pytest.fixture
def session():
    here = create_organization(name="Here", slug="here")
    owner = make_user(here, "Bertrand Achterberg")
    return make_session(
        owner,
        here,
        candidate_name="Candice Holloway",
        candidate_email="candy.holloway-reyes@example.org",
    )


def said(session, text):
    return session_redactor(session).final(text).text


def test_it_knows_the_candidate_by_name_and_by_the_name_in_the_address(session):
    assert said(session, "so holoway what next") == "so [NAME-1] what next"
    assert said(session, "candice and reyes are one") == "[NAME-1] and [NAME-1] are one"
    assert said(session, "over to achterberg") == "over to [NAME-2]"


def test_it_knows_whom_the_interview_is_shared_with_and_nobody_else(session):
    invited = make_user(session.organization, "Ottokar Szymborsky")
    make_user(session.organization, "Zebulon Quickfall")
    before = said(session, "the szymborskys asked")
    access.share(session=session, colleague=invited)
    assert before == "the szymborskys asked"
    assert said(session, "the szymborskys asked") == "the [NAME-3] asked"
    assert said(session, "the quickfalls asked") == "the quickfalls asked"


def test_somebody_invited_later_takes_no_number_that_is_given_away(session):
    first = session_redactor(session)
    assert first.final("I reported to Oksana Hrytsenko.").text.endswith("[NAME-3].")
    access.share(session=session, colleague=make_user(session.organization, "Ottokar Szymborsky"))
    assert said(session, "ottokar will ask") == "[NAME-4] will ask"
    assert "[NAME-3]" in first.final("and hrytsenko agreed").text


def test_the_names_stay_where_the_organization_wants_them(session):
    session.organization.keep_names = True
    session.organization.save()
    shown = said(session, "candice, write to jane dot miller at gmail dot com")
    assert shown == "candice, write to [EMAIL-1]"


def test_it_asks_the_database_once(session):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        session_redactor(session)
    assert len(queries) <= 1
