"""Runs an analyzer over a recorded interview as the product does: what is new, again and again."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from insights.analyzers.base import (
    CANDIDATE,
    Analyzer,
    AnalyzerError,
    Finding,
    Line,
    Statement,
    Window,
)
from insights.analyzers.statements import statements
from insights.analyzers.tone import Tone, read
from insights.kinds import Kind
from tests.evaluation.material import Interview

INTERVAL = 5.0  # seconds between two runs of one session, as the product's default
CONTEXT = 2000  # characters of earlier transcript, as in insights.queries

Change = Callable[[Window], Window]


@dataclass
class Outcome:
    """All that one interview brought, each finding once."""

    findings: list[Finding] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    tones: dict[str, Tone] = field(default_factory=dict)
    first_ms: list[float] = field(default_factory=list)
    total_ms: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    failures: list[str] = field(default_factory=list)
    digest: str = ""

    def median(self, name: str) -> float:
        return statistics.median(getattr(self, name) or [0.0])


def replay(
    interview: Interview,
    analyzer: Analyzer,
    *,
    ledger: bool = True,
    change: Change = lambda window: window,
) -> Outcome:
    """Return what an analyzer finds; `ledger` adds what the rules state about claims and tone.

    `change` may alter each window before it is analysed; one without lines is left out.
    """
    outcome = Outcome()
    keys: set[str] = set()
    for lines, context in runs(interview.lines):
        window = change(
            Window(
                lines,
                context=context,
                language=interview.language,
                job=interview.job,
                profile=interview.profile,
                competencies=interview.competencies,
                asked=_asked(outcome.findings, lines),
                digest=outcome.digest,
                claimed=_claimed(outcome.statements, interview, context),
                today=interview.today,
            )
        )
        if not window.lines:
            continue
        try:
            analysis = analyzer.analyze(window)
        except AnalyzerError as error:
            outcome.failures.append(error.code)
            continue
        for finding in analysis.findings:
            if finding.data["key"] not in keys:
                keys.add(finding.data["key"])
                outcome.findings.append(finding)
        outcome.digest = analysis.digest
        outcome.first_ms += [analysis.first_ms] if analysis.first_ms else []
        outcome.total_ms.append(analysis.total_ms)
        outcome.tokens[0] += analysis.tokens_in
        outcome.tokens[1] += analysis.tokens_out
        if ledger:
            _note(outcome, window)
    return outcome


def runs(lines: tuple[Line, ...]) -> Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    """Yield (new lines, context): a run takes what ended since the last, at most every 5 s."""
    after, due = 0, 0.0
    while after < len(lines):
        due = max(due, lines[after].end)
        through = after + sum(line.end <= due for line in lines[after:])
        yield lines[after:through], _context(lines[:after])
        after, due = through, due + INTERVAL


def _context(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    room, kept = CONTEXT, len(lines)
    while kept and (room := room - len(lines[kept - 1].text)) >= 0:
        kept -= 1
    return lines[kept:]


def _asked(findings: list[Finding], lines: tuple[Line, ...]) -> tuple[str, ...]:
    fresh = {line.id for line in lines}
    return tuple(
        finding.content
        for finding in findings
        if finding.kind is Kind.QUESTION and not fresh.intersection(finding.line_ids)
    )


def _claimed(
    told: list[Statement], interview: Interview, context: tuple[Line, ...]
) -> tuple[Line, ...]:
    near = {line.id for line in context}
    return tuple(
        replace(interview.by_id[statement.line_id].line, text=statement.quote)
        for statement in told
        if statement.line_id not in near
    )


def _note(outcome: Outcome, window: Window) -> None:
    outcome.statements += [s for s in statements(window) if s not in outcome.statements]
    for line in window.lines:
        if line.role == CANDIDATE:
            outcome.tones[line.id] = read(line.text)
