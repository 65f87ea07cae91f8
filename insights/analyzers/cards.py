"""Words the cards of instant patterns and rules, so that one replaces the other in place."""

from datetime import date
from hashlib import blake2s

from insights.analyzers.answers import Passage
from insights.analyzers.base import Finding
from insights.analyzers.claims import Claim, describe, impossible
from insights.analyzers.followups import Followup
from insights.analyzers.tone import Tone
from insights.analyzers.turns import Turn
from insights.kinds import Kind, Priority

LONG_EXPERIENCE_YEARS = 5  # from here on, years are worth a check of their own
_LARGE = 100
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


def claim_card(turn: Turn, claim: Claim, today: date | None) -> Finding | None:
    """Return the fact check of one claim on its own, None for a claim too small to bother."""
    span = (claim.start, claim.end)
    said = turn.text[claim.start : claim.end]
    why = impossible(claim, today)
    if why:
        return card(
            Kind.FACT_CHECK,
            turn,
            span,
            f"{_sentence_case(describe(claim))} does not fit: {why} Ask when they first used it.",
            reason="Older than the technology",
            tag=_claim_tag(claim),
            verdict="conflicts",
            confidence=0.9,
        )
    if claim.kind == "experience" and claim.years >= LONG_EXPERIENCE_YEARS:
        content = f"Says {describe(claim)}. Ask which roles and projects make up that time."
        reason = "Years claimed"
    elif claim.kind == "change":
        content = f"Result to verify: “{said}”. Ask how it was measured and over what period."
        reason = "Result without a source"
    elif claim.kind == "measure" or (
        claim.kind == "size" and (claim.value >= _LARGE or claim.unit == "dollars")
    ):
        content = f"Number to verify: “{said}”. Ask where it comes from and what their part was."
        reason = "Number without a source"
    else:
        return None
    return card(
        Kind.FACT_CHECK,
        turn,
        span,
        content,
        reason=reason,
        tag=_claim_tag(claim),
        verdict="unverifiable",
        confidence=0.7,
    )


def compared_card(
    turn: Turn, claim: Claim, *, other: str, other_quote: str, source: str, agrees: bool
) -> Finding:
    """Return the fact check of a claim against the profile or an earlier answer."""
    said = _sentence_case(describe(claim))
    if agrees:
        content = f"{said}: {source} says the same."
    else:
        content = f"{said}, but {source} says {other}. Ask which is right."
    return card(
        Kind.FACT_CHECK,
        turn,
        (claim.start, claim.end),
        content,
        reason=f"Agrees with {source}" if agrees else f"Differs from {source}",
        tag=_claim_tag(claim),
        priority=Priority.LOW if agrees else None,
        verdict="supported" if agrees else "conflicts",
        other_quote=other_quote,
        confidence=0.8,
    )


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
