"""Reads: cards and the snapshot of a session the caller already passed the door for."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from copilot.lib.errors import DomainError
from copilot.lib.sealed import opened
from insights import sealed_cache
from insights.analyzers import tone
from insights.analyzers.base import CANDIDATE, INTERVIEWER, Line, Window
from insights.kinds import Kind
from insights.models import (
    WITHDRAWN,
    AnalysisRun,
    AnalysisState,
    Claim,
    Insight,
    SentimentPoint,
    Summary,
    SummaryVersion,
)
from insights.serializers import (
    claim_json,
    coverage_json,
    insight_json,
    summary_json,
    tone_json,
)
from sessions.access import names_shared_with
from sessions.models import Session
from sessions.notices import model_reads_along
from sessions.presence import watching
from sessions.queries import has_consent, notes_after, plan_of
from sessions.serializers import note_json, session_json
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
SPLIT_MS = 8000  # what is said in two lines goes on within this time
MOST_ASKED = 20  # suggested questions an analyzer is told of, and as many of the interviewer's own
MOST_CLAIMED = 100
_QUESTION_WORDS = 4  # "go on" and "I see" ask for nothing
WINDOW_CHARS = 7500  # what the prompt takes whole
REASONS = {
    "timeout": _("The model is slow; local rules are used."),
    "rate_limited": _("The model is at its limit; local rules are used."),
    "unauthorized": _("The model refused the key; local rules are used."),
    "unreachable": _("The model cannot be reached; local rules are used."),
    "malformed": _("The model's answer made no sense; local rules are used."),
    "refused": _("The model declined; local rules are used."),
    "too_long": _("The model's answer was cut; local rules are used."),
    "budget": _("Today's budget for the model is used up; local rules are used."),
    "busy": _("The model is busy with other interviews; local rules are used."),
    "slow": _("The model is slow; local rules are used meanwhile."),
    "off": _("Analysis is switched off for this organization."),
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
    """Return the ledger in the order of the interview; not what was an echo of another.

    What was withdrawn only after a revision: who has shown it has to take it away.
    """
    claims = session.claims.filter(revision__gt=after, segment__hidden=False)
    claims = claims if after else claims.exclude(kind=WITHDRAWN)
    return claims.order_by("segment__start_ms", "created_at")


def guide(session: Session) -> dict[str, Any] | None:
    """Return the plan of an interview with how far each of its questions is covered."""
    plan = plan_of(session)
    if plan is None:
        return None
    covered = {row.question: coverage_json(row) for row in session.coverage.all()}
    for competency in plan["competencies"]:
        for question in competency["questions"]:
            question |= covered.get(question["id"]) or coverage_json(None)
    return plan


def analysis_json(session: Session, run: AnalysisRun | None = None) -> dict[str, Any]:
    """Return who analyses this session at the moment and, where it is not the model, why."""
    if not session.organization.analysis_enabled:
        return _analysed_by("off", "off")
    reviewing = under_review(session)
    about_words = session.runs.exclude(purpose=AnalysisRun.Purpose.PREDICTION)
    run = run or about_words.order_by("-created_at").first()
    if run is not None:
        engine = run.engine
        if engine == "cache":  # the model's own words; where it failed, the rules' beside them
            engine = "rules" if run.error else "llm"
        return _analysed_by(engine, run.error, reviewing=reviewing)
    return _analysed_by("llm" if model_reads_along() else "rules", "", reviewing=reviewing)


def slow_json() -> dict[str, Any]:
    """Return who analyses while the model is still awaited."""
    return _analysed_by("rules", "slow")


def _analysed_by(engine: str, reason: str, *, reviewing: bool = False) -> dict[str, Any]:
    """Return the state with its reason as a code, which a page says in its own language."""
    detail = str(REASONS.get(reason, ""))
    return {
        "engine": engine,
        "reason": reason if detail else "",
        "detail": detail,
        "reviewing": reviewing,
    }


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
        "guide": guide(session),
        "off_records": state["off_records"],
        "segments": [segment_json(s) for s in words.changed_after(session, after)],
        "insights": opened(shown(session).filter(revision__gt=after), insight_json),
        "claims": opened(claims_of(session, after=after), claim_json),
        "tones": opened(tones_of(session, after=after), tone_json),
        "notes": opened(notes_after(session, after), note_json),
        "watching": watching(session.pk),
        "gaps": [gap_json(g) for g in words.gaps_after(session, after)],
        "upload": upload_json(upload) if upload else None,
        "streams": [stream_json(s) for s in session.streams.all()],
        "summary": summary_mark(session),
    }


def summary_mark(session: Session) -> dict[str, Any] | None:
    """Return how the summary stands, without its words; None before there is one."""
    made = Summary.objects.filter(session=session).only("state", "revision").first()
    return {"state": made.state, "revision": made.revision} if made else None


def summary(session: Session) -> dict[str, Any]:
    """Return the summary with the names of who edited it; being made where there is none yet."""
    made = Summary.objects.filter(session=session).first()
    if made is None:
        like = _made_like(None, session)
        return {**summary_json(None), **like, "version": 0, "signed": None, "lines": {}}
    made.session = session  # whose key is at hand
    sections = made.sections
    people = {s["by"] for section in sections for s in section["sentences"] if s["by"]}
    names = {user.pk: user.display_name for user in User.objects.filter(pk__in=people)}
    hidden = session.segments.filter(hidden=True).values_list("pk", flat=True)
    shown = summary_json(made, hidden={str(pk) for pk in hidden}, names=names)
    about = {i for part in shown["sections"] for s in part["sentences"] for i in s["segments"]}
    return {
        **shown,
        **_made_like(made, session),
        "version": made.version,
        "signed": _signed(session) if made.version else None,
        "lines": places(session, about),
    }


def summary_language(language: str, session: Session) -> str:
    """Return the code of the language that a summary is to be in; `language` is what was chosen."""
    return language or session.language


def rules_language(language: str, session: Session) -> str:
    """Return the language of a summary's sentences by rules: the one chosen where it is translated.

    Else the interview's, else the program's own.
    """
    known = dict(settings.LANGUAGES)
    for code in (summary_language(language, session), session.language):
        for name in (code, code.partition("-")[0]):
            if name in known:
                return name
    return settings.LANGUAGE_CODE


def _made_like(made: Summary | None, session: Session) -> dict[str, Any]:
    """Return the language and template of a summary, and who drafted it: "llm" or "rules"."""
    language = made.language if made else ""
    template = made.template if made else None
    return {
        "language": summary_language(language, session),
        "rules_language": rules_language(language, session),
        "template": {"id": str(template.pk), "name": template.name} if template else None,
        "source": made.source if made else "",
    }


def places(session: Session, lines: Collection[str]) -> dict[str, int]:
    """Return where on the interview's clock lines begin, in milliseconds."""
    found = session.segments.filter(pk__in=lines).values_list("pk", "start_ms")
    return {str(pk): start_ms for pk, start_ms in found}


