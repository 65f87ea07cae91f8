"""Every task by its name, and the least that the rules must reach in it."""

from collections.abc import Callable

from tests.evaluation import task_answers, task_facts, task_lines, task_texts
from tests.evaluation.material import Interview
from tests.evaluation.replay import Outcome
from tests.evaluation.scoring import Floor, Score

FLOORS = {
    "skills": Floor(precision=0.9, recall=0.85),
    "claims": Floor(precision=0.85, recall=0.7),
    "verdict: conflicts": Floor(precision=0.9),
    "vague answers": Floor(f1=0.8),
    "unlawful questions": Floor(recall=0.95),
    "lawful questions spared": Floor(recall=0.98),
    "quotes in the transcript": Floor(precision=1.0),
}

PER_INTERVIEW: dict[str, Callable[[Interview, Outcome], Score]] = {
    "skills": task_facts.skills,
    "claims": task_facts.claims,
    "verdict: conflicts": task_facts.conflicts,
    "verdict: supported": task_facts.supported,
    "vague answers": task_answers.vague,
    "STAR parts told": task_answers.star_told,
    "STAR parts missing": task_answers.star_missing,
    "questions left open": task_answers.unanswered,
    "told as “we” only": task_answers.ours,
    "follow-up questions": task_answers.followups,
    "red flags": task_lines.red_flags,
    "candidate's questions": task_lines.own_questions,
    "injections flagged": task_lines.injections,
    "unlawful, in interviews": task_lines.unlawful_asked,
    "tone: stressed": task_lines.tone("stressed"),
    "tone: negative": task_lines.tone("negative"),
    "tone: positive": task_lines.tone("positive"),
    "tone: indicators": task_lines.indicators,
    "quotes in the transcript": task_facts.quotes,
}

# These know no analyzer: the guards and the de-duplication are the same with every one.
PER_TEXT: dict[str, Callable[[str], Score]] = {
    "unlawful questions": task_texts.unlawful,
    "lawful questions spared": task_texts.spared,
    "asked before": task_texts.asked_before,
    "cards said twice": task_texts.said_twice,
}
