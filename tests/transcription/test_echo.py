"""A voice and its echo on another channel: the echo goes, words that somebody said never do."""

import numpy as np
import pytest
from channels.db import database_sync_to_async

from sessions.models import Session
from transcription import services
from transcription.echo import Heard, find
from transcription.engines.base import Word
from transcription.models import Segment
from transcription.pipeline import SegmentDraft
from transcription.signals import segment_saved

WORD_MS = 300
CLEAN, ECHO = -25.0, -40.0  # dBFS
ANSWER = "I have worked with AWS for three years"


def said(text, *, at=0, level=CLEAN):
    """Return the words of a line, one after the other."""
    return [
        Heard(word, at + n * WORD_MS, at + (n + 1) * WORD_MS, level)
        for n, word in enumerate(text.split())
    ]


def left(mine, *theirs):
    """Return what stays of my words and of each of the others."""
    ours, others = find(mine, theirs)
    kept = [[w.text for at, w in enumerate(mine) if at not in ours]]
    for line, places in zip(theirs, others, strict=True):
        kept.append([w.text for at, w in enumerate(line) if at not in places])
    return [" ".join(words) for words in kept]


# --- what is an echo ---------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [-300, 0, 80, 300, 900])
def test_the_quieter_of_the_same_words_goes_on_either_channel(delay):
    clean, echo = said(ANSWER), said(ANSWER, at=delay, level=ECHO)
    assert left(echo, clean) == ["", ANSWER]
    assert left(clean, echo) == [ANSWER, ""]


def test_recognizers_may_differ_in_a_word_or_two():
    clean = said("I have worked with Kubernetes for three years")
    halves = [Heard("Cooper", 1200, 1380, ECHO), Heard("nets", 1380, 1500, ECHO)]
    echo = said("I have worked with Kubernetes for three years", level=ECHO)
    assert left([*echo[:4], *halves, *echo[5:]], clean)[0] == ""
    echo = said("I've worked with Kubernetis for three years", at=250, level=ECHO)
    assert left(echo, clean)[0] in {"", "I've"}


def test_case_and_punctuation_make_no_difference():
    assert left(said("yes, FOR three Years.", level=ECHO), said("Yes for three years")) == [
        "",
        "Yes for three years",
    ]


def test_an_echo_may_be_cut_into_other_utterances():
    first, second = said("I have worked with AWS"), said("for three years", at=5 * WORD_MS)
    assert left(said(ANSWER, level=ECHO), first, second)[0] == ""
    echo = said(ANSWER, at=60, level=ECHO)
    assert left(said(ANSWER), echo[:5], echo[5:])[1:] == ["", ""]


def test_what_was_said_beside_an_echo_stays():
    echo = said(ANSWER, level=ECHO)
    own = said("Great and what did you build", at=8 * WORD_MS, level=CLEAN)
    assert left([*echo, *own], said(ANSWER))[0] == "Great and what did you build"


def test_an_interjection_in_an_echo_stays():
    clean = said("I have worked with AWS for three years")
    echo = said("I have worked with AWS for three years", level=ECHO)
    really = Heard("really", 4 * WORD_MS, 5 * WORD_MS, CLEAN)
    assert left([*echo[:4], really, *echo[4:]], clean)[0] == "really"
    assert left([*echo[:4], really, *echo[5:]], clean)[0] == "really"


# --- what is none ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(said(ANSWER), said(ANSWER), id="as loud"),
        pytest.param(said(ANSWER, level=CLEAN - 2.5), said(ANSWER), id="hardly quieter"),
        pytest.param(said(ANSWER, at=1500, level=ECHO), said(ANSWER), id="too late"),
        pytest.param(said("Yes.", level=CLEAN - 5), said("Yes"), id="both agree"),
        pytest.param(said("Of course.", level=CLEAN - 5), said("of course"), id="both say so"),
        pytest.param(
            said("at the bank", at=950, level=ECHO), said("at the bank"), id="said after them"
        ),
        pytest.param(
            said("three years of Kubernetes, yes", at=1000, level=CLEAN - 8),
            said("so three years of Kubernetes?"),
            id="read back",
        ),
        pytest.param(
            said("I think it was slow", level=ECHO),
            said("and I think they liked it"),
            id="a few words in common",
        ),
        pytest.param(
            said("years for AWS with worked", level=ECHO), said(ANSWER), id="another order"
        ),
        pytest.param(said("we use Go", level=ECHO), said("he uses Rust"), id="other words"),
        pytest.param([], said(ANSWER), id="nothing"),
        pytest.param(said(ANSWER, level=ECHO), [], id="nobody else"),
    ],
)
def test_real_words_are_never_lost(mine, theirs):
    assert find(mine, [theirs]) == (frozenset(), (frozenset(),))
    assert find(theirs, [mine]) == (frozenset(), (frozenset(),))


def test_a_short_utterance_is_an_echo_where_it_is_much_quieter():
    assert left(said("Okay.", at=60, level=CLEAN - 7), said("Okay"))[0] == ""
    assert left(said("Okay."), said("Okay", level=CLEAN - 7))[1] == ""
    longer = said("Okay and then", level=CLEAN - 7)
    assert left(longer, said("Okay"))[0] == "Okay and then", "not the whole of it"


