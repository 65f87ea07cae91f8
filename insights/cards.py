"""Cards: said once, made better in place, taken away when they are stale, judged by people."""

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from copilot.lib.crypto import derive
from copilot.lib.errors import DomainError
from insights import bank, latency, queries, said
from insights.analyzers.base import CANDIDATE, INTERVIEWER, ROOM, Finding, Line
from insights.analyzers.evidence import locate
from insights.analyzers.followups import MIN_ANSWER_WORDS
from insights.analyzers.similar import asks, same
from insights.analyzers.turns import turns
from insights.debounce import Lease
from insights.kinds import LOOKS, Kind
from insights.models import Insight
from insights.serializers import insight_json
from sessions import access, events
from sessions.models import Session
from transcription import queries as words
from transcription.corrections import Erased
from transcription.models import Segment

State, Source, Feedback = Insight.State, Insight.Source, Insight.Feedback
KEPT = (Feedback.PINNED, Feedback.USED)
# How many answers a card is for; what is not named here stays.
ANSWERS = {Kind.QUESTION: 1, Kind.TIP: 1, Kind.SENTIMENT: 3}
MOST = {Kind.QUESTION: 5, Kind.TIP: 3, Kind.SENTIMENT: 3}  # of these at a time, the newest
_BY_LINE = (Kind.QUESTION, Kind.TIP, Kind.SENTIMENT)  # a better one on the line takes its place
_RANK = {Source.PATTERN: 0, Source.BANK: 0, Source.RULES: 1, Source.LLM: 2}


# --- Said once -----------------------------------------------------------------------------------


@transaction.atomic
def store_finding(*, session_id: UUID, finding: Finding, state: str, source: str) -> Insight | None:
    """Store a card, or make the one better that it stands for; None when nothing changes.

    1. What was said already, by whichever analyzer and in whatever words, is not said again; a
       better version takes the place of the card, what a person has judged stays as it is. A card
       about an echo goes over to the line that was echoed.
    2. Else it takes the place of a preliminary card about the same words; but a question of the
       rules leaves that of a local pattern, which most often is their own and comes after it.
    3. Else it is a new card, unless it is a first look that comes after the analysis.
    """
    session = access.lock_session(session_id)
    if session is None:
        return None
    if finding.kind == Kind.SENTIMENT and not session.organization.sentiment:
        return None
    if not words.erased(session).isdisjoint(finding.line_ids) or _outdated(session, finding):
        return None
    if state == State.PRELIMINARY and source != Source.RULES and _too_late(session, finding):
        return None
    if finding.kind == Kind.TIP:
        state = State.PRELIMINARY  # advice for the moment: it is never confirmed, it goes
    mark = _fingerprint(session, finding)
    known = session.insights.filter(kind=finding.kind, fingerprint=mark).first()
    known = known or said.find(session, finding, source)
    if known is not None and known.stale:
        return _found_again(session, known, mark, finding, state, source)
    if known is not None and not _improves(known, state, source) and not _echoed(session, known):
        return None
    known = known or _first_look(session, finding, state, source)
    insight = known or Insight(session=session, kind=finding.kind)
    insight.fingerprint = mark
    _fill(insight, session, finding)
    insight.state, insight.source = state, source
    return _save(insight, "insight_changed" if known else "insight")


def _found_again(
    session: Session, card: Insight, mark: bytes, finding: Finding, state: str, source: str
) -> Insight:
    """Let a card stand that a line bears out as it reads now, with its words of now.

    What a person has judged keeps what it says.
    """
    if not (card.feedback or card.asked_in):
        card.fingerprint, card.source = mark, source
        _fill(card, session, finding)
    card.quote, card.segments = finding.quote, list(finding.line_ids)
    card.state, card.stale = state, False
    return _save(card, "insight_changed")


def _outdated(session: Session, finding: Finding) -> bool:
    """Tell whether it quotes a line as it read before somebody put it right."""
    corrected = words.corrected_among(session, finding.line_ids)
    return bool(corrected) and not _reads(session, finding.line_ids, finding.quote)


