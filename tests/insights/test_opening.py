"""What a page shows first of a long interview, and that the rest misses nothing."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from insights.models import Insight
from insights.opening import CARDS, LINES, opening
from insights.queries import snapshot
from tests.factories import make_session, say
from tests.long_interviews import make_long

pytestmark = pytest.mark.django_db

SIZES = {"segments": 400, "insights": 320, "claims": 20, "tones": 60, "notes": 8}


@pytest.fixture
def long(cast):
    return make_long(cast.session, **SIZES)


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


def pages(client, session, more, **extra):
    """Fetch the rest as the page does."""
    ((side, edge),) = more.items()
    while True:
        asked = {side: edge, "words": "doubtful", "most": 90, **extra}
        body = client.get(f"/api/v1/sessions/{session.pk}/transcript/", asked).json()
        yield from body["results"]
        if not body["more"]:
            return
        edge = body["results"][0 if side == "before" else -1]["start_ms"]


def test_a_short_interview_is_there_at_once(cast):
    session = make_long(cast.session, segments=20, insights=5, claims=4, tones=6, notes=2)
    boot, whole = opening(session), snapshot(session)
    assert boot.pop("more") is None
    assert boot.pop("about") == []
    for things in (*boot["segments"], *whole["segments"]):
        things.pop("words")
    for kind in ("segments", "insights"):
        assert sorted(boot.pop(kind), key=lambda one: one["id"]) == sorted(
            whole.pop(kind), key=lambda one: one["id"]
        )
    assert boot == whole


@pytest.mark.parametrize("end", [False, True])
def test_what_is_shown_first_and_what_follows_are_all(cast, olga, end):
    session = make_long(cast.session, **SIZES, end=end)
    boot = opening(session)
    whole = [line["id"] for line in snapshot(session)["segments"]]
    first = [line["id"] for line in boot["segments"]]
    assert first == (whole[:LINES] if end else whole[-LINES:])
    rest = [line["id"] for line in pages(olga, session, boot["more"])]
    assert {*first, *rest} == {*whole}
    assert boot["cursor"] == session.revision
    assert (boot["claims"], boot["tones"]) == ([], [])  # asked for afterwards


def test_what_is_said_meanwhile_is_neither_lost_nor_out_of_place(long, olga):
    boot = opening(long)
    arriving = pages(olga, long, boot["more"])
    some = [next(arriving) for _ in range(10)]
    late = say(long, "This was heard late, and lies early.", start=50 * 2_400 * 16 + 7)
    rest = [line["id"] for line in (*some, *arriving)]
    told = [line["id"] for line in snapshot(long, after=boot["cursor"])["segments"]]
    assert told == [str(late.pk)]
    seen = {*rest, *told, *(line["id"] for line in boot["segments"])}
    assert seen == {str(line.pk) for line in long.segments.all()}


def test_cards_are_the_newest_of_each_tab_and_their_lines_have_a_place(long):
    boot = opening(long)
    questions = [card for card in boot["insights"] if card["tab"] == "questions"]
    assert len(questions) == CARDS
    newest = long.insights.filter(kind="question").order_by("-created_at")[:CARDS]
    assert {card["id"] for card in questions} == {str(card.pk) for card in newest}
    placed = {line["id"] for line in (*boot["segments"], *boot["about"])}
    assert {line for card in boot["insights"] for line in card["segments"]} <= placed
    sent = {line["id"] for line in boot["segments"]}
    assert not any(line["id"] in sent for line in boot["about"])


def test_pinned_cards_and_folds_stay_and_superseded_ones_go(long):
    oldest = list(long.insights.filter(kind="question").order_by("created_at")[:3])
    for card, change in zip(
        oldest,
        [{"feedback": "pinned"}, {"feedback": "wrong"}, {"state": "superseded"}],
        strict=True,
    ):
        Insight.objects.filter(pk=card.pk).update(**change)
    sent = {card["id"] for card in opening(long)["insights"]}
    assert [str(card.pk) in sent for card in oldest] == [True, True, False]


def test_only_words_with_something_to_say_are_sent_and_stand_where_they_say(long, olga):
    boot = opening(long)
    full = {line["id"]: line for line in snapshot(long)["segments"]}
    for line in boot["segments"]:
        doubtful = [word for word in full[line["id"]]["words"] if word["c"] < 0.55]
        assert [word["t"] for word in line["words"]] == [word["t"] for word in doubtful]
        for word in line["words"]:
            assert line["text"][word["i"] :].startswith(word["t"])
    url = f"/api/v1/sessions/{long.pk}/transcript/"
    assert olga.get(url).json()["results"] == list(full.values())
    page = olga.get(url, {"before": 240_000, "most": 5}).json()
    assert [line["start_ms"] for line in page["results"]] == [
        230_400,
        232_800,
        235_200,
        237_600,
        240_000,
    ]
    assert all(len(line["words"]) == 15 for line in page["results"])


@pytest.mark.parametrize("asked", [{"before": "x"}, {"from": "-1"}, {"before": 1, "most": "all"}])
def test_a_place_that_is_none_is_refused(long, olga, asked):
    answer = olga.get(f"/api/v1/sessions/{long.pk}/transcript/", asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_pages_of_lines_are_for_who_may_see_the_interview(long, cast):
    for person, status in ((cast.sam, 200), (cast.mia, 404), (cast.otto, 404)):
        client = Client()
        client.force_login(person)
        url = f"/api/v1/sessions/{long.pk}/transcript/"
        assert client.get(url, {"before": 9000}).status_code == status


def test_it_takes_as_many_queries_however_long_it_is(cast, long):
    counts = []
    for session in (
        long,
        make_long(make_session(cast.olga, cast.organization), **{**SIZES, "segments": 900}),
    ):
        with CaptureQueriesContext(connection) as queries:
            opening(type(session).objects.get(pk=session.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1]
