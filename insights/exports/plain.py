"""An export as Markdown and as plain text."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from insights.exports import wording
from insights.exports.clock import clock

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~!]|&(?=#?\w+;))")
# A list, a rule, or what makes the line before a heading.
_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+](?:\s|$))|(?=(?:-+|=+)$))")


def markdown(content: dict[str, Any]) -> bytes:
    return ("\n".join(_document(content, Markdown())) + "\n").encode()


def text(content: dict[str, Any]) -> bytes:
    return ("\n".join(_document(content, Plain())) + "\n").encode()


class Plain:
    """Headings and lists as plain text shows them."""

    def heading(self, text: str, level: int) -> list[str]:
        text = wording.one_line(text)
        return ["", text, ("=" if level == 1 else "-") * len(text)] if level < 3 else ["", text]

    def item(self, text: str) -> str:
        return f"- {wording.one_line(text)}"

    def paragraph(self, text: str) -> str:
        return text

    def strong(self, text: str) -> str:
        return text


class Markdown(Plain):
    """The same in Markdown, in which nothing that was said or written is markup."""

    def heading(self, text: str, level: int) -> list[str]:
        return ["", f"{'#' * level} {escaped(text)}", ""]

    def item(self, text: str) -> str:
        return f"- {escaped(text)}"

    def paragraph(self, text: str) -> str:
        return f"{escaped(text)}  "

    def strong(self, text: str) -> str:
        return f"**{escaped(text)}**  "


def escaped(text: str) -> str:
    """Return a text in one line that Markdown shows as it is."""
    plain = _MARKUP.sub(r"\\\1", wording.one_line(text))
    return _START.sub(r"\1\\", plain)


def _document(content: dict[str, Any], form: Plain) -> Iterator[str]:
    yield from form.heading(content["interview"]["title"], 1)[1:]
    for label, value in wording.facts(content):
        yield form.paragraph(f"{label}: {value}")
    yield form.paragraph(wording.confidential())
    if "summary" in content:
        yield from _summary(content["summary"], form)
    if "ratings" in content:
        yield from _ratings(content["ratings"], form)
    for card in content.get("panel", ()):
        yield from _ratings(card, form)
    if "notes" in content:
        yield from form.heading(_("Notes"), 2)
        for note in content["notes"]:
            yield form.item(f"{wording.note_head(note)}: {note['text']}".rstrip(": "))
    if "transcript" in content:
        yield from form.heading(_("Transcript"), 2)
        yield from _transcript(content["transcript"], form)


def _summary(summary: dict[str, Any], form: Plain) -> Iterator[str]:
    yield from form.heading(_("Summary"), 2)
    state, more = wording.standing(summary)
    for line in (state, *more):
        yield form.paragraph(line)
    for section in summary["sections"]:
        yield from form.heading(section["title"], 3)
        for sentence in section["sentences"]:
            places = "".join(f" [{clock(at)}]" for at in sentence["at_ms"])
            by = f" ({sentence['by']})" if sentence["by"] else ""
            yield form.item(f"{sentence['text']}{places}{by}")


def _ratings(card: dict[str, Any], form: Plain) -> Iterator[str]:
    yield from form.heading(_("Ratings by %s") % card["by"], 2)
    yield form.paragraph(wording.submitted(card))
    overall = [part for part in (card["overall"]["label"], card["overall"]["text"]) if part]
    if overall:
        yield form.item(": ".join([_("Recommendation"), *overall]))
    for rating in card["ratings"]:
        value = f"{rating['competency']}, {wording.rated(rating, card['scale'])}"
        more = [part for part in (rating["anchor"], rating["comment"]) if part]
        yield form.item(": ".join([value, *more]))
        for quote in rating["quotes"]:
            yield form.item(f"{clock(quote['at_ms'])} “{quote['text']}”")


def _transcript(rows: list[dict[str, Any]], form: Plain) -> Iterator[str]:
    speaker = ""
    for row in rows:
        at = clock(row["start_ms"])
        if "missing" in row:
            yield form.paragraph(f"({at} {wording.absence(row)})")
            speaker = ""
            continue
        if row["speaker"] != speaker:
            speaker = row["speaker"]
            yield ""
            yield form.strong(f"{at} {wording.speaker(row)}")
        yield form.paragraph(row["text"])
