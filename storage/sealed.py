"""Columns that are encrypted at rest: plain in memory, AES-256-GCM in the database, found by a keyed hash.

The keys are the `Keyring` of the `Database`; it hangs on the engine's dialect, which SQLAlchemy hands to a type. A
value that is not sealed yet is read as it is; `storage/resealing.py` moves such values over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Dialect, String, Text, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import operators

from storage.keyring import PREFIX, Keyring

LOOKUP_CHARACTERS: Final = 32
_KEYS: Final = "hotline_keyring"
_ALLOWED: Final = (operators.is_, operators.is_not)


def use_keys(dialect: Dialect, keyring: Keyring) -> None:
    """Every sealed column that goes through this dialect uses these keys."""
    setattr(dialect, _KEYS, keyring)


def keyring_of(dialect: Dialect) -> Keyring:
    """
    Raises:
        RuntimeError: the engine was not opened by `storage.engine.Database`.
    """
    keyring = getattr(dialect, _KEYS, None)
    if not isinstance(keyring, Keyring):
        raise RuntimeError("sealed columns need the keys of a storage.engine.Database")
    return keyring


class _NotCompared(TypeDecorator.Comparator[Any]):
    """Two sealings of one value differ, so a comparison would silently find nothing: it is an error instead."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        of_itself = all(one is None or isinstance(one, ColumnElement) for one in other)  # asked by SQLAlchemy too
        if op in _ALLOWED or (op in (operators.eq, operators.ne) and of_itself):
            return super().operate(op, *other, **kwargs)
        raise TypeError("a sealed column cannot be compared in the database: use its keyed column")


class Sealed(TypeDecorator[str]):
    """A text of a person. `context` is `table.column`."""

    impl = Text
    cache_ok = True
    comparator_factory = _NotCompared

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring_of(dialect).seal(value, self.context)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or not value.startswith(PREFIX):
            return value
        return keyring_of(dialect).open(value, self.context)


class SealedJson(TypeDecorator[Any]):
    """As `Sealed`, of anything that JSON can say; stored as a JSON text in the JSON column."""

    impl = JSON
    cache_ok = True
    comparator_factory = _NotCompared

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        return keyring_of(dialect).seal(json.dumps(value, ensure_ascii=False), self.context)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        return json.loads(keyring_of(dialect).open(value, self.context))


class Keyed(TypeDecorator[str]):
    """The keyed hash of a sealed value: what is written to it and compared with it is the plain value.

    Read back it is the hash. An ORM row keeps it up to date by `follow`.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int = LOOKUP_CHARACTERS) -> None:
        super().__init__(length)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring_of(dialect).keys.looked_up(value)


def follow(
    model: type[DeclarativeBase], sealed: str, follower: str, told: Callable[[Any], Any] = lambda value: value
) -> None:
    """Whenever the sealed attribute of a row is set, its follower is set with it, to what is `told` of the value."""

    def on_set(row: Any, value: Any, _old: Any, _initiator: Any) -> None:
        setattr(row, follower, told(value))

    event.listen(getattr(model, sealed), "set", on_set)
