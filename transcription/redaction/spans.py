"""Spans of text that hold personal data, and how overlapping ones become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

# Which kind names a union of overlapping spans: the earlier the stronger.
KINDS = (
    "EMAIL",
    "URL",
    "IBAN",
    "IP",
    "CARD",
    "SSN",
    "ADDRESS",
    "BIRTHDATE",
    "ID",
    "PHONE",
    "HANDLE",
    "NAME",
)
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Span:
    """Mark text[start:end]; `value` is the normalised form that decides identity."""

    start: int
    end: int
    kind: str
    value: str = field(repr=False)
    person: int | None = None  # which of the session's known people, for NAME
    open: bool = False  # the speaker may go on with this value in the next utterance


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, each overlapping group united under its strongest kind."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            winner = min(last, span, key=lambda s: (_RANK[s.kind], s.start - s.end))
            merged[-1] = replace(
                winner, start=last.start, end=max(last.end, span.end), open=last.open or span.open
            )
        else:
            merged.append(span)
    return merged
