"""Tasks about whole answers: vague, beside the point, incomplete, and what to ask next."""

import re
from collections.abc import Callable, Iterable, Iterator

from insights.analyzers.answers import STAR, star_parts
from insights.analyzers.base import Finding
from insights.analyzers.guards import unlawful_trait
from insights.kinds import Kind
from tests.evaluation.material import Answer, Interview
from tests.evaluation.replay import Outcome
from tests.evaluation.scoring import Score

# The reasons by which the rules say what a tip is about; a model's tips are read by their words.
VAGUE = re.compile(r"\b(?:unsure|vague|general|specific|concrete|evasive)", re.IGNORECASE)
STAR_TIP = re.compile(r"\b(?:no|missing|unclear) .*\b(?:situation|task|action|result)", re.I)
OPEN = re.compile(r"question still open|not (?:been )?answered|did not answer", re.IGNORECASE)
OURS = re.compile(r"own part|“we”", re.IGNORECASE)
LONG_ANSWER = 20  # words from which an answer gives something to ask about


def vague(interview: Interview, outcome: Outcome) -> Score:
    return _answers(interview, _tips(outcome, VAGUE, but=STAR_TIP), lambda a: a.vague)


def unanswered(interview: Interview, outcome: Outcome) -> Score:
    cards = [f for f in outcome.findings if OPEN.search(f"{f.reason} {f.content}")]
    return _answers(interview, cards, lambda a: not a.answered)


def ours(interview: Interview, outcome: Outcome) -> Score:
    return _answers(interview, _tips(outcome, OURS), lambda a: a.ours)


def star_missing(interview: Interview, outcome: Outcome) -> Score:
    """Parts of a story that a tip asks for; a tip on a vague answer asks for all of them."""
    score = Score()
    for answer in interview.answers:
        if answer.star is None:
            continue
        got: set[str] = set()
        for tip in _about(answer, _tips(outcome, VAGUE)):
            got |= set(STAR) if not STAR_TIP.search(tip.content) else set()
        for tip in _about(answer, _tips(outcome, STAR_TIP)):
            got |= {part for part in STAR if part in tip.content.partition(".")[0]}
        score.sets(set(STAR) - answer.star, got, f"{interview.name} {min(answer.lines)}")
    return score


def star_told(interview: Interview, outcome: Outcome) -> Score:
    """Parts that light up in the guide; the same for every analyzer."""
    score = Score()
    for answer in interview.answers:
        if answer.star is not None:
            where = f"{interview.name} {min(answer.lines)}"
            score.sets(answer.star, star_parts(answer.text), where)
    return score


def followups(interview: Interview, outcome: Outcome) -> Score:
    """Recall: answers of some length with at least three questions, of which the page shows five.

    Precision: questions that ask, lawfully, and belong to a competency of the guide.
    """
    score = Score()
    cards = [f for f in outcome.findings if f.kind is Kind.QUESTION]
    for answer in interview.answers:
        if len(answer.text.split()) >= LONG_ANSWER and not _asks(interview, answer):
            count = sum(1 for _ in _about(answer, cards))
            words = f"{interview.name} {min(answer.lines)}: {count} for “{answer.text[:80]}”"
            score.label(count >= 3, words)
    for card in cards:
        right = card.content.endswith("?") and not unlawful_trait(card.content)
        right = right and card.competency in interview.competencies
        score.prediction(right, f"{interview.name}: {card.competency or '–'}: {card.content}")
    return score


def _asks(interview: Interview, answer: Answer) -> bool:
    return any(interview.by_id[line].own_question for line in answer.lines)


def _tips(
    outcome: Outcome, about: re.Pattern[str], *, but: re.Pattern[str] | None = None
) -> list[Finding]:
    return [
        f
        for f in outcome.findings
        if f.kind is Kind.TIP
        and about.search(f"{f.reason} {f.content}")
        and not (but and but.search(f.content))
    ]


def _about(answer: Answer, cards: Iterable[Finding]) -> Iterator[Finding]:
    return (card for card in cards if answer.lines.intersection(card.line_ids))


def _answers(
    interview: Interview, cards: list[Finding], is_label: Callable[[Answer], bool]
) -> Score:
    score = Score()
    for answer in interview.answers:
        words = f"{interview.name} {min(answer.lines)}: “{answer.text[:90]}”"
        found = any(_about(answer, cards))
        if is_label(answer):
            score.label(found, words)
        if found:
            score.prediction(is_label(answer), words)
    return score
