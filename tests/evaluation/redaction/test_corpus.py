"""The corpus itself, and the floors of redaction on the half that nobody tunes on."""

from collections import Counter

import pytest

from tests.evaluation.redaction import corpus, measure
from transcription.redaction import Redacted, Redactor

EVERYTHING = [item for half in corpus.HALVES for item in corpus.items(half)]


def test_it_holds_enough_of_everything():
    positive = [item for item in EVERYTHING if item.labels]
    negative = [item for item in EVERYTHING if item.negative]
    assert len(positive) >= 300
    assert len(negative) >= 300
    kinds = Counter(label.kind for item in positive for label in item.labels)
    assert {kind: kinds[kind] for kind in measure.KINDS if kinds[kind] < 25} == {}
    heard = [item for item in EVERYTHING if item.form == "recognized"]
    assert sum(bool(item.labels) for item in heard) >= 60
    assert sum(item.negative for item in heard) >= 60


def test_no_utterance_is_in_both_halves():
    dev, heldout = ({item.texts for item in corpus.items(half)} for half in corpus.HALVES)
    assert dev & heldout == set()


@pytest.fixture(scope="module")
def redactor():
    shared = Redactor()
    shared.warm()
    return shared


@pytest.mark.parametrize("halves", [("heldout",), corpus.HALVES], ids=["held out", "both"])
def test_redaction_holds_every_floor(redactor, halves):
    rows = measure.measure(redactor, halves).rows(whole=len(halves) > 1)
    below = {name: score.misses for name, (score, floor) in rows.items() if floor.missed(score)}
    assert below == {}


def test_a_leak_lowers_the_figure():
    class Deaf:
        """A redactor that finds nothing."""

        def for_session(self, **_: object):
            return self

        def final(self, text, words=()):
            return Redacted(text, tuple(words), {})

    total = measure.measure(Deaf(), ("heldout",))
    assert total.everything.recall == 0
    assert total.spared.recall == 1
    assert measure.LEAST.missed(total.everything) == ["recall"]
