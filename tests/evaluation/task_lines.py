"""Tasks about single lines: red flags, injections, unlawful and own questions, tone."""

import re
from collections.abc import Callable, Iterator

from insights.analyzers.base import INTERVIEWER, Finding
from insights.kinds import Kind
from tests.evaluation.material import Interview
from tests.evaluation.replay import Outcome
from tests.evaluation.scoring import Score

OWN_QUESTION = re.compile(r"candidate(?:'s own| asks)", re.IGNORECASE)
INJECTION = re.compile(r"\bthe (?:ai|model)\b", re.IGNORECASE)


def red_flags(interview: Interview, outcome: Outcome) -> Score:
    cards = [f for f in _warnings(interview, outcome, own=False) if not INJECTION.search(f.content)]
    return _lines(interview, cards, "red_flag")


def injections(interview: Interview, outcome: Outcome) -> Score:
    cards = [f for f in _warnings(interview, outcome, own=False) if INJECTION.search(f.content)]
    return _lines(interview, cards, "addresses_model")


def unlawful_asked(interview: Interview, outcome: Outcome) -> Score:
    return _lines(interview, [*_warnings(interview, outcome, own=True)], "unlawful")


def own_questions(interview: Interview, outcome: Outcome) -> Score:
    cards = [f for f in outcome.findings if OWN_QUESTION.search(f"{f.reason} {f.content}")]
    return _lines(interview, cards, "own_question")


def tone(overall: str) -> Callable[[Interview, Outcome], Score]:
    """Return the task of one tone: lines with this wording. A model says `stressed` by cards."""

    def task(interview: Interview, outcome: Outcome) -> Score:
        score = Score()
        cards = {i for f in outcome.findings if f.kind is Kind.SENTIMENT for i in f.line_ids}
        for row in interview.labelled:
            if row.line.role == INTERVIEWER or row.addresses_model:
                continue
            words = f"{interview.name} {row.line.id}: “{row.line.text[:90]}”"
            read = outcome.tones.get(row.line.id)
            found = read.overall == overall if read else row.line.id in cards
            if row.tone == overall:
                score.label(found, words)
            if found:
                score.prediction(row.tone == overall, words)
        return score

    return task


def indicators(interview: Interview, outcome: Outcome) -> Score:
    """Only the clear ones are labelled, so that nothing can be said of precision."""
    score = Score()
    for row in interview.labelled:
        read = outcome.tones.get(row.line.id)
        for name in sorted(row.indicators if read else ()):
            found = name in read.indicators
            score.label(found, f"{interview.name} {row.line.id}: {name}: “{row.line.text[:90]}”")
    return score


def _warnings(interview: Interview, outcome: Outcome, *, own: bool) -> Iterator[Finding]:
    """Yield the warnings about what the interviewer said (`own`) or the candidate."""
    for finding in outcome.findings:
        if finding.kind is Kind.WARNING:
            role = interview.by_id[finding.line_ids[0]].line.role
            if (role == INTERVIEWER) is own:
                yield finding


def _lines(interview: Interview, cards: list[Finding], label: str) -> Score:
    """Compare the lines that cards quote with the lines that carry a label."""
    score = Score()
    for row in interview.labelled:
        if getattr(row, label):
            found = any(row.line.id in card.line_ids for card in cards)
            score.label(found, f"{interview.name} {row.line.id}: “{row.line.text[:90]}”")
    for card in cards:
        right = any(getattr(interview.by_id[i], label) for i in card.line_ids)
        score.prediction(right, f"{interview.name} {card.line_ids[0]}: “{card.quote[:90]}”")
    return score
