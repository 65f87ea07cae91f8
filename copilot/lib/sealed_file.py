"""A file that grows by sealed records, and a seekable view of what it holds.

A record is `length (4 bytes) | sealed (copilot.lib.crypto)` of at most RECORD_BYTES of content. Its
associated data name the file, the record's number and the offset of its content, so records can
neither be moved nor left out. Every record has a nonce of its own: what is appended is always a new
record, also where the last one is short. How much of the file counts is kept elsewhere (a database
row): a reader is told the size and refuses a file that holds less.
"""

import fcntl
import io
import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from copilot.lib.crypto import NONCE_BYTES, TAG_BYTES, VERSION, CryptoError, seal, unseal

RECORD_BYTES = 1024 * 1024  # of content; what a reader holds in memory at a time
OVERHEAD = len(VERSION) + NONCE_BYTES + TAG_BYTES
LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class _Record:
    number: int
    offset: int  # of its content in the file's content
    size: int  # of its content
    at: int  # of its sealed bytes on disk

    def place(self, file_place: bytes) -> bytes:
        return file_place + f"|{self.number}|{self.offset}".encode()

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def behind(self) -> int:
        return self.at + self.size + OVERHEAD


def _records(file: BinaryIO, size: int) -> Iterator[_Record]:
    """Yield the records of the first `size` bytes of content; raise CryptoError if there are less.

    Lengths are not secret and not yet proven: opening a record proves its own.
    """
    number = offset = at = 0
    while offset < size:
        file.seek(at)
        head = file.read(LENGTH.size)
        length = LENGTH.unpack(head)[0] - OVERHEAD if len(head) == LENGTH.size else 0
        if not 0 < length <= RECORD_BYTES or offset + length > size:
            raise CryptoError("a sealed file is cut off or damaged")
        record = _Record(number, offset, length, at + LENGTH.size)
        yield record
        number, offset, at = number + 1, record.end, record.behind


class SealedWriter:
    """Append to a file that nobody else appends to meanwhile; see `appending`."""

    def __init__(self, file: BinaryIO, key: bytes, place: bytes) -> None:
        self._file = file
        self._key = key
        self._place = place

    def append(self, content: bytes, *, at: int) -> None:
        """Make the file hold its first `at` bytes and `content` behind them, and nothing else.

        What a crash left behind `at` is cut off. Returns once it is on disk; raises CryptoError
        where the file does not hold `at` bytes in whole records.
        """
        number, end = 0, 0
        for record in _records(self._file, at):
            number, end = record.number + 1, record.behind
        self._file.truncate(end)
        self._file.seek(end)
        for first in range(0, len(content), RECORD_BYTES):
            piece = content[first : first + RECORD_BYTES]
            record = _Record(number, at + first, len(piece), 0)
            sealed = seal(self._key, piece, record.place(self._place))
            self._file.write(LENGTH.pack(len(sealed)) + sealed)
            number += 1
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def appending(path: Path, key: bytes, place: bytes) -> Iterator[SealedWriter]:
    """Open a file for appending, its owner's alone; wait while another process holds it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with open(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        yield SealedWriter(file, key, place)


class SealedReader(io.RawIOBase):
    """Read the first `size` bytes of a sealed file's content; holds two records in memory.

    Raises CryptoError where the file holds less, or what it holds was changed.
    """

    KEPT = 2  # records: some containers read sound and index in turns

    def __init__(self, path: Path, key: bytes, place: bytes, size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._key = key
        self._place = place
        self._size = size
        self._position = 0
        self._open: dict[int, bytes] = {}
        try:
            self._records = list(_records(self._file, size))
        except BaseException:
            self._file.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the start of the file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one record goes; 0 at the end."""
        if self._position >= self._size:
            return 0
        record = self._at(self._position)
        content = self._content(record)
        start = self._position - record.offset
        count = min(len(buffer), record.size - start)
        buffer[:count] = content[start : start + count]
        self._position += count
        return count

    def close(self) -> None:
        self._open.clear()
        self._file.close()
        super().close()

    def _at(self, position: int) -> _Record:
        return self._records[bisect_right(self._records, position, key=lambda r: r.offset) - 1]

    def _content(self, record: _Record) -> bytes:
        content = self._open.pop(record.number, None)
        if content is None:
            self._file.seek(record.at)
            sealed = self._file.read(record.size + OVERHEAD)
            content = unseal(self._key, sealed, record.place(self._place))
        self._open[record.number] = content  # the newest last
        while len(self._open) > self.KEPT:
            del self._open[next(iter(self._open))]
        return content
