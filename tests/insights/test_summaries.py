"""The summary: drafted from what is stored, every sentence on its lines, edited by a person."""

import json
from types import SimpleNamespace

import pytest
from django.test import TestCase

from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from insights import analysis, corrections, queries, summaries, tasks
from insights.cards import store_finding
from insights.models import Claim, Coverage, Insight, Summary
from insights.summaries import making
from sessions import services
from sessions.models import Guide
from tests.factories import client_of, go_live, say

pytestmark = pytest.mark.django_db

SECOND = 16_000
FACTS = {"facts", "open", "interview"}
LINES = [
    ("interviewer", "Tell me about a time you led a migration."),
    ("candidate", "We had an outage last year and I was asked to move us off the old cluster."),
    ("candidate", "I wrote the plan and I moved 40 services to Kubernetes."),
    ("candidate", "We cut the error rate from four percent to one percent."),
    ("interviewer", "Do you have any questions for us?"),
    ("candidate", "How do you decide what gets built next?"),
]


def make_guide(organization):
    guide = Guide.objects.create(organization=organization, title="Backend")
    leading = guide.competencies.create(name="Leading", position=0)
    leading.questions.create(text="Tell me about a time you led a migration.")
    leading.questions.create(text="How do you give feedback?", position=1)
    guide.competencies.create(name="Design", position=1)
    return guide


@pytest.fixture
def held(cast):
    """An ended interview with a guide, of which one question was asked."""
    session = cast.session
    session.guide = make_guide(cast.organization)
    session.save()
    go_live(session)
    spoken = [
        say(session, text, role=role, start=n * 20 * SECOND) for n, (role, text) in enumerate(LINES)
    ]
    question = queries.guide(session)["competencies"][0]["questions"][0]["id"]
    Coverage.objects.update_or_create(
        session=session,
        question=question,
        defaults={
            "asked": True,
            "asked_ms": 0,
            "asked_in": spoken[0].pk,
            "star": {"result": [str(spoken[3].pk)]},
            "revision": 1,
        },
    )
    analysis.analyze_session(session_id=session.pk)
    services.end_session(session=session)
    session.refresh_from_db()
    return SimpleNamespace(session=session, lines=spoken, cast=cast)


@pytest.fixture
def made(held):
    assert summaries.make(session_id=held.session.pk)
    return held


def summary_of(held):
    return queries.summary(held.session)


def section(held, key):
    return next(s for s in summary_of(held)["sections"] if s["key"] == key)


def texts(held, key):
    return [sentence["text"] for sentence in section(held, key)["sentences"]]


def sentences(held):
    return [s for part in summary_of(held)["sections"] for s in part["sentences"]]


def address(held):
    return f"/api/v1/sessions/{held.session.pk}/summary/"


def change(held, user=None, **body):
    body.setdefault("revision", summary_of(held)["revision"])
    client = client_of(user or held.cast.olga)
    return client.patch(address(held), json.dumps(body), content_type="application/json")


# --- the draft -----------------------------------------------------------------------------------


def test_every_sentence_rests_on_standing_lines_but_for_what_is_counted(made):
    standing = {str(line.pk) for line in made.lines}
    found = summary_of(made)["sections"]
    assert found[0]["key"] == "facts"
    for part in found:
        for sentence in part["sentences"]:
            assert set(sentence["segments"]) <= standing
            assert sentence["segments"] or part["key"] in FACTS


def test_it_says_what_was_said_about_a_competency_and_what_was_not(made):
    leading, design = [
        part for part in summary_of(made)["sections"] if part["key"].startswith("competency:")
    ]
    assert leading["title"] == "Leading"
    assert [s["text"] for s in leading["sentences"]] == [
        "Result: “We cut the error rate from four percent to one percent.”"
    ]
    assert leading["sentences"][0]["segments"] == [str(made.lines[3].pk)]
    assert design["sentences"] == []


def test_without_star_parts_the_strongest_lines_of_the_answer_speak(held):
    Coverage.objects.update(star={})
    summaries.make(session_id=held.session.pk)
    part = next(s for s in summary_of(held)["sections"] if s["title"] == "Leading")
    said = [s["text"] for s in part["sentences"]]
    assert "“We cut the error rate from four percent to one percent.”" in said
    assert len(said) == 2


