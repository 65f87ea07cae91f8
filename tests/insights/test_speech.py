from insights.analyzers.speech import Speech, once


def counted():
    calls = []

    @once
    def read(text, *, terse=False):
        calls.append((text, terse))
        return text.upper()

    return read, calls


def test_a_speech_is_read_once_for_each_way_of_reading():
    read, calls = counted()
    speech = Speech("well")
    assert [read(speech), read(speech), read(speech, terse=True)] == ["WELL"] * 3
    assert calls == [("well", False), ("well", True)]


def test_nothing_is_kept_of_a_plain_text_or_of_another_speech():
    read, calls = counted()
    for text in ("well", "well", Speech("well"), Speech("well")):
        assert read(text) == "WELL"
    assert len(calls) == 4


def test_a_speech_is_its_text():
    assert Speech("well") == "well"
    assert Speech("well")[1:] == "ell"
