"""Finds what can be checked in a text: experience, dates, employers, degrees, numbers."""

import re
from collections.abc import Iterator
from dataclasses import replace

from insights.analyzers.checkable import Claim
from insights.analyzers.credentials import credentials
from insights.analyzers.employment import employers
from insights.analyzers.experience import asked_length, dates, experience
from insights.analyzers.figures import figures
from insights.analyzers.passages import Sentence, passages
from insights.analyzers.speech import once

_FIGURES = frozenset({"change", "measure", "size"})
_BESIDE = 3  # words between a date and the number it dates
_PARTED = re.compile(r"[.?!,;]")


@once
def claims(
    text: str, *, terse: bool = False, question: str = "", known: tuple[str, ...] = ()
) -> list[Claim]:
    """Return the checkable claims of a text in order, each place once.

    `terse` reads a profile, where "AWS (5 years), Terraform since 2019" needs no verb. The
    question tells what a bare "six years" is about; `known` are employers to recognise.
    """
    found: list[Claim] = [] if terse else employers(text, known)
    for n, sentence in enumerate(passages(text, terse=terse)):
        for claim in _in_sentence(sentence, question if n == 0 else "", terse=terse):
            if not any(claim.start < other.end and other.start < claim.end for other in found):
                found.append(claim)
    return _dated(sorted(found, key=lambda claim: claim.start), text)


def _in_sentence(sentence: Sentence, question: str, *, terse: bool) -> Iterator[Claim]:
    yield from credentials(sentence, terse=terse)
    yield from dates(sentence, terse=terse)
    if question:
        yield from asked_length(sentence, question)
    yield from experience(sentence, terse=terse)
    yield from figures(sentence)


def _dated(found: list[Claim], text: str) -> list[Claim]:
    """Join a bare date with the number beside it: "in 2024 I reached 124 percent" is one claim."""
    kept: list[Claim] = []
    for claim in found:
        before = kept[-1] if kept else None
        if before and {before.kind, claim.kind} & _FIGURES and _is_bare(before, claim):
            between = text[before.end : claim.start]
            if len(between.split()) <= _BESIDE and not _PARTED.search(between):
                figure = claim if claim.kind in _FIGURES else before
                kept[-1] = replace(figure, start=before.start, end=claim.end)
                continue
        kept.append(claim)
    return kept


def _is_bare(first: Claim, second: Claim) -> bool:
    return any(c.kind == "since" and not c.named and not c.about for c in (first, second))
