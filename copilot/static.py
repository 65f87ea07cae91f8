"""Static files: compressed, and kept by browsers until they change, without a build step.

Their version stands in the path (`/static/<version>/js/live.js`), so that what modules and style
sheets name beside themselves is of the same version. An address of another version, or of none,
gives today's file: a page that was opened before an update still gets what it loads later.
"""

import atexit
import functools
import gzip
import mimetypes
import os
import re
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import MissingFileError, StaticFile

_STATIC = re.compile(r"/static/(?:[0-9a-f]{12}/)?(?P<name>.+)")
_TEXT = re.compile(r"text/.*|application/javascript|.*\+(?:xml|json)|application/json")


class StaticMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise is untyped
    """WhiteNoise for files that lie where they were written, as for collected ones."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        other = _STATIC.fullmatch(request.path_info)
        if other is None or request.path_info.startswith(self.static_prefix):
            return super().__call__(request)  # type: ignore[no-any-return]
        request.path_info = self.static_prefix + other["name"]
        response: HttpResponseBase = super().__call__(request)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def get_static_file(
        self, path: str, url: str, stat_cache: MutableMapping[str, Any] | None = None
    ) -> StaticFile:
        own = Path(path)
        if self.static_root or not own.is_relative_to(settings.STATICFILES_DIRS[0]):
            return super().get_static_file(path, url, stat_cache)
        try:
            pressed = _pressed(path, own.stat().st_mtime_ns)
        except FileNotFoundError:
            raise MissingFileError(path) from None
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        if stat_cache is not None and pressed:
            stat_cache[pressed] = os.stat(pressed)
        encodings = {"gzip": pressed} if pressed else {}
        return StaticFile(path, headers.items(), stat_cache=stat_cache, encodings=encodings)


@functools.cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="copilot-static-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@functools.lru_cache(maxsize=1000)
def _pressed(path: str, changed: int) -> str | None:
    """Return the path of a compressed copy, made once a process; None where it would not help."""
    kind, _encoding = mimetypes.guess_type(path)
    if not _TEXT.fullmatch(kind or ""):
        return None
    handle, name = tempfile.mkstemp(suffix=".gz", dir=_folder())
    with os.fdopen(handle, "wb") as file:
        file.write(gzip.compress(Path(path).read_bytes(), 9, mtime=0))
    return name
