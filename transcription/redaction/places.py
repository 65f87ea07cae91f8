"""Street addresses and birth dates, written or said."""

from __future__ import annotations

import re

from .spans import Span
from .vocabulary import vocabulary

_SMALL = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    "fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_HOUSE = (
    rf"(?:\d{{1,2}}(?:\.\d{{1,2}}){{1,2}}(?= [A-Z])|\d{{1,5}}(?:-\d{{1,4}})?\.?[a-z]?|"
    rf"(?:{_SMALL})(?:[ -](?:{_SMALL}|hundred|thousand|and|"
    rf"double)){{0,8}})"
)
_SURE = (
    r"street|avenue|ave|boulevard|blvd|road|rd|parkway|pkwy|terrace|crescent|turnpike|highway|hwy"
)
_UNSURE = (
    r"st|drive|dr|lane|ln|court|ct|way|place|pl|square|sq|circle|cir|close|loop|row|trail|"
    r"alley|walk|plaza|"
    r"hollow|knoll|ridge|ridges|path|bend|creek|crossing|expressway|freeway|gardens?|"
    r"green|grove|heights|hills?|"
    r"junction|landing|manor|meadows?|mews|mills?|park|pike|springs?|station|summit|trace|"
    r"vale|valley|"
    r"village|vista|wharf|quay|yard|mall|port|key|keys|isle|island|lakes?|forest|field|"
    r"fields|common|cove"
)
_SMALL_WORDS = (
    r"of|in|to|per|a|an|the|for|and|or|with|from|at|by|on|more|different|possible|other|"
    r"single|every|"
    r"each|step|steps|is|are|was|years?|months?|weeks?|days?|hours?|minutes?|seconds?|"
    r"percent|users?|"
    r"people|engineers?|miles?|that|this|my|our|gigabytes?|terabytes?|gb|tb|mb|factor|"
    r"lane|one|big|long|"
    r"we|i|it|they|you|down|along|new|another|good|bad|best|only|two|ways?|hundred|"
    r"million|thousand|third"
)
_WORD = rf"(?!(?:{_SMALL_WORDS})\b)[a-z][\w.'’-]*"
_ORDINAL = (
    r"\d{1,3}(?:st|nd|rd|th)|(?:twenty |thirty |forty |fifty |sixty |seventy |eighty |ninety |"
    r"twenty-|thirty-|forty-|fifty-|sixty-)?(?:first|second|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth)|"
    r"tenth|eleventh|twelfth|\w{3,5}teenth|twentieth|thirtieth"
)
_UNIT = (
    rf"(?:,? (?:apartment|apt\.?|opt\.?|unit|suite|ste\.?|flat|floor|room|number|#) ?#?(?:\d+\w?|"
    rf"[a-z]\b|(?:{_SMALL})(?: (?:{_SMALL}))*)"
    rf"(?: ?[a-z]\b(?!['’]))?)?"
)
_STATE = (
    r"A[LKZR]|C[AOT]|D[EC]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|"
    r"S[CD]|T[NX]|UT|V[TA]|W[AVIY]|"
    r"california|oregon|washington|texas|new york|massachusetts|illinois|ohio|florida|"
    r"georgia|colorado|"
    r"virginia|pennsylvania|michigan|arizona|utah|nevada|new jersey|maryland|minnesota|wisconsin"
)
_ZIP = (
    r"(?:\d{5,6}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|(?:(?:zero|oh|one|two|three|four|"
    r"five|six|seven|eight|nine)\b ?){5})"
)
_TAIL = (
    rf"(?:,? [a-z][\w.' -]{{1,24}}?,? (?:(?:{_STATE}|(?-i:[A-Z]{{2}})),? )?"
    rf"(?:zip(?: code)? (?:is )?)?{_ZIP})?"
)
_HINT = re.compile(
    rf"\b(?:{_SURE}|{_UNSURE}|address|live|lives|lived|living|resid\w+|stay\w*|place|house|home|flat|apartment|building|meet|"
    rf"drop|come|went|drove|sent|ship\w*|deliver\w*|pick\w*|moved|grew|box|rue|"
    rf"chemin|calle|via|"
    r"viale|piazza|rua|avenida|ulica)\b|(?:stra(?:ß|ss)e|str\.|weg|platz|gasse|allee|damm|"
    r"ufer|straat|gatan|gade)\b",
    re.IGNORECASE,
)
_STREET = re.compile(
    rf"(?<![\w.$€£:-])(?P<house>{_HOUSE}),? (?P<name>(?:(?:north|south|east|west|n|s|e|w|"
    rf"old|new)\.? )?"
    rf"(?:(?:{_ORDINAL})|{_WORD}(?: {_WORD}){{0,2}}?)) (?:(?P<sure>{_SURE})|"
    rf"(?P<unsure>{_UNSURE}))\b\.?"
    rf"(?: (?:north|south|east|west|northwest|northeast|southwest|southeast|nw|ne|sw|"
    rf"se)\b)?{_UNIT}{_TAIL}",
    re.IGNORECASE,
)
_AVENUE_FIRST = re.compile(
    rf"(?<![\w.])(?P<house>{_HOUSE}),? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|"
    rf"calle|via|viale|piazza|rua|avenida|ulica)"
    r"(?: (?:de|du|des|la|le|les|l'|del|della|do|da|dos|di|d'))* [\w'’-]+(?: (?-i:[A-Z])[\w'’-]+)*",
    re.IGNORECASE,
)
_STRASSE = re.compile(
    r"\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|str\.|weg|platz|gasse|allee|damm|ufer|straat|"
    r"gatan|gade)\s(?:nummer\s)?\d{1,4}\s?[a-z]?\b(?:,? \d{5} [A-ZÄÖÜ]\w+)?",
)
# As recognizers write them: a number run into the name, a German street in two words.
_HEARD = re.compile(
    r"\b\d{2,5}[a-z]*,? (?:[A-Z][\w'-]+ ){0,2}(?:Street|Avenue|Boulevard|Road)\b"
    r"|(?<=address is )[^\W\d]{6,} \d{1,4}\b"
)
_AT_HOME = (
    r"\b(?:(?:live|lives|lived|living|reside|resides|residing|stay|stays|stayed|staying) (?:at|on)|"
    r"(?:place|house|apartment|flat|home|building|address) (?:is|was)(?: at| on)?) "
)
_HOME = re.compile(
    rf"{_AT_HOME}(?P<place>{_HOUSE} (?:[\w'’]+ ){{1,3}}?(?:{_SURE}|{_UNSURE}))\b", re.IGNORECASE
)
_GOES_TO = re.compile(  # "come to 72 Navarro ...", whatever was made of the kind of street
    r"\b(?:meet (?:me|us|him|her)|drop it|come|went|drove|sent|ship(?:ped)?|deliver(?:ed)?|"
    r"pick(?:ed)? (?:me|us|him|her) up|moved|grew up|house|home|live[sd]?|living)(?: \w+)? "
    r"(?:at|to|from|on|in at|is) (?P<place>\d[\d.]*\d[a-z]{0,2},? (?-i:[A-Z])[\w'’-]+"
    r"(?: (?-i:[A-Z])[\w'’-]+){0,2})",
    re.IGNORECASE,
)
_HALF = re.compile(rf"{_AT_HOME}(?P<place>{_HOUSE})[\s.,]*$", re.IGNORECASE)
_BOX = re.compile(r"\bp\.? ?o\.? box (?:number )?(?:\d+(?:,\d{3})*|(?:\w+ ?){1,5})", re.IGNORECASE)
_ANNOUNCED = re.compile(
    rf"\b(?:(?:live|lives|lived|living|reside|resides|residing|stay|stays|stayed|staying) at|"
    rf"(?:place|house|apartment|flat|home|building) (?:is|was) (?:at|on)|(?:my|our|his|"
    rf"her|home|mailing|street|"
    rf"postal|billing|shipping) address (?:is|was|would be|is still)|address:)[,:]? "
    rf"(?P<place>(?:(?:flat|studio|apartment|unit|suite) \w+,? (?:{_HOUSE},? )?|"
    rf"{_HOUSE},? ){_WORD}(?: (?!apt\b|apartment|suite|unit|flat|with\b|in\b|near\b|and\b|"
    rf"for\b|by\b|but\b|since\b|on\b){_WORD}){{0,3}}{_UNIT}{_TAIL})",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\b(?:live|lives|lived|living|address|located|reside|resides|home|house|apartment|"
    r"moved? to|ship|mail it|mail goes|goes to|went to|drove to|pick(?:ed)? (?:me|us|him|her) up|"
    r"send it|place|deliver|staying|based|born|grew up|drop by|drop it|rented|come to|meet me|"
    r"office is|"
    r"billing)\b[^.?!]{0,45}$",
    re.IGNORECASE,
)
_HAS_UNIT = re.compile(r"\b(?:apartment|apt|unit|suite|flat)\b", re.IGNORECASE)
_NOT_ROAD = re.compile(r"^[\s-]*(?:map|block|blocks|trip|test|failure|space)\b", re.IGNORECASE)


def find_addresses(text: str) -> list[Span]:
    """Return street addresses; names of towns alone are kept."""
    if not _HINT.search(text):
        return []
    found: list[Span] = []
    for match in _STREET.finditer(text):
        if _NOT_ROAD.match(text[match.end() :]):
            continue
        if match.group("unsure"):
            cue = _CUE.search(text[max(0, match.start() - 60) : match.start()])
            capital = all(
                word[0].isupper() or word[0].isdigit() for word in match.group("name").split()
            ) and match.group("unsure")[0].isupper()  # fmt: skip
            unit = _HAS_UNIT.search(match.group()) or text[: match.start()].endswith(" at ")
            if not (cue or unit or (capital and match.group("house")[0].isdigit())):
                continue
        found.append(_address(match))
    for match in _ANNOUNCED.finditer(text):
        if any(s.start < match.end() and match.start() < s.end for s in found):
            continue
        value = re.sub(r"[\s,.]+", " ", match.group("place").lower()).strip()
        at_end = not text[match.end() :].strip(" .,")
        found.append(Span(*match.span("place"), "ADDRESS", value, open=at_end))
    for pattern in (_HOME, _GOES_TO, _HALF):
        for match in pattern.finditer(text):
            if pattern is _GOES_TO and _is_technical(match.group("place")):
                continue
            value = re.sub(r"[\s,.]+", " ", match.group("place").lower()).strip()
            found.append(Span(*match.span("place"), "ADDRESS", value, open=pattern is _HALF))
    for pattern in (_AVENUE_FIRST, _STRASSE, _BOX, _HEARD):
        found += [_address(match) for match in pattern.finditer(text)]
    return found


def _is_technical(place: str) -> bool:
    technical = vocabulary().technical
    return any(word in technical or word.rstrip("s") in technical for word in place.lower().split())


def _address(match: re.Match[str]) -> Span:
    value = re.sub(r"[\s,.]+", " ", match.group().lower()).strip()
    return Span(match.start(), match.end(), "ADDRESS", value)


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}|(?:{_SMALL})(?:[ -](?:{_SMALL}))?)"
_YEAR = (
    rf"(?:(?:19|20)\d{{2}}|['’]?\d{{2}}\b|(?:nineteen|twenty)(?:[ -](?:hundred|oh|"
    rf"{_SMALL})){{1,3}}|"
    rf"two thousand(?: (?:and )?(?:{_SMALL})){{0,2}}|(?:{_SMALL})(?:[ -](?:{_SMALL}))?)"
)
_DATE = (
    rf"(?:\d{{1,4}}\s?[/.\-]\s?\d{{1,2}}\s?[/.\-]\s?\d{{1,4}}"
    rf"|(?:the )?{_MONTH},? (?:the )?{_DAY}(?:,? (?:of )?{_YEAR})?"
    rf"|(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? (?:of )?{_YEAR})?"
    rf"|(?:in )?{_MONTH},? (?:of )?(?:19|20)\d{{2}}"
    rf"|(?:(?:{_SMALL})(?:[ -]|, )){{2,7}}(?:{_SMALL})"
    r"|\d{1,2} \d{1,2} \d{2,4})"
)
_HAS_YEAR = re.compile(r"\d{4}|nineteen (?!of)|two thousand|[/.-]\d\d$")
_BIRTH = re.compile(
    r"\b(?:dates? of birth|birth ?dates?|birth ?days?|d\.? ?o\.? ?b\.?|on birth|born)\b"
    r"(?P<between>[\w',: ]{0,36}?)[\s,:]*"
    rf"\b(?P<date>{_DATE})(?!\w)",
    re.IGNORECASE,
)
_ANOTHER = re.compile(rf"(?:,| and|, and) (?:on )?(?P<date>{_DATE})(?!\w)", re.IGNORECASE)
_DAY_LAST = re.compile(  # "born in nineteen eighty nine on the second of may"
    rf",? on (?P<date>(?:the )?(?:{_DAY} (?:of )?{_MONTH}|{_MONTH},? (?:the )?{_DAY}))(?!\w)",
    re.IGNORECASE,
)
_BIRTH_YEAR = re.compile(
    rf"\b(?:i was|i'm|i am|he was|she was|he's|she's|they were|we were|"
    r"(?:my|his|her|our|their) \w+(?: and (?:i|\w+))? (?:was|"
    rf"were)) born (?:back )?in (?P<date>(?:{_MONTH} )?(?:of )?"
    r"(?:19\d{2}|20[01]\d|nineteen (?:\w+)(?:[ -](?:one|two|three|four|five|six|seven|"
    r"eight|nine))?|"
    r"two thousand(?: (?:and )?\w+)?))\b",
    re.IGNORECASE,
)
_THING = re.compile(
    r"\b(?:company|project|product|team|idea|startup|service|framework|language|tool|"
    r"feature|it|which|that)"
    r"(?: \w+)? (?:was|is|were)\s*$",
    re.IGNORECASE,
)
_AFTER_BIRTH = re.compile(
    rf"\b(?P<date>{_DATE})[,]? (?:is|was|that's|being) (?:(?:my|his|her|our|their) (?:birth ?days?|"
    rf"date of birth|birth ?date)|when \w+(?: \w+)? (?:was|were) born)\b",
    re.IGNORECASE,
)


