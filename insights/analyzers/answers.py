"""Judges the shape of an answer by its wording: vague, incomplete, whose work, beside the point."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from insights.analyzers.claims import claims
from insights.analyzers.guards import unlawful_trait
from insights.analyzers.lexicon import load
from insights.analyzers.skills import Skill, mentions
from insights.analyzers.speech import once
from insights.analyzers.text import Normalised, content_words, normalised, sentences
from insights.analyzers.usage import unused

STAR = ("situation", "task", "action", "result")
_MIN_VAGUE_WORDS = 6
_MIN_STORY_WORDS = 12
_MIN_OURS = 3
_MIN_OURS_WORDS = 20
_CHOICE = re.compile(r"\bbetween (.+?) (?:and|or|versus) (.+)$")
_SETTLES = re.compile(r"(?:well |um |uh |oh )*(?:yes|yeah|yep|no|nope|sure|definitely|of course)\b")
_YES = re.compile(r"(?:well |um |uh |oh )*(?:yes|yeah|yep|sure|definitely|of course)\b(?! but)")
_DO_YOU = re.compile(r"\b(?:do|have|did|can|are) you\b(?!.*\bor\b)")
_TAKES_SIDES = re.compile(
    r"\b(?:both|neither|either|the (?:first|second|former|latter|other)|the \w+ one|it depends|"
    r"none)\b"
)
_OURS = re.compile(r"\b(?:we|our|us)\b")
_MINE = re.compile(
    r"\b(?:my (?:own )?(?:job|task|role|part|responsibility|idea|design|proposal)|myself|"
    r"i (?:\w+ )?(?:write|decide|lead|run|build|keep|own|do|make|plan|check|review|call|take) )"
)
_DENIED = re.compile(r"\b(?:never|not|nobody|without)(?: \w+)? $")
_CONCRETE_TIME = re.compile(
    r"\b(?:last (?:year|month|week|summer|winter|quarter)|in (?:19|20)\d\d|\d+ \w+ ago|yesterday)\b"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of an answer that show something, at character offsets, and what an analyzer says."""

    start: int
    end: int
    reason: str = ""
    advice: str = ""


@once
def vague(text: str) -> Passage | None:
    """Return the telling words of a vague or evasive answer, None for a concrete one."""
    plain = normalised(text)
    words = len(plain.tokens)
    if words < _MIN_VAGUE_WORDS:
        return None
    concrete = _concrete(text, plain)
    doubts = unsure(text)
    if doubts and concrete < 2:
        return Passage(*doubts[0], reason="Unsure")
    hedged = hedges(text)
    if len(hedged) >= 2 and (concrete < len(hedged) or len(hedged) / words > 0.12):
        return Passage(hedged[0][0], hedged[-1][1], reason="Vague wording")
    return None


@once
def hedges(text: str) -> list[tuple[int, int]]:
    return _hits("hedges", normalised(text))


def unsure(text: str) -> list[tuple[int, int]]:
    """Return where somebody says that they do not know, or will not say."""
    return _hits("unsure", normalised(text))


def _concrete(text: str, plain: Normalised) -> int:
    """Count what an answer can be held to: claims, tools, own acts, times."""
    told = len(claims(text)) * 2 + len(mentions(text)) + min(2, len(actions(text)))
    return told + len(_CONCRETE_TIME.findall(plain.norm))


def is_behavioural(question: str) -> bool:
    """Tell whether a question asks for something the candidate has lived through."""
    return bool(_hits("behavioural", normalised(question)))


def is_knowledge(question: str) -> bool:
    return not is_behavioural(question) and bool(_hits("knowledge", normalised(question)))


def invites_questions(question: str) -> bool:
    return bool(_hits("invites_questions", normalised(question)))


@once
def star_parts(text: str) -> dict[str, tuple[int, int]]:
    """Return the parts of a story that the wording shows, each with its first telling words."""
    plain = normalised(text)
    found: dict[str, tuple[int, int]] = {}
    for part in STAR:
        hit = _star(part).search(plain.norm)
        if hit:
            found[part] = plain.span(hit)
    own = actions(text)
    if own:
        found["action"] = own[0]
    change = next((claim for claim in claims(text) if claim.kind == "change"), None)
    if change:
        found["result"] = (change.start, change.end)
    return found


def missing_star(text: str) -> list[str]:
    """Return the parts a story lacks; a situation that is told carries its task."""
    if len(text.split()) < _MIN_STORY_WORDS:
        return []
    found = star_parts(text)
    missing = [part for part in STAR if part not in found]
    if "situation" in found and "task" in missing:
        missing.remove("task")
    return missing


@once
def actions(text: str) -> list[tuple[int, int]]:
    """Return where the speaker says "I" did something."""
    plain = normalised(text)
    return [plain.span(match) for match in _action().finditer(plain.norm)]


