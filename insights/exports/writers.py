"""An export's content as Markdown, plain text, JSON and subtitles."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from sessions.models import Note
from transcription.models import Role

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~!]|&(?=#?\w+;))")
# A list, a rule, or what makes the line before a heading.
_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+](?:\s|$))|(?=(?:-+|=+)$))")

# --- as text -------------------------------------------------------------------------------------


def _markdown(content: dict[str, Any]) -> str:
    return "\n".join(_document(content, Markdown())) + "\n"


def _text(content: dict[str, Any]) -> str:
    return "\n".join(_document(content, Plain())) + "\n"


class Plain:
    """Headings and lists as plain text shows them."""

    def heading(self, text: str, level: int) -> list[str]:
        return ["", text, ("=" if level == 1 else "-") * len(text)] if level < 3 else ["", text]

    def item(self, text: str) -> str:
        return f"- {text}"

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
    plain = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _START.sub(r"\1\\", plain)


def _document(content: dict[str, Any], form: Plain) -> Iterator[str]:
    about = content["interview"]
    yield from form.heading(about["title"], 1)[1:]
    for label, value in (
        (_("Candidate"), about["candidate"]),
        (_("Job"), about["job"]),
        (_("Interviewer"), about["interviewer"]),
        (_("Held"), _day(about["started_at"])),
        (_("To be deleted by"), _day(about["delete_by"])),
        (_("Exported"), f"{_day(content['exported_at'])}, {content['exported_by']}"),
    ):
        if value:
            yield form.paragraph(f"{label}: {value}")
    if "summary" in content:
        yield from _summary_text(content["summary"], form)
    if "ratings" in content:
        yield from _ratings_text(content["ratings"], form)
    if "notes" in content:
        yield from form.heading(_("Notes"), 2)
        for note in content["notes"]:
            mark = _("Bookmark") if note["kind"] == Note.Kind.BOOKMARK else ""
            said = " · ".join(part for part in (mark, " ".join(note["text"].split())) if part)
            yield form.item(f"{clock(note['at_ms'])} {note['author']}: {said}")
    if "transcript" in content:
        yield from form.heading(_("Transcript"), 2)
        yield from _transcript_text(content["transcript"], form)


def _day(iso: str | None) -> str:
    return iso[:16].replace("T", " ") if iso else ""


def _summary_text(sections: list[dict[str, Any]], form: Plain) -> Iterator[str]:
    yield from form.heading(_("Summary"), 2)
    yield form.paragraph(_("A draft made by rules; what a person wrote or changed has their name."))
    for section in sections:
        yield from form.heading(section["title"], 3)
        for sentence in section["sentences"]:
            by = f" [{sentence['by']}]" if sentence["by"] else ""
            yield form.item(f"{sentence['text']}{by}")


def _ratings_text(card: dict[str, Any], form: Plain) -> Iterator[str]:
    yield from form.heading(_("Ratings by %s") % card["by"], 2)
    if not card["submitted_at"]:
        yield form.paragraph(_("Not submitted."))
    for rating in card["ratings"]:
        value = f"{rating['value']}/{card['scale']}" if rating["value"] else _("not rated")
        more = [part for part in (rating["anchor"], rating["comment"]) if part]
        yield form.item(": ".join([f"{rating['competency']} {value}", *more]))


def _transcript_text(rows: list[dict[str, Any]], form: Plain) -> Iterator[str]:
    speaker = ""
    for row in rows:
        at = clock(row["start_ms"])
        if "missing" in row:
            yield form.paragraph(f"({at} {_absence(row)})")
            speaker = ""
            continue
        if row["speaker"] != speaker:
            speaker = row["speaker"]
            yield ""
            yield form.strong(f"{at} {Role(speaker).label}")
        yield form.paragraph(row["text"])


def _absence(row: dict[str, Any]) -> str:
    if row["missing"] == "off_record":
        return _("off the record until %s") % clock(row["end_ms"])
    return _("not recorded until %s") % clock(row["end_ms"])


def clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


# --- as subtitles --------------------------------------------------------------------------------


def _cues(content: dict[str, Any]) -> Iterator[tuple[int, int, str, str]]:
    for row in content["transcript"]:
        if "missing" not in row:
            end = max(row["end_ms"], row["start_ms"] + 1)
            text = " ".join(row["text"].split()).replace("-->", "→")
            yield row["start_ms"], end, str(Role(row["speaker"]).label), text


def _srt(content: dict[str, Any]) -> str:
    cues = [
        f"{n}\n{_timed(start, ',')} --> {_timed(end, ',')}\n{speaker}: {text}\n"
        for n, (start, end, speaker, text) in enumerate(_cues(content), 1)
    ]
    return "\n".join(cues)


def _vtt(content: dict[str, Any]) -> str:
    cues = [
        f"{_timed(start, '.')} --> {_timed(end, '.')}\n<v {speaker}>{_entities(text)}\n"
        for start, end, speaker, text in _cues(content)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _timed(ms: int, point: str) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


WRITERS = {"markdown": _markdown, "text": _text, "json": _json, "srt": _srt, "vtt": _vtt}
