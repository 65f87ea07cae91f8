"""The rules hold the floors of `tests.evaluation.tasks`, on everything that is labelled."""

import pytest

from insights.analyzers.rules import RuleAnalyzer
from tests.evaluation.__main__ import measure
from tests.evaluation.material import SPLITS
from tests.evaluation.tasks import FLOORS


@pytest.fixture(scope="module")
def scores():
    return measure(RuleAnalyzer(), SPLITS)


@pytest.mark.parametrize("task", sorted(FLOORS))
def test_it_holds_the_floor(scores, task):
    score = scores[task]
    assert score.labels or score.predictions
    assert FLOORS[task].missed(score) == [], "\n".join(score.misses)
