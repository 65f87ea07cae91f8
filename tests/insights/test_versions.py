"""Versions: what a summary said before it was overwritten, and how it comes back."""

import json

import pytest

from accounts.models import User
from insights import corrections, summaries
from insights.models import Summary, SummaryVersion
from insights.summaries import versions
from sessions.models import Session
from tests.factories import client_of
from tests.insights.test_signing import (  # noqa: F401  # `made` is a fixture
    address,
    code,
    edit,
    made,
    see,
    send,
    sign,
)

pytestmark = pytest.mark.django_db


def again(held):
    """Have the summary made again, as a person does who asks for it."""
    summaries.begin(session_id=held.session.pk)
    assert summaries.make(session_id=held.session.pk)


def change_the_facts(minutes=95):
    Session.objects.update(planned_minutes=minutes)  # the draft says how long was planned


def restore(held, number, **body):
    body.setdefault("revision", see(held)["revision"])
    return send(held, f"versions/{number}/restore/", **body)


def listed(held, user=None):
    return see(held, "versions/", user)["results"]


def texts(sections):
    return [s["text"] for part in sections for s in part["sentences"]]


# --- kept ----------------------------------------------------------------------------------------


def test_before_it_is_made_again_it_is_kept(made):  # noqa: F811
    before = texts(see(made)["sections"])
    change_the_facts()
    again(made)
    [version] = listed(made)
    assert (version["number"], version["why"], version["by"]) == (1, "made", "")
    assert not version["signed"]
    assert texts(see(made, "versions/1/")["content"]["sections"]) == before
    assert texts(see(made)["sections"]) != before
    assert see(made)["version"] == 1


def test_what_comes_to_the_same_is_kept_once(made):  # noqa: F811
    again(made)
    again(made)
    assert len(listed(made)) <= 1


def test_a_draft_that_the_program_alone_wrote_and_renews_is_not_kept(made):  # noqa: F811
    change_the_facts()
    assert summaries.make(session_id=made.session.pk)
    assert listed(made) == []


def test_what_somebody_else_wrote_is_kept_before_another_edits_it(made):  # noqa: F811
    edit(made, "Olga's words.")
    edit(made, "Still Olga's words.")
    assert listed(made) == []
    summary = Summary.objects.get(session=made.session)
    first = next(s for part in summary.sections for s in part["sentences"])
    summaries.edit_sentence(
        session=made.session,
        by=made.cast.ada,
        revision=summary.revision,
        sentence_id=first["id"],
        text="Ada's words.",
    )
    [version] = listed(made)
    assert (version["why"], version["by"]) == ("edited", "olga")
    assert "Still Olga's words." in texts(see(made, "versions/1/")["content"]["sections"])


def test_at_most_so_many_are_kept_and_what_is_signed_stays(made, monkeypatch):  # noqa: F811
    monkeypatch.setattr(versions, "MOST", 3)
    sign(made)
    send(made, "reopen/")
    for minutes in (91, 92, 93, 94):
        change_the_facts(minutes)
        again(made)
    kept = [(v["number"], v["signed"]) for v in listed(made)]
    assert len(kept) == 3
    assert kept[-1] == (1, True)
    assert [number for number, _ in kept] == sorted((n for n, _ in kept), reverse=True)


def test_signing_has_an_end(made, monkeypatch):  # noqa: F811
    monkeypatch.setattr(versions, "MOST", 1)
    assert sign(made).status_code == 200
    send(made, "reopen/")
    assert code(sign(made)) == (409, "too_many")
    assert see(made)["state"] == "draft"
    assert SummaryVersion.objects.count() == 1


# --- read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["sam", "cora", "ada"])
def test_who_may_only_read_sees_what_was_signed(made, person):  # noqa: F811
    user: User = getattr(made.cast, person)
    change_the_facts()
    again(made)
    assert listed(made, user) == []
    assert client_of(user).get(address(made, "versions/1/")).status_code == 404
    sign(made)
    assert [v["number"] for v in listed(made, user)] == [2]
    assert see(made, "versions/2/", user)["statement"]["version"] == 2
    assert restore_as(made, user).status_code == 404


