"""Personal handles and links to a person's own pages, written or said."""

from __future__ import annotations

import re

from .spans import Span
from .vocabulary import vocabulary

_PLATFORM = (
    r"(?:linked ?in|git ?hub|git ?lab|twitter|instagram|facebook|tik ?tok|mastodon|telegram|"
    r"medium|reddit|threads|blue ?sky|discord|skype|signal|stack ?overflow|youtube|snapchat|"
    r"kaggle|leet ?code|dev ?to|x)"
)
_SITE = (
    r"(?:linkedin|github|gitlab|twitter|x|instagram|facebook|tiktok|medium|reddit|t|youtube|"
    r"kaggle|dev|bitbucket|behance|dribbble|stackoverflow)"
)
_PROFILE = re.compile(
    rf"(?:https?://)?(?:www\.)?\b{_SITE}\.(?:com|me|to|org|net)/(?:(?:in|users|u|"
    rf"user)/)?@?(?P<who>[\w.%-]*[\w%-])(?:/[\w./%?=&#-]*\w)?",
    re.IGNORECASE,
)
_SPOKEN_PROFILE = re.compile(
    r"\b(?:linked ?in|git ?hub|git ?lab|twitter|instagram|facebook|medium|reddit|"
    r"kaggle)(?: dot | ?\.)com"
    r"(?:(?: (?:forward )?slash ?|/)(?:in|u|users?))?(?: (?:forward )?slash\w? |/)(?:at |@)?"
    r"(?P<who>[\w'-]+(?:(?: (?:dash|hyphen|dot|underscore) | )(?!(?:and|or|is|if|so|you|"
    r"for|to|on|in|it|my|that|the|where|which|but|with|has|there)\b)[\w'-]+){0,4})",
    re.IGNORECASE,
)
_SITE_CUE = re.compile(
    r"\b(?:my|personal|his|her|own) (?:own )?(?:personal |portfolio )?(?:web ?site|site|blog|"
    r"portfolio|home ?page|page|url|domain|cv|resume|résumé|slides)"
    r"(?: address| url)?(?: is| at| on| under| it's|'s|:|,| lives| can be| found)*\s+(?:uh |"
    r"um )?(?P<url>(?:https?://)?(?:www\.)?[\w-]+(?: (?:dash )?[\w-]+){0,3}?"
    r"(?: ?\. ?| dot )(?:com|org|net|io|dev|me|co|ai|app|xyz|tech|page|blog|site|de|fr|"
    r"uk)(?:(?: slash |/)[\w-]+)*)\b",
    re.IGNORECASE,
)
_NOT_WHO = (
    r"(?!(?:and|or|is|a|an|the|my|it|not|that|on|in|to|for|with|at|of|was|are|called|full|"
    r"very|there|here|private|public|where|which|so|but|has|i|we|you|as|uh|um)\b)"
)
_WHO = (
    rf"(?P<who>@?{_NOT_WHO}[\w.'-]*\w(?:(?: (?:dash|hyphen|dot|underscore) |"
    rf" ){_NOT_WHO}[\w'-]+){{0,3}}?)"
)
_HANDLES = (
    re.compile(
        rf"\b(?:(?:{_PLATFORM} |screen ?)(?:handle|user ?name|user|account|name|id|"
        rf"nick(?:name)?)|user ?name|(?:my|his|her) (?:handle|nick(?:name)?|"
        rf"{_PLATFORM}))(?: on \w+| there)?"
        rf"(?: is|'s|:|,)+ (?:uh |um |at )?{_WHO}(?=[.,;!?]|$| (?:and|on|with|if|so|but|"
        rf"for|there|everywhere|in case)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:handle|user ?name|nick(?:name)?|account)(?: is|'s|:)+ "
        r"(?P<who>(?:\w+ ){1,4}?underscore(?: (?!and\b|on\b)\w+){1,4})(?=[.,;!?]|$| (?:and|on)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:find|follow|add|dm|message|ping|reach|tag|see) (?:me|him|her|"
        rf"us)(?: up)? (?:(?:on|over on) {_PLATFORM} )?(?:(?:at|as|under|by) )+"
        rf"{_WHO}(?=[.,;!?]|$| (?:on|and|if|over)\b)(?: on {_PLATFORM})?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:^|[.,;]\s*|\b(?:i'm|i am|it's|handle|go by|known as) )(?:at |"
        rf"@){_WHO} on {_PLATFORM}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:i'm|i am|i go by|known as|it's) {_WHO} on (?:twitter|git ?hub|git ?lab|"
        rf"mastodon|instagram|discord|reddit|telegram|x)\b",
        re.IGNORECASE,
    ),
)
_HINT = re.compile(
    rf"[@/]|\.[a-z]|\bdot\b|\b(?:{_PLATFORM}|handle|user ?name|nick(?:name)?|web ?site|site|blog|"
    r"portfolio|"
    rf"home ?page|page|url|"
    r"domain|find|follow|add|dm|message|ping|reach|tag|see)\b",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"(?:\.\d+)+\b")
