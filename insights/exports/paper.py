"""A PDF page as ours look: faces, header and footer, text in any script that the faces have.

IBM Plex Sans with its Arabic and Hebrew, DejaVu Sans for what these lack, then the operator's; only
the glyphs that are used are embedded. Lengths are in millimetres, sizes of text in points.
"""

import functools
import unicodedata
from pathlib import Path

from django.conf import settings
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from insights.exports.directions import is_rtl

FONTS = Path(__file__).parent / "fonts"
BUILT_IN = (
    ("plex", "", "IBMPlexSans-Regular.ttf"),
    ("plex", "B", "IBMPlexSans-SemiBold.ttf"),
    ("plex", "I", "IBMPlexSans-Italic.ttf"),
    ("arabic", "", "IBMPlexSansArabic-Regular.ttf"),
    ("arabic", "B", "IBMPlexSansArabic-SemiBold.ttf"),
    ("hebrew", "", "IBMPlexSansHebrew-Regular.ttf"),
    ("hebrew", "B", "IBMPlexSansHebrew-SemiBold.ttf"),
    ("dejavu", "", "DejaVuSans.ttf"),
)
JOINERS = "\u200c\u200d"  # they shape what is around them
UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
TOFU = "\u25a1"  # stands for what no face has
PAGES = "\ufdd0pages\ufdd1"  # becomes the number of pages; nobody's text holds it

WIDTH, LEFT, TOP, BOTTOM = 210.0, 22.0, 24.0, 22.0
BODY = WIDTH - 2 * LEFT

Colour = tuple[int, int, int]
INK: Colour = (29, 34, 38)
INK_2: Colour = (76, 83, 89)
INK_3: Colour = (100, 106, 112)
RULE: Colour = (223, 220, 212)
PAPER: Colour = (247, 246, 242)
ACCENT: Colour = (13, 101, 95)
GREEN: Colour = (30, 107, 58)
GREEN_SOFT: Colour = (224, 242, 229)
AMBER: Colour = (122, 86, 0)
AMBER_SOFT: Colour = (251, 239, 201)


