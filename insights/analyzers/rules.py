"""The analyzer that needs no model: deterministic rules over word lists and dates."""

import time
from collections.abc import Iterator, Sequence

from insights.analyzers import answers
from insights.analyzers.base import (
    CANDIDATE,
    INTERVIEWER,
    Analysis,
    Emit,
    Finding,
    Line,
    Window,
)
from insights.analyzers.cards import (
    card,
    check_card,
    flag_card,
    injection_card,
    question_card,
    split_injections,
    tone_card,
    trait_card,
    vague_card,
)
from insights.analyzers.checkable import describe
from insights.analyzers.claims import claims
from insights.analyzers.consistency import checks
from insights.analyzers.evidence import ground
from insights.analyzers.followups import MIN_ANSWER_WORDS, competency_for, followups
from insights.analyzers.guards import (
    clean_window,
    injected_span,
    split_orders,
    unlawful_span,
)
from insights.analyzers.skills import mentions
from insights.analyzers.text import join_names
from insights.analyzers.tone import read
from insights.analyzers.turns import Exchange, Turn, exchanges, turns
from insights.analyzers.usage import unused
from insights.kinds import LOOKS, Kind

_MAX_FACT_CHECKS = 3  # per answer
_MAX_TIPS = 2  # per answer
_MAX_SKILLS_SHOWN = 8
_STORY = {"situation", "action", "result"}
_UNEASY = {"stressed", "reports stress", "negative", "defensive"}
_STAR_ADVICE = {
    "situation": "Ask when and where that was, and what was at stake.",
    "task": "Ask what their task in it was.",
    "action": "Ask what they did themselves.",
    "result": "Ask what came of it and how they know.",
}


class RuleAnalyzer:
    """Finds what wording, numbers and dates alone can tell."""

    name = "rules"

    def analyze(self, window: Window, *, emit: Emit | None = None) -> Analysis:
        started = time.perf_counter()
        first_ms = 0.0
        kept: list[Finding] = []
        keys: set[str] = set()
        dropped = 0
        for finding in _findings(window):
            grounded = ground(finding, window.transcript)
            if grounded is None:
                dropped += 1
            elif grounded.data["key"] not in keys:
                keys.add(grounded.data["key"])
                first_ms = first_ms or (time.perf_counter() - started) * 1000
                kept.append(grounded)
                if emit:
                    emit(grounded)
        kept.sort(key=lambda f: -(f.priority or LOOKS[f.kind].priority))
        return Analysis(
            tuple(kept),
            self.name,
            digest=window.digest,
            dropped=dropped,
            first_ms=first_ms,
            total_ms=(time.perf_counter() - started) * 1000,
        )


def _findings(window: Window) -> Iterator[Finding]:
    fresh = {line.id for line in window.lines}
    yield from _injections(window.lines)
    yield from split_injections(split_orders(window.transcript), window.lines)
    window, _ = clean_window(window)
    found = turns(window.transcript)
    if not window.language.casefold().startswith("en"):
        for turn in found:
            yield from _skills(turn, [], fresh, window)
        return
    yield from _traits(found, fresh)
    pairs = exchanges(found)
    current = _current(pairs, fresh)
    # What can be checked and asked about the current answer comes first: it ages fastest.
    if current:
        yield from _questions(current, window)
    for exchange in pairs:
        if _is_fresh(exchange, fresh):
            earlier = [t for t in found if t.role == CANDIDATE and _before(t, exchange.answer)]
            yield from _about_answer(exchange, earlier, fresh, window)


def _injections(lines: Sequence[Line]) -> Iterator[Finding]:
    for line in lines:
        span = injected_span(line.text)
        if span:
            yield injection_card(Turn(line.role, (line,), line.text), *span)


