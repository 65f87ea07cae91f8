"""Which finds of the statistical tagger to believe."""

from __future__ import annotations

from .name_shapes import is_camel
from .tokens import Token
from .vocabulary import NAME_PARTICLES, vocabulary


def worth_tagging(tokens: list[Token], *, cased: bool) -> bool:
    """Tell whether any token could be accepted as part of a name: `is_person` needs one."""
    lists = vocabulary()
    for token in tokens:
        if not token.is_word or len(token.low) < 3 or (cased and not token.text[0].isupper()):
            continue
        if token.low in lists.ambiguous:
            return True
        inner = token.low.replace("'", "", 1) if token.low[1] == "'" else token.low
        acronym = token.text.isupper() and len(token.text) < 6
        if inner.isalpha() and not acronym and not lists.is_ordinary(token.low):
            return True
    return False


def is_person(tokens: list[Token]) -> bool:
    """Tell whether what a statistical tagger calls a person may be one."""
    lists = vocabulary()
    words = [t for t in tokens if t.is_word and t.low != "'s"]
    if not words or any(t.is_number for t in tokens) or len(words) > 4:
        return False
    if len(words) == 1:
        token = words[0]
        if token.low in lists.ambiguous and token.low not in lists.technical | lists.places:
            return token.text.istitle()
        if lists.is_ordinary(token.low) or (token.text.isupper() and len(token.text) < 6):
            return False
        inner = token.text[1:]
        return len(token.low) > 2 and (inner.islower() or "'" in inner or "’" in inner or (
            token.low in lists.surnames
        ))  # fmt: skip
    if any(is_camel(t.text) for t in words):
        return False
    if lists.is_ordinary(words[0].low) and words[0].low not in lists.ambiguous:
        return False
    technical = [t for t in words if t.low in lists.technical]
    if technical and not (
        len(technical) < len(words)
        and words[0].low in lists.ambiguous | lists.given
        and words[-1].low in lists.surnames
    ):
        return False
    if all(lists.is_ordinary(t.low) for t in words):
        return words[0].low in lists.ambiguous and words[-1].low in lists.surnames and (
            all(t.text[0].isupper() for t in words)
        )  # fmt: skip
    return all(t.text[0].isupper() for t in words if t.low not in NAME_PARTICLES) or any(
        t.low in lists.given or t.low in lists.surnames for t in words
    )
