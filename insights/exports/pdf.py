"""An export as PDF, made to be read: what it came to first, what was said behind it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from fpdf.enums import XPos, YPos

from insights.exports import wording
from insights.exports.clock import clock
from insights.exports.directions import is_rtl
from insights.exports.paper import (
    ACCENT,
    AMBER,
    AMBER_SOFT,
    BODY,
    GREEN,
    GREEN_SOFT,
    INK_2,
    INK_3,
    LEFT,
    PAPER,
    RULE,
    WIDTH,
    Colour,
    Paper,
    drawable,
    is_drawable,
)
from transcription.models import Role

GUTTER = 16.0  # mm, in which times stand beside the lines
CLAIM_X, CLAIM_WIDTH = LEFT + GUTTER + 1, BODY - GUTTER - 50
WHY_X, WHY_WIDTH = LEFT + BODY - 41, 41.0
SPEAKERS: dict[str, Colour] = {
    Role.INTERVIEWER: (13, 101, 95),
    Role.CANDIDATE: (150, 48, 111),
    Role.ROOM: (76, 83, 89),
}


def pdf(content: dict[str, Any]) -> bytes:
    """Return the file; of the same content the same bytes."""
    return Document(content).made()


class Document:
    def __init__(self, content: dict[str, Any]) -> None:
        about = content["interview"]
        by = wording.delete_by(content)
        self._content = content
        self._paper = Paper(
            running=(about["title"], _("Delete by %s") % by if by else ""),
            footing=wording.confidential(),
            page_of=_("Page {page} of {pages}"),
            about_pages=1 + len(content.get("transcript", ())) // 12,
        )
        self._paper.set_lang(about["language"])
        self._paper.set_title(drawable(about["title"]))
        self._paper.set_subject(_("Record of a job interview"))
        self._paper.set_creator("Interview Copilot")
        self._paper.set_producer("Interview Copilot")
        self._paper.set_creation_date(datetime.fromisoformat(content["exported_at"]))
        # Lines of the transcript that places in other parts lead to.
        self._places = self._targets()

    def _targets(self) -> dict[str, int]:
        """Return a link for each line that other parts name; where to is known once it stands."""
        rows = self._content.get("transcript", ())
        said = {row["id"] for row in rows if "missing" not in row}
        return {line: self._paper.add_link(page=1) for line in sorted(said & self._quoted())}

    def _quoted(self) -> set[str]:
        """Return the lines that other parts name."""
        sections = self._content.get("summary", {"sections": []})["sections"]
        found = {i for section in sections for s in section["sentences"] for i in s["lines"]}
        for card in self._cards():
            found |= {quote["line"] for rating in card["ratings"] for quote in rating["quotes"]}
        return found

    def _cards(self) -> list[dict[str, Any]]:
        own = self._content.get("ratings")
        return [*([own] if own else []), *self._content.get("panel", ())]

    def made(self) -> bytes:
        try:
            return self._made()
        finally:
            self._paper.release()

    def _made(self) -> bytes:
        content = self._content
        self._paper.add_page()
        self._cover()
        if "summary" in content:
            self._summary(content["summary"])
        for card in self._cards():
            self._ratings(card)
        if "notes" in content:
            self._notes(content["notes"])
        if "transcript" in content:
            self._transcript(content["transcript"])
        return bytes(self._paper.output())

    # --- the first page --------------------------------------------------------------------------

    def _cover(self) -> None:
        paper, about = self._paper, self._content["interview"]
        paper.set_fill_color(*ACCENT)
        paper.rect(LEFT, 17, 14, 1.2, "F")
        paper.set_y(21.5)
        paper.text_block(_("Record of a job interview"), size=9, colour=INK_3)
        paper.ln(1)
        paper.text_block(about["title"], size=22, style="B", leading=1.2)
        if about["candidate"]:
            paper.ln(0.8)
            paper.text_block(about["candidate"], size=13, colour=INK_2, leading=1.3)
        paper.ln(4)
        if "summary" in self._content:
            self._standing(self._content["summary"])
        self._facts()
        if not all(map(is_drawable, _texts(self._content))):
            more = _(
                "A box stands for each letter that the fonts of this file lack; "
                "the other formats have them."
            )
            paper.text_block(more, size=8.5, colour=INK_3)

    def _standing(self, summary: dict[str, Any]) -> None:
        """Draw how the summary stands, which nobody shall overlook."""
        paper = self._paper
        state, more = wording.standing(summary)
        ink, soft = (GREEN, GREEN_SOFT) if summary["signed"] else (AMBER, AMBER_SOFT)
        inside, width = LEFT + 5, BODY - 9
        rows = sum(paper.rows(line, size=8.5, width=width) for line in more)
        height = 5.4 * paper.rows(state, size=11, width=width, style="B") + 4.2 * rows + 5.4
        top = paper.get_y()
        paper.set_fill_color(*soft)
        paper.rect(LEFT, top, BODY, height, "F")
        paper.set_fill_color(*ink)
        paper.rect(LEFT, top, 1.2, height, "F")
        paper.set_y(top + 2.7)
        paper.text_block(state, size=11, style="B", colour=ink, x=inside, width=width, leading=1.4)
        for line in more:
            paper.text_block(line, size=8.5, colour=INK_2, x=inside, width=width, leading=1.4)
        paper.set_y(top + height + 5)

    def _facts(self) -> None:
        """Draw what is known in two columns."""
        paper = self._paper
        known = [fact for fact in wording.facts(self._content) if fact[0] != _("Candidate")]
        column, gap = (BODY - 8) / 2, 8
        for left, right in zip(known[::2], [*known[1::2], None], strict=False):
            top = paper.get_y()
            bottom = top
            for at, fact in enumerate((left, right)):
                if fact is None:
                    continue
                x = LEFT + at * (column + gap)
                paper.set_y(top)
                paper.text_block(fact[0], size=8, colour=INK_3, x=x, width=column, leading=1.35)
                paper.text_block(fact[1], size=10, x=x, width=column, leading=1.35)
                bottom = max(bottom, paper.get_y())
            paper.set_y(bottom + 2.2)
        paper.ln(1)

    # --- the parts -------------------------------------------------------------------------------

    def _part(self, title: str) -> None:
        """Begin a part: its heading stands above something on the same page."""
        paper = self._paper
        paper.need(34)
        if paper.get_y() > 30:
            paper.ln(6)
        paper.start_section(drawable(title), level=0)
        paper.text_block(title, size=15, style="B", leading=1.3)
        y = paper.get_y() + 0.8
        paper.set_draw_color(*ACCENT)
        paper.set_line_width(0.4)
        paper.line(LEFT, y, WIDTH - LEFT, y)
        paper.set_y(y + 3)

    def _heading(self, title: str, room: float = 20) -> None:
        paper = self._paper
        paper.need(room)
        paper.start_section(drawable(wording.one_line(title)), level=1)
        paper.text_block(title, size=11, style="B", leading=1.35)
        paper.ln(0.8)

    def _none(self, text: str) -> None:
        self._paper.text_block(text, colour=INK_3)
        self._paper.ln(2)

    def _summary(self, summary: dict[str, Any]) -> None:
        self._part(_("Summary"))
        if not summary["sections"]:
            self._none(_("There is nothing in the summary."))
        claims = wording.claims(summary)
        for section in summary["sections"]:
            if section["key"] not in wording.CLAIMS:
                self._heading(section["title"])
                for sentence in section["sentences"]:
                    self._sentence(sentence)
            elif claims:  # all of them in one table, where the first would stand
                self._heading(_("Claims to verify"), room=30)
                self._claims(claims)
                claims = []
            else:
                continue
            self._paper.ln(3)

    def _sentence(self, sentence: dict[str, Any]) -> None:
        paper = self._paper
        paper.need(11)
        rtl = is_rtl(sentence["text"])
        paper.set_fill_color(*INK_3)
        dot = WIDTH - LEFT - 2.1 if rtl else LEFT + 1
        paper.ellipse(dot, paper.get_y() + 2.1, 1.1, 1.1, "F")
        inside = (LEFT, BODY - 5) if rtl else (LEFT + 5, BODY - 5)
        paper.sentence(sentence["text"], self._links(sentence), sentence["by"], *inside)
        paper.ln(0.9)

    def _links(self, sentence: dict[str, Any]) -> list[tuple[str, int | None]]:
        known = zip(sentence["lines"], sentence["at_ms"], strict=False)
        return [(clock(at), self._places.get(line)) for line, at in known]

    def _claims(self, claims: list[tuple[str, dict[str, Any]]]) -> None:
        """Draw a table: when it was said, what, why it is to be verified."""
        paper = self._paper
        self._claims_head()
        for why, sentence in claims:
            rows = max(
                paper.rows(sentence["text"], size=9.5, width=CLAIM_WIDTH),
                paper.rows(why, size=9.5, width=WHY_WIDTH),
                len(sentence["at_ms"]),
            )
            height = rows * 4.9 + 2
            if paper.will_page_break(height):
                paper.add_page()
                self._claims_head()
            top = paper.get_y()
            for label, link in self._links(sentence):
                colour = INK_3 if link is None else ACCENT
                paper.text_block(label, size=9, colour=colour, x=LEFT + 1, width=14, link=link)
            paper.set_y(top)
            paper.text_block(sentence["text"], size=9.5, x=CLAIM_X, width=CLAIM_WIDTH)
            paper.set_y(top)
            paper.text_block(why, size=9.5, colour=INK_2, x=WHY_X, width=WHY_WIDTH)
            paper.set_draw_color(*RULE)
            paper.set_line_width(0.2)
            paper.line(LEFT, top + height - 0.8, WIDTH - LEFT, top + height - 0.8)
            paper.set_y(top + height + 0.4)

    def _claims_head(self) -> None:
        paper = self._paper
        top = paper.get_y()
        paper.set_fill_color(*PAPER)
        paper.rect(LEFT, top, BODY, 6, "F")
        for x, label in ((LEFT + 1, _("Said at")), (CLAIM_X, _("Claim")), (WHY_X, _("Why"))):
            paper.set_y(top + 0.9)
            paper.text_block(label, size=8, style="B", colour=INK_2, x=x, width=30)
        paper.set_y(top + 7)

    def _ratings(self, card: dict[str, Any]) -> None:
        paper = self._paper
        self._part(_("Ratings by %s") % card["by"])
        paper.text_block(wording.submitted(card), size=9, colour=INK_3)
        paper.ln(2)
        overall = card["overall"]
        if overall["label"] or overall["text"]:
            self._heading(_("Recommendation"))
            if overall["label"]:
                paper.text_block(overall["label"], size=12, style="B", colour=ACCENT)
            if overall["text"]:
                paper.text_block(overall["text"])
            paper.ln(3)
        if not card["ratings"]:
            self._none(_("Nothing is rated."))
        for rating in card["ratings"]:
            self._rating(rating, card["scale"])

    def _rating(self, rating: dict[str, Any], scale: int) -> None:
        paper = self._paper
        paper.need(22)
        top = paper.get_y()
        self._dots(rating["value"] or 0, scale, top)
        paper.set_y(top)
        paper.text_block(rating["competency"], size=11, style="B", width=BODY - 54, leading=1.35)
        if rating["anchor"]:
            paper.text_block(rating["anchor"], size=9.5, style="I", colour=INK_2)
        if rating["comment"]:
            paper.ln(0.6)
            paper.text_block(rating["comment"])
        for quote in rating["quotes"]:
            self._quote(quote)
        paper.ln(4)

    def _dots(self, value: int, scale: int, top: float) -> None:
        """Draw a value as dots, with its words beside them."""
        paper = self._paper
        x = WIDTH - LEFT - 50
        paper.set_line_width(0.3)
        paper.set_draw_color(*(ACCENT if value else INK_3))
        paper.set_fill_color(*ACCENT)
        for n in range(scale):
            paper.ellipse(x + n * 4.6, top + 1.2, 2.9, 2.9, "DF" if n < value else "D")
        paper.set_y(top)
        said = wording.rated({"value": value}, scale)
        paper.text_block(said, size=9.5, colour=INK_2, x=x + scale * 4.6 + 2, leading=1.55)

    def _quote(self, quote: dict[str, Any]) -> None:
        paper = self._paper
        paper.ln(0.8)
        paper.need(10)
        top = paper.get_y()
        link = self._places.get(quote["line"])
        colour = INK_3 if link is None else ACCENT
        paper.text_block(clock(quote["at_ms"]), size=8.5, colour=colour, width=GUTTER, link=link)
        paper.set_y(top)
        paper.text_block(f"“{quote['text']}”", size=9.5, colour=INK_2, x=LEFT + GUTTER)

    def _notes(self, notes: list[dict[str, Any]]) -> None:
        paper = self._paper
        self._part(_("Notes"))
        if not notes:
            self._none(_("Nobody noted anything."))
        for note in notes:
            paper.need(14)
            paper.text_block(wording.note_head(note), size=8.5, colour=INK_3)
            if note["text"]:
                paper.text_block(note["text"])
            paper.ln(2.4)

    def _transcript(self, rows: list[dict[str, Any]]) -> None:
        paper = self._paper
        if paper.get_y() > 90:  # what was said begins on a page of its own
            paper.add_page()
        self._part(_("Transcript"))
        if not rows:
            self._none(_("Nothing was said."))
        speaker = ""
        for row in rows:
            if "missing" in row:
                speaker = ""
                self._missing(row)
                continue
            if row["speaker"] != speaker:
                speaker = row["speaker"]
                paper.need(17)
                if paper.get_y() > 30:
                    paper.ln(1.8)
                self._speaker(row, wording.speaker(row))
            elif paper.will_page_break(10):
                paper.add_page()
                self._speaker(row, _("%s, continued") % wording.speaker(row))
            self._line(row)

    def _speaker(self, row: dict[str, Any], said: str) -> None:
        colour = SPEAKERS[row["speaker"]]
        self._paper.text_block(said, size=9, style="B", colour=colour, x=LEFT + GUTTER)

    def _line(self, row: dict[str, Any]) -> None:
        paper = self._paper
        link = self._places.get(row["id"])
        top = paper.get_y()
        if link is not None:
            paper.set_link(link, y=top - 2)
        paper._face("", 8.5, INK_3)
        paper.set_x(LEFT)
        paper.cell(GUTTER, 5.1, clock(row["start_ms"]), new_x=XPos.LEFT, new_y=YPos.TOP)
        paper.text_block(wording.one_line(row["text"]), x=LEFT + GUTTER)
        paper.ln(0.5)

    def _missing(self, row: dict[str, Any]) -> None:
        paper = self._paper
        paper.need(10)
        paper.ln(1.4)
        said = f"{clock(row['start_ms'])} – {wording.absence(row)}"
        paper.text_block(said, size=9, style="I", colour=INK_3, x=LEFT + GUTTER)
        paper.ln(1.4)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of an export."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