def _traits(found: Sequence[Turn], fresh: set[str]) -> Iterator[Finding]:
    for turn in found:
        for line in turn.lines:
            span = unlawful_span(line.text)
            if span and turn.role != CANDIDATE and line.id in fresh:
                yield trait_card(Turn(turn.role, (line,), line.text), *span)


def _current(pairs: Sequence[Exchange], fresh: set[str]) -> Exchange | None:
    """Return the newest answer that questions can follow up; the candidate's own are none."""
    for exchange in reversed(pairs):
        if not any(line.id in fresh for line in exchange.answer.lines):
            return None
        question = exchange.question.text if exchange.question else ""
        if exchange.answer.words >= MIN_ANSWER_WORDS and not answers.invites_questions(question):
            return exchange
    return None


def _questions(exchange: Exchange, window: Window) -> Iterator[Finding]:
    question = exchange.question.text if exchange.question else ""
    for followup in followups(exchange, window):
        quote = exchange.answer.text[followup.start : followup.end]
        about = f"{followup.text} {quote} {window.guide_question}"
        competency = (
            followup.competency
            or competency_for(about, followup.family, window.competencies)
            or competency_for(question, "", window.competencies)
            or next(iter(window.competencies), "")
        )
        yield question_card(exchange.answer, followup, competency)


def _about_answer(
    exchange: Exchange, earlier: Sequence[Turn], fresh: set[str], window: Window
) -> Iterator[Finding]:
    answer = exchange.answer
    question = exchange.question.text if exchange.question else ""
    checks = [f for f in _fact_checks(answer, earlier, window) if set(f.line_ids) & fresh]
    yield from sorted(checks, key=lambda f: f.verdict != "conflicts")[:_MAX_FACT_CHECKS]
    for flag in answers.red_flags(answer.text):
        if answer.touches(flag.start, flag.end, fresh):
            yield flag_card(answer, flag, 0.7)
    if window.sentiment and answer.role == CANDIDATE:
        yield from _tone(answer, fresh)
    yield from _skills(answer, earlier, fresh, window)
    invited = any(answers.invites_questions(t.question) for t in [*earlier, answer])
    yield from _own_questions(answer, fresh, invited=invited)
    if not answers.invites_questions(question):
        yield from [*_tips(exchange, question, fresh)][:_MAX_TIPS]
        yield from _story(exchange, question, fresh)


def _fact_checks(answer: Turn, earlier: Sequence[Turn], window: Window) -> Iterator[Finding]:
    for check in checks(
        answer, earlier, profile=window.profile, question=answer.question, today=window.today
    ):
        finding = check_card(answer, check)
        if finding:
            yield finding


def _tone(answer: Turn, fresh: set[str]) -> Iterator[Finding]:
    if not _UNEASY.intersection(read(answer.text).indicators):
        return
    for line in answer.lines:
        if line.id in fresh:
            finding = tone_card(Turn(answer.role, (line,), line.text), read(line.text))
            if finding:
                yield finding
                return


def _skills(
    answer: Turn, earlier: Sequence[Turn], fresh: set[str], window: Window
) -> Iterator[Finding]:
    """Yield one card with the skills that an answer names for the first time."""
    if answer.role == INTERVIEWER:
        return
    known = {name for turn in earlier for name in _used(turn)}
    denied = unused(answer.text)
    named = [
        m
        for m in mentions(answer.text)
        if m.skill.name not in known | denied and answer.touches(m.start, m.end, fresh)
    ]
    new = [m.skill.name for m in named]
    new += [name for name in answers.confirmed(answer.question, answer.text) if name not in known]
    if not new or not any(line.id in fresh for line in answer.lines):
        return
    lengths = {
        skill.name: describe(claim).split(" of ")[0]
        for claim in claims(answer.text)
        if claim.kind == "experience"
        for skill in claim.skills
    }
    new = list(dict.fromkeys(new))
    shown = [f"{name} ({lengths[name]})" if name in lengths else name for name in new]
    rest = len(shown) - _MAX_SKILLS_SHOWN
    if rest > 0:
        shown = [*shown[:_MAX_SKILLS_SHOWN], f"{rest} more"]
    finding = card(
        Kind.INSIGHT,
        answer,
        (named[0].start, named[0].end) if named else answer.gist,
        f"{'Also brings up' if known else 'Brings up'} {join_names(shown)}.",
        reason="Skills named",
        tag="skills",
        competency=competency_for(answer.text, "technical", window.competencies),
    )
    finding.data["skills"] = new
    yield finding


