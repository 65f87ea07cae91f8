"""E-mail addresses, written or said."""

from __future__ import annotations

import re

from .spans import Span
from .spoken import FILLERS, NUMBER_WORDS, SINGLES
from .tokens import Token
from .vocabulary import vocabulary

_WRITTEN = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{0,63}\w\s?@\s?\w[\w-]*(?:\s?\.\s?\w[\w-]*)*\.\w{2,}", re.UNICODE
)
_TLDS = frozenset(
    "com org net edu gov io dev co ai app me us uk ca de fr ch at be nl se no dk fi es "
    "it pl pt cz ie "
    "in au nz jp kr cn sg hk br mx za eu info biz tech cloud email xyz online site page "
    "blog name pro "
    "int mil ru ua tr gr hu ro il ae".split()
)
_SECOND = frozenset("uk au nz za br jp kr in il tr mx sg".split())
_PROVIDERS = frozenset(
    "gmail googlemail yahoo ymail outlook hotmail live icloud mac aol protonmail proton "
    "gmx mail fastmail "
    "zoho yandex naver daum hanmail qq web msn comcast tutanota hey pm me posteo mailbox "
    "gee".split()
)
_DOTS = frozenset({"dot", "point", "period", "."})
_LINKS = dict.fromkeys(_DOTS, ".") | dict.fromkeys(("dash", "hyphen", "minus", "-"), "-")
_LINKS |= {"underscore": "_", "_": "_", "plus": "+", "+": "+"}
_MOST_UNITS = 16  # words, spelled letters and numbers of a local part
_CUE = re.compile(
    r"\b(?:e-?\s?mails?|mail (?:me|it|him|her|address)|gmail|(?:reach|contact|write|ping|"
    r"message|invite|cc)"
    r"(?: \w+)?(?: me| him| her| us| them| at| to)|address(?: is|'s)?|drop (?:me|"
    r"us) a (?:line|note)|send (?:it|me|that|them|the \w+)|inbox)\b",
    re.IGNORECASE,
)
_STOP = frozenset(
    """a an the at is are was were be to of or and in on for from with by my your his her our
    their its it i me you he she we they them us him this that these those email mail e-mail
    under using
    address addresses contact reach write send sent use used using work worked works looked
    look write wrote reads read called call account inbox via as so but if then than uh um er
    okay ok yes yeah no not it's that's i'm i've name's 's personal private company official
    main best just also please drop message ping invite copy cc under have has had got get
    spell spelled one's can could would should will new old primary day because when where
    which who engineer engineers developer team manager job role now currently""".split()
)
_ANNOUNCED = re.compile(
    r"\b(?:e-?mail|mail|address|inbox|write|reach|contact|send|ping|invite|"
    r"drop)\b(?: [\w']+){0,3}? "
    r"(?:(?:is|be|was|to|at|under|use|me|it's)\b[,:]? )+(?P<local>(?:(?!\bat\b).)+)$",
    re.IGNORECASE,
)
_MANGLED_HINT = re.compile(
    r"\w\.[a-z]|_|under-?score|gmail|yahoo|mail\.|outlook|icloud|gmx", re.IGNORECASE
)
# What recognizers make of an address: its parts run together, or a domain that was none.
_MISHEARD = re.compile(
    r"(?<![\w.@/-])(?P<box>[\w.-]+?(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|protonmail|gmx)"
    r"\.[a-z]{2,3}(?:\.[a-z]{2})?)\b",
    re.IGNORECASE,
)
_UNDERSCORED = re.compile(
    r"(?<![\w.])(?P<box>(?:\w+ ?(?:underscore|under-score|_) ?\w[\w.]*(?: [\w.]+){0,3}? at \w+\.\w+"
    r"|\w+[._]\w+ (?:and|at|add) (?:gmail|yahoo|hotmail|outlook|icloud|proton|gmx)\.[a-z]{2,3}))\b",
    re.IGNORECASE,
)
_WRITE_TO = re.compile(
    r"\b(?:write(?: to)?|e-?mail|mail|reach|contact)(?: (?:me|him|her|address))?(?: (?:at|on|"
    r"under|is|"
    r"to))+ (?P<box>[a-z][\w-]*\.[a-z][\w.-]*\w(?: (?:or )?at \w+\.\w{2,3})?)(?!\w)",
    re.IGNORECASE,
)
_MOST_MISHEARD = 6  # words
_FRAMEWORKS = frozenset({"js", "net", "io", "py", "rs", "ai"})


