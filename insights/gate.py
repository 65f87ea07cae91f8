"""The one door to the language model: is it well, is there room, may it still be paid for?

    with gate.enter(organization, Purpose.LIVE):
        analysis = gate.configured_llm().analyze(window)
    gate.spent(organization, analysis)

`spending.figures` gives the fields of the AnalysisRun that belongs to it. Whoever is turned away
never waits: the rules are used, or the call is left out. Where the cache fails, which breaker and
places live in, everybody is let in.
"""

import functools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from accounts import limits
from accounts.models import Organization
from insights import spending
from insights.analyzers.base import Analysis, AnalyzerError
from insights.breaker import Breaker
from insights.models import AnalysisRun

if TYPE_CHECKING:
    from insights.analyzers.llm import LlmAnalyzer

Purpose = AnalysisRun.Purpose


def configured_llm() -> "LlmAnalyzer":
    """Return the analyzer of the configured model; whether there is one, `notices` tells."""
    return _llm(
        settings.INTERVIEW_LLM_BASE_URL,
        settings.INTERVIEW_LLM_API_KEY,
        settings.INTERVIEW_LLM_MODEL,
        settings.INTERVIEW_LLM_READ_TIMEOUT,
        settings.INTERVIEW_LLM_TOTAL_TIMEOUT,
        settings.INTERVIEW_LLM_RETRIES,
    )


@functools.lru_cache(maxsize=4)
def _llm(
    base_url: str, api_key: str, model: str, timeout_s: float, total_s: float, retries: int
) -> "LlmAnalyzer":
    # The openai package takes a second to import: only who is told of a model waits for it.
    from insights.analyzers.llm import LlmAnalyzer, LlmConfig

    return LlmAnalyzer(
        LlmConfig(
            base_url=base_url,
            model=model,
            api_key=api_key,
            timeout_s=timeout_s,
            total_s=total_s,
            retries=retries,
        )
    )


class Closed(Exception):
    """The model may not be asked now; `code` is one of `queries.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def enter(organization: Organization, purpose: str) -> Iterator[None]:
    """Let one call through, or raise Closed.

    How the call ends is told to the breaker; what a failed one cost (`AnalyzerError.partial`) is
    counted here, a good one's cost by `spent`.
    """
    if spending.used_up(organization):
        raise Closed("budget")
    breaker = Breaker.configured()
    with _places(organization, purpose):
        if code := limits.tried(breaker.open_for):
            raise Closed(code)
        try:
            yield
        except AnalyzerError as error:
            limits.tried(breaker.failed, error)
            if error.partial is not None:
                spending.add(organization, error.partial)
            raise
        limits.tried(breaker.succeeded)


def spent(organization: Organization, analysis: Analysis) -> None:
    """Count what a good answer took."""
    spending.add(organization, analysis)


@contextmanager
def _places(organization: Organization, purpose: str) -> Iterator[None]:
    """Hold a place of the organization and one of all; only live analysis takes the last half.

    A dead worker's places are free again once no call could last that long.
    """
    own, all_together = organization.llm_concurrency, settings.INTERVIEW_LLM_CONCURRENCY
    if purpose != Purpose.LIVE:
        own, all_together = max(1, own // 2), max(1, all_together // 2)
    held = limits.Slots(math.ceil(settings.INTERVIEW_LLM_TOTAL_TIMEOUT) + 5)
    try:
        try:
            held.take(f"llm.{organization.pk}", own)
            held.take("llm", all_together)
        except limits.TooMany:
            raise Closed("busy") from None
        yield
    finally:
        held.release()
