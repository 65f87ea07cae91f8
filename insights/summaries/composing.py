"""A whole draft: what a language model wrote, what the rules found, in the order of a template."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights import queries
from insights.analyzers.notes import Note
from insights.cards import KEPT
from insights.models import Insight, Summary, SummaryTemplate
from insights.summaries.draft import draft
from insights.summaries.model import Asking, Writer, Written, is_wanted
from insights.summaries.sections import arranged
from insights.summaries.shapes import Section, Sentence
from sessions.models import Session
from transcription import queries as words

BY_MODEL = "llm:"  # what the basis of a model's sentences begins with
WRITTEN = ("facts", "strengths", "concerns", "candidate", "next_steps")  # and each competency


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a summary is to be made like; an empty language is the interview's."""

    language: str = ""
    template: SummaryTemplate | None = None

    def is_of(self, language: str, template_id: object) -> bool:
        own = self.template.pk if self.template else None
        return (self.language, own) == (language, template_id)


@dataclass(frozen=True, slots=True)
class Composed:
    sections: list[Section] = field(repr=False)
    source: str


def compose(
    session: Session, wanted: Wanted, *, asking: Asking, tries: int, begin: Callable[[], bool]
) -> Composed:
    """Return a draft. Raises `model.Later` where a model is to be asked more, and `model.Gone`.

    Where it is never to be asked, what it wrote before stands, but for what rests on lines that
    were corrected since.
    """
    written = None
    if asking is Asking.NEVER:
        written = _standing(session)
    elif is_wanted(session):
        template = wanted.template
        writer = Writer(
            session,
            [queries.line_of(s) for s in words.transcript(session).order_by("start_ms")],
            language=queries.summary_language(wanted.language, session),
            guidance=template.guidance if template else "",
            asking=asking,
            tries=tries,
            begin=begin,
        )
        written = writer.write()
    with translation.override(queries.rules_language(wanted.language, session)):
        sections = draft(session)
        if written is not None and written.sentences:
            sections = _together(session, sections, written)
        by_model = written is not None and bool(written.sentences)
        _note_who(sections, written if by_model else None)
        source = Insight.Source.LLM if by_model else Insight.Source.RULES
        return Composed(arranged(sections, wanted.template), source)


def _standing(session: Session) -> Written | None:
    summary = Summary.objects.filter(session=session).first()
    if summary is None or summary.made_at is None or not queries.may_be_analysed(session):
        return None
    summary.session = session  # whose key is at hand
    corrected = session.segments.filter(corrected_at__gt=summary.made_at)
    unread = frozenset(str(pk) for pk in corrected.values_list("pk", flat=True))
    sentences = [
        Note(section["key"], sentence["text"], tuple(sentence["segments"]))
        for section in summary.sections
        for sentence in section["sentences"]
        if sentence["basis"].startswith(BY_MODEL)
        and not sentence["edited"]
        and unread.isdisjoint(sentence["segments"])
    ]
    return Written(sentences, unread, 0, 0)


def _together(session: Session, sections: list[Section], written: Written) -> list[Section]:
    """Put a model's sentences into the rules' sections; of those it read, the rules' own go.

    What people called useful stays, and so does what no sentence of the model covers where that can
    be told: questions of the candidate, and what comes next.
    """
    cards = session.insights.filter(feedback__in=KEPT).values_list("pk", flat=True)
    useful = {f"card:{pk}" for pk in cards}
    result = []
    for section in sections:
        if section.key not in WRITTEN and not section.key.startswith("competency:"):
            result.append(section)
            continue
        own = [note for note in written.sentences if note.section == section.key]
        covered = {line for note in own for line in note.lines}

        def stays(sentence: Sentence, key: str = section.key, covered: set[str] = covered) -> bool:
            lines = set(sentence.segments)
            if not lines or sentence.basis in useful or lines & written.unread:
                return True
            return key in ("candidate", "next_steps") and not lines & covered

        ruled = [sentence for sentence in section.sentences if stays(sentence)]
        result.append(Section(section.key, section.title, [*_sentences(own), *ruled]))
    return result


def _sentences(notes: list[Note]) -> list[Sentence]:
    """Return notes as sentences; their basis is the lines, as another draft words them anew."""
    found: list[Sentence] = []
    taken: set[str] = set()
    for note in notes:
        mark = sha256("|".join(note.lines).encode()).hexdigest()[:16]
        basis, n = f"{BY_MODEL}{mark}", 1
        while basis in taken:
            n += 1
            basis = f"{BY_MODEL}{mark}:{n}"
        taken.add(basis)
        found.append(Sentence(note.text, note.lines, basis))
    return found


def _note_who(sections: list[Section], written: Written | None) -> None:
    """Say in the last section who drafted it."""
    said = _("Drafted by the rules of this program.")
    if written is not None:
        said = _("Drafted by the language model %s; its sentences were checked against the lines.")
        said %= settings.INTERVIEW_LLM_MODEL
        if written.unread_parts:
            rest = ngettext(
                "%(count)d of %(all)d parts of the interview was read by rules.",
                "%(count)d of %(all)d parts of the interview were read by rules.",
                written.unread_parts,
            ) % {"count": written.unread_parts, "all": written.parts}
            said = f"{said} {rest}"
    for section in sections:
        if section.key == "interview":
            section.sentences.append(Sentence(said, (), "fact:drafted"))
