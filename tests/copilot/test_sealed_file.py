"""Sealed files: what goes in comes out, and nothing else does."""

import os
import random

import pytest

from copilot.lib.crypto import CryptoError, new_key
from copilot.lib.sealed_file import LENGTH, RECORD_BYTES, SealedReader, appending

PLACE = b"upload|1"


@pytest.fixture
def key():
    return new_key()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "file"


def append(path, key, content, at=0):
    with appending(path, key, PLACE) as file:
        file.append(content, at=at)


def read(path, key, size, place=PLACE):
    with SealedReader(path, key, place, size) as file:
        return file.readall()


def test_parts_of_any_size_come_out_as_one(path, key):
    content = os.urandom(2 * RECORD_BYTES + 12_345)
    at = 0
    for size in (10, RECORD_BYTES + 1, 1, RECORD_BYTES):
        append(path, key, content[at : at + size], at)
        at += size
    append(path, key, content[at:], at)
    assert read(path, key, len(content)) == content


def test_any_place_can_be_read_in_any_order(path, key):
    content = os.urandom(3 * RECORD_BYTES)
    append(path, key, content)
    chance = random.Random(4)  # noqa: S311  # no secret
    with SealedReader(path, key, PLACE, len(content)) as file:
        for _ in range(50):
            first, count = chance.randrange(len(content)), chance.randrange(1, 70_000)
            file.seek(first)
            got = file.read(count)
            assert content.startswith(got, first)
            assert got
        assert file.seek(-5, os.SEEK_END) == len(content) - 5
        assert file.read(99) == content[-5:]
        assert file.read(99) == b""
        assert file.seek(-99, os.SEEK_CUR) == len(content) - 99
        with pytest.raises(ValueError, match="before"):
            file.seek(-1)


def test_a_reader_holds_two_records_however_long_the_file_is(path, key):
    append(path, key, bytes(6 * RECORD_BYTES))
    with SealedReader(path, key, PLACE, 6 * RECORD_BYTES) as file:
        while file.read(100_000):
            assert sum(map(len, file._open.values())) <= 2 * RECORD_BYTES


def test_folder_and_file_are_their_owners_alone_and_nothing_is_in_clear(path, key):
    append(path, key, b"spoken words " * 1000)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert b"spoken" not in path.read_bytes()


def test_what_a_crash_left_behind_is_cut_off_and_sealed_anew(path, key):
    append(path, key, b"a" * 100)
    append(path, key, b"b" * 100, 100)  # written, never counted
    before = path.read_bytes()
    append(path, key, b"b" * 100, 100)
    assert read(path, key, 200) == b"a" * 100 + b"b" * 100
    after = path.read_bytes()
    assert len(after) == len(before)
    assert after != before  # another nonce
    append(path, key, b"c" * 10, 100)
    assert read(path, key, 110) == b"a" * 100 + b"c" * 10


@pytest.mark.parametrize("at", [50, 101, 300])
def test_nothing_is_appended_where_the_file_does_not_end(path, key, at):
    append(path, key, b"a" * 100)
    before = path.read_bytes()
    with pytest.raises(CryptoError):
        append(path, key, b"b", at)
    assert path.read_bytes() == before


def test_another_key_or_place_opens_nothing(path, key):
    append(path, key, b"words")
    with pytest.raises(CryptoError):
        read(path, new_key(), 5)
    with pytest.raises(CryptoError):
        read(path, key, 5, b"upload|2")


def test_records_are_not_moved_left_out_cut_or_changed(path, key):
    for at in range(0, 300, 100):
        append(path, key, bytes([at % 251]) * 100, at)
    whole = path.read_bytes()
    size = len(whole) // 3
    first, second, third = (whole[n : n + size] for n in range(0, len(whole), size))
    assert read(path, key, 300)
    flipped = bytearray(whole)
    flipped[LENGTH.size + 40] ^= 1
    for damaged in (
        second + first + third,
        first + third,
        first + first + third,
        first + second,
        whole[:-1],
        bytes(flipped),
        LENGTH.pack(2**31) + whole[4:],
        LENGTH.pack(0) + whole[4:],
        b"",
    ):
        path.write_bytes(damaged)
        with pytest.raises(CryptoError):
            read(path, key, 300)
    path.write_bytes(whole + b"left by a crash")
    assert len(read(path, key, 300)) == 300
