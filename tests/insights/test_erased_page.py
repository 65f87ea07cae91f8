"""The page of an interview that was erased, for who reaches for it afterwards."""

import pytest

from sessions import retention
from sessions.models import Erasure
from tests.factories import client_of, go_live

pytestmark = pytest.mark.django_db


@pytest.fixture
def erased(cast):
    session = go_live(cast.session)
    retention.erase_now(session=session, reason=Erasure.Reason.PERSON, by=cast.olga)
    return session.pk


def opened(person, path):
    return client_of(person).get(path)


@pytest.mark.parametrize("page", ["", "review/"])
def test_the_organization_is_told_calmly_and_strangers_nothing(cast, erased, page):
    path = f"/sessions/{erased}/{page}"
    for person in (cast.olga, cast.ada):
        answer = opened(person, path)
        assert answer.status_code == 410
        assert "This interview was erased" in answer.content.decode()
        assert cast.session.title not in answer.content.decode()
    for person in (cast.otto, cast.lea):
        assert opened(person, path).status_code == 404


def test_the_receipt_is_for_who_answers_for_candidates(cast, erased):
    receipt = Erasure.objects.get(session_id=erased)
    path = f"/sessions/{erased}/"
    place = f"/privacy/{receipt.organization.slug}/receipts/{receipt.pk}/"
    assert place in opened(cast.ada, path).content.decode()
    assert place not in opened(cast.olga, path).content.decode()
    assert opened(cast.ada, place).status_code == 200
