"""The transcript as subtitles: SubRip and WebVTT.

A cue holds at most two rows of ROW_CHARS; a longer line is cut at its words, and its cues share its
time by their length.
"""

import re
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from insights.exports import wording
from insights.exports.clock import stamp

ROW_CHARS = 42
ROWS = 2

Cue = tuple[int, int, str, str]  # from and to in ms, who speaks, rows


def srt(content: dict[str, Any]) -> bytes:
    cues = [
        f"{n}\n{stamp(start, ',')} --> {stamp(end, ',')}\n{_plain(text)}\n"
        for n, (start, end, _speaker, text) in enumerate(_cues(content, named=True), 1)
    ]
    return "\n".join(cues).encode()


def vtt(content: dict[str, Any]) -> bytes:
    cues = [
        f"{stamp(start)} --> {stamp(end)}\n<v {_entities(speaker)}>{_entities(text)}"
        for start, end, speaker, text in _cues(content, named=False)
    ]
    return ("\n\n".join(["WEBVTT", *cues]) + "\n").encode()


def _cues(content: dict[str, Any], *, named: bool) -> Iterator[Cue]:
    """Yield the cues; where they have no other place for it, the first of a line is `named`."""
    for row in content["transcript"]:
        if "missing" in row:
            continue
        speaker, text = wording.speaker(row), wording.one_line(row["text"])
        pieces = _pieces(f"{speaker}: {text}" if named else text)
        start, end = row["start_ms"], max(row["end_ms"], row["start_ms"] + len(pieces))
        whole, said, at = sum(map(len, pieces)) or 1, 0, start
        for n, piece in enumerate(pieces, 1):
            said += len(piece)
            left = len(pieces) - n  # of them each has a millisecond at least
            until = end if not left else start + (end - start) * said // whole
            until = min(max(until, at + 1), end - left)
            yield at, until, speaker, piece
            at = until


def _pieces(text: str) -> list[str]:
    """Cut a line into the texts of cues."""
    rows = wrap(text, ROW_CHARS, break_on_hyphens=False) or [""]
    return ["\n".join(rows[n : n + ROWS]) for n in range(0, len(rows), ROWS)]


def _plain(text: str) -> str:
    """Return a text in which players find no markup: a word joiner, unseen, breaks up tags."""
    return re.sub(r"<(?=[A-Za-z/])", "<\u2060", text.replace("-->", "→"))


def _entities(text: str) -> str:
    text = text.replace("-->", "→")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