def only_ours(text: str) -> Passage | None:
    """Return the words of a story told as "we" without one own act."""
    plain = normalised(text)
    ours = list(_OURS.finditer(plain.norm))
    if len(plain.tokens) < _MIN_OURS_WORDS or len(ours) < _MIN_OURS:
        return None
    if actions(text) or _MINE.search(plain.norm):
        return None
    return Passage(plain.span(ours[0])[0], plain.span(ours[-1])[1], reason="Own part unclear")


def unanswered(question: str, answer: str) -> str:
    """Return what a question asked for and the answer does not touch, empty when it does."""
    asked = normalised(question)
    told = normalised(answer)
    if len(told.tokens) < _MIN_VAGUE_WORDS or _SETTLES.match(told.norm):
        return ""
    if _hits("evades", told):
        # Nobody needs to answer what may not be asked.
        return "" if unlawful_trait(question) else "it"
    if _hits("asks_number", asked):
        missing = not re.search(_any("number_words"), told.norm)
        return "a number or a time" if missing else ""
    choice = _CHOICE.search(asked.norm)
    if choice:
        options = content_words(choice[1]) | content_words(choice[2])
        if not options & content_words(answer) and not _TAKES_SIDES.search(told.norm):
            return f"{choice[1]} or {choice[2]}"
    offered = _either(question)
    if len(offered) > 1:
        named = {mention.skill for mention in mentions(answer)}
        if not named & set(offered) and not _TAKES_SIDES.search(told.norm):
            return " or ".join(skill.name for skill in offered)
    return ""


def confirmed(question: str, answer: str) -> list[str]:
    """Return the skills that "yes" confirms: "Do you write SQL yourself?" — "Yes, every day."."""
    if not _YES.match(normalised(answer).norm) or not _DO_YOU.search(normalised(question).norm):
        return []
    named = {mention.skill.name for mention in mentions(question)}
    return sorted(named - unused(answer))


def _either(question: str) -> list[Skill]:
    """Return the skills a question offers for a choice: "Redis or Cassandra?"."""
    named = mentions(question)
    offered = [
        mention.skill
        for first, second in pairwise(named)
        for mention in (first, second)
        if question[first.end : second.start].strip() == "or"
    ]
    return list(dict.fromkeys(offered))


def red_flags(text: str) -> list[Passage]:
    """Return wording that deserves a calm second question."""
    plain = normalised(text)
    found = []
    for flag, pattern in _red_flags():
        hit = pattern.search(plain.norm)
        if hit and not _DENIED.search(plain.norm[: hit.start()]):
            found.append(Passage(*plain.span(hit), reason=flag["reason"], advice=flag["advice"]))
    return found


def own_questions(text: str) -> list[str]:
    """Return the questions in a text; without punctuation, sentences that start like one."""
    return [
        text[start:end].strip()
        for start, end in sentences(text)
        if text[start:end].rstrip().endswith("?") or _STARTS_QUESTION.match(text[start:end].strip())
    ]


_STARTS_QUESTION = re.compile(
    r"(?:(?:yes|yeah|sure|so|and|okay|well|um|uh|good|great|right|thanks|alright|i see|one more|"
    r"just)"
    r"[,.]? )*"
    r"(?:(?:how|what|which|where|when|who|why)(?: \w+){0,3}? "
    r"(?:do|does|did|is|are|was|were|will|would|can|could|should|may|might|have|has)|"
    r"(?:do|does|did|will|would|can|could|is|are|may|have|has) "
    r"(?:you|the|your|there|we|i|it|that|my|people|somebody|anybody)) ",
    re.IGNORECASE,
)


def _hits(name: str, plain: Normalised) -> list[tuple[int, int]]:
    return [plain.span(match) for match in _any(name).finditer(plain.norm)]


def _words(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(f"(?:{p})" for p in patterns) + r")\b")


@cache
def _any(name: str) -> re.Pattern[str]:
    patterns: list[str] = load("answers")[name]
    # Digits may stand inside a word, as in "200ms", where word bounds do not fit.
    return re.compile("|".join(patterns)) if r"\d" in patterns else _words(patterns)


@cache
def _star(part: str) -> re.Pattern[str]:
    return _words(load("answers")["star"][part])


@cache
def _red_flags() -> list[tuple[dict[str, str], re.Pattern[str]]]:
    return [(flag, _words(flag["patterns"])) for flag in load("answers")["red_flags"]]


@cache
def _action() -> re.Pattern[str]:
    lexicon = load("answers")
    stative = "|".join(lexicon["stative_i"].split())
    irregular = "|".join(lexicon["action_verbs"].split())
    return re.compile(
        r"\bi (?:have )?(?:also |then |just |first |personally |immediately |quickly |really )*"
        rf"(?!(?:{stative})\b)(?:\w\w+ed|{irregular})\b"
    )