def test_planned_questions_are_asked_or_open_and_the_candidates_own_are_kept(made):
    assert LINES[0][1] in texts(made, "questions")
    assert texts(made, "open") == ["How do you give feedback?"]
    assert texts(made, "candidate") == ["“How do you decide what gets built next?”"]
    facts = " ".join(texts(made, "facts"))
    assert "1 of 2 planned questions were asked." in facts
    assert "%" in facts


def test_claims_to_verify_stand_with_what_they_were_held_against(held):
    Claim.objects.all().delete()
    claim = Claim(
        session=held.session,
        segment=held.lines[2],
        kind="use",
        statement="Kubernetes for 15 years",
        quote=LINES[2][1],
        verdict="conflicts",
        against="technology",
        reason="Older than the technology",
        other_quote="Kubernetes, June 2014",
        source="rules",
        fingerprint=b"1",
        revision=1,
    )
    claim.save()
    summaries.make(session_id=held.session.pk)
    assert texts(held, "conflicts") == [
        f"“{LINES[2][1]}” Older than the technology: “Kubernetes, June 2014”"
    ]
    assert texts(held, "unverified") == []


def a_card(held, number, kind, content, **fields):
    finding = SimpleNamespace(
        kind=kind,
        content=content,
        quote=LINES[number][1],
        line_ids=(str(held.lines[number].pk),),
        title="",
        priority=None,
        competency="",
        confidence=1.0,
        verdict="",
        other_quote="",
        data={},
        **{"reason": "Why", **fields},
    )
    return store_finding(
        session_id=held.session.pk, finding=finding, state="complete", source="rules"
    )


def test_observations_are_no_sentiment_and_not_what_a_person_called_wrong(held):
    Insight.objects.all().delete()
    a_card(held, 3, "highlight", "A result in figures. Ask how it was measured.")
    wrong = a_card(held, 2, "highlight", "Says nothing.")
    a_card(held, 1, "sentiment", "Stressed.")
    a_card(held, 0, "warning", "Touches a protected trait.", reason="Protected trait")
    a_card(held, 1, "warning", "Look into it.", reason="Blames others")
    Insight.objects.filter(pk=wrong.pk).update(feedback="wrong")
    summaries.make(session_id=held.session.pk)
    assert texts(held, "strengths") == [f"A result in figures: “{LINES[3][1]}”"]
    assert texts(held, "concerns") == [f"Blames others: “{LINES[1][1]}”"]
    assert texts(held, "conduct") == [f"Protected trait: “{LINES[0][1]}”"]
    assert "Stressed" not in json.dumps(summary_of(held))


def test_lines_that_are_hidden_take_their_sentences_along(made):
    line = made.lines[3]
    line.hidden = True
    line.save()
    assert all(str(line.pk) not in sentence["segments"] for sentence in sentences(made))
    assert not any("Result:" in sentence["text"] for sentence in sentences(made))


def test_without_analysis_there_are_facts_and_questions_only(held):
    held.session.organization.analysis_enabled = False
    held.session.organization.save()
    Insight.objects.all().delete()
    Claim.objects.all().delete()
    summaries.make(session_id=held.session.pk)
    filled = {p["key"] for p in summary_of(held)["sections"] if p["sentences"]}
    assert filled == {"facts", "questions", "open", "interview"}


def test_nothing_said_makes_a_summary_of_facts(cast):
    go_live(cast.session)
    services.end_session(session=cast.session)
    assert summaries.make(session_id=cast.session.pk)
    filled = [p["key"] for p in queries.summary(cast.session)["sections"] if p["sentences"]]
    assert filled == ["facts", "interview"]


def test_it_is_sealed(made):
    row = Summary.objects.values_list("sections", flat=True).get()
    assert b"error rate" not in bytes(row)


# --- when it is made -----------------------------------------------------------------------------