def summary_versions(session: Session, *, all_of_them: bool = False) -> QuerySet[SummaryVersion]:
    """Return the versions of a summary: the signed ones, or all."""
    found = SummaryVersion.objects.filter(session=session).select_related("by")
    return found if all_of_them else found.filter(why=SummaryVersion.Why.SIGNED)


def _signed(session: Session) -> dict[str, Any] | None:
    """Return who signed last and when, and whether lines under it were corrected since."""
    version = summary_versions(session).order_by("-number").first()
    if version is None:
        return None
    version.session = session  # whose key is at hand
    rows = session.segments.filter(corrected_at__gt=version.at).values_list("pk", flat=True)
    since = {str(pk) for pk in rows}
    sections = version.content["sections"] if since else []
    return {
        "version": version.number,
        "by": version.by.display_name if version.by else "",
        "at": version.at.isoformat(),
        "digest": version.digest,
        "corrected": any(
            not since.isdisjoint(s["segments"]) for part in sections for s in part["sentences"]
        ),
    }


def tones_of(session: Session, *, after: int = 0) -> QuerySet[SentimentPoint]:
    """Return the points of the tone chart in order; none where an organization wants none."""
    points = session.tones.filter(revision__gt=after, segment__hidden=False)
    if not session.organization.sentiment:
        points = points.none()
    return points.select_related("segment").order_by("segment__end_ms")


def tone_summary(session: Session) -> dict[str, Any] | None:
    """Return the tone of the whole interview so far; None where there is none to tell."""
    points = tones_of(session).select_related(None).only("session", "reading")
    readings = opened(points, lambda point: point.reading)
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
        competencies=tuple(
            _redacted(session, "competencies", "\n".join(competencies(session))).splitlines()
        ),
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


