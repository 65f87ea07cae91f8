"""How far the guide is covered: what was asked, and which parts of a story the answers have.

What is heard ticks, and needs no model; what a person took back it never ticks again. Nothing here
says how good an answer is.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from insights import queries
from insights.analyzers.answers import STAR, is_behavioural, star_parts
from insights.analyzers.base import CANDIDATE, INTERVIEWER, ROOM
from insights.analyzers.planned import Planned, asked, planned
from insights.models import Coverage
from insights.serializers import coverage_json, planned_json
from sessions import access, events
from sessions.models import Session
from sessions.queries import plan_of
from sessions.states import Status
from transcription import queries as words
from transcription.models import Segment

By = Coverage.By
MOST_LINES = 5  # that show one part of an answer
MOST_ANSWER = 60  # lines of an answer that are looked at again
UNDO_SECONDS = 30  # for which a tick that was taken back comes back as it was
_PLANS = 64


# --- What is heard -------------------------------------------------------------------------------


def note(session: Session, segment: Segment) -> None:
    """Tick the planned questions that a line asks, and light what an answer shows."""
    questions = _questions(session)
    if not questions or segment.hidden:
        return
    asks, here = _heard(session, segment, questions)
    with transaction.atomic():
        held = access.lock_session(session.pk)
        now = words.as_it_is(held, segment) if held is not None else None
        if held is None or now is None:
            return
        if now.revision != segment.revision:  # put right or cut since it was read
            segment = now
            asks, here = _heard(held, segment, questions)
        rows = {row.question: row for row in held.coverage.all()}
        _drop_echoes(held, rows.values())
        ticked = [
            _tick_first(held, segment, {pk: questions[pk] for pk in alike}, rows, here)
            for alike in asks
        ]
        if any(ticked):
            _light_later(held, segment, rows.values())
        if segment.role == CANDIDATE or (segment.role == ROOM and not asks):
            _light(held, segment, rows.values())


def _questions(session: Session) -> dict[int, str]:
    """Return the planned questions by id, in the order of the guide."""
    plan = plan_of(session) or {"competencies": []}
    return {
        question["id"]: question["text"]
        for competency in plan["competencies"]
        for question in competency["questions"]
    }


def _heard(
    session: Session, segment: Segment, questions: dict[int, str]
) -> tuple[list[list[int]], set[UUID]]:
    """Return which planned questions a line asks, and the lines in which it does."""
    if segment.role not in (INTERVIEWER, ROOM):
        return [], set()
    before = queries.line_before(session, segment)
    ids, forms = list(questions), _forms(session.pk, questions)
    found = asked(segment.text, forms, before=before.text if before else "")
    here = {segment.pk, before.pk} if before else {segment.pk}
    return [[ids[place] for place in places] for places in found], here


def _tick_first(
    session: Session,
    segment: Segment,
    alike: dict[int, str],
    rows: dict[int, Coverage],
    here: set[UUID],
) -> bool:
    """Tick what is asked; of several planned alike the first that is still open."""
    known = [rows[pk] for pk in alike if pk in rows]
    if any(row.asked and row.asked_in in here for row in known):
        return False  # heard already, perhaps with its second half
    first = next((pk for pk in alike if pk not in rows or _may_tick(rows[pk])), None)
    if first is None:
        return False
    row = rows.setdefault(first, Coverage(session=session, question=first, by=By.HEARD))
    row.asked, row.asked_ms, row.asked_in = True, segment.start_ms, segment.pk
    row.star = _unlit(session, alike[first])
    _save(row)
    return True


def _may_tick(row: Coverage) -> bool:
    return not row.asked and row.by == By.HEARD


def _unlit(session: Session, question: str) -> dict[str, list[str]]:
    """Return the parts to look for in the answer: those of a story, where one is asked for.

    An analysis that the organization does not want looks for nothing.
    """
    wanted = session.organization.analysis_enabled and is_behavioural(question)
    return {part: [] for part in STAR} if wanted else {}


def _light(session: Session, segment: Segment, rows: Iterable[Coverage]) -> None:
    """Light the parts of a story that a line of the answer shows, of the question before it."""
    if not session.organization.analysis_enabled:
        return
    earlier = [row for row in rows if row.asked and (row.asked_ms or 0) <= segment.start_ms]
    row = max(earlier, key=lambda row: (row.asked_ms or 0, row.revision), default=None)
    if row is None or not row.star:
        return
    line, lit = str(segment.pk), False
    for part in star_parts(segment.text):
        lines = row.star.setdefault(part, [])
        if line not in lines and len(lines) < MOST_LINES:
            lines.append(line)
            lit = True
    if lit:
        _save(row)


def _light_later(session: Session, segment: Segment, rows: Collection[Coverage]) -> None:
    """Let what is stored already of the answer count for the question of a line.

    It is there where the line was put right, or was stored after what was said after it.
    """
    said = words.transcript(session).filter(start_ms__gt=segment.start_ms)
    later = [row.asked_ms for row in rows if row.asked and (row.asked_ms or 0) > segment.start_ms]
    if later:
        said = said.filter(start_ms__lt=min(at for at in later if at is not None))
    answer = said.filter(role__in=(CANDIDATE, ROOM)).order_by("start_ms")[:MOST_ANSWER]
    ids = {str(line.pk) for line in answer}
    for row in rows:
        if any(not ids.isdisjoint(lines) for lines in row.star.values()):
            row.star = _without(row.star, ids)
            _save(row)
    for line in answer:
        _light(session, line, rows)


def _without(star: dict[str, list[str]], gone: Collection[str]) -> dict[str, list[str]]:
    return {part: [line for line in lines if line not in gone] for part, lines in star.items()}


class _Forms:
    """What is compared of one plan: hashes, kept in this process while the plan is the same."""

    def __init__(self) -> None:
        self.about = 0
        self.forms: list[Planned] = []


@lru_cache(maxsize=_PLANS)
def _remembered(session_id: UUID) -> _Forms:
    return _Forms()


def _forms(session_id: UUID, questions: dict[int, str]) -> list[Planned]:
    known = _remembered(session_id)
    about = hash(tuple(questions.items()))
    if known.about != about:
        known.forms, known.about = [planned(text) for text in questions.values()], about
    return known.forms


# --- What a person says --------------------------------------------------------------------------


@transaction.atomic
def tick(*, session: Session, question: int, is_asked: bool) -> Coverage:
    """Note that a person says a question was asked, or was not.

    Soon after, undoing it brings back what was known; else a tick means now.
    """
    held = access.lock_session(session.pk)
    text = _questions(held).get(question) if held is not None else None
    if held is None or text is None:
        raise DomainError("not_found", _("The guide has no such question."), status=404)
    if held.status == Status.DRAFT:
        raise DomainError("not_started", _("Questions are ticked once the interview has started."))
    row = held.coverage.filter(question=question).first()
    row = row or Coverage(session=held, question=question)
    if row.asked == is_asked and row.pk:
        return row
    undo = f"guide.unticked.{held.pk}.{question}"
    if is_asked and not (row.asked_ms is not None and cache.get(undo)):
        row.asked_ms, row.asked_in = int(held.elapsed().total_seconds() * 1000), None
        row.star = _unlit(held, text)
    if not is_asked:
        cache.set(undo, True, UNDO_SECONDS)
    row.asked, row.by = is_asked, By.PERSON
    return _save(row)


# --- What does not stand any more ----------------------------------------------------------------


@transaction.atomic
def forget(session: Session, segment_ids: Collection[UUID | str]) -> None:
    """Take back what rests on these lines, which are corrected or erased.

    What a line that was corrected says now is heard by `note`.
    """
    held = access.lock_session(session.pk)
    if held is not None:
        _forget(held.coverage.all(), {str(line) for line in segment_ids})


def _forget(rows: Iterable[Coverage], gone: set[str]) -> None:
    for row in rows:
        before = coverage_json(row), row.asked_in
        row.star = _without(row.star, gone)
        if str(row.asked_in) in gone:
            row.asked_in = None
            if row.by == By.HEARD:
                row.asked, row.asked_ms, row.star = False, None, {}
        if before != (coverage_json(row), row.asked_in):
            _save(row)


def _drop_echoes(session: Session, rows: Collection[Coverage]) -> None:
    """Forget the lines that turned out to be an echo since."""
    told: set[Any] = {row.asked_in for row in rows if row.asked_in}
    told |= {line for row in rows for lines in row.star.values() for line in lines}
    hidden = session.segments.filter(pk__in=told, hidden=True) if told else ()
    _forget(rows, {str(segment.pk) for segment in hidden})


def _save(row: Coverage) -> Coverage:
    row.revision = events.next_revision(row.session_id)
    row.save()
    body = {"revision": row.revision, "question": planned_json(row)}
    events.publish_on_commit(row.session_id, "guide", body)
    return row
