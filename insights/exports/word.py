"""An export as a Word document (DOCX): styles, tables and bookmarks that people can go on with."""

import io
import re
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from docx import Document as new_document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from insights.exports import wording
from insights.exports.clock import clock
from insights.exports.directions import is_rtl

STAMP = (1980, 1, 1, 0, 0, 0)  # of the files in it: the same content makes the same bytes
ACCENT = RGBColor(13, 101, 95)
MUTED = RGBColor(100, 106, 112)
_UNSAYABLE = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word(content: dict[str, Any]) -> bytes:
    """Return the file; of the same content the same bytes."""
    return _again(Document(content).made())


def sayable(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _UNSAYABLE.sub("", text)


class Document:
    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self._document: Any = new_document()
        self._styles = self._document.styles
        self._bookmarks: dict[str, int] = {}
        self._ids: dict[str, str] = {}  # of styles, by their names
        rows = content.get("transcript", ())
        self._said = {row["id"] for row in rows if "missing" not in row}

    def made(self) -> bytes:
        content = self._content
        self._page()
        self._set_styles()
        self._properties()
        self._head()
        if "summary" in content:
            self._summary(content["summary"])
        for card in self._cards():
            self._ratings(card)
        if "notes" in content:
            self._notes(content["notes"])
        if "transcript" in content:
            self._transcript(content["transcript"])
        written = io.BytesIO()
        self._document.save(written)
        return written.getvalue()

    def _cards(self) -> list[dict[str, Any]]:
        own = self._content.get("ratings")
        return [*([own] if own else []), *self._content.get("panel", ())]

    # --- what the whole document has -------------------------------------------------------------

    def _page(self) -> None:
        about = self._content["interview"]
        section = self._document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(22)
        section.top_margin, section.bottom_margin = Mm(24), Mm(22)
        by = wording.delete_by(self._content)
        parts = [about["title"], _("Delete by %s") % by if by else ""]
        head = section.header.paragraphs[0]
        self._run(head, " · ".join(part for part in parts if part), muted=True, size=8)
        foot = section.footer.paragraphs[0]
        before, between, after = re.split("{page}|{pages}", _("Page {page} of {pages}"))
        self._run(foot, f"{wording.confidential()}  {before}", muted=True, size=8)
        _field(self._run(foot, "", muted=True, size=8), "PAGE")
        self._run(foot, between, muted=True, size=8)
        _field(self._run(foot, "", muted=True, size=8), "NUMPAGES")
        self._run(foot, after, muted=True, size=8)

    def _set_styles(self) -> None:
        body = self._styles["Normal"]
        body.font.size = Pt(10.5)
        body.paragraph_format.space_after = Pt(4)
        for name, size in (("Title", 24), ("Heading 1", 16), ("Heading 2", 12)):
            style = self._styles[name]
            style.font.size = Pt(size)
            style.font.color.rgb = ACCENT if name == "Heading 1" else RGBColor(29, 34, 38)
        speaker = self._styles.add_style("Speaker", WD_STYLE_TYPE.PARAGRAPH)
        speaker.base_style = body
        speaker.font.bold = True
        speaker.font.color.rgb = ACCENT
        speaker.paragraph_format.keep_with_next = True
        speaker.paragraph_format.space_before = Pt(8)
        time = self._styles.add_style("Time", WD_STYLE_TYPE.CHARACTER)
        time.font.size, time.font.color.rgb = Pt(9), MUTED
        line = self._styles.add_style("Line", WD_STYLE_TYPE.PARAGRAPH)
        line.base_style = body
        line.paragraph_format.left_indent = Mm(16)
        line.paragraph_format.first_line_indent = Mm(-16)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(16))
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), self._content["interview"]["language"])
        body.element.get_or_add_rPr().append(language)

    def _properties(self) -> None:
        about, at = self._content["interview"], self._content["exported_at"]
        known = self._document.core_properties
        known.title = sayable(about["title"])
        known.subject = _("Record of a job interview")
        known.author = known.last_modified_by = "Interview Copilot"
        known.comments = known.keywords = known.category = ""
        known.language = about["language"]
        known.created = known.modified = datetime.fromisoformat(at)
        known.revision = 1
        package = self._document.part.package
        for key, relation in list(package.rels.items()):  # a picture of an empty page
            if relation.reltype.endswith("/thumbnail"):
                del package.rels[key]

    # --- the parts -------------------------------------------------------------------------------

    def _head(self) -> None:
        self._paragraph(self._content["interview"]["title"], "Title")
        if "summary" in self._content:
            state, more = wording.standing(self._content["summary"])
            self._run(self._paragraph("", "Normal"), state).bold = True
            for line in more:
                self._run(self._paragraph("", "Normal"), line, muted=True, size=9)
        table = self._document.add_table(rows=0, cols=2)
        table.alignment = WD_TABLE_ALIGNMENT.LEFT
        for label, value in wording.facts(self._content):
            cells = table.add_row().cells
            cells[0].width, cells[1].width = Mm(45), Mm(121)
            self._run(cells[0].paragraphs[0], label, muted=True)
            self._run(cells[1].paragraphs[0], value)

    def _summary(self, summary: dict[str, Any]) -> None:
        self._paragraph(_("Summary"), "Heading 1")
        claims = wording.claims(summary)
        for section in summary["sections"]:
            if section["key"] not in wording.CLAIMS:
                self._paragraph(section["title"], "Heading 2")
                for sentence in section["sentences"]:
                    self._sentence(self._paragraph("", "List Bullet"), sentence)
            elif claims:
                self._paragraph(_("Claims to verify"), "Heading 2")
                self._claims(claims)
                claims = []

    def _sentence(self, paragraph: Any, sentence: dict[str, Any]) -> None:
        self._run(paragraph, sentence["text"])
        self._places(paragraph, sentence)
        if sentence["by"]:
            self._run(paragraph, f"  {sentence['by']}", muted=True, size=9).italic = True

    def _places(self, paragraph: Any, sentence: dict[str, Any]) -> None:
        for line, at in zip(sentence["lines"], sentence["at_ms"], strict=False):
            self._link(paragraph, f" [{clock(at)}]", line)

    def _claims(self, claims: list[tuple[str, dict[str, Any]]]) -> None:
        table = self._document.add_table(rows=1, cols=3)
        table.style = self._styles["Table Grid"]
        widths = (Mm(20), Mm(100), Mm(46))
        for cell, label in zip(
            table.rows[0].cells, (_("Said at"), _("Claim"), _("Why")), strict=True
        ):
            self._run(cell.paragraphs[0], label).bold = True
        _repeat(table.rows[0])
        for why, sentence in claims:
            at, claim, reason = table.add_row().cells
            self._places(at.paragraphs[0], sentence)
            self._run(claim.paragraphs[0], sentence["text"])
            self._run(reason.paragraphs[0], why)
        for row in table.rows:
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = width

    def _ratings(self, card: dict[str, Any]) -> None:
        self._paragraph(_("Ratings by %s") % card["by"], "Heading 1")
        self._run(self._paragraph("", "Normal"), wording.submitted(card), muted=True)
        overall = card["overall"]
        if overall["label"] or overall["text"]:
            self._paragraph(_("Recommendation"), "Heading 2")
            if overall["label"]:
                self._run(self._paragraph("", "Normal"), overall["label"]).bold = True
            self._texts([overall["text"]])
        for rating in card["ratings"]:
            said = wording.rated(rating, card["scale"])
            self._paragraph(f"{rating['competency']}: {said}", "Heading 2")
            if rating["anchor"]:
                self._run(self._paragraph("", "Normal"), rating["anchor"]).italic = True
            self._texts([rating["comment"]])
            for quote in rating["quotes"]:
                paragraph = self._paragraph("", "List Bullet")
                self._run(paragraph, f"“{quote['text']}”")
                self._link(paragraph, f" [{clock(quote['at_ms'])}]", quote["line"])

    def _notes(self, notes: list[dict[str, Any]]) -> None:
        self._paragraph(_("Notes"), "Heading 1")
        for note in notes:
            self._run(self._paragraph("", "Normal"), wording.note_head(note), muted=True, size=9)
            self._texts([note["text"]])

    def _texts(self, texts: Iterable[str]) -> None:
        for text in texts:
            if text:
                self._paragraph(text, "Normal")

    def _transcript(self, rows: list[dict[str, Any]]) -> None:
        self._paragraph(_("Transcript"), "Heading 1")
        time, speaker = self._styles["Time"].style_id, ""
        for row in rows:
            at = clock(row["start_ms"])
            if "missing" in row:
                speaker = ""
                said = self._paragraph("", "Line")
                self._run(said, f"{at}\t{wording.absence(row)}", muted=True).italic = True
                continue
            if row["speaker"] != speaker:
                speaker = row["speaker"]
                self._paragraph(wording.speaker(row), "Speaker")
            line = self._paragraph("", "Line")
            self._bookmark(line, row["id"])
            self._run(line, f"{at}\t")._r.style = time
            self._run(line, row["text"])

    # --- pieces ----------------------------------------------------------------------------------

    def _paragraph(self, text: str, style: str) -> Any:
        paragraph = self._document.add_paragraph()
        if style != "Normal":
            # By its id: python-docx would look it up among all styles for every paragraph.
            if style not in self._ids:
                self._ids[style] = self._styles[style].style_id
            paragraph._p.style = self._ids[style]
        if text:
            self._run(paragraph, text)
        return paragraph

    def _run(self, paragraph: Any, text: str, *, muted: bool = False, size: float = 0) -> Any:
        run = paragraph.add_run(sayable(text))
        if is_rtl(text):
            _set(paragraph._p.get_or_add_pPr(), "w:bidi")
            _set(run._r.get_or_add_rPr(), "w:rtl")
        if muted:
            run.font.color.rgb = MUTED
        if size:
            run.font.size = Pt(size)
        return run

    def _bookmark(self, paragraph: Any, line: str) -> None:
        number = self._bookmarks.setdefault(line, len(self._bookmarks) + 1)
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        start.set(qn("w:id"), str(number))
        start.set(qn("w:name"), _anchor(line))
        end.set(qn("w:id"), str(number))
        paragraph._p.append(start)
        paragraph._p.append(end)

    def _link(self, paragraph: Any, text: str, line: str) -> None:
        """Write a place, which leads to its line where the transcript is in the file."""
        run = self._run(paragraph, text, size=9)
        if line not in self._said:
            run.font.color.rgb = MUTED
            return
        run.font.color.rgb = ACCENT
        link = OxmlElement("w:hyperlink")
        link.set(qn("w:anchor"), _anchor(line))
        link.append(run._r)
        paragraph._p.append(link)


def _anchor(line: str) -> str:
    return "line_" + re.sub("[^0-9a-zA-Z]", "", line)[:32]  # Word takes 40 characters


def _set(properties: Any, name: str) -> None:
    if properties.find(qn(name)) is None:
        properties.append(OxmlElement(name))


def _repeat(row: Any) -> None:
    """Let a row stand at the top of each page of its table."""
    _set(row._tr.get_or_add_trPr(), "w:tblHeader")


def _field(run: Any, instruction: str) -> None:
    for kind, text in (("begin", ""), ("", instruction), ("separate", ""), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _again(made: bytes) -> bytes:
    """Return a ZIP whose files have no times of their own."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            about = zipfile.ZipInfo(name, STAMP)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o600 << 16
            new.writestr(about, old.read(name))
    return written.getvalue()
