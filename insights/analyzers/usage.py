"""Reads whether somebody says that they have used a skill, or that they have not."""

import re

from insights.analyzers.checkable import Claim
from insights.analyzers.passages import Sentence, passages
from insights.analyzers.skills import Mention
from insights.analyzers.speech import once

_NEVER = re.compile(
    r"\b(?:(?:have |had |did |do |am )?(?:never|not)(?: \w+)? (?:used?|using|worked with|touched|"
    r"tried|"
    r"had experience|have experience|know|known|written|wrote|done|do|trained in|work with|run)|"
    r"no (?:\w+ )?experience|not familiar|unfamiliar|not used to|^(?:no )?never)\b"
)
# "Never in production" and "not yet alone" deny less than they seem to.
_PARTLY = re.compile(
    r"\b(?:in production|professionally|at work|for work|commercially|at scale|alone|myself|yet|"
    r"much|"
    r"directly|only|except|before that|until|at that time|back then|enough)\b"
)
_DID = (
    r"(?:used?|using|worked|work|wrote|write|writing|written|built|build|ran|run|running|deployed|"
    r"migrated|managed|maintained|set up|introduced|designed|developed|know|led|switched to|"
    r"moved to|rely on)"
)
_ACTS = re.compile(
    rf"\bi (?:have |am |also |mostly |mainly |already |often |always |been |then )*{_DID}\b"
)
_SHORT = re.compile(
    r"(?:(?:yes|yeah|sure|mostly|mainly|by|with|in|on|and|um|uh|so|well|also)\b ?)*$"
)
_OTHERS = re.compile(
    r"\b(?:they|he|she|others|nobody|everybody|team|people|customers?|users?|colleagues?|who) $"
)
_TURNS = re.compile(r"\b(?:but|only|except|instead|just)\b")
_REACH = 6  # words between a denial and the skill it denies


@once
def uses(text: str) -> list[Claim]:
    """Return every statement about having or not having used a skill.

    Only what is denied without reserve is a denial, and only own or plainly listed use is use.
    """
    return [claim for sentence in passages(text) for claim in _uses(sentence)]


def unused(text: str) -> set[str]:
    """Return the skills that somebody says they have not used, with or without reserve."""
    return {
        mention.skill.name
        for sentence in passages(text)
        for mention, position in _placed(sentence)
        if _denied(sentence, position)
    }


def _uses(sentence: Sentence) -> list[Claim]:
    found = []
    acts = _ACTS.search(sentence.norm)
    never = _NEVER.search(sentence.norm)
    for mention, position in _placed(sentence):
        if _denied(sentence, position):
            if _PARTLY.search(sentence.norm):
                continue
            has = False
        elif never:
            continue
        elif (acts and acts.start() < position) or _SHORT.match(sentence.norm[:position]):
            has = True
        else:
            continue
        found.append(Claim("use", mention.start, mention.end, (mention,), has=has))
    return found


def _placed(sentence: Sentence) -> list[tuple[Mention, int]]:
    """Return the skills of a sentence, each with its place in the comparable text."""
    offsets = dict(zip((t.start for t in sentence.tokens), sentence.text.offsets, strict=True))
    return [(m, offsets[m.start]) for m in sentence.mentions]


def _denied(sentence: Sentence, position: int) -> bool:
    return any(
        never.start() < position
        and not _OTHERS.search(sentence.norm[: never.start()])
        and len(sentence.norm[never.end() : position].split()) <= _REACH
        and not _TURNS.search(sentence.norm[never.end() : position])
        for never in _NEVER.finditer(sentence.norm)
    )
