"""Analyses a session has had, sealed in the cache: the same window is not asked about twice.

One value per session holds its newest analyses, sealed with the session's key: a dump of the cache
shows no word, and with the session's key its memory is gone too.
"""

import hashlib
import hmac
import json
import time
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.db import transaction

from copilot.lib.crypto import derive
from insights import sealed_cache
from insights.analyzers import model_answer, prompt
from insights.analyzers.base import Analysis, Finding, Line, Window
from insights.analyzers.cards import key
from insights.analyzers.evidence import ground
from insights.kinds import Kind, Priority
from sessions import access
from sessions.models import Session
from transcription import queries as words

ENGINE = "cache"
NAME = "memory"  # in the sealed cache
MOST = 20  # analyses per session


def recall(session: Session, window: Window, model: str) -> Analysis | None:
    """Return the analysis of this very window by this model and prompt, if it is still there."""
    wanted = _window_mark(session, window, model)
    for entry in _entries(session):
        if entry["window"] == wanted:
            return _analysis(entry, window)
    return None


@transaction.atomic
def remember(session: Session, window: Window, model: str, analysis: Analysis) -> None:
    """Keep an analysis for a while; not one of lines that were erased meanwhile."""
    read = {line.id for line in (*window.transcript, *window.claimed)}
    held = access.lock_session(session.pk)
    if held is None or not read.isdisjoint(words.erased(held)):
        return
    entry = {
        "window": _window_mark(session, window, model),
        "lines": sorted(_line_marks(session, window.transcript)),
        "at": time.time(),
        "digest": analysis.digest,
        "findings": [asdict(finding) for finding in analysis.findings],
    }
    others = [kept for kept in _entries(session) if kept["window"] != entry["window"]]
    seconds = settings.INTERVIEW_ANALYSIS_CACHE
    sealed_cache.keep(session, NAME, [entry, *others[: MOST - 1]], seconds)


def forget(session: Session) -> None:
    """Keep nothing; what is under way keeps nothing either once a line it read is erased."""
    sealed_cache.forget(session, NAME)


def nearest(session: Session, window: Window) -> Analysis | None:
    """Return what earlier analyses of this session found about lines of this window.

    The one that read most of these lines, at least one of the new ones; None where it found nothing
    that a new line bears out.
    """
    fresh = _line_marks(session, window.lines)
    marks = _line_marks(session, window.transcript)
    near = [entry for entry in _entries(session) if fresh.intersection(entry["lines"])]
    if not near:
        return None
    best = max(near, key=lambda entry: len(marks.intersection(entry["lines"])))
    analysis = replace(_analysis(best, window), digest="")
    return analysis if analysis.findings else None


def _analysis(entry: dict[str, Any], window: Window) -> Analysis:
    found = (_again(_finding(data), window) for data in entry["findings"])
    findings = tuple(finding for finding in found if finding is not None)
    return Analysis(findings, ENGINE, digest=entry["digest"])


def _finding(data: dict[str, Any]) -> Finding:
    priority = data.pop("priority")
    return Finding(
        **{
            **data,
            "kind": Kind(data["kind"]),
            "line_ids": tuple(data["line_ids"]),
            "priority": Priority(priority) if priority else None,
        }
    )


def _again(finding: Finding, window: Window) -> Finding | None:
    """Find the quote in this window, whose lines may have other ids."""
    placed = ground(finding, window.lines) or ground(finding, window.transcript)
    if placed is None or not {line.id for line in window.lines}.intersection(placed.line_ids):
        return None
    if placed.line_ids != finding.line_ids:
        named = key(placed.kind, placed.line_ids[0], f"llm:{placed.content.casefold()}")
        placed = replace(placed, data={**placed.data, "key": named})
    return placed


def _entries(session: Session) -> list[dict[str, Any]]:
    """Return what is kept of a session, the newest first."""
    entries = sealed_cache.kept(session, NAME) or []
    oldest = time.time() - settings.INTERVIEW_ANALYSIS_CACHE
    return [entry for entry in entries if entry["at"] > oldest]


def _window_mark(session: Session, window: Window, model: str) -> str:
    """Return what two windows share when the same answer serves both."""
    read = [
        model,
        prompt.version(),
        model_answer.version(),
        [window.language, window.sentiment, window.today.isoformat()],
        [window.job, window.guide_question, window.competencies, window.profile],
        [window.asked, window.digest],
        [
            [(line.role, _plain(line)) for line in part]
            for part in (window.lines, window.context, window.claimed)
        ],
    ]
    return _mark(_key(session), json.dumps(read))


def _line_marks(session: Session, lines: tuple[Line, ...]) -> set[str]:
    secret = _key(session)
    return {_mark(secret, f"{line.role}|{_plain(line)}")[:16] for line in lines}


def _plain(line: Line) -> str:
    return " ".join(line.text.casefold().split())


def _key(session: Session) -> bytes:
    return derive(session.data_key(), "memory")


def _mark(secret: bytes, text: str) -> str:
    return hmac.digest(secret, text.encode(), hashlib.sha256).hex()
