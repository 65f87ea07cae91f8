"""A language that is added by its files alone: here one made up, which is written to the left."""

import ast
import re
import struct
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import trans_real
from django.utils.translation.template import templatize

from tests.factories import make_cast

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[1]
APPS = ("accounts", "copilot", "insights", "sessions", "transcription")
NAMES = {"gettext", "gettext_lazy", "gettext_noop", "_", "ngettext", "pgettext"}


def texts_of(code: str) -> set[str]:
    """Return what a module says through gettext."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES:
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return {text for text in found if isinstance(text, str)}


def all_texts() -> set[str]:
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            found |= texts_of(path.read_text())
    call = re.compile(r"""gettext\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
    for path in (ROOT / "templates").rglob("*.html"):
        found |= {ast.literal_eval(one) for one in call.findall(templatize(path.read_text()))}
    return found - {""}


def all_plurals() -> set[tuple[str, str]]:
    """Return what is said of one and of several, from the code."""
    literal = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    call = re.compile(rf"""ngettext\(\s*u?{literal},\s*u?{literal}""")
    said = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]
    said += [templatize(path.read_text()) for path in (ROOT / "templates").rglob("*.html")]
    return {
        (ast.literal_eval(one), ast.literal_eval(more))
        for text in said
        for one, more in call.findall(text)
    }


def compiled(catalog: dict[str, str]) -> bytes:
    """Return a catalog as gettext reads it (a .mo file)."""
    pairs = sorted((a.encode(), b.encode()) for a, b in catalog.items())
    start = 28 + 16 * len(pairs)
    ids, words, text = [], [], b""
    for at, table in ((0, ids), (1, words)):
        for pair in pairs:
            table += [len(pair[at]), start + len(text)]
            text += pair[at] + b"\0"
    head = [0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0]
    return (
        struct.pack(f"<{len(head)}I", *head)
        + struct.pack(f"<{4 * len(pairs)}I", *ids, *words)
        + text
    )


@pytest.fixture
def arabic(tmp_path, settings):
    """Arabic, in which each text is the English one between brackets."""
    place = tmp_path / "ar" / "LC_MESSAGES"
    place.mkdir(parents=True)
    head = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n"
    catalog = {"": head}
    catalog |= {text: f"⟦{text}⟧" for text in all_texts()}
    catalog |= {f"{one}\0{more}": f"⟦{one}⟧\0⟦{more}⟧" for one, more in all_plurals()}
    (place / "django.mo").write_bytes(compiled(catalog))
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    settings.LOCALE_PATHS = [tmp_path]
    forget()
    yield
    forget()
    translation.activate("en")


def forget() -> None:
    """Let Django read its catalogs again."""
    trans_real._translations.clear()
    trans_real.reset_cache(setting="LANGUAGES", enter=True)


class Said(HTMLParser):
    """Collect the words of a page that stand outside the brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.bare: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        of_its_own = tag != "html" and "lang" in dict(attrs)  # said in a language that it names
        if of_its_own or tag in ("script", "style", "kbd", "option"):
            self.inside.append(tag)
        self._hear(
            " ".join(v or "" for k, v in attrs if k in ("title", "placeholder", "aria-label"))
        )

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self._hear(data)

    def _hear(self, text: str) -> None:
        rest = re.sub(r"⟦[^⟧]*⟧", "", text)
        if re.search(r"[A-Za-z]{3,}", rest):
            self.bare.append(rest.strip())


# of the people and interviews of the test, and the version of a notice
DATA = re.compile(r"(?i)backend engineer|daniel|^(olga|sam|cora|eve|mia|vic|ada|here)$|2026-11")
PAGES = ["/sessions/", "/sessions/new/", "/sessions/upload/", "/guides/", "/guides/new/", "/join/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_said_in_another_language_from_right_to_left(client, arabic, path):
    cast = make_cast()
    client.force_login(cast.olga)
    answer = client.get(path, headers={"accept-language": "ar"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert '<html lang="ar" dir="rtl">' in page
    said = Said()
    said.feed(page)
    assert "⟦" in page
    assert [text for text in said.bare if not DATA.search(text)] == []


def test_a_refusal_is_said_in_the_language_of_who_asks(client, arabic):
    client.force_login(make_cast().olga)
    answer = client.post(
        "/api/v1/sessions/00000000-0000-4000-8000-000000000000/start/",
        headers={"accept-language": "ar"},
    )
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("⟦")
