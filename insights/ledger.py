"""The claims ledger: every checkable statement once, with a verdict and both quotes.

Rules judge. What a model found with two vetted quotes is added and may settle what rules left open;
it never turns their verdict round.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from copilot.lib.crypto import derive
from insights.analyzers.base import INTERVIEWER, Finding, Line, Statement, Window
from insights.analyzers.evidence import locate
from insights.analyzers.similar import same
from insights.analyzers.statements import statements
from insights.kinds import Kind
from insights.models import WITHDRAWN, Claim, Insight
from insights.serializers import claim_json
from sessions import access, events
from sessions.models import Session
from transcription import queries as words

Verdict, Against = Claim.Verdict, Claim.Against
_PROFILE = "profile"
_WEIGHT: dict[str, int] = {Verdict.UNVERIFIABLE: 0, Verdict.SUPPORTED: 1, Verdict.CONFLICTS: 2}


@transaction.atomic
def record(
    session: Session,
    window: Window,
    findings: Sequence[Finding],
    *,
    source: str = Insight.Source.RULES,
) -> list[Claim]:
    """Store the claims of a window's new lines; return those that are new or judged anew.

    `source` is who made the findings: those of the rules say what their statements say already.
    """
    held = access.lock_session(session.pk)
    if held is None:
        return []
    ledger = _Ledger(held)
    ledger.forget_echoes()
    for statement in statements(window):
        ledger.add(statement, Insight.Source.RULES)
    if source == Insight.Source.LLM:
        for finding in findings:
            if finding.kind == Kind.FACT_CHECK:
                ledger.add(_statement(finding, window), source)
    return ledger.save()


def _statement(finding: Finding, window: Window) -> Statement:
    """Return what a model says about a claim; without the place of the other quote no verdict."""
    other_line, against = _place(finding.other_quote, window)
    verdict = finding.verdict if against else Verdict.UNVERIFIABLE
    return Statement(
        kind="other",
        statement=finding.quote,
        quote=finding.quote,
        line_id=finding.line_ids[0],
        verdict=verdict,
        against=against,
        reason=finding.reason,
        other_quote=finding.other_quote if against else "",
        other_line_id=other_line,
    )


def _place(quote: str, window: Window) -> tuple[str, str]:
    """Return (line id, what it is held against) of an other quote; empty if it is nowhere."""
    if not quote:
        return "", Against.NOTHING
    if locate(quote, [Line(_PROFILE, _PROFILE, window.profile, 0.0, 0.0)]):
        return "", Against.PROFILE
    answers = [line for line in window.claimed + window.transcript if line.role != INTERVIEWER]
    found = locate(quote, answers)
    return (found[0][0], Against.ANSWER) if found else ("", Against.NOTHING)


def forget(session: Session) -> None:
    """Take back what rests on lines that are gone; call with the session locked."""
    ledger = _Ledger(session)
    ledger.forget_echoes()
    ledger.save()


def mark_stale(session: Session, line: UUID) -> None:
    """Say of what rests on a line that the line was corrected; call with the session locked."""
    ledger = _Ledger(session)
    rests = Q(segment=line) | Q(other_segment=line)
    for claim in session.claims.exclude(kind=WITHDRAWN).filter(rests):
        claim.stale = True
        ledger.change(claim)
    ledger.save()


def settle_stale(session: Session, lines: Collection[str], *, unread: Collection[str]) -> None:
    """Withdraw what these lines, read again, claim no more, and verdicts that rested on them.

    A claim of an `unread` line waits until that is read.
    """
    ledger = _Ledger(session)
    stale = session.claims.filter(stale=True).exclude(kind=WITHDRAWN)
    for claim in stale.filter(Q(segment__in=lines) | Q(other_segment__in=lines)):
        if str(claim.segment_id) in lines:
            claim.kind = WITHDRAWN  # still marked: it comes back if the line does
        else:
            ledger.open(claim)
            claim.stale = str(claim.segment_id) in unread
        ledger.change(claim)
    ledger.save()


def keep_standing(session: Session, line: UUID) -> None:
    """Settle what rests on a corrected line by its words, where nobody will read it again."""
    ledger = _Ledger(session)
    stale = session.claims.filter(stale=True).exclude(kind=WITHDRAWN)
    for claim in stale.filter(Q(segment=line) | Q(other_segment=line)):
        if not ledger.says(str(claim.segment_id), claim.quote):
            claim.kind = WITHDRAWN
        else:
            if claim.other_segment == line:
                ledger.open(claim)
            claim.stale = False
        ledger.change(claim)
    ledger.save()


class _Ledger:
    """The claims of a locked session, and which of them changed."""

    def __init__(self, session: Session) -> None:
        self._claim_key = derive(session.data_key(), "claim")
        self._session = session
        self._changed: dict[UUID, Claim] = {}
        self._read: dict[str, Line | None] = {}  # lines that were corrected, as they read now

    def add(self, statement: Statement, source: str) -> None:
        """Enter a statement, or let it settle the claim that it repeats."""
        if not self.says(statement.line_id, statement.quote):
            return
        claim = self._known(statement, source)
        if claim is None:
            segment = self._session.segments.filter(pk=statement.line_id, hidden=False).first()
            if segment is None:
                return
            claim = Claim(
                session=self._session,
                segment=segment,
                kind=statement.kind,
                statement=statement.statement,
                quote=statement.quote,
                fingerprint=self._fingerprint(statement),
            )
        elif claim.stale:
            claim.kind, claim.statement = statement.kind, statement.statement
            claim.quote = statement.quote
        elif not _may_judge(claim, source) or _WEIGHT[statement.verdict] <= _WEIGHT[claim.verdict]:
            return
        other = statement.other_line_id
        if other and (self._hidden(other) or not self.says(other, statement.other_quote)):
            return  # judged by what is gone since
        self._judge(claim, statement, source)
        if statement.verdict == Verdict.CONFLICTS and statement.other_line_id:
            self._judge_earlier(statement, source)

    def says(self, line_id: str, quote: str) -> bool:
        """Tell whether a line still says what it said when it was read."""
        if line_id not in self._read:
            corrected = words.corrected_among(self._session, [line_id])
            lines = [Line(line_id, now.role, now.text, 0.0, 0.0) for now in corrected]
            self._read[line_id] = lines[0] if lines else None
        line = self._read[line_id]
        if line is None:
            return True
        told = not quote or quote in line.text or locate(quote, [line]) is not None
        return told and line.role != INTERVIEWER

    def _hidden(self, line_id: str) -> bool:
        return self._session.segments.filter(pk=line_id, hidden=True).exists()

    def _judge(self, claim: Claim, statement: Statement, source: str) -> None:
        claim.verdict = statement.verdict
        claim.against = statement.against
        claim.reason = statement.reason
        claim.other_quote = statement.other_quote or None
        other = statement.other_line_id
        claim.other_segment = UUID(other) if other else None
        claim.source, claim.stale = source, False
        self._changed[claim.pk] = claim

    def _judge_earlier(self, statement: Statement, source: str) -> None:
        """Hold a conflict against the earlier claim too, which did not know of it."""
        for claim in self._on_line(statement.other_line_id):
            may = claim.stale or _may_judge(claim, source)
            if may and _overlap(claim.quote, statement.other_quote):
                turned = Statement(
                    kind=claim.kind,
                    statement=claim.statement,
                    quote=claim.quote,
                    line_id=str(claim.segment_id),
                    verdict=Verdict.CONFLICTS,
                    against=Against.ANSWER,
                    reason=statement.reason,
                    other_quote=statement.quote,
                    other_line_id=statement.line_id,
                )
                self._judge(claim, turned, source)

    def forget_echoes(self) -> None:
        """Take back claims on lines that turned out to be echoes, and verdicts that rest on them.

        The line that was echoed makes the claim anew.
        """
        echoes = self._session.segments.filter(hidden=True).values("pk")
        self._session.claims.filter(segment__in=echoes).delete()
        for claim in self._session.claims.filter(other_segment__in=echoes):
            self.open(claim)
            self.change(claim)

    @staticmethod
    def open(claim: Claim) -> None:
        """Take a verdict back."""
        claim.verdict, claim.against = Verdict.UNVERIFIABLE, Against.NOTHING
        claim.reason, claim.other_quote, claim.other_segment = "", None, None

    def change(self, claim: Claim) -> None:
        self._changed[claim.pk] = claim

    def save(self) -> list[Claim]:
        for claim in self._changed.values():
            claim.revision = events.next_revision(self._session.pk)
            claim.save()
            body = {"revision": claim.revision, "claim": claim_json(claim)}
            events.publish_on_commit(self._session.pk, "claim", body)
        return list(self._changed.values())

    def _known(self, statement: Statement, source: str) -> Claim | None:
        """Return the claim that a statement repeats: of the same words, or told again."""
        mark = self._fingerprint(statement)
        known = self._session.claims.filter(fingerprint=mark).first()
        claim = known or next((c for c in self._changed.values() if c.fingerprint == mark), None)
        if claim is None and source == Insight.Source.LLM:
            on_line = self._on_line(statement.line_id)
            claim = next((c for c in on_line if _overlap(c.quote, statement.quote)), None)
        return self._changed.get(claim.pk, claim) if claim else None

    def _on_line(self, line_id: str) -> list[Claim]:
        """Return the claims of a line, also those that are not stored yet."""
        living = self._session.claims.exclude(kind=WITHDRAWN)
        stored = {c.pk: c for c in living.filter(segment_id=line_id)}
        fresh = {pk: c for pk, c in self._changed.items() if str(c.segment_id) == line_id}
        return list((stored | fresh).values())

    def _fingerprint(self, statement: Statement) -> bytes:
        said = " ".join(statement.statement.casefold().split())
        text = f"{statement.kind}|{said}".encode()
        return hmac.digest(self._claim_key, text, hashlib.sha256)[:16]


def _may_judge(claim: Claim, source: str) -> bool:
    """Tell whether a verdict may change: a model settles only what is open."""
    if source == Insight.Source.LLM:
        return claim.verdict == Verdict.UNVERIFIABLE
    return claim.verdict != Verdict.CONFLICTS


def _overlap(one: str, other: str) -> bool:
    """Tell whether two quotes of one line are of the same words."""
    return one in other or other in one or same(one, other)