def test_it_is_due_once_the_interview_has_ended_and_was_read(cast, monkeypatch):
    go_live(cast.session)
    say(cast.session, "I wrote the plan.")
    assert not summaries.due(cast.session.pk)
    services.end_session(session=cast.session)
    analysis.mark_segment(session_id=cast.session.pk)
    assert not summaries.due(cast.session.pk)  # the last words are not read yet
    asked = []
    monkeypatch.setattr(tasks.summarise, "delay", asked.append)
    tasks.analyze(str(cast.session.pk))
    assert asked == [str(cast.session.pk)]
    tasks.summarise(asked[0])
    assert not summaries.due(cast.session.pk)


def test_a_draft_is_due_again_when_more_is_known_and_an_edited_one_is_not(made):
    assert not summaries.due(made.session.pk)
    a_card(made, 2, "highlight", "Moved forty services.")
    assert summaries.due(made.session.pk)
    sentence = sentences(made)[0]
    assert change(made, sentence=sentence["id"], text="Mine.").status_code == 200
    a_card(made, 1, "highlight", "Moved off the old cluster.")
    assert not summaries.due(made.session.pk)


def test_it_is_made_again_once_a_line_was_corrected(made, monkeypatch):
    """What a line said before is read nowhere; what a person wrote or took out stays."""
    told = next(s for s in sentences(made) if "four percent" in s["text"])
    mine = next(s for s in sentences(made) if s["id"] != told["id"])
    assert change(made, sentence=mine["id"], text="Mine.").status_code == 200
    address_of_line = f"/api/v1/sessions/{made.session.pk}/segments/{made.lines[3].pk}/"
    corrected = {"text": "We cut the error rate from nine percent to one percent."}
    client = client_of(made.cast.olga)
    monkeypatch.setattr(tasks.reread, "apply_async", lambda args, countdown: tasks.reread(*args))
    monkeypatch.setattr(tasks.summarise, "delay", tasks.summarise)
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.patch(address_of_line, corrected, content_type="application/json")
    assert answer.status_code == 200
    texts = [s["text"] for s in sentences(made)]
    assert not any("four percent" in text for text in texts)
    assert any("nine percent" in text for text in texts)
    assert "Mine." in texts
    assert not summaries.due(made.session.pk)


def test_a_sentence_taken_out_comes_back_in_as_its_line_reads_now(made):
    told = next(s for s in sentences(made) if "four percent" in s["text"])
    assert change(made, sentence=told["id"], removed=True).status_code == 200
    corrections.correct(
        session=made.session,
        segment_id=made.lines[3].pk,
        by=made.cast.olga,
        text="We cut the error rate from nine percent to one percent.",
    )
    assert summaries.make(session_id=made.session.pk)
    assert told["id"] not in [s["id"] for s in sentences(made)]
    assert change(made, sentence=told["id"], removed=False).status_code == 200
    back = next(s for s in sentences(made) if s["id"] == told["id"])
    assert "nine percent" in back["text"]


def test_a_line_that_is_corrected_while_a_draft_is_made_is_in_it(made, monkeypatch):
    plain, done = making.compose, []

    def compose(*args, **kwargs):
        composed = plain(*args, **kwargs)
        if not done:
            done.append(
                corrections.correct(
                    session=made.session,
                    segment_id=made.lines[3].pk,
                    by=made.cast.olga,
                    text="We cut the error rate from nine percent to one percent.",
                )
            )
        return composed

    monkeypatch.setattr(making, "compose", compose)
    assert summaries.make(session_id=made.session.pk)
    assert not any("four percent" in s["text"] for s in sentences(made))


def test_asking_for_it_again_and_again_makes_it_once(made, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.summarise, "delay", asked.append)
    client = client_of(made.cast.olga)
    kind = "application/json"
    with TestCase.captureOnCommitCallbacks(execute=True):
        codes = [client.post(address(made), content_type=kind).status_code for _ in range(8)]
    assert codes == [202] * 6 + [429] * 2
    assert len(asked) == 1


def test_who_asks_has_it_made_where_a_worker_died(held, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.summarise, "delay", asked.append)
    client = client_of(held.cast.sam)
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.get(address(held)).json()
        client.get(address(held))
    assert answer["state"] == "making"
    assert answer["sections"] == []
    assert asked == [str(held.session.pk)]  # once