def test_two_people_who_talk_across_each_other_lose_no_word():
    rng = np.random.default_rng(3)
    lost = 0
    words = "the a we you I think so and then it was team work data code test".split()
    for _ in range(300):
        one = said(" ".join(rng.choice(words, 12)), level=-20.0)
        other = said(" ".join(rng.choice(words, 12)), at=int(rng.integers(-400, 400)), level=-50.0)
        ours, (theirs,) = find(one, [other])
        assert not ours, "the louder loses nothing"
        lost += len(theirs)
    assert lost < 300 * 12 / 100, "three words in a row may be the same by chance"


# --- in an interview ---------------------------------------------------------------------------

pytestmark_rows = pytest.mark.django_db(transaction=True)


class Channel:
    """One connection that stores what it heard."""

    def __init__(self, session, role):
        self.opened = services.open_stream(
            session_id=session.pk, role=role, offset=None, origin_ms=0
        )

    def store(self, text, *, at=0.0, level=CLEAN, levels=None):
        start = round(at * 16_000)
        words = tuple(
            Word(w, start + 4800 * n, start + 4800 * (n + 1), 1.0)
            for n, w in enumerate(text.split())
        )
        draft = SegmentDraft(
            text, words, start, words[-1].end, 1.0, "scripted", {}, level, tuple(levels or ())
        )
        return services.save_segment(opened=self.opened, draft=draft, language="en")


@pytest.fixture
def told(monkeypatch):
    """Collect the live events that leave, and what goes on to the analysis."""
    events, signals = [], []
    monkeypatch.setattr(
        "transcription.services.events.publish_on_commit",
        lambda session_id, kind, body: events.append((kind, body)) if "segment" in body else None,
    )

    def on_saved(sender, segment_id, **kwargs):
        signals.append(segment_id)

    segment_saved.connect(on_saved)
    yield events, signals
    segment_saved.disconnect(on_saved)


def shown(session):
    rows = Session.objects.get(pk=session.pk).segments.filter(hidden=False)
    return [(row.role, row.text) for row in rows]


@pytestmark_rows
def test_an_echo_that_comes_later_is_stored_hidden(live, told):
    events, signals = told
    candidate, interviewer = Channel(live, "candidate"), Channel(live, "interviewer")
    clean = candidate.store(ANSWER)
    echo = interviewer.store(ANSWER, at=0.1, level=ECHO)
    assert shown(live) == [("candidate", ANSWER)]
    assert echo.hidden
    assert signals == [clean.pk], "nobody analyses an echo"
    assert [(kind, body["segment"]["hidden"]) for kind, body in events] == [
        ("segment", False),
        ("segment_changed", True),
    ]
    assert events[0][1]["revision"] < events[1][1]["revision"] == echo.revision


@pytestmark_rows
def test_an_echo_that_came_first_is_taken_back(live, told):
    events, signals = told
    candidate, interviewer = Channel(live, "candidate"), Channel(live, "interviewer")
    echo = interviewer.store(ANSWER, level=ECHO)
    clean = candidate.store(ANSWER)
    assert shown(live) == [("candidate", ANSWER)]
    assert signals == [echo.pk, clean.pk]
    kinds = [(kind, body["segment"]["role"], body["segment"]["hidden"]) for kind, body in events]
    assert kinds[1:] == [("segment", "candidate", False), ("segment_changed", "interviewer", True)]
    stored = Segment.objects.get(pk=echo.pk)
    assert stored.revision == events[-1][1]["revision"] > events[-2][1]["revision"]


@pytestmark_rows
def test_an_utterance_that_is_partly_echo_keeps_its_other_words(live, told):
    candidate, interviewer = Channel(live, "candidate"), Channel(live, "interviewer")
    levels = [ECHO] * 8 + [CLEAN] * 3
    mixed = interviewer.store(f"{ANSWER} Okay thank you", level=-26.0, levels=levels)
    candidate.store(ANSWER)
    assert shown(live) == [("candidate", ANSWER), ("interviewer", "Okay thank you")]
    stored = Segment.objects.get(pk=mixed.pk)
    assert (stored.start_sample, stored.start_ms) == (0, 8 * 300)
    assert [word[0] for word in stored.words] == ["Okay", "thank", "you"]


@pytestmark_rows
def test_a_room_and_what_has_no_level_are_left_alone(live, told):
    candidate, room = Channel(live, "candidate"), Channel(live, "room")
    interviewer = Channel(live, "interviewer")
    candidate.store(ANSWER)
    room.store(ANSWER, level=ECHO)
    interviewer.store(ANSWER, level=None)
    assert len(shown(live)) == 3


@pytestmark_rows
def test_a_replay_of_an_echo_changes_nothing(live, told):
    candidate, interviewer = Channel(live, "candidate"), Channel(live, "interviewer")
    candidate.store(ANSWER)
    interviewer.store(ANSWER, level=ECHO)
    before = list(Segment.objects.order_by("pk").values())
    assert interviewer.store(ANSWER, level=ECHO) is None
    assert list(Segment.objects.order_by("pk").values()) == before


@pytestmark_rows
async def test_the_page_is_given_no_levels(live, told):
    @database_sync_to_async
    def act():
        Channel(live, "candidate").store(ANSWER)

    await act()
    (_kind, body), *_ = told[0]
    assert set(body["segment"]["words"][0]) == {"t", "s", "e", "c"}
