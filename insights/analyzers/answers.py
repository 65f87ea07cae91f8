"""Judges the shape of an answer by its wording: vague, incomplete, whose work, beside the point."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from insights.analyzers.claims import claims
from insights.analyzers.lexicon import load
from insights.analyzers.skills import mentions
from insights.analyzers.text import Normalised, content_words, normalised, sentences

STAR = ("situation", "task", "action", "result")
_MIN_VAGUE_WORDS = 6
_MIN_STORY_WORDS = 12
_MIN_OURS = 3
_MIN_OURS_WORDS = 20
_CHOICE = re.compile(r"\bbetween (.+?) (?:and|or|versus) (.+)$")
_OURS = re.compile(r"\b(?:we|our|us)\b")
_MINE = re.compile(r"\b(?:my (?:job|task|role|part|responsibility|idea|design|proposal)|myself)\b")
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


def vague(text: str) -> Passage | None:
    """Return the telling hedge of a vague or evasive answer, None for a concrete one."""
    plain = normalised(text)
    words = len(plain.tokens)
    if words < _MIN_VAGUE_WORDS:
        return None
    hedges = _hits("hedges", plain)
    unsure = _hits("unsure", plain)
    concrete = len(claims(text)) * 2 + len(mentions(text)) + min(2, len(actions(text)))
    concrete += len(_CONCRETE_TIME.findall(plain.norm))
    if unsure and concrete < 2:
        return Passage(*unsure[0], reason="Unsure")
    if len(hedges) >= 2 and (concrete < len(hedges) or len(hedges) / words > 0.12):
        return Passage(hedges[0][0], hedges[-1][1], reason="Vague wording")
    return None


def is_behavioural(question: str) -> bool:
    """Tell whether a question asks for something the candidate has lived through."""
    return bool(_hits("behavioural", normalised(question)))


def is_knowledge(question: str) -> bool:
    return not is_behavioural(question) and bool(_hits("knowledge", normalised(question)))


def invites_questions(question: str) -> bool:
    return bool(_hits("invites_questions", normalised(question)))


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
    if len(told.tokens) < _MIN_VAGUE_WORDS:
        return ""
    if _hits("asks_number", asked) and not re.search(_any("number_words"), told.norm):
        return "a number or a time"
    choice = _CHOICE.search(asked.norm)
    if choice and not (content_words(choice[1]) | content_words(choice[2])) & content_words(answer):
        return f"{choice[1]} or {choice[2]}"
    wanted = list(dict.fromkeys(mention.skill for mention in mentions(question)))
    if not wanted or content_words(question) & content_words(answer):
        return ""
    named = {mention.skill for mention in mentions(answer)}
    related = {skill.area for skill in wanted} & {skill.area for skill in named}
    return "" if named & set(wanted) or related else wanted[0].name


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
    r"(?:(?:yes|yeah|sure|so|and|okay|well|um)[,.]? )*"
    r"(?:(?:how|what|which|where|who|why)(?: \w+)? (?:do|does|did|is|are|will|would|can|should)|"
    r"(?:do|does|will|would|can|could|is|are) (?:you|the|your|there|we|i)) ",
    re.IGNORECASE,
)


def _hits(name: str, plain: Normalised) -> list[tuple[int, int]]:
    return [plain.span(match) for match in _any(name).finditer(plain.norm)]


def _words(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(f"(?:{p})" for p in patterns) + r")\b")


@cache
def _any(name: str) -> re.Pattern[str]:
    patterns: list[str] = load("answers")[name]
    # Word bounds do not fit the pattern for digits, which may stand inside "200ms".
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
