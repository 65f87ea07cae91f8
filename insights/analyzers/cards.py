"""Words the cards of instant patterns and rules, so that one replaces the other in place."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import blake2s

from insights.analyzers.answers import Passage
from insights.analyzers.base import Finding, Line
from insights.analyzers.checkable import Claim, describe
from insights.analyzers.consistency import ANSWER, PROFILE, Check
from insights.analyzers.followups import Followup
from insights.analyzers.tone import Tone
from insights.analyzers.turns import Turn
from insights.kinds import Kind, Priority

LONG_EXPERIENCE_YEARS = 5  # from here on, years are worth a check of their own
_LARGE = 100
_SOURCES = {PROFILE: "the profile", ANSWER: "an earlier answer"}
_NEGATIVE_ENOUGH = 0.65
TONE_ADVICE = "Consider a lighter question or brief break."


def key(kind: Kind, line_id: str, tag: str) -> str:
    """Return what identifies a card across runs; a hash, because a tag may name what was said."""
    return blake2s(f"{kind}|{line_id}|{tag}".encode(), digest_size=12).hexdigest()


def card(
    kind: Kind,
    turn: Turn,
    span: tuple[int, int],
    content: str,
    *,
    reason: str,
    tag: str,
    title: str = "",
    priority: Priority | None = None,
    competency: str = "",
    confidence: float = 1.0,
    verdict: str = "",
    other_quote: str = "",
) -> Finding:
    """Return a finding about a span of a turn; its quote is the sentence around the span."""
    ids = turn.ids(*span)
    return Finding(
        kind=kind,
        content=content,
        quote=turn.sentence(*span),
        line_ids=ids,
        title=title,
        priority=priority,
        competency=competency,
        confidence=confidence,
        reason=reason,
        verdict=verdict,
        other_quote=other_quote,
        data={"key": key(kind, ids[0] if ids else "", tag)},
    )


def check_card(turn: Turn, check: Check) -> Finding | None:
    """Return the fact check of a claim, None for a claim too small to bother."""
    claim = check.claim
    said = turn.text[claim.start : claim.end]
    if check.verdict == "unverifiable":
        worded = _to_verify(claim, said)
        if worded is None:
            return None
        content, reason = worded
    else:
        content, reason = _judged(check, said), reason_of(check)
    confidence = {"conflicts": 0.85, "supported": 0.8}.get(check.verdict, 0.7)
    return card(
        Kind.FACT_CHECK,
        turn,
        (claim.start, claim.end),
        content,
        reason=reason,
        tag=_claim_tag(claim),
        priority=Priority.LOW if check.verdict == "supported" else None,
        verdict=check.verdict,
        other_quote=check.other_quote,
        confidence=confidence,
    )


def statement_of(claim: Claim, said: str) -> str:
    """Return a claim in few words: its parts where they are known, else as it was said."""
    return said if claim.kind in ("change", "measure", "size") else _sentence_case(describe(claim))


def reason_of(check: Check) -> str:
    """Return in few words why a claim has its verdict."""
    if not check.against:
        return "The dates cannot be" if check.verdict == "conflicts" else ""
    if check.against not in _SOURCES:
        return "Older than the technology"
    verb = "Agrees with" if check.verdict == "supported" else "Differs from"
    return f"{verb} {_SOURCES[check.against]}"


def _judged(check: Check, said: str) -> str:
    claim = check.claim
    stated = statement_of(claim, f"“{said}”")
    if check.reason:
        return f"{stated} does not fit: {check.reason} Ask when exactly that was."
    source = _SOURCES[check.against]
    if check.verdict == "supported":
        return f"{stated}: {source} says the same."
    if claim.kind == "use":
        now, then = ("having used", "not") if claim.has else ("not having used", "having")
        return (
            f"Speaks of {now} {claim.subject}, {source} of {then}"
            f"{' having' if then == 'not' else ''} used it. Ask which is right."
        )
    return f"{stated}, but {source} says: “{check.other_quote}” Ask which is right."


def _to_verify(claim: Claim, said: str) -> tuple[str, str] | None:
    """Return the text and reason of a claim that only the candidate can back up."""
    if claim.kind == "experience" and claim.years >= LONG_EXPERIENCE_YEARS:
        return (
            f"Says {describe(claim)}. Ask which roles and projects make up that time.",
            "Years claimed",
        )
    if claim.kind == "change":
        return (
            f"Result to verify: “{said}”. Ask how it was measured and over what period.",
            "Result without a source",
        )
    percent = claim.kind == "measure" and claim.unit == "percent"
    large = claim.kind == "size" and (claim.value >= _LARGE or claim.unit == "dollars")
    if percent or large:
        return (
            f"Number to verify: “{said}”. Ask where it comes from and what their part was.",
            "Number without a source",
        )
    return None


def vague_card(turn: Turn, hedge: Passage) -> Finding:
    content = (
        "Unsure answer. Give a moment to think, or ask for the closest thing they have done."
        if hedge.reason == "Unsure"
        else "Vague so far. Ask for one specific time: when, what they did, what came of it."
    )
    return card(Kind.TIP, turn, (hedge.start, hedge.end), content, reason=hedge.reason, tag="vague")


def trait_card(turn: Turn, start: int, end: int, trait: str) -> Finding:
    return card(
        Kind.WARNING,
        turn,
        (start, end),
        f"This question touches a protected trait ({trait}). Withdraw it, leave the answer out of "
        "the assessment, and go on with a question about the work.",
        reason="Protected trait",
        tag="trait",
        title="Question to Withdraw",
    )


def injection_card(turn: Turn, start: int, end: int) -> Finding:
    return card(
        Kind.WARNING,
        turn,
        (start, end),
        "These words read like instructions to the AI, not like an answer. They were ignored.",
        reason="Addresses the AI",
        tag="injection",
    )


def split_injections(
    orders: Iterable[Sequence[Line]], fresh: Collection[Line]
) -> Iterator[Finding]:
    """Yield a card for each order that is split over lines, on the longest of the new ones."""
    new = {line.id for line in fresh}
    for parts in orders:
        told = [part for part in parts if part.id in new]
        if told:
            line = max(told, key=lambda part: len(part.text))
            yield injection_card(Turn(line.role, (line,), line.text), 0, len(line.text))


def flag_card(turn: Turn, flag: Passage, confidence: float) -> Finding:
    """Return the card for wording that deserves a calm second question."""
    return card(
        Kind.WARNING,
        turn,
        (flag.start, flag.end),
        f"Wording to look into. {flag.advice}",
        reason=flag.reason,
        tag=f"flag:{flag.reason}",
        confidence=confidence,
    )


def tone_card(turn: Turn, tone: Tone) -> Finding | None:
    """Return the card for stressed or clearly negative wording, None for anything else."""
    stressed = tone.overall == "stressed"
    if not stressed and not (tone.overall == "negative" and tone.confidence >= _NEGATIVE_ENOUGH):
        return None
    finding = card(
        Kind.SENTIMENT,
        turn,
        (tone.start, tone.end),
        TONE_ADVICE
        if stressed
        else "The wording turns negative here. Ask what they would have wanted instead.",
        reason="Stressed wording" if stressed else "Negative wording",
        tag="tone",
        title="" if stressed else "Negative Wording",
        priority=None if stressed else Priority.MEDIUM,
        confidence=tone.confidence,
    )
    finding.data.update(tone=tone.overall, indicators=list(tone.indicators))
    return finding


def question_card(turn: Turn, followup: Followup, competency: str) -> Finding:
    return card(
        Kind.QUESTION,
        turn,
        (followup.start, followup.end),
        followup.text,
        reason=followup.reason,
        tag=followup.topic,
        competency=competency,
        confidence=0.7,
    )


def _claim_tag(claim: Claim) -> str:
    return f"{claim.kind}:{claim.subject}" if claim.skills else claim.kind


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
