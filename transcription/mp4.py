"""How many samples an MP4 file says it has: FFmpeg makes room for all of them before it reads any.

Box layout: ISO/IEC 14496-12, `stsz`, `stts` and `trun`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
DEEPEST = 8
MOST_BOXES = 1_000_000  # four hours in fragments of 0.1 s


def declared_samples(file: IO[bytes]) -> int:
    """Return the samples for which an index would be made; the file is left at its beginning.

    Tracks of plain PCM, each sample lasting one tick, are read by the chunk and count for nothing.
    """
    end = file.seek(0, 2)
    in_fragments = 0
    tracks: list[_Track] = []
    for visited, (kind, at, size) in enumerate(_boxes(file, 0, end, 0)):
        if visited > MOST_BOXES:
            return visited
        if kind == b"stbl":
            tracks.append(_Track())
        elif kind == b"trun":
            in_fragments += _number(file, at + 4, size, 8)
        elif kind == b"stsz" and tracks:
            tracks[-1].samples = _number(file, at + 8, size, 12)
        elif kind == b"stts" and tracks:
            entries, ticks = _number(file, at + 4, size, 8), _number(file, at + 12, size, 16)
            tracks[-1].is_plain = entries == ticks == 1
    file.seek(0)
    return in_fragments + sum(track.samples for track in tracks if not track.is_plain)


@dataclass
class _Track:
    samples: int = 0
    is_plain: bool = False


def _boxes(file: IO[bytes], at: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, first byte of the content, bytes of content), parents before their children."""
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            head, size = 16, int.from_bytes(file.read(8), "big")
        elif size == 0:
            size = end - at
        if size < head:
            return  # damaged; FFmpeg says so
        yield kind, at + head, size - head
        if kind in PARENTS and depth < DEEPEST:
            yield from _boxes(file, at + head, min(at + size, end), depth + 1)
        at += size


def _number(file: IO[bytes], at: int, size: int, needed: int) -> int:
    """Return four bytes as a number; 0 where the box is too short to have them."""
    file.seek(at)
    return int.from_bytes(file.read(4), "big") if size >= needed else 0
