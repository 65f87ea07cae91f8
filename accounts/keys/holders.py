"""What is wrapped with master keys, and how each kind of it is read and written."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from accounts.models import InstallationKey, Organization

SECOND_FACTOR = b"second factor"  # the place of a factor's secret

Change = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Wrapped:
    value: bytes
    place: bytes


@dataclass(frozen=True)
class Holder:
    """One kind of row; `write` gets the new values in the order in which `read` gave the old."""

    kind: str  # for people and the audit
    rows: Callable[[], QuerySet[Any]]
    read: Callable[[Any], list[Wrapped]]
    write: Callable[[Any, list[bytes]], None]


def _read_key(row: InstallationKey | Organization) -> list[Wrapped]:
    return [Wrapped(bytes(row.wrapped_key), row._place())]


def _write_key(row: InstallationKey | Organization, values: list[bytes]) -> None:
    # The one column, and past signals: nobody's settings changed.
    type(row)._base_manager.filter(pk=row.pk).update(wrapped_key=values[0])


def _sealed_texts(factor: Authenticator) -> list[tuple[str, int | None]]:
    """Return where a factor's secrets lie in its data: a name, and a number in a list."""
    data = factor.data
    single: list[tuple[str, int | None]] = [(k, None) for k in ("secret", "seed") if k in data]
    return [*single, *(("migrated_codes", n) for n in range(len(data.get("migrated_codes") or [])))]


def _read_factor(factor: Authenticator) -> list[Wrapped]:
    texts = [
        factor.data[name] if number is None else factor.data[name][number]
        for name, number in _sealed_texts(factor)
    ]
    return [Wrapped(_bytes(text), SECOND_FACTOR) for text in texts]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:  # damaged, which whoever opens it says
        return b""


def _write_factor(factor: Authenticator, values: list[bytes]) -> None:
    data = factor.data
    for (name, number), value in zip(_sealed_texts(factor), values, strict=True):
        text = base64.b64encode(value).decode()
        if number is None:
            data[name] = text
        else:
            data[name][number] = text
    Authenticator.objects.filter(pk=factor.pk).update(data=data)


def holders() -> tuple[Holder, ...]:
    keys, organizations = InstallationKey.objects, Organization.objects
    factors = Authenticator.objects.filter(
        type__in=[Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    )
    return (
        Holder("installation_keys", keys.only("wrapped_key").all, _read_key, _write_key),
        Holder("organizations", organizations.only("wrapped_key").all, _read_key, _write_key),
        Holder("second_factors", factors.only("data").all, _read_factor, _write_factor),
    )