_ANY_PATH = re.compile(  # "... dot com slash jane miller", whichever site was heard
    r"\b[\w-]+(?: dot | ?\.)(?:com|net|org|io|dev|me) slash\w? (?:\w+ slash\w? )?"
    r"(?P<who>(?!(?:and|or|is|if|so|the)\b)[^\W\d]\w+(?: (?!(?:and|or|is|if|so|you|for|to|on|in|"
    r"it|my|"
    r"that|there|where|with|but|has|please)\b)[^\W\d]\w+){0,2})",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\w\.[a-z]| dot ", re.IGNORECASE)
_OWN = r"(?:com|net|org|dev|me|io|co|page|blog|tech|xyz|site|de|fr|uk)"
_DOMAIN = re.compile(
    rf"(?<![\w@/-])(?<!\w\.)(?:https?://)?(?:www\.)?(?P<label>[a-z][a-z-]{{5,40}})\.{_OWN}\b(?![\w@]|\.\w)",
    re.IGNORECASE,
)
_SPOKEN_DOMAIN = re.compile(
    rf"\b(?P<given>[^\W\d]{{3,}}) (?:dash )?(?P<family>[^\W\d]{{3,}})(?: dot |\.){_OWN}\b",
    re.IGNORECASE,
)
_AT_HANDLE = re.compile(r"(?<![\w.@/])@(?P<who>[A-Za-z_][\w.]{1,29}\w)(?![\w(@])")
_HANDLE_CUE = re.compile(
    rf"\b(?:{_PLATFORM}|handle|follow|username|slack|dm me|tag me|ping me|find me)\b", re.IGNORECASE
)
_DECORATORS = frozenset(
    "override autowired component service property dataclass staticmethod classmethod "
    "inject test bean entity "
    "before after media import apply export decorator param return returns app pytest "
    "router".split()
)


def find_profiles(text: str, *, english: bool = True) -> list[Span]:
    """Return links to a person's own pages and personal handles."""
    if not _HINT.search(text):
        return []
    technical = vocabulary().technical
    found: list[Span] = []
    patterns = (_PROFILE, _SPOKEN_PROFILE, _SITE_CUE) if english else (_PROFILE,)
    for pattern in patterns:
        for match in pattern.finditer(text):
            who = match.groupdict().get("who") or match.groupdict().get("url") or ""
            if who.lower() in technical or who.lower() in ("features", "orgs", "about", "topics"):
                continue
            start = match.start("url") if pattern is _SITE_CUE else match.start()
            at_end = not text[match.end() :].strip(" .,")
            value = _squeeze(text[start : match.end()])
            found.append(Span(start, match.end(), "URL", value, open=at_end))
    if _DOTTED.search(text):
        found += _own_domains(text, english)
    for match in _ANY_PATH.finditer(text) if english and "slash" in text else ():
        who = match.group("who").lower().split()
        if who[0] not in technical and any(not vocabulary().is_ordinary(word) for word in who):
            found.append(Span(match.start(), match.end(), "URL", _squeeze(match.group())))
    for match in _AT_HANDLE.finditer(text):
        near = text[max(0, match.start() - 40) : match.end() + 24]
        who = match.group("who").lower()
        if _HANDLE_CUE.search(near) and who.split(".")[0] not in _DECORATORS:
            found.append(Span(match.start(), match.end(), "HANDLE", _squeeze(who)))
    if english:
        for position, pattern in enumerate(_HANDLES):
            for match in pattern.finditer(text):
                if _is_handle(match.group("who"), strict=position >= 3):
                    who = _squeeze(match.group("who"))
                    start, end = match.span("who")
                    if decimal := _DECIMAL.match(text, end):  # "link 3.8": two digits, said apart
                        end = decimal.end()
                    at_end = not text[end:].strip(" .,")
                    found.append(Span(start, end, "HANDLE", who, open=at_end))
    return found


def _own_domains(text: str, english: bool) -> list[Span]:
    """Return domains that are somebody's name, written or said."""
    found = [
        Span(match.start(), match.end(), "URL", _squeeze(match.group()))
        for match in _DOMAIN.finditer(text)
        if _is_called(match.group("label").lower())
    ]
    for match in _SPOKEN_DOMAIN.finditer(text) if english else ():
        given, family = match.group("given").lower(), match.group("family").lower()
        lists = vocabulary()
        if given in lists.given and family not in lists.technical:
            found.append(Span(match.start(), match.end(), "URL", _squeeze(match.group())))
    return found


def _is_called(label: str) -> bool:
    """Tell whether a domain's name is a given name and a surname in one word."""
    lists = vocabulary()
    if label in lists.technical or label in lists.words:
        return False
    cuts = ((label[:n], label[n:].strip("-")) for n in range(3, len(label) - 2))
    return any(
        (first in lists.given or (first in lists.ambiguous and first not in lists.technical))
        and (
            last in lists.surnames
            or (len(first) > 4 and last not in lists.words)
            or (
                len(first) == 4
                and first in lists.given
                and len(last) > 4
                and last not in lists.words
            )
        )
        for first, last in cuts
    )


def _squeeze(said: str) -> str:
    said = re.sub(r" (?:dot|point) ", ".", said.lower())
    said = re.sub(r" (?:dash|hyphen) ", "-", said)
    said = re.sub(r" (?:forward )?slash ", "/", said)
    return re.sub(r"^https?://|^www\.|[\s@']|(?<=\w)_(?=\w)", "", said.replace(" underscore ", "_"))


def _is_handle(who: str, *, strict: bool) -> bool:
    """Tell whether words after a cue are a handle and not a product or company."""
    parts = [part for part in re.split(r"[\s@]+", who.lower()) if part]
    lists = vocabulary()
    if any(part in lists.technical for part in parts) and len(parts) == 1:
        return False
    if strict:
        return any(part not in lists.words or part in lists.ambiguous for part in parts)
    return True
