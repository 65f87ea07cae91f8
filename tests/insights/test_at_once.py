"""People and the program at the same summary and the same order at once: one after the other."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from copilot.lib.errors import DomainError
from insights import deliveries, summaries
from insights.deliveries import removals
from insights.models import AtsDelivery, AtsRemoval, Summary, SummaryVersion
from insights.summaries import editing, signing, versions
from sessions import consents, retention
from sessions.models import Erasure
from tests.insights import test_deliveries
from tests.insights.test_deliveries import far, make_world, order, sign  # noqa: F401

PATIENCE = 30  # seconds
ROUNDS = 4
REFUSALS = {"signed", "not_signed", "summary_changed", "summary_making", "summary_empty"}

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run acts in threads that begin together; return what each returned, or was refused with."""
    start, told = threading.Barrier(len(acts)), {}

    def run(place, act):
        try:
            start.wait(PATIENCE)
            told[place] = act()
        except DomainError as refused:
            told[place] = refused.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(told) == len(acts), "an act failed, or did not end"
    return [told[place] for place in range(len(acts))]


@pytest.fixture
def world(cast, far):  # noqa: F811
    return make_world(cast, far)


def read(world):
    """Return the summary as anybody reads it now, and the id of its first sentence."""
    summary = Summary.objects.get(session=world.session)
    sentences = [s for section in summary.sections for s in section["sentences"]]
    return summary, sentences[0]["id"]


def test_what_is_signed_is_what_stands_whoever_else_is_at_it(world):
    olga, session = world.cast.olga, world.session
    for number in range(ROUNDS):
        seen, sentence = read(world)

        def edit(seen=seen, sentence=sentence, number=number):
            editing.edit_sentence(
                session=session,
                by=olga,
                revision=seen.revision,
                sentence_id=sentence,
                text=f"As somebody wrote it in round {number}.",
            )
            return "edited"

        def put_name(seen=seen):
            return signing.sign(session=session, by=olga, revision=seen.revision).number

        told = at_once(
            put_name,
            edit,
            lambda: summaries.make(session_id=session.pk),
            lambda: signing.reopen(session=session) and "reopened",
        )
        refused = {answer for answer in told if isinstance(answer, str)}
        assert refused <= {*REFUSALS, "edited", "reopened"}
        summary, _first = read(world)
        summary.session = session
        numbers = list(
            SummaryVersion.objects.filter(session=session).values_list("number", flat=True)
        )
        assert sorted(set(numbers)) == numbers
        if summary.state == Summary.State.SIGNED:
            signed = versions.signed(session)
            assert signed.digest == versions.digest_of(versions.content_of(summary))
            assert told[1] != "edited" or isinstance(told[0], str)
            signing.reopen(session=session)


def test_the_same_order_twice_at_once_is_one(world):
    sign(world)
    rows = at_once(*[lambda: order(world, "note") for _ in range(3)])
    assert len({row.pk for row in rows}) == 1
    at_once(*[lambda: deliveries.deliver(rows[0].pk) for _ in range(3)])
    assert world.far.parts() == ["note"]
    assert AtsDelivery.objects.get().state == "sent"


@pytest.mark.parametrize("ending", ["cancelled", "withdrawn"])
def test_what_is_taken_back_while_it_is_sent_ends_and_what_arrived_is_known(world, ending):
    sign(world)
    row = order(world, "note", "attachment")

    def take_back():
        if ending == "withdrawn":
            return consents.withdraw(session=world.session, method="verbal")
        return deliveries.cancel(session=world.session, delivery_id=row.pk)

    _sent, told = at_once(lambda: deliveries.deliver(row.pk), take_back)
    row.refresh_from_db()
    assert row.state == ("sent" if told == "finished" else row.state)
    assert row.state in {"sent", "cancelled"}
    assert sorted(row.remote or {}) == sorted(world.far.parts())
    kept = AtsRemoval.objects.filter(pk=row.pk).first()
    assert set(kept.remote["parts"] if kept else {}) == set(row.remote or {})
    assert test_deliveries.events("ats.ordered") == ["ats.ordered"]


@pytest.mark.parametrize("ending", ["ordered again", "erased"])
def test_who_may_still_be_sending_is_waited_for(world, ending):
    sign(world)
    row = order(world, "note")
    until = timezone.now() + timedelta(seconds=100)
    AtsDelivery.objects.update(state="sending", lease_token=uuid.uuid4(), lease_until=until)
    with transaction.atomic():
        removals.intend(row, "note", "IC-mark", "file.pdf")
    if ending == "erased":
        retention.erase_now(session=world.session, reason=Erasure.Reason.PERSON)
        (left,), due = AtsRemoval.objects.all(), removals.overdue
    else:
        deliveries.cancel(session=world.session, delivery_id=row.pk)
        left, due = order(world, "note"), deliveries.overdue
    assert (left.state, left.next_attempt_at) == ("waiting", until)
    assert due() == []
