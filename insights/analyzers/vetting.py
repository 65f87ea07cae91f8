"""Lets through only what a model may say: grounded in the transcript, lawful, no verdict."""

import re
from dataclasses import replace

from rapidfuzz import fuzz

from insights.analyzers.base import CANDIDATE, INTERVIEWER, Finding, Line, Window
from insights.analyzers.cards import key
from insights.analyzers.evidence import locate
from insights.analyzers.followups import already_asked, competency_for, is_asked
from insights.analyzers.guards import (
    addresses_model,
    guesses_mood,
    recommends,
    unlawful_trait,
    without_injection,
)
from insights.analyzers.model_answer import Item
from insights.analyzers.prompt import repeats
from insights.kinds import Kind

MOST_QUESTIONS = 5
_SAME_CONTENT = 88.0
_SAME_QUOTE = 97.0
_PROFILE = "profile"
_ABOUT_ANSWERS = frozenset({Kind.QUESTION, Kind.FACT_CHECK, Kind.SENTIMENT})
_TO_CANDIDATE = re.compile(r"\byou(?:r|rs|rself)?\b", re.IGNORECASE)
_ASKS = ("tell ", "walk ", "describe ", "explain ", "give ", "talk ", "show ", "share ")


class Vetting:
    """Checks the items of one answer, one after the other; counts what had no evidence."""

    def __init__(self, window: Window, *, most_questions: int = MOST_QUESTIONS) -> None:
        self._window = window
        self._most_questions = most_questions
        self._fresh = {line.id for line in window.lines}
        # What addresses the model is no evidence for anything.
        self._lines = _clean(window.transcript)
        self._new = _clean(window.lines)
        self._asked = already_asked(window)
        self._kept: list[Finding] = []
        self.dropped = 0

    def vet(self, item: Item) -> Finding | None:
        """Return the finding of an item, None when it may not be shown."""
        kind = Kind(item.kind)
        found = locate(item.quote, self._new) or locate(item.quote, self._lines)
        if found is None or not set(found[0]) & self._fresh:
            self.dropped += 1
            return None
        ids, quote = found
        if not self._may_say(kind, item.content, ids):
            return None
        finding = Finding(
            kind=kind,
            content=item.content,
            quote=quote,
            line_ids=ids,
            competency=self._competency(item),
            confidence=item.confidence,
            reason=item.reason,
            data={"key": key(kind, ids[0], f"llm:{item.content.casefold()}")},
        )
        if kind is Kind.FACT_CHECK:
            finding = self._judged(finding, item)
        if self._is_repeated(finding):
            return None
        self._kept.append(finding)
        return finding

    def _may_say(self, kind: Kind, content: str, ids: tuple[str, ...]) -> bool:
        if (
            repeats(content)
            or addresses_model(content)
            or (kind is not Kind.WARNING and unlawful_trait(content))
            or (kind is not Kind.SENTIMENT and guesses_mood(content))
        ):
            return False
        if kind in _ABOUT_ANSWERS and INTERVIEWER in self._roles(ids):
            return False
        if kind is Kind.SENTIMENT:
            spoken_by_candidate = self._roles(ids) == {CANDIDATE}
            return self._window.sentiment and spoken_by_candidate and not recommends(content)
        if kind is Kind.QUESTION:
            return self._may_ask(content)
        return not recommends(content)

    def _may_ask(self, content: str) -> bool:
        questions = [f.content for f in self._kept if f.kind is Kind.QUESTION]
        if len(questions) >= self._most_questions:
            return False
        # Whom to hire may be asked of one who hires; of the interviewer it is a verdict.
        if recommends(content) and not _TO_CANDIDATE.search(content):
            return False
        asks = content.rstrip().endswith("?") or content.casefold().startswith(_ASKS)
        # Other languages ask without a question mark or with their own.
        if not asks and self._window.language.casefold().startswith("en"):
            return False
        return not is_asked(content, [*self._asked, *questions])

    def _judged(self, finding: Finding, item: Item) -> Finding:
        """Keep a verdict only with both quotes; a model never decides alone."""
        if item.verdict in ("supported", "conflicts"):
            other = self._other_quote(item.other_quote, finding)
            if other:
                return replace(finding, verdict=item.verdict, other_quote=other)
        return replace(finding, verdict="unverifiable")

    def _other_quote(self, quote: str, finding: Finding) -> str:
        profile = Line(_PROFILE, _PROFILE, self._window.profile, 0.0, 0.0)
        answers = [line for line in self._lines if line.role != INTERVIEWER]
        found = locate(quote, [profile]) or locate(quote, answers)
        if found is None or fuzz.partial_ratio(found[1], finding.quote) >= _SAME_QUOTE:
            # The same words twice are one statement, not two that agree.
            return found[1] if found and found[0] == (_PROFILE,) else ""
        return found[1]

    def _competency(self, item: Item) -> str:
        for name in self._window.competencies:
            if name.casefold() == item.competency.casefold():
                return name
        return competency_for(f"{item.competency} {item.content}", "", self._window.competencies)

    def _is_repeated(self, finding: Finding) -> bool:
        return any(
            other.kind is finding.kind
            and fuzz.token_set_ratio(other.content.casefold(), finding.content.casefold())
            >= _SAME_CONTENT
            for other in self._kept
        )

    def _roles(self, ids: tuple[str, ...]) -> set[str]:
        return {line.role for line in self._lines if line.id in ids}


def may_digest(text: str) -> bool:
    """Tell whether a digest may be kept and given to the next call."""
    return not (addresses_model(text) or recommends(text) or guesses_mood(text) or repeats(text))


def _clean(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(replace(line, text=without_injection(line.text)) for line in lines)
