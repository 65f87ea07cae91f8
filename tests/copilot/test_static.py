"""Static files: compressed, kept by browsers until they change, and few enough."""

import gzip
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

from copilot.lib.assets import modules, version
from sessions.services import end_session
from tests.factories import go_live

pytestmark = pytest.mark.django_db  # a response that is closed looks after connections

MOST_BYTES = 150_000  # of the live page's own scripts, styles and icons, as they are sent
AT_ONCE = {"sam": 110_000, "olga": 125_000}  # of them, to who watches and to who records
GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, br"}
STATIC = settings.BASE_DIR / "static"
RECORDER = "js/recorder-desk.js"  # imported for who records, before and while they do


@pytest.fixture(autouse=True)
def _as_served(settings):
    settings.WHITENOISE_AUTOREFRESH = False


def body(response) -> bytes:
    content = b"".join(response.streaming_content)
    response.close()
    return content


class Links(HTMLParser):
    """The addresses that a page has its browser fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.preloaded: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "link" and given.get("rel") in {"stylesheet", "modulepreload", "icon"}:
            self.found.add(given["href"])
            if given["rel"] == "modulepreload":
                self.preloaded.add(given["href"])
        if tag in {"script", "img", "audio"} and given.get("src"):
            self.found.add(given["src"])
        if tag == "use":
            self.found.add(given["href"].partition("#")[0])


def opened(person, session, page="") -> str:
    client = Client()
    client.force_login(person)
    return client.get(f"/sessions/{session.pk}/{page}").content.decode()


@pytest.fixture
def page(cast) -> str:
    return opened(cast.olga, go_live(cast.session))


def imported(address: str, text: str) -> set[str]:
    """Return what a module or style sheet names beside itself."""
    if address.endswith(".js"):
        names = re.findall(r"""(?:from|import|import\(|URL\()\s*["'](\.[^"']+)["']""", text)
    else:
        names = re.findall(r"""url\(["']?(?!data:)([^"')]+)""", text)
    return {urljoin(address, name) for name in names}


def fetched(page: str) -> tuple[dict[str, int], int]:
    """Fetch all that a page names, and what that names; return the bytes sent by address, and all.

    The second figure is of the files as they lie.
    """
    client = Client()
    waiting = Links(page).found
    sizes: dict[str, int] = {}
    raw = 0
    while waiting:
        address = waiting.pop()
        assert not urlsplit(address).netloc, address
        answer = client.get(address, **GZIP)
        assert answer.status_code == 200, address
        content = body(answer) if answer.streaming else b""
        sizes[address] = len(content)
        if answer.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        raw += len(content)
        if address.endswith((".js", ".css")):
            waiting |= imported(address, content.decode()) - sizes.keys()
    return sizes, raw


def test_the_live_page_is_small_and_all_of_it_is_ours(page):
    sizes, raw = fetched(page)
    total = sum(sizes.values())
    print(f"live page: {total} bytes of {len(sizes)} files are sent, {raw} as they lie")
    assert total <= MOST_BYTES, sorted(sizes.items(), key=lambda one: -one[1])[:10]


def test_so_is_the_review(cast):
    sizes, raw = fetched(opened(cast.olga, end_session(session=go_live(cast.session)), "review/"))
    assert any(address.endswith("js/signing.js") for address in sizes)
    assert any(address.endswith("js/versions.js") for address in sizes)  # when it is opened
    total = sum(sizes.values())
    print(f"review: {total} bytes of {len(sizes)} files are sent, {raw} as they lie")
    assert total <= MOST_BYTES, sorted(sizes.items(), key=lambda one: -one[1])[:10]


def preloaded(page: str) -> set[str]:
    return {address.split("/", 3)[-1] for address in Links(page).preloaded}


def needed(*entries: str) -> set[str]:
    """Return the modules that are loaded with these, not what they load later."""
    known: set[str] = set()
    waiting = set(entries)
    while waiting:
        module = waiting.pop()
        known.add(module)
        text = (STATIC / module).read_text()
        static_only = re.sub(r"""import\([^)]*\)|URL\([^)]*\)""", "", text)
        waiting |= {m.lstrip("/") for m in imported(f"/{module}", static_only)} - known
    return known


def test_all_modules_of_the_live_page_are_asked_for_at_once(page):
    assert preloaded(page) == needed("js/live.js", RECORDER)


def test_what_records_is_loaded_only_for_who_may_and_while_it_can(cast):
    live = go_live(cast.session)
    assert preloaded(opened(cast.sam, live)) == needed("js/live.js")
    assert "js/recorder.js" not in needed("js/live.js")
    end_session(session=live)
    assert preloaded(opened(cast.olga, live)) == needed("js/live.js")


@pytest.mark.parametrize("person", AT_ONCE)
def test_what_the_live_page_fetches_at_once_is_smaller_still(cast, person):
    client = Client()
    sizes = {}
    for address in Links(opened(getattr(cast, person), go_live(cast.session))).found:
        answer = client.get(address, **GZIP)
        sizes[address] = len(body(answer)) if answer.streaming else 0
    total = sum(sizes.values())
    print(f"live page for {person}: {total} bytes of {len(sizes)} files at once")
    assert total <= AT_ONCE[person]


def test_modules_are_found_however_they_are_imported(tmp_path):
    (tmp_path / "js").mkdir()
    (tmp_path / "js/a.js").write_text(
        'import { b } from "./b.js";\nimport {\n  c,\n} from "./deep/c.js";\n'
        'const d = await import("./d.js");\nexport const text = "./no.js";\n'
    )
    (tmp_path / "js/b.js").write_text('import "./a.js";\nexport * from "./e.js";\n')
    (tmp_path / "js/deep").mkdir()
    (tmp_path / "js/deep/c.js").write_text('import { e } from "../e.js";\n')
    (tmp_path / "js/e.js").write_text("export const e = 1;\n")
    found = list(modules(tmp_path, "js/a.js"))
    assert found == ["js/a.js", "js/b.js", "js/deep/c.js", "js/e.js"]


def test_the_version_changes_with_every_file(tmp_path):
    (tmp_path / "a.css").write_text("a {}")
    before = version(tmp_path)
    assert version(tmp_path) == before
    (tmp_path / "b.css").write_text("")
    with_another = version(tmp_path)
    (tmp_path / "a.css").write_text("a{}")
    assert len({before, with_another, version(tmp_path)}) == 3


def test_a_file_is_compressed_for_who_takes_it_so_and_kept_for_good():
    address = static("js/live.js")
    lies = (STATIC / "js/live.js").read_bytes()
    answer = Client().get(address, **GZIP)
    assert gzip.decompress(body(answer)) == lies
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"
    plain = Client().get(address)
    assert (body(plain), "Content-Encoding" in plain.headers) == (lies, False)
    again = Client().get(address, HTTP_IF_NONE_MATCH=answer.headers["ETag"])
    assert again.status_code == 304


def test_sound_is_not_compressed_again():
    answer = Client().get(static("sample/interview_stereo.flac"), **GZIP)
    assert "Content-Encoding" not in answer.headers
    answer.close()


@pytest.mark.parametrize("prefix", ["/static/", "/static/0123456789ab/"])
def test_an_address_of_another_version_gives_todays_file_and_is_not_kept(prefix):
    answer = Client().get(f"{prefix}js/live.js")
    assert body(answer) == (STATIC / "js/live.js").read_bytes()
    assert answer.headers["Cache-Control"] == "no-cache"
    assert Client().get(f"{prefix}js/none.js").status_code == 404


def test_files_of_libraries_are_there_as_well():
    assert finders.find("unfold/css/styles.css")
    assert body(Client().get(static("unfold/css/styles.css")))
