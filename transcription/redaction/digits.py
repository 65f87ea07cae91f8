"""Phone numbers, social security numbers, cards and other numbers that belong to a person."""

from __future__ import annotations

import re

from . import national
from .spans import Span
from .spoken import Run
from .tokens import Token

_CONTEXT = 70  # characters before a run in which a cue counts
_PHONE = (
    r"phones?|cell(?:phone)?|mobile|telephone|landline|whats ?app|fax|area code|"
    r"(?:call|text|ring|reach|dial|phone) (?:me|him|her|us|them)|my number|"
    r"(?:his|her|their|contact|home|work|direct) (?:number|line)|dial"
)
# Of what, an earlier cue says.
_NUMBER = r"numbers? (?:(?:for|of|i) \w+ )?(?:is|was|would be)|number's|digits are"
_SSN = r"social(?: security| insurance)?(?: number)?|ssn|s\.?s\.?n\.?|\bsin\b"
_CARD = (
    r"(?:credit|debit|bank|corporate|my|the|a) card|card (?:number|ending)|visa|master ?card|"
    r"amex|american express"
)
_ID = (
    r"passport|driver'?s?'? licen[cs]e|licen[cs]e (?:number|plate)|national (?:id\w*|insurance)|"
    r"(?:employee|staff|personnel|badge|student|member(?:ship)?|patient|policy|"
    r"tax(?:payer)?|insurance|"
    r"identity|account|routing|green card|visa|aadhaar|aadhar|medicare|nhs)"
    r"(?: card)?(?: id\w*| i\.?d\.?| numbers?| no\.?|$)|tax id|my id\b|aadhaar|aadhar|"
    r"(?:my|his|her|the) address (?:of (?:my|his|her) \w+ )?is|\bnino\b|\bein\b|\bitin\b|"
    rf"{national.CUE}"
)
_TECHNICAL = (
    r"versions?|ports?|http|status|(?<!area )codes?|errors?|tickets?|issues?|pull requests?|"
    r"\bprs?\b|builds?|rfc|iso|"
    r"commits?|revisions?|lines?(?! is)|pages?|chapter|python|java|node|postgres\w*|"
    r"timestamps?|epoch|"
    r"unix time|offsets?|order|invoice|tracking|serial|model|jira|bug|isbn|rows?|index|"
    r"between|range|"
    r"returns?|returned|responses?|counted|counting|primes?|fibonacci|sequence|array|list"
)
_CUE = re.compile(
    rf"\b(?:(?P<PHONE>{_PHONE})|(?P<SSN>{_SSN})|(?P<ID>{_ID})|(?P<CARD>{_CARD})|"
    rf"(?P<TECH>{_TECHNICAL})|(?P<NUMBER>{_NUMBER}))"
    r"(?![a-z])",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"\W*(?:(?:numbers?|no|is|was|it's|would|be|uh|um|well|so)\b\W*)*", re.IGNORECASE
)
_DIVIDERS = frozenset(
    "or and to is until of on in at for from by with then but if that as plus minus times".split()
)
_LAST_FOUR = re.compile(
    r"(?:last (?:four|4)|ending (?:in|with)|ends (?:in|with))(?:[\w' ]{0,40})\W*$", re.IGNORECASE
)
_AFTER = re.compile(
    r"^[\s,.]*(?:(?:is|was|'s|that's|that is|it's|would be|as)\s+)+(?:my|his|her|our|their|the|a)"
    r"(?: \w+){0,2}? (?:(?P<PHONE>cell|mobile|phone|number|landline)|(?P<SSN>social|ssn)|"
    rf"(?P<CARD>card)|(?P<ID>{national.CUE}))\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"^\s*(?:%|ms\b|(?:milli|micro|nano)?seconds?\b|minutes?|hours?|days?|weeks?|months?|"
    r"years?|users?|"
    r"requests?|rows?|records?|bytes?|[kmgt]b\b|(?:kilo|mega|giga|tera|peta)bytes?|dollars?|euros?|"
    r"pounds?|percent|people|customers?|events?|messages?|files?|items?|times\b|queries|"
    r"lines|tests?|"
    r"transactions?|connections?|orders?|downloads?|tokens?|parameters?|degrees?)",
    re.IGNORECASE,
)
_HTTP = frozenset(
    "100 101 200 201 202 204 206 301 302 303 304 307 308 400 401 403 404 405 406 408 409 "
    "410 412 413 "
    "414 415 418 422 423 425 429 431 451 500 501 502 503 504 505".split()
)
_NANP = re.compile(r"1?[2-9]\d{2}[2-9]\d{6}")


def find(text: str, tokens: list[Token], said: list[Run]) -> list[Span]:
    """Return personal numbers in `text` among the runs of digits that were written or said."""
    found: list[Span] = _broken(text, tokens, said)
    length = len(text.rstrip(" .,…-–—"))
    for run in said:
        start, end = tokens[run.first].start, tokens[run.last].end
        before, after = text[max(0, start - _CONTEXT) : start], text[end : end + 40]
        at_end = end >= length
        if text[start - 1 : start] == "(":
            start -= 1
        kind = _kind(run, before, after)
        still_open = at_end and len(run.digits) < 10
        if kind is None and at_end:
            kind = _unfinished(run, before)
        if kind is not None:
            found.append(Span(start, end, kind, _value(kind, run.digits), open=still_open))
    return found


def _value(kind: str, digits: str) -> str:
    """Return a number without what one may leave out: the country code of North America."""
    return digits[1:] if kind == "PHONE" and len(digits) == 11 and digits[0] == "1" else digits


def _broken(text: str, tokens: list[Token], said: list[Run]) -> list[Span]:
    """Return announced numbers that a recognizer broke up with a word it took for another."""
    found: list[Span] = []
    index = 0
    while index + 1 < len(said):
        last = index
        while last + 1 < len(said) and _is_break(tokens, said[last], said[last + 1]):
            last += 1
        if last > index:
            start, end = tokens[said[index].first].start, tokens[said[last].last].end
            before = text[max(0, start - _CONTEXT) : start]
            cue, distance = _cue(before, "")
            digits = "".join(run.digits for run in said[index : last + 1])
            named = cue in ("PHONE", "SSN", "CARD", "ID")
            tight = _ANNOUNCES.fullmatch(before[len(before) - distance :]) if distance else True
            if named and tight and 7 <= len(digits) <= 19:
                found.append(Span(start, end, cue, digits))
        index = last + 1
    return found


def _is_break(tokens: list[Token], run: Run, following: Run) -> bool:
    between = [t for t in tokens[run.last + 1 : following.first] if t.low not in ",.-"]
    if between and all(t.low in ("free", "tree") for t in between):
        return not (run.cardinal or following.cardinal)  # "three", as recognizers write it
    return (
        len(between) == 1
        and between[0].is_word
        and between[0].low not in _DIVIDERS
        and _CUE.match(between[0].low) is None
        and not (run.cardinal or following.cardinal)
    )


def _cue(before: str, after: str) -> tuple[str, int]:
    """Return the nearest cue's kind and its distance in characters ("" when there is none)."""
    if match := _AFTER.match(after):
        return str(match.lastgroup), 0
    kind, distance = "", 0
    for match in _CUE.finditer(before):
        found = str(match.lastgroup)
        kind = kind or "PHONE" if found == "NUMBER" else found
        distance = len(before) - match.end()
    return kind, distance


def _kind(run: Run, before: str, after: str) -> str | None:
    digits, size = run.digits, len(run.digits)
    if run.cardinal or size < 4:
        return None
    if run.dotted and digits.startswith(("1270", "0000")):
        return None  # this machine, any machine
    cue, _ = _cue(before, after)
    if size == 4:
        if _LAST_FOUR.search(before) and cue in ("SSN", "CARD", "ID", "PHONE"):
            return cue
        return "ID" if cue == "ID" and not _is_years(run) else None
    shape = tuple(len(group) for group in run.groups)
    if cue == "CARD" and 8 <= size <= 19:
        return "CARD"
    if (
        13 <= size <= 19
        and cue not in ("ID", "PHONE", "TECH")
        and (national.luhn(digits) or run.singles >= 10)
    ):
        return "CARD"
    if cue == "SSN" and 7 <= size <= 11:
        return "SSN"
    if shape == (3, 2, 4) and cue in ("", "ID", "CARD") and not _is_years(run):
        return "SSN"
    if cue == "ID" and not _is_years(run):
        return "ID"
    if cue == "PHONE" and 6 <= size <= 16 and not _is_years(run):
        return "PHONE"
    if cue == "TECH" or _UNIT.match(after):
        return None
    if run.plus and 8 <= size <= 15:
        return "PHONE"
    if size < 7 or _is_years(run) or _is_counting(digits) or _is_status_codes(digits):
        return None
    if _is_decimal(run):
        return None
    if run.singles >= 4 and 2 * run.singles >= run.elements:
        if size > 15:
            return "ID"
        return "SSN" if size == 9 else "PHONE"
    if run.spoken and 10 <= size <= 12 and run.elements >= 5:
        return "PHONE"  # dialled in pairs: "forty eight one forty four six ..."
    return "PHONE" if not run.spoken and _is_phone_shape(run, shape) else None


def _unfinished(run: Run, before: str) -> str | None:
    """Return the kind of a value that the utterance breaks off, or None."""
    size = len(run.digits)
    if run.cardinal or size < 3 or _is_years(run):
        return None
    cue, distance = _cue(before, "")
    digit_wise = run.singles >= 3 or not run.spoken
    if cue in ("PHONE", "SSN", "CARD", "ID") and digit_wise and distance <= 30:
        return cue
    if cue == "" and run.spoken and run.singles >= 5 and not _is_counting(run.digits):
        return "PHONE"
    return None


def _is_decimal(run: Run) -> bool:
    """Tell whether digits were said behind one decimal point ("three point one four one five")."""
    return run.dotted and run.spoken and len(run.groups) == 2 and len(run.groups[0]) <= 2


def _is_phone_shape(run: Run, shape: tuple[int, ...]) -> bool:
    digits = run.digits
    if shape in ((3, 3, 4), (1, 3, 3, 4)):
        return _NANP.fullmatch(digits) is not None or run.dashed or run.dotted
    if shape == (3, 4):
        return run.dashed
    if shape in ((10,), (11,), (3, 7), (6, 4)):
        return _NANP.fullmatch(digits) is not None
    return digits.startswith("0") and 10 <= len(digits) <= 12 and len(shape) <= 6


def _is_years(run: Run) -> bool:
    digits = run.digits
    return len(digits) % 4 == 0 and all(
        digits[i : i + 2] in ("19", "20") for i in range(0, len(digits), 4)
    ) and (run.singles == 0 or len(digits) == 4)  # fmt: skip


def _is_counting(digits: str) -> bool:
    return digits in "01234567891011121314151617181920" or digits in "10987654321"


def _is_status_codes(digits: str) -> bool:
    return len(digits) % 3 == 0 and all(
        digits[i : i + 3] in _HTTP for i in range(0, len(digits), 3)
    )
