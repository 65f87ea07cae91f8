"""The sentences a language model writes: it notes part by part, then puts the notes together.

A call at a time, each in a task of its own where that is wanted, so that live analysis never waits
long: what was answered is remembered (`memo`), and the next task goes on from there. A part the
model cannot be asked about is left to the rules.
"""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from django.conf import settings
from pydantic import BaseModel

from insights import debounce, gate, queries
from insights.analyzers import notes as noting
from insights.analyzers import prompt
from insights.analyzers.base import AnalyzerError, Line
from insights.analyzers.notes import Note
from insights.analyzers.retries import PASSING
from insights.models import AnalysisRun
from insights.summaries.memo import Memo
from sessions.models import Session
from sessions.notices import model_reads_along

logger = logging.getLogger(__name__)

YIELD_SECONDS = 2.0  # how soon to look again where live analysis waits
MOST_TRIES = 3  # of one call; then the rules read that part
FIRST_PAUSE = 5.0  # seconds before the second try; doubled each time
MOST_FAILED = 2  # calls; then the rules read the rest
NOTES_CHARS = 9000  # of notes in a call
MOST_ROUNDS = 3  # of putting notes together
NOTES_TOKENS, REPORT_TOKENS = 1200, 2000
MOST_OF = {"strengths": 8, "concerns": 8, "candidate": 12, "next_steps": 6, "facts": 4}
MOST_SAID = 6  # of a competency
_LASTING = frozenset({"budget", "unauthorized"})  # asking about another part is no use


class Asking(Enum):
    """How often the model may be asked now."""

    NEVER = "never"  # only what it answered before counts
    ONCE = "once"  # then Later is raised
    ALWAYS = "always"


class Later(Exception):
    """There is more to ask, in so many seconds; `tries` of the next call have failed."""

    def __init__(self, seconds: float, tries: int = 0) -> None:
        super().__init__()
        self.seconds = seconds
        self.tries = tries


