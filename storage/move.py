"""Move everything from SQLite to an empty PostgreSQL: one transaction, every row counted and compared afterwards.

Values are copied as they are stored: what is sealed stays sealed with the same keys, JSON keeps its text. The SQLite
file is only read; until the settings name the new database, nothing has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, LargeBinary, String, Table, Text, bindparam, cast, func, inspect, select, text
from sqlalchemy import column as bare_column
from sqlalchemy import table as bare_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from base.errors import HotlineError
from storage import migrate
from storage.base import Base
from storage.engine import Database
from storage.sealed import Keyed, Sealed, SealedJson

_BATCH: Final = 500
_DIGEST_BITS: Final = 256


class MoveError(HotlineError):
    """The move cannot be done; the target is as it was."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows of each table, in the order in which they were copied."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


async def move(
    source: Database, target: Database, *, told: Callable[[str, int], None] = lambda name, rows: None
) -> Moved:
    """Copy every table; `told` hears of each. Nobody may write to the source meanwhile.

    Raises:
        MoveError: the source is no SQLite of the newest schema, the target is not empty, or something does not fit.
    """
    if not source.is_sqlite or target.is_sqlite:
        raise MoveError("data move from SQLite to PostgreSQL")
    schema = await migrate.state(source)
    if not schema.up_to_date:
        raise MoveError(f"the database has schema {schema.current}: run `hotline db upgrade` first")
    try:
        async with source.snapshot() as session, target.engine.begin() as writing:
            reading = await session.connection()
            await _refuse_occupied(writing)
            await writing.run_sync(migrate.upgrade_within, "head")
            return await _copy(reading, writing, told)
    except (DBAPIError, OSError) as error:
        # The driver's words may hold a value, and values are personal.
        reason = type(getattr(error, "orig", None) or error).__name__
        raise MoveError(f"the move was given up and the target left as it was ({reason})") from error


async def _refuse_occupied(writing: AsyncConnection) -> None:
    names = await writing.run_sync(lambda connection: inspect(connection).get_table_names())
    if names:
        raise MoveError(f"the target holds {len(names)} tables ({names[0]}, …): it must be an empty database")


async def _copy(reading: AsyncConnection, writing: AsyncConnection, told: Callable[[str, int], None]) -> Moved:
    tables = Base.metadata.sorted_tables  # whoever is referred to comes first
    for table in reversed(tables):  # what the migrations wrote themselves is in the source too
        await writing.execute(table.delete())
    rows: dict[str, int] = {}
    for table in tables:
        try:
            copied = await _copy_table(reading, writing, table)
        except DBAPIError as error:
            reason = type(error.orig).__name__
            raise MoveError(f"a row of {table.name} does not fit ({reason}): nothing was moved") from error
        there = await _digest(_stored(writing, table))
        if there != copied:
            raise MoveError(f"{table.name} has {there[0]} rows in the target, not the {copied[0]} that were copied")
        await _continue_numbers(writing, table)
        rows[table.name] = copied[0]
        told(table.name, copied[0])
    return Moved(rows)


async def _copy_table(reading: AsyncConnection, writing: AsyncConnection, table: Table) -> tuple[int, int]:
    raw = bare_table(table.name, *(bare_column(column.name) for column in table.columns))
    values = {
        column.name: cast(bindparam(column.name, type_=Text), JSON)
        if _is_json(column.type)
        else bindparam(column.name, type_=_plain(column.type))
        for column in table.columns
    }
    insert = raw.insert().values(values)
    count = digest = 0
    batch: list[dict[str, Any]] = []
    async for row in _stored(reading, table):
        batch.append(row)
        count, digest = count + 1, _add(digest, row)
        if len(batch) == _BATCH:
            await writing.execute(insert, batch)
            batch = []
    if batch:
        await writing.execute(insert, batch)
    return count, digest


async def _stored(connection: AsyncConnection, table: Table) -> AsyncIterator[dict[str, Any]]:
    """Every row as it is stored: sealed values sealed, JSON as its text."""
    raw = bare_table(table.name, *(bare_column(column.name, _plain(column.type)) for column in table.columns))
    chosen = [
        cast(raw.c[column.name], Text).label(column.name) if _is_json(column.type) else raw.c[column.name]
        for column in table.columns
    ]
    async with connection.stream(select(*chosen)) as result:
        async for row in result:
            yield dict(row._mapping)


async def _digest(rows: AsyncIterator[dict[str, Any]]) -> tuple[int, int]:
    count = digest = 0
    async for row in rows:
        count, digest = count + 1, _add(digest, row)
    return count, digest


def _add(digest: int, row: dict[str, Any]) -> int:
    """A sum, because the two databases do not sort alike."""
    text_of_row = repr(sorted(row.items())).encode()
    return (digest + int.from_bytes(hashlib.sha256(text_of_row).digest())) % (1 << _DIGEST_BITS)


async def _continue_numbers(writing: AsyncConnection, table: Table) -> None:
    """What the database numbers itself goes on after the highest number that was copied."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = (await writing.execute(select(func.max(column)))).scalar_one_or_none()
    if highest is not None:
        query = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        await writing.execute(query, {"table": table.name, "column": column.name, "highest": int(highest)})


def _is_json(kind: Any) -> bool:
    return isinstance(kind, JSON | SealedJson)


def _plain(kind: Any) -> Any:
    """The type without what our code does to values on their way."""
    if isinstance(kind, Sealed | Keyed):
        return String()
    return LargeBinary() if isinstance(kind, LargeBinary) else kind
