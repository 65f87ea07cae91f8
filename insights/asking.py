"""Asks about one window: the model where it may be asked, else what is remembered and the rules."""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from django.conf import settings

from insights import gate, memory
from insights.analyzers.alarm import Alarm
from insights.analyzers.base import CANDIDATE, Analysis, AnalyzerError, Finding, Line, Window
from insights.analyzers.cards import key
from insights.analyzers.guards import injected_span
from insights.analyzers.retries import PASSING
from insights.analyzers.rules import RuleAnalyzer
from insights.kinds import Kind
from insights.models import Insight
from sessions.models import Session
from sessions.notices import model_reads_along
from transcription.privacy import redactor

logger = logging.getLogger(__name__)

State, Source = Insight.State, Insight.Source

Store = Callable[[Finding, str, str], None]  # finding, source, state


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found; `error` is why the model was passed over, `slow` that rules helped out."""

    analysis: Analysis
    error: str = ""
    slow: bool = False

    @property
    def source(self) -> str:
        """Return whose findings these are, where not all are the rules'."""
        by_model = self.analysis.engine in ("llm", memory.ENGINE) and not self.error
        return Source.LLM if by_model else Source.RULES


@functools.lru_cache(maxsize=1)
def _rule_analyzer() -> RuleAnalyzer:
    return RuleAnalyzer()


def warm_up() -> None:
    """Load what the first answers of this process would have to wait for."""
    spoken = Line("", CANDIDATE, "I have used Python for two years.", 0.0, 1.0)
    _rule_analyzer().analyze(Window((spoken,), today=date(2026, 1, 1)))
    redactor().warm()
    if model_reads_along():
        gate.configured_llm().open()


class _Rules:
    """The rule analyzer's findings about one window, made once."""

    def __init__(self, window: Window, store: Store) -> None:
        self._window = window
        self._store = store
        self._analysis: Analysis | None = None

    @property
    def used(self) -> bool:
        return self._analysis is not None

    def give(self, state: str) -> Analysis:
        if self._analysis is None:
            self._analysis = _rule_analyzer().analyze(
                self._window, emit=lambda finding: self._store(finding, Source.RULES, state)
            )
        return self._analysis


def ask(
    session: Session,
    window: Window,
    store: Store,
    *,
    purpose: str,
    tell_slow: Callable[[], None] | None = None,
) -> Answer:
    """Return the answer of whoever can give one; each finding goes to `store` as it is found.

    0. Words for the model in what it reads beside the transcript are flagged; it never sees them.
    1. Without a model: the rules. The same window again: what was found before.
    2. The model. While it shows nothing for INTERVIEW_LLM_PATIENCE the rules give preliminary
       cards and `tell_slow` is called; None: nobody is in a hurry.
    3. Where it may not be asked or fails: its findings until then, else what is remembered of these
       lines, and the rules.
    """
    for finding in _planted(window):
        store(finding, Source.RULES, State.COMPLETE)
    rules = _Rules(window, store)
    if not model_reads_along():
        return Answer(rules.give(State.COMPLETE))
    if not any(line.text.strip() for line in window.lines):
        return Answer(Analysis((), "llm"))  # without a call there is nothing to tell the breaker
    model = f"{settings.INTERVIEW_LLM_BASE_URL}|{settings.INTERVIEW_LLM_MODEL}"
    known = memory.recall(session, window, model)
    if known is not None:
        _store_remembered(known, store)
        return Answer(known)

    def help_out() -> None:
        try:
            rules.give(State.PRELIMINARY)
            if tell_slow is not None:
                tell_slow()
        # The answer that is under way is paid for and may still come.
        except Exception as error:
            logger.error("rules failed to help out: %s", type(error).__name__)

    patience = time.monotonic() + settings.INTERVIEW_LLM_PATIENCE
    try:
        with gate.enter(session.organization, purpose):
            analysis = gate.configured_llm().analyze(
                window,
                emit=lambda finding: store(finding, Source.LLM, State.COMPLETE),
                alarm=Alarm(patience, help_out) if tell_slow is not None else None,
            )
    except (gate.Closed, AnalyzerError) as failure:
        logger.warning("model not used: %s", failure.code)
        partial = failure.partial if isinstance(failure, AnalyzerError) else None
        slow = rules.used
        analysis = _without_model(session, window, store, rules, failure.code, partial)
        return Answer(analysis, failure.code, slow)
    gate.spent(session.organization, analysis)
    memory.remember(session, window, model, analysis)
    return Answer(analysis, "", rules.used)


def _planted(window: Window) -> Iterator[Finding]:
    """Yield a red flag for each place, other than the lines, that holds words for the model."""
    guide = "\n".join((window.job, window.guide_question, *window.competencies))
    for place, text in (("profile", window.profile), ("guide", guide)):
        span = injected_span(text)
        if span is not None:
            yield Finding(
                Kind.WARNING,
                f"The {place} holds words that read like instructions to the AI. "
                "They were ignored.",
                text[slice(*span)].strip(),
                (),
                reason="Addresses the AI",
                data={"key": key(Kind.WARNING, place, "injection")},
            )


def _without_model(
    session: Session,
    window: Window,
    store: Store,
    rules: _Rules,
    code: str,
    partial: Analysis | None,
) -> Analysis:
    """Return what there is without a whole answer; its figures are those of the failed call."""
    partial = partial or Analysis((), "")
    known = None
    if not partial.findings and code in {*PASSING, "busy", "budget"}:
        known = memory.nearest(session, window)
    if known is not None:
        _store_remembered(known, store)
    ruled = rules.give(State.COMPLETE)
    remembered = known.findings if known is not None else ()
    return replace(
        partial,
        engine=known.engine if known is not None else ruled.engine,
        findings=(*partial.findings, *remembered, *ruled.findings),
        first_ms=partial.first_ms or ruled.first_ms,
        total_ms=partial.total_ms + ruled.total_ms,
    )


def _store_remembered(known: Analysis, store: Store) -> None:
    for finding in known.findings:
        store(finding, Source.LLM, State.COMPLETE)
