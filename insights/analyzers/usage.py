"""Reads whether somebody says that they have used a skill, or that they have not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from insights.analyzers.skills import mentions
from insights.analyzers.text import sentences, tokenize

_NEVER = re.compile(
    r"\b(?:(?:have |had |did |do )?(?:never|not)(?: \w+)? (?:used?|worked with|touched|tried|"
    r"had experience|have experience|know|known|written|done)|no (?:\w+ )?experience|"
    r"not familiar|unfamiliar|not used to)\b"
)
_USES = re.compile(
    r"\bi (?:have )?(?:also |mostly |mainly |already |often )?(?:used?|worked|wrote|written|built|"
    r"ran|run|deployed|migrated|managed|maintained|set up|introduced|designed|developed|know|led)\b"
)
_REACH = 6  # words between a denial and the skill it denies


@dataclass(frozen=True, slots=True)
class Use:
    """A statement that somebody has or has not used a skill."""

    skill: str
    has: bool
    start: int
    end: int
    sentence: str


def statements(text: str) -> Iterator[Use]:
    """Yield every statement about having or not having used a skill."""
    for start, end in sentences(text):
        sentence = text[start:end]
        tokens = tokenize(sentence)
        plain = " ".join(token.norm for token in tokens)
        never = _NEVER.search(plain)
        uses = _USES.search(plain)
        for mention in mentions(sentence, tokens):
            words = sum(token.end <= mention.start for token in tokens)
            position = len(" ".join(token.norm for token in tokens[:words]))
            if never and never.start() < position and _near(plain, never.end(), position):
                has = False
            elif uses and not never and uses.start() < position:
                has = True
            else:
                continue
            yield Use(mention.skill.name, has, start + mention.start, start + mention.end, sentence)


def _near(plain: str, start: int, end: int) -> bool:
    return len(plain[start:end].split()) <= _REACH


def unused(text: str) -> set[str]:
    """Return the skills that somebody says they have not used."""
    return {use.skill for use in statements(text) if not use.has}
