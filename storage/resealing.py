"""Seal what is still plain, and seal anew what an older key sealed: in small transactions, beside everything else.

The same work moves a database over that was filled before there were keys, and follows each rotation.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, and_, bindparam, cast, func, select, text, type_coerce, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, String, TypeEngine

from storage.base import Base
from storage.engine import Database
from storage.keyring import PREFIX, KeyFileError, Keyring
from storage.sealed import Sealed, SealedJson
from storage.tables import KeyCheck

_AT_ONCE: Final = 200
_BREATH_SECONDS: Final = 0.02  # between two batches: others write too
Pause = Callable[[float], Awaitable[bool]]  # true: stop


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of the model that is sealed. A sealed JSON column holds a JSON text, in its quotes."""

    table: Table
    name: str

    @property
    def context(self) -> str:
        kind = self.table.c[self.name].type
        assert isinstance(kind, Sealed | SealedJson)
        return kind.context

    @property
    def is_json(self) -> bool:
        return isinstance(self.table.c[self.name].type, SealedJson)

    @property
    def stored_type(self) -> TypeEngine[Any]:
        return JSON() if self.is_json else String()

    @property
    def key(self) -> ColumnElement[Any]:
        (key,) = self.table.primary_key.columns
        return key

    @property
    def raw(self) -> ColumnElement[str]:
        """What lies in the database, as text."""
        column: ColumnElement[Any] = type_coerce(self.table.c[self.name], self.stored_type)
        return cast(column, Text) if self.is_json else column

    def sealed_with(self, key_id: str) -> ColumnElement[bool]:
        quote = '"' if self.is_json else ""
        return self.raw.like(f"{quote}{PREFIX}{key_id}.%")

    @property
    def filled(self) -> ColumnElement[bool]:
        """There is a value; an empty one tells nothing and stays as it is."""
        empty = ("null", "{}", '""') if self.is_json else ("",)
        return and_(self.table.c[self.name].is_not(None), self.raw.not_in(empty))

    def anew(self, stored: str, keyring: Keyring) -> str:
        """A stored value as the current key seals it.

        Raises:
            KeyFileError: it was sealed with a key that is not there.
        """
        value = json.loads(stored) if self.is_json else stored
        if isinstance(value, str) and value.startswith(PREFIX):
            return keyring.seal(keyring.open(value, self.context), self.context)
        return keyring.seal(stored, self.context)


def sealed_columns() -> Iterator[SealedColumn]:
    """Every sealed column of the model."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Sealed | SealedJson):
                yield SealedColumn(table, column.name)


async def standing(database: Database) -> dict[str, dict[str, int]]:
    """`table.column` -> how many values each key sealed; `plain`: none did. Columns without a value are left out."""
    keys, found = database.keyring.keys, dict[str, dict[str, int]]()
    for column in sealed_columns():
        counted = [func.count().filter(column.sealed_with(key_id)) for key_id in keys.sealing]
        query = select(func.count().filter(column.filled), *counted).select_from(column.table)
        async with database.read() as session:
            every, *by_key = (await session.execute(query)).one()
        counts = {**dict(zip(keys.sealing, by_key, strict=True)), "plain": every - sum(by_key)}
        if every:
            found[f"{column.table.name}.{column.name}"] = {name: count for name, count in counts.items() if count}
    return found


async def reseal(database: Database, pause: Pause | None = None) -> int:
    """One walk through every sealed column; how many values were sealed (anew). `pause` is asked between batches."""
    total = 0
    for column in sealed_columns():
        after: Any = None
        while True:
            done, after = await _batch(database, column, after)
            total += done
            if after is None:
                break
            if pause is not None and await pause(_BREATH_SECONDS):
                return total
    return total


async def _batch(database: Database, column: SealedColumn, after: Any) -> tuple[int, Any]:
    """The next values of a column that are due; returns how many, and the key to go on behind (None: that was all).

    A value that changes meanwhile is left alone: whoever changed it has sealed it.
    """
    due = and_(column.filled, ~column.sealed_with(database.keyring.keys.current))
    query = select(column.key, column.raw.label("stored")).where(due).order_by(column.key).limit(_AT_ONCE)
    if after is not None:
        query = query.where(column.key > after)
    async with database.read() as session:
        rows: Sequence[Any] = (await session.execute(query)).all()
    if not rows:
        return 0, None
    changes = await asyncio.to_thread(
        lambda: [{"row": row[0], "before": row[1], "after": column.anew(row[1], database.keyring)} for row in rows]
    )
    change = (
        update(column.table)
        .where(column.key == bindparam("row"), column.raw == bindparam("before"))
        .values({column.name: bindparam("after", type_=column.stored_type)})
    )
    async with database.write() as session:
        if database.is_sqlite:  # what was plain is overwritten in the file, not only let go of
            await session.execute(text("PRAGMA secure_delete=ON"))
        await (await session.connection()).execute(change, changes)
    return len(rows), rows[-1][0]


async def check_keys(database: Database) -> None:
    """That the key file is the one that this database was filled with; a new database notes its own.

    Raises:
        KeyFileError: it is another's; nobody would be found by their number any more.
    """
    fingerprint = await asyncio.to_thread(lambda: database.keyring.keys.fingerprint())
    async with database.read() as session:
        known = await session.get(KeyCheck, 1)
    if known is None:
        with suppress(IntegrityError):  # another core noted its own at the same moment; it is compared below
            async with database.write() as session:
                session.add(KeyCheck(id=1, fingerprint=fingerprint))
        async with database.read() as session:
            known = await session.get_one(KeyCheck, 1)
    if known.fingerprint != fingerprint:
        raise KeyFileError(
            f"the key file {database.keyring.path} does not belong to this database: put the right one there"
            " (backups hold it), or name it as security.key_file"
        )