def find_emails(text: str, tokens: list[Token], *, english: bool = True) -> list[Span]:
    """Return e-mail addresses; one that breaks off at the end of `text` is marked open."""
    found = [
        Span(m.start(), m.end(), "EMAIL", re.sub(r"\s", "", m.group()).lower())
        for m in _WRITTEN.finditer(text)
    ]
    if english and _MANGLED_HINT.search(text):
        found += [
            Span(*m.span("box"), "EMAIL", re.sub(r"\s", "", m.group("box")).lower())
            for pattern in (_MISHEARD, _WRITE_TO, _UNDERSCORED)
            for m in pattern.finditer(text)
        ]
    for index, token in enumerate(tokens):
        if english and token.low in ("@", "at"):
            span = _around(text, tokens, index)
            if span is not None:
                found.append(span)
    if english and (span := _broken_off(text, tokens)) is not None:
        found.append(span)
    return found


def _domain(tokens: list[Token], index: int) -> tuple[str, int, bool] | None:
    """Return (domain, index after it, has a top-level domain) beginning at `index`."""
    label, begin = "", index
    while index < len(tokens) and index - begin < 4:
        token = tokens[index]
        if token.low in _DOTS:
            break
        if token.low in ("dash", "hyphen", "-"):
            label += "-"
        elif (token.is_word or token.is_number) and token.low not in _STOP - {"me", "mail", "day"}:
            label += token.low
        else:
            break
        index += 1
    if not label:
        return None
    domain, complete = label, False
    while index + 1 < len(tokens) and tokens[index].low in _DOTS:
        part = tokens[index + 1]
        if part.low not in _TLDS:
            if index + 3 < len(tokens) and tokens[index + 2].low in _DOTS and part.is_word:
                domain, index = f"{domain}.{part.low}", index + 2
                continue
            break
        if complete and part.low not in _SECOND:
            break
        if tokens[index].low == "." and not tokens[index].glued and not part.glued:
            break
        domain, index, complete = f"{domain}.{part.low}", index + 2, True
    if not complete:
        # The provider's name alone is as good as an address.
        first = tokens[begin].low
        if first in _PROVIDERS and first not in ("me", "mail", "live", "web", "hey", "mac", "pm"):
            return first, begin + 1, False
        joined = first + (tokens[begin + 1].low if begin + 1 < len(tokens) else "")
        if joined in _PROVIDERS:
            return joined, begin + 2, False
        return None
    return domain, index, True


def _local(tokens: list[Token], index: int) -> tuple[str, int, bool] | None:
    """Return (local part, its first token, sure sign of an address) that ends before `index`."""
    parts: list[str] = []
    sure, units, first = False, 0, index
    # A glued @ was written: only "dot" and the like lead further to the left.
    written = index < len(tokens) and tokens[index].low == "@" and tokens[index].glued
    position = index - 1
    while position >= 0 and units < _MOST_UNITS:
        token = tokens[position]
        if token.low in FILLERS or (token.low == "," and units):
            position -= 1
            continue
        if not (token.is_word or token.is_number):
            break
        linked_left = (
            position > 0
            and tokens[position - 1].low in _LINKS
            and (tokens[position - 1].low not in ".-" or token.glued)
        )
        number = token.is_number or token.low in NUMBER_WORDS
        if token.low in _STOP and not linked_left and not (units == 0 and number):
            linked_right = bool(parts) and parts[-1] in "._-+"
            initial = token.low in ("a", "i") and bool(parts) and len(parts[-1]) == 1
            if not initial and (not linked_right or token.low in ("is", "at", "me", "to", "my")):
                break
        apart = bool(parts) and parts[-1] not in "._-+"
        if apart and (written or not _may_stand_apart(tokens, position)):
            break
        sure |= number or len(token.low) == 1 or token.low in vocabulary().given
        sure |= len(token.low) >= 6 and not vocabulary().is_ordinary(token.low)
        digit = SINGLES.get(token.low, "") if len(token.low) > 2 else ""
        parts.append(digit or token.low)
        units, first = units + 1, position
        position -= 1
        if linked_left:
            sure = True
            parts.append(_LINKS[tokens[position].low])
            position -= 1
    while parts and parts[-1] in "._-+":
        parts.pop()
    if not parts:
        return None
    return "".join(reversed(parts)), first, sure


