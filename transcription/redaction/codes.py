"""IBANs, document numbers with letters and network addresses."""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise

from . import national
from .spans import Span
from .spoken import FILLERS, SINGLES, Run, runs
from .tokens import Token

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_IBAN_LENGTH = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26,
    "AE": 23, "UA": 29,
}  # fmt: skip
# One that was heard letter by letter, or with an error that its check digits show.
_HEARD_IBAN = re.compile(
    r"(?<!\w)[A-Z](?:-?| )[A-Z][ -]?(?:\d|O-)(?:(?:,? |-)?[A-Z0-9]){10,40}(?:(?:,? |-)?\d)(?!\w)"
)
_LISTED = re.compile(r"(?<![\w-])(?:[A-Z0-9]-){9,}[A-Z0-9](?!\w)")
_NUMBERED = re.compile(
    r"\b(?:account|card|iban|passport|id|insurance|security|tax) number (?:is|was|:) (?:the |a )?"
    r"(?P<code>(?:\w*\d\w*[ ,.-]{0,2}){2,})",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w./#-])(?=\w*[A-Z]\w*[A-Z])(?=(?:[A-Z]*\d){6})[A-Z0-9]{12,20}(?!\w)")
_IBAN_CUE = re.compile(r"\b(?:i ?ban|international (?:bank )?account)\b", re.IGNORECASE)
_DOCUMENT_CUE = re.compile(
    rf"\b(?:{national.CUE}|"
    r"passport|licen[cs]e|national insurance|\bnino|identity card|id card|"
    r"(?:employee|staff|badge|"
    r"student|member(?:ship)?|policy|tax|insurance|patient|personnel)(?: id\w*| i d| numbers?| no)|"
    r"my id|plate)\b",
    re.IGNORECASE,
)
_FEWEST_HEARD = 6  # digits of a code that a recognizer wrote
_FEWEST_UNANNOUNCED = 10  # digits of an IBAN that nothing announces
_LETTERS = {"bee": "b", "see": "c", "dee": "d", "gee": "g", "jay": "j", "kay": "k", "double-u": "w"}

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# An address with /16 behind it is a network, no host.
_IPV4 = re.compile(rf"(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?!\w|\.\d|/\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
# What recognizers make of spoken addresses ("1.805.102.100"), where an address was announced.
_LONG_IP = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){4,5}(?!\w|\.\d|/\d)")
_ODD_IP = re.compile(r"(?<![\w.])\d{2,3}\.\d{2,3}\.\d{2,3}\.\d{2,3}(?!\w|\.\d|/\d)")
_MISHEARD_IP = re.compile(
    r"\b(?:ip(?: address)?|i p|vpn|router|ssh)\b[\w' ]{0,24}?[\s:]"
    r"(?P<ip>(?=[\d.,]*\d{3})\d+[.,]\d+(?:[.,]\d+)+)(?![\d/-])",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?:version|release|\bv|build)\s*(?:is|was|number)?\s*$", re.IGNORECASE)


def find_documents(
    text: str, tokens: list[Token], said: list[Run], *, english: bool = True
) -> list[Span]:
    """Return IBANs and document numbers, written or spelled out."""
    found = [
        Span(m.start(), m.end(), "IBAN", _plain(m.group()))
        for m in _IBAN.finditer(text)
        if is_iban(_plain(m.group()))
    ]
    found += [Span(m.start(), m.end(), "IBAN", v) for m, v in _iban_prefixes(text)]
    if sum(map(str.isdigit, text)) >= _FEWEST_HEARD:
        found += _heard(text)
    found += national.find_national(text)
    found += _spelled(text, tokens, said, english)
    return found


def _plain(code: str) -> str:
    return re.sub(r"[\s\-]", "", code).upper()


def is_iban(code: str) -> bool:
    """Tell whether the check digits of an IBAN fit (ISO 7064 mod 97-10)."""
    if _IBAN_LENGTH.get(code[:2], len(code)) != len(code):
        return False
    rearranged = code[4:] + code[:4]
    return int("".join(str(int(char, 36)) for char in rearranged)) % 97 == 1


def _iban_prefixes(text: str) -> list[tuple[re.Match[str], str]]:
    """Return IBANs at whose end the pattern ran on into the next words."""
    found = []
    for match in _IBAN.finditer(text):
        size = _IBAN_LENGTH.get(match.group()[:2].upper())
        if size is None or is_iban(_plain(match.group())):
            continue
        cut = re.match(rf"(?:[A-Z0-9][ \-]?){{{size - 1}}}[A-Z0-9]", match.group(), re.IGNORECASE)
        if cut and is_iban(_plain(cut.group())):
            exact = re.compile(re.escape(cut.group())).match(text, match.start())
            if exact:
                found.append((exact, _plain(cut.group())))
    return found


def _heard(text: str) -> list[Span]:
    """Return long codes as recognizers write them, whose check digits need not fit."""
    found = []
    for match in _HEARD_IBAN.finditer(text):
        code = re.sub(r"[^A-Z0-9]", "", match.group())
        size = _IBAN_LENGTH.get(code[:2])
        digits = sum(char.isdigit() for char in code)
        if size and digits >= _FEWEST_UNANNOUNCED and abs(len(code) - size) <= 8:
            found.append(Span(match.start(), match.end(), "IBAN", code))
    for match in _LISTED.finditer(text):
        digits = sum(char.isdigit() for char in match.group())
        if digits >= 6:
            found.append(Span(match.start(), match.end(), "ID", _plain(match.group())))
    for match in _NUMBERED.finditer(text):
        code = match.group("code").rstrip(" ,.-")
        if sum(char.isdigit() for char in code) >= 6:
            start = match.start("code")
            found.append(Span(start, start + len(code), "ID", _plain(code)))
    found += [
        Span(match.start(), match.end(), "ID", match.group())
        for match in _CODE.finditer(text)
        if not national.is_technical(text, match.start()) and re.search(r"[G-Z]", match.group())
    ]
    return found


def _spelled(text: str, tokens: list[Token], said: list[Run], english: bool) -> list[Span]:
    """Return codes of single letters and digits ("c zero one two ...") that a cue announces."""
    if not said and not any(token.is_number for token in tokens):
        return []
    if not any(_may_spell(token) for token in tokens):
        return []
    cue = _IBAN_CUE.search(text) or _DOCUMENT_CUE.search(text)
    if cue is None and sum(len(run.digits) for run in said) < _FEWEST_UNANNOUNCED:
        return []
    digits_at = {run.first: run for run in said}
    found: list[Span] = []
    index = 0
    while index < len(tokens):
        begin, code, last, index = index, "", index - 1, index
        while index < len(tokens):
            token = tokens[index]
            run = digits_at.get(index)
            if run and not (token.low == "o" and _among_letters(tokens, index)):
                letter = "K" if tokens[run.last].low == "k" else ""  # a thousand, or a letter
                if run.cardinal and not (letter and code):
                    break
                code, last, index = code + run.digits + letter, run.last, run.last + 1
            elif token.low == "o" and _among_letters(tokens, index):
                code, last, index = code + "O", index, index + 1
            elif token.is_number or (token.low in SINGLES and english and code):
                code, last, index = code + SINGLES.get(token.low, token.low), index, index + 1
            elif len(token.low) == 1 and token.is_word:
                code, last, index = code + token.low.upper(), index, index + 1
            elif (
                token.text.isupper()
                and token.is_word
                and len(token.text) <= 4
                and (_touches_number(tokens, index))
            ):
                code, last, index = code + token.text, index, index + 1
            elif english and code and token.low in _LETTERS:
                code, last, index = code + _LETTERS[token.low].upper(), index, index + 1
            elif code and (token.low in FILLERS or token.low in ",.-–"):
                index += 1
            else:
                break
        if last >= begin:
            span = _judge(text, tokens, begin, last, code, cue)
            if span:
                found.append(span)
        index = max(index, begin + 1)
    return found


def _may_spell(token: Token) -> bool:
    """Tell whether a token may be a letter of a code; "a" and "I" mostly are words."""
    if not token.is_word:
        return False
    if len(token.low) == 1:
        return token.glued or token.low not in ("a", "i")
    return token.low in _LETTERS or (len(token.text) <= 4 and token.text.isupper())


def _among_letters(tokens: list[Token], index: int) -> bool:
    """Tell whether "o" stands between spelled letters and so is no zero."""
    around = tokens[max(0, index - 1) : index] + tokens[index + 1 : index + 2]
    return any(len(t.low) == 1 and t.is_word and t.low != "o" for t in around)


def _touches_number(tokens: list[Token], index: int) -> bool:
    after = index + 1 < len(tokens) and tokens[index + 1].is_number
    return after or (index > 0 and tokens[index - 1].is_number)


def _judge(
    text: str, tokens: list[Token], begin: int, last: int, code: str, cue: re.Match[str] | None
) -> Span | None:
    # A letter that is a word ("I", "a") may open the run: drop it.
    while begin < last and tokens[begin].low in ("a", "i") and not tokens[begin + 1].glued:
        if len(code) > 1 and code[1].isalpha():
            break
        begin, code = begin + 1, code[1:]
    start, end = tokens[begin].start, tokens[last].end
    digits = sum(char.isdigit() for char in code)
    if code[:2].isalpha() and len(code) >= 15 and (is_iban(code) or (digits >= 10 and cue)):
        return Span(start, end, "IBAN", code)
    behind = cue is not None and end <= cue.start() <= end + 24  # "... that's the d n i"
    if cue is None or (not behind and (cue.start() > start or start - cue.end() > 60)):
        return None
    if _IBAN_CUE.match(cue.group()) and len(code) >= 8 and code[:2].isalpha():
        return Span(start, end, "IBAN", code, open=end >= len(text.rstrip(" .,")))
    if digits >= 4 and any(char.isalpha() for char in code) and len(code) <= 18:
        return Span(start, end, "ID", code)
    return None


def find_ips(text: str, tokens: list[Token], said: list[Run]) -> list[Span]:
    """Return IP addresses, written or said; loopback, wildcard and versions are left alone."""
    found: list[Span] = []
    for match in [*_IPV4.finditer(text), *_IPV6.finditer(text)]:
        before = text[max(0, match.start() - 16) : match.start()]
        if _VERSION.search(before) or not _is_host(match.group()):
            continue
        found.append(Span(match.start(), match.end(), "IP", match.group().lower()))
    if text.count(".") + text.count(",") > 1 and any(map(str.isdigit, text)):
        found += _misheard_ips(text)
    return found + _spoken_ips(text, tokens, said)


def _misheard_ips(text: str) -> list[Span]:
    """Return what recognizers made of addresses: too many parts, or parts too large."""
    found: list[Span] = []
    for match in _ODD_IP.finditer(text):
        before = text[max(0, match.start() - 16) : match.start()]
        sizes = [len(part) for part in match.group().split(".")]
        if sizes.count(3) >= 2 and not (_VERSION.search(before) or _IPV4.fullmatch(match.group())):
            found.append(Span(match.start(), match.end(), "IP", match.group()))
    for match in _LONG_IP.finditer(text):
        before = text[max(0, match.start() - 16) : match.start()]
        numbers = [int(part) for part in match.group().split(".")]
        if sum(map(bool, numbers)) >= 4 and not _VERSION.search(before):
            found.append(Span(match.start(), match.end(), "IP", match.group()))
    for match in _MISHEARD_IP.finditer(text):
        place = match.span("ip")
        if _is_host(match.group("ip")) or not _IPV4.fullmatch(match.group("ip")):
            found.append(Span(*place, "IP", match.group("ip")))
    return found


def _is_host(literal: str) -> bool:
    try:
        address = ipaddress.ip_address(literal)
    except ValueError:
        return False
    mask = literal.startswith(("255.", "0."))
    return not (address.is_loopback or address.is_unspecified or mask)


def _spoken_ips(text: str, tokens: list[Token], said: list[Run]) -> list[Span]:
    found = []
    for run in said:
        if not (run.dotted and run.spoken) or run.cardinal:
            continue
        inside = tokens[run.first : run.last + 1]
        dots = [i for i, t in enumerate(inside) if t.low in ("dot", "point", ".")]
        if len(dots) != 3:
            continue
        bounds = [-1, *dots, len(inside)]
        octets = []
        for left, right in pairwise(bounds):
            part = runs(inside[left + 1 : right])
            octets.append(part[0].digits if len(part) == 1 else "")
        before = text[max(0, inside[0].start - 16) : inside[0].start]
        literal = ".".join(str(int(o)) if o else "" for o in octets)
        if _is_host(literal) and not _VERSION.search(before):
            found.append(Span(inside[0].start, inside[-1].end, "IP", literal))
    return found
