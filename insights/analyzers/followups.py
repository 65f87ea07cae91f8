"""Suggests follow-up questions that belong to the last answer and to a competency of the guide."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from rapidfuzz import fuzz

from insights.analyzers import answers
from insights.analyzers.base import INTERVIEWER, Line, Window
from insights.analyzers.claims import claims
from insights.analyzers.guards import unlawful_trait
from insights.analyzers.lexicon import load
from insights.analyzers.releases import impossible
from insights.analyzers.similar import asks
from insights.analyzers.skills import Mention, mentions
from insights.analyzers.speech import Speech
from insights.analyzers.text import content_words, normalised, sentences, stem
from insights.analyzers.turns import Exchange, Turn
from insights.analyzers.usage import unused

FEWEST = 3  # questions that would fit any answer fill up to this, no further
MOST = 5
_SNIPPET_WORDS = 9  # of the candidate's own words that a question quotes
_FEWEST_SNIPPET_WORDS = 3
MIN_ANSWER_WORDS = 8
_SAME_QUESTION = 90.0
_JOINS = r"(?:and|but|because|so|which|who|that)\b"
_CLAUSE = re.compile(rf"(?:[,;:]\s*(?:{_JOINS})?|\b{_JOINS})\s*")
_FILLING = ("deeper", "generic")


@dataclass(frozen=True, slots=True)
class Followup:
    """A question, the family of competency it probes, and the words it follows up."""

    text: str = field(repr=False)
    family: str
    start: int
    end: int
    topic: str = field(repr=False)
    reason: str = field(repr=False)
    competency: str = field(default="", repr=False)


def followups(exchange: Exchange, window: Window) -> list[Followup]:
    """Return three to five questions on an answer, best first; none on a very short one."""
    if exchange.answer.words < MIN_ANSWER_WORDS:
        return []
    asked = already_asked(window)
    chosen: list[Followup] = []
    for candidate in _candidates(exchange, window):
        if len(chosen) >= (FEWEST if candidate.topic.startswith(_FILLING) else MOST):
            break
        if candidate.topic in {other.topic for other in chosen}:
            continue
        if unlawful_trait(candidate.text) or is_asked(candidate.text, asked):
            continue
        asked.append(Speech(candidate.text))
        chosen.append(candidate)
    return chosen


def already_asked(window: Window) -> list[str]:
    """Return the questions asked so far: those marked in the guide and the interviewer's own."""
    return [*map(Speech, window.asked), *already_asked_in(window.transcript)]


def already_asked_in(lines: Iterable[Line]) -> list[str]:
    return [Speech(line.text) for line in lines if line.role == INTERVIEWER]


def incident(text: str) -> tuple[int, int] | None:
    """Return where a text speaks of something that went wrong."""
    plain = normalised(text)
    hit = _pattern(load("questions")["incident"]).search(plain.norm)
    return plain.span(hit) if hit else None


def is_asked(question: str, asked: Iterable[str]) -> bool:
    """Tell whether a question is one of those asked, in whatever wording."""
    question = Speech(question)
    words = content_words(question)
    return any(
        asks(other, question)
        or fuzz.token_sort_ratio(question.casefold(), other.casefold()) >= _SAME_QUESTION
        for other in asked
        if words & content_words(other)  # spares the others the comparison
    )


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
    yield from _deeper(exchange, window)
    yield from _generic(exchange.answer)


def _conflicts(answer: str, window: Window) -> Iterator[Followup]:
    for claim in claims(answer):
        if claim.named and impossible(claim, window.today):
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


def _deeper(exchange: Exchange, window: Window) -> Iterator[Followup]:
    """Yield questions on the candidate's own words, one for each competency it may belong to."""
    turn = exchange.answer
    question = exchange.question.text if exchange.question else ""
    templates: dict[str, list[str]] = load("questions")["deeper"]
    near = competency_for(f"{question} {window.guide_question}", "", window.competencies)
    names = sorted(window.competencies, key=lambda name: name != near)
    families = [(name, family_of(name)) for name in names] or [("", name) for name in templates]
    places = _telling(turn.text)
    for n, (start, end) in enumerate(places):
        competency, family = families[n % len(families)]
        said = turn.text[start:end] + ("" if _ends_clause(turn.text, end) else " …")
        texts = templates[family]
        text = texts[(turn.words + n) % len(texts)].format(said=said)
        yield Followup(text, family, start, end, f"deeper:{n}", "Go deeper", competency)


def family_of(competency: str) -> str:
    """Return the family of a competency's name, "problem solving" where none is related."""
    words = content_words(competency)
    families: dict[str, str] = load("questions")["families"]
    scores = {name: len(words & content_words(text)) for name, text in families.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else "problem solving"


def _telling(text: str) -> list[tuple[int, int]]:
    """Return short passages worth a question: own acts, then other clauses."""
    starts = [start for start, _ in answers.actions(text)]
    starts += [start for start, _ in sentences(text)]
    starts += [match.end() for match in _CLAUSE.finditer(text)]
    places: list[tuple[int, int]] = []
    for start in starts:
        end = _snippet_end(text, start)
        free = not any(start < b and a < end for a, b in places)
        if free and len(text[start:end].split()) >= _FEWEST_SNIPPET_WORDS:
            places.append((start, end))
    return places


def _snippet_end(text: str, start: int) -> int:
    """Return where a passage of a few words ends, at the latest with its clause."""
    last = next((b for a, b in sentences(text) if a <= start < b), len(text))
    stop = _CLAUSE.search(text, start + 1, last)
    last = stop.start() if stop else last
    words = list(re.finditer(r"\S+", text[start:last]))
    if len(words) > _SNIPPET_WORDS:
        telling = [n for n in range(_SNIPPET_WORDS) if content_words(words[n].group())]
        # "… ran out of connections", not "… ran out of connections during a"
        last = start + words[max(telling, default=_SNIPPET_WORDS - 1)].end()
    return start + len(text[start:last].rstrip(" .,;:?!"))


def _ends_clause(text: str, end: int) -> bool:
    rest = text[end:].lstrip()
    return not rest or rest[0] in ".?!" or bool(_CLAUSE.match(rest))


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
