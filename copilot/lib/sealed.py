"""Model fields whose column holds ciphertext and whose attribute holds the value.

A model with sealed fields has a UUID primary key (known before the insert) and a method
`data_key() -> bytes`. The associated data are model, row and field, below the session's own key,
so that a ciphertext copied to another row, field or session does not open.
"""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from django.db import models

from copilot.lib.crypto import CryptoError, looks_sealed, seal, unseal

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=models.Model)
Shown = TypeVar("Shown")


def opened(rows: Iterable[Row], show: Callable[[Row], Shown]) -> list[Shown]:
    """Return what `show` makes of each row, without those that do not open.

    A damaged row must not take the others with it, and nobody is shown a part of it.
    """
    shown = []
    for row in rows:
        with suppress(CryptoError):
            shown.append(show(row))
    return shown


class _Plain:
    """A value set by the program and not yet sealed."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealed field is pickled sealed: save the row first")


def sealed_state(row: models.Model) -> dict[str, Any]:
    """Return what a pickle of a row may hold: sealed values, and no key that was opened.

    Values in the clear are left out where the row is stored: the copy loads them when asked.
    """
    stored = not row._state.adding
    return {
        name: value
        for name, value in row.__dict__.items()
        if name != "_data_key" and not (stored and isinstance(value, _Plain))
    }


class _SealedAttribute:
    """Opens on read; takes ciphertext from the loader and plain values from the program."""

    def __init__(self, field: "SealedField") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        held = instance.__dict__.get(self.field.attname)
        if isinstance(held, _Plain):
            return held.value
        if held is None:
            # A deferred column: load it once, the way Django's own DeferredAttribute does.
            if self.field.attname not in instance.__dict__:
                instance.refresh_from_db(fields=[self.field.attname])
                return self.__get__(instance, owner)
            return None
        return self.field.open(instance, held)

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, bytes | bytearray | memoryview):
            instance.__dict__[self.field.attname] = bytes(value)
        else:
            instance.__dict__[self.field.attname] = _Plain(value)


class WrappedKeyField(models.BinaryField):  # type: ignore[type-arg]  # django-stubs' generics are not subscriptable at run time
    """A key wrapped by another; it leaves the database by no dump."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def value_to_string(self, obj: Any) -> str:
        raise TypeError(f"{self.name} is a key: it does not leave by dumpdata")


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # as above
    """A JSON-able value (text included), sealed with the data key of the row's session."""

    descriptor_class = _SealedAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def place(self, instance: models.Model) -> bytes:
        return f"{instance._meta.label_lower}|{instance.pk}|{self.name}".encode()

    def open(self, instance: Any, sealed: bytes) -> Any:
        try:
            plaintext = unseal(instance.data_key(), sealed, self.place(instance))
        except CryptoError:
            logger.error(
                "%s %s: %s does not open", instance._meta.label_lower, instance.pk, self.name
            )
            raise
        return json.loads(plaintext)

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        held = model_instance.__dict__.get(self.attname)
        if isinstance(held, _Plain):
            if held.value is None:
                return None
            plaintext = json.dumps(held.value, ensure_ascii=False, separators=(",", ":")).encode()
            return seal(model_instance.data_key(), plaintext, self.place(model_instance))
        return held

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and not looks_sealed(
            bytes(value) if isinstance(value, memoryview | bytes) else b""
        ):
            raise TypeError(f"{self.name} is sealed: it is written by save(), never by update()")
        return super().get_db_prep_value(value, connection, prepared)

    def value_to_string(self, obj: Any) -> str:
        raise TypeError(f"{self.name} is sealed: it does not leave by dumpdata")
