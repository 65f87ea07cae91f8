"""Tells which of the planned questions somebody has just asked. A wrong tick misleads: rather none.

A question counts as asked where a sentence, or two in a row, that asks for something has most of
its words in common with it, few of its own, and nothing that tells the two apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from insights.analyzers.lexicon import words
from insights.analyzers.similar import read
from insights.analyzers.text import norms, sentences, stem

_HELD = 0.7  # share of the planned question's words that are heard
_COMMON = 0.66  # share of the words of both that they have in common
_ALONE = 0.08  # by which the best of several is better than the next
_FEW = 3  # with fewer words that mean something all of it has to fit
_MORE = 2  # words that mean something which may be said beside all of those
_LONG, _STEP = 24, 8  # words; what nobody punctuated is read piece by piece
_STOPWORDS = words("stopwords")
_ASPECTS = frozenset({"why", "when", "who", "where", "others"})
_ASKS = re.compile(
    r"\b(?:how|what|why|which|who|where|describe|explain|elaborate|talk about|"
    r"(?:tell|walk|take|show|give|teach) (?:me|us)|can you|could you|would you|will you|"
    r"do you|did you|have you|are you|were you|had you|is there|"
    r"(?:like|love|want|curious|interested) to (?:hear|know|understand|learn))\b|\?\s*$",
    re.IGNORECASE,
)
# Where sentences are told apart a statement that has one of the words inside asks for nothing.
_BEGINS = re.compile(
    r"(?:\W*\b(?:yes|yeah|sure|so|and|okay|ok|well|um|uh|good|great|right|thanks|thank you|alright|"
    r"all right|i see|one more|just|now|then|next|first|please|let's|let us|maybe|perhaps|also|but|"
    r"\w+,)\W+)*"
    r"(?:how|what|why|which|who|where|describe|explain|elaborate|talk|tell|walk|take|show|give|"
    r"teach|share|name|pick|imagine|suppose|say|can|could|would|will|do|does|did|have|has|are|is|"
    r"were|was|i'd (?:like|love)|i would (?:like|love)|i want|i'm (?:curious|interested))\b",
    re.IGNORECASE,
)
_LEAD = re.compile(  # what asks, and says nothing about what for
    r"(?:(?:so|and|okay|ok|well|um|uh|good|great|right|thanks|thank you|then|next|first|now|please|"
    r"let us|maybe) )*(?:(?:can|could|would|will) you )?(?:please )?(?:also |just )?"
    r"(?:(?:tell|talk to) (?:me|us) (?:(?:a (?:little )?bit|more|something) )*(?:about )?|"
    r"(?:walk|talk|take) (?:me|us) through |describe (?:to (?:me|us) )?|explain (?:to (?:me|us) )?|"
    r"talk about |share (?:with (?:me|us) )?|give (?:me|us) )?"
)
_KIND = re.compile(
    r"\b(why|who|where|when|how|what|which|tell|describe|explain|walk|talk|take|share|give|"
    r"(?:do|does|did|have|has|are|is|were|was|had) (?:you|your|it|there|the|they)|"
    r"(?:hear|know|understand|learn))\b"
)
_NARROW = frozenset({"why", "who", "where", "when", "whether"})  # each asks for one thing only
_WIDE = frozenset({"how", "what", "which"})
_NOT_NOW = re.compile(
    r"\b(?:later|skip|in a (?:moment|minute|second|bit)|at the end|next (?:time|round|interview)|"
    r"(?:get|come|getting|coming|go|going) (?:back )?(?:to|into) (?:that|this|it|how|what|why)|"
    r"(?:already|just) (?:told|answered|covered|said|explained|described|mentioned)|"
    r"(?:colleague|manager|they|he|she) (?:will|would|is going to|may|might|'ll)|"
    r"you (?:just )?(?:told|said|mentioned|explained|described|answered|talked|walked|gave)|"
    r"(?:don't|do not|won't|will not|not going to|no need to|needn't))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is compared of a planned question: as hashes, but for what asks."""

    words: frozenset[int]
    facts: frozenset[int]
    aspects: frozenset[str]
    denies: bool
    asks: bool
    kind: str  # the word that asks; "whether" where yes or no is an answer
    core: frozenset[int]  # words of the wording, but for those that ask and the smallest


