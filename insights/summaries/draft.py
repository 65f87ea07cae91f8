"""The draft of a summary, by rules: every sentence rests on lines, or counts what can be counted.

Observations only: no tone, no score, no recommendation. Quotes are of the transcript as it stands.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from insights import analytics, queries
from insights.analyzers import answers
from insights.analyzers.base import CANDIDATE, INTERVIEWER, ROOM
from insights.analyzers.guards import injected_span, unlawful_span
from insights.analyzers.notes import announces
from insights.analyzers.turns import Turn, turns
from insights.cards import KEPT
from insights.kinds import Kind
from insights.models import Claim, Insight
from insights.summaries.sections import FACTS, TITLES
from insights.summaries.shapes import Section, Sentence
from insights.summaries.wording import lasted, minutes, quoted, told, weight
from sessions.models import Session
from sessions.queries import language_name
from transcription import queries as words
from transcription.models import Role

MOST_OBSERVATIONS = 8  # a section
MOST_CLAIMS = 12  # a section
MOST_SAID = 6  # a competency
MOST_QUESTIONS = 30
MOST_NEXT = 6
CLOSING = 0.75  # of the interview; what comes after it is spoken of from here on
NEAR_MS = 30_000  # a question that was ticked by hand was spoken about then
_QUESTION_WORDS = 4  # "right?" asks for nothing
_OPEN = "Question still open"  # the rules' reason for an answer that leaves something out


def draft(session: Session) -> list[Section]:
    """Return the sections; those about competencies also where nothing was said, to show that."""
    return list(Draft(session).sections())


class Draft:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._lines = [queries.line_of(s) for s in words.transcript(session).order_by("start_ms")]
        self._known = {line.id: line for line in self._lines}
        self._turns = turns(self._lines)
        self._guide = queries.guide(session)
        self._analysed = session.organization.analysis_enabled
        self._own = list(self._own_questions())

    def sections(self) -> Iterator[Section]:
        yield self._section("facts", self._facts())
        for competency in (self._guide or {"competencies": []})["competencies"]:
            said = self._said_for(competency) if self._analysed else ()
            yield self._section(f"competency:{competency['id']}", said, competency["name"])
        cards = self._cards()
        for key, kinds in (
            ("strengths", self._stood_out),
            ("concerns", self._concerns),
            ("conduct", self._conduct),
        ):
            yield self._section(key, [self._observation(c) for c in kinds(cards)])
        yield self._section("conflicts", self._claims("conflicts"))
        yield self._section("unverified", self._claims("unverifiable"))
        yield self._section("questions", self._asked())
        yield self._section("open", self._open())
        yield self._section("candidate", self._own)
        yield self._section("next_steps", self._next_steps())
        yield self._section("interview", self._interview())

    def _section(self, key: str, found: Iterable[Sentence], title: str = "") -> Section:
        """Return a section of those sentences whose lines stand; what has none is dropped."""
        kept: dict[str, Sentence] = {}
        for sentence in found:
            lines = tuple(dict.fromkeys(i for i in sentence.segments if i in self._known))
            if lines or key in FACTS:
                kept.setdefault(sentence.text, Sentence(sentence.text, lines, sentence.basis))
        return Section(key, title or str(TITLES[key]), list(kept.values()))

    # --- what can be counted ---------------------------------------------------------------------

    def _facts(self) -> Iterator[Sentence]:
        figures = analytics.analytics(self._session)
        yield _fact("length", lasted(figures["length_ms"], self._session.planned_minutes))
        if figures["off_record_ms"]:
            length = minutes(figures["off_record_ms"])
            yield _fact("off", _("Off the record, and not part of this: %s.") % length)
        lost = sum(gap.end_ms - gap.start_ms for gap in words.gaps_after(self._session))
        if lost >= 1000:
            yield _fact("lost", _("Sound that could not be recorded: %s.") % minutes(lost))
        if len(figures["roles"]) > 1:
            shares = ", ".join(
                f"{Role(one['role']).label} {one['share']:.0%}" for one in figures["roles"]
            )
            yield _fact("share", _("Of the time spoken: %s.") % shares)
        if figures["questions"]:
            said = _("%(asked)d of %(planned)d planned questions were asked.")
            yield _fact("questions", said % figures["questions"])

    def _interview(self) -> Iterator[Sentence]:
        """Yield when it was, who led it, in which language, and that the candidate agreed.

        The candidate's name is not part of it: who reads the interview sees it there.
        """
        session = self._session
        if session.started_at is not None:
            day = date_format(timezone.localtime(session.started_at), "DATE_FORMAT")
            yield _fact("day", _("The interview began on %s.") % day)
        yield _fact("owner", _("It was led by %s.") % session.owner.display_name)
        yield _fact("spoken", _("Language of the interview: %s.") % language_name(session.language))
        consent = session.consents.order_by("-given_at").first()
        if consent is not None:
            day = date_format(timezone.localtime(consent.given_at), "DATE_FORMAT")
            yield _fact("consent", _("The candidate's consent was noted on %s.") % day)

    def _open(self) -> Iterator[Sentence]:
        for question in self._planned():
            if question["asked_ms"] is None:
                yield _fact(f"open:{question['id']}", question["text"])

    def _planned(self) -> list[dict[str, Any]]:
        plan = self._guide or {"competencies": []}
        return [q for competency in plan["competencies"] for q in competency["questions"]]

    # --- what was said about a competency --------------------------------------------------------

    def _said_for(self, competency: dict[str, Any]) -> list[Sentence]:
        found: list[Sentence] = []
        asked = [q for q in competency["questions"] if q["asked_ms"] is not None]
        for question in sorted(asked, key=lambda q: q["asked_ms"]):
            found += self._story(question) or self._strongest(question)
        return found[:MOST_SAID]

    def _story(self, question: dict[str, Any]) -> list[Sentence]:
        """Return the parts of the story that an answer told."""
        names = {
            "situation": _("Situation"),
            "task": _("Task"),
            "action": _("Action"),
            "result": _("Result"),
        }
        found = []
        for part, name in names.items():
            lines = [i for i in question["star"].get(part, ()) if i in self._known]
            if lines:
                text = f"{name}: {quoted(self._known[lines[0]].text)}"
                found.append(Sentence(text, tuple(lines), f"star:{question['id']}:{part}"))
        return found

    def _strongest(self, question: dict[str, Any]) -> list[Sentence]:
        """Return the two lines of an answer that can best be held to: figures, tools, own acts."""
        later = [q["asked_ms"] for q in self._planned() if q["asked_ms"] is not None]
        end = min((at for at in later if at > question["asked_ms"]), default=float("inf"))
        said = [
            line
            for turn in self._turns
            if turn.role in (CANDIDATE, ROOM) and not unlawful_span(turn.question)
            for line in turn.lines
            if question["asked_ms"] <= line.start * 1000 < end and line.id != question["asked_in"]
        ]
        weights = {line.id: weight(line.text) for line in said}
        best = sorted(said, key=lambda line: -weights[line.id])[:2]
        best = sorted((line for line in best if weights[line.id]), key=lambda line: line.start)
        return [Sentence(quoted(line.text), (line.id,), f"said:{line.id}") for line in best]

    # --- what was noticed ------------------------------------------------------------------------

    def _cards(self) -> list[Insight]:
        """Return what may be observed: nothing about the tone, nor what a person called wrong."""
        kinds = (Kind.HIGHLIGHT, Kind.INSIGHT, Kind.WARNING)
        found = queries.insights_of(self._session).filter(kind__in=kinds, stale=False)
        asked = [sentence.text for sentence in self._own]
        cards = [
            card
            for card in found.exclude(feedback=Insight.Feedback.WRONG)
            if not any(text.strip("“”…") in card.content for text in asked)
        ]
        cards.sort(key=lambda card: card.feedback not in KEPT)
        return cards

    def _stood_out(self, cards: list[Insight]) -> list[Insight]:
        kinds = (Kind.HIGHLIGHT, Kind.INSIGHT)
        return self._first(c for c in cards if c.kind in kinds and c.reason != _OPEN)

    def _concerns(self, cards: list[Insight]) -> list[Insight]:
        return self._first(
            c
            for c in cards
            if c.reason == _OPEN or (c.kind == Kind.WARNING and not self._by_interviewer(c))
        )

    def _conduct(self, cards: list[Insight]) -> list[Insight]:
        return self._first(c for c in cards if c.kind == Kind.WARNING and self._by_interviewer(c))

    def _first(self, cards: Iterable[Insight]) -> list[Insight]:
        """Return the weightiest, in the order of the interview."""
        kept = [card for _place, card in zip(range(MOST_OBSERVATIONS), cards, strict=False)]
        return sorted(kept, key=lambda card: self._at(card.segments))

    def _at(self, ids: Iterable[str]) -> float:
        return min((self._known[i].start for i in ids if i in self._known), default=0.0)

    def _by_interviewer(self, card: Insight) -> bool:
        lines = [self._known[i] for i in card.segments if i in self._known]
        return bool(lines) and all(line.role == INTERVIEWER for line in lines)

    def _observation(self, card: Insight) -> Sentence:
        text = card.reason if card.kind == Kind.WARNING and card.reason else told(card.content)
        if card.quote and card.quote not in text:
            text = f"{text.rstrip('.:')}: {quoted(card.quote)}"
        return Sentence(text, tuple(card.segments), f"card:{card.pk}")

    def _claims(self, verdict: str) -> Iterator[Sentence]:
        """Yield what is to be verified; what a claim was held against stands beside it."""
        rows = queries.claims_of(self._session).filter(verdict=verdict, stale=False)
        for claim in rows[:MOST_CLAIMS]:
            text = quoted(claim.quote)
            if verdict == Claim.Verdict.CONFLICTS:
                text = f"{text} {claim.reason or _('Conflicts')}"
                if claim.other_quote:
                    text = f"{text.rstrip('.')}: {quoted(claim.other_quote)}"
            lines = [
                str(claim.segment_id),
                *([str(claim.other_segment)] * bool(claim.other_segment)),
            ]
            yield Sentence(text, tuple(lines), f"claim:{claim.pk}")

    # --- questions -------------------------------------------------------------------------------

    def _asked(self) -> list[Sentence]:
        found = []
        for question in self._planned():
            line = self._line_that_asked(question)
            if line is not None:
                found.append(Sentence(question["text"], (line,), f"asked:{question['id']}"))
        suggested = queries.shown(self._session).filter(kind=Kind.QUESTION, asked_in__isnull=False)
        found += [
            Sentence(card.content, (str(card.asked_in),), f"card:{card.pk}") for card in suggested
        ]
        if not found and self._analysed:
            found = list(self._questions_of(INTERVIEWER))
        found.sort(key=lambda sentence: self._at(sentence.segments))
        return found[:MOST_QUESTIONS]

    def _line_that_asked(self, question: dict[str, Any]) -> str | None:
        at = question["asked_ms"]
        if at is None or question["asked_in"]:
            return question["asked_in"] or None
        spoken = [line for line in self._lines if line.role in (INTERVIEWER, ROOM)]
        near = [line for line in spoken if abs(line.start * 1000 - at) <= NEAR_MS]
        near = [line for line in near if line.start * 1000 <= at + 1000]
        return near[-1].id if near else None

    def _own_questions(self) -> Iterator[Sentence]:
        """Yield what the candidate asked."""
        return self._questions_of(CANDIDATE) if self._analysed else iter(())

    def _questions_of(self, role: str) -> Iterator[Sentence]:
        invited = role == INTERVIEWER
        for turn in self._turns:
            invited = invited or answers.invites_questions(turn.question)
            if turn.role == role:
                yield from _questions_in(turn, invited=invited)

    # --- what comes next -------------------------------------------------------------------------

    def _next_steps(self) -> list[Sentence]:
        """Return the lines near the end that say what comes after the interview."""
        if not self._analysed or not self._lines:
            return []
        from_here = self._lines[-1].end * CLOSING
        spoken = (
            line
            for line in self._lines
            if line.end >= from_here and line.role in (INTERVIEWER, ROOM)
            if announces(line.text) and not injected_span(line.text)
        )
        found = [Sentence(quoted(line.text), (line.id,), f"next:{line.id}") for line in spoken]
        return found[:MOST_NEXT]


def _questions_in(turn: Turn, *, invited: bool) -> Iterator[Sentence]:
    place = 0
    for asked in answers.own_questions(turn.text):
        start = turn.text.find(asked, place)
        place = max(place, start)
        if len(asked.split()) < _QUESTION_WORDS or not (invited or asked.endswith("?")):
            continue
        ids = turn.ids(start, start + len(asked))
        yield Sentence(quoted(asked), ids, f"question:{ids[0] if ids else ''}:{start}")


def _fact(basis: str, text: str) -> Sentence:
    return Sentence(text, (), f"fact:{basis}")
