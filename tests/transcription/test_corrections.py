"""Putting a line right: who may, what is kept of it, and what never gets in."""

import pytest
from django.test import Client

from sessions import services
from tests.factories import make_token, say
from transcription import corrections
from transcription.models import Segment

SAID = "we moved it to easy to last year"


@pytest.fixture
def line(live):
    line = say(live, SAID)
    words = [[word, 100 * n, 100 * n + 80, 0.5, "", -20] for n, word in enumerate(SAID.split())]
    line.words = words
    line.save()
    return line


def send(user, line, method="patch", **change):
    client = Client()
    client.force_login(user)
    path = f"/api/v1/sessions/{line.session_id}/segments/{line.pk}/"
    if method == "delete":
        return client.delete(f"{path}correction/")
    return client.patch(path, change, content_type="application/json")


def recognized(user, line):
    client = Client()
    client.force_login(user)
    return client.get(f"/api/v1/sessions/{line.session_id}/segments/{line.pk}/correction/")


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_what_was_recognized_is_kept_once(cast, line):
    first = send(cast.olga, line, text="we moved it to EC2 last year").json()
    assert first["text"] == "we moved it to EC2 last year"
    assert SAID not in str(first)
    assert recognized(cast.olga, line).json() == {"text": SAID, "role": line.role}
    second = send(cast.olga, line, text="we moved it to EC2 in May").json()
    assert recognized(cast.olga, line).json()["text"] == SAID
    assert second["revision"] > first["revision"]
    restored = send(cast.olga, line, "delete").json()
    assert (restored["text"], restored["corrected_at"]) == (SAID, None)
    row = Segment.objects.get()
    assert [word[0] for word in row.words] == SAID.split()
    assert row.original is None


def test_written_back_by_hand_it_is_not_corrected_any_more(cast, line):
    send(cast.olga, line, text="something else")
    assert send(cast.olga, line, text=SAID).json()["corrected_at"] is None


@pytest.mark.parametrize(("person", "status"), [("cora", 404), ("sam", 404), ("ada", 404)])
def test_what_was_recognized_is_for_who_holds_the_interview(cast, line, person, status):
    """A correction may hide what the redaction missed."""
    send(cast.olga, line, text="something else")
    assert recognized(getattr(cast, person), line).status_code == status


def test_words_that_stay_keep_their_times_and_others_share_the_time_between(cast, line):
    send(cast.olga, line, text="we moved it to EC2 and S3 last year")
    words = Segment.objects.get().words
    assert words[:4] == line.words[:4]
    assert words[-2:] == line.words[-2:]
    assert [word[0] for word in words[4:7]] == ["EC2", "and", "S3"]
    times = [time for word in words for time in word[1:3]]
    assert times == sorted(times)
    assert all(word[3] == 1.0 for word in words[4:7])
    assert corrections.aligned([], "a b", 0, 100) == []


def test_what_is_typed_is_redacted_and_placeholders_stay(cast, live, line):
    say(live, "write to [EMAIL-1]", start=100_000)
    typed = "write to [EMAIL-1] or to maria@example.com"
    answer = send(cast.olga, line, text=typed).json()
    assert answer["text"].startswith("write to [EMAIL-1] or to [EMAIL-")
    assert "maria" not in str(answer)
    assert answer["kinds"]["EMAIL"] == 2


def test_a_new_value_gets_a_number_that_no_other_has(cast, live, line):
    other = say(live, "write to [EMAIL-3]", start=100_000)
    Segment.objects.filter(pk=other.pk).update(kinds={"EMAIL": 1})
    answer = send(cast.olga, line, text="write to maria@example.com").json()
    assert answer["text"] == "write to [EMAIL-4]"


def test_a_line_is_given_to_the_other_speaker(cast, line):
    assert send(cast.olga, line, role="interviewer").json()["role"] == "interviewer"
    assert recognized(cast.olga, line).json()["role"] == "candidate"
    assert send(cast.olga, line, role="candidate").json()["corrected_at"] is None
    assert code(send(cast.olga, line, role="room")) == (400, "bad_role")
    assert code(send(cast.olga, line, role="nobody")) == (400, "bad_role")


def test_nothing_and_too_much_are_refused_with_a_sentence(cast, line):
    answer = send(cast.olga, line, text="  ")
    assert code(answer) == (400, "empty_line")
    assert "off the record" in answer.json()["detail"]
    assert code(send(cast.olga, line, text="x" * 2001)) == (400, "bad_line")
    assert send(cast.olga, line, text="x " * 900).status_code == 200


def test_who_looks_at_an_older_version_is_told(cast, line):
    now = send(cast.olga, line, text="mine", revision=line.revision).json()
    answer = send(cast.olga, line, text="yours", revision=line.revision)
    assert code(answer) == (409, "changed_meanwhile")
    assert send(cast.olga, line, text="yours", revision=now["revision"]).status_code == 200


def test_nothing_changes_where_nothing_is_changed(cast, line):
    answer = send(cast.olga, line, text=f" {SAID} ", role="candidate").json()
    assert answer["revision"] == line.revision
    assert send(cast.olga, line, "delete").json()["revision"] == line.revision


def test_only_who_holds_the_interview_corrects_it(cast, line):
    for person in (cast.sam, cast.cora, cast.ada, cast.mia, cast.otto):
        assert send(person, line, text="mine").status_code == 404
        assert send(person, line, "delete").status_code == 404
    token = make_token(cast.olga, cast.organization, "read")
    client = Client(headers={"authorization": f"Bearer {token}"})
    path = f"/api/v1/sessions/{line.session_id}/segments/{line.pk}/"
    assert client.patch(path, {"text": "x"}, content_type="application/json").status_code == 403
    assert Segment.objects.get().text == SAID


def test_a_line_of_another_interview_is_not_found(cast, live, line):
    from tests.factories import go_live, make_session

    other = go_live(make_session(cast.olga, cast.organization))
    client = Client()
    client.force_login(cast.olga)
    path = f"/api/v1/sessions/{other.pk}/segments/{line.pk}/"
    assert client.patch(path, {"text": "x"}, content_type="application/json").status_code == 404


def test_what_is_erased_or_an_echo_is_not_corrected(cast, live, line):
    Segment.objects.update(hidden=True)
    assert send(cast.olga, line, text="x").status_code == 404
    assert send(cast.olga, line, "delete").status_code == 404


def test_it_can_be_corrected_after_the_end(cast, live, line):
    services.end_session(session=live)
    assert send(cast.olga, line, text="we moved").status_code == 200


def test_what_nobody_sees_hides_nothing_from_the_redaction(cast, line):
    typed = "It is ja\u200bne.miller@exam\u00adple.com, \u202esaid\u202c Da\u2060niel Reyes."
    text = send(cast.olga, line, text=typed).json()["text"]
    assert text == "It is [EMAIL-1], said [NAME-1]."
