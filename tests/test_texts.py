"""Every text that people read can be translated: templates, scripts, and what the server says."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

from copilot.lib.assets import modules

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted(p for p in (ROOT / "static" / "js").glob("*.js"))
TEXTS = ROOT / "static" / "js" / "texts"


def keys_of(texts: Path) -> set[str]:
    """Return the keys of one file of sentences."""
    found = re.findall(r'^  (?:"([^"]+)"|(\w+)):', texts.read_text(), re.M)
    return {quoted or plain for quoted, plain in found}


FOR_ALL = keys_of(TEXTS / "en.js")
FOR_REVIEW = keys_of(TEXTS / "review" / "en.js")
KEYS = FOR_ALL | FOR_REVIEW
READ_OUT = {"aria-label", "title", "placeholder", "alt", "aria-description"}
UNTOLD = {"script", "style", "kbd", "code"}
# the same in every language
NAMES = {"CSV", "JSON", "JSON Lines", "Markdown", "PDF", "SRT", "WebVTT", "Word"}
TRANSLATED = re.compile(
    r"{%-?\s*blocktrans(?:late)?\b.*?{%-?\s*endblocktrans(?:late)?\s*-?%}"
    r"|{%-?\s*block (?:body_class|nav_\w+)\s*%}.*?{%-?\s*endblock\s*%}"
    r"|{%-?\s*comment\b.*?{%-?\s*endcomment\s*-?%}|{#.*?#}",
    re.S,
)
DYNAMIC = re.compile(r"{%.*?%}|{{.*?}}", re.S)


class Bare(HTMLParser):
    """Collect the words of a template that nobody could translate."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        icon = any("material-symbols" in (v or "") for k, v in attrs if k == "class")
        if tag in UNTOLD or icon:
            self.inside.append(tag)
        self.found += [v for k, v in attrs if k in READ_OUT and v and has_words(v)]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside and has_words(data) and data.strip() not in NAMES:
            self.found.append(data.strip())


def has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]{2,}", text) is not None


def bare_words(template: str) -> list[str]:
    parser = Bare()
    parser.feed(DYNAMIC.sub("", TRANSLATED.sub("", template)))
    return parser.found


def code_of(script: Path) -> str:
    """Return a script without its comments."""
    text = re.sub(r"/\*.*?\*/", "", script.read_text(), flags=re.S)
    return re.sub(r"(?m)(^|\s)//.*$", "", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_templates_say_nothing_that_cannot_be_translated(path):
    assert bare_words(path.read_text()) == []


@pytest.mark.parametrize(
    "bare",
    ["<p>Hello</p>", '<a title="Go there">{% trans "x" %}</a>', "{% if a %}on air{% endif %}"],
)
def test_a_text_of_a_template_that_cannot_be_translated_is_found(bare):
    assert bare_words(bare)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_take_every_sentence_from_the_texts(path):
    code = re.sub(r"new Error\([^)]*\)", "", code_of(path))
    shown = re.findall(r'"([A-Z][a-z]+ [^"]*|[A-Z][a-z]{3,}[.!?])"', code)
    assert [text for text in shown if not text.startswith("Content-")] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_ask_only_for_texts_that_there_are(path):
    asked = set(re.findall(r'\b(?:t|say)\(\s*"([\w ]+)"', code_of(path)))
    if "./i18n.js" in path.read_text():
        assert asked - KEYS == set()


def test_no_text_of_the_scripts_is_left_over():
    code = "\n".join(code_of(path) for path in SCRIPTS)
    named = set(re.findall(r'"([\w ]+)"', code)) | set(re.findall(r"\b(\w+):", code))
    made = re.findall(r"`([\w ]*(?:\$\{[^`]*?\}[\w ]*)+)`", code)
    patterns = [
        re.compile("[\\w ]+".join(map(re.escape, re.split(r"\$\{[^`]*?\}", one)))) for one in made
    ]
    patterns = [p for p in patterns if len(re.sub(r"\W", "", p.pattern)) > 3]
    left = {key for key in KEYS if key not in named and not any(p.fullmatch(key) for p in patterns)}
    assert left == set()


def test_every_language_has_its_texts_for_scripts_and_pages():
    i18n = (ROOT / "static" / "js" / "i18n.js").read_text()
    listed = re.search(r"const LANGUAGES = \[(.*?)\];", i18n)
    assert listed is not None
    scripts = {"en", *re.findall(r'"([\w-]+)"', listed[1])}
    assert scripts == {code for code, _ in settings.LANGUAGES}
    for folder, keys in ((TEXTS, FOR_ALL), (TEXTS / "review", FOR_REVIEW)):
        assert scripts == {path.stem for path in folder.glob("*.js")}
        for code in scripts:
            assert keys_of(folder / f"{code}.js") == keys


def test_a_sentence_is_in_one_place_and_only_the_review_says_its_own():
    assert FOR_ALL.isdisjoint(FOR_REVIEW)
    js = ROOT / "static"
    live = {js / module for module in modules(js, "js/live.js", "js/recorder-desk.js")}
    named = "\n".join(code_of(path) for path in live if path.parent.name == "js")
    assert {key for key in FOR_REVIEW if f'"{key}"' in named} == set()


def test_what_keeps_the_model_is_said_by_the_pages_too():
    from insights.queries import REASONS

    assert {f"analysis_why_{code}" for code in REASONS} <= KEYS