class Paper(FPDF):
    """`running` is what stands at the top of all pages but the first, left and right."""

    def __init__(
        self, *, running: tuple[str, str], footing: str, page_of: str, about_pages: int
    ) -> None:
        super().__init__(format="A4")
        self._running = running
        self._footing = footing
        self._page_of = page_of  # with {page} and {pages}
        # As wide as the number of pages, which is known at the end.
        self._digits = "0" * len(str(about_pages))
        for family, style, path in faces():
            self.add_font(family, style, path)
        # What is bold in a face that has no bold is set as it is.
        families = dict.fromkeys(family for family, _style, _path in faces())
        self.set_fallback_fonts(list(families), exact_match=False)
        self.alias_nb_pages(PAGES)
        self.set_margins(LEFT, TOP, LEFT)
        self.set_auto_page_break(True, margin=BOTTOM)
        self.c_margin = 0
        self._face("", 10, INK)

    def release(self) -> None:
        """Close the files of the faces, which stay open while pages are set."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    # --- what every page has ---------------------------------------------------------------------

    def header(self) -> None:
        if self.page_no() == 1:
            return
        left, right = self._running
        self.set_y(11)
        self._at_edges(left, right)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        self.line(LEFT, 17.5, WIDTH - LEFT, 17.5)
        self.set_y(TOP)

    def footer(self) -> None:
        self.set_y(-14)
        page = self._page_of.format(page=self.page_no(), pages=PAGES)
        self._at_edges(self._footing, page)

    def _at_edges(self, left: str, right: str) -> None:
        """Write two texts in one row; the left one is cut where both have no room."""
        self.set_x(LEFT)
        self._face("", 8, INK_3)
        shown = right.replace(PAGES, self._digits)
        room = BODY - self.get_string_width(shown) - 8
        with self._script(left):
            while left and self.get_string_width(left) > room:
                left = left.rstrip("…")[:-1].rstrip() + "…" if len(left) > 1 else ""
            self.cell(room, 4, left)
        self._face("", 8, INK_3)
        self.set_x(WIDTH - LEFT - self.get_string_width(shown))
        self.cell(0, 4, right)

    # --- text ------------------------------------------------------------------------------------

    def text_block(
        self,
        text: str,
        *,
        size: float = 10,
        style: str = "",
        colour: Colour = INK,
        leading: float = 1.45,
        x: float | None = None,
        width: float | None = None,
        link: int | None = None,
    ) -> None:
        """Write a paragraph between `x` and `x + width`, right-aligned where it is read so."""
        text = drawable(text)
        x = LEFT if x is None else x
        width = WIDTH - LEFT - x if width is None else width
        self._face(style, size, colour)
        self.set_x(x)
        height = size * 0.3528 * leading
        if (lines := self._lines(text, width)) is not None:
            for line in lines:
                self.set_x(x)
                self.cell(width, height, line, new_y=YPos.NEXT, link=link or "")
            self.set_x(LEFT)
            return
        # Pages break with the left margin, and the paragraph goes on at it.
        self.set_left_margin(x)
        with self._script(text):
            self.multi_cell(
                width,
                height,
                text,
                align="R" if is_rtl(text) else "L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
                link=link,
            )
        self.set_left_margin(LEFT)

    def rows(self, text: str, *, size: float, width: float, style: str = "") -> int:
        """Return how many rows a paragraph has."""
        self._face(style, size, INK)
        text = drawable(text)
        lines = self._lines(text, width)
        if lines is None:
            with self._script(text):
                lines = self.multi_cell(width, 4, text, dry_run=True, output="LINES")  # type: ignore[assignment]
        return len(lines or ())

    def _lines(self, text: str, width: float) -> list[str] | None:
        """Break a text into rows; None where its widths do not just add up.

        The same as `multi_cell` does, in a tenth of the time: that measures each row anew for every
        character.
        """
        widths = _widths(self.font_style)
        if not widths.keys() >= set(text) - {"\n"}:
            return None
        room = width * 1000 / (self.font_size_pt * 0.352778) + 0.001
        lines = []
        for paragraph in text.split("\n"):
            line, taken = "", 0.0
            for word in paragraph.split(" "):
                wide = sum(map(widths.__getitem__, word))
                while wide > room:  # longer than a row
                    if line:
                        lines.append(line)
                        line, taken = "", 0.0
                    cut = _fitting(word, widths, room)
                    lines.append(word[:cut])
                    word = word[cut:]
                    wide = sum(map(widths.__getitem__, word))
                if line and taken + widths[" "] + wide > room:
                    lines.append(line)
                    line, taken = "", 0.0
                taken += wide + (widths[" "] if line else 0)
                line = f"{line} {word}" if line else word
            lines.append(line)
        return lines

    def sentence(
        self, text: str, links: list[tuple[str, int | None]], by: str, x: float, width: float
    ) -> None:
        """Write a sentence with the places it rests on and who wrote it behind it."""
        height = 5.2
        text = drawable(text)
        self.set_left_margin(x)
        self.set_right_margin(WIDTH - x - width)
        self.set_x(x)
        tail = [(f"  [{label}]", link) for label, link in links]
        if needs_shaping(text):
            self.text_block(text, x=x, width=width)
            self.set_left_margin(x)
            self._face("", 8.5, INK_3)
            wide = sum(self.get_string_width(label) for label, _link in tail)
            self.set_x(x + width - wide if is_rtl(text) and wide < width else x)
        else:
            self._face("", 10, INK)
            self.write(height, text)
        for label, link in tail:
            self._face("", 8.5, ACCENT if link is not None else INK_3)
            self.write(height, label, link=link or "")
        if by:
            self._face("I", 8.5, INK_3)
            with self._script(by):
                self.write(height, drawable(f"  {by}"))
        if tail or by or not needs_shaping(text):
            self.ln(height)
        self.set_left_margin(LEFT)
        self.set_right_margin(LEFT)

    def _face(self, style: str, size: float, colour: Colour, family: str = "plex") -> None:
        self.set_font(family, style, size)
        self.set_text_color(*colour)

    def _script(self, text: str) -> "_Script":
        return _Script(self, text)

    def need(self, height: float) -> None:
        """Go on with a new page where this one has less room."""
        if self.will_page_break(height):
            self.add_page()


class _Script:
    """Sets face and shaping for one text: of what is Latin, neither changes anything."""

    def __init__(self, paper: Paper, text: str) -> None:
        self._paper = paper
        self._text = text

    def __enter__(self) -> None:
        paper, family = self._paper, family_of(self._text)
        self._before = (paper.font_family, paper.font_style, paper.font_size_pt)
        if family != "plex":
            style = paper.font_style.replace("I", "")
            paper.set_font(family, style, paper.font_size_pt)
        paper.set_text_shaping(needs_shaping(self._text))

    def __exit__(self, *_error: object) -> None:
        self._paper.set_text_shaping(False)
        self._paper.set_font(*self._before)


# --- What can be drawn ---------------------------------------------------------------------------


def faces() -> list[tuple[str, str, Path]]:
    """Return family, style and file of every face: ours, then those of the operator."""
    ours = [(family, style, FONTS / name) for family, style, name in BUILT_IN]
    theirs = enumerate(settings.INTERVIEW_PDF_FONTS)
    return [*ours, *((f"added{n}", "", Path(name)) for n, name in theirs)]


@functools.cache
def _widths(style: str) -> dict[str, float]:
    """Return the widths of the letters of our face in thousandths of its size.

    Only of those that stand for themselves: what is shaped is measured otherwise.
    """
    name = next(n for family, s, n in BUILT_IN if (family, s) == ("plex", style))
    with TTFont(FONTS / name, lazy=True) as font:
        scale = 1000 / font["head"].unitsPerEm
        measured = font["hmtx"].metrics
        letters = {chr(point): glyph for point, glyph in font.getBestCmap().items()}
        return {
            letter: measured[glyph][0] * scale
            for letter, glyph in letters.items()
            if not _complex(letter)
        }


def _fitting(word: str, widths: dict[str, float], room: float) -> int:
    """Return how many letters of a word fit into a row, at least one."""
    taken = 0.0
    for n, letter in enumerate(word):
        taken += widths[letter]
        if taken > room:
            return max(1, n)
    return len(word)


@functools.cache
def _covered() -> frozenset[int]:
    """Return the code points of all faces."""
    found: set[int] = set()
    for _family, _style, path in faces():
        with TTFont(path, lazy=True) as font:
            found |= set(font.getBestCmap())
    return frozenset(found)


def is_drawable(text: str) -> bool:
    """Tell whether the faces have every letter of a text."""
    return text.isascii() or TOFU not in drawable(text.replace(TOFU, ""))


def drawable(text: str) -> str:
    """Return a text without what no face has, which a box stands for, and without controls."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(_shown(character) for character in text)


@functools.lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    kind = unicodedata.category(character)
    if character in JOINERS and ord(character) in _covered():
        return character
    if kind in UNSEEN or 0xFE00 <= ord(character) < 0xFE10:
        return ""
    if kind == "Zs":
        return character if character == "\u00a0" else " "
    return character if ord(character) in _covered() else ("" if kind == "Mn" else TOFU)


def needs_shaping(text: str) -> bool:
    """Tell whether letters of a text join, reorder or run from right to left."""
    return not text.isascii() and any(_complex(character) for character in text)


@functools.lru_cache(maxsize=4096)
def _complex(character: str) -> bool:
    return (
        unicodedata.bidirectional(character) in ("R", "AL", "NSM")
        or 0x900 <= ord(character) < 0x1100
    )


def family_of(text: str) -> str:
    """Return the face that most of a text's letters are in."""
    if text.isascii():
        return "plex"
    arabic = sum(unicodedata.bidirectional(c) == "AL" for c in text)
    hebrew = sum(unicodedata.bidirectional(c) == "R" for c in text)
    if arabic >= hebrew and arabic:
        return "arabic"
    return "hebrew" if hebrew else "plex"