def _may_stand_apart(tokens: list[Token], position: int) -> bool:
    low = tokens[position].low
    return len(low) == 1 or tokens[position].is_number or low in NUMBER_WORDS or low not in _STOP


def _before_pause(tokens: list[Token], at: int) -> int:
    """Return where the pause or stutter before an "at" begins ("miller, at", "miller at, at")."""
    index = at
    while index and tokens[index - 1].low in (",", "at", "@", *FILLERS):
        index -= 1
    return index if any(t.low in (",", "at", "@") for t in tokens[index:at]) else at


def _around(text: str, tokens: list[Token], at: int) -> Span | None:
    begin = at + 1
    if begin < len(tokens) and tokens[begin].low == ",":
        begin += 1
    domain = _domain(tokens, begin)
    if domain is None:
        return None
    name, after, complete = domain
    end_of_local = _before_pause(tokens, at)
    local = _local(tokens, end_of_local)
    if local is None:
        return None
    value, first, sure = local
    start, end = tokens[first].start, tokens[after - 1].end
    cue = _CUE.search(text[max(0, start - 60) : start]) is not None
    provider = name.split(".")[0] in _PROVIDERS
    paused = (end_of_local, begin) != (at, at + 1)
    if paused and not (complete and (provider or (cue and sure))):
        return None  # "we met in march, at google dot com"
    announced = _ANNOUNCED.search(text[:start]) if provider and complete else None
    if announced and len(announced.group("local").split()) <= _MOST_MISHEARD:
        # A private mail box: what a recognizer made of its name goes with it.
        start = announced.start("local")
    if value.rpartition(".")[2] in _FRAMEWORKS and not (cue or provider):
        return None
    if not (cue or (sure and (complete or provider)) or (provider and complete)):
        return None
    if not complete and not (cue or sure):
        return None
    at_end = not text[end:].strip(" .,")
    return Span(start, end, "EMAIL", f"{value}@{name}", open=at_end and not complete)


def _broken_off(text: str, tokens: list[Token]) -> Span | None:
    """Return an address that stops at its @ or before it, when a cue announced one."""
    last = len(tokens)
    while last and tokens[last - 1].low in ".,…-":
        last -= 1
    at = last
    for index in range(max(0, last - 4), last):
        if tokens[index].low in ("at", "@"):
            at = index
    local = _local(tokens, at)
    if local is None:
        return None
    value, first, sure = local
    start = tokens[first].start
    cue = re.search(
        r"(?:e-?mail|mail|reach|contact|write)[\w' ]{0,24}(?:is|'s|it's|at|to|me|"
        r"on)[\s,:]*(?:uh|um)?[\s,]*$",
        text[max(0, start - 50) : start],
        re.IGNORECASE,
    )
    linked = any(link in value for link in "._-")
    if cue is None and at < last and linked:
        cue = _CUE.search(text[max(0, start - 50) : start])
    if cue is None or not sure or not (linked or (at < last and len(value) > 3)):
        return None
    return Span(start, tokens[last - 1].end, "EMAIL", value + "@", open=True)