def test_there_is_none_before_the_end_nor_without_consent(cast, held):
    again = services.create_session(owner=cast.olga, organization=cast.organization, title="Next")
    go_live(again)
    answer = client_of(cast.olga).get(f"/api/v1/sessions/{again.pk}/summary/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ended")
    held.session.consents.update(withdrawn_at=held.session.ended_at)
    assert not summaries.make(session_id=held.session.pk)
    answer = client_of(cast.olga).get(address(held))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")


def test_what_fails_says_so_and_may_be_tried_again(held, monkeypatch):
    monkeypatch.setattr(making, "compose", lambda *args, **kwargs: 1 / 0)
    assert not summaries.make(session_id=held.session.pk)
    assert summary_of(held)["state"] == "failed"
    monkeypatch.undo()
    assert summaries.make(session_id=held.session.pk)
    assert summary_of(held)["state"] == "draft"


def test_the_snapshot_tells_how_it_stands_and_each_change_is_told(
    made, monkeypatch, django_capture_on_commit_callbacks
):
    told = []
    monkeypatch.setattr(
        "sessions.events.publish_on_commit", lambda _id, kind, body: told.append((kind, body))
    )
    monkeypatch.setattr(tasks.summarise, "delay", lambda session_id: None)
    before = queries.snapshot(made.session)
    assert before["summary"]["state"] == "draft"
    answer = client_of(made.cast.olga).post(address(made), content_type="application/json")
    assert answer.status_code == 202
    after = queries.snapshot(made.session)
    assert after["summary"]["state"] == "making"
    assert after["cursor"] == before["cursor"] + 1 == after["summary"]["revision"]
    body = {"revision": after["cursor"], "state": "making"}
    assert ("summary", body) in told


# --- what a person does --------------------------------------------------------------------------


def test_an_edit_is_kept_and_says_whose_it_is(made):
    sentence = section(made, "facts")["sentences"][0]
    answer = change(made, sentence=sentence["id"], text="  It took\nhalf an hour. ").json()
    found = answer["sections"][0]["sentences"][0]
    assert found["text"] == "It took half an hour."
    assert found["edited"]
    assert found["by"] == made.cast.olga.display_name
    assert answer["state"] == "edited"
    assert answer["revision"] > 0
    change(made, sentence=sentence["id"], text="Less.")
    entry = AuditEntry.objects.get(action=Event.SUMMARY_EDITED)  # once for both
    assert "Less" not in json.dumps(entry.details)


def test_edits_additions_and_removals_survive_another_draft(made):
    facts = section(made, "facts")["sentences"]
    change(made, sentence=facts[0]["id"], text="Mine.")
    change(made, sentence=facts[1]["id"], removed=True)
    added = change(made, section="candidate", text="Asked about the team as well.").json()["added"]
    a_card(made, 2, "highlight", "Moved forty services.")
    summaries.make(session_id=made.session.pk)
    kept = texts(made, "facts")
    assert "Mine." in kept
    assert facts[0]["text"] not in kept
    assert facts[1]["text"] not in kept
    own = section(made, "candidate")["sentences"][-1]
    assert (own["id"], own["own"], own["segments"]) == (added, True, [])
    assert any("Moved forty services" in text for text in texts(made, "strengths"))
    assert summary_of(made)["state"] == "edited"


def test_an_edited_sentence_stays_where_the_draft_has_it_no_more(made):
    sentence = section(made, "candidate")["sentences"][0]
    change(made, sentence=sentence["id"], text="Wanted to know who decides.")
    line = made.lines[5]
    line.text = "Thank you."
    line.save()
    summaries.make(session_id=made.session.pk)
    assert texts(made, "candidate") == ["Wanted to know who decides."]


def test_what_was_taken_out_comes_back_when_a_person_says_so(made):
    sentence = section(made, "open")["sentences"][0]
    assert change(made, sentence=sentence["id"], removed=True).status_code == 200
    assert texts(made, "open") == []
    change(made, sentence=sentence["id"], removed=False)
    assert texts(made, "open") == [sentence["text"]]


