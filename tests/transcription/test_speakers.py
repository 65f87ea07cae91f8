"""One microphone, two people: utterances are cut where the key said that the speaker changed."""

import pytest

from transcription.engines.base import Word
from transcription.pipeline import SegmentDraft
from transcription.speakers import MAX_MARKS, Speakers

SECOND = 16_000


def spoken(*words):
    """Return an utterance of (text, start, end) in seconds."""
    made = tuple(Word(w, round(a * SECOND), round(b * SECOND), 1.0) for w, a, b in words)
    text = " ".join(word.text for word in made)
    return SegmentDraft(
        text, made, made[0].start, made[-1].end, 0.9, "scripted", {"EMAIL": text.count("EMAIL")}
    )


def parts(speakers, draft):
    return [(role, part.text) for role, part in speakers.split(draft)]


@pytest.fixture
def speakers():
    return Speakers("room")


QUESTION = [("What", 1.0, 1.3), ("is", 1.3, 1.5), ("it", 1.5, 1.8)]
ANSWER = [("A", 2.3, 2.5), ("queue", 2.5, 3.0), ("for", 3.0, 3.2), ("mail", 3.2, 3.6)]


def test_before_the_first_mark_nobody_is_named(speakers):
    assert parts(speakers, spoken(*QUESTION)) == [("room", "What is it")]
    speakers.mark("interviewer", 5 * SECOND)
    assert speakers.at(5 * SECOND - 1) == "room"
    assert speakers.at(5 * SECOND) == "interviewer"


def test_a_mark_holds_until_the_next(speakers):
    speakers.mark("interviewer", 0)
    speakers.mark("candidate", 2 * SECOND)
    assert parts(speakers, spoken(*QUESTION)) == [("interviewer", "What is it")]
    assert parts(speakers, spoken(*ANSWER)) == [("candidate", "A queue for mail")]


@pytest.mark.parametrize("pressed", [1.6, 1.9, 2.0, 2.2, 2.5, 2.7])
def test_an_utterance_of_both_is_cut_in_the_pause_near_the_key(speakers, pressed):
    speakers.mark("interviewer", 0)
    speakers.mark("candidate", round(pressed * SECOND))
    both = spoken(*QUESTION, *ANSWER)
    (first, question), (second, answer) = speakers.split(both)
    assert (first, question.text) == ("interviewer", "What is it")
    assert (second, answer.text) == ("candidate", "A queue for mail")
    assert (question.start, question.end) == (SECOND, round(1.8 * SECOND))
    assert (answer.start, answer.end) == (round(2.3 * SECOND), round(3.6 * SECOND))
    assert question.words + answer.words == both.words


def test_a_key_at_the_edge_of_an_utterance_cuts_nothing_off(speakers):
    speakers.mark("interviewer", 0)
    speakers.mark("candidate", round(1.2 * SECOND))
    assert parts(speakers, spoken(*QUESTION)) == [("candidate", "What is it")]
    speakers.mark("interviewer", round(3.5 * SECOND))
    assert parts(speakers, spoken(*ANSWER)) == [("candidate", "A queue for mail")]


def test_fluent_speech_is_cut_at_the_word_nearest_to_the_key(speakers):
    speakers.mark("candidate", 3 * SECOND)
    words = [(f"w{n}", n * 0.5, (n + 1) * 0.5) for n in range(12)]
    (_, before), (_, after) = speakers.split(spoken(*words))
    assert (before.end, after.start) == (3 * SECOND, 3 * SECOND)


def test_a_key_pressed_often_names_everybody_and_loses_no_word(speakers):
    words = [(f"w{n}", n * 0.5, n * 0.5 + 0.3) for n in range(20)]
    for second in range(10):
        speakers.mark(("interviewer", "candidate")[second % 2], second * SECOND)
    split = speakers.split(spoken(*words))
    assert [role for role, _part in split] == ["interviewer", "candidate"] * 5
    assert " ".join(part.text for _role, part in split) == spoken(*words).text


def test_the_same_speaker_twice_is_no_cut(speakers):
    speakers.mark("candidate", 0)
    speakers.mark("candidate", 2 * SECOND)
    both = spoken(*QUESTION, *ANSWER)
    assert speakers.split(both) == [("candidate", both)]


def test_of_two_marks_at_one_place_the_later_counts(speakers):
    for _ in range(2):  # as clients send them again
        speakers.mark("interviewer", SECOND)
        speakers.mark("candidate", SECOND)
    assert speakers.at(SECOND) == "candidate"


def test_marks_may_come_out_of_order(speakers):
    speakers.mark("candidate", 2 * SECOND)
    speakers.mark("interviewer", 0)
    assert (speakers.at(SECOND), speakers.at(3 * SECOND)) == ("interviewer", "candidate")


def test_placeholders_are_counted_with_their_part(speakers):
    speakers.mark("interviewer", 0)
    speakers.mark("candidate", 2 * SECOND)
    (_, question), (_, answer) = speakers.split(
        spoken(*QUESTION, ("[EMAIL-1]", 2.3, 3.5), ("[PHONE-2]", 3.5, 4.0))
    )
    assert (question.kinds, answer.kinds) == ({}, {"EMAIL": 1, "PHONE": 1})


def test_without_words_the_middle_decides(speakers):
    speakers.mark("candidate", 2 * SECOND)
    draft = SegmentDraft("What is it", (), SECOND, 5 * SECOND, 1.0, "x", {})
    assert parts(speakers, draft) == [("candidate", "What is it")]


def test_marks_are_bounded_and_the_one_that_holds_is_kept(speakers):
    for n in range(3 * MAX_MARKS):
        speakers.mark("candidate" if n % 2 else "interviewer", n * 100)
    assert len(speakers._marks) == MAX_MARKS
    speakers.forget(3 * MAX_MARKS * 100)
    assert len(speakers._marks) == 1
    assert speakers.at(10**9) == "candidate"
