"""Builds the messages for a language model; whatever people said stands between random fences."""

import json
import secrets
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template

from insights.analyzers.base import Line, Window

_FOLDER = Path(__file__).parent / "prompts"
_FILES = ("analyze_system.txt", "analyze_user.txt", "sentiment_rule.txt")
MAX_CONTEXT = 2000  # characters of earlier transcript, the newest of them
MAX_LINES = 8000
_MAX_PROFILE = 2000
_MAX_FIELD = 500
_MAX_ASKED = 20
_FENCE_BYTES = 12


def messages(window: Window) -> list[dict[str, str]]:
    """Return the system and the user message; the fence is new for every call."""
    fence = f"<<<{secrets.token_hex(_FENCE_BYTES)}>>>"
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
        competencies=json.dumps([_field(name) for name in window.competencies], ensure_ascii=False),
        asked="\n".join(f"- {_field(text)}" for text in window.asked[-_MAX_ASKED:]) or "(none)",
        profile=_one_line_each(window.profile)[:_MAX_PROFILE] or "(not given)",
        digest=_field(window.digest) or "(nothing)",
        context=_tail(_spoken(window.context), MAX_CONTEXT) or "(none)",
        lines=_tail(_spoken(window.lines), MAX_LINES),
    )
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


@cache
def version() -> str:
    """Return what identifies the wording of the prompts, for caches and records."""
    return sha256("\0".join(_read(name) for name in _FILES).encode()).hexdigest()[:12]


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