def _used(turn: Turn) -> set[str]:
    """Return the skills a turn speaks of as known; what was denied may still come up."""
    return {m.skill.name for m in mentions(turn.text)} - unused(turn.text)


def _own_questions(answer: Turn, fresh: set[str], *, invited: bool) -> Iterator[Finding]:
    if answer.role != CANDIDATE:
        return
    asked = answers.own_questions(answer.text)
    asked = [text for text in asked if invited or text.endswith("?")]
    if not asked:
        return
    start = answer.text.find(asked[0])
    span = (start, start + len(asked[0]))
    if answer.touches(*span, fresh):
        yield card(
            Kind.INSIGHT,
            answer,
            span,
            f"The candidate asks: “{' '.join(asked[:2])}”",
            reason="Candidate's own question",
            tag="own_question",
        )


def _tips(exchange: Exchange, question: str, fresh: set[str]) -> Iterator[Finding]:
    answer = exchange.answer
    if question and exchange.finished:
        missed = answers.unanswered(question, answer.text)
        if missed:
            yield card(
                Kind.INSIGHT,
                answer,
                answer.gist,
                f"May not have answered: the question asked for {missed}."
                if missed.startswith("a number")
                else f"May not have answered: nothing about {missed} yet.",
                reason="Question still open",
                tag="unanswered",
                confidence=0.6,
            )
    hedge = answers.vague(answer.text)
    if hedge and answer.touches(hedge.start, hedge.end, fresh):
        yield vague_card(answer, hedge)
    if question and answers.is_behavioural(question) and exchange.finished and not hedge:
        missing = answers.missing_star(answer.text)
        if missing:
            advice = " ".join(_STAR_ADVICE[part] for part in missing[:2])
            yield card(
                Kind.TIP,
                answer,
                answer.gist,
                f"No {' or '.join(missing)} mentioned yet. {advice}",
                reason=f"No {missing[-1]} mentioned",
                tag="star",
                confidence=0.7,
            )
    ours = answers.only_ours(answer.text)
    if ours and exchange.finished:
        yield card(
            Kind.TIP,
            answer,
            (ours.start, ours.start + 1),
            "Everything is told as “we”. Ask which part was theirs.",
            reason=ours.reason,
            tag="ours",
            confidence=0.7,
        )


def _story(exchange: Exchange, question: str, fresh: set[str]) -> Iterator[Finding]:
    """Yield a highlight for a complete story with something the candidate did."""
    answer = exchange.answer
    if not any(line.id in fresh for line in answer.lines):
        return
    if not answers.is_behavioural(question) or answers.missing_star(answer.text):
        return
    parts = answers.star_parts(answer.text)
    if parts.keys() >= _STORY and answers.actions(answer.text):
        yield card(
            Kind.HIGHLIGHT,
            answer,
            parts["action"],
            "Tells the whole story: what happened, what they did themselves, and what came of it.",
            reason="Complete example",
            tag="story",
            confidence=0.8,
        )


def _is_fresh(exchange: Exchange, fresh: set[str]) -> bool:
    """Tell whether an answer is new, or was finished by a new line of the interviewer."""
    follower = exchange.follower
    return any(line.id in fresh for line in exchange.answer.lines) or (
        follower is not None and follower.lines[0].id in fresh
    )


def _before(turn: Turn, other: Turn) -> bool:
    return turn.lines[0].start < other.lines[0].start
