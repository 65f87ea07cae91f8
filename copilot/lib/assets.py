"""The project's own static files: which version they are, and which modules a script brings."""

import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import version as version_of
from pathlib import Path, PurePosixPath

LIBRARIES = ("django", "django-unfold", "djangorestframework")  # they bring static files too
# `import … from "./x.js"`, `import "./x.js"`, `export … from "./x.js"`; not import(), which waits.
_IMPORT = re.compile(
    r"""^(?:import\s*|(?:import|export)\b[^"'();=]*\bfrom\s*)["'](\.[^"']+)["']""", re.MULTILINE
)


def version(folder: Path) -> str:
    """Return what changes with any static file: it stands in their addresses."""
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library} {version_of(library)}\n".encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:12]


def modules(folder: Path, *entries: str) -> Iterator[str]:
    """Yield modules and all that they import from the start, each once, by path in the folder."""
    known = set(entries)
    waiting = list(entries)
    while waiting:
        module = waiting.pop(0)
        yield module
        for imported in _IMPORT.findall((folder / module).read_text()):
            path = str(_joined(PurePosixPath(module).parent, imported))
            if path not in known:
                known.add(path)
                waiting.append(path)


def _joined(folder: PurePosixPath, relative: str) -> PurePosixPath:
    for part in PurePosixPath(relative).parts:
        folder = folder.parent if part == ".." else folder / part
    return folder