def _too_late(session: Session, finding: Finding) -> bool:
    """Tell whether all the words were analysed: no run would confirm or replace a first look.

    What rules give comes from a run, which settles it, and may be about an answer that goes on.
    """
    analysed = queries.analysed_through(session)
    unread = session.segments.filter(pk__in=finding.line_ids, sequence__gt=analysed)
    return not unread.exists()


def _fingerprint(session: Session, finding: Finding) -> bytes:
    """Return what makes two findings the same card: the question itself, else kind and line."""
    about = finding.data.get("key") if finding.kind != Kind.QUESTION else None
    about = about or " ".join(finding.content.casefold().split())
    key = derive(session.data_key(), "insight")
    return hmac.digest(key, f"{finding.kind}|{about}".encode(), hashlib.sha256)[:16]


def _improves(card: Insight, state: str, source: str) -> bool:
    """Tell whether a version is better than a card that says the same and may still change."""
    if card.state == State.SUPERSEDED or card.feedback or card.asked_in:
        return False
    old = _RANK[Source(card.source)], card.state == State.COMPLETE
    new = _RANK[Source(source)], state == State.COMPLETE
    return new != old and new[0] >= old[0] and new[1] >= old[1]


def _echoed(session: Session, card: Insight) -> bool:
    """Tell whether an unjudged card rests on words that turned out to be an echo."""
    judged = card.feedback or card.asked_in
    return bool(card.segments) and not judged and not _stands(session, card)


def _first_look(session: Session, finding: Finding, state: str, source: str) -> Insight | None:
    """Return the preliminary card about the same words, which a better finding replaces."""
    if finding.kind == Kind.QUESTION and source == Source.RULES:
        return None
    lines = set(finding.line_ids)
    waiting = session.insights.filter(kind=finding.kind, state=State.PRELIMINARY)
    for card in waiting:
        if lines.isdisjoint(card.segments) or not _improves(card, state, source):
            continue
        if finding.kind in _BY_LINE or same(card.quote, finding.quote):
            return card
    return None


def _fill(insight: Insight, session: Session, finding: Finding) -> None:
    look = LOOKS[finding.kind]
    insight.title = finding.title or look.title
    insight.content = finding.content
    insight.quote = finding.quote
    insight.other_quote = finding.other_quote or None
    insight.reason = finding.reason
    insight.verdict = finding.verdict
    named = finding.competency in queries.competencies(session)
    insight.competency = finding.competency if named else ""  # stored in clear: the guide's own
    insight.priority = finding.priority or look.priority
    insight.confidence = finding.confidence
    insight.segments = list(finding.line_ids)


def _save(insight: Insight, event: str) -> Insight:
    insight.revision = events.next_revision(insight.session_id)
    insight.save()
    body = {"revision": insight.revision, "insight": insight_json(insight)}
    said_at = latency.note_card(insight) if event == "insight" else None
    events.publish_on_commit(insight.session_id, event, body, said_at)
    return insight


# --- Confirmed, or taken away ---------------------------------------------------------------------


def _living(session: Session) -> QuerySet[Insight]:
    return queries.shown(session).exclude(state=State.SUPERSEDED)


def settle_preliminary(session: Session, lease: Lease) -> None:
    """Replace the preliminary cards on analysed lines by better ones, or confirm them."""
    _take_back(session, lease)
    waiting = list(_living(session).filter(state=State.PRELIMINARY).exclude(kind=Kind.TIP))
    lines = {line for card in waiting for line in card.segments}
    read = session.segments.filter(pk__in=lines, sequence__lte=lease.through)
    sequences = {str(pk): number for pk, number in read.values_list("pk", "sequence")}
    # A card is younger than its lines: only the latest ones can be about them.
    since = min(sequences.values(), default=lease.through)
    complete = _living(session).filter(state=State.COMPLETE, kind__in=_BY_LINE, revision__gt=since)
    better = {
        (kind, line)
        for kind, segments in complete.values_list("kind", "segments")
        for line in segments
    }
    for card in waiting:
        if not sequences.keys() >= set(card.segments):
            continue
        judged = card.feedback or card.asked_in
        replaced = any((card.kind, line) in better for line in card.segments)
        card.state = State.SUPERSEDED if replaced and not judged else State.COMPLETE
        _save(card, "insight_changed")


