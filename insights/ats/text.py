"""The words of a result as systems take them: plain text of a bounded length, marked at its end.

No system's API promises Markdown, and the HTML they take differs; plain text reads well in all.
"""

import base64
import re

from insights.ats.base import Rating, Result

LONGEST = 10_000  # characters of a note; no system documents a limit, so this one is ours
RECOMMENDATIONS = {
    "strong_no": "Strong no",
    "no": "No",
    "yes": "Yes",
    "strong_yes": "Strong yes",
}
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(([^)\s]+)\)")
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|`+)(?=\S)(.+?)(?<=\S)(?<!\\)\1", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SENTENCE_END = re.compile(r"[.!?…:;](?=\s)|\n")


def note(result: Result, *, longest: int = LONGEST, attached: bool = True) -> str:
    """Return the text of the note, which ends with its mark."""
    words = plain(result.text)
    whole = words if words.startswith(result.title) else f"{result.title}\n\n{words}"
    return cut(whole, longest, result.mark, result.shortened if attached else "…")


def scorecard(result: Result, *, longest: int = LONGEST) -> str:
    """Return recommendation and ratings as text, which ends with the mark."""
    lines = [result.title, ""]
    if result.recommendation:
        lines.append(f"Recommendation: {RECOMMENDATIONS[result.recommendation]}")
    lines += [_line(rating) for rating in result.ratings]
    return cut("\n".join(lines), longest, result.mark, "…")


def _line(rating: Rating) -> str:
    value = "not rated" if rating.value is None else f"{rating.value}/5"
    return f"{rating.competency}: {value}" + (f" – {rating.comment}" if rating.comment else "")


def file_name(result: Result) -> str:
    """Return the name of the file; it holds the mark, by which it is found again."""
    name = re.sub(r'[\x00-\x1f"\\/:*?<>|]+', "-", result.file_name).strip() or "interview.pdf"
    if result.mark in name:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-{result.mark}.{ending}" if dot else f"{name}-{result.mark}"


def base64_of(file: bytes) -> str:
    return base64.b64encode(file).decode()


def plain(markdown: str) -> str:
    """Return Markdown as plain text: headings, lists and quotes stay readable as they are."""
    lines = []
    for line in markdown.replace("\r\n", "\n").split("\n"):
        line = re.sub(r"^\s{0,3}#{1,6}\s+", "", line)
        line = re.sub(r"^(\s*)[*+]\s+", r"\1- ", line)
        lines.append(line.rstrip())
    text = _LINK.sub(r"\1 (\2)", "\n".join(lines))
    text = _EMPHASIS.sub(r"\2", text)
    text = _ESCAPED.sub(r"\1", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def cut(text: str, longest: int, mark: str, shortened: str) -> str:
    """Return the text with the mark at its end, cut at the end of a sentence where too long."""
    text = text.strip()
    end = "" if text.endswith(mark) else f"\n\n{mark}"
    if len(text) + len(end) <= longest:
        return text + end
    end = f" {shortened}\n\n{mark}"
    room = text[: max(0, longest - len(end))]
    ends = [found.end() for found in _SENTENCE_END.finditer(room)]
    # Words without any sentence are cut where the room ends rather than thrown away.
    return room[: ends[-1] if ends and ends[-1] > len(room) // 2 else len(room)].rstrip() + end