class Gone(Exception):
    """The interview was erased, or the consent withdrawn: nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Written:
    """Sentences by section key, and the lines of parts that only the rules read."""

    sentences: list[Note] = field(repr=False)
    unread: frozenset[str]
    parts: int
    unread_parts: int


class Writer:
    """`begin` is called before each call, and tells whether it may still be made."""

    def __init__(
        self,
        session: Session,
        lines: Sequence[Line],
        *,
        language: str,
        guidance: str,
        asking: Asking,
        tries: int,
        begin: Callable[[], bool],
    ) -> None:
        self._session = session
        self._lines = lines
        self._order = {line.id: n for n, line in enumerate(lines)}
        self._guidance = guidance
        self._asking = asking
        self._tries = tries
        self._begin = begin
        self._asked = False
        self._memo = Memo(session)
        self._marks: set[str] = set()
        self._about = replace(
            queries.window(session, after=0, through=0), language=language, sentiment=False
        )
        self._names, self._keys = self._sections()

    def _sections(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the competencies' names and the sections' keys by what the model calls them."""
        plan = (queries.guide(self._session) or {"competencies": []})["competencies"]
        told = self._about.competencies  # the same in order, without personal details
        keys = {code: code for code in noting.PLACES} | {noting.OVERVIEW: "facts"}
        if len(told) != len(plan):
            return {}, keys
        named = {f"c{n}": name for n, name in enumerate(told, start=1)}
        return named, keys | {
            f"c{n}": f"competency:{competency['id']}" for n, competency in enumerate(plan, start=1)
        }

    def write(self) -> Written:
        """Return what the model wrote. Raises Later and Gone."""
        parts = noting.parts(self._lines)
        found: list[Note] = []
        read: set[str] = set()
        read_parts = 0
        for part in parts:
            notes = self._notes_of(part)
            if notes is not None:
                found += notes
                read |= {line.id for line in part}
                read_parts += 1
        sentences = self._together(found) if found else []
        return Written(
            [replace(note, section=self._keys[note.section]) for note in sentences],
            frozenset(self._order.keys() - read),
            len(parts),
            len(parts) - read_parts,
        )

    # --- part by part ----------------------------------------------------------------------------

    def _notes_of(self, part: Sequence[Line]) -> list[Note] | None:
        before = noting.context_of(self._lines, part)
        read = [[(line.id, line.role, line.text) for line in (*before, *part)], self._names]
        mark = self._mark("notes", read)
        if self._is_settled(mark):
            return self._memo.notes(mark)
        window = noting.part_window(self._about, before, part)
        if not any(line.text.strip() for line in window.lines):
            return []
        names = {code: name for code, name in self._names.items() if name in window.competencies}
        messages = prompt.notes_messages(
            window, sections=names, guidance=self._guidance, most=noting.MOST_NOTES
        )
        return self._answer(
            mark,
            messages,
            noting.Notes,
            NOTES_TOKENS,
            lambda items: noting.read(items, window, names),
            [line.id for line in part],
        )

    # --- and together ----------------------------------------------------------------------------

    def _together(self, found: list[Note]) -> list[Note]:
        """Put notes together, in several rounds where they are many.

        Where that fails they stand as they are, some of each section.
        """
        for _round in range(MOST_ROUNDS):
            batches = _batches(found)
            last = len(batches) == 1
            shorter: list[Note] = []
            for batch in batches:
                wrote = self._report_of(batch, overview=last)
                shorter += _completed(wrote, batch)
            if last or len(shorter) >= len(found):
                return _some(shorter, self._keys)
            found = shorter
        return _some(found, self._keys)

    def _report_of(self, batch: list[Note], *, overview: bool) -> list[Note]:
        read = [[(n.section, n.text, n.lines) for n in batch], overview, self._names]
        mark = self._mark("report", read)
        if self._is_settled(mark):
            return self._memo.notes(mark) or []
        told = [(note.section, note.text) for note in batch]
        messages = prompt.report_messages(
            self._about,
            told,
            sections=self._names,
            guidance=self._guidance,
            most=noting.MOST_SENTENCES,
            overview=overview,
        )
        wrote = self._answer(
            mark,
            messages,
            noting.Report,
            REPORT_TOKENS,
            lambda items: noting.write(items, batch, self._order),
            [line for note in batch for line in note.lines],
        )
        return wrote or []

    # --- one call --------------------------------------------------------------------------------

    def _mark(self, what: str, read: Any) -> str:
        model = [settings.INTERVIEW_LLM_BASE_URL, settings.INTERVIEW_LLM_MODEL]
        told = [self._about.language, self._about.job, self._guidance]
        return self._memo.mark([what, prompt.summary_version(), model, told, read])

    def _is_settled(self, mark: str) -> bool:
        """Tell whether nothing is to be asked: it is known, or will not be."""
        self._marks.add(mark)
        return (
            self._memo.notes(mark) is not None
            or self._asking is Asking.NEVER
            or self._gave_up(mark)
        )

    def _answer(
        self,
        mark: str,
        messages: list[dict[str, str]],
        form: type[BaseModel],
        tokens: int,
        take: Callable[[list[dict[str, Any]]], list[Note]],
        lines: Sequence[str],
    ) -> list[Note] | None:
        """Ask, and return the notes of the answer; None where there is none."""
        self._may_ask()
        organization = self._session.organization
        try:
            with gate.enter(organization, AnalysisRun.Purpose.REVIEW):
                items, analysis = gate.configured_llm().items(messages, form, max_tokens=tokens)
        except (gate.Closed, AnalyzerError) as failure:
            logger.warning("summary: model not used: %s", failure.code)
            self._failed(mark, failure.code)
            return None
        gate.spent(organization, analysis)
        self._tries = 0
        found = take(items)
        if not self._memo.keep(mark, found, lines) and self._asking is Asking.ONCE:
            self._asking = Asking.NEVER  # the next task would ask the same again, and so on
        return found

    def _gave_up(self, mark: str) -> bool:
        """Tell whether this call, or the whole reading, failed lately."""
        failures = self._memo.failures()
        if mark in failures:
            return True
        codes = [code for known, code in failures.items() if known in self._marks]
        return len(codes) >= MOST_FAILED or not _LASTING.isdisjoint(codes)

    def _may_ask(self) -> None:
        if self._asking is Asking.ONCE:
            if self._asked:
                raise Later(0.0)
            if debounce.someone_waits():
                self._wait()
                raise Later(YIELD_SECONDS, self._tries)
        self._asked = True
        self._wait()

    def _wait(self) -> None:
        """Say that somebody is at it."""
        if not self._begin():
            raise Gone

    def _failed(self, mark: str, code: str) -> None:
        passing = code in PASSING or code == "busy"
        if self._asking is Asking.ONCE and passing and self._tries + 1 < MOST_TRIES:
            seconds = FIRST_PAUSE * 2**self._tries * random.uniform(1, 1.2)  # noqa: S311
            raise Later(seconds, self._tries + 1)
        self._tries = 0
        if not self._memo.keep_failure(mark, code):
            self._asking = Asking.NEVER


def _batches(found: list[Note]) -> list[list[Note]]:
    """Return notes in as few calls as can read them."""
    batches: list[list[Note]] = [[]]
    room = NOTES_CHARS
    for note in found:
        room -= len(note.text) + 20
        if room < 0 and batches[-1]:
            batches.append([])
            room = NOTES_CHARS - len(note.text) - 20
        batches[-1].append(note)
    return batches


def _completed(wrote: list[Note], batch: list[Note]) -> list[Note]:
    """Return what was written, and the notes of sections it left out altogether."""
    there = {note.section for note in wrote}
    return [*wrote, *(note for note in batch if note.section not in there)]


def _some(found: list[Note], keys: dict[str, str]) -> list[Note]:
    """Return so many of each section, from the whole interview."""
    kept: list[Note] = []
    for section in dict.fromkeys(note.section for note in found):
        own = [note for note in found if note.section == section]
        most = MOST_OF.get(keys[section], MOST_SAID)
        step = max(1.0, len(own) / most)
        kept += [own[int(n * step)] for n in range(min(most, len(own)))]
    return kept


def is_wanted(session: Session) -> bool:
    """Tell whether a model is to be asked at all."""
    return model_reads_along() and queries.may_be_analysed(session)