def restore_as(held, user):
    return send(held, "versions/2/restore/", user, revision=1)


@pytest.mark.parametrize("person", ["mia", "eve", "otto"])
def test_others_see_none(made, person):  # noqa: F811
    sign(made)
    for what in ("versions/", "versions/1/"):
        answer = client_of(getattr(made.cast, person)).get(address(made, what))
        assert answer.status_code == 404


@pytest.mark.parametrize("number", [7, 10**30])
def test_what_does_not_exist_is_not_found(made, number):  # noqa: F811
    answer = client_of(made.cast.olga).get(address(made, f"versions/{number}/"))
    assert answer.status_code == 404
    assert restore(made, number).status_code == 404


def test_what_a_line_said_before_it_was_put_right_is_left_out(made):  # noqa: F811
    edit(made, "Mine.")
    put_right(made)
    assert "Zanzibar" in json.dumps(SummaryVersion.objects.get(number=1).content)
    version = see(made, "versions/1/")
    assert version["withheld"] >= 1
    assert "Zanzibar" not in json.dumps(version)
    assert "Mine." in texts(version["content"]["sections"])


def put_right(held):
    corrections.correct(
        session=held.session,
        segment_id=held.lines[3].pk,
        by=held.cast.olga,
        text="How do you decide what gets built next?",
    )
    again(held)


# --- brought back --------------------------------------------------------------------------------


def test_a_version_comes_back_and_what_it_replaces_is_kept(made):  # noqa: F811
    edit(made, "Mine.")
    before = texts(see(made)["sections"])
    sign(made)
    send(made, "reopen/")
    edit(made, "Yours.")
    change_the_facts()
    answer = restore(made, 1).json()
    assert answer["state"] == "edited"
    assert texts(answer["sections"]) == before
    newest = listed(made)[0]
    assert (newest["number"], newest["why"]) == (2, "made")
    assert "Yours." in texts(see(made, "versions/2/")["content"]["sections"])
    assert see(made, "versions/1/")["signed"]


def test_what_comes_back_says_whose_it_was(made):  # noqa: F811
    edit(made, "Mine.")
    sign(made)
    send(made, "reopen/")
    edit(made, "Other.")
    answer = restore(made, 1).json()
    mine = next(s for part in answer["sections"] for s in part["sentences"] if s["edited"])
    assert (mine["text"], mine["by"]) == ("Mine.", "olga")


def test_what_the_version_did_not_have_stays_away_when_it_is_made_again(made):  # noqa: F811
    first = see(made)["sections"][0]["sentences"][0]
    revision = see(made)["revision"]
    send(made, "", method="patch", sentence=first["id"], removed=True, revision=revision)
    sign(made)
    send(made, "reopen/")
    revision = see(made)["revision"]
    send(made, "", method="patch", sentence=first["id"], removed=False, revision=revision)
    assert first["text"] in texts(see(made)["sections"])
    restored = texts(restore(made, 1).json()["sections"])
    assert first["text"] not in restored
    again(made)
    assert texts(see(made)["sections"]) == restored


def test_what_a_line_said_before_it_was_put_right_does_not_come_back(made):  # noqa: F811
    edit(made, "Mine.")
    put_right(made)
    answer = restore(made, 1)
    assert answer.status_code == 200
    assert "Zanzibar" not in answer.content.decode()
    assert "Mine." in texts(answer.json()["sections"])


def test_what_was_changed_meanwhile_is_looked_at_before(made):  # noqa: F811
    sign(made)
    send(made, "reopen/")
    old = see(made)["revision"]
    edit(made, "Mine.")
    assert code(restore(made, 1, revision=old)) == (409, "summary_changed")
    assert "Mine." in texts(see(made)["sections"])


def test_nothing_comes_back_while_it_is_being_made(made):  # noqa: F811
    sign(made)
    send(made, "reopen/")
    summaries.begin(session_id=made.session.pk)
    assert code(restore(made, 1)) == (409, "summary_making")
