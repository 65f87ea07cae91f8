"""Words that nobody else says, and the search for them in whatever bytes something was kept as."""

import base64
import binascii
import json
import random
import re
import zlib
from collections.abc import Iterable, Iterator

TEXT = re.compile(rb"[A-Za-z0-9_+/=-]{24,}")  # may be base64
DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
MOST = 2_000_000  # bytes of one stream that are unpacked
HEX = re.compile(rb"(?:[0-9a-f]{2}){8,}", re.IGNORECASE)


def word(dice: random.Random) -> str:
    """Return four syllables that are no word, and easy to say."""
    return "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(4))


def digits(dice: random.Random, count: int) -> str:
    """Return digits without a 0 in front and without a pattern."""
    return str(dice.randrange(2, 9)) + "".join(str(dice.randrange(10)) for _ in range(count - 1))


class Search:
    """Finds markers in any case and encoding: as they are, UTF-16, hex, base64, JSON, deflated."""

    def __init__(self, markers: Iterable[str | bytes]) -> None:
        self._plain: dict[bytes, str] = {}
        self._base64: dict[bytes, str] = {}
        self._bare: dict[bytes, str] = {}
        for marker in markers:
            name = marker if isinstance(marker, str) else f"{len(marker)} sealed bytes"
            raw = marker if isinstance(marker, bytes) else marker.casefold().encode()
            shapes = [raw, binascii.hexlify(raw)]
            self._bare |= dict.fromkeys(shapes, name)
            if isinstance(marker, str):
                text = marker.casefold()
                shapes += [text.encode("utf-16-le"), text.encode("utf-16-be")]
                shapes.append(json.dumps(text)[1:-1].encode())
            for shape in shapes:
                self._plain[shape.lower()] = name
            # Where it stands in what was encoded decides over how it looks.
            as_written = [raw]
            if isinstance(marker, str):
                as_written += [marker.encode(), marker.capitalize().encode()]
            for written in as_written:
                for before in range(3):
                    whole = base64.b64encode(bytes(before) + written)
                    inside = whole[(0, 2, 3)[before] :].rstrip(b"=")[:-1]
                    self._base64[inside] = name
                    self._base64[inside.translate(bytes.maketrans(b"+/", b"-_"))] = name

    def found(self, data: bytes, *, deep: bool = True) -> set[str]:
        """Return which markers are in `data`."""
        found = _within(self._plain, data.lower()) | _within(self._base64, data)
        if deep:
            for inner in _unpacked(data):
                found |= self.found(inner, deep=False)
        return found

    def found_bare(self, data: bytes) -> set[str]:
        """Return which are in `data` as they are or in hex: for files of many megabytes."""
        return _within(self._bare, data.lower())


def _within(shapes: dict[bytes, str], data: bytes) -> set[str]:
    return {name for shape, name in shapes.items() if shape in data}


def _unpacked(data: bytes) -> Iterator[bytes]:
    for start in DEFLATED.finditer(data):
        yield from _inflated(data[start.start() :])
    for text in TEXT.finditer(data):
        token = text.group().translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        for cut in range(2):  # signed values begin with a dot, which is no part of it
            piece = token[cut:]
            try:
                raw = base64.b64decode(piece[: len(piece) // 4 * 4])
            except binascii.Error:
                continue
            if DEFLATED.match(raw):
                yield from _inflated(raw)
    # As Postgres and Redis print bytes.
    for text in HEX.finditer(data):
        raw = binascii.unhexlify(text.group())
        if DEFLATED.match(raw):
            yield from _inflated(raw)


def _inflated(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(wbits=47).decompress(data[:MOST], MOST)
    except zlib.error:
        return
