"""Sealed values open in their own place and nowhere else."""

import base64

import pytest

from copilot.lib.crypto import (
    CryptoError,
    MasterKeys,
    derive,
    new_key,
    seal,
    unseal,
    wrapped_by,
)

KEY = base64.b64encode(bytes(range(32))).decode()


def entry(key_id: str, key: bytes) -> str:
    return f"{key_id}:{base64.b64encode(key).decode()}"


def test_a_sealed_value_opens_with_its_key_and_place():
    key = new_key()
    assert unseal(key, seal(key, b"hello", b"here"), b"here") == b"hello"


@pytest.mark.parametrize("place", [b"there", b"", b"here "])
def test_it_does_not_open_elsewhere(place):
    key = new_key()
    with pytest.raises(CryptoError):
        unseal(key, seal(key, b"hello", b"here"), place)


def test_it_does_not_open_with_another_key_or_when_damaged():
    key = new_key()
    sealed = seal(key, b"hello", b"here")
    with pytest.raises(CryptoError):
        unseal(new_key(), sealed, b"here")
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(CryptoError):
            unseal(key, bytes(damaged), b"here")
    for length in range(len(sealed)):
        with pytest.raises(CryptoError):
            unseal(key, sealed[:length], b"here")


def test_the_same_value_is_sealed_differently_each_time():
    key = new_key()
    assert seal(key, b"hello", b"here") != seal(key, b"hello", b"here")


def test_an_older_master_key_still_unwraps_after_rotation():
    old, new = new_key(), new_key()
    wrapped = MasterKeys.parse([entry("old", old)]).wrap(b"k" * 32, b"org")
    rotated = MasterKeys.parse([entry("new", new), entry("old", old)])
    assert rotated.unwrap(wrapped, b"org") == b"k" * 32
    with pytest.raises(CryptoError, match="'old' is not configured"):
        MasterKeys.parse([entry("new", new)]).unwrap(wrapped, b"org")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([], "no master key"),
        (["a"], "entry 1 must be id:base64"),
        (["a:***"], "entry 1 is not base64"),
        (["a:aGVsbG8="], "32 bytes"),
        ([":" + KEY], "must be id:base64"),
        ([KEY], "must be id:base64"),
        ([f"a:{KEY}", f"a:{KEY}"], "entry 2 needs an id of its own"),
        ([f"{'a' * 33}:{KEY}"], "at most 32 bytes"),
    ],
)
def test_wrong_master_keys_are_refused_with_a_reason(entries, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        MasterKeys.parse(entries)
    assert KEY.rstrip("=") not in str(refused.value)


def test_keys_do_not_show_in_a_repr():
    key = new_key()
    keys = MasterKeys.parse([entry("a", key)])
    assert base64.b64encode(key).decode() not in repr(keys)
    assert str(key) not in repr(keys)


def test_a_key_for_one_purpose_tells_nothing_of_others():
    key = new_key()
    derived = derive(key, "bank")
    assert derived == derive(key, "bank")
    assert len({key, derived, derive(key, "memory"), derive(new_key(), "bank")}) == 4


def test_what_is_no_wrapped_key_is_not_quoted():
    keys = MasterKeys.parse([entry("a", new_key())])
    for wrapped in (b"", b"\x00", b"\xffsecret of somebody", b"\x05short"):
        with pytest.raises(CryptoError) as refused:
            keys.unwrap(wrapped, b"org")
        assert "somebody" not in str(refused.value)
        with pytest.raises(CryptoError, match="not a wrapped key"):
            wrapped_by(wrapped)
    assert wrapped_by(keys.wrap(b"k" * 32, b"org")) == "a"
