"""Tells whether a question could be put to anybody, so that it may outlive its interview.

Decided by what is known to be general, not by what is known to be personal: every word must be an
ordinary one, a tool of the gazetteer or jargon of interviews. What is in doubt is not general.
"""

import re
from functools import cache

from insights.analyzers.guards import addresses_model, recommends, unlawful_trait
from insights.analyzers.lexicon import load
from insights.analyzers.skills import mentions
from insights.analyzers.text import content_words, sentences, tokenize
from transcription.redaction.vocabulary import vocabulary

LANGUAGE = "en"  # the only one with a vocabulary
_FEWEST_WORDS = 4
_MOST_WORDS = 40
_MOST_SHARED = 1  # words a question may have from what was said, beside tools and common ones
_TOOL = "§"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ENDINGS = frozenset({"s", "t", "d", "ve", "re", "ll", "m"})
_NAME_AFTER = re.compile(r"\b(?:did|does|told|asked|convinced|with|from)$")


def is_generic(question: str, said: str) -> bool:
    """Tell whether a question in English holds nothing of the interview in which `said` was said.

    A question with a placeholder, a name, an employer, a number or a date does not pass, nor one
    that speaks of what was said or borrows its words.
    """
    if not _FEWEST_WORDS <= len(question.split()) <= _MOST_WORDS:
        return False
    if unlawful_trait(question) or addresses_model(question) or recommends(question):
        return False
    plain = _without_tools(question)
    starts = _starts(plain)
    return (
        not any(character in "[]<>{}@#/\\|_" or character.isdigit() for character in plain)
        and not _counts(plain)
        and not _points_at_somebody(plain)
        and all(_is_general(plain, match, starts) for match in _WORD.finditer(plain))
        and len(_words(plain) & _words(_without_tools(said))) <= _MOST_SHARED
    )


def _without_tools(text: str) -> str:
    pieces, end = [], 0
    for mention in mentions(text):
        pieces += [text[end : mention.start], _TOOL]
        end = mention.end
    return "".join([*pieces, text[end:]])


def _counts(text: str) -> bool:
    return any(token.value is not None and token.value > 1 for token in tokenize(text))


def _points_at_somebody(text: str) -> bool:
    plain = " ".join(re.sub(r"[^\w\s§'’-]", " ", text.casefold()).split())
    return any(pattern.search(plain) for pattern in _particular())


def _is_general(text: str, match: re.Match[str], starts: frozenset[int]) -> bool:
    word = match.group()
    low = re.split("['’]", word.casefold())
    if word in _listed("acronyms") or low[0] == "i":
        return True
    if word[0].isupper() and match.start() not in starts:
        return False
    if any(part not in _ENDINGS for part in low[1:]) or low[0] in _listed("employers"):
        return False
    if len(low) > 1 and low[1] == "t":  # didn't, can't
        return True
    if not (low[0] in vocabulary().words or low[0] in _listed("jargon")):
        return False
    if low[0] in vocabulary().places and low[0] not in _listed("ordinary_places"):
        return False
    return not _may_be_a_name(low[0], text[: match.start()])


def _may_be_a_name(word: str, before: str) -> bool:
    """Tell whether a word that is a name as well is one here."""
    names = vocabulary()
    if word in names.ambiguous and word not in _listed("ordinary_names"):
        return True
    if word not in names.ambiguous | names.surnames | names.word_surnames:
        return False
    return bool(_NAME_AFTER.search(before.casefold().rstrip()))


def _words(text: str) -> set[str]:
    return content_words(text) - _common_words()


def _starts(text: str) -> frozenset[int]:
    return frozenset(start for start, _ in sentences(text)) | frozenset(
        match.end() for match in re.finditer(r": ", text)
    )


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(load("generic")[name].split())


@cache
def _particular() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in load("generic")["particular"])


@cache
def _common_words() -> frozenset[str]:
    """Return the words of interviews in general: those of our own questions, and a list."""
    own = load("questions")
    texts = [block["texts"] for part in ("signals", "areas") for block in own[part].values()]
    texts += [theme["texts"] for theme in own["themes"]] + [own["generic"]["texts"]]
    found = content_words(load("generic")["interview"])
    return frozenset(found.union(*(content_words(text) for some in texts for text in some)))