def planned(question: str) -> Planned:
    return _form(question, asks=_ASKS.search(question) is not None)


def _form(text: str, *, asks: bool) -> Planned:
    meaning, facts = read(text)
    plain = " ".join(norms(text))
    return Planned(
        words=_hashes(meaning),
        facts=_hashes(facts - _ASPECTS - {"by", "not"}),
        aspects=frozenset(facts & _ASPECTS),
        denies="not" in facts,
        asks=asks,
        kind=_kind(plain),
        core=_hashes({stem(word) for word in _LEAD.sub("", plain, count=1).split()} - _STOPWORDS),
    )


def _kind(plain: str) -> str:
    word = _KIND.search(plain)
    if word is None:
        return ""
    return "whether" if " " in word[1] else word[1]


def asked(said: str, forms: Sequence[Planned], *, before: str = "") -> list[list[int]]:
    """Return what is asked: for each question the places of those planned that say it alike.

    `before` is what the same person said just before: a question may be cut into two lines.
    """
    found: list[list[int]] = []
    for span, punctuated in _spans(before, said):
        best = _best(span, forms, punctuated=punctuated)
        if best and best not in found:
            found.append(best)
    return found


def _spans(before: str, said: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence, each two in a row, and pieces of what has no end."""
    parts = [said[start:end].strip() for start, end in sentences(said)]
    earlier = [before[start:end].strip() for start, end in sentences(before)][-1:]
    punctuated = any(mark in f"{before}{said}" for mark in ".?!")
    for part in parts:
        yield part, punctuated
        spoken = part.split()
        if len(spoken) > _LONG:
            for at in range(0, len(spoken) - _STEP, _STEP):
                yield " ".join(spoken[at : at + 2 * _STEP]), False
    together = [*earlier, *parts]
    for one, other in pairwise(together):
        yield f"{one} {other}", punctuated


def _best(span: str, forms: Sequence[Planned], *, punctuated: bool) -> list[int]:
    """Return the places of the question that a span asks, of several alike each; else none."""
    if _NOT_NOW.search(span):
        return []
    heard = _form(span, asks=_asks(span, punctuated=punctuated))
    scores = [(score, place) for place, form in enumerate(forms) if (score := _score(heard, form))]
    if not scores:
        return []
    most = max(scores)[0]
    near = [place for score, place in scores if score > most - _ALONE]
    if most < 1 and len({(forms[place].words, forms[place].facts) for place in near}) > 1:
        return []
    return [place for score, place in scores if score == most]


def _asks(span: str, *, punctuated: bool) -> bool:
    if not punctuated:
        return _ASKS.search(span) is not None
    ends = [span[start:end].strip() for start, end in sentences(span)]
    return any(part.endswith("?") or _BEGINS.match(part) for part in ends)


def _score(heard: Planned, form: Planned) -> float:
    """Return how much two questions have in common, from 0 to 1; 0 where something differs."""
    if (form.asks and not heard.asks) or heard.denies != form.denies or _ask_apart(heard, form):
        return 0.0
    if not form.facts <= heard.facts:
        return 0.0
    wanted, said = form.words | form.facts, heard.words | heard.facts
    if len(wanted) < _FEW:
        why = heard.aspects & form.aspects and wanted
        whole = form.core <= heard.core and len(heard.core - form.core) <= _MORE
        return 1.0 if wanted == said and form.core and (why or whole) else 0.0
    shared = len(form.words & heard.words) + len(form.facts)
    common = 2 * shared / (len(wanted) + len(said))
    return common if shared >= _HELD * len(wanted) and common >= _COMMON else 0.0


def _ask_apart(heard: Planned, form: Planned) -> bool:
    """Tell whether two questions about the same ask for different things: who, and how."""
    if heard.aspects and form.aspects and heard.aspects.isdisjoint(form.aspects):
        return True
    for one, other in ((heard, form), (form, heard)):
        if one.kind in _NARROW and one.kind != other.kind and one.kind not in other.aspects:
            return one.kind != "whether" or other.kind in _WIDE
    return False


def _hashes(of: set[str]) -> frozenset[int]:
    return frozenset(map(hash, of))
