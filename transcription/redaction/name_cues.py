"""Names that the words around them announce."""

from __future__ import annotations

import re

from .name_shapes import name_at
from .spans import Span
from .tokens import Token
from .vocabulary import vocabulary

_ROLE = (
    r"(?:manager|boss|supervisor|mentor|colleague|coworker|teammate|team lead|tech lead|"
    r"lead|director|cto|ceo|"
    r"cfo|recruiter|interviewer|reference|referee|wife|husband|partner|friend|brother|"
    r"sister|son|daughter|"
    r"mother|father|mom|dad|roommate|professor|advisor|co-founder|cofounder|assistant|"
    r"predecessor|successor|head|vp|chief|architect|teacher|coach|owner|founder|neighbou?r|"
    r"cousin|uncle|aunt|dean|tutor|client|customer|coach)"
)
_CERTAIN = re.compile(
    r"\b(?:(?:my|his|her|full|first|last|middle|maiden|whose|given|family|the) name(?: is|"
    r"'s|’s)|name is|named|"
    rf"(?:{_ROLE}|guy|person|somebody|someone|he|she)(?: is| was)? called|"
    r"(?:mr|mrs|ms|dr|prof)\.?|mister|missus|doctor|professor|you can call me|"
    r"they call me|just call me|"
    r"everyone calls me|spoke(?:n)? (?:to|with) (?:a )?(?:mr|ms|mrs)\.?)[,:]? (?:uh,? |um,? )?",
    re.IGNORECASE,
)
_TITLE = re.compile(r"(?:mr|mrs|ms|dr|prof|mister|missus|doctor|professor)\b", re.IGNORECASE)
_LIKELY = re.compile(
    rf"\b(?:report(?:ed|s|ing)? (?:in)?to|(?:my|our|his|her|the|former|old|new|first|"
    rf"last) {_ROLE}(?: back then| there| at the time)?(?: was| is|'s name is| named|,)?|"
    r"interviewed by|hired by|managed by|mentored by|supervised by|worked (?:for|under|"
    r"alongside)|working under|"
    r"introduced(?: me)?(?: to)?|(?:founded|led|decided|reviewed|approved|signed|trained|taught|"
    r"run|owned|written|headed|coached) by|talk to|speak (?:to|with)|sat next to|this is|i'm|i am|"
    r"hi|hello|hey|thanks|thank you|met with|"
    r"spoke with|talked to|"
    r"talking to|ask|asked|told|hired|promoted|interviewed|it was|contact|email|"
    r"between me and|with my \w+|cc|nice to meet you|good morning|"
    r"me and|goodbye|welcome|over to|passed it to|paired with|back to you)[,:]? (?:uh,? |um,? )?",
    re.IGNORECASE,
)
_SPEAKING = re.compile(
    r"\b(?P<name>\w+(?: [\w'’-]+)?) speaking\b(?! (?:to|about|with|of|at|engagements?))",
    re.IGNORECASE,
)
_HUMAN = re.compile(
    r"\b(?P<name>\w+(?: [\w'’-]+)?)(?:['’]s (?:team|group|idea|design|manager|boss|desk|laptop|"
    r"resume|"
    r"notes|answer|opinion|decision|office|badge|questions?)\b| (?:and i|wrote|built|fixed|left|"
    r"approved|helped|showed|"
    r"on (?:my|our|the|his|her) team|from (?:legal|sales|hr|finance|marketing|support|accounting|"
    r"ops|"
    r"operations|engineering|product|design|it|the \w+ team)|reviewed|led|signed|moved|says|knows|"
    r"joined(?: (?:us|the|our|from|my))?|told (?:me|us|him|"
    r"her)|said|asked (?:me|us|him|her|if)|"
    r"taught (?:me|us)|mentored|hired me|explained (?:to|that|how|why|it)|suggested|"
    r"emailed|resigned|retired|quit|who)\b)",
    re.IGNORECASE,
)
# After these the next word is taken for a name only if something behind it says so too.
_SELF = re.compile(r"(?:this is|i'm|i am)[,:]? (?:uh,? |um,? )?$", re.IGNORECASE)
_SELF_AFTER = re.compile(
    r"^[,.]?\s*(?:from|speaking|calling|here|and (?:i'm|i am|i|this|my)|your|"
    r"the (?:hiring|lead|senior|new)|"
    r"i'm|i am|i (?:work|have|lead|run|will)|with the|a (?:senior|software|backend|data|"
    r"staff|lead))\b",
    re.IGNORECASE,
)


def find_by_cue(text: str, tokens: list[Token]) -> list[Span]:
    """Return names that the words around them announce, also in lower case."""
    by_start = {token.start: index for index, token in enumerate(tokens)}
    found: list[Span] = []
    for pattern, certain in ((_CERTAIN, True), (_LIKELY, False)):
        for match in pattern.finditer(text):
            index = by_start.get(match.end())
            if index is None:
                continue
            span = name_at(tokens, index, certain=certain)
            if span is None and _TITLE.match(match.group()) and _is_family(tokens[index]):
                span = Span(tokens[index].start, tokens[index].end, "NAME", tokens[index].low)
            if span is None:
                continue
            if (
                not certain
                and _SELF.search(match.group())
                and not (_SELF_AFTER.match(text[span.end :]) or _looks_given(tokens[index]))
            ):
                continue
            found.append(span)
    for match in (*_SPEAKING.finditer(text), *_HUMAN.finditer(text)):
        index = by_start.get(match.start())
        while index is not None and index < len(tokens) and tokens[index].end <= match.end("name"):
            span = name_at(tokens, index, certain=False)
            if span is not None:
                found.append(span)
                break
            index += 1
    return found


def _is_family(token: Token) -> bool:
    lists = vocabulary()
    capital = token.text[0].isupper()
    return token.low in lists.surnames and (capital or token.low not in lists.technical)


def _looks_given(token: Token) -> bool:
    return token.low in vocabulary().given
