"""Builds the messages for a language model; whatever people said stands between random fences."""

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template

from insights.analyzers.base import Line, Window

_FOLDER = Path(__file__).parent / "prompts"
_FILES = ("analyze_system.txt", "analyze_user.txt", "sentiment_rule.txt")
_SUMMARY = ("notes_system.txt", "notes_user.txt", "report_system.txt", "report_user.txt")
_SYSTEM = (
    "analyze_system.txt",
    "followups_system.txt",
    "notes_system.txt",
    "report_system.txt",
    "sentiment_rule.txt",
)
_PASSAGE = 8  # words in a row that nobody says by accident
_FOLLOWUP_CONTEXT = 800  # characters
MAX_CONTEXT = 2000  # characters of earlier transcript, the newest of them
MAX_LINES = 8000
_MAX_PROFILE = 2000
_MAX_FIELD = 500
_MAX_ASKED = 20
_FENCE_BYTES = 12


def messages(window: Window) -> list[dict[str, str]]:
    """Return the system and the user message; the fence is new for every call."""
    fence = _new_fence()
    system = Template(_read("analyze_system.txt")).substitute(
        fence=fence,
        language=_field(window.language),
        today=window.today.isoformat(),
        sentiment_kind=' | "sentiment"' if window.sentiment else "",
        sentiment_rule=_read("sentiment_rule.txt").rstrip() if window.sentiment else "",
    )
    user = Template(_read("analyze_user.txt")).substitute(
        fence=fence,
        job=_field(window.job) or "(not given)",
        guide_question=_field(window.guide_question) or "(none)",
        competencies=_names(window.competencies),
        asked=_listed(window.asked),
        profile=_one_line_each(window.profile)[:_MAX_PROFILE] or "(not given)",
        digest=_field(window.digest) or "(nothing)",
        context=_tail(_spoken(window.context), MAX_CONTEXT) or "(none)",
        lines=_tail(_spoken(window.lines), MAX_LINES),
    )
    return _both(system, user)


def followup_messages(window: Window, *, most: int) -> list[dict[str, str]]:
    """Return the messages that ask for questions only, about what is still being said."""
    fence = _new_fence()
    system = Template(_read("followups_system.txt")).substitute(
        fence=fence, language=_field(window.language), most=most
    )
    user = Template(_read("followups_user.txt")).substitute(
        fence=fence,
        job=_field(window.job) or "(not given)",
        competencies=_names(window.competencies),
        asked=_listed(window.asked),
        context=_tail(_spoken(window.context), _FOLLOWUP_CONTEXT) or "(none)",
        lines=_tail(_spoken(window.lines), MAX_CONTEXT),
    )
    return _both(system, user)


def notes_messages(
    window: Window, *, sections: Mapping[str, str], guidance: str, most: int
) -> list[dict[str, str]]:
    """Return the messages that ask for notes about the lines of a finished interview.

    `sections` are the names of competencies by the code of their section.
    """
    fence = _new_fence()
    system = Template(_read("notes_system.txt")).substitute(
        fence=fence,
        language=_field(window.language),
        sections=_coded(sections),
        most=most,
    )
    user = Template(_read("notes_user.txt")).substitute(
        fence=fence,
        job=_field(window.job) or "(not given)",
        guidance=_field(guidance) or "(none)",
        context=_tail(_spoken(window.context), _FOLLOWUP_CONTEXT) or "(none)",
        lines=_spoken(window.lines),
    )
    return _both(system, user)


def report_messages(
    window: Window,
    notes: Sequence[tuple[str, str]],
    *,
    sections: Mapping[str, str],
    guidance: str,
    most: int,
    overview: bool,
) -> list[dict[str, str]]:
    """Return the messages that ask to put notes, (section code, text), together."""
    fence = _new_fence()
    extra = ', or "overview" for two or three sentences on the whole, from notes of any section'
    system = Template(_read("report_system.txt")).substitute(
        fence=fence,
        language=_field(window.language),
        sections=_coded(sections),
        most=most,
        overview=extra if overview else "",
    )
    user = Template(_read("report_user.txt")).substitute(
        fence=fence,
        job=_field(window.job) or "(not given)",
        guidance=_field(guidance) or "(none)",
        notes="\n".join(
            f"[{n}] {section}: {_field(text)}" for n, (section, text) in enumerate(notes, start=1)
        ),
    )
    return _both(system, user)


def _coded(sections: Mapping[str, str]) -> str:
    lines = (
        f"- {code}: what the candidate said about {json.dumps(_field(name), ensure_ascii=False)}."
        for code, name in sections.items()
    )
    return "\n".join(lines)


def _both(system: str, user: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _new_fence() -> str:
    return f"<<<{secrets.token_hex(_FENCE_BYTES)}>>>"


def _names(competencies: Iterable[str]) -> str:
    return json.dumps([_field(name) for name in competencies], ensure_ascii=False)


def _listed(asked: Sequence[str]) -> str:
    return "\n".join(f"- {_field(text)}" for text in asked[-_MAX_ASKED:]) or "(none)"


def repeats(text: str) -> bool:
    """Tell whether a text holds a passage of what the model is told: none of it may be shown."""
    words = _words(text)
    return any(words[n : n + _PASSAGE] in _passages() for n in range(len(words) - _PASSAGE + 1))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


@cache
def _passages() -> frozenset[tuple[str, ...]]:
    told = [_words(_read(name)) for name in _SYSTEM]
    return frozenset(
        words[n : n + _PASSAGE] for words in told for n in range(len(words) - _PASSAGE + 1)
    )


@cache
def version() -> str:
    """Return what identifies the wording of the prompts, for caches and records."""
    return sha256("\0".join(_read(name) for name in _FILES).encode()).hexdigest()[:12]


@cache
def summary_version() -> str:
    """Return what identifies the wording of the summary's prompts."""
    return sha256("\0".join(_read(name) for name in _SUMMARY).encode()).hexdigest()[:12]


def _spoken(lines: Iterable[Line]) -> str:
    return "\n".join(f"{line.role}: {_one_line_each(line.text)}" for line in lines)


def _tail(text: str, limit: int) -> str:
    """Return the end of a text, cut where a line begins."""
    if len(text) <= limit:
        return text
    _, _, rest = text[-limit:].partition("\n")
    return rest or text[-limit:]


def _field(text: str) -> str:
    return " ".join(text.split())[:_MAX_FIELD]


def _one_line_each(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
