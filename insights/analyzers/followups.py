"""Suggests follow-up questions that belong to the last answer and to a competency of the guide."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from insights.analyzers import answers
from insights.analyzers.base import INTERVIEWER, Line, Window
from insights.analyzers.claims import claims, impossible
from insights.analyzers.guards import unlawful_trait
from insights.analyzers.lexicon import load
from insights.analyzers.skills import Mention, mentions
from insights.analyzers.text import content_words, normalised, stem
from insights.analyzers.turns import Exchange, Turn
from insights.analyzers.usage import unused

FEWEST = 3  # generic questions fill up to this, no further
_WANTED = 4
MIN_ANSWER_WORDS = 8
_SAME_QUESTION = 82.0
_SAME_WORDS = 0.7


@dataclass(frozen=True, slots=True)
class Followup:
    """A question, the family of competency it probes, and the words it follows up."""

    text: str
    family: str
    start: int
    end: int
    topic: str
    reason: str


def followups(exchange: Exchange, window: Window) -> list[Followup]:
    """Return three or four questions on an answer, best first; none on a very short one."""
    if exchange.answer.words < MIN_ANSWER_WORDS:
        return []
    asked = already_asked(window)
    chosen: list[Followup] = []
    for candidate in _candidates(exchange, window):
        if len(chosen) >= (FEWEST if candidate.topic.startswith("generic") else _WANTED):
            break
        if candidate.topic in {other.topic for other in chosen}:
            continue
        texts = [*asked, *(other.text for other in chosen)]
        if unlawful_trait(candidate.text) or is_asked(candidate.text, texts):
            continue
        chosen.append(candidate)
    return chosen


def already_asked(window: Window) -> list[str]:
    """Return the questions asked so far: those marked in the guide and the interviewer's own."""
    return [*window.asked, *already_asked_in(window.transcript)]


def already_asked_in(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines if line.role == INTERVIEWER]


def incident(text: str) -> tuple[int, int] | None:
    """Return where a text speaks of something that went wrong."""
    plain = normalised(text)
    hit = _pattern(load("questions")["incident"]).search(plain.norm)
    return plain.span(hit) if hit else None


def is_asked(question: str, asked: Iterable[str]) -> bool:
    """Tell whether a question is one of those asked, in whatever wording."""
    words = content_words(question)
    for other in asked:
        if fuzz.token_sort_ratio(question.casefold(), other.casefold()) >= _SAME_QUESTION:
            return True
        shared = words & content_words(other)
        if words and len(shared) >= 3 and len(shared) / len(words) >= _SAME_WORDS:
            return True
    return False


def competency_for(text: str, family: str, competencies: Sequence[str]) -> str:
    """Return the competency of the guide that a question on `text` belongs to, empty for none."""
    related = set(map(stem, load("questions")["families"].get(family, "").split()))
    about = content_words(text)
    best, best_score = "", 0
    for competency in competencies:
        words = content_words(competency)
        score = 2 * len(words & related) + len(words & about)
        if score > best_score:
            best, best_score = competency, score
    return best


def _candidates(exchange: Exchange, window: Window) -> Iterator[Followup]:
    """Yield possible questions, the most pressing first."""
    answer = exchange.answer.text
    question = exchange.question.text if exchange.question else ""
    yield from _conflicts(answer, window)
    yield from _gaps(question, exchange)
    first, second = _substance(question, exchange.answer)
    yield from first
    yield from skill_followups(answer, question, at_most=3)
    yield from second
    yield from _themes(answer)
    yield from _generic(exchange.answer)


def _conflicts(answer: str, window: Window) -> Iterator[Followup]:
    for claim in claims(answer):
        if impossible(claim, window.today):
            skill = claim.skills[0].name
            yield from _signal("conflict", claim.start, claim.end, "Dates do not fit", skill=skill)


def _gaps(question: str, exchange: Exchange) -> Iterator[Followup]:
    answer = exchange.answer.text
    whole = exchange.answer.gist
    if question and exchange.finished:
        missed = answers.unanswered(question, answer)
        if missed and not missed.startswith("a number"):
            yield from _signal("off_topic", *whole, "Not answered yet", asked=missed)
    hedge = answers.vague(answer)
    if hedge:
        yield from _signal("vague", hedge.start, hedge.end, hedge.reason)
    ours = answers.only_ours(answer)
    if ours:
        yield from _signal("ours", ours.start, ours.end, ours.reason)
    if question and answers.is_behavioural(question):
        for part in ("result", "action", "situation"):
            if part in answers.missing_star(answer):
                yield from _signal(f"no_{part}", *whole, f"No {part} mentioned")


def _substance(question: str, turn: Turn) -> tuple[list[Followup], list[Followup]]:
    """Return questions on what the answer tells: the first of each kind, and further ones."""
    answer = turn.text
    if answers.is_knowledge(question):
        return _signal("knowledge", *turn.gist, "Knowledge into practice"), []
    first = [
        followup
        for claim in claims(answer)
        if claim.kind == "change"
        for followup in _signal("change", claim.start, claim.end, "Measured result")
    ]
    second: list[Followup] = []
    plain = normalised(answer)
    for name, reason in (("incident", "Incident"), ("choice", "Decision")):
        hit = _pattern(load("questions")[name]).search(plain.norm)
        if hit:
            found = _signal(name, *plain.span(hit), reason)
            first += found[:1]
            second += found[1:]
    return first, second


def skill_followups(answer: str, question: str, *, at_most: int) -> Iterator[Followup]:
    """Yield questions on the skills somebody used, those the question did not name first."""
    named: dict[str, Mention] = {}
    denied = unused(answer)
    for mention in mentions(answer):
        if mention.skill.name not in denied:
            named.setdefault(mention.skill.name, mention)
    in_question = {mention.skill.name for mention in mentions(question)}
    ranked = sorted(named.values(), key=lambda m: (m.skill.name in in_question, -_used(answer, m)))
    areas: set[str] = set()
    for mention in ranked:
        area = mention.skill.area
        block = load("questions")["areas"].get(area)
        if block is None or area in areas or len(areas) >= at_most:
            continue
        areas.add(area)
        for text in block["texts"]:
            yield Followup(
                text.format(skill=mention.skill.name),
                block["family"],
                mention.start,
                mention.end,
                f"skill:{area}",
                "Skill named",
            )


def _used(answer: str, mention: Mention) -> int:
    """Tell how near before a skill somebody says "I wrote", "I built"."""
    acts = [end for _, end in answers.actions(answer) if end <= mention.start]
    return int(bool(acts) and mention.start - acts[-1] < 40)


def _themes(answer: str) -> Iterator[Followup]:
    plain = normalised(answer)
    for theme in load("questions")["themes"]:
        hit = _pattern(theme["words"]).search(plain.norm)
        if hit:
            for text in theme["texts"]:
                yield Followup(
                    text, theme["family"], *plain.span(hit), f"theme:{theme['name']}", "Follow up"
                )


def _generic(turn: Turn) -> Iterator[Followup]:
    block = load("questions")["generic"]
    for n, text in enumerate(block["texts"]):
        yield Followup(text, block["family"], *turn.gist, f"generic:{n}", "Go deeper")


def _signal(name: str, start: int, end: int, reason: str, **values: str) -> list[Followup]:
    block = load("questions")["signals"][name]
    return [
        Followup(text.format(**values), block["family"], start, end, f"{name}:{n}", reason)
        for n, text in enumerate(block["texts"])
    ]


@cache
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b")
