"""Model fields whose column holds ciphertext and whose attribute holds the value.

A model with sealed fields has a UUID primary key (known before the insert) and a method
`data_key() -> bytes`. The associated data are model, row and field, below the session's own key,
so that a ciphertext copied to another row, field or session does not open.
"""

import json
from typing import Any

from django.db import models

from copilot.lib.crypto import looks_sealed, seal, unseal


class _Plain:
    """A value set by the program and not yet sealed."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


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


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # django-stubs' generics are not subscriptable at run time
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
        return json.loads(unseal(instance.data_key(), sealed, self.place(instance)))

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
