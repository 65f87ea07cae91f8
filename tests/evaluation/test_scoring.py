"""A measure that counts wrongly would hide what it is there to show."""

import pytest

from tests.evaluation.material import interviews
from tests.evaluation.replay import CONTEXT, INTERVAL, runs
from tests.evaluation.scoring import Floor, Score, overlap, pairs, spoken


class TestScore:
    def test_it_counts_sets_and_names_what_differs(self):
        score = Score()
        score.sets({"Go", "Rust"}, {"Go", "Java"}, "here")
        assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)
        assert score.misses == ["missed  here: Rust", "wrong   here: Java"]

    def test_nothing_predicted_has_no_precision(self):
        score = Score()
        score.label(False, "a claim")
        assert (score.precision, score.recall, score.f1) == (None, 0.0, None)

    def test_a_floor_tells_which_figure_is_below(self):
        score = Score(labels=10, found=8, predictions=10, right=9)
        assert Floor(precision=0.9, recall=0.8).missed(score) == []
        assert Floor(precision=0.91, recall=0.8).missed(score) == ["precision"]
        assert Floor(recall=0.81).missed(score) == ["recall"]

    def test_a_figure_that_could_not_be_computed_is_below_its_floor(self):
        assert Floor(precision=0.1).missed(Score()) == ["precision"]


class TestQuotes:
    @pytest.mark.parametrize(
        ("a", "b", "same"),
        [
            ("seven years of Kafka", "I have run it for seven years of Kafka now", True),
            ("about two hundred users", "two hundred users", True),
            ("seven years of Kafka", "forty topics in all", False),
            ("", "anything", False),
        ],
        ids=["inside", "more-than-half", "other-words", "empty"],
    )
    def test_overlap_is_half_of_the_shorter_one(self, a, b, same):
        assert overlap(a, b) is overlap(b, a) is same

    def test_a_quote_must_stand_in_the_text_without_a_gap(self):
        text = "We cut it, in the end, by half."
        assert spoken("cut it in the end", text)
        assert not spoken("cut it by half", text)
        assert not spoken("", text)

    def test_two_labels_need_two_statements(self):
        assert len(pairs([[0], [0]])) == 1
        assert pairs([[0, 1], [0]]) == {0: 1, 1: 0}


class TestRuns:
    def test_every_line_is_analysed_once_after_it_was_said(self):
        for interview in interviews("dev"):
            seen = [line for lines, _ in runs(interview.lines) for line in lines]
            assert seen == list(interview.lines)

    def test_context_is_what_was_said_before_within_its_bound(self):
        for interview in interviews("dev"):
            for lines, context in runs(interview.lines):
                assert sum(len(line.text) for line in context) <= CONTEXT
                first = interview.lines.index(lines[0])
                assert context == interview.lines[first - len(context) : first]

    def test_runs_keep_their_distance(self):
        for interview in interviews("dev"):
            ends = [lines[0].end for lines, _ in runs(interview.lines)]
            thirds = zip(ends, ends[2:], strict=False)
            assert all(later - earlier >= INTERVAL for earlier, later in thirds)
