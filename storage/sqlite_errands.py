"""SQLite behind SQLAlchemy with one errand a statement.

`aiosqlite` runs each call on the connection's own thread, and SQLAlchemy asks it to make a cursor, to execute, to fetch
and to close: four errands a statement, each of which wakes two threads. Here the four are done in one. Streamed results
keep their own cursor.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(slots=True)
class _Done:
    """What is left of a cursor that was executed, fetched and closed."""

    rows: Sequence[Any] = ()
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1

    def close(self) -> None:
        """It is closed already."""


def _execute(connection: sqlite3.Connection, many: bool, statement: str, parameters: Any) -> _Done:
    """On the connection's thread."""
    cursor = connection.cursor()
    try:
        if many:
            cursor.executemany(statement, parameters)
        else:
            cursor.execute(statement, parameters)
        rows = cursor.fetchall() if cursor.description else ()
        return _Done(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _awaitable_cursor_close = False
    _cursor: Any

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Done()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._errand(False, operation, parameters if parameters is not None else ())

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._errand(True, operation, seq_of_parameters)

    async def _errand(self, many: bool, statement: str, parameters: Any) -> None:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:
            self._cursor = await connection._execute(_execute, connection._conn, many, statement, parameters)
            self._rows = deque(self._cursor.rows)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _connection: Any
    _cursor_cls = _Cursor

    def rollback(self) -> None:
        """The pool asks for one whenever a connection comes back, also after a commit: then there is nothing to do."""
        if self._connection.in_transaction:
            super().rollback()


def one_errand_a_statement(engine: AsyncEngine) -> None:
    """Every connection that this engine opens from now on works so."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, named: Any) -> _Connection:
        opened = dialect.connect(*arguments, **named)
        return _Connection(dialect.dbapi, dialect.get_driver_connection(opened))
