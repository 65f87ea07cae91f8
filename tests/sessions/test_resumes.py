"""Text of résumés: what is read of each format, and files that are broken or mean harm."""

import io
import subprocess
import sys
import time
import zipfile

import pytest

from sessions import resumes
from tests.sessions.files import docx, locked, pdf, with_part

BODY = "word/document.xml"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def why(data: bytes) -> str:
    with pytest.raises(resumes.Unreadable) as refused:
        resumes.read(data)
    return refused.value.code


# --- what is read --------------------------------------------------------------------------------


def test_a_pdf_gives_its_lines_and_pages():
    found = resumes.read(pdf(["Daniel Reyes", "Backend engineer"], ["Six years with Django"]))
    assert found.text == "Daniel Reyes\nBackend engineer\n\nSix years with Django"
    assert (found.pages, found.truncated) == (2, False)


def test_a_docx_gives_paragraphs_tables_and_headers_in_order():
    data = docx("Daniel Reyes", "Engineer", rows=(("2019", "Acme"), ("2022", "Beta")), header="CV")
    found = resumes.read(data)
    assert found.text == "CV\nDaniel Reyes\nEngineer\n2019 · Acme\n2022 · Beta"
    assert found.pages == 0


def test_text_boxes_and_content_controls_of_a_docx_are_read_once():
    box = "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent>"
    body = f"""<w:document xmlns:w="{W}"
      xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>
      <w:sdt><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>
      <w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Outside</w:t><w:tab/>
        <w:t>of it</w:t></w:r><w:r><mc:AlternateContent>
        <mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>
        </mc:AlternateContent></w:r></w:p>
      </w:body></w:document>"""
    found = resumes.read(with_part(docx(), BODY, body.encode()))
    assert found.text == "In a control\nOutside of it\nIn a box"


def test_half_characters_that_a_pdf_may_map_to_are_left_out():
    mapping = b"1 beginbfchar <41> <D800> endbfchar"
    reads = f"<< /Length {len(mapping)} >>\nstream\n".encode() + mapping + b"\nendstream"
    data = pdf(["A Reyes"]).replace(b"/BaseFont", b"/ToUnicode 6 0 R /BaseFont")
    at = data.index(b"xref\n")
    found = resumes.read(data[:at] + b"6 0 obj\n" + reads + b"\nendobj\n" + data[at:])
    assert found.text == "Reyes"
    found.text.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_plain_text_is_read_in_every_usual_encoding(encoding):
    text = "# José Müller\n\nIngénieur"
    assert resumes.read(text.encode(encoding)).text == text


def test_the_name_of_a_file_is_never_asked_but_its_content_is():
    assert resumes.read(b"%PDF is a format I know well").text.startswith("%PDF is")
    assert why(b"<!DOCTYPE html><title>cv.pdf</title>") == "unsupported"
    assert why(b"\n <HTML><body>cv</body></HTML>") == "unsupported"
    assert why(b"\x89PNG\r\n\x1a\n" + bytes(range(256))) == "unsupported"
    assert why(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100) == "old_word"


def test_what_pages_repeat_and_how_lines_were_broken_is_tidied():
    pages = [
        [
            "Daniel Reyes, CV",
            f"{word} built dis-tributed sys-",
            "tems  with   care",
            f"for {word}",
            f"Page {n} of 3",
        ]
        for n, word in enumerate(["Ann", "Bob", "Cem"], 1)
    ]
    found = resumes.read(pdf(*pages)).text
    assert found.splitlines()[0] == "Ann built dis-tributed systems with care"
    assert "CV" not in found
    assert "Page" not in found


def test_ligatures_and_invisible_characters_are_plain_text():
    assert (
        resumes.read("oﬃce\u200b \u00adwork\n\n\n\n\ufeffend".encode()).text == "office work\n\nend"
    )


def test_a_long_file_is_cut_and_says_so():
    found = resumes.read(("word " * 10_000).encode())
    assert len(found.text) <= resumes.MOST_CHARS
    assert found.truncated
    many = resumes.read(pdf(*[[f"Sheet {'i' * (n + 1)}"] for n in range(60)]))
    assert (many.pages, many.truncated) == (60, True)
    assert "i" * 51 not in many.text


# --- what is not ---------------------------------------------------------------------------------


def test_a_pdf_that_is_locked_says_so_unless_anybody_may_open_it():
    plain = pdf(["Secret career"])
    assert why(locked(plain, "pass")) == "encrypted"
    assert resumes.read(locked(plain, "")).text == "Secret career"


def test_a_pdf_of_pictures_says_that_it_has_no_text():
    assert why(pdf([], stream=b"0 0 10 10 re f")) == "scanned"


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnonsense", pdf(["A"])[:200], docx("A")[:900]])
def test_what_is_broken_says_so(data):
    assert why(data) in {"broken", "scanned", "empty"}


def test_nothing_and_too_much_are_refused_before_anything_is_read():
    assert why(b"") == "empty"
    assert why(b" \n\t") == "empty"
    assert why(b"x" * (resumes.MOST_BYTES + 1)) == "too_large"


def test_a_zip_that_is_no_document_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "hi")
    assert why(out.getvalue()) == "unsupported"


def test_a_bomb_in_a_docx_is_not_unpacked():
    assert why(with_part(docx("A"), BODY, b" " * 60_000_000)) == "too_much"
    assert why(with_part(docx("A"), "word/media/a.png", bytes(60_000_000))) == "too_much"


def test_entities_of_xml_are_not_resolved():
    body = f"""<!DOCTYPE d [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
      <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
      <w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>Text&c;&f;</w:t></w:r></w:p></w:body>
      </w:document>"""
    try:
        found = resumes.read(with_part(docx(), BODY, body.encode())).text
    except resumes.Unreadable:
        found = ""
    assert "lol" not in found
    assert "root:" not in found


def test_a_bomb_in_a_pdf_ends_in_time():
    bomb = pdf([], stream=b"(a) Tj " * 20_000_000)
    assert len(bomb) < resumes.MOST_BYTES
    begun = time.monotonic()
    assert why(bomb) in {"too_much", "broken", "scanned"}
    assert time.monotonic() - begun < resumes.WALL_SECONDS + 5


def test_the_reader_is_ended_when_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(resumes, "WALL_SECONDS", 0.001)
    assert why(b"some text") == "too_much"


def test_the_reader_has_no_secrets_and_can_write_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "known")
    asked = {}
    real = subprocess.run

    def run(*args, **kwargs):
        asked.update(kwargs)
        return real(*args, **kwargs)

    monkeypatch.setattr(subprocess, "run", run)
    resumes.read(b"some text")
    assert asked["env"] == {}
    assert asked["stderr"] == subprocess.DEVNULL
    code = (
        f"import sys; sys.path.insert(0, {str(resumes.__file__.rpartition('/')[0])!r}); "
        "import resumes, pathlib; resumes._limit(); "
        f"pathlib.Path({str(tmp_path / 'x')!r}).write_text('x' * 9)"
    )
    done = real([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "x").stat().st_size == 0
