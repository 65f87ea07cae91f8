"""What the cards of a session say already, kept in memory for comparing: as hashes, not words.

Without this every new card would open and read all older ones, and cost more the longer an
interview lasts. A process remembers the sessions it was busy with last and reads what changed.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from insights.analyzers.base import Finding
from insights.analyzers.similar import Form, alike, form
from insights.kinds import Kind
from insights.models import Insight
from sessions.models import Session

MOST = 200  # cards of a kind that a new one is compared with, the newest
_LOADED = 400  # cards read when a process sees a session for the first time
_SESSIONS = 64
_TEMPLATED = (Insight.Source.PATTERN, Insight.Source.RULES)
_OF_THE_MOMENT = (Kind.TIP, Kind.SENTIMENT)  # on another answer the same advice is new
_IN_FULL = (Kind.QUESTION, Kind.FACT_CHECK)  # their content says all of what they are about
_BY_QUOTE = (Kind.TIP, Kind.SENTIMENT, Kind.WARNING, Kind.HIGHLIGHT)  # one of a kind per sentence


@dataclass(frozen=True, slots=True)
class _Card:
    kind: str
    source: str
    lines: frozenset[str]
    content: Form
    quote: Form


@dataclass(slots=True)
class _Memory:
    revision: int = 0
    cards: dict[UUID, _Card] = field(default_factory=dict)


def find(session: Session, finding: Finding, source: str) -> Insight | None:
    """Return the newest card that says what a finding says; call with the session locked."""
    new = _card(finding.kind, source, finding.line_ids, finding.content, finding.quote)
    of_kind = [(pk, card) for pk, card in _read(session).items() if card.kind == new.kind]
    for pk, card in of_kind[: -MOST - 1 : -1]:
        if _same(card, new):
            return session.insights.filter(pk=pk).first()
    return None


def _same(card: _Card, new: _Card) -> bool:
    together = bool(card.lines & new.lines)
    templated = card.source in _TEMPLATED, new.source in _TEMPLATED
    if not together and (
        new.kind in _OF_THE_MOMENT or (all(templated) and new.kind not in _IN_FULL)
    ):
        return False  # what rules word alike on different lines are different things
    if alike(card.content, new.content):
        return True
    if not together or templated[0] == templated[1]:
        return False
    # A model and the rules about the same words: much the same card in different language.
    if new.kind == Kind.FACT_CHECK:
        return bool(new.content.facts) and card.content.facts == new.content.facts
    return new.kind in _BY_QUOTE and alike(card.quote, new.quote)


@lru_cache(maxsize=_SESSIONS)
def _memory(session_id: UUID) -> _Memory:
    return _Memory()


def _read(session: Session) -> dict[UUID, _Card]:
    """Bring the memory of a session up to date and return its cards, the oldest first."""
    memory = _memory(session.pk)
    changed = session.insights.filter(revision__gt=memory.revision).order_by("-revision")
    for insight in reversed(changed[:_LOADED]):
        memory.cards[insight.pk] = _card(
            insight.kind, insight.source, insight.segments, insight.content, insight.quote
        )
        memory.revision = insight.revision
    return memory.cards


def _card(kind: str, source: str, lines: Collection[str], content: str, quote: str) -> _Card:
    return _Card(
        kind,
        source,
        frozenset(lines),
        form(content),
        form(quote) if kind in _BY_QUOTE else Form(frozenset(), frozenset()),
    )