REDACTED = ("job", "profile")  # names in the sealed cache


def _redacted(session: Session, what: str, written: str) -> str:
    """Return what somebody wrote without personal details: analyzers may quote it.

    Reading it takes some milliseconds a line, so it is read once.
    """
    if not written:
        return ""
    read = [
        written,
        session.candidate_name,
        session.candidate_email,
        session.owner.name,
        names_shared_with(session),
        session.organization.keep_names,
    ]
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
    cards = opened(questions[:MOST_ASKED], lambda card: (card, card.content))
    for card, content in reversed(cards):
        if content and (card.asked_in or fresh.isdisjoint(card.segments)):
            yield content


def _asked_before(session: Session, after: int, known: set[str]) -> Iterator[str]:
    """Yield what the interviewer asked before the context."""
    spoken = words.transcript(session).filter(role=INTERVIEWER, sequence__lte=after)
    for segment in reversed([*words.readable(spoken.order_by("-sequence")[:MOST_ASKED])]):
        if str(segment.pk) not in known and len(segment.text.split()) >= _QUESTION_WORDS:
            yield segment.text


def _claimed_before(session: Session, after: int, known: set[str]) -> tuple[Line, ...]:
    """Return the latest claims of the candidate that lie before the context, as lines."""
    earlier = session.claims.filter(
        segment__hidden=False, segment__role=CANDIDATE, segment__sequence__lte=after
    )
    standing = earlier.exclude(kind=WITHDRAWN).exclude(segment_id__in=known)
    newest_first = standing.select_related("segment")
    quotes = {
        (claim.segment_id, quote): claim
        for claim, quote in opened(
            newest_first.order_by("-segment__sequence")[:MOST_CLAIMED], lambda c: (c, c.quote)
        )
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
    return tuple(map(line_of, reversed([*words.readable(newest_first[:RECENT_LINES])])))


def line_before(session: Session, segment: Segment) -> Segment | None:
    """Return what the same person said just before, without anybody in between."""
    earlier = session.segments.filter(hidden=False, start_ms__lt=segment.start_ms)
    before = earlier.order_by("-start_ms").first()
    if before is None or before.role != segment.role:
        return None
    return before if segment.start_ms - before.end_ms <= SPLIT_MS else None


def may_be_analysed(session: Session) -> bool:
    """Tell whether the organization wants it and the candidate has not withdrawn the consent."""
    return session.organization.analysis_enabled and has_consent(session)


def context(session: Session, through: int) -> tuple[Line, ...]:
    """Return the last lines up to sequence `through`, at most CONTEXT_CHARS of them, in order."""
    lines: list[Line] = []
    room = CONTEXT_CHARS
    newest_first = words.transcript(session).filter(sequence__lte=through).order_by("-sequence")
    for segment in words.readable(newest_first[:100].iterator(chunk_size=20)):
        line = line_of(segment)
        room -= len(line.text)
        if room < 0:
            break
        lines.append(line)
    return tuple(sorted(lines, key=lambda line: line.start))


def competencies(session: Session) -> tuple[str, ...]:
    plan = plan_of(session) or {"competencies": []}
    return tuple(competency["name"] for competency in plan["competencies"])


def asked_lately(session: Session) -> list[str]:
    """Return the newest lines of the interviewer: bounded, however long an interview lasts."""
    newest_first = words.transcript(session).filter(role=INTERVIEWER).order_by("-sequence")
    return opened(newest_first[:ASKED_LINES], lambda segment: segment.text)


def suggested_by_bank(session: Session) -> set[str]:
    """Return the questions of the bank that this interview has had; they come once."""
    cards = session.insights.filter(kind=Kind.QUESTION, source=Insight.Source.BANK)
    return set(opened(cards.order_by("-revision")[:BANK_CARDS], lambda card: card.content))


def digest(session: Session) -> str:
    """Return what a model has established so far; empty also where the interview is gone."""
    state = AnalysisState.objects.filter(session=session).first()
    if state is None:
        return ""
    state.session = session  # whose key is at hand
    return next(iter(opened([state], lambda state: state.digest)), None) or ""


def analysed_through(session: Session) -> int:
    """Return the sequence of the last line that a debounced run has read."""
    state = AnalysisState.objects.filter(session=session).only("analysed_through").first()
    return state.analysed_through if state else 0