def find_birth_dates(text: str) -> list[Span]:
    """Return dates that a cue ("born", "birthday") says are birth dates."""
    found = []
    for pattern in (_BIRTH, _BIRTH_YEAR, _AFTER_BIRTH):
        for match in pattern.finditer(text):
            day_last = _DAY_LAST.match(text, match.end("date"))
            if pattern is _BIRTH and match.group().lower().startswith("born"):
                # Companies and ideas are born too, and a bare year counts with a person only.
                bare = not re.search(
                    r"[/.\-]|\d(?:st|nd|rd|th)|[a-z]{3,}", match.group("date"), re.I
                )
                in_year = re.search(r"\bin\W*$", match.group("between") + " ") is not None
                spelled = re.search(rf"\b{_MONTH}\b", match.group("date"), re.I) is None
                spelled = spelled and day_last is None
                if bare or (in_year and spelled) or _THING.search(text[: match.start()]):
                    continue
            value = re.sub(r"[\s,]+", " ", match.group("date").lower())
            if pattern is _BIRTH_YEAR and _THING.search(
                text[: match.start("date")].split(" born")[0]
            ):
                continue
            if another := _ANOTHER.match(text, match.end("date")) or day_last:
                day = re.sub(r"[\s,]+", " ", another.group("date").lower())
                found.append(Span(*another.span("date"), "BIRTHDATE", day))
            at_end = not text[match.end("date") :].strip(" .,")
            yearless = _HAS_YEAR.search(value) is None
            found.append(Span(*match.span("date"), "BIRTHDATE", value, open=at_end and yearless))
    return found
