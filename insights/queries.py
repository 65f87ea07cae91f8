"""Reads: cards and the snapshot of a session the caller already passed the door for."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from accounts.models import Organization
from copilot.lib.errors import DomainError
from insights.analyzers.base import Line, Window
from insights.kinds import Kind
from insights.models import AnalysisRun, Insight
from insights.serializers import claim_json, insight_json, tone_json
from sessions.models import Session
from sessions.notices import model_reads_along
from sessions.queries import notes_after
from sessions.serializers import guide_json, note_json, session_json
from transcription import queries as words
from transcription.models import Segment
from transcription.privacy import session_redactor
from transcription.serializers import gap_json, segment_json, stream_json, upload_json
from transcription.speech import choose_engine

CONTEXT_CHARS = 2000
REASONS = {
    "timeout": "The model is slow; local rules are used.",
    "rate_limited": "The model is at its limit; local rules are used.",
    "unauthorized": "The model refused the key; local rules are used.",
    "unreachable": "The model cannot be reached; local rules are used.",
    "malformed": "The model's answer made no sense; local rules are used.",
    "refused": "The model declined; local rules are used.",
    "too_long": "The model's answer was cut; local rules are used.",
    "budget": "Today's budget for the model is used up; local rules are used.",
}


def insights_of(session: Session) -> QuerySet[Insight]:
    """Return the living cards, the most urgent first, then the newest."""
    living = session.insights.exclude(state=Insight.State.SUPERSEDED)
    return living.order_by("-priority", "-created_at")


def analysis_json(session: Session, run: AnalysisRun | None = None) -> dict[str, Any]:
    """Return who analyses this session at the moment and, where it is not the model, why."""
    if not session.organization.analysis_enabled:
        return {"engine": "off", "detail": "Analysis is switched off for this organization."}
    run = run or session.runs.order_by("-created_at").first()
    if run is not None:
        return {"engine": run.engine, "detail": REASONS.get(run.error, "")}
    if model_reads_along():
        return {"engine": "llm", "detail": ""}
    return {"engine": "rules", "detail": "No language model is configured; local rules are used."}


def _engine_json(session: Session) -> dict[str, str] | None:
    stream = session.streams.exclude(engine="").first()
    if stream is not None:
        return {"name": stream.engine, "reason": stream.engine_reason}
    try:
        choice = choose_engine(session.language)
    except DomainError as error:
        return {"name": "", "reason": error.detail}
    return {"name": choice.name, "reason": choice.reason}


@transaction.atomic
def snapshot(session: Session, *, after: int = 0) -> dict[str, Any]:
    """Return the session and everything stored or changed after revision `after`.

    The cursor is read first: what is stored meanwhile comes again as an event or in the next
    snapshot, and applying it twice changes nothing.
    """
    session.refresh_from_db(fields=["revision"])
    cursor = session.revision
    state = {
        **session_json(session),
        "engine": _engine_json(session),
        "analysis": analysis_json(session),
    }
    upload = words.upload_of(session)
    return {
        "cursor": cursor,
        "session": state,
        "guide": guide_json(session.guide),
        "segments": [segment_json(s) for s in words.changed_after(session, after)],
        "insights": [insight_json(i) for i in session.insights.filter(revision__gt=after)],
        "claims": [claim_json(c) for c in session.claims.filter(revision__gt=after)],
        "tones": tones_after(session, after),
        "notes": [note_json(n) for n in notes_after(session, after)],
        "gaps": [gap_json(g) for g in words.gaps_after(session, after)],
        "upload": upload_json(upload) if upload else None,
        "streams": [stream_json(s) for s in session.streams.all()],
    }


def tones_after(session: Session, after: int) -> list[dict[str, Any]]:
    """Return the points of the tone chart in order; none where an organization wants none."""
    if not session.organization.sentiment:
        return []
    points = session.tones.filter(revision__gt=after).select_related("segment")
    return [tone_json(point) for point in points.order_by("segment__end_ms")]


def tokens_today(organization: Organization) -> int:
    """Return how many tokens language models took for an organization since midnight UTC."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    runs = AnalysisRun.objects.filter(
        session__organization=organization, created_at__gte=midnight
    ).aggregate(total=Sum(F("tokens_in") + F("tokens_out")))
    return runs["total"] or 0


def line_of(segment: Segment) -> Line:
    return Line(
        id=str(segment.pk),
        role=segment.role,
        text=segment.text,
        start=segment.start_ms / 1000,
        end=segment.end_ms / 1000,
    )


def window(session: Session, *, after: int, through: int, digest: str = "") -> Window:
    """Return what an analyzer may know about the segments (after, through]."""
    fresh = words.stored_between(session, after, through)
    fresh.sort(key=lambda s: s.start_ms)
    return Window(
        lines=tuple(line_of(s) for s in fresh),
        context=context(session, after),
        language=session.language,
        job=session.job,
        profile=_profile(session),
        competencies=competencies(session),
        asked=_suggested_before(session, {str(s.pk) for s in fresh}),
        digest=digest,
        today=datetime.now(UTC).date(),
        sentiment=session.organization.sentiment,
    )


def _profile(session: Session) -> str:
    """Return the candidate's profile without personal details: analyzers may quote it."""
    redactor = session_redactor(session)
    lines = (session.profile or "").splitlines()
    return "\n".join(redactor.final(line).text for line in lines)


def _suggested_before(session: Session, fresh: set[str]) -> tuple[str, ...]:
    """Return the questions suggested about other lines than these.

    Those about the same lines are left out: a run that starts over must find what it found.
    """
    questions = session.insights.filter(kind=Kind.QUESTION)
    return tuple(card.content for card in questions if not fresh.intersection(card.segments))


def context(session: Session, through: int) -> tuple[Line, ...]:
    """Return the last lines up to sequence `through`, at most CONTEXT_CHARS of them, in order."""
    lines: list[Line] = []
    room = CONTEXT_CHARS
    newest_first = words.transcript(session).filter(sequence__lte=through).order_by("-sequence")
    for segment in newest_first[:100].iterator(chunk_size=20):
        segment.session = session
        line = line_of(segment)
        room -= len(line.text)
        if room < 0:
            break
        lines.append(line)
    return tuple(sorted(lines, key=lambda line: line.start))


def competencies(session: Session) -> tuple[str, ...]:
    if session.guide is None:
        return ()
    return tuple(session.guide.competencies.values_list("name", flat=True))
