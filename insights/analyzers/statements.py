"""The checkable claims of an interview, each with a verdict: what the ledger holds."""

from collections.abc import Iterator, Sequence

from insights.analyzers.base import CANDIDATE, Statement, Window
from insights.analyzers.cards import reason_of, statement_of
from insights.analyzers.checkable import Claim
from insights.analyzers.consistency import Check, checks
from insights.analyzers.guards import clean_window
from insights.analyzers.speech import Speech
from insights.analyzers.turns import Turn, turns


def statements(window: Window) -> list[Statement]:
    """Return the claims of the window's new lines, judged by profile, earlier answers and table."""
    window, _ = clean_window(window)
    if not window.language.casefold().startswith("en"):
        return []
    fresh = {line.id for line in window.lines}
    before = [Turn(line.role, (line,), Speech(line.text)) for line in window.claimed]
    found: list[Statement] = []
    for turn in turns(window.transcript):
        if turn.role != CANDIDATE:
            continue
        if any(line.id in fresh for line in turn.lines):
            found.extend(_statements(turn, before, window, fresh))
        before.append(turn)
    return found


def _statements(
    turn: Turn, before: Sequence[Turn], window: Window, fresh: set[str]
) -> Iterator[Statement]:
    for check in checks(
        turn, before, profile=window.profile, question=turn.question, today=window.today
    ):
        ids = turn.ids(check.claim.start, check.claim.end)
        if ids and set(ids) & fresh:
            yield _statement(turn, check, ids[0])


def _statement(turn: Turn, check: Check, line_id: str) -> Statement:
    claim = check.claim
    return Statement(
        claim.kind,
        statement_of(claim, turn.text[claim.start : claim.end]),
        _quote(turn, claim, line_id),
        line_id,
        verdict=check.verdict,
        against=check.against,
        reason=check.reason or reason_of(check),
        other_quote=check.other_quote,
        other_line_id=check.other_line_id,
    )


def _quote(turn: Turn, claim: Claim, line_id: str) -> str:
    """Return the sentence around a claim, as far as it stands in the claim's own line."""
    quote = turn.sentence(claim.start, claim.end)
    first, last = turn.part(line_id)
    at = turn.text.find(quote, max(0, claim.start - len(quote)))
    return turn.text[max(at, first) : min(at + len(quote), last)].strip()
