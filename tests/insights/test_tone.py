import pytest

from insights.analyzers.tone import read, summary


@pytest.mark.parametrize(
    ("text", "overall", "indicator"),
    [
        ("Sorry, I'm a bit nervous today.", "stressed", "stressed"),
        ("um a little nervous to be honest this is my first interview", "stressed", "stressed"),
        ("i have not slept well for weeks", "stressed", "stressed"),
        ("I was very stressed back then.", "negative", "reports stress"),
        ("I hated that job and my manager was an idiot.", "negative", "negative"),
        ("That was not my fault, nobody told me.", "negative", "defensive"),
        ("I really enjoyed that project.", "positive", "enthusiastic"),
        ("I am completely confident in Go.", "positive", "confident"),
        ("Um, it was, you know, on Monday.", "neutral", "fillers"),
        ("Maybe, it sort of depends, I suppose.", "neutral", "hedges"),
        ("I moved 40 services in two weeks.", "neutral", "clear"),
    ],
)
def test_it_reads_the_wording(text, overall, indicator):
    tone = read(text)
    assert tone.overall == overall
    assert indicator in tone.indicators


@pytest.mark.parametrize(
    "text",
    [
        "I'm not nervous at all.",
        "They were stressed, and the merchants were angry.",
        "My manager said I was nervous about it.",
        "He thought I was angry with the client.",
        "The customers were a bit nervous today.",
        "We kill the process and drain the dead letter queue.",
        "A panic in the kernel is a fatal error.",
        "It uses aggressive caching around a blocking call.",
        "The build is broken because of toxic data.",
        "It was a hostile takeover of the pod.",
        "In the worst case it is the happy path.",
        "We treat anxious patients and hold anxiety medication.",
        "Dependency hell is why the queue was overwhelmed.",
    ],
)
def test_it_is_not_fooled(text):
    tone = read(text)
    assert tone.overall == "neutral"
    assert not {"stressed", "negative", "reports stress", "enthusiastic"} & set(tone.indicators)


def test_vague_words_are_not_clear():
    assert "clear" not in read("I guess I moved maybe 40 services, I suppose.").indicators


def test_the_span_stands_on_the_telling_words():
    text = "We shipped it. I was really proud of that."
    tone = read(text)
    assert text[tone.start : tone.end] == "I was really proud"


def readings(*overalls):
    return [{"overall": o, "confidence": 0.6, "indicators": ["fillers"]} for o in overalls]


@pytest.mark.parametrize(
    ("overalls", "overall", "trend"),
    [
        (["neutral"] * 5, "neutral", ""),
        (["neutral"] * 8, "neutral", "steady"),
        (["negative"] * 3 + ["neutral"] * 5, "negative", "improving"),
        (["neutral"] * 5 + ["negative"] * 3, "negative", "worsening"),
        (["positive"] * 4 + ["neutral"] * 4, "positive", "worsening"),
        (["stressed"] * 2 + ["neutral"] * 6, "stressed", "improving"),
        (["positive", "negative"] * 4, "neutral", "steady"),
        (["stressed"] + ["neutral"] * 19, "neutral", "steady"),
    ],
)
def test_it_sums_an_interview_up(overalls, overall, trend):
    told = summary(readings(*overalls))
    assert (told["overall"], told["trend"]) == (overall, trend)
    assert told["indicators"] == {"fillers": len(overalls)}
    assert 0 <= told["confidence"] <= 1


def test_nothing_said_is_neutral():
    assert summary([]) == {"overall": "neutral", "confidence": 0.0, "trend": "", "indicators": {}}
