"""What a name looks like when nobody announced it: word lists, capitals and neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .spans import Span
from .tokens import Token, after_sentence
from .vocabulary import NAME_PARTICLES, vocabulary

_BEFORE_PLACES = frozenset(
    "san santa santo st saint fort port lake mount puerto los las hong".split()
)
# Given names that are such common words that an unknown word behind them proves nothing.
_COMMON_NAMES = frozenset(
    """will may mark art bill rob chase drew pat page star spring sun song son long lean king
    young rich love hope angel grant max so in my an see van many else era yen loan dot
    numbers prince man lane mason guy clay miles heath rocky junior sterling chuck august rod
    brain cliff reed basil ward coy hunter hung forest major chance royal berry bud noble herb
    manual porter buck jewel earnest lance dean gene ray don jay fern candy charity lily
    autumn summer gale cherry queen jade sierra aura alpha nova mercy glory dusty patience
    delta harmony diamond velvet trinity desire angle honey tiny maple liberty echo omega
    china miss emerald bell hang blossom aide winter conception kit hue carry genesis season
    marine wan sparkle sage peg gala temple moon bee golden willow holly joy pearl penny amber
    robin crystal dawn faith ivy misty iris melody ginger olive destiny raven ivory brook""".split()
)
_FEWEST_LETTERS = 5  # of a word that is spelled out; shorter ones may be initials of things
_ENDINGS = tuple(
    """s es ed d ing er ers able ly ness ize ized izing ization ability less ish ment al ity ful
    ic ion ions or ors y""".split()
)
_HEADS = tuple(
    """re un de pre non sub multi micro inter auto mis over under co hyper super meta anti dis in
    bi semi geo bio web data back""".split()
)


def name_at(tokens: list[Token], index: int, *, certain: bool) -> Span | None:
    """Return the name that begins at `index`, or None when the word is no name."""
    lists = vocabulary()
    token = tokens[index]
    if not token.is_word or len(token.low) < 2 or "'" in token.low[1:2] + token.low[-2:]:
        return None
    if not token.low.replace("'", "").isalpha() or (token.text.isupper() and len(token.text) < 6):
        return None
    capital = token.text[0].isupper() and not after_sentence(tokens, index)
    follows = tokens[index + 1] if index + 1 < len(tokens) else None
    surname = follows is not None and _is_surname(follows, capital)
    if lists.is_ordinary(token.low):
        named = token.low in lists.ambiguous or (
            surname and capital and token.low in lists.surnames
        )
        alone = certain and capital and token.low not in lists.technical
        person = token.low in lists.ambiguous and not (
            token.low in _COMMON_NAMES or token.low in lists.technical or token.low in lists.places
        )
        announced = (
            certain and follows is not None and len(follows.low) > 2 and _is_unknown(follows)
        )
        if not (alone or person or announced or (named and surname)):
            return None
    elif len(token.low) < 3 and not capital and not (certain and surname):
        return None
    last = index
    while last - index < 3 and (step := _extend(tokens, last, capital)) is not None:
        last = step
    low = " ".join(t.low for t in tokens[index : last + 1] if t.is_word)
    return Span(token.start, tokens[last].end, "NAME", low)


def _is_surname(token: Token, capital: bool) -> bool:
    lists = vocabulary()
    if not token.is_word or (len(token.low) < 3 and not token.text[0].isupper()):
        return False
    if token.low in lists.technical and token.low not in lists.surnames:
        return False
    if capital and token.text[0].isupper() and not token.text.isupper():
        return token.low not in lists.words or (
            token.low in lists.surnames or token.low in lists.word_surnames
        )
    if token.low in lists.words:
        return token.low in lists.surnames and not capital
    return len(token.low) >= 3 and not token.low.endswith("n't") and not re.search(
        r"'(?:s|m|re|ve|ll|d)$", token.low
    )  # fmt: skip


def _extend(tokens: list[Token], last: int, capital: bool) -> int | None:
    """Return the index of the next token of a name after `last`."""
    step = last + 1
    if step >= len(tokens):
        return None
    token = tokens[step]
    if (
        (token.low == "-" or (token.low == "." and capital))
        and token.glued
        and step + 1 < len(tokens)
        and tokens[step + 1].glued
        and (token.low == "-" or tokens[step + 1].text.istitle())
    ):
        step += 1
        token = tokens[step]
        return step if token.is_word else None
    behind = step
    while tokens[behind].low in NAME_PARTICLES and behind + 1 < len(tokens) and behind - step < 2:
        behind += 1
    if behind > step and _is_surname(tokens[behind], capital):
        return behind
    if len(token.low) == 1 and token.text.isupper() and step + 1 < len(tokens):
        after = step + 2 if tokens[step + 1].low == "." else step + 1
        if after < len(tokens) and _is_surname(tokens[after], capital):
            return after
    return step if _is_surname(token, capital) else None


def find_beside(tokens: list[Token], found: Iterable[Span]) -> list[Span]:
    """Return unknown words that "and" joins to a name: they are one, too."""
    at_start = {token.start: index for index, token in enumerate(tokens)}
    at_end = {token.end: index for index, token in enumerate(tokens)}
    beside: list[Span] = []
    for span in found:
        last, first = at_end.get(span.end), at_start.get(span.start)
        if last is not None and last + 2 < len(tokens) and tokens[last + 1].low == "and":
            other = last + 2
        elif first is not None and first > 1 and tokens[first - 1].low == "and":
            other = first - 2
        else:
            continue
        token = tokens[other]
        coded = _in_code(tokens, other) or is_camel(token.text) or token.text.isupper()
        if len(token.low) > 2 and _is_unknown(token) and not coded:
            beside.append(Span(token.start, token.end, "NAME", token.low))
    return beside


def find_spelled(tokens: list[Token]) -> list[Span]:
    """Return names that were spelled letter by letter ("J-A-N-E", "j a n e")."""
    found: list[Span] = []
    index = 0
    while index < len(tokens):
        letters = []
        last = step = index
        while step < len(tokens) and len(tokens[step].low) == 1 and tokens[step].is_word:
            letters.append(tokens[step].low)
            last = step
            step += 2 if step + 1 < len(tokens) and tokens[step + 1].low == "-" else 1
        word = "".join(letters)
        if len(word) >= _FEWEST_LETTERS and not vocabulary().is_ordinary(word):
            found.append(Span(tokens[index].start, tokens[last].end, "NAME", word))
        index = max(step, index + 1)
    return found


def find_given(tokens: list[Token], remembered: Callable[[str], bool]) -> list[Span]:
    """Return names that the lists or their look give away, and names heard before."""
    found: list[Span] = []
    index = 0
    while index < len(tokens):
        if not _begins_name(tokens, index, remembered):
            index += 1
            continue
        capital = tokens[index].text[0].isupper()
        first = last = index
        while last - index < 3 and (step := _extend(tokens, last, capital)) is not None:
            last = step
        if first > 1 and tokens[first].glued and tokens[first - 1].low == "-":
            first -= 2  # "Rose-Marie"
        low = " ".join(t.low for t in tokens[first : last + 1] if t.is_word)
        found.append(Span(tokens[first].start, tokens[last].end, "NAME", low))
        index = last + 1
    return found


def _begins_name(tokens: list[Token], index: int, remembered: Callable[[str], bool]) -> bool:
    lists = vocabulary()
    token = tokens[index]
    low = token.low
    if not token.is_word or len(low) < 3 or is_camel(token.text) or _in_code(tokens, index):
        return False
    if low in _BEFORE_PLACES or (index and tokens[index - 1].low in _BEFORE_PLACES):
        return False
    acronym = token.text.isupper() and not all(t.text.isupper() for t in tokens if t.is_word)
    if low in lists.given:
        return not acronym
    capital = token.text[0].isupper()
    follows = tokens[index + 1] if index + 1 < len(tokens) else None
    if low in lists.ambiguous:
        if follows is None:
            return False
        unlike = low not in _COMMON_NAMES and _is_unknown(follows) and len(follows.low) > 3
        return _certain_surname(follows, capital) or (unlike and low not in lists.technical)
    if acronym or not _is_unknown(token):
        return False
    if remembered(low) or not token.text.isascii():
        return True
    # An unknown word in front of a surname or of another unknown word.
    if follows is None or follows.glued or follows.text[0].isupper() != capital:
        return False
    if follows.text.isupper() or is_camel(follows.text) or _in_code(tokens, index + 1):
        return False
    if capital and low not in lists.technical:
        known = follows.low in lists.surnames or follows.low in lists.word_surnames
        return (known and follows.low not in lists.technical) or _is_unknown(follows)
    return _is_unknown(follows) and len(low) > 3 and len(follows.low) > 3


def _is_unknown(token: Token) -> bool:
    """Tell whether a word is in no list of ordinary words, as most names are."""
    low = token.low
    return (
        token.is_word
        and low.replace("'", "").isalpha()
        and not re.search(r"'(?:s|m|re|ve|ll|d|t)$", low)
        and not vocabulary().is_ordinary(low)
        and not _is_inflected(low)
    )


def _is_inflected(low: str) -> bool:
    """Tell whether a word is a form of a listed one ("parsers", "resharded", "deserialize")."""
    lists = vocabulary()
    stems = [low[: -len(end)] for end in _ENDINGS if low.endswith(end) and len(low) > len(end) + 2]
    stems += [
        low[len(head) :] for head in _HEADS if low.startswith(head) and len(low) > len(head) + 2
    ]
    return any(
        form in lists.words or form in lists.technical
        for stem in stems
        for form in (stem, stem + "e", stem[:-1] if stem[-1:] == stem[-2:-1] else stem)
    )


def _in_code(tokens: list[Token], index: int) -> bool:
    """Tell whether a word is part of an identifier or path such as max_digits or kafka.client."""
    before = tokens[index].glued and tokens[index - 1].low in "_./\\#$"
    after = index + 1 < len(tokens) and tokens[index + 1]
    return before or bool(
        after and after.glued and (after.low in "_/(" or (
            after.low == "." and index + 2 < len(tokens) and tokens[index + 2].glued
        ))
    )  # fmt: skip


def is_camel(text: str) -> bool:
    """Tell whether a word has capitals inside like a product and unlike McDonald or O'Brien."""
    inner = re.sub(r"^(?:Mc|Mac|O['’]|D['’]|De|Du|La|Le|Van)(?=[A-Z])", "", text)
    return not inner.isupper() and any(char.isupper() for char in inner[1:])


def _certain_surname(token: Token, capital: bool) -> bool:
    lists = vocabulary()
    if token.low not in lists.surnames or token.low in lists.technical:
        return False
    return token.low not in lists.words or (capital and token.text[0].isupper())
