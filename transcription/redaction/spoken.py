"""Numbers as people say them: a normaliser from words to runs of digits.

A run is a stretch of digits that belongs together although it was said with pauses, fillers,
"double seven", "oh" for zero and corrections ("no wait, six").
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .tokens import Token

SINGLES = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3",
    "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
TENS = {
    "twenty": "2", "thirty": "3", "forty": "4", "fourty": "4", "fifty": "5", "sixty": "6",
    "seventy": "7", "eighty": "8", "ninety": "9",
}  # fmt: skip
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_SCALES = frozenset({"thousand", "million", "billion", "trillion", "k"})
NUMBER_WORDS = frozenset({*SINGLES, *TEENS, *TENS, *_REPEATS, *_SCALES, "hundred"})

FILLERS = frozenset({"uh", "um", "er", "erm", "hmm", "hm", "mm", "ah", "eh", "uhm", "umm"})
_JOINTS = FILLERS | {"and", "then", "so", "okay", "ok", "like", "well", "dash", "hyphen", "space",
                     "dot", "point", "area", "code", "extension", "ext", "yeah", "yes",
                     "right", "followed", "by"}  # fmt: skip
_PHRASES = (("you", "know"), ("let", "me", "see"), ("let", "me", "think"), ("i", "think"))
_CORRECTIONS = (
    ("no", "wait"), ("no", "sorry"), ("no", "no"), ("i", "mean"), ("scratch", "that"), ("no",),
    ("make", "that"), ("sorry",), ("wait",), ("actually",), ("correction",), ("rather",),
)  # fmt: skip
_PAUSES = frozenset(",.-–—‐‑()…;/")
# What recognizers write for digits, believed between two others only.
_SOUND_LIKE = {"free": "3", "tree": "3", "to": "2", "too": "2", "for": "4", "ate": "8", "won": "1",
               "fife": "5", "sicks": "6"}  # fmt: skip
_LONG = 9  # digits that are no quantity any more
_MOST_JOINTS = 6  # tokens between two digits of one value


@dataclass(slots=True)
class Run:
    """Hold digits said in one go; `first` and `last` are token indexes, both inclusive."""

    first: int
    last: int
    groups: list[str] = field(default_factory=list, repr=False)  # parted by pauses or spaces
    singles: int = 0  # digits said or written one by one
    elements: int = 0
    plus: bool = False
    cardinal: bool = False  # a quantity ("two hundred thousand"), not a sequence of digits
    dotted: bool = False
    dashed: bool = False
    spoken: bool = False  # at least one digit was said as a word

    @property
    def digits(self) -> str:
        """Return all digits without separators."""
        return "".join(self.groups)


@dataclass(frozen=True, slots=True)
class _Element:
    digits: str
    end: int  # token index after the element
    singles: int
    cardinal: bool
    spoken: bool


def _attached(tokens: list[Token], index: int) -> bool:
    """Tell whether a number is part of a longer term such as EC2, v3, 10ms or 4K."""
    if tokens[index].glued and (tokens[index - 1].is_word or tokens[index - 1].low == "_"):
        return True
    following = index + 1
    if following == len(tokens) or not tokens[following].glued or not tokens[following].is_word:
        return False
    # Ten digits that a recognizer ran into the next word are no "10ms".
    return len(tokens[index].low) < _LONG or not tokens[following].text.isupper()


def _element(
    tokens: list[Token], index: int, english: bool, *, inside: bool = False
) -> _Element | None:
    token = tokens[index]
    if token.is_number:
        return None if _attached(tokens, index) else _written(tokens, index)
    if not english:
        return None
    low = token.low
    following = tokens[index + 1].low if index + 1 < len(tokens) else ""
    if low in _REPEATS:
        digit = SINGLES.get(following) or (following if len(following) == 1 else "")
        if digit.isdecimal():
            return _Element(digit * _REPEATS[low], index + 2, _REPEATS[low], False, True)
        return None
    if low in SINGLES:
        if low in ("o", "oh") and not (inside or _leads_on(tokens, index + 1)):
            return None
        return _scaled(tokens, index + 1, SINGLES[low], singles=1)
    if inside and low in _SOUND_LIKE and _dictated(tokens, index):
        return _Element(_SOUND_LIKE[low], index + 1, 1, False, True)
    if low in TEENS:
        return _scaled(tokens, index + 1, TEENS[low], singles=0)
    if low in TENS:
        end = index + 1
        if following == "-" and tokens[end].glued and end + 1 < len(tokens):
            end += 1
        unit = SINGLES.get(tokens[end].low, "0") if end < len(tokens) else "0"
        if unit != "0":
            return _scaled(tokens, end + 1, TENS[low] + unit, singles=0)
        return _scaled(tokens, index + 1, TENS[low] + "0", singles=0)
    return None


def _leads_on(tokens: list[Token], index: int) -> bool:
    while index < len(tokens) and (tokens[index].low in _PAUSES or tokens[index].low in FILLERS):
        index += 1
    return index < len(tokens) and (tokens[index].low in NUMBER_WORDS or tokens[index].is_number)


def _dictated(tokens: list[Token], index: int) -> bool:
    """Tell whether a word stands in the midst of single digits: three before it, one behind."""
    before = [t for t in tokens[max(0, index - 6) : index] if t.low != ","][-3:]
    after = [t for t in tokens[index + 1 : index + 3] if t.low != ","][:1]
    return len(before) == 3 and len(after) == 1 and all(map(_is_digit, before + after))


def _is_digit(token: Token) -> bool:
    low = token.low
    return low in SINGLES or low in _SOUND_LIKE or (token.is_number and len(low) == 1)


def _scaled(tokens: list[Token], end: int, digits: str, *, singles: int) -> _Element:
    low = tokens[end].low if end < len(tokens) else ""
    if low == "hundred":
        follower = tokens[end + 1].low if end + 1 < len(tokens) else ""
        # "eight hundred five five five" is dialled, "two hundred and fifty" is counted.
        counted = follower in _SCALES or follower == "and"
        return _Element(digits + "00", end + 1, 0, counted, True)
    if low in _SCALES:
        return _Element(digits, end + 1, 0, True, True)
    return _Element(digits, end, singles, False, True)


def _written(tokens: list[Token], index: int) -> _Element:
    digits, end, cardinal = tokens[index].low, index + 1, False
    while (  # 1,000,000
        end + 1 < len(tokens)
        and tokens[end].low == ","
        and tokens[end].glued
        and tokens[end + 1].glued
        and len(tokens[end + 1].low) == 3
        and tokens[end + 1].is_number
        and len(digits) <= 3 + 3 * cardinal * 4
    ):
        digits, end, cardinal = digits + tokens[end + 1].low, end + 2, True
    if end < len(tokens) and (tokens[end].low in _SCALES or tokens[end].low == "%"):
        cardinal = True
    if index and tokens[index - 1].low in "$€£¥":
        cardinal = True
    return _Element(digits, end, 1 if len(digits) == 1 else 0, cardinal, False)


_PHRASE_STARTS = frozenset(phrase[0] for phrase in (*_PHRASES, *_CORRECTIONS))


def _phrase(tokens: list[Token], index: int, phrases: tuple[tuple[str, ...], ...]) -> int:
    if tokens[index].low not in _PHRASE_STARTS:
        return 0
    for phrase in phrases:
        if tuple(t.low for t in tokens[index : index + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def _joint(tokens: list[Token], index: int) -> tuple[int, bool, bool] | None:
    """Return (next index, pause, correction) when what follows may join two digits."""
    start, pause, correction = index, False, False
    while index < len(tokens) and index - start <= _MOST_JOINTS:
        low = tokens[index].low
        if low in _PAUSES:
            pause = True
            index += 1
        elif step := _phrase(tokens, index, _CORRECTIONS):
            correction = True
            index += step
        elif step := _phrase(tokens, index, _PHRASES):
            index += step
        elif low in _JOINTS:
            pause = pause or low not in FILLERS
            index += 1
        else:
            return index, pause, correction
    return None


def runs(tokens: list[Token], *, english: bool = True) -> list[Run]:
    """Return every run of digits; single numbers are runs of one element."""
    found: list[Run] = []
    index = 0
    while index < len(tokens):
        element = _element(tokens, index, english)
        if element is None:
            index += 1
            continue
        run = Run(first=index, last=element.end - 1)
        if index and tokens[index - 1].low in ("plus", "+"):
            run.plus, run.first = True, index - 1
        _append(run, element, pause=True, correction=False)
        index = element.end
        while (joint := _joint(tokens, index)) is not None and joint[0] < len(tokens):
            if _is_octets(tokens[index : joint[0]], run):
                break
            following = _element(tokens, joint[0], english, inside=True)
            if following is None:
                break
            between = tokens[index : joint[0]]
            # A full stop with a space behind it is a pause and parts nothing.
            point = tokens[joint[0]].glued
            run.dotted |= any(
                t.low in ("dot", "point") or (t.low == "." and point) for t in between
            )
            run.dashed |= any(t.low in ("-", "–", "‑", "‐", "dash", "hyphen") for t in between)
            written = not following.spoken and not joint[1] and len(following.digits) > 1
            _append(run, following, pause=joint[1] or written, correction=joint[2])
            run.last, index = following.end - 1, following.end
        found.append(run)
    return found


def _is_octets(between: list[Token], run: Run) -> bool:
    """Tell whether a network address or version ends here: what "and" adds is another one."""
    return run.dotted and len(run.groups) >= 4 and any(t.low in ("and", "then") for t in between)


def _append(run: Run, element: _Element, *, pause: bool, correction: bool) -> None:
    if correction and run.groups:
        # "eight six, no wait, eight seven": the last thing said is taken back.
        size = min(len(element.digits), len(run.groups[-1]))
        run.groups[-1] = run.groups[-1][: len(run.groups[-1]) - size]
        pause = False
    if pause or not run.groups:
        run.groups.append(element.digits)
    else:
        run.groups[-1] += element.digits
    run.singles += element.singles
    run.elements += 1
    run.cardinal |= element.cardinal
    run.spoken |= element.spoken