def test_another_draft_of_the_same_changes_nothing(made):
    before = summary_of(made)
    summaries.make(session_id=made.session.pk)
    assert summary_of(made) == before


def test_a_change_of_what_was_changed_meanwhile_is_refused(made):
    seen = summary_of(made)["revision"]
    sentence = sentences(made)[0]["id"]
    assert change(made, revision=seen, sentence=sentence, text="First.").status_code == 200
    answer = change(made, revision=seen, sentence=sentence, text="Second.")
    assert (answer.status_code, answer.json()["code"]) == (409, "summary_changed")
    assert "First." in texts(made, "facts")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "Whose?"}, 400),
        ({"section": "facts"}, 400),
        ({"section": "facts", "text": " "}, 400),
        ({"section": "facts", "text": "x" * 1001}, 400),
        ({"section": "nowhere", "text": "Mine."}, 404),
        ({"sentence": "00000000-0000-4000-8000-000000000000", "text": "Mine."}, 404),
        ({"sentence": "00000000-0000-4000-8000-000000000000", "text": "M", "removed": True}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(made, body, status):
    before = summary_of(made)
    assert change(made, **body).status_code == status
    assert summary_of(made) == before


def test_only_who_holds_the_interview_edits_it(made):
    sentence = sentences(made)[0]["id"]
    for person in (made.cast.cora, made.cast.sam, made.cast.ada, made.cast.mia):
        assert change(made, person, sentence=sentence, text="Not mine.").status_code == 404
        assert client_of(person).post(address(made)).status_code == 404
    assert client_of(made.cast.sam).get(address(made)).status_code == 200
    assert "Not mine." not in texts(made, "facts")


def test_a_person_adds_so_many_sentences_and_no_more(made, monkeypatch):
    monkeypatch.setattr("insights.summaries.editing.MOST_OWN", 2)
    revision = summary_of(made)["revision"]
    given = {"session": made.session, "by": made.cast.olga, "section": "facts"}
    for text in ("One.", "Two."):
        summary, _id = summaries.add_sentence(**given, revision=revision, text=text)
        revision = summary.revision
    with pytest.raises(DomainError, match="at most 2"):
        summaries.add_sentence(**given, revision=revision, text="Three.")


# --- lines that are put right when it is made ----------------------------------------------------


def put_right(held, line, text):
    corrections.correct(session=held.session, segment_id=line.pk, by=held.cast.olga, text=text)


def test_a_quoted_line_that_was_put_right_is_quoted_as_it_reads_now(made):
    right = "We cut the error rate from five percent to one percent."
    put_right(made, made.lines[3], right)
    assert corrections.reread(session_id=made.session.pk) is None
    assert summaries.due(made.session.pk), "it quotes what nobody said"
    summaries.make(session_id=made.session.pk)
    assert not any("four percent" in sentence["text"] for sentence in sentences(made))
    assert not summaries.due(made.session.pk)


def test_a_sentence_made_again_is_not_older_than_its_line(made):
    before = section(made, "questions")["sentences"]
    put_right(made, made.lines[0], f"Well. {LINES[0][1]}")
    summaries.make(session_id=made.session.pk)
    after = section(made, "questions")["sentences"]
    assert [s["text"] for s in after] == [s["text"] for s in before]
    line = made.session.segments.get(pk=made.lines[0].pk)
    assert all(s["at"] >= line.corrected_at.isoformat() for s in after), "its mark would stay"
    revision = summary_of(made)["revision"]
    summaries.make(session_id=made.session.pk)
    assert summary_of(made)["revision"] == revision


def test_what_is_known_while_it_is_drafted_is_in_it(held, monkeypatch):
    real, right = making.compose, "We cut the error rate from five percent to one percent."
    changes = [right]

    def slow(*args, **kwargs):
        composed = real(*args, **kwargs)
        while changes:
            put_right(held, held.lines[3], changes.pop())
        return composed

    monkeypatch.setattr(making, "compose", slow)
    assert summaries.make(session_id=held.session.pk)
    assert not any("four percent" in sentence["text"] for sentence in sentences(held))
