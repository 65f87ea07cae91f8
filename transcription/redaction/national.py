"""National identity and tax numbers by their shape, check digits and the words around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from .spans import Span

# What people call such a number; digits or letters behind it are one.
CUE = (
    r"d\.?n\.?i\.?|n\.?i\.?e\.?(?= (?:is|number|was))|n\.?i\.?f\.?|d n i|b\.?s\.?n\.?|b s n|"
    r"burger ?service ?nummer|(?:citizen|personal) (?:service |identity |identification )?"
    r"(?:number|code|id)|pesel|codice(?: fiscale)?|(?:fiscal|tax) (?:code|number|identification)|"
    r"steuer\w*(?:[ -]?(?:id\w*|nummer))?|person(?:en)?nummer|personnummer|"
    r"resident (?:registration )?(?:number|id)|rrn|national (?:number|id\w*|insurance)|"
    r"\bn\.? ?i\.? number|(?:id|identity|identification) (?:number|card)|"
    r"num[ée]ro de s[ée]cu\w*|s[ée]curit[ée] sociale|insee|cpf|curp|ahv\w*|avs|"
    r"sozialversicherungs\w*|(?:social|health) insurance (?:id|number)|"
    r"(?:staff|employee|personnel) number"
)
_FEWEST_DIGITS = 6  # of any of these numbers
_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_PAIR = r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_TECHNICAL = re.compile(
    r"\b(?:versions?|builds?|commits?|hash|epoch|timestamps?|offsets?|tickets?|orders?|invoices?|"
    r"tracking|serial|model|errors?|codes?|rows?|ids?)\b[\w' ]{0,12}$",
    re.IGNORECASE,
)


def _day(digits: str) -> bool:
    """Tell whether YYMMDD is a day; months may carry a century (Poland)."""
    month = int(digits[2:4]) % 20
    try:
        date(2000 + int(digits[:2]), month, int(digits[4:6]))
    except ValueError:
        return False
    return True


def luhn(digits: str) -> bool:
    """Tell whether the check digit of a number fits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _steuer(code: str) -> bool:
    product = 10
    for char in code[:10]:
        product = ((int(char) + product) % 10 or 10) * 2 % 11
    return code[0] != "0" and (11 - product) % 10 == int(code[10])


def _pesel(code: str) -> bool:
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    total = sum(w * int(c) for w, c in zip(weights, code, strict=False))
    return _day(code) and -total % 10 == int(code[10])


def _nir(code: str) -> bool:
    body = code[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(body) % 97 == int(code[13:])


def _dni(code: str) -> bool:
    body = code[:-1].translate(str.maketrans("XYZ", "012"))
    return _SPANISH[int(body) % 23] == code[-1]


def _swedish(code: str) -> bool:
    return _day(code[-10:]) and luhn(code[-10:])


def _cpf(code: str) -> bool:
    for size in (9, 10):
        total = sum(int(c) * (size + 1 - n) for n, c in enumerate(code[:size]))
        if total * 10 % 11 % 10 != int(code[size]):
            return False
    return True


def _always(_code: str) -> bool:
    return True


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(rf"\b{_PAIR}[ -]?\d\d[ -]?\d\d[ -]?\d\d[ -]?[A-D]\b"), _always),
    (re.compile(r"\b\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}\b"), _always),
    (re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", re.I), _always),
    (re.compile(r"\b[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d\b"), _always),
    (re.compile(r"\b756\.\d{4}\.\d{4}\.\d{2}\b"), _always),
    (re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b"), _cpf),
    (re.compile(r"\b\d{2} \d{3} \d{3} \d{3}\b"), _steuer),
    (re.compile(r"(?<![\w.-])\d{11}(?![\w-]|\.\d)"), _pesel),
    (
        re.compile(
            r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b"
        ),
        _nir,
    ),
    (re.compile(r"\b(?:\d{8}|[XYZ]-?\d{7})[- ]?[A-HJ-NP-TV-Z]\b", re.I), _dni),
    (re.compile(r"\b(?:19|20)?\d{6}[-+]\d{4}\b"), _swedish),
)


def is_technical(text: str, start: int) -> bool:
    """Tell whether the words before a number say that it counts or names a thing."""
    return _TECHNICAL.search(text[max(0, start - 30) : start]) is not None


def find_national(text: str) -> list[Span]:
    """Return written national numbers whose shape and check digits nothing else has."""
    found: list[Span] = []
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return found
    for pattern, fits in _SHAPES:
        for match in pattern.finditer(text):
            code = re.sub(r"[^0-9A-Z]", "", match.group().upper())
            if fits(code) and not (code.isdigit() and is_technical(text, match.start())):
                found.append(Span(match.start(), match.end(), "ID", code))
    return found