def _take_back(session: Session, lease: Lease) -> None:
    """Take away cards whose words turned out to be an echo, wholly or in the part they quote."""
    changed = session.segments.filter(revision__gt=lease.after).exclude(revision=F("sequence"))
    lines = {str(segment.pk): segment for segment in changed}
    if not lines:
        return
    echoes = [segment.pk for segment in lines.values() if segment.hidden]
    for card in session.insights.filter(asked_in__in=echoes):
        card.asked_in = None
        _save(card, "insight_changed")
    since = min(segment.sequence for segment in lines.values())
    for card in _living(session).filter(revision__gt=since).exclude(feedback__in=KEPT):
        if not lines.keys().isdisjoint(card.segments) and not _stands(session, card):
            card.state = State.SUPERSEDED
            _save(card, "insight_changed")


def _stands(session: Session, card: Insight) -> bool:
    """Tell whether what a card quotes is still there to read."""
    return _reads(session, card.segments, card.quote)


def _reads(session: Session, ids: Collection[str], quote: str) -> bool:
    rows = session.segments.filter(pk__in=ids, hidden=False)
    lines = [queries.line_of(segment) for segment in rows]
    return any(quote in line.text for line in lines) or locate(quote, lines) is not None


def forget(session: Session, gone: Sequence[Erased]) -> None:
    """Wipe the cards that hold words of lines that were erased; call with the session locked.

    What a model wrote once it had heard them may hold them in other words, and goes as well. Only
    cards that changed since the first of these lines can hold anything of them.
    """
    lines = {str(line.id) for line in gone}
    since = min(line.sequence for line in gone)
    for card in session.insights.filter(revision__gt=since):
        rests = not lines.isdisjoint(card.segments)
        if _holds(card, gone) or (rests and not _stands(session, card)):
            _wipe(card)
        elif rests or str(card.asked_in) in lines:
            card.segments = [line for line in card.segments if line not in lines]
            card.asked_in = None if str(card.asked_in) in lines else card.asked_in
            # Of a line that is gone nobody reads a correction any more.
            card.stale = card.stale and bool(words.corrected_among(session, card.segments))
        else:
            continue
        _save(card, "insight_changed")


def _holds(card: Insight, gone: Sequence[Erased]) -> bool:
    """Tell whether a card may hold words of erased lines beside those that it quotes."""
    said = [Line(str(line.id), "", line.text, 0.0, 0.0) for line in gone]
    if card.other_quote and locate(card.other_quote, said):
        return True
    # What a person had judged before did not change any more: it only got a new revision.
    judged = card.feedback or card.asked_in
    older = judged and card.created_at < min(line.at for line in gone)
    return card.source == Source.LLM and bool(card.content) and not older


def _wipe(card: Insight) -> None:
    """Leave nothing of a card but that it was there."""
    bank.learn(card, card.feedback, "")
    card.title = LOOKS[Kind(card.kind)].title
    card.content = card.quote = card.reason = card.verdict = card.competency = card.feedback = ""
    card.other_quote, card.asked_in, card.segments = None, None, []
    card.fingerprint = os.urandom(16)
    card.state, card.stale = State.SUPERSEDED, False


def mark_stale(session: Session, segment: Segment) -> None:
    """Say of what rests on a line that the line was corrected; call with the session locked."""
    line = str(segment.pk)
    for card in _living(session).filter(revision__gt=segment.sequence):
        if line in card.segments or card.asked_in == segment.pk:
            card.stale = card.stale or line in card.segments
            card.asked_in = None if card.asked_in == segment.pk else card.asked_in
            _save(card, "insight_changed")


