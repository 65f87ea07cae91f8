"""Tasks about single texts: unlawful questions, questions asked before, cards said twice."""

from collections.abc import Iterable

from insights.analyzers.followups import is_asked
from insights.analyzers.guards import unlawful_trait
from insights.analyzers.similar import same
from tests.evaluation.material import duplicates, questions
from tests.evaluation.scoring import Score


def unlawful(split: str) -> Score:
    """Unlawful questions caught; precision is among the lawful neighbours of the same file."""
    score = Score()
    for row in _of(questions()["unlawful"], split):
        caught = bool(unlawful_trait(row["text"]))
        score.label(caught, f"{row['trait']}: {row['text']}")
        if caught:
            score.prediction(True, row["text"])
    for row in _of(questions()["lawful"], split):
        if unlawful_trait(row["text"]):
            score.prediction(False, row["text"])
    return score


def spared(split: str) -> Score:
    score = Score()
    for row in _of(questions()["lawful"], split):
        trait = unlawful_trait(row["text"])
        score.label(not trait, f"{trait}: {row['text']}")
    return score


def asked_before(split: str) -> Score:
    return _pairs(
        (row["asked"], row["question"], row["same"], is_asked(row["question"], [row["asked"]]))
        for row in _of(questions()["asked"], split)
    )


def said_twice(split: str) -> Score:
    return _pairs(
        (row["a"], row["b"], row["same"], same(row["a"], row["b"]))
        for row in _of(duplicates(), split)
    )


def _pairs(rows: Iterable[tuple[str, str, bool, bool]]) -> Score:
    score = Score()
    for a, b, wanted, got in rows:
        if wanted:
            score.label(got, f"{a} | {b}")
        if got:
            score.prediction(wanted, f"{a} | {b}")
    return score


def _of(rows: list[dict[str, object]], split: str) -> list[dict[str, object]]:
    return [row for row in rows if row["split"] == split]
