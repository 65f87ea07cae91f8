"""Reads: cards and the snapshot of a session the caller already passed the door for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from copilot.lib.errors import DomainError
from insights import sealed_cache
from insights.analyzers import tone
from insights.analyzers.base import CANDIDATE, INTERVIEWER, Line, Window
from insights.kinds import Kind
from insights.models import AnalysisRun, AnalysisState, Claim, Insight, SentimentPoint
from insights.serializers import claim_json, insight_json, tone_json
from sessions.models import Session
from sessions.notices import model_reads_along
from sessions.queries import notes_after
from sessions.serializers import guide_json, note_json, session_json
from sessions.services import has_consent
from sessions.states import Status
from transcription import queries as words
from transcription.models import Segment
from transcription.privacy import session_redactor
from transcription.serializers import gap_json, segment_json, stream_json, upload_json
from transcription.speech import choose_engine

CONTEXT_CHARS = 2000
ASKED_LINES = 40  # of the interviewer, in which a question may have been asked
BANK_CARDS = 30  # the newest of an interview
RECENT_LINES = 40  # enough for the last few answers
MOST_ASKED = 20  # suggested questions an analyzer is told of, and as many of the interviewer's own
MOST_CLAIMED = 100
_QUESTION_WORDS = 4  # "go on" and "I see" ask for nothing
WINDOW_CHARS = 7500  # what the prompt takes whole
REASONS = {
    "timeout": "The model is slow; local rules are used.",
    "rate_limited": "The model is at its limit; local rules are used.",
    "unauthorized": "The model refused the key; local rules are used.",
    "unreachable": "The model cannot be reached; local rules are used.",
    "malformed": "The model's answer made no sense; local rules are used.",
    "refused": "The model declined; local rules are used.",
    "too_long": "The model's answer was cut; local rules are used.",
    "budget": "Today's budget for the model is used up; local rules are used.",
    "busy": "The model is busy with other interviews; local rules are used.",
}


def insights_of(session: Session) -> QuerySet[Insight]:
    """Return the living cards, the most urgent first, then the newest."""
    living = shown(session).exclude(state=Insight.State.SUPERSEDED)
    return living.order_by("-priority", "-created_at")


def shown(session: Session) -> QuerySet[Insight]:
    """Return the cards, without those on the tone where an organization wants none."""
    cards = session.insights.all()
    return cards if session.organization.sentiment else cards.exclude(kind=Kind.SENTIMENT)


def claims_of(session: Session, *, after: int = 0) -> QuerySet[Claim]:
    """Return the ledger in the order of the interview; not what was an echo of another."""
    claims = session.claims.filter(revision__gt=after, segment__echo=False)
    return claims.order_by("segment__start_ms", "created_at")


def analysis_json(session: Session, run: AnalysisRun | None = None) -> dict[str, Any]:
    """Return who analyses this session at the moment and, where it is not the model, why."""
    if not session.organization.analysis_enabled:
        return _analysed_by("off", "Analysis is switched off for this organization.")
    reviewing = under_review(session)
    about_words = session.runs.exclude(purpose=AnalysisRun.Purpose.PREDICTION)
    run = run or about_words.order_by("-created_at").first()
    if run is not None:
        engine = run.engine
        if engine == "cache":  # the model's own words; where it failed, the rules' beside them
            engine = "rules" if run.error else "llm"
        return _analysed_by(engine, REASONS.get(run.error, ""), reviewing=reviewing)
    return _analysed_by("llm" if model_reads_along() else "rules", "", reviewing=reviewing)


def slow_json() -> dict[str, Any]:
    """Return who analyses while the model is still awaited."""
    return _analysed_by("rules", "The model is slow; local rules are used meanwhile.")


def _analysed_by(engine: str, detail: str, *, reviewing: bool = False) -> dict[str, Any]:
    return {"engine": engine, "detail": detail, "reviewing": reviewing}


def under_review(session: Session) -> bool:
    """Tell whether an interview that is over is being read once more."""
    state = AnalysisState.objects.filter(session=session).first()
    if session.status != Status.ENDED or state is None:
        return False
    if state.analysed_through < state.last_sequence:
        return False  # of the interview itself not everything is read
    if state.lease_until is not None and state.lease_until > timezone.now():
        return True
    newest = newest_review(session)
    return newest is not None and newest.through < state.last_sequence


def newest_review(session: Session) -> AnalysisRun | None:
    return session.runs.filter(purpose=AnalysisRun.Purpose.REVIEW).order_by("-pk").first()


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
        "insights": [insight_json(i) for i in shown(session).filter(revision__gt=after)],
        "claims": [claim_json(c) for c in claims_of(session, after=after)],
        "tones": [tone_json(t) for t in tones_of(session, after=after)],
        "notes": [note_json(n) for n in notes_after(session, after)],
        "gaps": [gap_json(g) for g in words.gaps_after(session, after)],
        "upload": upload_json(upload) if upload else None,
        "streams": [stream_json(s) for s in session.streams.all()],
    }


def tones_of(session: Session, *, after: int = 0) -> QuerySet[SentimentPoint]:
    """Return the points of the tone chart in order; none where an organization wants none."""
    points = session.tones.filter(revision__gt=after, segment__echo=False)
    if not session.organization.sentiment:
        points = points.none()
    return points.select_related("segment").order_by("segment__end_ms")


def tone_summary(session: Session) -> dict[str, Any] | None:
    """Return the tone of the whole interview so far; None where there is none to tell."""
    points = tones_of(session).select_related(None).only("session", "reading")
    readings = [point.reading for point in points]
    return tone.summary(readings) if readings else None


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
    lines = tuple(line_of(s) for s in fresh)
    before = context(session, after)
    known = {line.id for line in (*before, *lines)}
    return Window(
        lines=lines,
        context=before,
        language=session.language,
        job=_redacted(session, "job", session.job),
        profile=_redacted(session, "profile", session.profile or ""),
        competencies=competencies(session),
        asked=(
            *_suggested_before(session, {line.id for line in lines}),
            *_asked_before(session, after, known),
        ),
        digest=digest,
        claimed=_claimed_before(session, after, known),
        today=datetime.now(UTC).date(),
        sentiment=session.organization.sentiment,
    )


def window_end(
    session: Session, *, after: int, through: int, characters: int = WINDOW_CHARS
) -> int:
    """Return the sequence in (after, through] up to which the lines fit one window."""
    last = after
    for segment in words.stored_between(session, after, through):
        characters -= len(f"{segment.role}: {segment.text}\n")
        if characters < 0 and last > after:
            return last
        last = segment.sequence
    return through


def _redacted(session: Session, what: str, written: str) -> str:
    """Return what somebody wrote without personal details: analyzers may quote it.

    Reading it takes some milliseconds a line, so it is read once.
    """
    if not written:
        return ""
    read = [written, session.candidate_name, session.owner.name, session.organization.keep_names]
    known = sealed_cache.kept(session, what)
    if known is not None and known["read"] == read:
        return str(known["text"])
    redactor = session_redactor(session)
    text = "\n".join(redactor.final(line).text for line in written.splitlines())
    seconds = settings.INTERVIEW_ANALYSIS_CACHE
    sealed_cache.keep(session, what, {"read": read, "text": text}, seconds)
    return text


def _suggested_before(session: Session, fresh: set[str]) -> Iterator[str]:
    """Yield the latest questions suggested about other lines than these, or asked since.

    Those about the same lines are left out: a run that starts over must find what it found.
    """
    questions = session.insights.filter(kind=Kind.QUESTION).order_by("-revision")
    for card in reversed(questions[:MOST_ASKED]):
        if card.asked_in or fresh.isdisjoint(card.segments):
            yield card.content


def _asked_before(session: Session, after: int, known: set[str]) -> Iterator[str]:
    """Yield what the interviewer asked before the context."""
    spoken = words.transcript(session).filter(role=INTERVIEWER, sequence__lte=after)
    for segment in reversed(spoken.order_by("-sequence")[:MOST_ASKED]):
        if str(segment.pk) not in known and len(segment.text.split()) >= _QUESTION_WORDS:
            yield segment.text


def _claimed_before(session: Session, after: int, known: set[str]) -> tuple[Line, ...]:
    """Return the latest claims of the candidate that lie before the context, as lines."""
    earlier = session.claims.filter(
        segment__echo=False, segment__role=CANDIDATE, segment__sequence__lte=after
    )
    newest_first = earlier.exclude(segment_id__in=known).select_related("segment")
    quotes = {
        (claim.segment_id, claim.quote): claim
        for claim in newest_first.order_by("-segment__sequence")[:MOST_CLAIMED]
    }
    lines = [
        Line(
            id=str(claim.segment_id),
            role=CANDIDATE,
            text=claim.quote,
            start=claim.segment.start_ms / 1000,
            end=claim.segment.end_ms / 1000,
        )
        for claim in quotes.values()
    ]
    return tuple(sorted(lines, key=lambda line: line.start))


def recent_lines(session: Session, *, through: int) -> tuple[Line, ...]:
    """Return the last lines up to sequence `through`, in order."""
    newest_first = words.transcript(session).filter(sequence__lte=through).order_by("-start_ms")
    return tuple(line_of(segment) for segment in reversed(newest_first[:RECENT_LINES]))


def may_be_analysed(session: Session) -> bool:
    """Tell whether the organization wants it and the candidate has not withdrawn the consent."""
    return session.organization.analysis_enabled and has_consent(session)


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


def asked_lately(session: Session) -> list[str]:
    """Return the newest lines of the interviewer: bounded, however long an interview lasts."""
    newest_first = words.transcript(session).filter(role=INTERVIEWER).order_by("-sequence")
    return [segment.text for segment in newest_first[:ASKED_LINES]]


def suggested_by_bank(session: Session) -> set[str]:
    """Return the questions of the bank that this interview has had; they come once."""
    cards = session.insights.filter(kind=Kind.QUESTION, source=Insight.Source.BANK)
    return {card.content for card in cards.order_by("-revision")[:BANK_CARDS]}


def digest(session: Session) -> str:
    """Return what a model has established so far; empty also where the interview is gone."""
    state = AnalysisState.objects.filter(session=session).first()
    if state is None:
        return ""
    state.session = session  # whose key is at hand
    return state.digest or ""


def analysed_through(session: Session) -> int:
    """Return the sequence of the last line that a debounced run has read."""
    state = AnalysisState.objects.filter(session=session).only("analysed_through").first()
    return state.analysed_through if state else 0