def settle_stale(
    session: Session, lines: Collection[str], *, unread: Collection[str], whole: bool
) -> None:
    """Take away what these lines, read again, do not bear out; what people use or pinned stays.

    Cards on `unread` lines wait. Where not all who may find something were asked (`whole` False),
    and of the bank's questions, it is enough that the quote still stands.
    """
    for card in _living(session).filter(stale=True).exclude(feedback__in=KEPT):
        if set(lines).isdisjoint(card.segments) or not set(unread).isdisjoint(card.segments):
            continue
        spared = card.source == Source.BANK or (card.source == Source.LLM and not whole)
        if spared and _stands(session, card):
            card.stale = False
        else:
            card.state = State.SUPERSEDED  # still marked: it comes back if the line does
        _save(card, "insight_changed")


def keep_standing(session: Session, line: UUID) -> None:
    """Settle what rests on a corrected line by its quote, where nobody will read it again."""
    for card in _living(session).filter(stale=True).exclude(feedback__in=KEPT):
        if str(line) not in card.segments:
            continue
        if _stands(session, card):
            card.stale = False
        else:
            card.state = State.SUPERSEDED
        _save(card, "insight_changed")


def drop_stale(session: Session) -> None:
    """Take cards off the page that are about earlier answers than they are good for.

    Help for the previous question is worse than none; what somebody pinned or used stays, and so
    does what was asked.
    """
    passing = _living(session).filter(kind__in=ANSWERS, asked_in__isnull=True)
    cards = list(passing.exclude(feedback__in=KEPT).order_by("-revision"))
    if not cards:
        return
    # What was said while the run took its time counts: cards about it are the freshest.
    recent = queries.recent_lines(session, through=words.last_sequence(session))
    answers = [
        turn
        for turn in turns(recent)
        if turn.role in (CANDIDATE, ROOM) and turn.words >= MIN_ANSWER_WORDS
    ]
    shown: Counter[Kind] = Counter()
    for card in cards:
        kind = Kind(card.kind)
        counted = answers[-ANSWERS[kind] :]
        since = counted[0].lines[0].start if counted else 0.0
        fresh = {line.id for line in recent if line.start >= since}
        stale = fresh.isdisjoint(card.segments)
        counts = not stale and not card.feedback
        shown[kind] += counts
        if stale or (counts and shown[kind] > MOST[kind]):
            card.state = State.SUPERSEDED
            _save(card, "insight_changed")


# --- What people do with them --------------------------------------------------------------------


@transaction.atomic
def note_asked(session: Session, segment: Segment) -> list[Insight]:
    """Mark the suggested questions that a line of the interviewer asks; return them."""
    if segment.role not in (INTERVIEWER, ROOM) or segment.hidden:
        return []
    held = access.lock_session(session.pk)
    line = words.as_it_is(held, segment) if held is not None else None
    if held is None or line is None or line.role not in (INTERVIEWER, ROOM):
        return []
    before = queries.line_before(held, line)
    spoken = f"{before.text if before else ''} {line.text}".strip()
    open_questions = _living(held).filter(kind=Kind.QUESTION, asked_in__isnull=True)
    asked = [card for card in open_questions if asks(spoken, card.content)]
    for card in asked:
        card.asked_in = segment.pk
        _save(card, "insight_changed")
    return asked


@transaction.atomic
def give_feedback(*, session: Session, insight_id: UUID, feedback: str) -> Insight:
    """Keep what a person made of a card; raise DomainError for an unknown card or word."""
    if feedback not in Feedback.values:
        raise DomainError("bad_feedback", "Feedback is used, not_now, wrong or pinned.", status=400)
    access.lock_session(session.pk)
    insight = queries.shown(session).filter(pk=insight_id).first()
    if insight is None:
        raise DomainError("not_found", "There is no such card.", status=404)
    before = insight.feedback
    insight.feedback = feedback
    bank.learn(insight, before, feedback)
    return _save(insight, "insight_changed")
