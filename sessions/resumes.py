"""Text of a résumé somebody sends: PDF, DOCX or plain text, told apart by content, never by name.

Files of strangers are read in a process of their own, which holds no secrets, writes no file and is
ended by the system when it takes too much time or memory. It gets the bytes and answers with JSON:

    python -I sessions/resumes.py < file
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 5_000_000
MOST_PAGES = 50
MOST_CHARS = 20_000  # of a profile
CPU_SECONDS = 10
WALL_SECONDS = 15
MEMORY = 768 * 1024 * 1024  # address space, the interpreter's own included
UNPACKED = 40_000_000  # bytes of a DOCX
UNPACKED_XML = 8_000_000  # of one part that is parsed
ENTRIES = 1000

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LIGATURES = {ord(c): unicodedata.normalize("NFKC", c) for c in "ﬀﬁﬂﬃﬄﬅﬆ"}
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ud800-\uf8ff]")
HYPHENATED = re.compile(r"(?<=[^\W\d_])-\n(?=[a-zà-öø-ÿ])")
PAGE_NUMBER = re.compile(r"\W*(page|seite|p\.)?\s*\d{1,3}\s*((/|of|von)\s*\d{1,3})?\W*", re.I)


@dataclass(frozen=True, slots=True)
class Resume:
    text: str = field(repr=False)
    pages: int  # 0 where the format has none
    truncated: bool


class Unreadable(Exception):
    """No text could be taken; `code` says why, and nothing of the file."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- asked by the page ---------------------------------------------------------------------------


def read(data: bytes) -> Resume:
    """Return the text of a file; raise Unreadable where there is none to be had."""
    if not data:
        raise Unreadable("empty")
    if len(data) > MOST_BYTES:
        raise Unreadable("too_large")
    try:
        answer = subprocess.run(  # noqa: S603  # this very file, by this very interpreter
            [sys.executable, "-I", __file__],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # parsers complain with words of the file
            env={},
            timeout=WALL_SECONDS,
            check=True,
        )
        found: dict[str, Any] = json.loads(answer.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise Unreadable("too_much") from None
    if "error" in found:
        raise Unreadable(found["error"])
    return Resume(**found)


# --- in the other process ------------------------------------------------------------------------


def parse(data: bytes) -> Resume:
    """Return the text of a file, in this very process."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in data[:1024]:
        return _of_pdf(data)
    if data.startswith(b"PK\x03\x04"):
        return _finished([_of_docx(data)], pages=0)
    if data.startswith((b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        raise Unreadable("old_word")
    if start[:14].lower().startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg")):
        raise Unreadable("unsupported")
    return _finished([_decoded(data)], pages=0)


def _of_pdf(data: bytes) -> Resume:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise Unreadable("encrypted")
    count = len(reader.pages)
    pages = []
    for number in range(min(count, MOST_PAGES)):
        pages.append(reader.pages[number].extract_text())
        if sum(map(len, pages)) > 4 * MOST_CHARS:  # more would be cut off anyway
            break
    if not any(character.isalnum() for page in pages for character in page):
        raise Unreadable("scanned" if count else "empty")
    return _finished(pages, pages=count, cut=len(pages) < count)


def _of_docx(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise Unreadable("broken") from None
    if "word/document.xml" not in {entry.filename for entry in entries}:
        raise Unreadable("unsupported")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("encrypted")
    parsed = [e.file_size for e in entries if e.filename.endswith((".xml", ".rels"))]
    if (
        len(entries) > ENTRIES
        or sum(entry.file_size for entry in entries) > UNPACKED
        or max(parsed) > UNPACKED_XML
    ):
        raise Unreadable("too_much")
    from docx import Document  # its parser resolves no entities

    document = Document(io.BytesIO(data))
    headers = {
        "\n".join(_blocks(section.header._element))
        for section in document.sections
        if not section.header.is_linked_to_previous
    }
    return "\n".join([*sorted(headers), *_blocks(document.element.body)])


def _blocks(element: Any) -> Iterator[str]:
    """Yield the lines below an element in reading order.

    Text boxes and content controls, of which templates of résumés are made, are among them.
    """
    for child in element:
        if child.tag == f"{WORD}p":
            yield _line(child)
            for box in child.iter(f"{WORD}txbxContent"):
                if not any(above.tag == FALLBACK for above in box.iterancestors()):
                    yield from _blocks(box)
        elif child.tag == f"{WORD}tr":
            cells = [[line for line in _blocks(cell) if line.strip()] for cell in child]
            if all(len(cell) < 2 for cell in cells):  # a row of a table, not of a layout
                yield " · ".join(cell[0].strip() for cell in cells if cell)
            else:
                yield from (line for cell in cells for line in cell)
        elif isinstance(child.tag, str):
            yield from _blocks(child)


def _line(paragraph: Any) -> str:
    parts = []
    for piece in paragraph.iter(f"{WORD}t", f"{WORD}tab", f"{WORD}br", f"{WORD}cr"):
        above = {element.tag for element in piece.iterancestors()}
        if next(piece.iterancestors(f"{WORD}p")) is not paragraph or f"{WORD}pPr" in above:
            continue  # a text box's, which comes by itself, or a tab stop
        parts.append({"t": piece.text or "", "tab": "\t"}.get(piece.tag[len(WORD) :], "\n"))
    return "".join(parts)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in data:
        encodings = []
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", text):
                return text
    raise Unreadable("unsupported")


def _finished(texts: list[str], *, pages: int, cut: bool = False) -> Resume:
    text = tidied(texts)
    if not any(character.isalnum() for character in text):
        raise Unreadable("empty")
    return Resume(text[:MOST_CHARS].rstrip(), pages, cut or len(text) > MOST_CHARS)


def tidied(pages: list[str]) -> str:
    """Return one text: words whole, spaces single, what every page repeats left out."""
    sheets = [[*map(_cleaned, page.splitlines())] for page in pages]
    if len(sheets) > 2:
        seen = Counter(line for sheet in sheets for line in _edges(sheet))
        running = {line for line, times in seen.items() if times > len(sheets) / 2}
        sheets = [_without(sheet, running) for sheet in sheets]
    text = "\n\n".join("\n".join(sheet).strip("\n") for sheet in sheets)
    return re.sub(r"\n{3,}", "\n\n", HYPHENATED.sub("", text)).strip()


def _cleaned(line: str) -> str:
    line = INVISIBLE.sub("", unicodedata.normalize("NFC", line.translate(LIGATURES)))
    return re.sub(r"\s+", " ", line).strip()


def _edges(sheet: list[str]) -> set[str]:
    """Return what stands first and last on a page."""
    said = [line for line in sheet if line]
    return {*said[:2], *said[-2:]}


def _without(sheet: list[str], running: set[str]) -> list[str]:
    edges = _edges(sheet)
    return [
        line
        for line in sheet
        if line not in edges or (line not in running and not PAGE_NUMBER.fullmatch(line))
    ]


def _limit() -> None:
    """Let the system end this process before it takes too much, or writes a single byte."""
    import resource

    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # not every system knows each of them
            resource.setrlimit(what, (most, most))


def main() -> None:
    _limit()
    try:
        found = parse(sys.stdin.buffer.read(MOST_BYTES + 1))
        answer: dict[str, Any] = {
            "text": found.text,
            "pages": found.pages,
            "truncated": found.truncated,
        }
    except Unreadable as error:
        answer = {"error": error.code}
    except (MemoryError, RecursionError):
        answer = {"error": "too_much"}
    except Exception:  # parsers raise whatever they please on what is broken
        answer = {"error": "broken"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
